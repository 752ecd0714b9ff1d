"""The feedback log as Parquet: its tables, what the mind was told, and decisions with their outcome."""

from __future__ import annotations

import dataclasses
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from greensched.core.delta import no_tasks
from greensched.core.errors import FeedbackLogError
from greensched.core.types import Advisory, DatacenterState, TaskTable
from greensched.feedback.log import FeedbackLog

TABLES = ("answer", "decision", "report", "refusal", "outcome")
CHUNK_ROWS = 50_000
_ARROW_TYPES = {"INTEGER": "int64", "REAL": "float64", "TEXT": "string"}
_TASK_FIELDS = tuple(f.name for f in dataclasses.fields(TaskTable))
_STATE_FIELDS = tuple(f.name for f in dataclasses.fields(DatacenterState))
_INTEGER_STATES = frozenset({"running", "queued", "inbound"})

_ADVISORY_TYPES = {"seq": "int64", "issue_s": "float64", "dc": "int64", "text": "string"}

_Chunk = Mapping[str, Any]  # equally long columns


def export_parquet(log: Path, folder: Path) -> list[Path]:
    """Write every table of ``log`` to ``folder``; each file appears whole or not at all.

    Returns:
        The files written: those of :data:`TABLES`, ``task``, ``slot_state`` (datacenters per question) and
        ``advisory``.

    Raises:
        FeedbackLogError: the log cannot be read.
    """
    opened = FeedbackLog.open(log)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        opened.hold()  # the run may go on meanwhile: all files tell of the same moment
        files = [_write(folder / f"{t}.parquet", _types(opened, t), _rows(opened, t)) for t in TABLES]
        files.append(_write(folder / "task.parquet", _task_types(), _in_chunks(_tasks(opened))))
        files.append(_write(folder / "slot_state.parquet", _state_types(), _in_chunks(_states(opened))))
        files.append(_write(folder / "advisory.parquet", _ADVISORY_TYPES, _in_chunks(_advisories(opened))))
        return files
    finally:
        opened.close()


def publish(log: Path, target: Path) -> None:
    """A copy of a finished log for others: the same rows in the same bytes, and no path of this machine.

    Raises:
        FeedbackLogError: the log cannot be read.
    """
    with closing(FeedbackLog.open(log)) as opened:
        opened.query("VACUUM INTO ?", (str(target),))
    with closing(sqlite3.connect(target, isolation_level=None)) as copy:
        copy.execute("UPDATE meta SET value = json_remove(value, '$.plugin_folder') WHERE key = 'policy_block'")
        copy.execute("PRAGMA journal_mode = WAL")  # as readers set it: reading must not change the file


def _types(log: FeedbackLog, table: str) -> dict[str, str]:
    described = log.query("SELECT name, type FROM pragma_table_info(?) WHERE type <> 'BLOB'", (table,))
    if not described:
        raise FeedbackLogError(f"{log.path}: has no table '{table}'")
    # a column of the view that is computed has no declared type: those are seconds
    return {name: _ARROW_TYPES.get(kind, "float64") for name, kind in described}


def _task_types() -> dict[str, str]:
    like = no_tasks()
    return {name: _type_of(getattr(like, name)) for name in _TASK_FIELDS}


def _type_of(values: Any) -> str:
    return "string" if not isinstance(values, np.ndarray) else "float64" if values.dtype.kind == "f" else "int64"


def _state_types() -> dict[str, str]:
    kinds = {name: "int64" if name in _INTEGER_STATES else "float64" for name in _STATE_FIELDS}
    return {"seq": "int64", "dc": "int64", **kinds}


def _rows(log: FeedbackLog, table: str) -> Iterator[_Chunk]:
    names = list(_types(log, table))
    cursor = log.cursor(f"SELECT {', '.join(names)} FROM {table}")  # noqa: S608 - our own names
    while rows := cursor.fetchmany(CHUNK_ROWS):
        yield dict(zip(names, zip(*rows, strict=True), strict=True))


def _tasks(log: FeedbackLog) -> Iterator[_Chunk]:
    """New tasks of every answer; a resend repeats them, which counts once."""
    known = np.zeros(0, dtype=bool)
    for delta in log.deltas():
        new = delta.new_tasks
        if len(new) == 0:
            continue
        if new.task.max() >= len(known):
            known = np.concatenate([known, np.zeros(int(new.task.max()) + 1, dtype=bool)])
        fresh = np.flatnonzero(~known[new.task])
        known[new.task] = True
        if len(fresh):
            yield vars(new.take(fresh))


def _advisories(log: FeedbackLog) -> Iterator[_Chunk]:
    """What was announced, with the question that told it first."""
    known: set[Advisory] = set()
    for delta in log.deltas():
        fresh = [told for told in dict.fromkeys(delta.advisories) if told not in known]
        known.update(fresh)
        if fresh:
            columns = {name: [getattr(told, name) for told in fresh] for name in ("issue_s", "dc", "text")}
            yield {"seq": [delta.seq] * len(fresh), **columns}


def _states(log: FeedbackLog) -> Iterator[_Chunk]:
    for delta in log.deltas():
        n = len(delta.state.free_cores)
        yield {"seq": np.full(n, delta.seq), "dc": np.arange(n), **vars(delta.state)}


def _in_chunks(parts: Iterator[_Chunk]) -> Iterator[_Chunk]:
    """Many small chunks as few large ones."""
    waiting: list[_Chunk] = []
    rows = 0
    for part in parts:
        waiting.append(part)
        rows += len(next(iter(part.values())))
        if rows >= CHUNK_ROWS:
            yield _joined(waiting)
            waiting, rows = [], 0
    if waiting:
        yield _joined(waiting)


def _joined(parts: list[_Chunk]) -> _Chunk:
    columns = {name: [part[name] for part in parts] for name in parts[0]}
    return {
        name: np.concatenate(values) if isinstance(values[0], np.ndarray) else [v for part in values for v in part]
        for name, values in columns.items()
    }


def _write(path: Path, types: Mapping[str, str], chunks: Iterator[_Chunk]) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(name, pa.type_for_alias(kind)) for name, kind in types.items()])
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with pq.ParquetWriter(temporary, schema) as writer:
            for chunk in chunks:
                # NaN is missing, as NULL is in the log
                arrays = [pa.array(chunk[f.name], type=f.type, from_pandas=True) for f in schema]
                writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return path
