"""The files of an import: found, told apart, and how large they are."""

from __future__ import annotations

import glob
import hashlib
import os
from pathlib import Path

from greensched.core.errors import DataError
from greensched.traces.importing.contract import Options

_BUCKET = 16 << 20  # bytes of input (unpacked, estimated) that share a bucket
_MOST_BUCKETS = 256
_PACKED = 6  # text in .gz is about this much larger unpacked
_WORTH_A_PROCESS = 128 << 20  # bytes of input (unpacked); a process takes one or two seconds to start
_MARK = 1 << 20  # bytes read of either end of a file to tell whether it is a copy of another


def expand(patterns: list[str]) -> list[Path]:
    """Files of paths and glob patterns, in the order given, those of a pattern in the order of their names.

    Raises:
        DataError: a pattern matches nothing, or a file is named twice or is a copy of another.
    """
    paths: list[Path] = []
    for pattern in patterns:
        if Path(pattern).is_file():
            paths.append(Path(pattern))
            continue
        found = sorted(path for path in map(Path, glob.glob(pattern, recursive=True)) if path.is_file())
        if not found:
            raise DataError(f"{pattern}: no such file; expected trace files or a pattern such as 'part-*.csv.gz'")
        paths.extend(found)
    marks: dict[tuple[int, bytes], Path] = {}
    for path in paths:
        twin = marks.setdefault(_mark(path), path)
        if twin is not path and path.stat().st_size:
            raise DataError(f"{path}: holds the same as {twin}; its rows would count twice; name each part once")
    return paths


def _mark(path: Path) -> tuple[int, bytes]:
    size = path.stat().st_size
    with path.open("rb") as stream:
        digest = hashlib.sha256(stream.read(_MARK))
        stream.seek(max(0, size - _MARK))
        digest.update(stream.read(_MARK))
    return size, digest.digest()


def buckets(paths: list[Path]) -> int:
    """Into how many buckets the rows of these files go, so that one fits in memory."""
    size = sum(path.stat().st_size * (_PACKED if path.suffix in (".gz", ".tgz") else 1) for path in paths)
    return min(_MOST_BUCKETS, max(1, -(-size // _BUCKET)))


def workers(paths: list[Path], options: Options) -> int:
    """How many processes read these files."""
    if options.workers is not None:
        return max(1, min(options.workers, len(paths)))
    size = sum(path.stat().st_size * (_PACKED if path.suffix in (".gz", ".tgz") else 1) for path in paths)
    return max(1, min(len(os.sched_getaffinity(0)), len(paths), size // _WORTH_A_PROCESS))
