"""Signals from a folder with a file per zone: ``<zone>.csv`` or ``<zone>.parquet``, and what is known about them.

Columns: ``ts`` (start of the interval, UTC, evenly spaced) and any of ``carbon_gpkwh`` (required), ``marginal_gpkwh``,
``wind_frac``, ``solar_frac``, ``renewable_frac``, ``price_per_kwh``, ``temperature_c``, and others that
``provenance.json`` declares with their unit. An empty cell is missing. ``greensched signal`` writes such folders.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from greensched.core.errors import ConfigError, DataError, UnknownNameError
from greensched.core.paths import safe_path
from greensched.signals import provenance, zone_file
from greensched.signals.provider import Label, ZoneSignals
from greensched.signals.series import Signal


class CsvFolder:
    """Signal source over a folder of CSV and Parquet files."""

    def __init__(self, root: Path) -> None:
        """Open the folder; raises DataError when there is none or it holds no zone, or one zone twice."""
        self.root = root
        if not root.is_dir() or not self.zones():
            raise DataError(f"{root}: expected a folder with one <zone>.csv per zone, or <zone>.parquet")
        self.entries = provenance.read(root)

    def zones(self) -> list[str]:
        """Zones that have a file."""
        return sorted({p.stem for p in self.root.iterdir() if p.suffix in zone_file.SUFFIXES})

    def load(self, zone: str, start: datetime, end: datetime) -> ZoneSignals:
        """See :class:`greensched.signals.provider.SignalSource`."""
        everything = self.everything(zone, required=("carbon_gpkwh",))
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
        signal = self.everything(zone, required=("carbon_gpkwh",)).series.get("temperature_c")
        if signal is None:
            return None
        start, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
        first = max(0, int((start - signal.start).total_seconds() // signal.step_s))
        values = signal.values[first : max(first, int((end - signal.start).total_seconds() // signal.step_s))]
        known = np.count_nonzero(~np.isnan(values)) * signal.step_s
        if known < 0.9 * (end - start).total_seconds():
            return None
        return Signal(signal.name, max(start, signal.start), signal.step_s, values)

    def everything(self, zone: str, required: tuple[str, ...] = ()) -> ZoneSignals:
        """All that the file of a zone has.

        Raises:
            UnknownNameError: there is no such zone.
            DataError: the file is wrong, lacks a ``required`` kind, or is there as CSV and as Parquet.
        """
        if zone not in self.zones():
            raise UnknownNameError("zone", zone, self.zones(), where=str(self.root))
        path = self._path(zone)
        others = [kind for z, kind in self.entries if z == zone]
        result = ZoneSignals(zone)
        for kind, signal in zone_file.read(path, others=others, required=required).items():
            entry = self.entries.get((zone, kind))
            result.add(kind, signal, entry.label if entry is not None else Label(path.name, synthetic=False))
        return result

    def _path(self, zone: str) -> Path:
        there = [f"{zone}{suffix}" for suffix in zone_file.SUFFIXES if (self.root / f"{zone}{suffix}").exists()]
        if len(there) > 1:
            raise DataError(f"{self.root}: has {' and '.join(there)}, expected one of them; remove the other")
        try:
            return safe_path(there[0] if there else f"{zone}.csv", [self.root])
        except ConfigError as error:
            raise DataError(str(error)) from error
