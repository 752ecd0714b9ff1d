"""Writes series into a folder that scenarios read, column by column, and never mixes what is unlike.

A zone that has a file gets new columns, and longer ones: instants that only one side has are taken from it, those that
both have must agree (or ``overwrite`` says that the new ones win). Instants that nobody has stay missing. A coarser
series holds within its intervals, which is what it says anyway; nothing is interpolated.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import gcd
from pathlib import Path

import numpy as np

from greensched.core.errors import DataError
from greensched.core.types import F64
from greensched.signals import provenance, zone_file
from greensched.signals.ingest.batch import Series
from greensched.signals.provenance import Entries, Entry, Origin
from greensched.signals.provider import Label, ZoneSignals
from greensched.signals.series import Signal, utc_text

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_ .+-]{0,63}", re.ASCII)
_KIND = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)


@dataclass(frozen=True)
class Written:
    """What was written about one column, for the report."""

    zone: str
    kind: str
    signal: Signal
    path: Path


def write(
    folder: Path,
    series: Iterable[Series],
    origins: tuple[Origin, ...],
    *,
    suffix: str | None = None,
    overwrite: bool = False,
    units: Mapping[str, str] | None = None,
) -> list[Written]:
    """Add series to a folder, which is made if there is none.

    Args:
        folder: where to.
        series: what.
        origins: files or replies that they came from.
        suffix: ``.csv`` or ``.parquet``; None: as the zone's file is, else CSV.
        overwrite: where old and new values differ, the new ones win.
        units: of kinds that are not of the core.

    Raises:
        DataError: a zone's name that cannot be a file's, other emission factors, measure or currency than the column
            has, other values (without ``overwrite``), or intervals that do not fit into one grid.
    """
    folder.mkdir(parents=True, exist_ok=True)
    entries = provenance.read(folder)
    zones: dict[str, list[Series]] = {}
    for one in series:
        if _NAME.fullmatch(one.zone) is None or _KIND.fullmatch(one.kind) is None:
            raise DataError(
                f"zone '{one.zone!r:.80}', kind '{one.kind!r:.80}': expected a zone of letters, digits, space, _ . + -"
            )
        zones.setdefault(one.zone, []).append(one)
    changes = [_zone(folder, zone, new, entries, suffix, overwrite) for zone, new in sorted(zones.items())]
    written = []  # nothing is written before everything fits
    for path, columns, fresh, old in changes:
        zone_file.write(path, columns)
        if old is not None and old != path:
            old.unlink()
        for kind, label in fresh.items():
            entry = entries.get((path.stem, kind))
            kept = () if entry is None else tuple(o for o in entry.origins if o not in origins)
            entries[path.stem, kind] = Entry(label, (units or {}).get(kind, ""), kept + origins)
            written.append(Written(path.stem, kind, columns[kind], path))
    provenance.write(folder, entries)
    return written


Change = tuple[Path, zone_file.Columns, dict[str, Label], Path | None]


def _zone(folder: Path, zone: str, new: list[Series], entries: Entries, suffix: str | None, overwrite: bool) -> Change:
    there = [path for s in zone_file.SUFFIXES if (path := folder / f"{zone}{s}").exists()]
    old = there[0] if there else None
    columns = zone_file.read(old, others=[kind for z, kind in entries if z == zone]) if old is not None else {}
    path = folder / f"{zone}{suffix or (old.suffix if old is not None else '.csv')}"
    fresh: dict[str, Label] = {}
    for one in new:
        ZoneSignals(zone).add(one.kind, one.signal, one.label)  # refuses a marginal intensity in an average's column
        if one.kind in fresh:
            raise DataError(f"{one.kind} of {zone} comes twice, from {fresh[one.kind].source} and {one.label.source}")
        fresh[one.kind] = one.label
        if one.kind in columns:
            entry = entries.get((zone, one.kind))
            before = entry.label if entry is not None else Label(str(old), synthetic=False)
            fresh[one.kind] = _joined_label(f"{one.kind} of {zone} in {folder}", before, one.label)
            columns[one.kind] = _joined(columns[one.kind], one.signal, overwrite)
        else:
            columns[one.kind] = one.signal
    return path, _one_grid(zone, columns), fresh, old


def _joined_label(name: str, old: Label, new: Label) -> Label:
    for what in ("measure", "factors", "currency", "synthetic"):
        before, after = getattr(old, what), getattr(new, what)
        if before != after:
            raise DataError(
                f"{name} has {what} '{before or 'not said'}', the new values '{after or 'not said'}'; they are never "
                "mixed in one column: write them to another folder"
            )
    if old.source == new.source and old.licence == new.licence:
        return replace(new, estimated_frac=max(old.estimated_frac, new.estimated_frac))
    both = [part for part in dict.fromkeys([*old.source.split("; "), *new.source.split("; ")])]
    licences = [part for part in dict.fromkeys([*old.licence.split("; "), *new.licence.split("; ")]) if part]
    estimated = max(old.estimated_frac, new.estimated_frac)
    return replace(new, source="; ".join(both), licence="; ".join(licences), estimated_frac=estimated)


def _joined(old: Signal, new: Signal, overwrite: bool) -> Signal:
    grids = _one_grid(old.name, {"old": old, "new": new})
    one, other = grids["old"].values, grids["new"].values
    differ = np.flatnonzero(~np.isnan(one) & ~np.isnan(other) & (one != other))
    if len(differ) and not overwrite:
        k = int(differ[0])
        at = utc_text(grids["old"].start + timedelta(seconds=grids["old"].step_s * k))
        raise DataError(
            f"{old.name} is {one[k]:g} at {at}, the new value is {other[k]:g} ({len(differ)} values differ); "
            "say --overwrite if the new ones are right"
        )
    return Signal(old.name, grids["old"].start, grids["old"].step_s, np.where(np.isnan(other), one, other))


def _one_grid(zone: str, columns: zone_file.Columns) -> zone_file.Columns:
    """All series on the finest of their intervals, from the first start to the last end."""
    step_s = 0
    for signal in columns.values():
        step_s = gcd(step_s, int(signal.step_s))
    start = min(s.start for s in columns.values())
    for signal in columns.values():
        step_s = gcd(step_s, int((signal.start - start).total_seconds()))
    finest = min(int(s.step_s) for s in columns.values())
    if step_s != finest:
        steps = ", ".join(f"{kind} every {s.step_s:g} s from {utc_text(s.start)}" for kind, s in columns.items())
        raise DataError(f"{zone}: {steps}; expected intervals that divide each other and begin together")
    count = int((max(s.end for s in columns.values()) - start).total_seconds()) // step_s
    return {kind: _placed(signal, start, step_s, count) for kind, signal in columns.items()}


def _placed(signal: Signal, start: datetime, step_s: int, count: int) -> Signal:
    held = np.repeat(signal.values, int(signal.step_s) // step_s)
    values: F64 = np.full(count, np.nan)
    first = int((signal.start - start).total_seconds()) // step_s
    values[first : first + len(held)] = held
    return Signal(signal.name, start, float(step_s), values)
