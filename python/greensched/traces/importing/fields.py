"""Columns of native tables: what a cell must be, and the step from text to typed columns that finds what is not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from greensched.core.types import I64
from greensched.traces.importing.tally import Fault

INT, REAL, TEXT = pa.int64(), pa.float64(), pa.string()
KIND = {INT: "a whole number", REAL: "a number", TEXT: "text"}
_SHOWN = 40  # characters of a bad value in a message


@dataclass(frozen=True)
class Field:
    """One column of a native table.

    Attributes:
        name: as documented.
        type: INT, REAL or TEXT; None: passed over, whatever it holds.
        empty: whether an empty cell is allowed (it becomes null).
        low: least value.
        high: greatest value.
        choices: the only values allowed; () for any.
    """

    name: str
    type: Any = None
    empty: bool = True
    low: int | float | None = None
    high: int | float | None = None
    choices: tuple[str, ...] = ()

    @property
    def expected(self) -> str:
        """For messages."""
        text = KIND.get(self.type, "anything")
        if self.low is not None and self.high is not None:
            text += f" from {self.low:.17g} to {self.high:.17g}"
        elif self.low is not None:
            text += f" of at least {self.low:.17g}"
        if self.choices:
            text = f"one of {', '.join(self.choices)}"
        return text


@dataclass(frozen=True)
class Layout:
    """A native table.

    Attributes:
        table: its documented name.
        fields: its columns; in this order where there is no header, by name where there is one.
        header: whether the first line names the columns. Without: a header that somebody put there is passed over.
        delimiter: one character; " " stands for any run of spaces and tabs.
        comment: lines that begin with it are passed over.
    """

    table: str
    fields: tuple[Field, ...]
    header: bool = False
    delimiter: str = ","
    comment: bytes = b"#"


def typed(
    texts: dict[str, list[str | None]], lines: I64, fields: list[Field], faults: list[Fault]
) -> tuple[pa.Table, I64]:
    """Columns of text to the types of their fields; rows with a cell that does not fit become faults."""
    good = np.ones(len(lines), dtype=bool)
    arrays = {}
    for f in fields:
        text = pa.array(texts[f.name], pa.string())
        arrays[f.name], bad = _cast(text, f)
        for i in np.flatnonzero(bad & good):
            faults.append(Fault(int(lines[i]), f"{f.name} is not {KIND[f.type]}: {_short(text[i])}", f.expected))
        good &= ~bad
    table = pa.table(arrays) if arrays else pa.table({})
    return (table, lines) if good.all() else (table.filter(pa.array(good)), lines[good])


def _short(value: Any) -> str:
    text = repr(value.as_py())
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def _cast(text: Any, f: Field) -> tuple[Any, NDArray[np.bool_]]:
    none = np.zeros(len(text), dtype=bool)
    if f.type == TEXT:
        return text, none
    trimmed = pc.utf8_trim(text, " \t")
    try:
        return trimmed.cast(f.type), none
    except pa.ArrowInvalid:
        pass
    bad = none.copy()
    values: list[Any] = trimmed.to_pylist()
    for i, value in enumerate(values):
        if value is not None:
            try:
                pa.scalar(value).cast(f.type)
            except pa.ArrowInvalid:
                bad[i], values[i] = True, None
    return pa.array(values, pa.string()).cast(f.type), bad


def within_limits(table: pa.Table, lines: I64, fields: list[Field], faults: list[Fault]) -> tuple[pa.Table, I64]:
    """Rows within the limits of their fields; the others become faults."""
    good = np.ones(len(lines), dtype=bool)
    for f in fields:
        if f.type is None or not len(lines):
            continue
        column = table.column(f.name)
        if not f.empty and column.null_count:
            _mark(column.is_null(), f"{f.name} is empty", f, lines, good, faults)
        if f.choices:
            outside = pc.invert(pc.is_in(column, pa.array(f.choices)))
            _mark(pc.and_(outside, column.is_valid()), f"{f.name} is none of the known", f, lines, good, faults)
        if f.type == REAL and not pc.all(pc.is_finite(column)).as_py():
            _mark(pc.invert(pc.is_finite(column)), f"{f.name} is not finite", f, lines, good, faults)
        if f.type != TEXT and (f.low is not None or f.high is not None):
            span = pc.min_max(column)
            least, most = span["min"].as_py(), span["max"].as_py()
            if least is not None and f.low is not None and least < f.low:
                _mark(pc.less(column, pa.scalar(f.low, f.type)), f"{f.name} is too small", f, lines, good, faults)
            if most is not None and f.high is not None and most > f.high:
                _mark(pc.greater(column, pa.scalar(f.high, f.type)), f"{f.name} is too large", f, lines, good, faults)
    return (table, lines) if good.all() else (table.filter(pa.array(good)), lines[good])


def _mark(bad: Any, what: str, f: Field, lines: I64, good: NDArray[np.bool_], faults: list[Fault]) -> None:
    mask = bad.fill_null(False).to_numpy()
    faults.extend(Fault(int(lines[i]), what, f.expected) for i in np.flatnonzero(mask & good))
    good &= ~mask
