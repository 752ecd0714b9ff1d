"""Reader of a data folder with the layout of the project's data pack (``--data DIR``).

Files used: ``grid/carbon_intensity_hourly.parquet`` (Electricity Maps, life-cycle intensity and renewable share),
``grid/generation_by_source_hourly.parquet`` (wind and solar share), ``prices/prices_hourly.parquet``,
``weather/weather_hourly.parquet`` and, where that lacks a zone, ``weather/gfs_zone_avg_3h_2021.parquet``. Only the
first is required. Values that a file does not have are missing (NaN or an absent series), never filled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from greensched.core.errors import DataError, UnknownNameError
from greensched.core.types import F64
from greensched.signals.provider import Factors, Label, ZoneSignals
from greensched.signals.series import Signal

CARBON = "grid/carbon_intensity_hourly.parquet"
GENERATION = "grid/generation_by_source_hourly.parquet"
PRICES = "prices/prices_hourly.parquet"
WEATHER = "weather/weather_hourly.parquet"
WEATHER_3H = "weather/gfs_zone_avg_3h_2021.parquet"
INTENSITY_COLUMNS = {"lca": "ci_lca", "direct": "ci_direct"}


def _hours(start: datetime, end: datetime) -> tuple[datetime, int]:
    """Whole hours that cover [start, end): first hour and count."""
    begin = start.replace(minute=0, second=0, microsecond=0)
    return begin, int(-(-(end - begin).total_seconds() // 3600))


class DataPack:
    """Signals of real grids from a data folder."""

    def __init__(self, root: Path, intensity: str = "lca") -> None:
        """Open the folder.

        Args:
            root: folder with the layout above.
            intensity: "lca" (life cycle, the default) or "direct" (combustion only).

        Raises:
            DataError: the folder or its carbon file is missing.
        """
        self.root = root
        self._intensity = INTENSITY_COLUMNS[intensity]
        if not (root / CARBON).is_file():
            raise DataError(
                f"{root / CARBON}: no such file. --data must name a folder with the layout of the data pack "
                f"(grid/, prices/, weather/, traces/)"
            )
        self._zones: list[str] | None = None

    def zones(self) -> list[str]:
        """Zones of the carbon file."""
        if self._zones is None:
            column = self._columns(CARBON, ["zone"]).column("zone").combine_chunks()
            self._zones = sorted(str(v) for v in pc.unique(column.cast(pa.string())).to_pylist())
        return self._zones

    def load(self, zone: str, start: datetime, end: datetime) -> ZoneSignals:
        """See :class:`greensched.signals.provider.SignalSource`; hours that are not in the files are NaN."""
        if zone not in self.zones():
            raise UnknownNameError("zone", zone, self.zones(), where=str(self.root / CARBON))
        begin, hours = _hours(start, end)
        result = ZoneSignals(zone)
        carbon = self._rows(CARBON, zone, begin, hours, [self._intensity, "renewable_pct", "estimated", "data_source"])
        estimated = _mean(carbon["estimated"])
        origin = f"Electricity Maps ({self._intensity[3:].upper()} intensity; {carbon['data_source']})"
        label = Label(origin, synthetic=False, estimated_frac=estimated)
        factors: Factors = "direct" if self._intensity == INTENSITY_COLUMNS["direct"] else "lifecycle"
        intensity = replace(label, measure="average", factors=factors)
        self._put(result, "carbon_gpkwh", begin, carbon[self._intensity], intensity)
        self._put(result, "renewable_frac", begin, carbon["renewable_pct"] / 100.0, label)
        self._add_generation(result, zone, begin, hours)
        self._add_price(result, zone, begin, hours)
        self._add_weather(result, zone, begin, hours)
        return result

    def yearly_temperature(self, zone: str, year: int) -> Signal | None:
        """Temperature of the calendar year, degrees Celsius; None where less than 90 % of it is known."""
        start, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
        found = ZoneSignals(zone)
        self._add_weather(found, zone, start, _hours(start, end)[1])
        signal = found.series.get("temperature_c")
        if signal is None or np.isnan(signal.values).mean() > 0.1:
            return None
        return signal

    def _put(
        self, to: ZoneSignals, kind: str, begin: datetime, values: F64, label: Label, step_s: float = 3600.0
    ) -> None:
        if not np.isnan(values).all():
            to.add(kind, Signal(f"{kind} of {to.zone} in {self.root}", begin, step_s, values), label)

    def _add_generation(self, to: ZoneSignals, zone: str, begin: datetime, hours: int) -> None:
        if (self.root / GENERATION).is_file():
            rows = self._rows(GENERATION, zone, begin, hours, ["wind_share", "solar_share", "src"])
            label = Label(f"generation by source ({rows['src']})", synthetic=False)
            self._put(to, "wind_frac", begin, rows["wind_share"], label)
            self._put(to, "solar_frac", begin, rows["solar_share"], label)

    def _add_price(self, to: ZoneSignals, zone: str, begin: datetime, hours: int) -> None:
        if (self.root / PRICES).is_file():
            rows = self._rows(PRICES, zone, begin, hours, ["usd_per_mwh"])
            label = Label("day-ahead or spot market, USD at one fixed rate", synthetic=False, currency="USD")
            self._put(to, "price_per_kwh", begin, rows["usd_per_mwh"] / 1000.0, label)

    def _add_weather(self, to: ZoneSignals, zone: str, begin: datetime, hours: int) -> None:
        if (self.root / WEATHER).is_file():
            rows = self._rows(WEATHER, zone, begin, hours, ["temp_c"])
            self._put(to, "temperature_c", begin, rows["temp_c"], Label("Open-Meteo archive", synthetic=False))
        if "temperature_c" not in to.series and (self.root / WEATHER_3H).is_file():
            first = begin.replace(hour=begin.hour - begin.hour % 3)
            steps = -(-int((begin - first).total_seconds() // 3600 + hours) // 3)
            rows = self._rows(WEATHER_3H, zone, first, steps, ["temp_c"], step_s=10800)
            label = Label("GFS zone average, 3 h", synthetic=False)
            self._put(to, "temperature_c", first, rows["temp_c"], label, 10800.0)

    def _columns(self, name: str, columns: list[str], **filters: Any) -> pa.Table:
        path = self.root / name
        have = pq.read_schema(path).names
        missing = [c for c in columns if c not in have]
        if missing:
            raise DataError(f"{path}: no column {', '.join(missing)}; it has {', '.join(have)}")
        return pq.read_table(path, columns=columns, **filters)

    def _rows(
        self, name: str, zone: str, begin: datetime, steps: int, columns: list[str], step_s: int = 3600
    ) -> Mapping[str, Any]:
        """Columns on the regular grid; numbers as float64 with NaN for absent rows, text as its distinct values."""
        window = [
            ("zone", "==", zone),
            ("ts", ">=", begin),
            ("ts", "<", begin + timedelta(seconds=step_s * steps)),
        ]
        table = self._columns(name, ["zone", "ts", *columns], filters=window)
        ts = table.column("ts").cast(pa.timestamp("us", tz="UTC")).cast(pa.int64()).to_numpy()
        index = (ts // 1_000_000 - int(begin.timestamp())) // step_s
        result: dict[str, Any] = {}
        for column in columns:
            values = table.column(column)
            if pa.types.is_dictionary(values.type) or pa.types.is_string(values.type):
                distinct = pc.unique(values.cast(pa.string()).combine_chunks()).to_pylist()
                result[column] = ", ".join(sorted(str(v) for v in distinct if v is not None))
            else:
                grid = np.full(steps, np.nan)
                grid[index] = values.cast(pa.float64()).to_numpy(zero_copy_only=False)
                result[column] = grid
        return result


def _mean(values: F64) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else 0.0
