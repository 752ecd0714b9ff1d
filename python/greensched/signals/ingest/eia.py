"""EIA-930, the hourly grid monitor of the USA (public domain): bulk CSV ("EIA930_BALANCE_...") and JSON of API v2.

**Stamps end the hour**: "UTC Time at End of Hour" and ``period`` name the instant at which the hour of the value ends,
so an hour is taken off. Values are MW averaged over the hour (MWh).
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from greensched.core.errors import DataError
from greensched.signals.ingest.batch import Batch, Options
from greensched.signals.ingest.generation import from_generation
from greensched.signals.ingest.mix import STORAGE
from greensched.signals.ingest.rows import Rows
from greensched.signals.ingest.text import csv_rows, decode, member, read_bytes
from greensched.signals.ingest.values import json_number, number, shown

LICENCE = "public domain, U.S. Energy Information Administration"
HOUR_S = 3600
ZONES = {  # balancing authority -> zone of Electricity Maps; others keep their own name
    "CISO": "US-CAL-CISO",
    "ERCO": "US-TEX-ERCO",
    "PJM": "US-MIDA-PJM",
    "NYIS": "US-NY-NYIS",
    "ISNE": "US-NE-ISNE",
    "MISO": "US-MIDW-MISO",
    "SWPP": "US-CENT-SWPP",
    "BPAT": "US-NW-BPAT",
    "FPL": "US-FLA-FPL",
    "DUK": "US-CAR-DUK",
}
_FUELS = {  # codes of API v2; WIND as in a recorded reply
    "COL": "coal", "NG": "gas", "OIL": "oil", "NUC": "nuclear", "WAT": "hydro", "SUN": "solar", "SNB": "solar",
    "WND": "wind", "WNB": "wind", "WIND": "wind", "GEO": "geothermal", "OTH": "unknown", "UNK": "unknown",
    "BAT": STORAGE, "PS": STORAGE, "UES": STORAGE, "OES": STORAGE,
}  # fmt: skip
_BULK_FUELS = {  # how what follows "Net Generation (MW) from" begins
    "coal": "coal", "natural gas": "gas", "nuclear": "nuclear", "all petroleum": "oil", "hydropower": "hydro",
    "pumped storage": STORAGE, "solar": "solar", "wind": "wind", "geothermal": "geothermal", "battery": STORAGE,
    "other energy storage": STORAGE, "unknown energy storage": STORAGE, "other": "unknown", "unknown": "unknown",
}  # fmt: skip
_GENERATION = "net generation (mw) from "
_STAMPS = ("%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S")


def read(files: list[Path], options: Options) -> Batch:
    """Bulk CSV files of any balancing authorities.

    Returns:
        carbon_gpkwh (own generation, factors by fuel), wind_frac, solar_frac, renewable_frac.

    Raises:
        DataError: see :mod:`greensched.signals.ingest.rows`.
    """
    rows, fuel_of = Rows(), dict[str, str]()
    for path in files:
        _read(path, rows, fuel_of)
    return from_generation(rows, fuel_of, options, ("EIA-930", LICENCE), HOUR_S, in_order=True)


def _read(path: Path, rows: Rows, fuel_of: dict[str, str]) -> None:
    lines = csv_rows(decode(read_bytes(path), str(path)), str(path))
    _, header = next(lines)
    lower = [" ".join(name.lower().split()) for name in header]
    authority = _column(path, lower, "balancing authority")
    stamp = _column(path, lower, "utc time at end of hour")
    columns = _fuel_columns(path, lower, fuel_of)
    for line, fields in lines:
        place = f"{path}:{line}"
        zone = ZONES.get(fields[authority], fields[authority])
        at = _stamp(fields[stamp], place) - HOUR_S
        for code, i in columns.items():
            rows.put(zone, code, at, number(fields[i], place, header[i], thousands=True), str(path), line)
        rows.rows += 1


def _column(path: Path, lower: list[str], name: str) -> int:
    if name not in lower:
        have = ", ".join(shown(column) for column in lower[:8])
        raise DataError(f"{path}:1: no column '{name}'; it has {have}. Is it an EIA930_BALANCE file?")
    return lower.index(name)


def _fuel_columns(path: Path, lower: list[str], fuel_of: dict[str, str]) -> dict[str, int]:
    """Columns of generation by fuel: of each the adjusted one where there is one, never both."""
    found: dict[str, int] = {}
    for i, name in enumerate(lower):
        if not name.startswith(_GENERATION) or name.endswith("(imputed)"):
            continue
        code = name.removeprefix(_GENERATION).removesuffix(" (adjusted)")
        fuel = next((fuel for start, fuel in _BULK_FUELS.items() if code.startswith(start)), None)
        if fuel is None:
            raise DataError(f"{path}:1: unknown fuel '{shown(code)}', expected one of {', '.join(_BULK_FUELS)}")
        if code not in found or name.endswith("(adjusted)"):
            found[code], fuel_of[code] = i, fuel
    if not found:
        raise DataError(f"{path}:1: no column 'Net Generation (MW) from ...', expected generation by fuel")
    return found


def _stamp(text: str, place: str) -> int:
    for form in _STAMPS:
        try:
            return int(datetime.strptime(text, form).replace(tzinfo=UTC).timestamp())
        except ValueError:
            continue
    raise DataError(f"{place}: '{shown(text)}' is no UTC time, expected one like 1/31/2022 6:00:00 AM")


def parse(document: Any, place: str, rows: Rows) -> int:
    """Add the readings of one page of ``fuel-type-data``; returns how many rows all pages have together.

    Raises:
        DataError: another shape, an unknown fuel, or a unit that is not megawatthours.
    """
    response = member(document, "response", dict, place)
    for i, item in enumerate(member(response, "data", list, f"{place}, response")):
        here = f"response.data[{i}]"
        where = f"{place}, {here}"
        if member(item, "value-units", str, where) != "megawatthours":
            raise DataError(f"{where}: value-units is {shown(item['value-units'])}, expected megawatthours")
        code = member(item, "fueltype", str, where)
        if code not in _FUELS:
            raise DataError(f"{where}: unknown fueltype {shown(code)}, expected one of {', '.join(sorted(_FUELS))}")
        respondent = member(item, "respondent", str, where)
        value = json_number(item.get("value"), where, "value")
        at = _period(item.get("period"), where) - HOUR_S
        rows.put(ZONES.get(respondent, respondent), code, at, value, place, here)
        rows.rows += 1
    total = json_number(response.get("total"), f"{place}, response", "total")
    return int(total) if total == total else 0


def _period(text: object, place: str) -> int:
    try:
        if isinstance(text, str):
            return int(datetime.strptime(text, "%Y-%m-%dT%H").replace(tzinfo=UTC).timestamp())
    except ValueError:
        pass
    raise DataError(f"{place}: period '{shown(text)}' is no hour, expected one like 2022-10-31T11 (UTC, its end)")


def from_pages(pages: list[tuple[Any, str]], options: Options) -> Batch:
    """Series of all pages of a query, each with its place.

    Raises:
        DataError: see :func:`parse`.
    """
    rows = Rows()
    for document, place in pages:
        parse(document, place, rows)
    return from_generation(rows, _FUELS, options, ("EIA-930 (API v2)", LICENCE), HOUR_S, in_order=False)
