"""Lines of delimited text to typed columns: at Arrow's speed where a block is clean, line by line where it is not.

Both ways accept the same rows. The slow way knows which line is at fault and why.
"""

from __future__ import annotations

import csv
import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
from numpy.typing import NDArray

from greensched.core.errors import DataError
from greensched.core.types import I64
from greensched.traces.importing.contract import Part
from greensched.traces.importing.fields import INT, REAL, Field, Layout, typed, within_limits
from greensched.traces.importing.tally import Fault
from greensched.traces.importing.text import Block, blocks, first_line, not_utf8

_WORD = re.compile(r"[A-Za-z_][\w .()/#-]*")


@dataclass(frozen=True)
class Rows:
    """Typed rows of one block, and their line numbers."""

    table: pa.Table
    lines: I64
    part: Part

    def column(self, name: str) -> Any:
        """A column as one Arrow array."""
        return self.table.column(name).combine_chunks()

    def numbers(self, name: str) -> NDArray[Any]:
        """A column as numpy; missing reals are NaN. Whole numbers must have no missing value."""
        return self.column(name).to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]

    def keep(self, rows: NDArray[np.bool_]) -> Rows:
        """Only these rows."""
        if rows.all():
            return self
        return dataclasses.replace(self, table=self.table.filter(pa.array(rows)), lines=self.lines[rows])

    def must(self, good: NDArray[np.bool_], what: str, expected: str) -> Rows:
        """The good rows; the others are malformed.

        Raises:
            DataError: there are others, and the import is strict.
        """
        if good.all():
            return self
        self.part.tally.faults(self.part.path, [Fault(int(n), what, expected) for n in self.lines[~good]])
        return self.keep(good)

    def leave_out(self, out: NDArray[np.bool_], rule: str) -> Rows:
        """All but these rows, which a rule of the format leaves out."""
        if out.any():
            self.part.tally.leave_out(rule, int(out.sum()), f"{self.part.path}:{self.lines[out][0]}")
        return self.keep(~out)


def read(part: Part, layout: Layout) -> Iterator[Rows]:
    """Typed rows of a delimited file, block by block.

    Raises:
        DataError: the file cannot be read or is another table; or a row is malformed and the import is strict.
    """
    columns, skip = _columns(part, layout)
    parser = _Parser(part, layout, columns, skip)
    for block in blocks(part):
        rows = parser.parse(block)
        if len(rows.lines):
            yield rows


def _columns(part: Part, layout: Layout) -> tuple[list[Field], bool]:
    """Fields in the file's order, and whether its first line is a header."""
    line = first_line(part, layout.comment)
    if not line:
        part.tally.note(f"empty file(s), such as {part.path.name}")
        return list(layout.fields), False
    found = _split(line, layout)
    if not layout.header:
        return list(layout.fields), _is_header(part, layout, found)
    known = {f.name: f for f in layout.fields}
    names = [name.strip().strip('"') for name in found]
    missing = [f.name for f in layout.fields if f.name not in names and f.type is not None]
    if missing or len(set(names)) < len(names):
        why = f"no column {', '.join(missing)}" if missing else "two columns of one name"
        expected = ",".join(f.name for f in layout.fields)
        raise DataError(f"{part.path}:1: {why}; expected the header of {layout.table}: {expected}")
    return [known.get(name, Field(name)) for name in names], True


def _is_header(part: Part, layout: Layout, found: list[str]) -> bool:
    numeric = [text for text, f in zip(found, layout.fields, strict=False) if f.type in (INT, REAL)]
    words = len(found) == len(layout.fields) and all(_WORD.fullmatch(text.strip('" ')) for text in found)
    if not (words and numeric and not any(_is_number(text) for text in numeric)):
        return False
    part.tally.note(f"header line(s) passed over, such as {part.path.name}:1")
    return True


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _split(line: str, layout: Layout) -> list[str]:
    if layout.delimiter == " ":
        return line.split()
    try:
        return next(csv.reader([line], delimiter=layout.delimiter, strict=True))
    except (csv.Error, StopIteration):
        return line.split(layout.delimiter)


