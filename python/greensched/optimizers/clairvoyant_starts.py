"""All starts of all jobs that could be the cheapest, and the cheapest of them at some prices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

import numpy as np

from greensched.core.types import F64
from greensched.optimizers.foresight import Foresight, Running, ragged
from greensched.optimizers.problem import Index

NEAREST: Final = (16, 2)
"""Starts that are kept while prices move: so many of a job, and so many of each of its sites. With the nearest alone,
all of them may lie where everybody wants to be, and no prices would be high enough."""

_CHUNK: Final = 300_000  # breakpoints at a time, about 100 MB


class Deadlines(Enum):
    """What becomes of a deadline.

    SOFT: a second late has its price; the bound holds for every policy. HARD: whoever can meet it anywhere does,
    whoever cannot has none; the bound holds for policies that are late with nobody else. NONE: forgotten; the bound on
    carbon holds for every policy.
    """

    SOFT = "soft"
    HARD = "hard"
    NONE = "none"


@dataclass(frozen=True)
class Starts:
    """Some starts, one after the other, in the order of their jobs; what each costs without prices."""

    job: Index
    site: Index
    start_s: F64
    cost_g: F64

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.job)

    @staticmethod
    def joined(parts: Sequence[Starts]) -> Starts:
        """One after the other."""
        nothing = Starts(*(np.zeros(0, dtype=np.intp),) * 2, *(np.zeros(0),) * 2)
        fields = [(part.job, part.site, part.start_s, part.cost_g) for part in [nothing, *parts]]
        return Starts(*(np.concatenate(field) for field in zip(*fields, strict=True)))

    def with_more(self, more: Starts) -> Starts:
        """Those of both, each once, in the order of jobs."""
        both = Starts.joined([self, more])
        order = np.lexsort((both.start_s, both.site, both.job))
        job, site, start_s = both.job[order], both.site[order], both.start_s[order]
        new = np.ones(len(order), dtype=bool)
        new[1:] = (job[1:] != job[:-1]) | (site[1:] != site[:-1]) | (start_s[1:] != start_s[:-1])
        return Starts(job[new], site[new], start_s[new], both.cost_g[order[new]])


class Search:
    """Looks through everything.

    Args:
        seen: the run.
        late_g_per_s: price of lateness, for soft deadlines.
        deadlines: what becomes of them.
        waits: whether jobs may start later than at once.
    """

    def __init__(self, seen: Foresight, late_g_per_s: float, deadlines: Deadlines, waits: bool = True) -> None:
        self._seen, self._deadlines, self._waits = seen, deadlines, waits
        self._late_g_per_s = late_g_per_s if deadlines is Deadlines.SOFT else 0.0
        self._allowed = seen.fits.copy()
        meets = seen.fits & (seen.ready_s + seen.run_s <= seen.deadline_s[:, None])
        self._kept = np.logical_or.reduce(meets, axis=1)
        if deadlines is Deadlines.HARD:
            self._allowed[self._kept] = meets[self._kept]

    def look(self, price_g: F64) -> tuple[F64, Starts]:
        """(jobs,) the least priced cost of each, exactly, and the starts that are nearest to it."""
        least_g = np.full(len(self._seen.demand), np.inf)
        prices = [Running.of(price_g[:, :, r], self._seen.slot_s) for r in range(price_g.shape[2])]
        near = []
        for job_of, site_of, last_s in self._pairs(prices):
            pair, start_s = self._seen.starts(job_of, site_of, last_s)
            job, site = job_of[pair], site_of[pair]
            cost_g = self._seen.cost_g(job, site, start_s, self._late_g_per_s)
            priced_g = cost_g + self._taken_g(prices, job, site, start_s)
            np.minimum.at(least_g, job, priced_g)
            kept = _nearest(job, pair, (start_s / self._seen.slot_s).astype(np.intp), priced_g)
            near.append(Starts(job[kept], site[kept], start_s[kept], cost_g[kept]))
        return least_g, Starts.joined(near)

    def _taken_g(self, prices: list[Running], job: Index, site: Index, start_s: F64) -> F64:
        """What a start takes of the capacity, at its prices."""
        end_s = start_s + self._seen.run_s[job, site]
        taken_g = np.zeros(len(job))
        for r, running in enumerate(prices):
            if running.values.any():
                taken_g += running.between(site, start_s, end_s) * self._seen.demand[job, r]
        return taken_g

    def _pairs(self, prices: list[Running]) -> Iterator[tuple[Index, Index, F64]]:
        """Pairs of job and site, with the last start that could be the cheapest, some jobs at a time."""
        job, site = np.nonzero(self._allowed)
        ready_s = self._seen.ready_s[job, site]
        last_s = np.maximum(self._last_s(prices, job, site), ready_s) if self._waits else ready_s
        work = np.cumsum(2.0 * (last_s - ready_s) / self._seen.slot_s + 5.0)
        ends = np.append(np.flatnonzero(np.diff(job)) + 1, len(job))  # of each job's pairs
        begin = 0
        while begin < len(job):
            most = (work[begin - 1] if begin else 0.0) + _CHUNK
            last = np.searchsorted(ends, np.searchsorted(work, most), side="right") - 1
            end = int(ends[max(last, np.searchsorted(ends, begin, side="right"))])
            yield job[begin:end], site[begin:end], last_s[begin:end]
            begin = end

    def _last_s(self, prices: list[Running], job: Index, site: Index) -> F64:
        seen = self._seen
        run_s = seen.run_s[job, site]
        last_s: F64 = seen.end_s - run_s
        due_s = seen.deadline_s[job] - run_s
        if self._deadlines is Deadlines.HARD:
            return np.where(self._kept[job], np.minimum(last_s, due_s), last_s)
        if self._late_g_per_s > 0:
            ready_s = seen.ready_s[job, site]
            at_once_g = seen.cost_g(job, site, ready_s, self._late_g_per_s) + self._taken_g(prices, job, site, ready_s)
            most_g = np.full(len(seen.demand), np.inf)
            np.minimum.at(most_g, job, at_once_g)
            # later than this, lateness alone costs more than the cheapest start at once
            last_s = np.minimum(last_s, due_s + most_g[job] / self._late_g_per_s)
        return last_s


def _nearest(job: Index, pair: Index, step: Index, priced_g: F64) -> Index:
    """The cheapest of every job and of every pair, one per step, in the order of jobs; so are the pairs given."""
    order = np.lexsort((priced_g, step, pair))
    order = order[_place(pair[order] * (int(step.max(initial=0)) + 1) + step[order]) == 0]
    order = order[np.lexsort((priced_g[order], pair[order]))]
    place = _place(pair[order])
    order, place = order[place < NEAREST[0]], place[place < NEAREST[0]]
    by_price = np.lexsort((priced_g[order], job[order]))
    near = np.zeros(len(order), dtype=bool)
    near[by_price] = _place(job[order[by_price]]) < NEAREST[0]
    chosen = order[near | (place < NEAREST[1])]
    in_order: Index = chosen[np.argsort(job[chosen], kind="stable")]
    return in_order


def _place(row: Index) -> Index:
    """The place of every element among those of its row; rows come one after the other."""
    first = np.flatnonzero(np.diff(row, prepend=-1))
    return ragged(np.diff(first, append=len(row)))[1]
