"""Text files of others: plain or gzip, UTF-8, of bounded size; CSV rows with their lines, JSON documents."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from greensched.core.errors import DataError
from greensched.signals.ingest.values import shown

MAX_BYTES = 1 << 30
"""Longest file, uncompressed: a year of one grid has a megabyte."""


def read_bytes(path: Path, limit: int = MAX_BYTES) -> bytes:
    """The content of a plain file, of ``*.gz`` uncompressed.

    Raises:
        DataError: no plain file (a pipe may never end), damaged, or longer than ``limit``.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file; expected a plain file")
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            data = stream.read(limit + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path}: damaged gzip file ({error}); fetch it again") from error
    if len(data) > limit:
        raise DataError(f"{path}: longer than {limit:,} bytes, expected a signal file; split it")
    return data


def decode(data: bytes, place: str) -> str:
    """UTF-8 text, without a byte order mark.

    Raises:
        DataError: other bytes; names the line.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{place}:{line}: byte 0x{data[error.start]:02x} is not UTF-8, expected UTF-8 text; "
            "convert it (iconv -f LATIN1 -t UTF-8)"
        ) from error


def csv_rows(text: str, place: str) -> Iterator[tuple[int, list[str]]]:
    """The rows with the line on which each ends, header first; every row has as many fields as the header.

    Raises:
        DataError: no header, a torn or too long row, an open quote.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    width = None
    try:
        for fields in reader:
            if not fields:
                continue
            if width is not None and len(fields) != width:
                raise DataError(
                    f"{place}:{reader.line_num}: {len(fields)} fields, expected {width} as in the header; "
                    "the file may be cut off: fetch it again"
                )
            width = len(fields)
            yield reader.line_num, fields
    except csv.Error as error:
        raise DataError(f"{place}:{reader.line_num}: not CSV ({error}), expected comma-separated text") from error
    if width is None:
        raise DataError(f"{place}:1: empty, expected a header")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def parse_json(text: str, place: str) -> Any:
    """A JSON document; NaN and Infinity are refused, as JSON says.

    Raises:
        DataError: it is none; names the line.
    """
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise DataError(
            f"{place}:{error.lineno}: not JSON ({error.msg}), expected a whole document; it may be cut off or a page "
            f"of HTML, it begins with '{shown(text[:30])}'"
        ) from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{place}: not JSON ({shown(error)})") from error


def member(value: Any, key: str, kind: type | tuple[type, ...], place: str) -> Any:
    """``value[key]``, which must be a ``kind``.

    Raises:
        DataError: it is not; names what the document has instead.
    """
    if not isinstance(value, dict):
        raise DataError(f"{place}: is {shown(value)}, expected an object with '{key}'")
    found = value.get(key)
    if not isinstance(found, kind) or (isinstance(found, bool) and kind is not bool):
        names = " or ".join(k.__name__ for k in (kind if isinstance(kind, tuple) else (kind,)))
        have = ", ".join(shown(k) for k in list(value)[:8]) or "nothing"
        raise DataError(f"{place}: '{key}' is {shown(found)}, expected {names}; the object has {have}")
    return found
