"""The typed job table: what every trace format is brought to, and the only form in which traces are kept.

A row is a job, or a task of a job where the source knows tasks. **What a source does not say is null, never 0.**
Demand is that of one instance. Units and meaning of each column are in its Arrow field metadata, so the Parquet file
explains itself; where the rows come from is JSON in the file's metadata under ``greensched.trace``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from greensched.core.errors import DataError

VERSION: Final = 1
KEY: Final = b"greensched.trace"
STATUSES: Final = ("finished", "failed", "killed", "evicted", "lost", "running", "waiting")
ROWS_PER_GROUP: Final = 131_072


class Column(NamedTuple):
    """A column of the table; the unit is empty where there is none."""

    name: str
    type: Any
    unit: str
    description: str


_TEXT, _F64, _I32, _I64 = pa.string(), pa.float64(), pa.int32(), pa.int64()
COLUMNS: Final = (
    Column("job", _TEXT, "", "the source's id of the job; null where it has none"),
    Column("task", _TEXT, "", "the source's id of the task within its job; null where a row is a whole job"),
    Column("arrival_s", _F64, "s", "submission, since time_zero of the metadata; null: before the trace's window"),
    Column("queue_s", _F64, "s", "from submission to the first start"),
    Column("duration_s", _F64, "s", "run time of the last attempt; null where its start or end was not seen"),
    Column("at_least_s", _F64, "s", "run time that was seen where duration_s is cut off by the trace's window"),
    Column("cores", _F64, "cores", "cores held by one instance"),
    Column("cores_norm_frac", _F64, "1", "the source's own figure: share of its largest machine's cores"),
    Column("mem_gb", _F64, "GB", "memory held by one instance, 10^9 bytes"),
    Column("mem_norm_frac", _F64, "1", "the source's own figure: share of its largest machine's memory"),
    Column("gpus", _F64, "GPUs", "GPUs held by one instance; below 1 a share of one GPU"),
    Column("gpu_type", _TEXT, "", "GPU type asked for; alternatives are separated by |"),
    Column("instances", _I32, "1", "equal instances that this row stands for"),
    Column("attempts", _I32, "1", "times that it was started"),
    Column("cpu_util_frac", _F64, "1", "mean CPU use relative to the cores held"),
    Column("tokens_in", _I64, "tokens", "length of the prompt"),
    Column("tokens_out", _I64, "tokens", "length of the answer"),
    Column("priority", _I32, "", "the source's priority, turned so that the higher is served first"),
    Column("service_class", _TEXT, "", "the source's class of service"),
    Column("status", _TEXT, "", f"how it ended: {', '.join(STATUSES)}"),
    Column("expected_s", _F64, "s", "the owner's estimate of the run time"),
    Column("deadline_s", _F64, "s", "synthetic, by the rule in the metadata, since time_zero; no trace has deadlines"),
    Column("user", _TEXT, "", "who submitted it"),
    Column("group", _TEXT, "", "team, deployment, virtual cluster or tag that it belongs to"),
    Column("name", _TEXT, "", "its name"),
    Column("logical_name", _TEXT, "", "name that recurs over its repetitions"),
    Column("framework", _TEXT, "", "framework, workload or role"),
    Column("labels", _TEXT, "", "more text that the source has, as key=value;key=value"),
    Column("description", _TEXT, "", "what its owner wrote about it"),
    Column("after", pa.list_(_TEXT), "", "tasks of its job (without a task: jobs) that end before it starts"),
)


def _field(c: Column) -> Any:
    return pa.field(c.name, c.type, metadata={"unit": c.unit, "description": c.description})


SCHEMA: Final = pa.schema([_field(c) for c in COLUMNS])


def complete(rows: pa.Table) -> pa.Table:
    """The given columns in the schema's order and types; those that are not given are null.

    Raises:
        DataError: a column is not of the schema, or its values do not fit the column's type.
    """
    unknown = [name for name in rows.column_names if name not in SCHEMA.names]
    if unknown:
        raise DataError(f"no column {', '.join(unknown)} in the job table; it has {', '.join(SCHEMA.names)}")
    columns = []
    for field in SCHEMA:
        if field.name not in rows.column_names:
            columns.append(pa.nulls(rows.num_rows, field.type))
            continue
        try:
            columns.append(rows.column(field.name).cast(field.type))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise DataError(f"column {field.name} does not fit {field.type}: {error}") from error
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def writer(path: Path) -> Any:
    """A Parquet writer for tables of :data:`SCHEMA`; close it with :func:`finish`."""
    return pq.ParquetWriter(path, SCHEMA, compression="zstd", compression_level=1)


def finish(writing: Any, metadata: dict[str, Any]) -> None:
    """Add what is known about the rows and close the file."""
    writing.add_key_value_metadata({KEY: json.dumps(metadata | {"version": VERSION}, sort_keys=True).encode()})
    writing.close()


def is_table(path: Path) -> bool:
    """Whether this Parquet file is a typed job table."""
    try:
        return KEY in (pq.read_metadata(path).metadata or {})
    except (pa.ArrowInvalid, OSError):
        return False


def metadata(path: Path) -> dict[str, Any]:
    """What the file says about its rows: format, files, time_zero, assumptions, deadline rule, report.

    Raises:
        DataError: it is no typed job table, or one of another version.
    """
    try:
        stored = pq.read_metadata(path).metadata or {}
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{path}: cannot be read as Parquet ({error}); expected the output of trace import") from error
    if KEY not in stored:
        raise DataError(f"{path}: no job table; make one with: greensched trace import FORMAT FILES -o {path.name}")
    found: dict[str, Any] = json.loads(stored[KEY])
    if found.get("version") != VERSION:
        raise DataError(f"{path}: job table of version {found.get('version')}, expected {VERSION}; import it again")
    return found


def read(path: Path, columns: list[str] | None = None) -> pa.Table:
    """Rows of a typed job table.

    Args:
        path: Parquet file of ``trace import``.
        columns: only these; default: all.

    Raises:
        DataError: it is no typed job table.
    """
    metadata(path)
    wanted = SCHEMA.names if columns is None else columns
    there = pq.read_schema(path).names  # tables that were imported before a column was added do not have it
    rows = pq.read_table(path, columns=[name for name in wanted if name in there])
    return complete(rows).select(wanted)
