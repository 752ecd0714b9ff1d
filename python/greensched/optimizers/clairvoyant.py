"""The clairvoyant bound: what a run costs at least, whoever decides, with everything known from the beginning.

With prices for every (site, step, resource) each job looks alone for its cheapest (site, start), at any time; what all
of these cost together, less what the capacity is worth, is never more than what any schedule within the capacity costs
(Lagrangian duality). That holds for whatever prices, so the bound is proven however well they were chosen. They are
sought as in :mod:`greensched.optimizers.prices`: on a smoothed form of the bound over the nearest starts of every job,
with L-BFGS-B, and again with those added that are nearest at the new prices, until the two hardly differ.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Final

import numpy as np

from greensched.core.types import F64
from greensched.optimizers.clairvoyant_prices import Smooth
from greensched.optimizers.clairvoyant_starts import Deadlines, Search, Starts
from greensched.optimizers.foresight import Foresight
from greensched.optimizers.problem import Bool

ROUNDS: Final = ((0.1, 40), (0.03, 60), (0.01, 60), (0.003, 60), (0.001, 60))
"""Smoothing, as a share of what each job costs, and iterations."""

ROUNDING_FRAC: Final = 1e-9
"""By which the bound is lowered: sums of a million numbers are no more exact than that."""

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class Bound:
    """What is proven.

    Attributes:
        value_g: no schedule of all jobs that can be done costs less.
        most_g: other prices would prove no more than about this: how far the search for them came to its end.
        unlimited_g: the same bound without the capacity.
        job_g: (jobs,), the share of each in ``value_g``, before the capacity; infinite if it can be done nowhere.
        worth_g: of the capacity, at the prices.
        price_g: (sites, steps, resources), of a unit for a second.
    """

    value_g: float
    most_g: float
    unlimited_g: float
    job_g: F64
    worth_g: float
    price_g: F64

    def of(self, jobs: Bool) -> float:
        """The bound for whatever finishes these jobs, and perhaps others; what the others cost counts on top."""
        return _proven(self.job_g[jobs & np.isfinite(self.job_g)], self.worth_g)


def clairvoyant_bound(
    seen: Foresight,
    late_g_per_s: float,
    deadlines: Deadlines = Deadlines.SOFT,
    waits: bool = True,
    like: Bound | None = None,
    rounds: tuple[tuple[float, int], ...] = ROUNDS,
) -> Bound:
    """The bound on grams of CO2eq (and, with soft deadlines, of lateness at its price) of all jobs that can be done.

    Args:
        seen: the run.
        late_g_per_s: price of lateness; only soft deadlines have one.
        deadlines: what becomes of them.
        waits: False: every job starts as soon as its data is there, as if it could always; what choosing the time is
            worth, but no bound for anybody who queues.
        like: another bound of the same run, whose prices to begin with; only the last two rounds are left then.
        rounds: smoothing and iterations of each round; none: no prices, as if capacity had no end.
    """
    search = Search(seen, late_g_per_s, deadlines, waits)
    best, starts = _prove(seen, search, np.zeros((len(seen.dc), seen.steps, seen.demand.shape[1])))
    unlimited_g, most_g, smooth = best.value_g, np.inf, Smooth(seen, best.job_g)
    if not smooth.scarce.any():
        rounds, most_g = (), best.value_g
    elif like:
        rounds = rounds[-2:]
        tried, more = _prove(seen, search, like.price_g)
        best, starts = max(best, tried, key=lambda one: one.value_g), starts.with_more(more)
    for smoothing, iterations in rounds:
        climbed = smooth.climb(starts, best.price_g, smoothing, iterations)
        most_g = min(most_g, climbed.most_g)
        tried, more = _prove(seen, search, climbed.price_g)
        best, starts = max(best, tried, key=lambda one: one.value_g), starts.with_more(more)
        _LOGGER.info(
            "smoothing %g: %.1f g proven, at most %.1f, %d starts", smoothing, tried.value_g, most_g, starts.count
        )
    return Bound(best.value_g, max(most_g, best.value_g), unlimited_g, best.job_g, best.worth_g, best.price_g)


@dataclass(frozen=True)
class _Proof:
    """What some prices prove."""

    value_g: float
    job_g: F64
    worth_g: float
    price_g: F64


def _prove(seen: Foresight, search: Search, price_g: F64) -> tuple[_Proof, Starts]:
    """What these prices prove, and the starts that are nearest at them."""
    job_g, starts = search.look(price_g)
    worth_g = seen.worth_g(price_g)
    return _Proof(_proven(job_g[np.isfinite(job_g)], worth_g), job_g, worth_g, price_g), starts


def _proven(job_g: F64, worth_g: float) -> float:
    return float(job_g.sum()) - worth_g - ROUNDING_FRAC * (float(np.abs(job_g).sum()) + worth_g)
