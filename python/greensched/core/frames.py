"""The one binary format of GreenSched: a JSON header followed by aligned little-endian column buffers.

Run-folder files, bridge messages and the world's result logs are all *frames* (layout: ``bridge/PROTOCOL.md`` §1).
A file may hold several frames back to back; :func:`read_frames` stops cleanly at a torn last frame, which is how a
result log survives a killed writer.
"""

from __future__ import annotations

import functools
import json
import re
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greensched.core.errors import FrameError

MAGIC = b"GSFRAME1"
_PREFIX = struct.Struct("<8sIIQ")  # magic, header bytes, crc32 of the header, frame bytes
_DTYPES: dict[str, np.dtype[Any]] = {
    "i64": np.dtype("<i8"),
    "i32": np.dtype("<i4"),
    "u8": np.dtype("u1"),
    "f64": np.dtype("<f8"),
}
_TYPES = {("i", 8): "i64", ("i", 4): "i32", ("u", 1): "u8", ("b", 1): "u8", ("f", 8): "f64"}  # by kind and item size
_NAME = re.compile(r"[^ :]+")  # of a column
_MOST_HEADER_BYTES = 1 << 26
_MOST_ROWS = (1 << 31) - 2
# one encoder for all headers: json.dumps would build one per message
_HEADER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))

Column = NDArray[Any] | Sequence[str]


def _pad8(n: int) -> int:
    return (n + 7) & ~7


class StrColumn(Sequence[str]):
    """A lazily decoded column of strings: ``int32 offsets[rows + 1]`` then UTF-8 bytes.

    Single values are decoded as they are asked for; a pass over all of them decodes the column once and keeps the list.
    Whoever reads it gets a :class:`FrameError` if the offsets run backwards or the bytes are not UTF-8.
    """

    def __init__(self, buffer: memoryview, rows: int, where: str) -> None:
        """The column at the start of ``buffer``, which may be longer than it.

        Raises:
            ValueError: the offsets do not start at 0 or end outside the buffer.
        """
        self._offsets = np.frombuffer(buffer, dtype="<i4", count=rows + 1)
        first, last = int(self._offsets[0]), int(self._offsets[-1])
        self.n_bytes = 4 * (rows + 1) + last
        if first != 0 or last < 0 or self.n_bytes > len(buffer):
            raise ValueError("string offsets do not lie within the column's bytes")
        self._bytes = buffer[4 * (rows + 1) : self.n_bytes]
        self._values: list[str] | None = None
        self._where = where
        self._sound = False

    def __iter__(self) -> Iterator[str]:
        return iter(self.to_list())

    def to_list(self) -> list[str]:
        """All values; also valid after the buffer has gone."""
        if self._values is None:
            self._check_offsets()
            text = self._text(0, len(self._bytes))
            at = self._offsets.tolist()
            if len(text) == len(self._bytes):  # ASCII: a byte is a character
                self._values = [text[a:b] for a, b in pairwise(at)]
            else:
                self._values = [self._text(a, b) for a, b in pairwise(at)]
        return self._values

    def _check_offsets(self) -> None:
        """They start at 0 and end within the bytes: ascending, they all lie between."""
        if not self._sound and (self._offsets[1:] < self._offsets[:-1]).any():
            raise FrameError(f"{self._where}: string offsets run backwards")
        self._sound = True

    def _text(self, start: int, end: int) -> str:
        try:
            return str(self._bytes[start:end], "utf-8")
        except UnicodeDecodeError as error:
            raise FrameError(f"{self._where}: text is not UTF-8 ({error})") from error

    def __len__(self) -> int:
        return len(self._offsets) - 1

    @property
    def buffers(self) -> tuple[NDArray[Any], memoryview]:
        """Offsets and UTF-8 bytes as stored, for readers that take them whole and trust them."""
        self._check_offsets()
        if len(self._text(0, len(self._bytes))) != len(self._bytes):  # beyond ASCII an offset may split a character
            content = np.frombuffer(self._bytes, dtype=np.uint8)
            starts = content[self._offsets[self._offsets < len(content)]]
            if (starts & 0xC0 == 0x80).any():
                raise FrameError(f"{self._where}: text is not UTF-8 (a value starts within a character)")
        return self._offsets, self._bytes

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if index < 0:
            index += len(self)
        if not 0 <= index < len(self):
            raise IndexError(index)
        self._check_offsets()
        return self._text(self._offsets[index], self._offsets[index + 1])


