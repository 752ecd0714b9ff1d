"""One file of a folder of signals, ``<zone>.csv`` or ``<zone>.parquet``: ``ts`` and a column per kind, evenly spaced.

``ts`` is the start of the interval in UTC; an empty cell, or null, is missing. Kinds beyond those of the core are read
where ``provenance.json`` says what they are.
"""

from __future__ import annotations

import io
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from greensched.core.errors import DataError
from greensched.core.types import F64, SIGNAL_KINDS
from greensched.signals.ingest.text import csv_rows, decode, read_bytes
from greensched.signals.ingest.values import instant, shown
from greensched.signals.provenance import replace_bytes, replace_text
from greensched.signals.series import Signal, utc_text

SUFFIXES = (".csv", ".parquet")
Columns = dict[str, Signal]


def read(path: Path, *, others: Collection[str] = (), required: Collection[str] = ()) -> Columns:
    """The series of a file by kind.

    Args:
        path: the file; its suffix tells the format.
        others: kinds beyond those of the core that it may have.
        required: kinds that it must have.

    Raises:
        DataError: names file, line, what was expected and what to do.
    """
    return (_read_parquet if path.suffix == ".parquet" else _read_csv)(path, others, required)


def _check_header(path: Path, names: list[str], others: Collection[str], required: Collection[str]) -> None:
    for name in ("ts", *required):
        if name not in names:
            raise DataError(f"{path}: no column {name}; it has {', '.join(map(shown, names)) or 'no header'}")
    unknown = [n for n in names if n != "ts" and n not in SIGNAL_KINDS and n not in others]
    if unknown:
        raise DataError(
            f"{path}: unknown column {', '.join(map(shown, unknown))}; known are ts, {', '.join(SIGNAL_KINDS)}"
        )
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise DataError(f"{path}: column {', '.join(twice)} given twice, expected once")


def _read_csv(path: Path, others: Collection[str], required: Collection[str]) -> Columns:
    rows = csv_rows(decode(read_bytes(path), str(path)), str(path))
    _, names = next(rows)
    _check_header(path, names, others, required)
    body = list(rows)
    if len(body) < 2:
        raise DataError(f"{path}: needs at least two rows")
    ts = names.index("ts")
    at_s = [_utc(path, line, fields[ts]) for line, fields in body]
    step_s = at_s[1] - at_s[0]
    for k, (a, b) in enumerate(pairwise(at_s)):
        if b - a != step_s or step_s <= 0:
            line, fields = body[k + 1]
            raise DataError(
                f"{path}:{line}: {fields[ts]} does not follow {body[k][1][ts]} by {step_s} s; write the rows "
                "between, with a value of carbon_gpkwh (other cells may be empty)"
            )
    found: Columns = {}
    for i, kind in enumerate(names):
        if kind != "ts":
            values = np.array([_number(path, line, kind, fields[i]) for line, fields in body])
            found[kind] = _signal(path, kind, at_s[0], step_s, values)
    return found


def _signal(path: Path, kind: str, begin_s: int, step_s: int, values: F64) -> Signal:
    return Signal(f"{kind} of {path}", datetime.fromtimestamp(begin_s, UTC), float(step_s), values)


def _utc(path: Path, line: int, text: str) -> int:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise DataError(f"{path}:{line}: ts '{shown(text)}' is not an ISO 8601 instant") from error
    if at.tzinfo is None or at.utcoffset() != timedelta(0):
        raise DataError(f"{path}:{line}: ts '{shown(text)}' must be UTC, e.g. 2022-06-06T00:00:00Z")
    return instant(text, f"{path}:{line}")


def _number(path: Path, line: int, kind: str, text: str) -> float:
    if text.strip() == "":
        return float("nan")
    try:
        return float(text)
    except ValueError as error:
        raise DataError(f"{path}:{line}: {kind} '{shown(text)}' is not a number") from error


def _read_parquet(path: Path, others: Collection[str], required: Collection[str]) -> Columns:
    try:
        table = pq.read_table(io.BytesIO(read_bytes(path)))
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path}: damaged Parquet file ({shown(error)}); write it again") from error
    _check_header(path, table.column_names, others, required)
    kind_of_ts = table.schema.field("ts").type
    if not pa.types.is_timestamp(kind_of_ts) or kind_of_ts.tz not in ("UTC", "Etc/UTC", "+00:00"):
        raise DataError(f"{path}: ts is {kind_of_ts}, expected a timestamp with the time zone UTC")
    if table.num_rows < 2:
        raise DataError(f"{path}: needs at least two rows")
    micros = table.column("ts").cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())
    at_us = np.array(micros.fill_null(-1), dtype=np.int64)
    steps = np.diff(at_us)
    bad = np.flatnonzero((steps != steps[0]) | (steps <= 0) | (steps % 1_000_000 != 0))
    if micros.null_count or len(bad):
        row = 1 if micros.null_count else int(bad[0]) + 2
        raise DataError(
            f"{path}: ts of row {row} does not follow the one before by {steps[0] / 1e6:g} s; write all rows"
        )
    found: Columns = {}
    for kind in table.column_names:
        if kind == "ts":
            continue
        column = table.column(kind)
        if not pa.types.is_floating(column.type) and not pa.types.is_integer(column.type):
            raise DataError(f"{path}: {kind} is {column.type}, expected numbers")
        values = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
        found[kind] = _signal(path, kind, int(at_us[0]) // 1_000_000, int(steps[0]) // 1_000_000, values)
    return found


def write(path: Path, columns: Columns) -> None:
    """Write series that share one grid; reading gives the same bits.

    Raises:
        DataError: they do not share it.
    """
    grids = {(s.start, s.step_s, len(s.values)) for s in columns.values()}
    if len(grids) != 1:
        raise DataError(f"{path}: {len(grids)} grids of time, expected one for all columns")
    ((start, step_s, count),) = grids
    order = [k for k in SIGNAL_KINDS if k in columns] + sorted(k for k in columns if k not in SIGNAL_KINDS)
    if path.suffix == ".parquet":
        at_us = int(start.timestamp()) * 1_000_000 + np.arange(count, dtype=np.int64) * int(step_s * 1e6)
        arrays = {"ts": pa.array(at_us).cast(pa.timestamp("us", tz="UTC"))}
        arrays |= {kind: pa.array(columns[kind].values, from_pandas=True) for kind in order}
        stream = io.BytesIO()
        pq.write_table(pa.table(arrays), stream)
        replace_bytes(path, stream.getvalue())
        return
    lines = [",".join(["ts", *order])]
    values = [columns[kind].values.tolist() for kind in order]
    for k in range(count):
        at = utc_text(start + timedelta(seconds=step_s * k))
        lines.append(",".join([at, *("" if v[k] != v[k] else repr(v[k]) for v in values)]))
    replace_text(path, "\n".join([*lines, ""]))
