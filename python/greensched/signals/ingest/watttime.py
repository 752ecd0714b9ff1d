"""WattTime: JSON of its API v3. Marginal (MOER) or average (AOER) CO2 of a region, in lb/MWh; direct emissions.

The two never end up in one column: ``co2_moer`` becomes marginal_gpkwh, ``co2_aoer`` carbon_gpkwh.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from greensched.core.errors import DataError
from greensched.signals.ingest.batch import Batch, Options, batch
from greensched.signals.ingest.rows import Rows
from greensched.signals.ingest.text import decode, member, parse_json, read_bytes
from greensched.signals.ingest.values import instant, json_number, shown
from greensched.signals.provider import Label, Measure

LICENCE = "WattTime's terms: no redistribution"
GPKWH_PER_LB_MWH = 0.45359237
KINDS: dict[str, tuple[str, Measure]] = {
    "co2_moer": ("marginal_gpkwh", "marginal"),
    "co2_aoer": ("carbon_gpkwh", "average"),
}


def read(files: list[Path], options: Options) -> Batch:
    """JSON replies of ``/v3/historical``; the zone is the one that the options name, else the region.

    Raises:
        DataError: see :mod:`greensched.signals.ingest.rows`; another unit or signal.
    """
    return from_documents([(parse_json(decode(read_bytes(p), str(p)), str(p)), str(p)) for p in files], options)


def from_documents(documents: list[tuple[Any, str]], options: Options) -> Batch:
    """Series of replies, each with its place.

    Raises:
        DataError: see :func:`parse`; life-cycle factors asked for, which the service has not.
    """
    if options.factors != "direct":
        raise DataError(f"{documents[0][1]}: WattTime has direct emissions only; say so with --factors direct")
    rows, steps_s = Rows(), set[int]()
    for document, place in documents:
        parse(document, place, options.zone, rows, steps_s)

    def label(zone: str, kind: str) -> Label:
        measure = next(m for k, m in KINDS.values() if k == kind)
        return Label(f"WattTime, {measure}", False, measure=measure, factors="direct", licence=LICENCE)

    return batch(rows, label, step_s=steps_s.pop() if len(steps_s) == 1 else None, in_order=False)


def parse(document: Any, place: str, zone: str | None, rows: Rows, steps_s: set[int]) -> int | None:
    """Add the readings of a reply; returns the instant at which it was generated (POSIX seconds), if it says so.

    Raises:
        DataError: another shape, unit or signal.
    """
    meta = member(document, "meta", dict, place)
    if meta.get("units") != "lbs_co2_per_mwh":
        raise DataError(f"{place}: meta.units is '{shown(meta.get('units'))}', expected lbs_co2_per_mwh")
    signal = member(meta, "signal_type", str, f"{place}, meta")
    if signal not in KINDS:
        raise DataError(f"{place}: meta.signal_type is '{shown(signal)}', expected {' or '.join(KINDS)}")
    step = meta.get("data_point_period_seconds")
    if isinstance(step, int) and not isinstance(step, bool) and step > 0:
        steps_s.add(step)
    zone = zone or member(meta, "region", str, f"{place}, meta")
    for i, item in enumerate(member(document, "data", list, place)):
        here = f"data[{i}]"
        where = f"{place}, {here}"
        at = instant(item.get("point_time") if isinstance(item, dict) else None, where)
        value = json_number(item.get("value"), where, "value") * GPKWH_PER_LB_MWH
        rows.put(zone, KINDS[signal][0], at, value, place, here)
        rows.rows += 1
    generated = meta.get("generated_at")
    return None if generated is None else instant(generated, f"{place}, meta.generated_at")
