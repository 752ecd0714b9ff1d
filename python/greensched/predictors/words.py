"""What a text says, as words and as numbers with the words around them: no model, no catalogue, any language.

Words are runs of letters in lower case, so that ``ResNet-50``, ``resnet_50`` and ``resnet50`` are the same two. A
*quantity* is a number that stands apart (not the 50 of ``resnet-50``), with thousands separators, magnitudes (``2.4k``,
``3 million``) and data sizes in GB. It is known by its neighbours: ``3 epochs`` and ``bs=64`` each fill a slot of
their own. A percentage fills two, with the logarithms of p and of 1 - p: whether a share is done or is to be done
multiplies the work by one or by the other.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

LONGEST_TEXT = 4000  # characters that are read: what a job does is said early, and a flood costs no time
SMALLEST = 1e-3  # of what a logarithm is taken

_MAGNITUDE = {
    "k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6, "b": 1e9, "billion": 1e9, "g": 1e9, "t": 1e12,
    "kb": 1e-6, "mb": 1e-3, "gb": 1.0, "tb": 1e3, "pb": 1e6,
}  # fmt: skip
_SIZES = frozenset({"kb", "mb", "gb", "tb", "pb"})
_COUNTS = {
    word: float(n)
    for n, word in enumerate("zero one two three four five six seven eight nine ten eleven twelve".split())
}
_PERCENT = frozenset({"%", "percent", "pct"})
_BREAK = "\n"  # between fields and sentences of a text: nothing reaches over it

# digits are ASCII: other scripts' digits are letters of unknown words here, which is harmless
_TOKEN = re.compile(
    r"(?<![\w.,-])(?P<quantity>[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?)"
    r"(?:\s?(?P<magnitude>k|m|b|g|t|[kmgtp]b|thousand|million|billion)(?![\w]))?"
    r"|(?P<word>[^\W\d_]+)|(?P<digits>[0-9]+(?:\.[0-9]+)?)|(?P<percent>%)|(?P<break>\n)"
)


@dataclass(frozen=True)
class Token:
    """A word, or the digits of a number; ``value`` where it is a quantity."""

    text: str
    value: float | None = None


@dataclass(frozen=True)
class Reading:
    """What one text says.

    Attributes:
        words: words and digits.
        pairs: neighbours, written together: ``bertbase``, ``resnet50``.
        numbers: slots and their values, natural logarithms.
    """

    words: frozenset[str]
    pairs: frozenset[str]
    numbers: dict[str, float]


def read(*fields: str) -> Reading:
    """Read a text of several fields; of equal slots the first one counts."""
    tokens = list(_tokens(_BREAK.join(fields)))
    words = [t.text for t in tokens if t.text != _BREAK]
    pairs = {a.text + b.text for a, b in pairwise(tokens) if _BREAK not in (a.text, b.text)}
    return Reading(frozenset(words), frozenset(pairs), _numbers(tokens))


def _tokens(text: str) -> Iterator[Token]:
    plain = unicodedata.normalize("NFKC", text[:LONGEST_TEXT]).lower()
    for found in _TOKEN.finditer(plain):
        kind = found.lastgroup
        if kind in ("quantity", "magnitude"):
            digits, magnitude = found["quantity"].replace(",", ""), found["magnitude"] or ""
            yield Token(digits + magnitude, min(float(digits) * _MAGNITUDE.get(magnitude, 1.0), 1e18))
            if magnitude in _SIZES:
                yield Token("gb")
        else:
            yield Token(found[0], _COUNTS.get(found[0]))


def _numbers(tokens: list[Token]) -> dict[str, float]:
    slots: dict[str, float] = {}
    amounts = []
    for i, token in enumerate(tokens):
        if token.value is None:
            continue
        before, after, beyond = (_word(tokens, j) for j in (i - 1, i + 1, i + 2))
        if after in _PERCENT:
            _fill_share(slots, token.value / 100.0, before, beyond)
            continue
        value = math.log(max(token.value, SMALLEST))
        amounts.append(value)
        around = (
            f"+{after}" if after else "",
            f"++{beyond}" if after and beyond else "",
            f"-{before}" if before else "",
        )
        for slot in filter(None, around):
            slots.setdefault(slot, value)
    for rank, value in zip(("largest", "second", "third"), sorted(amounts, reverse=True), strict=False):
        slots[rank] = value
    return slots


def _fill_share(slots: dict[str, float], share: float, before: str, beyond: str) -> None:
    part = min(max(share, SMALLEST), 1.0 - SMALLEST)
    for slot in ("", f">{beyond}" if beyond else "", f"<{before}" if before else ""):
        slots.setdefault(f"%{slot}", math.log(part))
        slots.setdefault(f"1-%{slot}", math.log1p(-part))


def _word(tokens: list[Token], i: int) -> str:
    """The word at ``i``; empty where there is none, or a quantity."""
    if not 0 <= i < len(tokens) or tokens[i].value is not None or tokens[i].text == _BREAK:
        return ""
    return tokens[i].text