class _Parser:
    def __init__(self, part: Part, layout: Layout, columns: list[Field], skip_first: bool) -> None:
        self._part, self._layout, self._columns, self._skip = part, layout, columns, skip_first

    def parse(self, block: Block) -> Rows:
        faults: list[Fault] = []
        if self._skip:
            block = self._without_header(block)
        quick = None if self._skip else self._fast(block)
        if quick is None:
            table, lines, seen = self._slow(block, faults)
        else:
            table, seen = quick, quick.num_rows
            lines = np.arange(block.first_line, block.first_line + seen)
        table, lines = within_limits(table, lines, self._columns, faults)
        self._part.tally.read += seen
        self._part.tally.faults(self._part.path, faults)
        return Rows(table, lines, self._part)

    def _without_header(self, block: Block) -> Block:
        """The header is the first line with something on it, after comments."""
        line, _, rest = block.data.partition(b"\n")
        if not line.strip() or line.startswith(self._layout.comment):
            return block  # the slow way passes over what comes before the header
        self._skip = False
        return Block(rest, block.first_line + 1, block.ends - 1)

    def _fast(self, block: Block) -> pa.Table | None:
        data, comment = block.data, self._layout.comment
        if b'"' in data or b"\0" in data or data.startswith(comment) or b"\n" + comment in data:
            return None
        lines = block.ends + (not data.endswith(b"\n"))
        if self._layout.delimiter == " ":
            data = re.sub(rb"(?m)^ | $", b"", re.sub(rb"[ \t\r]+", b" ", data))
        wanted = [f for f in self._columns if f.type is not None]
        try:
            table = pa_csv.read_csv(
                pa.BufferReader(data),
                pa_csv.ReadOptions(
                    column_names=[f.name for f in self._columns], use_threads=False, block_size=len(data) + 1
                ),
                pa_csv.ParseOptions(delimiter=self._layout.delimiter, quote_char=False),
                pa_csv.ConvertOptions(
                    column_types={f.name: f.type for f in wanted},
                    include_columns=[f.name for f in wanted],
                    null_values=[""],
                    strings_can_be_null=True,
                ),
            )
        except pa.ArrowInvalid:
            return None
        return table if table.num_rows == lines else None

    def _slow(self, block: Block, faults: list[Fault]) -> tuple[pa.Table, I64, int]:
        numbers: list[int] = []
        cells: list[list[str]] = []
        seen = 0
        for number, raw in enumerate(block.data.split(b"\n"), block.first_line):
            line = raw.rstrip(b"\r")
            if not line.strip() or line.startswith(self._layout.comment):
                continue
            if self._skip:
                self._skip = False
                continue
            seen += 1
            found = self._cells(number, line, faults)
            if found is not None:
                numbers.append(number)
                cells.append(found)
        where = [i for i, f in enumerate(self._columns) if f.type is not None]
        texts = {self._columns[i].name: [row[i] or None for row in cells] for i in where}
        wanted = [self._columns[i] for i in where]
        table, lines = typed(texts, np.array(numbers, np.int64), wanted, faults)
        return table, lines, seen

    def _cells(self, number: int, line: bytes, faults: list[Fault]) -> list[str] | None:
        columns = len(self._columns)
        expected = f"{columns} columns of {self._layout.table}"
        try:
            text = line.decode("utf-8")
            if "\0" in text:
                raise csv.Error("a zero byte")
            found = text.split()
            if self._layout.delimiter != " ":
                found = next(csv.reader([text], delimiter=self._layout.delimiter, strict=True))
        except UnicodeDecodeError as error:
            faults.append(Fault(number, not_utf8(error), expected))
            return None
        except csv.Error as error:
            faults.append(Fault(number, f"{error}", expected))
            return None
        if len(found) != columns:
            faults.append(Fault(number, f"wrong number of columns: {len(found)}", expected))
            return None
        return found
