"""Which examples are learned from, which say when to stop, and which judge: these are never the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greensched.learning.trees.examples import Examples

STOP_FRAC, JUDGED_FRAC = 0.2, 0.2
ENOUGH_SOURCES = 4  # to keep whole worlds for judging: hardware that was not seen, as in service


@dataclass(frozen=True)
class Parts:
    """Indices of examples."""

    learned: NDArray[Any]
    stopping: NDArray[Any]
    judged: NDArray[Any]


def split(examples: Examples, mix_seed: int | None = None) -> Parts:
    """Whole sources where there are four or more, the last ones for judging; else the same shares of each, by time.

    Args:
        examples: to split.
        mix_seed: draw the same shares at random instead. By time the newest are never learned from; and a constant that
            is found on them lays on every prediction what has changed in one place.
    """
    if mix_seed is not None:
        order = np.random.default_rng([mix_seed, 12]).permutation(len(examples))
        cuts = [int(len(order) * (1 - JUDGED_FRAC - STOP_FRAC)), int(len(order) * (1 - JUDGED_FRAC))]
        return Parts(*(np.sort(part) for part in np.split(order, cuts)))
    sources = np.unique(examples.source)
    if len(sources) >= ENOUGH_SOURCES:
        judged, stop = (max(1, round(frac * len(sources))) for frac in (JUDGED_FRAC, STOP_FRAC))
        place = np.searchsorted(sources, examples.source)
        first_judged = len(sources) - judged
        part = np.where(place >= first_judged, 2, np.where(place >= first_judged - stop, 1, 0))
    else:
        part = np.zeros(len(examples), dtype=int)
        for source in sources:
            rows = np.flatnonzero(examples.source == source)
            part[rows[int(len(rows) * (1 - JUDGED_FRAC - STOP_FRAC)) :]] = 1
            part[rows[int(len(rows) * (1 - JUDGED_FRAC)) :]] = 2
    return Parts(*(np.flatnonzero(part == n) for n in range(3)))
