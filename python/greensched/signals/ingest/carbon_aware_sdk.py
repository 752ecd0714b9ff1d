"""JSON of the Carbon Aware SDK (Green Software Foundation): ``{"Emissions": [{Location, Time, Rating, Duration}]}``.

``Rating`` is g/kWh and ``Duration`` a time span "[d.]hh:mm:ss". The SDK says neither average or marginal nor which
factors: the label leaves both open.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from greensched.core.errors import DataError
from greensched.signals.ingest.batch import Batch, Options, batch
from greensched.signals.ingest.rows import Rows
from greensched.signals.ingest.text import decode, member, parse_json, read_bytes
from greensched.signals.ingest.values import instant, json_number, shown
from greensched.signals.provider import Label

_SPAN = re.compile(r"(?:(\d{1,3})\.)?(\d{1,2}):(\d{2}):(\d{2})", re.ASCII)


def read(files: list[Path], options: Options) -> Batch:
    """JSON files; their locations are the zones.

    Raises:
        DataError: see :mod:`greensched.signals.ingest.rows`; times without a zone, unless the options say UTC.
    """
    rows, spans_s = Rows(), set[int]()
    for path in files:
        _read(parse_json(decode(read_bytes(path), str(path)), str(path)), str(path), options, rows, spans_s)
    label = Label("Carbon Aware SDK data set", synthetic=False)
    return batch(rows, lambda _zone, _kind: label, step_s=spans_s.pop() if len(spans_s) == 1 else None)


def _read(document: Any, place: str, options: Options, rows: Rows, spans_s: set[int]) -> None:
    for i, item in enumerate(member(document, "Emissions", list, place)):
        here = f"Emissions[{i}]"
        where = f"{place}, {here}"
        zone = member(item, "Location", str, where)
        at = instant(item.get("Time"), where, naive_is_utc=options.naive_is_utc)
        rows.put(zone, "carbon_gpkwh", at, json_number(item.get("Rating"), where, "Rating"), place, here)
        if item.get("Duration") is not None:
            spans_s.add(_span_s(item["Duration"], where))
        rows.rows += 1


def _span_s(text: object, where: str) -> int:
    match = _SPAN.fullmatch(text) if isinstance(text, str) else None
    if match is None or not any(map(int, match.groups("0"))):
        raise DataError(f"{where}: Duration '{shown(text)}' is no time span, expected one like 01:00:00")
    days, hours, minutes, seconds = (int(part) for part in match.groups("0"))
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
