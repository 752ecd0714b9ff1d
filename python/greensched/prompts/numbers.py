"""Numbers as text: one rule for all, the same on every machine.

A number is written with so many significant figures (three, unless said otherwise), never as a power of ten, never with
trailing zeros, and never with fewer digits than its whole part has: 4, 0.25, 21.5, 1234. Figures and not decimals,
because an intensity of 23.4 g/kWh is as well known as one of 234. What is not known is said so and never looks like 0.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Final

from greensched.core.units import minutes

UNKNOWN: Final = "unknown"
"""There is a value and nobody knows it (NaN)."""
NONE: Final = "none"
"""There is no value: no deadline, no estimate, no text."""
UNLIMITED: Final = "unlimited"

_MOST_DECIMALS = 9  # smaller is nothing, in every unit that a prompt speaks


def figures(value: float, n: int = 3) -> str:
    """``value`` with ``n`` significant figures; NaN: unknown, infinity: unlimited. The unit is the caller's."""
    if not math.isfinite(value):
        return UNLIMITED if value == math.inf else UNKNOWN
    if value == 0:
        return "0"
    decimals = min(max(0, n - 1 - math.floor(math.log10(abs(value)))), _MOST_DECIMALS)
    text = f"{value:.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if decimals else text
    return "0" if text == "-0" else text


def quantity(value: float, unit: str, n: int = 3) -> str:
    """``value`` and its unit: ``12.5 GB``; what is not known has no unit."""
    return f"{figures(value, n)} {unit}" if math.isfinite(value) else figures(value)


def percent(value_frac: float) -> str:
    """A fraction as a percentage with two figures: ``40%``, ``0.43%``."""
    return f"{figures(100.0 * value_frac, 2)}%" if math.isfinite(value_frac) else figures(value_frac)


def span(value_s: float) -> str:
    """A duration in s as minutes: ``30 min``."""
    return quantity(minutes(value_s), "min")


def instant(start_utc: str, t_s: float) -> str:
    """The minute, UTC, that is ``t_s`` seconds after ``start_utc``: ``2025-03-01T12:05`` (seconds are cut off)."""
    start = datetime.fromisoformat(start_utc)
    start = start.astimezone(UTC) if start.tzinfo else start
    return (start + timedelta(seconds=t_s)).strftime("%Y-%m-%dT%H:%M")
