"""Numbers that a model may write: which character can come next, so that every number that it ends is a valid one.

Written like the numbers of prompts: plain decimals, no sign, no exponent, no separators, no leading zeros. A number has
at most so many significant figures (its whole part has all of its digits) and so many decimals, and lies between two
bounds.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final

DIGITS: Final = "0123456789"
_NUMBER = re.compile(r"(?:0|[1-9][0-9]*)(?:\.[0-9]+)?", re.ASCII)


@dataclass(frozen=True)
class Number:
    """The numbers from ``least`` to ``most`` (0 <= least <= most) that can be written with these figures and decimals.

    Attributes:
        least: smallest value, in whatever unit.
        most: largest value.
        figures: most significant figures of a number that has decimals.
        decimals: most decimals.

    Raises:
        ValueError: bounds or figures that no number can have.
    """

    least: float
    most: float
    figures: int = 4
    decimals: int = 9

    def __post_init__(self) -> None:
        if not (0 <= self.least <= self.most < math.inf) or self.figures < 1 or self.decimals < 0:
            raise ValueError(f"no numbers from {self.least!r} to {self.most!r} with {self.figures} figures")

    def next(self, said: str) -> str:
        """The characters that can follow ``said``; none: nothing can but the end (or ``said`` begins no number).

        None can follow nothing where the bounds are so close that no number is between them.
        """
        return _next(self, said)

    def ends(self, said: str) -> bool:
        """Whether ``said`` is a whole number of this kind."""
        if not _NUMBER.fullmatch(said):
            return False
        whole, _, part = said.partition(".")
        units, scale = int(whole + part), 10 ** len(part)
        if part and (units >= 10**self.figures or len(part) > self.decimals):
            return False
        return bool(_exact(self.least) * scale <= units <= _exact(self.most) * scale)

    def write(self, value: float) -> str:
        """The nearest number to ``value`` that may be written; what is out of bounds becomes the bound.

        Raises:
            ValueError: NaN, which has no nearest, or bounds so close that no number is between them.
        """
        if math.isnan(value):
            raise ValueError("NaN cannot be written")
        wanted = _exact(min(max(value, self.least), self.most))
        best: tuple[Fraction, int, int] | None = None
        for places in range(self.decimals + 1):
            low, high = self._range(places)
            if low <= high:
                units = min(max(round(wanted * 10**places), low), high)
                off = abs(Fraction(units, 10**places) - wanted)
                if best is None or off < best[0]:
                    best = off, units, places
        if best is None:
            raise ValueError(
                f"no number from {self.least!r} to {self.most!r} has {self.figures} figures, {self.decimals} decimals"
            )
        return _plain(*best[1:])

    def read(self, text: str) -> float:
        """The value of what :meth:`ends` accepts.

        Raises:
            ValueError: it is no such number.
        """
        if not self.ends(text):
            raise ValueError(f"{text!r} is no number from {self.least!r} to {self.most!r} in plain decimals")
        return float(text)

    def _range(self, places: int) -> tuple[int, int]:
        """Least and most, in units of the last of ``places`` decimals."""
        low = math.ceil(_exact(self.least) * 10**places)
        high = math.floor(_exact(self.most) * 10**places)
        return low, min(high, 10**self.figures - 1) if places else high

    def _begins(self, said: str) -> bool:
        """Whether some number of this kind begins with ``said`` (or is it)."""
        whole, dot, part = said.partition(".")
        longest = len(str(math.floor(self.most)))
        if not whole or len(whole) > longest or (whole[0] == "0" and len(whole) > 1) or len(part) > self.decimals:
            return False
        begun = int(whole + part)
        more_whole = 0 if dot or whole == "0" else longest - len(whole)
        for places in range(max(len(part), 1 if dot else 0), self.decimals + 1):
            low, high = self._range(places)
            for extra in range(more_whole + 1):
                free = 10 ** (extra + places - len(part))
                if max(low, begun * free) <= min(high, begun * free + free - 1):
                    return True
        return False


@lru_cache(65_536)
def _next(number: Number, said: str) -> str:
    dot = "." if said and "." not in said else ""
    return "".join(c for c in DIGITS + dot if number._begins(said + c))


def _exact(value: float) -> Fraction:
    """The decimal that people see: the float 456.7 is a little less, and must not refuse the number 456.7."""
    return Fraction(repr(value))


def _plain(units: int, places: int) -> str:
    digits = str(units).rjust(places + 1, "0")
    if not places:
        return digits
    text = f"{digits[:-places]}.{digits[-places:]}"
    return text.rstrip("0").rstrip(".")
