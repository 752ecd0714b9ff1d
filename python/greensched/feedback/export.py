"""The feedback log as Parquet: one file per table, and one for the view that joins decisions with their outcome."""

from __future__ import annotations

import os
from pathlib import Path

from greensched.core.errors import FeedbackLogError
from greensched.feedback.log import FeedbackLog

TABLES = ("answer", "task", "slot_state", "decision", "report", "refusal", "outcome")
CHUNK_ROWS = 50_000
_ARROW_TYPES = {"INTEGER": "int64", "REAL": "float64", "TEXT": "string"}


def export_parquet(log: Path, folder: Path) -> list[Path]:
    """Write every table of ``log`` to ``folder``; each file appears whole or not at all.

    Returns:
        The files written.

    Raises:
        FeedbackLogError: the log cannot be read.
    """
    opened = FeedbackLog.open(log)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return [_export(opened, table, folder / f"{table}.parquet") for table in TABLES]
    finally:
        opened.close()


def _export(log: FeedbackLog, table: str, path: Path) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    described = log.query("SELECT name, type FROM pragma_table_info(?)", (table,))
    if not described:
        raise FeedbackLogError(f"{log.path}: has no table '{table}'")
    # a column of the view that is computed has no declared type: those are seconds
    kinds = [(name, _ARROW_TYPES.get(kind, "float64")) for name, kind in described]
    schema = pa.schema([(name, pa.type_for_alias(kind)) for name, kind in kinds])
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with pq.ParquetWriter(temporary, schema) as writer:
        cursor = log.cursor(f"SELECT * FROM {table}")  # noqa: S608 - one of our own names
        while rows := cursor.fetchmany(CHUNK_ROWS):
            columns = zip(*rows, strict=True)
            arrays = [pa.array(values, type=f.type) for values, f in zip(columns, schema, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
    with open(temporary, "rb") as written:
        os.fsync(written.fileno())
    os.replace(temporary, path)
    return path
