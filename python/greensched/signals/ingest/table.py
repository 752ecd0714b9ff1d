"""Long tables, CSV or Parquet: a row per zone and instant, columns told by their names; also the data pack's files.

``zone`` and ``ts`` (UTC, start of the interval) are required, or ``--zone`` where all rows are of one. Known columns
are those of the folder format and the ones below, which differ in unit. Others are left alone and named in the report.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from greensched.core.errors import DataError
from greensched.core.types import SIGNAL_KINDS
from greensched.signals.ingest.batch import Batch, Options, batch, share_estimated
from greensched.signals.ingest.rows import Rows
from greensched.signals.ingest.text import csv_rows, decode, read_bytes
from greensched.signals.ingest.values import MISSING, instant, number, shown
from greensched.signals.provider import Label

_OTHER: dict[str, tuple[str, float]] = {  # column -> kind and factor
    "ci_lca": ("carbon_gpkwh", 1.0),
    "ci_direct": ("carbon_gpkwh", 1.0),
    "renewable_pct": ("renewable_frac", 0.01),
    "wind_share": ("wind_frac", 1.0),
    "solar_share": ("solar_frac", 1.0),
    "usd_per_mwh": ("price_per_kwh", 1e-3),
    "eur_per_mwh": ("price_per_kwh", 1e-3),
    "gbp_per_mwh": ("price_per_kwh", 1e-3),
    "temp_c": ("temperature_c", 1.0),
}
_FACTORS = {"ci_lca": "lifecycle", "ci_direct": "direct"}
Cells = dict[str, list[Any]]


@dataclass(frozen=True)
class _Column:
    name: str
    kind: str
    factor: float

    @property
    def currency(self) -> str:
        return self.name[:3].upper() if self.name.endswith("_per_mwh") else ""


def read(files: list[Path], options: Options) -> Batch:
    """Tables of any zones.

    Raises:
        DataError: see :mod:`greensched.signals.ingest.rows`; no known column, or two for one kind.
        ConfigError: no column ``zone``, and no zone named.
    """
    rows, estimated, columns, unread = Rows(), dict[str, list[bool]](), dict[str, _Column](), set[str]()
    for path in files:
        read_file = _parquet if path.suffix == ".parquet" else _csv
        _read(path, read_file(path), options, rows, estimated, columns, unread)

    def label(zone: str, kind: str) -> Label:
        column = columns[kind]
        estimated_frac = share_estimated(estimated, zone) if kind == "carbon_gpkwh" else 0.0
        words = f"{column.name} of {', '.join(sorted({path.name for path in files}))}"
        if kind == "carbon_gpkwh" and column.name in _FACTORS:
            return Label(words, False, estimated_frac, "average", options.factors)
        return Label(words, False, estimated_frac, currency=column.currency)

    found = batch(rows, label)
    if unread:
        found.notes.append(f"columns left alone: {', '.join(sorted(unread))}")
    return found


def _columns(path: Path, names: list[str], options: Options) -> list[_Column]:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{path}:1: column {', '.join(map(shown, twice))} comes twice, expected once")
    if "ts" not in names:
        raise DataError(f"{path}:1: no column ts; it has {', '.join(map(shown, names[:12]))}")
    found = []
    for name in names:
        if _FACTORS.get(name, options.factors) != options.factors:
            continue
        if name in SIGNAL_KINDS:
            found.append(_Column(name, name, 1.0))
        elif name in _OTHER:
            found.append(_Column(name, *_OTHER[name]))
    kinds = [column.kind for column in found]
    for column in found:
        if kinds.count(column.kind) > 1:
            both = ", ".join(c.name for c in found if c.kind == column.kind)
            raise DataError(f"{path}:1: columns {both} are all {column.kind}, expected one; leave the others out")
    if not found:
        known = ", ".join([*SIGNAL_KINDS, *_OTHER])
        raise DataError(f"{path}:1: no known column in {', '.join(map(shown, names[:12]))}; known are {known}")
    return found


def _read(
    path: Path,
    cells: Cells,
    options: Options,
    rows: Rows,
    estimated: dict[str, list[bool]],
    columns: dict[str, _Column],
    unread: set[str],
) -> None:
    here = _columns(path, list(cells), options)
    columns |= {column.kind: column for column in here}
    unread |= set(cells) - {"", "zone", "ts", "estimated"} - {column.name for column in here}
    lines, file = cells.pop("", []), str(path)
    zones = cells.get("zone") or [options.need_zone(file)] * len(lines)
    at_s = [_instant(ts, f"{file}:{line}", options) for ts, line in zip(cells["ts"], lines, strict=True)]
    for column in here:
        for zone, at, cell, line in zip(zones, at_s, cells[column.name], lines, strict=True):
            value = _number(cell, f"{file}:{line}", column.name)
            rows.put(zone, column.kind, at, value * column.factor if column.factor != 1.0 else value, file, line)
    for zone, cell in zip(zones, cells.get("estimated", ()), strict=False):
        estimated.setdefault(zone, []).append(str(cell).lower() in ("1", "true"))
    rows.rows += len(lines)


def _instant(cell: Any, place: str, options: Options) -> int:
    return cell if isinstance(cell, int) else instant(cell, place, naive_is_utc=options.naive_is_utc)


def _number(cell: Any, place: str, what: str) -> float:
    if isinstance(cell, str):
        return number(cell, place, what)
    if not np.isfinite(cell) and not np.isnan(cell):
        raise DataError(f"{place}: {what} is {cell}, expected a finite number or a missing one")
    return float(cell)


def _csv(path: Path) -> Cells:
    """Columns by name; under "" the lines."""
    rows = csv_rows(decode(read_bytes(path), str(path)), str(path))
    _, header = next(rows)
    body = list(rows)
    cells: Cells = {name: [fields[i] for _, fields in body] for i, name in enumerate(header)}
    return _checked(path, header, cells, [line for line, _ in body])


def _checked(path: Path, header: list[str], cells: Cells, lines: list[int]) -> Cells:
    if len(cells) != len(header) or "" in cells:
        raise DataError(f"{path}:1: a column without a name or one that comes twice, expected each name once")
    return cells | {"": lines}


def _parquet(path: Path) -> Cells:
    """The same of a Parquet file; ``ts`` as POSIX seconds. Lines are rows, from 1."""
    if not path.is_file():
        raise DataError(f"{path}: no such file; expected a plain file")
    try:
        table = pq.ParquetFile(path).read()
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path}: damaged Parquet file ({shown(error)}); fetch it again") from error
    names = table.column_names
    cells: Cells = {}
    for i, name in enumerate(names):
        cells[name] = _column_cells(path, name, table.column(i))
    return _checked(path, names, cells, list(range(1, table.num_rows + 1)))


def _column_cells(path: Path, name: str, column: pa.ChunkedArray) -> list[Any]:
    if name == "ts":
        if not pa.types.is_timestamp(column.type) or column.type.tz is None:
            raise DataError(f"{path}: ts is {column.type}, expected a timestamp with the time zone UTC")
        micros = column.cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())
        if micros.null_count:
            raise DataError(f"{path}: ts is missing in {micros.null_count} rows, expected none")
        return [int(us) // 1_000_000 for us in micros.to_pylist()]
    if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
        values: list[Any] = column.cast(pa.float64()).to_pylist()
        return [MISSING if value is None else value for value in values]
    texts: list[Any] = column.to_pylist()
    return ["" if text is None else text for text in texts]
