"""Small steps from native columns to columns of the job table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from greensched.core.types import F64
from greensched.traces.importing.rows import Rows

GB_PER_MIB = 1.048576e-3
GB_PER_KIB = 1.024e-6


def real(values: F64) -> Any:
    """Reals as an Arrow column; NaN becomes null."""
    return pa.array(values, pa.float64(), from_pandas=True)


def where(rows: NDArray[np.bool_], values: F64) -> F64:
    """The values of these rows, NaN elsewhere."""
    return np.where(rows, values, np.nan)


def constant(value: str | None, rows: int) -> Any:
    """The same text in every row."""
    return pa.repeat(pa.scalar(value, pa.string()), rows)


def mapped(rows: Rows, column: str, meaning: dict[str, str | None]) -> tuple[Rows, Any]:
    """Rows whose cell is one of the documented words, and what the words mean; an empty cell means nothing.

    Raises:
        DataError: there is another word, and the import is strict.
    """
    words = pa.array(list(meaning))
    known = pc.or_kleene(pc.is_in(rows.column(column), words), pc.is_null(rows.column(column)))
    rows = rows.must(known.to_numpy(zero_copy_only=False), f"unknown {column}", f"one of {', '.join(meaning)}")
    index = pc.index_in(rows.column(column), words)
    return rows, pa.array(list(meaning.values()), pa.string()).take(index)


def labelled(**columns: Any) -> Any:
    """Columns of text as ``key=value;key=value``; what is null is left out, and null where all are."""
    rows = len(next(iter(columns.values())))
    parts = [constant("", rows)]  # Arrow's join with "skip" loses rows of which all values are null
    for key, column in columns.items():
        text = column.cast(pa.string())
        parts.append(pc.binary_join_element_wise(constant(key, rows), text, "="))
    joined = pc.utf8_ltrim(pc.binary_join_element_wise(*parts, ";", null_handling="skip"), ";")
    return pc.if_else(pc.equal(joined, ""), pa.scalar(None, pa.string()), joined)


def lists(joined: Any, separator: str) -> Any:
    """Text of values with a separator between them as lists; empty text is an empty list, null a null."""
    empty = pc.equal(joined, "").fill_null(False)
    split = pc.split_pattern(pc.if_else(empty, pa.scalar(None, pa.string()), joined), separator)
    lengths = pc.list_value_length(split).fill_null(0).to_numpy()
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    missing = joined.is_null().to_numpy(zero_copy_only=False)
    return pa.ListArray.from_arrays(
        pa.array(offsets), pc.list_flatten(split), mask=pa.array(missing) if missing.any() else None
    )
