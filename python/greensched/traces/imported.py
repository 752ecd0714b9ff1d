"""From the typed job table (the Parquet file of ``trace import``) to the jobs of a scenario.

What a run needs and the trace does not say is drawn or assumed here, and said in the notes; how a job ended and how
much CPU it used stays out of the declared facts, since no operator knows it beforehand.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from greensched.core import limits
from greensched.core.errors import DataError
from greensched.core.streams import stream
from greensched.core.types import F64, I32
from greensched.traces import jobtable
from greensched.traces.laws import AZURE_SIZES, choose
from greensched.traces.table import UNSET_PRIORITY, Jobs, Text, blank

GB_PER_CORE = 4.0  # as for other files that do not give memory
_LEAST_CORES = 0.1
_COLUMNS = (
    *("job", "arrival_s", "duration_s", "cores", "mem_gb", "gpus", "gpu_type", "instances", "priority", "expected_s"),
    *("deadline_s", "user", "group", "name", "logical_name", "framework", "labels", "service_class", "after"),
    "description",
)


def load(path: Path, seed: int, gpu_types: Sequence[str] = ()) -> Jobs:
    """Jobs of a typed job table whose arrival and run time are known.

    Args:
        path: Parquet file of ``trace import``.
        seed: of what is drawn.
        gpu_types: those that the run has.

    Raises:
        DataError: it is no such file, or no job has a known arrival and run time.
    """
    about = jobtable.metadata(path)
    rows = jobtable.read(path, list(_COLUMNS))
    rows, notes = _usable(path, rows)
    n = rows.num_rows
    columns = blank(n)
    cores, mem_gb = _demand(path, rows, seed, notes)
    columns["gpus"] = np.nan_to_num(_numbers(rows, "gpus"), nan=0.0)
    types, columns["gpu_type"] = _gpu_types(rows, gpu_types, notes)
    columns["group"] = _groups(rows)
    columns["expected_s"] = _between(_numbers(rows, "expected_s"), 1.0, limits.LATEST_S)
    if rows.column("deadline_s").null_count < n:
        given = _numbers(rows, "deadline_s")
        columns["deadline_s"] = np.where(np.isnan(given), np.inf, given)
        notes.append(f"deadlines of {path.name}: {about['deadlines']}")
    priority = np.nan_to_num(_numbers(rows, "priority"), nan=float(UNSET_PRIORITY))
    columns["priority"] = priority.astype(np.int32)
    for name, text in (
        ("instances", "stand for several instances; one of each is run"),
        ("after", "have predecessors"),
    ):
        count = _several(rows, name)
        if count:
            extra = "" if name == "instances" else "; they are run as independent jobs"
            notes.append(f"{count} of {n} jobs of {path.name} {text}{extra}")
    return Jobs(
        arrival_s=_numbers(rows, "arrival_s"),
        duration_s=_numbers(rows, "duration_s"),
        cores=cores,
        mem_gb=mem_gb,
        gpu_types=types,
        source=f"{about['title']} ({about['source']})",
        notes=notes,
        name=_text(pc.coalesce(rows.column("name"), rows.column("logical_name"))),
        labels=_text(_labels(rows)),
        user=_text(rows.column("user")),
        description=_text(rows.column("description")),
        **columns,
    )


def _numbers(rows: pa.Table, name: str) -> F64:
    values: F64 = rows.column(name).cast(pa.float64()).to_numpy()
    return values


def _between(values: F64, least: float, most: float) -> F64:
    result: F64 = np.where(np.isnan(values), np.nan, np.clip(values, least, most))
    return result


def _usable(path: Path, rows: pa.Table) -> tuple[pa.Table, list[str]]:
    arrival_s, duration_s = _numbers(rows, "arrival_s"), _numbers(rows, "duration_s")
    good = np.isfinite(arrival_s) & (arrival_s >= 0) & (duration_s > 0) & (duration_s <= limits.LONGEST_S)
    for name, most in (("cores", limits.CORES), ("mem_gb", limits.MEM_GB), ("gpus", limits.GPUS)):
        values = _numbers(rows, name)
        good &= ~(values > most)
    if not good.any():
        raise DataError(
            f"{path}: none of its {len(good)} jobs has a known arrival and a run time above 0; "
            "expected a trace that has both (greensched trace describe says what is missing)"
        )
    left = int((~good).sum())
    note = f"{left} of {len(good)} jobs of {path.name} have no known arrival or run time and were left out"
    return rows.filter(pa.array(good)), [note] if left else []


def _demand(path: Path, rows: pa.Table, seed: int, notes: list[str]) -> tuple[F64, F64]:
    """Cores and GB; what the trace does not say is drawn from the Azure sizes, or follows from the cores."""
    cores, mem_gb = _numbers(rows, "cores"), _numbers(rows, "mem_gb")
    n, unknown, silent = len(cores), np.isnan(cores), np.isnan(mem_gb)
    if unknown.any():
        size = choose(stream(seed, "trace", "sizes"), np.array([s for _, _, s in AZURE_SIZES]), n)
        drawn = np.array([c for c, _, _ in AZURE_SIZES], dtype=np.float64)[size]
        cores = np.where(unknown, drawn, cores)
        mem_gb = np.where(unknown & silent, np.array([m for _, m, _ in AZURE_SIZES])[size], mem_gb)
        notes.append(
            f"{int(unknown.sum())} of {n} jobs of {path.name} have no cores: drawn from the Azure V1 size table"
        )
    small = cores < _LEAST_CORES
    cores = np.where(small, _LEAST_CORES, cores)
    if small.any():
        notes.append(
            f"{int(small.sum())} of {n} jobs of {path.name} ask for less than {_LEAST_CORES} cores and get that"
        )
    silent = np.isnan(mem_gb)
    if silent.any():
        notes.append(
            f"{int(silent.sum())} of {n} jobs of {path.name} have no mem_gb and were given {GB_PER_CORE:g} GB per core"
        )
    return cores, np.where(silent, GB_PER_CORE * cores, mem_gb)


def _gpu_types(rows: pa.Table, known: Sequence[str], notes: list[str]) -> tuple[tuple[str, ...], I32]:
    """GPU types that are asked for and that the run has; a choice of several, or an unknown type, is no constraint."""
    encoded = _encoded(rows.column("gpu_type"))
    asked = [str(word) for word in encoded.dictionary.to_pylist()]
    types = sorted(word for word in asked if word in known)
    table = np.array([*(types.index(word) if word in types else -1 for word in asked), -1], np.int32)
    index = encoded.indices.fill_null(len(asked)).to_numpy()
    lifted = sorted(word for word in asked if word and word not in types)
    count = int(np.isin(index, [asked.index(word) for word in lifted]).sum())
    if count:
        notes.append(
            f"{count} jobs ask for GPUs of which no datacenter has any ({', '.join(lifted[:5])}): they take any"
        )
    return tuple(types), table[index].astype(np.int32)


def _encoded(column: Any) -> Any:
    return column.combine_chunks().dictionary_encode()


def _groups(rows: pa.Table) -> Any:
    """Jobs of one group, or tasks of one job, that arrive at the same instant are one submission."""
    named = _encoded(pc.coalesce(rows.column("group"), rows.column("job")))
    code = named.indices.fill_null(-1).to_numpy().astype(np.int64)
    code = np.where(code < 0, len(named.dictionary) + np.arange(len(code)), code)
    _, at = np.unique(_numbers(rows, "arrival_s"), return_inverse=True)
    return np.unique(code * (int(at.max()) + 1) + at, return_inverse=True)[1].astype(np.int64)


def _several(rows: pa.Table, name: str) -> int:
    if name == "instances":
        return int((_numbers(rows, name) > 1).sum())
    return int(pc.sum(pc.greater(pc.list_value_length(rows.column(name)), 0)).as_py() or 0)


def _labels(rows: pa.Table) -> Any:
    """All other text as ``key=value;key=value``, the form that predictors read."""
    parts = [pa.repeat(pa.scalar(""), rows.num_rows), rows.column("labels").combine_chunks()]
    named = {"class": "service_class", "group": "group", "framework": "framework", "logical": "logical_name"}
    for key, name in named.items():
        column = rows.column(name).combine_chunks()
        parts.append(pc.binary_join_element_wise(pa.repeat(pa.scalar(key), rows.num_rows), column, "="))
    joined = pc.utf8_ltrim(pc.binary_join_element_wise(*parts, ";", null_handling="skip"), ";")
    return pc.if_else(pc.equal(joined, ""), pa.scalar(None, pa.string()), joined)


def _text(column: Any) -> Text | None:
    """A text column; None where no row has any, so that the application's text stands in for all."""
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if column.null_count == len(column):
        return None
    encoded = column.fill_null("").dictionary_encode()
    return Text(tuple(encoded.dictionary.to_pylist()), encoded.indices.to_numpy().astype(np.int32))
