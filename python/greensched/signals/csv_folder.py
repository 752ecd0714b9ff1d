"""Signals from a folder of CSV files, one file per zone: ``<zone>.csv``.

Columns: ``ts`` (start of the interval, ISO 8601 in UTC, evenly spaced) and any of ``carbon_gpkwh`` (required),
``marginal_gpkwh``, ``wind_frac``, ``solar_frac``, ``renewable_frac``, ``price_per_kwh``, ``temperature_c``. An empty
cell is missing.
"""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np

from greensched.core.errors import ConfigError, DataError, UnknownNameError
from greensched.core.paths import safe_path
from greensched.core.types import SIGNAL_KINDS
from greensched.signals.provider import Label, ZoneSignals
from greensched.signals.series import Signal


class CsvFolder:
    """Signal source over a folder of CSV files."""

    def __init__(self, root: Path) -> None:
        """Open the folder; raises DataError when there is none or it holds no CSV file."""
        self.root = root
        if not root.is_dir() or not self.zones():
            raise DataError(f"{root}: expected a folder with one <zone>.csv per zone")

    def zones(self) -> list[str]:
        """Zones that have a file."""
        return sorted(p.stem for p in self.root.glob("*.csv"))

    def load(self, zone: str, start: datetime, end: datetime) -> ZoneSignals:
        """See :class:`greensched.signals.provider.SignalSource`."""
        if zone not in self.zones():
            raise UnknownNameError("zone", zone, self.zones(), where=str(self.root))
        everything = self._zone(zone)
        result = ZoneSignals(zone)
        for kind, signal in everything.series.items():
            first = max(0, int((start - signal.start).total_seconds() // signal.step_s))
            last = min(len(signal.values), int(-(-(end - signal.start).total_seconds() // signal.step_s)))
            if last <= first:
                raise DataError(
                    f"{signal.name}: covers {signal.start:%Y-%m-%dT%H:%MZ} to {signal.end:%Y-%m-%dT%H:%MZ} only"
                )
            begin = signal.start + timedelta(seconds=signal.step_s * first)
            cut = Signal(signal.name, begin, signal.step_s, signal.values[first:last])
            if not np.isnan(cut.values).all():
                result.add(kind, cut, everything.labels[kind])
        return result

    def yearly_temperature(self, zone: str, year: int) -> Signal | None:
        """Temperature of the calendar year where the file covers at least 90 % of it."""
        signal = self._zone(zone).series.get("temperature_c")
        if signal is None:
            return None
        start, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
        first = max(0, int((start - signal.start).total_seconds() // signal.step_s))
        values = signal.values[first : max(first, int((end - signal.start).total_seconds() // signal.step_s))]
        known = np.count_nonzero(~np.isnan(values)) * signal.step_s
        if known < 0.9 * (end - start).total_seconds():
            return None
        return Signal(signal.name, max(start, signal.start), signal.step_s, values)

    def _zone(self, zone: str) -> ZoneSignals:
        try:
            path = safe_path(f"{zone}.csv", [self.root])
        except ConfigError as error:
            raise DataError(str(error)) from error
        return _read(path, zone)


def _rows(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """The header and the rows of a file; every row must have a field for each column, and no more."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:  # -sig: spreadsheets write a byte order mark
            reader = csv.reader(stream)
            names = next(reader, [])
            rows = []
            for fields in reader:
                if fields and len(fields) != len(names):
                    raise DataError(f"{path}:{reader.line_num}: {len(fields)} fields, expected {len(names)}")
                if fields:
                    rows.append(dict(zip(names, fields, strict=True)))
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text ({error})") from error
    except csv.Error as error:
        raise DataError(f"{path}:{reader.line_num}: not CSV ({error})") from error
    return names, rows


def _check_header(path: Path, names: list[str]) -> None:
    for required in ("ts", "carbon_gpkwh"):
        if required not in names:
            raise DataError(f"{path}: no column {required}; it has {', '.join(names) or 'no header'}")
    unknown = [n for n in names if n != "ts" and n not in SIGNAL_KINDS]
    if unknown:
        raise DataError(f"{path}: unknown column {', '.join(unknown)}; known are ts, {', '.join(SIGNAL_KINDS)}")
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise DataError(f"{path}: column {', '.join(twice)} given twice, expected once")


def _read(path: Path, zone: str) -> ZoneSignals:
    names, rows = _rows(path)
    _check_header(path, names)
    if len(rows) < 2:
        raise DataError(f"{path}: needs at least two rows")
    instants = [_instant(path, i + 2, row["ts"]) for i, row in enumerate(rows)]
    step_s = (instants[1] - instants[0]).total_seconds()
    for i, (a, b) in enumerate(pairwise(instants)):
        if (b - a).total_seconds() != step_s or step_s <= 0:
            raise DataError(
                f"{path}:{i + 3}: {rows[i + 1]['ts']} does not follow {rows[i]['ts']} by {step_s:g} s; write the rows "
                "between, with a value of carbon_gpkwh (other cells may be empty)"
            )
    result = ZoneSignals(zone)
    for kind in names:
        if kind != "ts":
            values = np.array([_number(path, i + 2, kind, row[kind]) for i, row in enumerate(rows)])
            result.add(kind, Signal(f"{kind} of {path}", instants[0], step_s, values), Label(str(path.name), False))
    return result


def _instant(path: Path, line: int, text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise DataError(f"{path}:{line}: ts '{text}' is not an ISO 8601 instant") from error
    if instant.tzinfo is None or instant.utcoffset() != timedelta(0):
        raise DataError(f"{path}:{line}: ts '{text}' must be UTC, e.g. 2022-06-06T00:00:00Z")
    return instant


def _number(path: Path, line: int, kind: str, text: str | None) -> float:
    if text is None or text.strip() == "":
        return float("nan")
    try:
        return float(text)
    except ValueError as error:
        raise DataError(f"{path}:{line}: {kind} '{text}' is not a number") from error
