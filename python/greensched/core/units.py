"""Conversions between units, with exact constants. Everything else keeps the unit that its name ends in."""

from __future__ import annotations

import math
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

J_PER_KWH = 3.6e6
S_PER_MIN = 60.0
S_PER_HOUR = 3600.0
US_PER_S = 1_000_000

FloatOrArray = TypeVar("FloatOrArray", float, NDArray[np.float64])


def kwh(power_w: FloatOrArray, duration_s: FloatOrArray) -> FloatOrArray:
    """Energy in kWh of a constant power in W over a duration in s."""
    return power_w * duration_s / J_PER_KWH


def minutes(duration_s: FloatOrArray) -> FloatOrArray:
    """A duration in s as minutes."""
    return duration_s / S_PER_MIN


def to_us(t_s: float) -> int:
    """Seconds as integer microseconds, to the nearest; infinity is an error of the caller."""
    if not math.isfinite(t_s):
        raise ValueError(f"{t_s} s has no value in microseconds")
    return round(t_s * US_PER_S)


def clock(t_s: float | None) -> str:
    """Seconds since the start as ``day 2 13:05:00``."""
    if t_s is None:
        return "none"
    days, rest = divmod(int(t_s), 86_400)
    return f"day {days} {rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"
