"""Which reports are fit to learn from. What is left out is counted by reason and told, never dropped in silence.

In this order, each on what the ones before it have left:

* ``missing``: a number that is not there, or not one.
* ``absurd``: beyond physics: no energy or time, an end before the begin, more energy than the hardware can draw.
* ``contradictory``: jobs alike in all that their owner declared, in one datacenter, whose outcomes differ by more than
  a factor: those far from the median of their twins are left out, all of them where no majority agrees.
* ``flood``: more than a share of all from one user; which of them stay is drawn by a hash.

What passes these and is still wrong is met by the champion (``champion``): on reports that it does not learn from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from greensched.core.types import F64
from greensched.learning.evidence import Bool, Evidence
from greensched.policies.random import draws
from greensched.predictors.envelope import LONGEST_S

REASONS = ("missing", "absurd", "contradictory", "flood")
CONTRADICTION = 4.0  # a factor; noise, neighbours and stragglers stay below it
_BEGIN_S = 1e-6  # the resolution of simulated time


@dataclass(frozen=True)
class Sifted:
    """What may be learned from, and how many reports were left out for which reason (of :data:`REASONS`)."""

    kept: Evidence
    left_out: dict[str, int]


def sift(evidence: Evidence, user_cap_frac: float, seed: int) -> Sifted:
    """Leave out what must not be learned from.

    Args:
        evidence: reports as they came.
        user_cap_frac: the largest share of all that is kept of one user's reports.
        seed: of the draw among the reports of a user who has too many.
    """
    left_out = {}
    for reason, bad in (
        (REASONS[0], _missing), (REASONS[1], _absurd), (REASONS[2], _contradictory),
        (REASONS[3], lambda e: _flood(e, user_cap_frac, seed)),
    ):  # fmt: skip
        rows = bad(evidence)
        left_out[reason] = int(np.count_nonzero(rows))
        evidence = evidence.take(~rows)
    return Sifted(evidence, left_out)


def _missing(e: Evidence) -> Bool:
    columns = (e.decided_s, e.landed_s, e.energy_kwh, e.run_s, e.service_s)
    rows: Bool = ~np.all([np.isfinite(c) for c in columns], axis=0)
    return rows


def _absurd(e: Evidence) -> Bool:
    impossible = (e.energy_kwh <= 0) | (e.run_s <= 0) | (e.service_s > LONGEST_S) | (e.energy_kwh > e.most_kwh)
    rows: Bool = impossible | (e.service_s < e.run_s - _BEGIN_S)  # it began before it was placed
    return rows


def _contradictory(e: Evidence) -> Bool:
    if len(e) == 0:
        return np.zeros(0, dtype=bool)
    _, group, size = np.unique(e.twin, return_inverse=True, return_counts=True)
    bad = np.zeros(len(e), dtype=bool)
    for values in (np.log(e.energy_kwh), np.log(e.run_s)):
        far = np.abs(values - _medians(values, group)[group]) > np.log(CONTRADICTION)
        agreeing = np.bincount(group, weights=~far)
        no_majority = (2 * agreeing <= size)[group] & (np.bincount(group, weights=far) > 0)[group]
        bad |= far | no_majority
    return bad


def _medians(values: F64, group: NDArray[np.intp]) -> F64:
    order = np.lexsort((values, group))
    first = np.flatnonzero(np.diff(group[order], prepend=-1))
    size = np.diff([*first, len(order)])
    middles = values[order[first + (size - 1) // 2]], values[order[first + size // 2]]
    medians: F64 = 0.5 * (middles[0] + middles[1])
    return medians


def _flood(e: Evidence, user_cap_frac: float, seed: int) -> Bool:
    if len(e) == 0:
        return np.zeros(0, dtype=bool)
    _, user, counts = np.unique(e.user, return_inverse=True, return_counts=True)
    most = cap(counts, user_cap_frac)
    place = draws(seed, e.task, np.zeros(1, dtype=np.int64))[:, 0]
    order = np.lexsort((place, user))
    first = np.flatnonzero(np.diff(user[order], prepend=-1))
    rank = np.empty(len(e), dtype=np.int64)
    rank[order] = np.arange(len(e)) - np.repeat(first, counts)
    rows: Bool = rank >= most
    return rows


def cap(counts: NDArray[np.int64], user_cap_frac: float) -> int:
    """The most reports to keep of one user, so that none has more than a share of what is kept.

    Where there are too few users for that, nobody has more than the lower median of all users: of two, as many as the
    other.
    """
    floor = int(np.sort(counts)[(len(counts) - 1) // 2])
    most = int(counts.max())
    while True:
        allowed = max(floor, int(user_cap_frac * np.minimum(counts, most).sum()))
        if allowed >= most:
            return most
        most = allowed