def _encode_str(values: Sequence[str]) -> bytes:
    text = "".join(values)
    content = text.encode("utf-8")
    ascii_only = len(content) == len(text)  # then a character is a byte
    lengths = map(len, values if ascii_only else [v.encode("utf-8") for v in values])
    offsets = np.fromiter(accumulate(lengths, initial=0), dtype="<i4", count=len(values) + 1)
    return offsets.tobytes() + content


@dataclass
class Frame:
    """One decoded frame: ``kind``, ``meta`` (JSON) and ``tables`` of equally long columns.

    Numeric columns are read-only numpy views of the underlying buffer; copy what must outlive it.
    """

    kind: str
    meta: dict[str, Any] = field(default_factory=dict)
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)

    def table(self, name: str) -> dict[str, Any]:
        """Columns of table ``name``; an absent table is an empty one."""
        return self.tables.get(name, {})


def encode(kind: str, meta: Mapping[str, Any], tables: Mapping[str, Mapping[str, Column]]) -> bytes:
    """Serialise one frame.

    Args:
        kind: message or file kind.
        meta: JSON-serialisable metadata (finite numbers only).
        tables: table name -> column name -> array (int64, int32, uint8, bool or float64) or strings.

    Raises:
        FrameError: columns of unequal length or of an unsupported type.
    """
    specs: list[dict[str, Any]] = []
    chunks: list[bytes] = []
    at = 0
    for table_name, columns in tables.items():
        rows: int | None = None
        names: list[str] = []
        for name, values in columns.items():
            if isinstance(values, np.ndarray):
                type_name = _TYPES.get((values.dtype.kind, values.dtype.itemsize))
                if type_name is None:
                    raise FrameError(f"{table_name}.{name}: no frame type for dtype {values.dtype}")
                data = np.ascontiguousarray(values, dtype=_DTYPES[type_name]).tobytes()
            else:
                type_name, data = "str", _encode_str(values)
            if rows is not None and len(values) != rows:
                raise FrameError(f"{table_name}.{name}: {len(values)} rows where {rows} were expected")
            rows = len(values)
            names.append(f"{name}:{type_name}")
            chunks.append(data)
            padding = _pad8(len(data)) - len(data)
            if padding:
                chunks.append(b"\0" * padding)
            at += len(data) + padding
        schema = " ".join(names)
        try:
            parse_schema(schema)
        except ValueError as error:  # a name with a space or a colon must not get out
            raise FrameError(f"{table_name}: {error}") from error
        specs.append({"name": table_name, "rows": rows or 0, "columns": schema})
    header = _HEADER.encode({"kind": kind, "meta": dict(meta), "tables": specs}).encode()
    padded = _pad8(len(header))
    prefix = _PREFIX.pack(MAGIC, len(header), zlib.crc32(header), _PREFIX.size + padded + at)
    return b"".join([prefix, header, b" " * (padded - len(header)), *chunks])


@functools.lru_cache(maxsize=256)  # a run has a dozen; the cap is for files of others
def parse_schema(text: str) -> tuple[tuple[str, str, np.dtype[Any] | None], ...]:
    """The columns ``"name:type name:type"`` of a table: name, type, and dtype (None: strings).

    Raises:
        ValueError: another form, an unknown type or a name that comes twice.
    """
    if not isinstance(text, str):
        raise ValueError(f"columns {text!r} are not one text")
    columns: list[tuple[str, str, np.dtype[Any] | None]] = []
    for part in text.split(" ") if text else ():
        name, _, type_name = part.rpartition(":")
        if not _NAME.fullmatch(name) or (type_name != "str" and type_name not in _DTYPES):
            raise ValueError(f"column {part!r} is not name:type with a type of {', '.join(_DTYPES)}, str")
        columns.append((name, type_name, _DTYPES.get(type_name)))
    if len({name for name, _, _ in columns}) != len(columns):
        raise ValueError(f"a column comes twice in {text!r}")
    return tuple(columns)


