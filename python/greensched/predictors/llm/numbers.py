"""Numbers that a text states, as values at the tokens that follow them.

A model reads *five million* off its tokens only roughly, and an amount decides a run time to the digit. So the value of
every number is handed to the head beside the state of its token; which numbers matter, and how, it learns.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from greensched.core.types import F64

_WORDS: Final = {
    word: float(value)
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen twenty".split()
    )
}
_MULTIPLES: Final = {
    "k": 1e3, "m": 1e6, "b": 1e9, "g": 1e9, "t": 1e12,
    "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12, "dozen": 12.0, "hundred": 100.0,
}  # fmt: skip
_NUMBER = re.compile(
    r"(?<![A-Za-z0-9_.])(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?(?:e[+-]?\d+)?)"
    r"(?:\s?(?P<multiple>[kKMBGT](?![A-Za-z])|(?:thousand|million|billion|trillion|dozen|hundred)\b))?"
    r"|\b(?P<word>" + "|".join(_WORDS) + r")\b",
    re.IGNORECASE,
)
_PERCENT = re.compile(r"\s?(?:%|percent\b|per cent\b|pct\b)", re.IGNORECASE)
_LEAST, _MOST = 1e-6, 1e18  # what is stated beyond these is taken as these
_LEFT_LEAST = 1e-3

VALUES: Final = 4
"""Values at a token: 1 after a number; its logarithm; 1 if it is a percentage; the logarithm of the rest to 100 %."""


class Number(NamedTuple):
    """A number in a text: its characters, its value (of a percentage the value in percent)."""

    begin: int
    end: int
    value: float
    percent: bool


def numbers(text: str) -> list[Number]:
    """All numbers of a text, from left to right."""
    found = []
    for match in _NUMBER.finditer(text):
        word, multiple = match["word"], match["multiple"]
        value = _WORDS[word.lower()] if word else float(match["digits"].replace(",", ""))
        if multiple:
            value *= _MULTIPLES[multiple.lower()]
        found.append(Number(match.start(), match.end(), value, _PERCENT.match(text, match.end()) is not None))
    return found


def at_tokens(text: str, spans: NDArray[np.int64]) -> F64:
    """The values of :data:`VALUES` for each token, shape (tokens, 4).

    Args:
        text: what was read.
        spans: first character and the one after the last of each token, (tokens, 2).
    """
    values = np.zeros((len(spans), VALUES))
    for begin, end, value, percent in numbers(text):
        covered = np.flatnonzero((spans[:, 0] < end) & (spans[:, 1] > begin))
        if not covered.size:  # in the middle of a long text, which nobody read
            continue
        # a causal model knows the unit only at the token after the number
        at = min(int(covered[-1]) + 1, len(spans) - 1)
        amount = np.log(np.clip(value, _LEAST, _MOST))
        left = np.log(max(1.0 - value / 100.0, _LEFT_LEAST)) if percent else 0.0
        values[at] = (1.0, amount, float(percent), left)
    return values
