"""Reads descriptions back, with nothing but the words: who knows the catalogue can tell the work from the text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from greensched.truths.wording.words import one as words_one

_SUFFIX = {"": 1.0, "k": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
_SMALL = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_PERCENT = r"([\d.]+)(?: ?%| percent|pct)"
_RESUMED = (
    f"checkpoint at {_PERCENT}",
    f"{_PERCENT} already done",
    f"where {_PERCENT} was",
    f"first {_PERCENT} are in",
)
_SAMPLED = (
    f"{_PERCENT} sample", f"on {_PERCENT} of the data", f"subsampled to {_PERCENT}", f"only {_PERCENT} of the records",
    f"take {_PERCENT} and",
)  # fmt: skip
_DRY = ("dry-run", "dry run only", "smoke test only", "trial run", "see that it starts")


@dataclass(frozen=True)
class Read:
    """What a text says: an amount and its unit, and what shortens the run."""

    count: float
    unit: str
    left_frac: float
    sample_frac: float
    dry: bool


def read(text: str, units: tuple[str, ...]) -> Read:
    """The amount before one of ``units``, in any way that people write it."""
    singular = {words_one(u).lower() for u in units} - {u.lower() for u in units}
    names = "|".join(sorted((re.escape(u) for u in (*units, *singular)), key=len, reverse=True))
    numbers = r"\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?"
    words = "|".join(_SMALL)
    pattern = rf"(?<![\w.-])({numbers}|{words})([kMBT]?) ({names})(?![\w-])"
    ones = ("1", "one")
    hits = [m for m in re.finditer(pattern, text, re.I) if m[3].lower() not in singular or m[1].lower() in ones]
    assert hits, f"no amount of {units} in: {text}"
    found = hits[0]
    written = found[1].lower()
    count = float(_SMALL.index(written)) if written in _SMALL else float(written.replace(",", ""))
    return Read(
        count=count * _SUFFIX[found[2]],
        unit=found[3].lower(),
        left_frac=1.0 - _percent(text, _RESUMED),
        sample_frac=_percent(text, _SAMPLED) or 1.0,
        dry=any(words in text for words in _DRY),
    )


def _percent(text: str, ways: tuple[str, ...]) -> float:
    for way in ways:
        if found := re.search(way, text):
            return float(found[1]) / 100.0
    return 0.0
