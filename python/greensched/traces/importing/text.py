"""Text files as blocks of whole lines: plain, gzip or a tar of one file; never more than a block in memory."""

from __future__ import annotations

import contextlib
import gzip
import io
import tarfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from greensched.core.errors import DataError
from greensched.traces.importing.contract import Part
from greensched.traces.importing.tally import Fault

LONGEST_LINE = 1 << 20  # bytes; real ones are a few hundred
_READ = 1 << 18
_GZIP = b"\x1f\x8b"
_OTHER = {b"PK\x03\x04": "zip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "zstd", b"PAR1": "Parquet"}
_DAMAGED = (EOFError, gzip.BadGzipFile, zlib.error, tarfile.TarError)


@dataclass(frozen=True)
class Block:
    """Whole lines, the number of the first, and how many line ends there are."""

    data: bytes
    first_line: int
    ends: int


class _Counting(io.RawIOBase):
    """Passes bytes on and tells how many came from the disk, so that progress is right for compressed files too."""

    def __init__(self, stream: IO[bytes], part: Part) -> None:
        self._stream, self._part = stream, part

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        self._part.advance(len(data))
        return len(data)


@contextlib.contextmanager
def opened(part: Part) -> Iterator[IO[bytes]]:
    """The uncompressed bytes of a part.

    Raises:
        DataError: it is missing, no text, or packed in a way that is not read.
    """
    path = part.path
    try:
        raw = path.open("rb")
    except OSError as error:
        raise DataError(f"{path}: {(error.strerror or str(error)).lower()}; expected a trace file") from error
    with raw:
        head = raw.read(8)
        raw.seek(0)
        for magic, packing in _OTHER.items():
            if head.startswith(magic):
                raise DataError(f"{path}: a {packing} file; expected text, plain or .gz; unpack it first")
        counted = io.BufferedReader(_Counting(raw, part), _READ)
        if ".tar" in path.suffixes or path.suffix == ".tgz":
            yield _member(counted, path)
        elif head.startswith(_GZIP):
            with gzip.GzipFile(fileobj=counted) as unpacked:
                yield unpacked  # type: ignore[misc]
        else:
            yield counted


def _member(stream: IO[bytes], path: Path) -> IO[bytes]:
    try:
        archive = tarfile.open(fileobj=stream, mode="r|*")
        for member in archive:
            if member.isfile():
                found = archive.extractfile(member)
                if found is not None:
                    return found
    except _DAMAGED as error:
        raise DataError(f"{path}: damaged tar ({error}); download it again") from error
    raise DataError(f"{path}: no file in this tar; expected one table")


def blocks(part: Part) -> Iterator[Block]:
    """Blocks of about ``options.block_bytes``, each of whole lines; a byte order mark is passed over.

    Raises:
        DataError: cannot be opened or unpacked (unless lenient: what came before is kept), or a line is endless.
    """
    line, rest = 1, b""
    try:
        for data in _chunks(part):
            data = rest + data
            cut = data.rfind(b"\n") + 1
            if len(data) - cut > LONGEST_LINE:
                where = line + data.count(b"\n")
                raise DataError(f"{part.path}:{where}: a line of more than {LONGEST_LINE} bytes; expected a table")
            if cut:
                ends = data.count(b"\n")
                yield Block(data[:cut], line, ends)
                line += ends
            rest = data[cut:]
    except _DAMAGED as error:
        what = f"the packed file is damaged or cut ({error})"
        part.tally.faults(part.path, [Fault(line, what, "a complete file: download it again")])
        return  # what is left of the last line cannot be trusted
    if rest.strip():
        part.tally.note(f"file(s) without a line end after the last row, such as {part.path.name}: they may be cut")
    if rest:
        yield Block(rest, line, 0)


def _chunks(part: Part) -> Iterator[bytes]:
    """Bytes of a part in chunks of a block; what can be unpacked of a damaged file comes before the error."""
    with opened(part) as stream:
        read: Callable[[int], bytes] = getattr(stream, "read1", stream.read)  # read() would lose what precedes damage
        begun, over = False, False
        while not over:
            pieces, size, damage = [], 0, None
            while size < part.options.block_bytes:
                try:
                    piece = read(_READ)
                except _DAMAGED as error:
                    damage = error
                    break
                if not piece:
                    over = True
                    break
                pieces.append(piece)
                size += len(piece)
            data = b"".join(pieces)
            if not begun:
                data, begun = data.removeprefix(b"\xef\xbb\xbf"), True
            if data:
                yield data
            if damage is not None:
                raise damage


def head(part: Part, size: int) -> bytes:
    """The first bytes of a part, or as many as can be unpacked; nobody is told, the rows will be read again."""
    with opened(Part(part.path, part.tally, part.options)) as stream, contextlib.suppress(*_DAMAGED):
        return stream.read(size)
    return b""


def first_line(part: Part, comment: bytes = b"#") -> str:
    """The first line that is neither empty nor a comment, without its end; "" if there is none.

    Raises:
        DataError: cannot be opened or unpacked, or is not UTF-8.
    """
    with opened(Part(part.path, part.tally, part.options)) as stream:  # bytes that are read again do not count
        try:
            while line := stream.readline(LONGEST_LINE + 1):
                if len(line) > LONGEST_LINE:
                    raise DataError(f"{part.path}:1: a line of more than {LONGEST_LINE} bytes; expected a table")
                line = line.removeprefix(b"\xef\xbb\xbf").rstrip(b"\r\n")
                if line.strip() and not line.startswith(comment):
                    return line.decode("utf-8")
        except _DAMAGED as error:
            raise DataError(f"{part.path}: damaged or cut file ({error}); download it again") from error
        except UnicodeDecodeError as error:
            raise DataError(f"{part.path}:1: {not_utf8(error)}; expected text of a trace") from error
    return ""


def not_utf8(error: UnicodeDecodeError) -> str:
    """What is wrong with a line that is not UTF-8."""
    return f"byte 0x{error.object[error.start]:02x} is not UTF-8"
