"""Rows on disk between reading and writing: in order, or sorted into buckets so that what belongs together meets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from greensched.core.types import I64
from greensched.traces import jobtable
from greensched.traces.importing.contract import Piece, TraceFormat

_HELD = 24 << 20  # bytes of partial tables that a part holds before they go to disk
KEY = "_key"  # column of partial tables
_LZ4 = pa.ipc.IpcWriteOptions(compression="lz4")


@dataclass
class Spilled:
    """What one part left on disk: files by kind; ``batches`` says in which record batches of a file a bucket is."""

    rows: dict[str, Path] = field(default_factory=dict)
    keys: Path | None = None
    batches: dict[str, list[list[int]]] = field(default_factory=dict)


class InOrder:
    """Rows of the job table as they come, and beside them their keys and lines."""

    def __init__(self, folder: Path) -> None:
        self.spilled = Spilled({"jobs": folder / "jobs.arrow"}, folder / "keys.bin")
        folder.mkdir(parents=True)
        self._rows = pa.ipc.new_stream(str(folder / "jobs.arrow"), jobtable.SCHEMA, options=_LZ4)
        self._keys = (folder / "keys.bin").open("wb")

    def add(self, piece: Piece) -> None:
        """Write a piece."""
        self._rows.write_table(jobtable.complete(piece.rows))
        if piece.key is not None and piece.lines is not None:
            np.stack([piece.key, piece.lines], axis=1).tofile(self._keys)

    def close(self) -> None:
        """End the files."""
        self._rows.close()
        self._keys.close()


class InBuckets:
    """Partial tables, compacted, in buckets by key."""

    def __init__(self, folder: Path, format_: TraceFormat, buckets: int) -> None:
        self.spilled = Spilled()
        folder.mkdir(parents=True)
        self._folder, self._format, self._buckets = folder, format_, buckets
        self._held: dict[str, list[pa.Table]] = {}
        self._bytes = 0
        self._files: dict[str, Any] = {}
        self._written: dict[str, int] = {}

    def add(self, piece: Piece) -> None:
        """Hold a piece, and write all that is held when it is much."""
        assert piece.key is not None  # formats that gather give keys
        rows = piece.rows.append_column(KEY, pa.array(piece.key))
        self._held.setdefault(piece.kind, []).append(rows)
        self._bytes += rows.nbytes
        if self._bytes > _HELD:
            self._flush()

    def _flush(self) -> None:
        for kind, tables in self._held.items():
            table = self._format.compact(kind, pa.concat_tables(tables))
            bucket = buckets_of(table.column(KEY).to_numpy(), self._buckets)
            order = np.argsort(bucket, kind="stable")
            table, edges = table.take(order), np.searchsorted(bucket[order], np.arange(self._buckets + 1))
            for b in range(self._buckets):
                self._write(kind, b, table.slice(edges[b], edges[b + 1] - edges[b]))
        self._held.clear()
        self._bytes = 0

    def _write(self, kind: str, bucket: int, rows: pa.Table) -> None:
        if kind not in self._files:
            path = self._folder / f"{kind}.arrow"
            self.spilled.rows[kind] = path
            self.spilled.batches[kind] = [[] for _ in range(self._buckets)]
            self._files[kind] = pa.ipc.new_file(str(path), rows.schema, options=_LZ4)
            self._written[kind] = 0
        for batch in rows.combine_chunks().to_batches():
            self._files[kind].write_batch(batch)
            self.spilled.batches[kind][bucket].append(self._written[kind])
            self._written[kind] += 1

    def close(self) -> None:
        """Write what is held and end the files."""
        self._flush()
        for file in self._files.values():
            file.close()


def buckets_of(key: I64, buckets: int) -> I64:
    """The bucket of each key; ids often share their low digits, so they are mixed first."""
    mixed = key.view(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return ((mixed >> np.uint64(40)) % np.uint64(buckets)).astype(np.int64)


def in_order(spilled: list[Spilled]) -> Iterator[pa.Table]:
    """Rows of all parts, one after the other."""
    for part in spilled:
        with pa.OSFile(str(part.rows["jobs"])) as file, pa.ipc.open_stream(file) as stream:
            for batch in stream:
                yield pa.Table.from_batches([batch])


def bucket(spilled: list[Spilled], number: int, kinds: tuple[str, ...] | None = None) -> dict[str, pa.Table]:
    """All partial tables of one bucket, by kind; a kind of which the bucket has nothing is there without rows."""
    found: dict[str, list[pa.Table]] = {}
    for part in spilled:
        for kind, path in part.rows.items():
            if kinds is not None and kind not in kinds:
                continue
            with pa.OSFile(str(path)) as file, pa.ipc.open_file(file) as reader:
                found.setdefault(kind, [reader.schema.empty_table()])
                for at in part.batches[kind][number]:
                    found[kind].append(pa.Table.from_batches([reader.get_batch(at)]))
    return {kind: pa.concat_tables(tables) for kind, tables in found.items()}
