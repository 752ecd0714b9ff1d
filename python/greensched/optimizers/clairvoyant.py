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
from greensched.optimizers.clairvoyant_starts import Deadlines, Search
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
    rounds: tuple[tuple[float, int], ...] = ROUNDS,
) -> Bound:
    """The bound on grams of CO2eq (and, with soft deadlines, of lateness at its price) of all jobs that can be done.

    Args:
        seen: the run.
        late_g_per_s: price of lateness; only soft deadlines have one.
        deadlines: what becomes of them.
        waits: False: every job starts as soon as its data is there, as if it could always; what choosing the time is
            worth, but no bound for anybody who queues.
        rounds: smoothing and iterations of each round; none: no prices, as if capacity had no end.
    """
    search = Search(seen, late_g_per_s, deadlines, waits)
    price_g, worth_g, most_g = np.zeros((len(seen.dc), seen.steps, seen.demand.shape[1])), 0.0, np.inf
    job_g, starts = search.look(price_g)
    can = np.isfinite(job_g)
    value_g = unlimited_g = _proven(job_g[can], 0.0)
    smooth = Smooth(seen, job_g)
    if not smooth.scarce.any():
        rounds, most_g = (), value_g
    for smoothing, iterations in rounds:
        climbed = smooth.climb(starts, price_g, smoothing, iterations)
        most_g = min(most_g, climbed.most_g)
        found_g, more = search.look(climbed.price_g)
        starts = starts.with_more(more)
        found_worth_g = seen.worth_g(climbed.price_g)
        proven_g = _proven(found_g[can], found_worth_g)
        _LOGGER.info("smoothing %g: %.1f g proven, %.1f at most, %d starts", smoothing, proven_g, most_g, starts.count)
        if proven_g > value_g:
            value_g, job_g, worth_g, price_g = proven_g, found_g, found_worth_g, climbed.price_g
    return Bound(value_g, max(most_g, value_g), unlimited_g, job_g, worth_g, price_g)


def _proven(job_g: F64, worth_g: float) -> float:
    jobs_g = float(job_g.sum())
    return jobs_g - worth_g - ROUNDING_FRAC * (float(np.abs(job_g).sum()) + worth_g)
