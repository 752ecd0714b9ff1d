"""From the native step of a series (usually an hour) to the slot grid of a run, preserving means.

``hold``: a value holds throughout its interval, so every slot inside it has that value and means and energy-weighted
sums are preserved exactly. A slot that straddles intervals gets the time-weighted mean.

``linear``: straight lines through the interval mid-points, then corrected interval by interval so that the mean of each
interval stays what it was: by a factor for quantities that cannot be negative, by a constant for the others. An
interval whose corrected values would leave the allowed range is held instead.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from greensched.core.errors import DataError
from greensched.core.types import F64
from greensched.signals.series import Signal

# Allowed range and whether the correction of ``linear`` is multiplicative.
_UNBOUNDED = (-np.inf, np.inf)
_RANGES = {
    "carbon_gpkwh": (0.0, np.inf),
    "marginal_gpkwh": (0.0, np.inf),
    "wind_frac": (0.0, 1.0),
    "solar_frac": (0.0, 1.0),
    "renewable_frac": (0.0, 1.0),
}


def to_slots(signal: Signal, kind: str, start: datetime, slots: int, slot_s: float, interpolation: str) -> F64:
    """Values for ``slots`` slots of ``slot_s`` seconds from ``start``.

    Args:
        signal: the native series; must cover all slots.
        kind: signal kind of the protocol ("carbon_gpkwh", ...), decides ranges for ``linear``.
        start: UTC start of the first slot.
        slots: number of slots.
        slot_s: seconds per slot.
        interpolation: "hold" or "linear".

    Raises:
        DataError: the signal does not cover the slots, or ``linear`` with slots that do not divide its step.
    """
    offset_s = (start - signal.start).total_seconds()
    if offset_s < 0 or offset_s + slots * slot_s > len(signal.values) * signal.step_s + 1e-6:
        signal.between(start, start + timedelta(seconds=slots * slot_s))  # raises with the covered range
    if interpolation == "hold":
        return _hold(signal.values, signal.step_s, offset_s, slots, slot_s)
    parts = signal.step_s / slot_s
    if abs(parts - round(parts)) > 1e-9 or abs(offset_s / slot_s - round(offset_s / slot_s)) > 1e-9:
        raise DataError(
            f"{signal.name}: linear interpolation needs slots that divide its step of {signal.step_s:g} s and start on "
            f"them; the slot is {slot_s:g} s. Use interpolation: hold"
        )
    fine: F64 = _linear(signal.values, round(parts), *_RANGES.get(kind, _UNBOUNDED))
    first = round(offset_s / slot_s)
    return fine[first : first + slots]


def _hold(values: F64, step_s: float, offset_s: float, slots: int, slot_s: float) -> F64:
    edges = (offset_s + slot_s * np.arange(slots + 1)) / step_s
    first = np.floor(edges[:-1] + 1e-9).astype(np.int64)
    last = np.ceil(edges[1:] - 1e-9).astype(np.int64)
    first = np.minimum(first, len(values) - 1)
    held: F64 = values[first].copy()
    for i in np.flatnonzero(last - first > 1):  # slots that straddle two or more intervals
        cells = np.arange(first[i], last[i])
        weight = np.minimum(cells + 1, edges[i + 1]) - np.maximum(cells, edges[i])
        held[i] = float(values[cells] @ weight / weight.sum())
    return held


def _linear(values: F64, parts: int, low: float, high: float) -> F64:
    n = len(values)
    if n == 1 or parts == 1:
        repeated: F64 = np.repeat(values, parts)
        return repeated
    # Mid-points of the parts, in units of intervals, relative to the mid-point of the interval they lie in.
    u = (np.arange(parts) + 0.5) / parts - 0.5
    before = np.concatenate([values[:1], values[:-1]])
    after = np.concatenate([values[1:], values[-1:]])
    before = np.where(np.isnan(before), values, before)
    after = np.where(np.isnan(after), values, after)
    other = np.where(u[None, :] < 0, before[:, None], after[:, None])
    fine = values[:, None] + np.abs(u)[None, :] * (other - values[:, None])
    mean = fine.mean(axis=1)
    if low >= 0:
        factor = np.divide(values, mean, out=np.ones(n), where=mean > 0)
        fine = fine * factor[:, None]
    else:
        fine = fine + (values - mean)[:, None]
    with np.errstate(invalid="ignore"):
        outside = (fine < low).any(axis=1) | (fine > high).any(axis=1)
    fine[outside] = values[outside, None]
    result: F64 = fine.reshape(-1)
    return result
