"""Named splits: which words, combinations and sentence forms a set of jobs may use."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

_TEST_SHARE = 0.2  # of the combinations of known words


@dataclass(frozen=True)
class Split:
    """What the jobs of a split are made of.

    Attributes:
        name: of the split.
        words: of models, applications and data sets: "known", "dev" or "new".
        combinations: "train": those that training sees; "test": those that it never sees; "all".
        forms: sentence forms: "known", or "held-out".
        drifts: from the middle of the window on, part of the jobs is of families that occur nowhere else.
        about: one line.
    """

    name: str
    words: str
    combinations: str
    forms: str
    drifts: bool
    about: str


SPLITS: Final = {
    split.name: split
    for split in (
        Split("train", "known", "train", "known", False, "what predictors may be trained on"),
        Split("test", "known", "test", "known", False, "known words in combinations that training never shows"),
        Split("new-words-dev", "dev", "all", "known", False, "words that training never shows; for choosing"),
        Split(
            "new-words", "new", "all", "known", False, "other such words; scored once per release, every use is logged"
        ),
        Split("new-phrasing", "known", "train", "held-out", False, "sentence forms that training never shows"),
        Split("drift", "known", "train", "known", True, "families of work that appear only half-way"),
    )
}
LATECOMERS: Final = frozenset({"protein", "graph", "seismic"})
"""Families of networks and areas of applications that only the second half of ``drift`` has."""


def is_test(*words: str) -> bool:
    """Whether a combination of known words is kept for ``test``: a hash of the words decides, for ever."""
    digest = hashlib.sha256("\x1f".join(words).encode()).digest()
    return int.from_bytes(digest[:4], "little") < _TEST_SHARE * 2**32


def admits(split: Split, *words: str) -> bool:
    """Whether the split may combine these words."""
    return split.combinations == "all" or is_test(*words) == (split.combinations == "test")
