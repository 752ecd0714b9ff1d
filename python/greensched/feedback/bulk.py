"""Many rows into SQLite with few statements: less time per row than ``executemany``."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greensched.feedback.schema import DEFAULTS, insert

ROWS = 64  # per statement; times the widest table's 27 columns this stays far below SQLite's limit of 32,766 parameters
ROWS_WORTH_A_LOOK = 16  # below that, looking for columns that can be left out costs more than it saves

Values = NDArray[Any] | Sequence[Any]


class BulkInsert:
    """Inserts records (equally long columns) into one table; a row whose key is there already is replaced.

    Of many rows, columns that hold the table's default in all of them are left out.

    Args:
        table: its name.
        columns: names of its columns.
        fields: names of the records' attributes for them, where they differ.
    """

    def __init__(self, table: str, columns: tuple[str, ...], fields: tuple[str, ...] | None = None) -> None:
        self._table = table
        self._columns = tuple(zip(columns, fields or columns, strict=True))
        self._statements: dict[tuple[str, ...], tuple[str, str]] = {}  # a handful of sets of columns come up

    def steps(
        self, db: sqlite3.Connection, records: Sequence[object], keys: Mapping[str, Values] | None = None
    ) -> Iterator[int]:
        """Insert the rows of all ``records``, one after the other; yields after each statement its number of rows.

        Args:
            db: where to.
            records: have an array or a sequence of texts for every field.
            keys: further columns, of all rows.
        """
        columns: dict[str, Values] = dict(keys or {})
        for column, field in self._columns:
            values = _joined([getattr(record, field) for record in records])
            if not _all_default(values, column):
                columns[column] = values
        one, many = self._statement(tuple(columns))
        width, rows = len(columns), len(next(iter(columns.values())))
        cells: list[Any] = [None] * (width * rows)
        for i, values in enumerate(columns.values()):
            cells[i::width] = values.tolist() if isinstance(values, np.ndarray) else values  # NaN becomes NULL
        whole = rows - rows % ROWS
        for row in range(0, whole, ROWS):
            db.execute(many, cells[row * width : (row + ROWS) * width])
            yield ROWS
        if whole < rows:
            db.executemany(one, (cells[row * width : (row + 1) * width] for row in range(whole, rows)))
            yield rows - whole

    def _statement(self, columns: tuple[str, ...]) -> tuple[str, str]:
        known = self._statements.get(columns)
        if known is None:
            one = insert(self._table, columns)
            marks = f", ({', '.join('?' * len(columns))})"
            known = self._statements[columns] = one, one + marks * (ROWS - 1)
        return known


def _joined(parts: Sequence[Values]) -> Values:
    if len(parts) == 1:
        return parts[0]
    first = parts[0] if parts else ()
    return np.concatenate(parts) if isinstance(first, np.ndarray) else list(chain.from_iterable(parts))


def _all_default(values: Values, column: str) -> bool:
    if not isinstance(values, np.ndarray) or len(values) < ROWS_WORTH_A_LOOK:
        return False
    default = DEFAULTS.get(column)
    if default is None:
        return bool(np.isnan(values[0]) and np.isnan(values).all())
    return bool(values[0] == default and (values == default).all())
