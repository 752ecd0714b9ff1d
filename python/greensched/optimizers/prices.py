"""Prices of capacity, and the bound that they prove.

With prices for every (datacenter, slot, resource) each task looks for its cheapest candidate alone; what all of these
cost together, less what the capacity is worth, is never more than the best choice costs (Lagrangian duality; Fisher
1981, "The Lagrangian relaxation method for solving integer programming problems"). The best prices are sought on a
smoothed form of this, where a task leans towards cheap candidates instead of taking the cheapest (Nesterov 2005,
"Smooth minimization of non-smooth functions"), with L-BFGS-B; the bound is then taken without smoothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from greensched.core.types import F64
from greensched.optimizers.problem import Bool, Index, Problem

ROUNDS: Final = ((0.05, 30), (0.03, 40), (0.03, 60))
"""Smoothing, as a share of the usual cost of a task, and iterations; the last for many starts only."""
MANY_STARTS: Final = 24


def nearest(problem: Problem) -> int:
    """Candidates of a task that are looked at while prices move; between rounds all are.

    A few more than there are starts: with fewer, all of a task's may lie in the same few slots, where all want to be.
    """
    return max(24, int(problem.cost_g.shape[2]) * 5 // 4)


@dataclass(frozen=True)
class Columns:
    """Some candidates of every task, (tasks, K) each; ``cost_g`` is infinite where a task has fewer.

    The last is always to stay pending, which takes nothing: from slot 0 to slot 0.
    """

    dc: Index
    start: Index
    end: Index
    cost_g: F64

    @staticmethod
    def nearest(problem: Problem, priced_g: F64, k: int) -> Columns:
        """The K candidates of every task that are cheapest by ``priced_g``, (tasks, datacenters, starts), in order."""
        n, d, starts = priced_g.shape
        flat = priced_g.reshape(n, d * starts)
        k = min(k, d * starts)
        some = np.argpartition(flat, k - 1, axis=1)[:, :k] if k < d * starts else np.tile(np.arange(k), (n, 1))
        some.sort(axis=1)  # ties in the order of datacenters
        some = np.take_along_axis(some, np.take_along_axis(flat, some, 1).argsort(axis=1, kind="stable"), 1)
        dc, start = np.divmod(some, starts)
        end = problem.ends(dc, start, np.arange(n)[:, None])
        cost_g = np.take_along_axis(problem.cost_g.reshape(n, d * starts), some, 1)
        nothing = np.zeros((n, 1), dtype=np.intp)
        dc, start, end = (np.hstack([column, nothing]) for column in (dc, start, end))
        return Columns(dc, start, end, np.hstack([cost_g, problem.pending_g[:, None]]))


@dataclass(frozen=True)
class Prices:
    """Prices and what follows from them.

    Attributes:
        price_g: of a unit, (datacenters, slots, resources), at least 0.
        priced_g: (tasks, datacenters, starts), cost of every candidate with what it takes.
        least_g: (tasks,), of the cheapest candidate, or of staying pending.
        bound_g: no choice costs less.
    """

    price_g: F64
    priced_g: F64
    least_g: F64
    bound_g: float


def priced(problem: Problem, price_g: F64) -> Prices:
    """What prices say of every candidate."""
    n, d, starts = problem.cost_g.shape
    sums = _running(price_g)
    lengths = np.arange(min(int(problem.slots.max(initial=1)), problem.horizon) + 1)
    ends = np.minimum(np.arange(starts)[None, :] + lengths[:, None], problem.horizon)
    priced_g = problem.cost_g.copy()
    for r in range(price_g.shape[2]):
        if price_g[:, :, r].any():
            of_length = sums[:, ends, r] - sums[:, None, :starts, r]  # (datacenters, lengths, starts)
            slots = np.minimum(problem.slots, problem.horizon)
            priced_g += of_length[np.arange(d)[None, :], slots] * problem.demand[:, r, None, None]
    least_g = np.minimum(priced_g.reshape(n, -1).min(axis=1, initial=np.inf), problem.pending_g)
    worth_g = np.where(price_g > 0, price_g * np.where(np.isfinite(problem.capacity), problem.capacity, 0.0), 0.0)
    return Prices(price_g, priced_g, least_g, float(least_g.sum() - worth_g.sum()))


def no_prices(problem: Problem) -> Prices:
    """Capacity for nothing: the bound is what it costs where everybody takes what is cheapest alone."""
    return priced(problem, np.zeros_like(problem.capacity))


def best_prices(problem: Problem, found: Prices) -> Prices:
    """Prices whose bound is close to the best one, beginning with those of ``no_prices``."""
    scarce = _scarce(problem)
    if not scarce.any():
        return found
    usual_g = float(np.median(np.abs(found.least_g))) or float(np.abs(found.least_g).mean()) or 1.0
    many = problem.cost_g.shape[2] > MANY_STARTS
    for smoothing, iterations in ROUNDS if many else ROUNDS[:-1]:
        columns = Columns.nearest(problem, found.priced_g, nearest(problem))
        smooth = _Smooth(problem, columns, scarce, usual_g)
        better = priced(problem, smooth.climb(found.price_g, smoothing, iterations))
        found = max(found, better, key=lambda one: one.bound_g)
    return found


def _running(price_g: F64) -> F64:
    """Running sums over slots, from nothing."""
    d, _, resources = price_g.shape
    return np.concatenate([np.zeros((d, 1, resources)), price_g.cumsum(axis=1)], axis=1)


def _scarce(problem: Problem) -> Bool:
    """Where capacity could run out: all who could ever come there together would take more than there is."""
    possible = np.isfinite(problem.cost_g).any(axis=2).astype(np.float64)  # (tasks, datacenters)
    most = possible.T @ problem.demand  # (datacenters, resources)
    scarce: Bool = (most[:, None, :] > problem.capacity) & np.isfinite(problem.capacity)
    return scarce


class _Smooth:
    """The smoothed dual over some columns; prices of what is scarce, in parts of the usual cost per whole capacity."""

    def __init__(self, problem: Problem, columns: Columns, scarce: Bool, usual_g: float) -> None:
        self._problem, self._columns, self._usual_g = problem, columns, usual_g
        self._shape = problem.capacity.shape
        d, horizon, _ = self._shape
        # a price per whole capacity makes small and large datacenters alike
        most = np.where(np.isfinite(problem.capacity), problem.capacity, 0.0).max(axis=1, keepdims=True)
        self._unit_g = np.broadcast_to(10.0 * usual_g / np.maximum(most, 1.0), self._shape)[scarce]
        self._scarce = scarce
        self._capacity = np.where(scarce, problem.capacity, 0.0)
        self._resources = np.flatnonzero(scarce.any(axis=(0, 1)))
        self._from = (columns.dc * (horizon + 1) + columns.start).ravel()
        self._to = (columns.dc * (horizon + 1) + columns.end).ravel()
        self._size = d * (horizon + 1)

    def climb(self, price_g: F64, smoothing: float, iterations: int) -> F64:
        """Better prices, beginning with these."""
        from scipy.optimize import minimize

        begin = price_g[self._scarce] / self._unit_g
        found = minimize(
            self._negative, begin, args=(smoothing * self._usual_g,), jac=True, method="L-BFGS-B",
            bounds=[(0.0, None)] * begin.size, options={"maxiter": iterations, "maxfun": 2 * iterations},
        )  # fmt: skip
        return self._price_g(found.x)

    def _price_g(self, x: F64) -> F64:
        price_g = np.zeros(self._shape)
        price_g[self._scarce] = x * self._unit_g
        return price_g

    def _negative(self, x: F64, smoothing_g: float) -> tuple[float, F64]:
        """Minus the smoothed dual and its gradient, both per task and usual cost."""
        price_g = self._price_g(x)
        sums = _running(price_g)
        priced_g = self._columns.cost_g.copy()
        for r in self._resources:
            flat = sums[:, :, r].ravel()
            priced_g += (flat[self._to] - flat[self._from]).reshape(priced_g.shape) * self._problem.demand[:, r, None]
        least_g = priced_g.min(axis=1)
        leaning = np.exp((least_g[:, None] - priced_g) / smoothing_g)
        total = leaning.sum(axis=1)
        value_g = (least_g - smoothing_g * np.log(total)).sum() - (price_g * self._capacity).sum()
        leaning /= total[:, None]
        used = np.zeros(self._shape)
        for r in self._resources:
            taken = (leaning * self._problem.demand[:, r, None]).ravel()
            change = np.bincount(self._from, taken, self._size) - np.bincount(self._to, taken, self._size)
            used[:, :, r] = change.reshape(self._shape[0], -1).cumsum(axis=1)[:, :-1]
        scale = 1.0 / (len(least_g) * self._usual_g)
        gradient = (used - self._capacity)[self._scarce] * self._unit_g
        return -float(value_g) * scale, -gradient * scale
