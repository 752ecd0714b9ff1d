"""Readings as they come, collected by zone and kind, and put on an even grid where nothing is filled.

Rules, the same for every format: within a file, time rises; no instant comes twice; every distance is a multiple of the
usual one. An instant that is left out is missing (NaN), counted and reported. Files may be given in any order.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np

from greensched.core import limits
from greensched.core.errors import DataError
from greensched.core.types import F64
from greensched.signals.ingest.values import in_range
from greensched.signals.series import Signal, utc_text

Key = tuple[str, str]  # zone, kind
_LONGEST = 4 * limits.SLOTS  # intervals of one series; 40 years of 5 minutes


@dataclass
class Segment:
    """What one file says about one kind of one zone; ``lines`` are lines, or paths within a JSON document."""

    file: str
    at_s: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    lines: list[int | str] = field(default_factory=list)

    def place(self, k: int) -> str:
        """Where reading ``k`` stands."""
        line = self.lines[k]
        return f"{self.file}:{line}" if isinstance(line, int) else f"{self.file}, {line}"


@dataclass
class Rows:
    """Readings of many files."""

    segments: dict[Key, list[Segment]] = field(default_factory=dict)
    rows: int = 0
    """Rows read, for the report."""

    def put(self, zone: str, kind: str, at_s: int, value: float, file: str, line: int | str) -> None:
        """One reading; ``value`` NaN is missing. Checks the range of the kind."""
        known = self.segments.setdefault((zone, kind), [])
        if not known or known[-1].file != file:
            known.append(Segment(file))
        segment = known[-1]
        segment.at_s.append(at_s)
        segment.values.append(value)
        segment.lines.append(line)
        if value == value:  # not NaN; checked last, so that the segment can name the place
            in_range(value, kind, segment.place(len(segment.lines) - 1))

    def signals(self, *, step_s: int | None = None, in_order: bool = True) -> dict[Key, Signal]:
        """Every series on its even grid.

        Args:
            step_s: the interval, where the format says it; None: the usual distance of two readings.
            in_order: refuse readings that go back in time within a file (of an API, the order means nothing).

        Raises:
            DataError: see the module.
        """
        return {key: even(key, segments, step_s, in_order) for key, segments in sorted(self.segments.items())}


def even(key: Key, segments: list[Segment], step_s: int | None, in_order: bool = True) -> Signal:
    """One series on an even grid; see :meth:`Rows.signals`."""
    readings: list[tuple[int, float, Segment, int]] = []
    for segment in segments:
        if in_order:
            _check_order(segment)
        readings += [
            (at, value, segment, k) for k, (at, value) in enumerate(zip(segment.at_s, segment.values, strict=True))
        ]
    readings.sort(key=lambda r: r[0])
    for one, other in pairwise(readings):
        if one[0] == other[0]:
            raise DataError(
                f"{other[2].place(other[3])}: {_utc(other[0])} of {key[1]} of {key[0]} comes twice (also at "
                f"{one[2].place(one[3])}), expected once; remove one of them"
            )
    step_s = step_s or _usual_step(key, readings)
    begin = readings[0][0]
    count = (readings[-1][0] - begin) // step_s + 1
    for at, _, segment, k in readings:
        if (at - begin) % step_s:
            raise DataError(
                f"{segment.place(k)}: {_utc(at)} does not fit the interval of {step_s} s that {_utc(begin)} begins, "
                "expected even spacing; leave the row out, or write all rows of the finer spacing"
            )
    if count > _LONGEST:
        raise DataError(
            f"{readings[-1][2].place(readings[-1][3])}: {_utc(readings[-1][0])} lies {count:,} intervals of {step_s} s "
            f"after {_utc(begin)}, expected at most {_LONGEST:,}; is the year right?"
        )
    values: F64 = np.full(count, np.nan)
    index = (np.array([r[0] for r in readings], dtype=np.int64) - begin) // step_s
    values[index] = [r[1] for r in readings]
    return Signal(f"{key[1]} of {key[0]}", datetime.fromtimestamp(begin, UTC), float(step_s), values)


def _check_order(segment: Segment) -> None:
    for k, (before, after) in enumerate(pairwise(segment.at_s)):
        if after < before:
            raise DataError(
                f"{segment.place(k + 1)}: {_utc(after)} follows {_utc(before)}, expected rising time; sort the file"
            )


def _usual_step(key: Key, readings: list[tuple[int, float, Segment, int]]) -> int:
    if len(readings) < 2:
        place = readings[0][2].place(readings[0][3])
        raise DataError(f"{place}: the only reading of {key[1]} of {key[0]}, expected two or more to know the interval")
    steps = Counter(b[0] - a[0] for a, b in pairwise(readings))
    return steps.most_common(1)[0][0]


def _utc(at_s: int) -> str:
    return utc_text(datetime.fromtimestamp(at_s, UTC))
