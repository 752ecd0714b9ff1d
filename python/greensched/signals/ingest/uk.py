"""UK Carbon Intensity (NESO): JSON of its API. CC BY 4.0, half hours, g/kWh.

The intensity is that of Great Britain's consumption with its own factors by fuel, in which wind, sun, water and nuclear
count 0 (``/intensity/factors``): direct emissions, average. ``actual`` is null until it is known; the ``forecast`` of a
past half hour is never put in its place.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from greensched.core.errors import DataError
from greensched.signals.ingest.batch import Batch, Options, batch
from greensched.signals.ingest.rows import Rows
from greensched.signals.ingest.text import decode, member, parse_json, read_bytes
from greensched.signals.ingest.values import instant, json_number
from greensched.signals.provider import Label

LICENCE = "CC BY 4.0, NESO Carbon Intensity API"
ZONE = "GB"
STEP_S = 1800


def read(files: list[Path], options: Options) -> Batch:
    """JSON replies of ``/intensity/{from}/{to}``; the zone is GB.

    Raises:
        DataError: see :mod:`greensched.signals.ingest.rows`.
    """
    return from_documents([(parse_json(decode(read_bytes(p), str(p)), str(p)), str(p)) for p in files], options)


def from_documents(documents: list[tuple[Any, str]], options: Options) -> Batch:
    """Series of replies, each with its place.

    Raises:
        DataError: see :func:`parse`; life-cycle factors asked for, which the service has not.
    """
    if options.factors != "direct":
        raise DataError(
            f"{documents[0][1]}: the UK Carbon Intensity API has direct intensity only; say so with --factors direct"
        )
    rows = Rows()
    for document, place in documents:
        parse(document, place, "actual", rows)
    label = Label("UK Carbon Intensity API, actual", False, measure="average", factors="direct", licence=LICENCE)
    return batch(rows, lambda _zone, _kind: label, step_s=STEP_S, in_order=False)


def parse(document: Any, place: str, which: str, rows: Rows) -> None:
    """Add the readings ``which`` ("actual" or "forecast") of a reply.

    Raises:
        DataError: another shape, or an interval that is not half an hour.
    """
    for i, item in enumerate(member(document, "data", list, place)):
        here = f"data[{i}]"
        where = f"{place}, {here}"
        intensity = member(item, "intensity", dict, where)
        start, end = instant(item.get("from"), where), instant(item.get("to"), where)
        if end - start != STEP_S:
            raise DataError(f"{where}: an interval of {end - start} s, expected {STEP_S}")
        rows.put(ZONE, "carbon_gpkwh", start, json_number(intensity.get(which), where, which), place, here)
        rows.rows += 1
