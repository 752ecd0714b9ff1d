"""CSV files that the site of ENTSO-E's Transparency Platform exports: generation by production type, day-ahead prices.

The column ``MTU`` holds start and end of the interval. Its header or its cells name the time zone; only UTC is read,
since an hour of the night in which summer time ends cannot be told from the one before it.
"""

from __future__ import annotations

import re
from pathlib import Path

from greensched.core.errors import DataError
from greensched.signals.ingest.batch import Batch, Options, batch
from greensched.signals.ingest.entsoe import LICENCE, PSR_FUEL, utc_stamp
from greensched.signals.ingest.generation import from_generation
from greensched.signals.ingest.rows import Rows
from greensched.signals.ingest.text import csv_rows, decode, read_bytes
from greensched.signals.ingest.values import number, shown
from greensched.signals.provider import Label

_TYPES = {  # names of the site -> codes of the API
    "biomass": "B01", "fossil brown coal/lignite": "B02", "fossil coal-derived gas": "B03", "fossil gas": "B04",
    "fossil hard coal": "B05", "fossil oil": "B06", "fossil oil shale": "B07", "fossil peat": "B08",
    "geothermal": "B09", "hydro pumped storage": "B10", "hydro run-of-river and poundage": "B11",
    "hydro run-of-river and pondage": "B11", "hydro water reservoir": "B12", "marine": "B13", "nuclear": "B14",
    "other renewable": "B15", "solar": "B16", "waste": "B17", "wind offshore": "B18", "wind onshore": "B19",
    "other": "B20", "energy storage": "B25",
}  # fmt: skip
_GENERATION = re.compile(r"^(.*?)\s+-\s+actual aggregated \[mw\]$")
_PRICE = re.compile(r"^day-ahead price \[(\w{3})/mwh\]$")
_NOT_EXPECTED = ("n/e", "-", "n/a")  # what the site writes where there is no such plant, or no value


def read(files: list[Path], options: Options) -> Batch:
    """CSV exports of one zone; see :func:`greensched.signals.ingest.entsoe.read` for what comes out.

    Raises:
        DataError: see :mod:`greensched.signals.ingest.rows`; times that are not UTC.
        ConfigError: no zone named.
    """
    zone = options.need_zone(str(files[0]))
    generation, prices, currencies = Rows(), Rows(), set[str]()
    for path in files:
        _read(path, zone, generation, prices, currencies)
    found = Batch()
    if generation.segments:
        said = ("ENTSO-E, actual generation by type", LICENCE)
        found = from_generation(generation, PSR_FUEL, options, said, None, in_order=True)
    if prices.segments:
        if len(currencies) != 1:
            raise DataError(f"{files[0]}: prices in {', '.join(sorted(currencies))}, expected one currency")
        label = Label("ENTSO-E, day-ahead price", False, currency=currencies.pop(), licence=LICENCE)
        more = batch(prices, lambda _zone, _kind: label)
        found = Batch(found.series + more.series, found.rows + more.rows, found.notes + more.notes)
    return found


def _read(path: Path, zone: str, generation: Rows, prices: Rows, currencies: set[str]) -> None:
    lines = csv_rows(decode(read_bytes(path), str(path)), str(path))
    _, header = next(lines)
    lower = [" ".join(name.lower().split()) for name in header]
    mtu = next((i for i, name in enumerate(lower) if name.startswith("mtu")), None)
    if mtu is None:
        have = ", ".join(shown(name) for name in header[:8])
        raise DataError(f"{path}:1: no column MTU; it has {have}. Is it an export of the Transparency Platform?")
    columns: dict[int, tuple[Rows, str]] = {}
    for i, name in enumerate(lower):
        if (match := _GENERATION.match(name)) is not None:
            columns[i] = (generation, _type(match[1], path))
        elif (match := _PRICE.match(name)) is not None:
            currencies.add(match[1].upper())
            columns[i] = (prices, "price_per_kwh")
    if not columns:
        raise DataError(f"{path}:1: neither 'X - Actual Aggregated [MW]' nor 'Day-ahead Price [EUR/MWh]' in the header")
    for line, fields in lines:
        place = f"{path}:{line}"
        if "utc" not in lower[mtu] and "UTC" not in fields[mtu]:
            raise DataError(f"{place}: MTU '{shown(fields[mtu])}' does not say UTC; export with the time zone UTC")
        at = utc_stamp(fields[mtu].replace("(UTC)", ""), place)
        for i, (rows, kind) in columns.items():
            cell = "" if fields[i].strip().lower() in _NOT_EXPECTED else fields[i]
            value = number(cell, place, header[i])
            rows.put(zone, kind, at, value * 1e-3 if rows is prices else value, str(path), line)
        (generation if generation.segments else prices).rows += 1


def _type(name: str, path: Path) -> str:
    if name not in _TYPES:
        raise DataError(f"{path}:1: production type '{shown(name)}', expected one of {', '.join(sorted(_TYPES))}")
    return _TYPES[name]
