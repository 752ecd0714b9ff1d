"""Forecasts as the world reads them: synthetic ones, CarbonCast's, or those of a folder."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

import numpy as np

from greensched.core.errors import DataError
from greensched.core.types import F64
from greensched.scenario.load import Loaded
from greensched.scenario.slots import Grid, cover
from greensched.signals import carboncast, forecast, issued
from greensched.signals.csv_folder import CsvFolder
from greensched.signals.resample import to_slots

_HOUR_US = 3_600_000_000


class _Row(NamedTuple):
    """One issue; times in microseconds since the start of the run."""

    issue_us: int
    datacenter: int
    kind: int
    first_us: int
    step_us: int
    values: F64


def forecast_tables(
    loaded: Loaded, grid: Grid, is_blind: Callable[[int, int], bool] = lambda datacenter, at_us: False
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Meta and tables of forecasts.gsf (PROTOCOL.md §2.5); none is issued about a grid that ``is_blind``."""
    spec = loaded.scenario.signals.forecasts
    kinds = list(forecast.FORECAST_KINDS)
    make, model = {
        "synthetic": (_synthetic, forecast.MODEL),
        "real": (_of_folder, issued.MODEL) if _has_issues(loaded) else (_carboncast, carboncast.MODEL),
        "none": (_none, "none"),
    }[spec.source]
    rows: list[_Row] = []
    for i, dc in enumerate(loaded.scenario.datacenters):
        rows += make(loaded, grid, i, dc.zone, kinds)
    rows = sorted((r for r in rows if not is_blind(r.datacenter, r.issue_us)), key=lambda r: r[:3])
    counts = np.array([len(r.values) for r in rows], dtype=np.int64)
    issues = {
        "issue_us": np.array([r.issue_us for r in rows], dtype=np.int64),
        "datacenter": np.array([r.datacenter for r in rows], dtype=np.int32),
        "kind": np.array([r.kind for r in rows], dtype=np.int32),
        "first_us": np.array([r.first_us for r in rows], dtype=np.int64),
        "step_us": np.array([r.step_us for r in rows], dtype=np.int64),
        "offset": np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64) if rows else counts,
        "count": counts.astype(np.int32),
    }
    values = np.concatenate([r.values for r in rows]) if rows else np.zeros(0)
    meta = {"kinds": kinds, "synthetic": spec.source == "synthetic", "model": model}
    return meta, {"issues": issues, "values": {"value": values}}


def _has_issues(loaded: Loaded) -> bool:
    """Whether the folder of the signals is where real issues are looked for."""
    if not isinstance(loaded.source, CsvFolder):
        return False
    return loaded.data is None or (loaded.source.root / issued.FOLDER).is_dir()


def _none(loaded: Loaded, grid: Grid, index: int, zone: str, kinds: list[str]) -> list[_Row]:
    return []


def _wanted(available: set[str]) -> list[str]:
    """Carbon, wind and solar; the renewable share stands in where wind or solar is missing."""
    wanted: list[str] = [k for k in ("carbon_gpkwh", "wind_frac", "solar_frac") if k in available]
    if not {"wind_frac", "solar_frac"} <= available and "renewable_frac" in available:
        wanted.append("renewable_frac")
    return wanted


def _trim(values: F64) -> F64:
    known = np.flatnonzero(~np.isnan(values))
    return values[: known[-1] + 1] if len(known) else values[:0]


def _synthetic(loaded: Loaded, grid: Grid, index: int, zone: str, kinds: list[str]) -> list[_Row]:
    spec = loaded.scenario.signals.forecasts
    per_hour, step_s = _HOUR_US // spec.step, spec.step / 1e6
    horizon = spec.horizon // spec.step
    hour = grid.start.replace(minute=0, second=0, microsecond=0)
    shift_us = int((grid.start - hour).total_seconds() * 1e6)
    run_steps = int(-(-(grid.end - hour).total_seconds() // 3600)) * per_hour
    count = run_steps + horizon
    until = hour + timedelta(seconds=count * step_s)
    actual = loaded.source.load(zone, hour, until)
    issue_steps = np.arange(0, run_steps, spec.issue_every // spec.step, dtype=np.int64)
    rows: list[_Row] = []
    for kind in _wanted(set(actual.series)):
        even = to_slots(cover(actual.series[kind], hour, until), "", hour, count, step_s, "hold")
        reveal = forecast.zone_revisions(loaded.scenario.seed, zone, kind, count, horizon, per_hour)
        made = forecast.martingale(reveal, even, issue_steps, horizon, forecast.mape_pct(zone, kind), per_hour)
        values = np.minimum(made.values, 1.0) if kind.endswith("_frac") else made.values
        for r, k in enumerate(issue_steps.tolist()):
            kept, at_us = _trim(values[r]), k * spec.step - shift_us
            if len(kept):
                rows.append(_Row(at_us, index, kinds.index(kind), at_us, spec.step, kept))
    return rows


def _carboncast(loaded: Loaded, grid: Grid, index: int, zone: str, kinds: list[str]) -> list[_Row]:
    assert loaded.data is not None  # checked when the scenario was loaded
    try:
        issued_s, series = carboncast.load(loaded.data, zone, grid.start, grid.end)
    except DataError as error:
        loaded.problems.add(("datacenters", index, "zone"), str(error))
        return []
    rows: list[_Row] = []
    for kind, values in series.items():
        for r, at in enumerate(issued_s.tolist()):
            kept, at_us = _trim(values[r]), _since_us(grid, at)
            if len(kept):
                rows.append(_Row(at_us, index, kinds.index(kind), at_us, _HOUR_US, kept))
    return rows


def _of_folder(loaded: Loaded, grid: Grid, index: int, zone: str, kinds: list[str]) -> list[_Row]:
    assert isinstance(loaded.source, CsvFolder)
    try:
        issues = issued.load(loaded.source.root, zone, grid.start, grid.end)
    except DataError as error:
        loaded.problems.add(("datacenters", index, "zone"), str(error))
        return []
    rows: list[_Row] = []
    for issue in issues:
        for kind, values in issue.values.items():
            kept = _trim(values)
            if kind in kinds and len(kept):
                first_us, step_us = _since_us(grid, issue.first_s), issue.step_s * 1_000_000
                rows.append(_Row(_since_us(grid, issue.issue_s), index, kinds.index(kind), first_us, step_us, kept))
    return rows


def _since_us(grid: Grid, at_s: int) -> int:
    """Microseconds since the start of the run of an instant in POSIX seconds."""
    return (at_s - int(grid.start.timestamp())) * 1_000_000
