"""Open-Meteo: JSON of its forecast, archive and air-quality services. CC BY 4.0.

Times carry no zone: they are local, ahead of UTC by ``utc_offset_seconds``, one number for the whole reply also where
summer time begins within it; the offset is taken off. Names of variables changed (``windspeed_10m`` became
``wind_speed_10m``); both are read. Values of an hour are those at its start; radiation is the mean of the hour before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from greensched.core.errors import DataError
from greensched.signals.ingest.batch import Batch, Options, batch
from greensched.signals.ingest.rows import Rows
from greensched.signals.ingest.text import decode, member, parse_json, read_bytes
from greensched.signals.ingest.values import instant, json_number, shown
from greensched.signals.provider import Label

LICENCE = "CC BY 4.0, Open-Meteo"


@dataclass(frozen=True)
class Variable:
    """A variable of a reply: the kind it becomes and the units it may have."""

    kind: str
    units: tuple[str, ...]


WEATHER: dict[str, Variable] = {"temperature_2m": Variable("temperature_c", ("°C",))}


def read(files: list[Path], options: Options) -> Batch:
    """JSON replies for one place.

    Returns:
        temperature_c.

    Raises:
        DataError: see :mod:`greensched.signals.ingest.rows`; another unit.
        ConfigError: no zone named; a reply has coordinates only.
    """
    documents = [(parse_json(decode(read_bytes(path), str(path)), str(path)), str(path)) for path in files]
    return from_documents(documents, options, WEATHER, "Open-Meteo weather")


def from_documents(
    documents: list[tuple[Any, str]], options: Options, variables: Mapping[str, Variable], source: str
) -> Batch:
    """Series of replies, each with its place; see :func:`read`."""
    rows = Rows()
    zone = options.need_zone(documents[0][1])
    for document, place in documents:
        parse(document, place, zone, variables, rows)
    label = Label(source, synthetic=False, licence=LICENCE)
    return batch(rows, lambda _zone, _kind: label, in_order=False)


def parse(document: Any, place: str, zone: str, variables: Mapping[str, Variable], rows: Rows) -> None:
    """Add the hourly readings of a reply; variables that are not asked for are left alone.

    Raises:
        DataError: another shape or unit, or columns of unlike length.
    """
    offset_s = member(document, "utc_offset_seconds", int, place)
    if abs(offset_s) > 14 * 3600:
        raise DataError(f"{place}: utc_offset_seconds is {offset_s}, expected at most 14 hours")
    hourly = member(document, "hourly", dict, place)
    units = member(document, "hourly_units", dict, place)
    times = member(hourly, "time", list, f"{place}, hourly")
    known = [name for name in variables if name in hourly]
    if not known:
        have = ", ".join(shown(name) for name in list(hourly)[:8])
        raise DataError(f"{place}: hourly has {have}, expected one of {', '.join(variables)}")
    at_s = [instant(text, f"{place}, hourly.time[{i}]", naive_is_utc=True) - offset_s for i, text in enumerate(times)]
    for name in known:
        variable = variables[name]
        if units.get(name) not in variable.units:
            raise DataError(f"{place}: {name} in '{shown(units.get(name))}', expected {' or '.join(variable.units)}")
        values = member(hourly, name, list, f"{place}, hourly")
        if len(values) != len(times):
            raise DataError(f"{place}: {len(values)} values of {name} at {len(times)} times, expected as many")
        for i, value in enumerate(values):
            here = f"hourly.{name}[{i}]"
            rows.put(zone, variable.kind, at_s[i], json_number(value, f"{place}, {here}", name), place, here)
    rows.rows += len(times)
