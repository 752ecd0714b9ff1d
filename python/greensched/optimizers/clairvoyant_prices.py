"""Better prices for the clairvoyant bound, by climbing on a smoothed form of it over some starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from greensched.core.types import F64
from greensched.optimizers.clairvoyant_starts import Starts
from greensched.optimizers.foresight import Foresight, Running, ragged
from greensched.optimizers.problem import Bool, Index

_GIVE_UP: Final = 100.0
"""While prices move, a job would rather pay so many times its least cost than go anywhere: where the starts looked at
do not fit in together, prices would rise for ever."""


@dataclass(frozen=True)
class Climbed:
    """Where a climb ended: prices, and what no others would exceed over these starts if it ended at the top."""

    price_g: F64
    most_g: float


class Smooth:
    """What does not change from climb to climb.

    Args:
        seen: the run.
        least_g: (jobs,), what each costs without prices; infinite if it cannot be done.
    """

    def __init__(self, seen: Foresight, least_g: F64) -> None:
        self._seen = seen
        can = np.isfinite(least_g)
        usual_g = float(least_g[can].mean()) if can.any() else 0.0
        # in parts of what each job costs: they differ by factors of thousands, and the large ones count
        self._scale_g = np.maximum(np.where(can, least_g, 0.0), 1e-3 * usual_g + 1e-12)
        shortest_s = np.where(can, np.where(seen.fits, seen.run_s, np.inf).min(axis=1, initial=np.inf), 0.0)
        taken = shortest_s @ seen.demand
        with np.errstate(divide="ignore", invalid="ignore"):
            # the unit of prices: all that is asked for costs a tenth of what all jobs cost
            self._unit_g = np.where(taken > 0, 0.1 * self._scale_g.sum() / taken, 0.0)
        self.scarce: Bool = seen.fits.astype(np.float64).T @ seen.demand > seen.capacity
        """(sites, resources), whether all who could come would take more than there is."""

    def climb(self, starts: Starts, price_g: F64, smoothing: float, iterations: int) -> Climbed:
        """Better prices, beginning with these."""
        from scipy.optimize import minimize

        slope = _Slope(self._seen, starts, self._scale_g, smoothing, self.scarce)
        unit_g = np.broadcast_to(np.where(self.scarce, self._unit_g, 0.0)[:, None, :], price_g.shape)
        total_g = float(self._scale_g.sum())

        def negative(x: F64) -> tuple[float, F64]:
            value_g, gradient = slope.at(x.reshape(price_g.shape) * unit_g)
            return -value_g / total_g, -(gradient * unit_g).ravel() / total_g

        begin = np.divide(price_g, unit_g, out=np.zeros(price_g.shape), where=unit_g > 0).ravel()
        found = minimize(
            negative, begin, jac=True, method="L-BFGS-B", bounds=[(0.0, None)] * begin.size,
            options={"maxiter": iterations, "maxfun": 2 * iterations, "maxcor": 20},
        )  # fmt: skip
        better_g: F64 = np.maximum(found.x, 0.0).reshape(price_g.shape) * unit_g
        return Climbed(better_g, -float(found.fun) * total_g + slope.below_g)


class _Slope:
    """Value and gradient of the smoothed bound: a job leans towards cheap starts instead of taking the cheapest."""

    def __init__(self, seen: Foresight, starts: Starts, scale_g: F64, smoothing: float, scarce: Bool) -> None:
        self._slot_s, self._shape = seen.slot_s, (len(seen.dc), seen.steps)
        self._starts, self._capacity = starts, np.where(scarce, seen.capacity, 0.0)
        self._resources = np.flatnonzero(scarce.any(axis=0))
        self._first = np.flatnonzero(np.diff(starts.job, prepend=-1))
        count = np.diff(self._first, append=starts.count)
        self._row = ragged(count)[0]
        scale_g = scale_g[starts.job[self._first]]
        self._smoothing_g, self._most_g = smoothing * scale_g, _GIVE_UP * scale_g
        self.below_g = float((self._smoothing_g * np.log(count + 1.0)).sum())
        """By how much, at most, the smoothed bound lies below the one that is not."""
        self._demand = [seen.demand[starts.job, r] for r in range(seen.demand.shape[1])]
        end_s = starts.start_s + seen.run_s[starts.job, starts.site]
        self._from, self._to = (self._place(starts.site, t_s) for t_s in (starts.start_s, end_s))

    def _place(self, site: Index, t_s: F64) -> tuple[Index, F64]:
        """The step of a time, flat over sites, and how far it is in."""
        step = np.minimum((t_s / self._slot_s).astype(np.intp), self._shape[1] - 1)
        return site * self._shape[1] + step, t_s - step * self._slot_s

    def at(self, price_g: F64) -> tuple[float, F64]:
        """The value and its gradient."""
        priced_g = self._starts.cost_g.copy()
        for r in self._resources:
            running = Running.of(price_g[:, :, r], self._slot_s)
            priced_g += self._demand[r] * (self._until(running, self._to) - self._until(running, self._from))
        least_g = np.minimum(np.minimum.reduceat(priced_g, self._first), self._most_g)
        leaning = np.exp((least_g[self._row] - priced_g) / self._smoothing_g[self._row])
        total = np.add.reduceat(leaning, self._first) + np.exp((least_g - self._most_g) / self._smoothing_g)
        leaning /= total[self._row]
        value_g = float((least_g - self._smoothing_g * np.log(total)).sum())
        gradient = np.zeros(price_g.shape)
        for r in self._resources:
            weight = leaning * self._demand[r]
            gradient[:, :, r] = self._used(self._to, weight) - self._used(self._from, weight)
        worth = (self._capacity * self._slot_s)[:, None, :]
        return value_g - float((price_g * worth).sum()), gradient - worth

    @staticmethod
    def _until(running: Running, place: tuple[Index, F64]) -> F64:
        value: F64 = running.sums.take(place[0]) + place[1] * running.values.take(place[0])
        return value

    def _used(self, place: tuple[Index, F64], weight: F64) -> F64:
        """(sites, steps), seconds until each place in every step, weighted."""
        size = self._shape[0] * self._shape[1]
        whole = np.bincount(place[0], weight, size).astype(np.float64).reshape(self._shape)
        part = np.bincount(place[0], weight * place[1], size).astype(np.float64).reshape(self._shape)
        later = whole[:, ::-1].cumsum(axis=1)[:, ::-1] - whole
        used: F64 = later * self._slot_s + part
        return used
