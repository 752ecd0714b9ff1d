"""How people write counts and shares; what they write can be read back exactly."""

from __future__ import annotations

from typing import Final

_SMALL: Final = (
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
)  # fmt: skip
_UNITS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))
STYLES: Final = 4
"""Ways to write a count: digits, grouped, with a suffix, and small ones in words."""


def count(value: float, style: int) -> str:
    """A count as written in a style; three significant digits are kept by all of them."""
    if value != int(value) or value < 1:
        return f"{value:.6g}"
    whole = int(value)
    if style == 3 and whole < len(_SMALL):
        return _SMALL[whole]
    if style == 1:
        return f"{whole:,}"
    if style == 2:
        for size, letter in _UNITS:
            if whole >= size and _is_short(whole / size):
                return f"{whole / size:.6g}{letter}"
    return str(whole)


def _is_short(value: float) -> bool:
    return abs(value * 1000.0 - round(value * 1000.0)) < 1e-6


def percent(frac: float, style: int) -> str:
    """A share as written in a style."""
    number = f"{100.0 * frac:.4g}"
    return (f"{number}%", f"{number} %", f"{number} percent", f"{number}pct")[style % 4]
