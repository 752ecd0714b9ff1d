"""Numbers that a text states.

A model reads *five million* off its tokens only roughly, and an amount decides a run time to the digit. So the value of
every number is handed to the head; which numbers matter, and how, it learns.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

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


class Number(NamedTuple):
    """A number in a text: its characters, its value (of a percentage the value in percent)."""

    begin: int
    end: int
    value: float
    percent: bool


def numbers(text: str) -> list[Number]:
    """All numbers of a text that are more than nothing, from left to right."""
    found = []
    for match in _NUMBER.finditer(text):
        word, multiple = match["word"], match["multiple"]
        value = _WORDS[word.lower()] if word else float(match["digits"].replace(",", ""))
        if multiple:
            value *= _MULTIPLES[multiple.lower()]
        if value <= 0.0:
            continue  # nobody asks for nothing, and it has no logarithm
        found.append(Number(match.start(), match.end(), value, _PERCENT.match(text, match.end()) is not None))
    return found
