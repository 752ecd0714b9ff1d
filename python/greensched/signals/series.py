"""Piecewise-constant time series in UTC that refuse to guess outside their range."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from greensched.core.errors import DataError
from greensched.core.types import F64


def utc_text(instant: datetime) -> str:
    """ISO text with a trailing Z, to the second."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Signal:
    """``values[k]`` holds for [start + k * step_s, start + (k + 1) * step_s). NaN means missing, never 0.

    Attributes:
        name: what it is and where, for error messages ("carbon_gpkwh of DE").
        start: UTC instant of the first value.
        step_s: seconds per value.
        values: the values in the unit of the name.
    """

    name: str
    start: datetime
    step_s: float
    values: F64

    def __post_init__(self) -> None:
        if self.start.tzinfo is None:
            raise DataError(f"{self.name}: start {self.start} has no time zone; give UTC")
        if self.step_s <= 0 or len(self.values) == 0:
            raise DataError(f"{self.name}: needs a positive step and at least one value")

    @property
    def end(self) -> datetime:
        """UTC instant at which the last value stops holding."""
        return self.start + timedelta(seconds=self.step_s * len(self.values))

    def _position(self, instant: datetime) -> float:
        return (instant - self.start).total_seconds() / self.step_s

    def at(self, instant: datetime) -> float:
        """The value at ``instant``.

        Raises:
            DataError: the instant lies outside the covered range, or the value is missing.
        """
        k = int(np.floor(self._position(instant)))
        if not 0 <= k < len(self.values):
            raise DataError(
                f"{self.name} asked at {utc_text(instant)}; it covers {utc_text(self.start)} to {utc_text(self.end)}"
            )
        if np.isnan(self.values[k]):
            raise DataError(f"{self.name} is missing at {utc_text(instant)}")
        return float(self.values[k])

    def between(self, start: datetime, end: datetime) -> Signal:
        """The whole steps that cover [start, end).

        Raises:
            DataError: the range is empty or not wholly covered.
        """
        first, last = int(np.floor(self._position(start))), int(np.ceil(self._position(end)))
        if end <= start:
            raise DataError(f"{self.name}: empty range {utc_text(start)} to {utc_text(end)}")
        if first < 0 or last > len(self.values):
            raise DataError(
                f"{self.name} asked from {utc_text(start)} to {utc_text(end)}; "
                f"it covers {utc_text(self.start)} to {utc_text(self.end)}"
            )
        begin = self.start + timedelta(seconds=self.step_s * first)
        return Signal(self.name, begin, self.step_s, self.values[first:last])

    def first_gap(self) -> datetime | None:
        """Start of the first missing value, or None."""
        missing = np.flatnonzero(np.isnan(self.values))
        return None if len(missing) == 0 else self.start + timedelta(seconds=self.step_s * int(missing[0]))
