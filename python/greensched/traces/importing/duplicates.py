"""Rows that exist twice, found by 64-bit keys in a few passes of bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from greensched.core.types import I64
from greensched.traces.importing.tally import Fault, Tally

_AT_ONCE = 2_000_000  # keys held in memory in one pass; three 64-bit numbers each
_READ = 1 << 18  # pairs

Keys = tuple[Path, Path]  # a trace file; (key, line) pairs of its rows in order, 64-bit numbers


def _pairs(path: Path) -> Iterator[I64]:
    with path.open("rb") as stream:
        while data := stream.read(16 * _READ):
            yield np.frombuffer(data, np.int64).reshape(-1, 2)


def second_rows(keys: list[Keys]) -> tuple[I64, I64]:
    """Rows whose key an earlier row has, over all files in order.

    Returns:
        Their ordinals, ascending; and for each the ordinal of the first row with that key.
    """
    total = sum(path.stat().st_size // 16 for _, path in keys)
    passes = max(1, -(-total // _AT_ONCE))
    found: list[I64] = []
    firsts: list[I64] = []
    for number in range(passes):
        key, ordinal = _of_pass(keys, number, passes)
        order = np.argsort(key, kind="stable")
        key, ordinal = key[order], ordinal[order]
        starts = np.concatenate([[True], key[1:] != key[:-1]]) if len(key) else np.zeros(0, bool)
        first = ordinal[starts][np.cumsum(starts) - 1] if len(key) else ordinal
        found.append(ordinal[~starts])
        firsts.append(first[~starts])
    seconds, earlier = np.concatenate(found), np.concatenate(firsts)
    order = np.argsort(seconds)
    return seconds[order], earlier[order]


def _of_pass(keys: list[Keys], number: int, passes: int) -> tuple[I64, I64]:
    picked, ordinals = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    at = 0
    for _, path in keys:
        for pairs in _pairs(path):
            key = pairs[:, 0]
            rows = np.flatnonzero(key.view(np.uint64) % np.uint64(passes) == number) if passes > 1 else slice(None)
            picked.append(key[rows].copy())
            ordinals.append(np.arange(at, at + len(key), dtype=np.int64)[rows])
            at += len(key)
    return np.concatenate(picked), np.concatenate(ordinals)


def place(keys: list[Keys], ordinal: int) -> tuple[Path, int]:
    """File and line of a row."""
    for file, path in keys:
        rows = path.stat().st_size // 16
        if ordinal < rows:
            with path.open("rb") as stream:
                stream.seek(16 * ordinal + 8)
                return file, int.from_bytes(stream.read(8), "little", signed=True)
        ordinal -= rows
    raise IndexError(ordinal)


def judge(keys: list[Keys], tally: Tally) -> I64:
    """Ordinals of the rows to leave out because they exist before.

    Raises:
        DataError: there is one, and the import is strict.
    """
    seconds, earlier = second_rows(keys)
    for ordinal, first in zip(seconds[:1].tolist(), earlier[:1].tolist(), strict=True):
        file, line = place(keys, ordinal)
        before, line_before = place(keys, first)
        text = f"the same job or task a second time: the first is in {before}:{line_before}"
        tally.faults(file, [Fault(line, text, "each once")])
        kind = next(iter(reversed(tally.malformed)))
        tally.malformed[kind].rows += len(seconds) - 1
    return seconds
