"""Jobs from a user's CSV or Parquet file, checked row by row; everything that is wrong is said at once."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from greensched.core import limits
from greensched.core.errors import DataError
from greensched.core.types import F64, I32
from greensched.traces import imported, jobtable
from greensched.traces.table import UNSET_PRIORITY, Jobs, Text, blank

REQUIRED = ("arrival_s", "duration_s", "cores")
OPTIONAL = (
    "mem_gb",
    "gpus",
    "gpu_type",
    "deadline_s",
    "expected_s",
    "data_gb",
    "origin",
    "priority",
    "name",
    "labels",
    "user",
    "description",
)
GB_PER_CORE = 4.0  # memory of a job that does not say: what general purpose machines of the big clouds have per core
_OWNER = ("name", "labels", "user", "description")
_TEXT = ("gpu_type", "origin", *_OWNER)
_LIMITS = {  # greatest values; priority is a 32-bit number of which the least means "not given"
    "arrival_s": limits.LATEST_S,
    "duration_s": limits.LONGEST_S,
    "cores": limits.CORES,
    "mem_gb": limits.MEM_GB,
    "gpus": limits.GPUS,
    "deadline_s": limits.LATEST_S,
    "expected_s": limits.LATEST_S,
    "data_gb": limits.DATA_GB,
    "priority": 2**31 - 1,
}
_SHOWN = 3  # rows named per kind of problem


def load(path: Path, homes: dict[str, int], seed: int = 0, gpu_types: Sequence[str] = ()) -> Jobs:
    """Jobs of a file.

    Args:
        path: .csv (with header) or .parquet. ``deadline_s`` is absolute, like ``arrival_s``; empty: no deadline rule
            applies to files that have the column, an empty cell means none. An empty cell, or no column: ``gpus`` is
            none, ``mem_gb`` is ``GB_PER_CORE`` per core and counted in the notes, and the others are drawn.
            The output of ``greensched trace import`` is read as what it is (:mod:`greensched.traces.imported`).
        homes: datacenter name -> origin index, for the column ``origin``.
        seed: of what is drawn for an imported trace.
        gpu_types: those of the run; an imported trace may ask for others, and then takes any.

    Raises:
        DataError: columns are missing or unknown, or values impossible; the message lists every kind of problem.
    """
    if path.suffix == ".parquet" and jobtable.is_table(path):
        return imported.load(path, seed, gpu_types)
    frame = _read(path)
    problems = _columns(path, list(frame.columns))
    if problems:
        raise DataError("; ".join(problems))
    numbers = {c: _number(path, frame, c, problems) for c in frame.columns if c not in _TEXT}
    _check_values(path, numbers, problems)
    n = len(frame)
    columns = blank(n)
    origin = _codes(path, frame, "origin", homes, problems)
    if problems:
        raise DataError("; ".join(problems))
    for name in ("expected_s", "data_gb"):
        columns[name] = numbers.get(name, columns[name])
    if "gpus" in numbers:
        columns["gpus"] = np.nan_to_num(numbers["gpus"], nan=0.0)
    if "deadline_s" in numbers:
        columns["deadline_s"] = np.where(np.isnan(numbers["deadline_s"]), np.inf, numbers["deadline_s"])
    if "priority" in numbers:
        given_priority = np.nan_to_num(numbers["priority"], nan=float(UNSET_PRIORITY))
        columns["priority"] = given_priority.astype(np.int32)
    if origin is not None:
        columns["origin"] = origin
    types: tuple[str, ...] = ()
    if "gpu_type" in frame.columns:
        text = _text(frame, "gpu_type")
        types = tuple(sorted({t for t in text if t}))
        columns["gpu_type"] = np.array([types.index(t) if t else -1 for t in text], np.int32)
    mem_gb, notes = _memory(path, numbers)
    given = {c: Text.of(_text(frame, c)) for c in _OWNER if c in frame.columns}
    return Jobs(
        arrival_s=numbers["arrival_s"],
        duration_s=numbers["duration_s"],
        cores=numbers["cores"],
        mem_gb=mem_gb,
        gpu_types=types,
        source=path.name,
        notes=notes,
        name=given.get("name"),
        labels=given.get("labels"),
        user=given.get("user"),
        description=given.get("description"),
        **columns,
    )


def _memory(path: Path, numbers: dict[str, F64]) -> tuple[F64, list[str]]:
    """Memory of every job, and a note on how many did not say: they would otherwise fit anywhere."""
    cores = numbers["cores"]
    mem_gb = numbers.get("mem_gb", np.full(len(cores), np.nan))
    silent = np.isnan(mem_gb)
    count = int(silent.sum())
    note = f"{count} of {len(cores)} jobs of {path.name} have no mem_gb and were given {GB_PER_CORE:g} GB per core"
    return np.where(silent, GB_PER_CORE * cores, mem_gb), [note] if count else []


def _read(path: Path) -> pd.DataFrame:
    try:
        if path.suffix == ".parquet":
            return pd.DataFrame(pq.read_table(path).to_pandas())
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except (ValueError, OSError) as error:
        raise DataError(f"{path}: cannot be read as {path.suffix[1:]} ({error})") from error
    if not isinstance(frame.index, pd.RangeIndex):  # pandas took the first fields of longer rows for row names
        raise DataError(_too_long(path))
    return frame


def _too_long(path: Path) -> str:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = csv.reader(stream)
        names = next(rows)
        long = next((row for row in rows if len(row) > len(names)), [])
        return f"{path}:{rows.line_num}: {len(long)} fields, expected at most {len(names)}"


def _columns(path: Path, have: list[str]) -> list[str]:
    problems = []
    missing = [c for c in REQUIRED if c not in have]
    if missing:
        problems.append(f"{path}: no column {', '.join(missing)}; it has {', '.join(have)}")
    unknown = [c for c in have if c not in (*REQUIRED, *OPTIONAL)]
    if unknown:
        problems.append(f"{path}: unknown column {', '.join(unknown)}; known are {', '.join((*REQUIRED, *OPTIONAL))}")
    return problems


def _rows(bad: Any) -> str:
    rows = np.flatnonzero(bad)
    shown = ", ".join(str(r + 2) for r in rows[:_SHOWN])  # line numbers of a CSV file with a header
    more = f" and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
    return f"line{'s' if len(rows) > 1 else ''} {shown}{more}"


def _number(path: Path, frame: pd.DataFrame, name: str, problems: list[str]) -> F64:
    raw = frame[name]
    values = pd.to_numeric(raw, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    empty = (raw.isna() | (raw.astype(str).str.strip() == "")).to_numpy(dtype=bool)
    bad = np.isnan(values) & ~empty & (raw.astype(str).str.lower() != "nan").to_numpy(dtype=bool)
    if bad.any():
        problems.append(f"{path}: {name} is not a number in {_rows(bad)}")
    elif name in REQUIRED and np.isnan(values).any():
        problems.append(f"{path}: {name} is missing or NaN in {_rows(np.isnan(values))}")
    return np.where(bad, 0.0, values)


def _check_values(path: Path, numbers: dict[str, F64], problems: list[str]) -> None:
    def complain(bad: Any, text: str) -> None:
        if np.any(bad):
            problems.append(f"{path}: {text} in {_rows(bad)}")

    complain(numbers["arrival_s"] < 0, "negative arrival_s, expected seconds since the start of the run")
    complain(numbers["duration_s"] <= 0, "duration_s is not above 0")
    complain(numbers["cores"] <= 0, "negative or zero demand: cores must be above 0")
    for name in ("mem_gb", "gpus", "data_gb"):
        if name in numbers:
            complain(numbers[name] < 0, f"negative demand: {name} must be 0 or more")
    if "deadline_s" in numbers:
        complain(
            numbers["deadline_s"] <= numbers["arrival_s"], "deadline before arrival: deadline_s must be after arrival_s"
        )
    if "expected_s" in numbers:
        complain(numbers["expected_s"] <= 0, "expected_s is not above 0")
    for name, values in numbers.items():
        complain(np.isinf(values), f"{name} is infinite")
        most = _LIMITS[name]
        hint = " (leave the cell empty for no deadline)" if name == "deadline_s" else ""
        complain(np.isfinite(values) & (values > most), f"{name} is too large, expected at most {most:.10g}{hint}")
    if "priority" in numbers:
        given = numbers["priority"]
        complain(given <= UNSET_PRIORITY, f"priority is too small, expected at least {UNSET_PRIORITY + 1}")
        complain(np.isfinite(given) & (given != np.round(given)), "priority is not a whole number")


def _text(frame: pd.DataFrame, name: str) -> list[str]:
    return ["" if v is None or v != v else str(v) for v in frame[name].tolist()]


def _codes(path: Path, frame: pd.DataFrame, name: str, known: dict[str, int], problems: list[str]) -> I32 | None:
    if name not in frame.columns:
        return None
    text = _text(frame, name)
    unknown = sorted({t for t in text if t and t not in known})
    if unknown:
        problems.append(f"{path}: unknown {name} {', '.join(unknown[:5])}; known are {', '.join(known)}")
    return np.array([known.get(t, -1) for t in text], np.int32)
