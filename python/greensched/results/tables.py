"""The result tables, from a run folder to Arrow; names, order, units and types come from ``columns.py``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from greensched.core.types import Action, DecisionStatus, TaskState
from greensched.results.columns import TABLES, Column
from greensched.results.folder import RunFolder, strings

_ARROW = {"int64": pa.int64(), "int32": pa.int32(), "double": pa.float64(), "string": pa.string()}
_SOURCES = ("", "mind", "fallback")  # PROTOCOL.md §2.6
STATE_NAMES = [s.name.lower() for s in TaskState]


def name_column(codes: NDArray[Any], names: Sequence[str]) -> pa.Array:
    """Codes as a dictionary column of names; a code outside ``names``, or an empty name, is null."""
    index = np.asarray(codes, dtype=np.int32)
    known = np.array([bool(n) for n in names] + [False])
    valid = (index >= 0) & (index < len(names)) & known[np.clip(index, 0, len(names))]
    return pa.DictionaryArray.from_arrays(
        pa.array(np.where(valid, index, 0), mask=~valid), pa.array(list(names), pa.string())
    )


def jobs(run: RunFolder) -> pa.Table:
    """jobs.parquet: what was declared, what happened, what it cost; a row per task."""
    declared, done = run.tasks, run.jobs
    meta = run.job_frame.meta
    arrival_s = declared["arrival_us"] / 1e6
    late_s = np.maximum(0.0, done["finish_s"] - run.deadline_s)
    rows: dict[str, Any] = {
        **{c: declared[c] for c in ("job", "index", "priority", "cores", "gpus", "mem_gb", "data_gb", "expected_s")},
        **{c: strings(declared[c]) for c in ("name", "labels", "user")},
        "description": _optional_text(declared, "description", len(arrival_s)),
        **{c: done[c] for c in done if c not in ("state", "reason", "dc", "host", "decision", "source")},
        "task": np.arange(len(arrival_s)),
        "origin": name_column(declared["origin"], run.origin_names),
        "home": name_column(run.homes[declared["origin"]], run.datacenter_names),
        "dc": name_column(done["dc"], run.datacenter_names),
        "host": masked(done["host"], done["host"] < 0),
        "state": name_column(done["state"] + 1, ["not_arrived", *STATE_NAMES]),
        "reason": name_column(done["reason"], list(meta.get("reasons", []))),
        "source": name_column(done["source"], _SOURCES),
        "decision": masked(done["decision"], done["decision"] < 0),
        "gpu_type": name_column(declared["gpu_type"], run.config["gpu_types"]),
        "arrival_s": arrival_s,
        "deadline_s": run.deadline_s,
        "wait_s": done["first_start_s"] - arrival_s,
        "run_s": done["finish_s"] - done["start_s"],
        "late_s": late_s,
        "carbon_g": done["dynamic_g"] + done["idle_g"] + done["transfer_g"],
    }
    return build("jobs", rows, run)


def _optional_text(declared: Mapping[str, Any], name: str, rows: int) -> pa.Array:
    return strings(declared[name]) if name in declared else pa.nulls(rows, pa.string())


def datacenters(run: RunFolder) -> pa.Table:
    """datacenters.parquet: a row per datacenter and slot."""
    rows = dict(run.datacenters)
    if rows:
        rows["t_s"] = rows["t_us"] / 1e6
        rows["dc"] = name_column(rows["dc"], run.datacenter_names)
    return build("datacenters", rows, run)


def decisions(run: RunFolder) -> pa.Table:
    """decisions.parquet: the world's log of decisions, joined with the predictions of the mind and with the outcome."""
    rows = dict(run.decisions)
    if rows:
        t_s = rows["t_us"] / 1e6
        until_us = rows["until_us"]
        deferred = rows["action"] == Action.DEFER
        # after a lost answer the world's fallback decides under the ids that the mind had used
        foreign = rows["source"] != _SOURCES.index("mind")
        said = run.predicted.without(foreign)
        actual_kwh, actual_s = outcome(run, rows["decision"], rows["task"], t_s)
        rows |= {
            "t_s": t_s,
            "until_s": np.where(deferred, until_us / 1e6, np.nan),
            "action": name_column(rows["action"], [a.name.lower() for a in Action]),
            "dc": name_column(rows["dc"], run.datacenter_names),
            "source": name_column(rows["source"], _SOURCES),
            "status": name_column(rows["status"], [s.name.lower() for s in DecisionStatus]),
            "code": name_column(rows["code"], run.decision_codes or ["accepted"]),
            "predicted_kwh": said.energy_kwh,
            "predicted_s": said.service_s,
            "propensity": said.propensity,
            "model": said.model,
            "actual_kwh": actual_kwh,
            "actual_s": actual_s,
        }
    return build("decisions", rows, run)


def outcome(
    run: RunFolder, decision: NDArray[np.int64], task: NDArray[np.int64], t_s: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Actual energy and time of the decisions that their task ran under and finished under; NaN for the others."""
    done = run.jobs
    known = (task >= 0) & (task < len(done["state"]))  # a mind may have decided a task that does not exist
    row = np.where(known, task, 0)
    ran = known & (done["decision"][row] == decision) & (done["state"][row] == TaskState.FINISHED)
    ran &= done["attempts"][row] == 1  # what several attempts took is the doing of no one decision
    return (
        np.where(ran, done["dynamic_kwh"][row], np.nan),
        np.where(ran, done["finish_s"][row] - t_s, np.nan),
    )


def hosts(run: RunFolder) -> pa.Table:
    """hosts.parquet: a row per host."""
    rows = dict(run.hosts)
    if rows:
        rows["dc"] = name_column(rows["dc"], run.datacenter_names)
        rows["type"] = strings(rows["type"]).dictionary_encode()
    return build("hosts", rows, run)


BUILDERS: dict[str, Callable[[RunFolder], pa.Table]] = {
    "jobs": jobs,
    "datacenters": datacenters,
    "decisions": decisions,
    "hosts": hosts,
}


def schema(name: str) -> pa.Schema:
    """Arrow schema of result table ``name``; every field carries its unit and description."""
    return pa.schema([_field(column) for column in TABLES[name]])


def write(name: str, table: pa.Table, folder: Path) -> Path:
    """Write ``folder``/``name``.parquet atomically."""
    path = folder / f"{name}.parquet"
    temporary = folder / f".{name}.parquet.part"
    try:
        pq.write_table(table, temporary, compression="zstd")
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)  # on a full disk every block is wanted elsewhere
        raise
    return path


def build(name: str, rows: Mapping[str, Any], run: RunFolder) -> pa.Table:
    """Result table ``name`` from columns by name; no columns make an empty table."""
    fields = schema(name)
    arrays = [_array(rows[f.name], f.type) if rows else pa.array([], f.type) for f in fields]
    about = {"table": name, "run_id": run.config["run_id"], "start_utc": run.config["start_utc"]}
    return pa.table(arrays, schema=fields.with_metadata(about))


def _array(values: Any, kind: pa.DataType) -> pa.Array:
    """A column of type ``kind``; NaN becomes null."""
    if isinstance(values, np.ndarray):
        return pa.array(values, from_pandas=True).cast(kind)
    return values if values.type == kind else values.cast(kind)


def _field(column: Column) -> pa.Field:
    kind = pa.dictionary(pa.int32(), pa.string()) if column.type == "name" else _ARROW[column.type]
    return pa.field(column.name, kind, metadata={"unit": column.unit, "description": column.description})


def masked(values: NDArray[Any], missing: NDArray[np.bool_]) -> pa.Array:
    """A column with nulls where ``missing``."""
    return pa.array(values, mask=missing)