def decode(buffer: bytes | memoryview, where: str = "frame") -> tuple[Frame, int]:
    """Decode the frame at the start of ``buffer``; returns it and its length in bytes.

    Raises:
        FrameError: not a frame, truncated, or a header that fails its checksum; the message names ``where``.
    """
    view = memoryview(buffer).toreadonly()
    if len(view) < _PREFIX.size:
        raise FrameError(f"{where}: truncated ({len(view)} bytes, a frame needs at least {_PREFIX.size})")
    magic, header_bytes, crc, frame_bytes = _PREFIX.unpack_from(view)
    if magic != MAGIC:
        raise FrameError(f"{where}: not a GreenSched frame (starts with {bytes(magic)!r}, expected {MAGIC!r})")
    if frame_bytes > len(view) or _PREFIX.size + _pad8(header_bytes) > frame_bytes:
        raise FrameError(f"{where}: truncated ({len(view)} of {frame_bytes} bytes)")
    if header_bytes > _MOST_HEADER_BYTES:
        raise FrameError(f"{where}: a header of {header_bytes} bytes; it may have {_MOST_HEADER_BYTES}")
    header = view[_PREFIX.size : _PREFIX.size + header_bytes]
    if zlib.crc32(header) != crc:
        raise FrameError(f"{where}: header checksum mismatch; the file is damaged")
    data = view[_PREFIX.size + _pad8(header_bytes) : frame_bytes]
    try:
        # not json.loads: given bytes, it also takes other encodings than UTF-8
        return _frame(_PARSER.decode(str(header, "utf-8")), data, where), frame_bytes
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FrameError(f"{where}: malformed header ({type(error).__name__}: {error})") from error


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no JSON")


_PARSER = json.JSONDecoder(parse_constant=_no_number)


def _typed(content: Mapping[str, Any], key: str, kind: type) -> Any:
    value = content[key]
    if type(value) is not kind:  # a bool is no whole number
        raise TypeError(f"{key} is {value!r}, expected {kind.__name__}")
    return value


def _frame(content: Mapping[str, Any], data: memoryview, where: str) -> Frame:
    size, at = len(data), 0
    tables: dict[str, dict[str, Any]] = {}
    for table in _typed(content, "tables", list):
        rows = _typed(table, "rows", int)
        if not 0 <= rows <= _MOST_ROWS:
            raise ValueError(f"table {table['name']} has {rows!r} rows")
        columns = tables[_typed(table, "name", str)] = {}
        for name, _, dtype in parse_schema(table["columns"]):  # the hot loop of every message: few function calls
            length = 4 * (rows + 1) if dtype is None else rows * dtype.itemsize
            if at + length > size:
                raise FrameError(f"{where}: column {name} lies outside the frame")
            if dtype is None:
                text = StrColumn(data[at:], rows, f"{where}: column {name}")
                columns[name] = text
                length = text.n_bytes
            else:
                columns[name] = np.ndarray(rows, dtype, data, at)
            at += (length + 7) & ~7
    if at != size:
        raise FrameError(f"{where}: the columns take {at} bytes of {size}")
    return Frame(_typed(content, "kind", str), _typed(content, "meta", dict), tables)


def read_frame(path: Path) -> Frame:
    """Map the file ``path`` and decode its first frame (columns are views of the mapping)."""
    if path.stat().st_size == 0:
        raise FrameError(f"{path}: empty file, expected a GreenSched frame")
    return decode(np.memmap(path, dtype=np.uint8, mode="r").data, str(path))[0]


def read_frames(path: Path) -> Iterator[Frame]:
    """Decode the frames of an append-only log; a torn last frame (killed writer) ends the iteration."""
    if path.stat().st_size == 0:
        return
    view = np.memmap(path, dtype=np.uint8, mode="r").data
    at = 0
    while len(view) - at >= _PREFIX.size:
        magic, _, _, frame_bytes = _PREFIX.unpack_from(view, at)
        if magic == MAGIC and at + frame_bytes > len(view):
            return
        frame, length = decode(view[at:], f"{path} at byte {at}")
        yield frame
        at += length


def write_frame(
    path: Path, kind: str, meta: Mapping[str, Any], tables: Mapping[str, Mapping[str, Column]], mode: int = 0o644
) -> None:
    """Write one frame to ``path`` atomically with file permissions ``mode``."""
    import os
    import tempfile

    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(encode(kind, meta, tables))
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
