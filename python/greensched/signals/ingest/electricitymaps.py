"""Electricity Maps: bulk CSV of both generations (2021-24 and 2025 on), and the JSON of its API v3. ODbL 1.0.

Columns are found by keyword, whatever the case: the names changed between releases ("(LCA)" became "(Life cycle)",
"Low Carbon Percentage" became "Carbon-free energy percentage (CFE%)"), and the subscript of CO2 is written in several
ways. ``Datetime (UTC)`` is the start of the interval.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from greensched.core.errors import DataError
from greensched.signals.ingest.batch import Batch, Options, batch, share_estimated
from greensched.signals.ingest.rows import Rows
from greensched.signals.ingest.text import csv_rows, decode, member, read_bytes
from greensched.signals.ingest.values import instant, json_number, number, shown
from greensched.signals.provider import Label

LICENCE = "ODbL 1.0, Electricity Maps"
RENAMED = {"DE-LU": "DE", "AUS-NSW": "AU-NSW", "BR-SP": "BR-CS", "CL-SIC": "CL-SEN"}
"""Ids of former releases and the ids of today."""
# wanted -> groups of keywords, all of one group must be in the lower-case name
_COLUMNS: dict[str, tuple[tuple[str, ...], ...]] = {
    "ts": (("datetime", "utc"),),
    "zone": (("zone", "id"),),
    "direct": (("carbon", "intensity", "direct"),),
    "lifecycle": (("carbon", "intensity", "lca"), ("carbon", "intensity", "life")),
    "renewable": (("renewable", "%"), ("renewable", "percentage")),
    "estimated": (("data estimated",),),
    "source": (("data source",),),
}


def read(files: list[Path], options: Options) -> Batch:
    """Bulk CSV files, of any zones and years, also ``.csv.gz``.

    Returns:
        carbon_gpkwh (average, with the factors that were asked for) and renewable_frac.

    Raises:
        DataError: see :mod:`greensched.signals.ingest.rows`.
    """
    rows, estimated, sources = Rows(), dict[str, list[bool]](), set[str]()
    for path in files:
        _read(path, options, rows, estimated, sources)

    def label(zone: str, kind: str) -> Label:
        said = f"Electricity Maps, {options.factors} ({', '.join(sorted(sources)) or 'source not given'})"
        return _label(said, kind, options.factors, share_estimated(estimated, zone))

    return batch(rows, label)


def _label(source: str, kind: str, factors: Any, estimated_frac: float) -> Label:
    if kind == "carbon_gpkwh":
        return Label(source, False, estimated_frac, "average", factors, licence=LICENCE)
    return Label(source, False, estimated_frac, licence=LICENCE)


def _read(path: Path, options: Options, rows: Rows, estimated: dict[str, list[bool]], sources: set[str]) -> None:
    lines = csv_rows(decode(read_bytes(path), str(path)), str(path))
    _, header = next(lines)
    column = _columns(path, header)
    for line, fields in lines:
        place = f"{path}:{line}"
        zone = fields[column["zone"]]
        zone = RENAMED.get(zone, zone)
        if not zone:
            raise DataError(f"{place}: no zone id, expected one such as DE")
        at = instant(fields[column["ts"]], place, naive_is_utc=True)  # the column's name says UTC
        carbon = number(fields[column[options.factors]], place, header[column[options.factors]])
        renewable = number(fields[column["renewable"]], place, header[column["renewable"]])
        rows.put(zone, "carbon_gpkwh", at, carbon, str(path), line)
        rows.put(zone, "renewable_frac", at, renewable / 100.0, str(path), line)
        rows.rows += 1
        estimated.setdefault(zone, []).append(_flag(fields[column["estimated"]], place))
        if "source" in column and fields[column["source"]]:
            sources.add(shown(fields[column["source"]]))


def _columns(path: Path, header: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for wanted, groups in _COLUMNS.items():
        hits = [
            i
            for i, name in enumerate(header)
            if any(all(word in name.lower() for word in group) for group in groups) and "method" not in name.lower()
        ]
        if len(hits) > 1:
            names = ", ".join(shown(header[i]) for i in hits)
            raise DataError(f"{path}:1: {len(hits)} columns could be '{wanted}' ({names}), expected one; rename one")
        if hits:
            found[wanted] = hits[0]
        elif wanted != "source":
            words = " or ".join("+".join(group) for group in groups)
            have = ", ".join(shown(name) for name in header[:12])
            raise DataError(
                f"{path}:1: no column whose name has {words}; it has {have}. Is it a bulk CSV of Electricity Maps?"
            )
    return found


def _flag(text: str, place: str) -> bool:
    known = {"true": True, "1": True, "false": False, "0": False, "": False}
    if text.strip().lower() not in known:
        raise DataError(f"{place}: 'data estimated' is '{shown(text)}', expected true, false or nothing")
    return known[text.strip().lower()]


def parse(document: Any, place: str, options: Options, rows: Rows, estimated: dict[str, list[bool]]) -> str:
    """Add the readings of a reply of ``/carbon-intensity/history`` or ``past-range``; returns the zone.

    Raises:
        DataError: another shape, another zone or other emission factors than were asked for.
    """
    zone = member(document, "zone", str, place)
    name = "history" if isinstance(document.get("history"), list) else "data"
    for i, item in enumerate(member(document, name, list, place)):
        here = f"{name}[{i}]"
        where = f"{place}, {here}"
        factors = member(item, "emissionFactorType", str, where)
        if factors != options.factors:
            raise DataError(f"{where}: emissionFactorType is {shown(factors)}, expected {options.factors}")
        if item.get("zone", zone) != zone:
            raise DataError(f"{where}: zone is {shown(item['zone'])}, expected {shown(zone)}")
        at = instant(item.get("datetime"), where)
        rows.put(
            zone, "carbon_gpkwh", at, json_number(item.get("carbonIntensity"), where, "carbonIntensity"), place, here
        )
        estimated.setdefault(zone, []).append(item.get("isEstimated") is True)
        rows.rows += 1
    return str(zone)


def from_documents(documents: list[tuple[Any, str]], options: Options) -> Batch:
    """Series of replies of the API, each with its place.

    Raises:
        DataError: see :func:`parse`.
    """
    rows, estimated = Rows(), dict[str, list[bool]]()
    for document, place in documents:
        parse(document, place, options, rows, estimated)

    def label(zone: str, kind: str) -> Label:
        return _label(
            f"Electricity Maps API v3, {options.factors}", kind, options.factors, share_estimated(estimated, zone)
        )

    return batch(rows, label, in_order=False)
