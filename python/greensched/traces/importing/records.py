"""Records that do not stand one to a line of plain CSV: quoted cells with line ends, JSON lines, one large JSON array.

Slower than :mod:`greensched.traces.importing.rows`, and as strict: a fault names the line where its record begins.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from greensched.core.errors import DataError
from greensched.traces.importing.contract import Part
from greensched.traces.importing.fields import Field, typed, within_limits
from greensched.traces.importing.rows import Rows
from greensched.traces.importing.tally import ADVICE, Fault
from greensched.traces.importing.text import blocks, not_utf8

_BATCH = 20_000  # records
_LARGEST = 16 << 20  # characters of one JSON object
Record = dict[str, str | None]


class Batch:
    """Collects records as columns of text and turns them into typed rows."""

    def __init__(self, part: Part, fields: list[Field]) -> None:
        self._part, self._fields = part, fields
        self._texts: dict[str, list[str | None]] = {f.name: [] for f in fields}
        self._lines: list[int] = []
        self.faults: list[Fault] = []

    def add(self, record: Record, line: int) -> None:
        """One more record; what it does not have is null."""
        for name, column in self._texts.items():
            column.append(record.get(name) or None)
        self._lines.append(line)

    @property
    def full(self) -> bool:
        """Whether it is time to go on."""
        return len(self._lines) + len(self.faults) >= _BATCH

    def rows(self) -> Rows:
        """The good rows so far; the batch is empty afterwards.

        Raises:
            DataError: a record is malformed, and the import is strict.
        """
        seen = len(self._lines) + len(self.faults)
        lines = np.array(self._lines, np.int64)
        table, lines = typed(self._texts, lines, self._fields, self.faults)
        table, lines = within_limits(table, lines, self._fields, self.faults)
        self._part.tally.read += seen
        self._part.tally.faults(self._part.path, self.faults)
        self._texts = {f.name: [] for f in self._fields}
        self._lines, self.faults = [], []
        return Rows(table, lines, self._part)


def batches(part: Part, fields: list[Field], records: Callable[[Part, list[Fault]], Iterator[tuple[int, Any]]]) -> Any:
    """Typed rows of the records that a reader finds; a reader yields (line, record) and appends faults."""
    batch = Batch(part, fields)
    for line, record in records(part, batch.faults):
        batch.add(record, line)
        if batch.full:
            yield batch.rows()
    yield batch.rows()


def _text_lines(part: Part) -> Iterator[tuple[int, str | None, str]]:
    """Number, text with its line end (None if it is no text) and what is wrong with it."""
    for block in blocks(part):
        for i, raw in enumerate(block.data.splitlines(keepends=True) if b"\r" not in block.data else _lf(block.data)):
            try:
                text = raw.decode("utf-8")
                yield block.first_line + i, (None if "\0" in text else text), "a zero byte"
            except UnicodeDecodeError as error:
                yield block.first_line + i, None, not_utf8(error)


def _lf(data: bytes) -> list[bytes]:
    """Lines that end in LF or CRLF; a CR alone ends no line, as in the count of lines."""
    return [line.removesuffix(b"\r") + b"\n" for line in data.removesuffix(b"\n").split(b"\n")]


def quoted_csv(part: Part, faults: list[Fault], header: list[str], first: int = 2) -> Iterator[tuple[int, Record]]:
    """Records of a CSV file with header whose quoted cells may hold line ends.

    Args:
        part: the file.
        faults: where malformed records go.
        header: names of its columns.
        first: records that begin before this line are passed over.
    """
    broken: list[int] = []

    def lines() -> Iterator[str]:
        for number, text, why in _text_lines(part):
            if text is None:
                broken.append(number)
                faults.append(Fault(number, why, "text of a CSV file"))
            yield "\n" if text is None else text

    reader = csv.reader(lines(), strict=True)
    while True:
        begin = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            faults.append(Fault(begin, str(error), "a record of a CSV file"))
            continue
        if cells is None:
            return
        if any(begin <= number <= reader.line_num for number in broken):
            broken.clear()
        elif cells and begin >= first:
            if len(cells) == len(header):
                yield begin, dict(zip(header, cells, strict=True))
            else:
                expected = f"{len(header)} columns as in the header"
                faults.append(Fault(begin, f"wrong number of columns: {len(cells)}", expected))


def json_lines(part: Part, faults: list[Fault]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Objects of a file with one JSON object per line."""
    for number, text, why in _text_lines(part):
        if text is None:
            faults.append(Fault(number, why, "a JSON object"))
        elif text.strip():
            try:
                value = json.loads(text)
            except (ValueError, RecursionError) as error:
                faults.append(Fault(number, f"no JSON: {error}", "a JSON object on one line"))
                continue
            if isinstance(value, dict):
                yield number, value
            else:
                faults.append(Fault(number, f"a JSON {type(value).__name__}", "a JSON object"))


def json_array(part: Part) -> Iterator[tuple[int, Any]]:
    """Values of a file that is one JSON array, with the line on which each begins.

    Raises:
        DataError: it is no JSON array; also in lenient imports, since nobody knows where the next value begins.
    """
    decoder = json.JSONDecoder()
    text, at, line, begun, over = "", 0, 1, False, False
    for chunk in _decoded(part):
        if over:  # read on: a packed file may be damaged further on
            if chunk.strip():
                raise _no_array(part, line, "text after the end of the array")
            continue
        text, at = text[at:] + chunk, 0
        while True:
            stripped = len(text) - len(text[at:].lstrip(" \t\r\n,")) if begun else at
            line += text.count("\n", at, stripped)
            at = stripped
            if not begun:
                at, line, begun = _opening(part, text)
                continue
            if at < len(text) and text[at] == "]":
                if text[at + 1 :].strip():
                    raise _no_array(part, line, "text after the end of the array")
                over = True
                break
            try:
                value, end = decoder.raw_decode(text, at)
            except (ValueError, RecursionError) as error:
                if len(text) - at > _LARGEST or isinstance(error, RecursionError):
                    raise _no_array(part, line, str(error)) from error
                break  # the rest of it is in the next chunk
            if end == len(text) and not isinstance(value, dict | list | str):
                break  # a number may go on
            yield line, value
            line += text.count("\n", at, end)
            at = end
    if over:
        return
    raise _no_array(part, line, "the file ends within the array" if begun else "the file is empty")


def _opening(part: Part, text: str) -> tuple[int, int, bool]:
    at = len(text) - len(text.lstrip())
    if text[at : at + 1] != "[":
        raise _no_array(part, 1 + text.count("\n", 0, at), f"begins with {text[at : at + 10]!r}")
    return at + 1, 1 + text.count("\n", 0, at), True


def _decoded(part: Part) -> Iterator[str]:
    for block in blocks(part):
        try:
            yield block.data.decode("utf-8")
        except UnicodeDecodeError as error:
            line = block.first_line + block.data.count(b"\n", 0, error.start)
            raise DataError(f"{part.path}:{line}: {not_utf8(error)}; expected a JSON file; mend it") from error


def _no_array(part: Part, line: int, why: str) -> DataError:
    advice = ADVICE.split(",")[0]
    return DataError(f"{part.path}:{line}: {why}; expected a JSON array of jobs, as it was published; {advice}")
