"""An import: parts read by several processes, spilled to disk, brought together, written as one Parquet file.

Memory is bounded by the block size, not by the files: rows wait on disk beside the output (about as large as the files
unpacked). The result does not depend on the number of processes.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from greensched.core.errors import DataError
from greensched.traces import jobtable
from greensched.traces.importing import duplicates, inputs, spill
from greensched.traces.importing.contract import Options, Part, TraceFormat
from greensched.traces.importing.deadlines import Deadlines
from greensched.traces.importing.tally import Tally

Progress = Callable[[int], None]
_shared: Any = None  # bytes done by all workers


def import_trace(
    format_: TraceFormat, patterns: list[str], out: Path, options: Options, progress: Progress | None = None
) -> dict[str, Any]:
    """Bring native files to the typed job table.

    Args:
        format_: their format.
        patterns: paths and glob patterns.
        out: Parquet file to write; it appears when it is complete.
        options: see there.
        progress: is told now and then how many bytes of the input were read in total.

    Returns:
        The metadata of the written file, with the report under ``report``.

    Raises:
        DataError: nothing to read, a file is not of this format, or a row is malformed and the import is strict.
    """
    paths = inputs.expand(patterns)
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.resolve() in [path.resolve() for path in paths]:
        raise DataError(f"{out}: is an input too; choose another name for the output")
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as temporary:
        folder = Path(temporary)
        buckets = inputs.buckets(paths)
        tally, spilled = Tally(options.lenient), []
        for part_tally, left in _read_all(format_, paths, folder, options, buckets, progress or (lambda done: None)):
            tally.add(part_tally)
            spilled.append(left)
        rows = _gathered if format_.gathers else _in_order
        deadlines = Deadlines(options.deadlines, options.seed)
        tables = rows(format_, paths, spilled, folder, options, tally, buckets)
        writing, count = _write(folder / "out.parquet", tables, deadlines)
        metadata = _metadata(format_, paths, options, tally, count, deadlines.text)
        jobtable.finish(writing, metadata)
        if not count:
            raise DataError(f"{paths[0]}: no job in {len(paths)} file(s); expected {format_.files}")
        os.replace(folder / "out.parquet", out)
    return metadata


def _read_part(
    format_: TraceFormat, index: int, path: Path, folder: Path, options: Options, buckets: int, advance: Progress
) -> tuple[Tally, spill.Spilled]:
    part = Part(path, Tally(options.lenient), options, advance)
    where = folder / f"part-{index}"
    sink = spill.InBuckets(where, format_, buckets) if format_.gathers else spill.InOrder(where)
    try:
        for piece in format_.pieces(part):
            sink.add(piece)
    finally:
        sink.close()
    return part.tally, sink.spilled


def _init_worker(shared: Any) -> None:
    global _shared
    _shared = shared
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))  # Ctrl-C reaches all; one of them has the word
    pa.set_cpu_count(1)  # the processes are the parallelism


def _advance_shared(done: int) -> None:
    with _shared.get_lock():
        _shared.value += done


def _in_worker(format_: TraceFormat, index: int, path: Path, folder: Path, options: Options, buckets: int) -> Any:
    return _read_part(format_, index, path, folder, options, buckets, _advance_shared)


def _read_all(
    format_: TraceFormat, paths: list[Path], folder: Path, options: Options, buckets: int, progress: Progress
) -> Iterator[tuple[Tally, spill.Spilled]]:
    """What each part left, in order; the first fault by part and line ends it, whichever worker meets one first."""
    workers = inputs.workers(paths, options)
    if workers == 1:
        total = 0

        def advance(done: int) -> None:
            nonlocal total
            total += done
            progress(total)

        for i, path in enumerate(paths):
            yield _read_part(format_, i, path, folder, options, buckets, advance)
        return
    # spawn: a fork would copy Arrow's threads in the middle of what they do
    context = multiprocessing.get_context("spawn")
    shared = context.Value("q", 0)
    with ProcessPoolExecutor(workers, context, _init_worker, (shared,)) as pool:
        futures = [pool.submit(_in_worker, format_, i, p, folder, options, buckets) for i, p in enumerate(paths)]
        try:
            for future in futures:
                while not future.done():
                    wait([future], timeout=0.1, return_when=FIRST_COMPLETED)
                    progress(shared.value)
                yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _in_order(
    format_: TraceFormat,
    paths: list[Path],
    spilled: list[spill.Spilled],
    folder: Path,
    options: Options,
    tally: Tally,
    buckets: int,
) -> Iterator[pa.Table]:
    """Rows as they stand in the files, without those whose key exists before."""
    keys = [(path, left.keys) for path, left in zip(paths, spilled, strict=True) if left.keys is not None]
    drop = duplicates.judge(keys, tally)
    at = 0
    for rows in spill.in_order(spilled):
        inside = drop[np.searchsorted(drop, at) : np.searchsorted(drop, at + rows.num_rows)] - at
        at += rows.num_rows
        if len(inside):
            keep = np.ones(rows.num_rows, dtype=bool)
            keep[inside] = False
            rows = rows.filter(pa.array(keep))
        yield rows


def _gathered(
    format_: TraceFormat,
    paths: list[Path],
    spilled: list[spill.Spilled],
    folder: Path,
    options: Options,
    tally: Tally,
    buckets: int,
) -> Iterator[pa.Table]:
    """Rows that the format makes of everything known of the same keys, bucket by bucket."""
    relayed = format_.relayed
    if relayed:
        sink = spill.InBuckets(folder / "relay", format_, buckets)
        for number in range(buckets):
            for piece in format_.relay(_bare(format_, spill.bucket(spilled, number, relayed))):
                sink.add(piece)
        sink.close()
        for left in spilled:
            left.rows = {kind: path for kind, path in left.rows.items() if kind not in relayed}
        spilled = [*spilled, sink.spilled]
    for number in range(buckets):
        tables = _bare(format_, spill.bucket(spilled, number))
        if tables:
            yield jobtable.complete(format_.gather(tables, options, tally))


def _bare(format_: TraceFormat, tables: dict[str, pa.Table]) -> dict[str, pa.Table]:
    """Compacted once more, without keys; what one part wrote at once is compact already."""
    bare = {}
    for kind, table in tables.items():
        written = sum(len(chunk) > 0 for chunk in table.column(spill.KEY).chunks)
        bare[kind] = (format_.compact(kind, table) if written > 1 else table).drop_columns([spill.KEY])
    return bare


def _write(path: Path, tables: Iterator[pa.Table], deadlines: Deadlines) -> tuple[Any, int]:
    """Rows into a Parquet file in groups of a fixed size; returns the open writer and the number of rows."""
    writing, held, waiting, count = jobtable.writer(path), [], 0, 0

    def flush(rows: pa.Table, everything: bool) -> pa.Table:
        while rows.num_rows >= jobtable.ROWS_PER_GROUP or (everything and rows.num_rows):
            writing.write_table(rows.slice(0, jobtable.ROWS_PER_GROUP))
            rows = rows.slice(jobtable.ROWS_PER_GROUP)
        return rows

    try:
        for table in tables:
            held.append(deadlines.add(table))
            waiting += table.num_rows
            count += table.num_rows
            if waiting >= jobtable.ROWS_PER_GROUP:
                rest = flush(pa.concat_tables(held), everything=False)
                held, waiting = [rest], rest.num_rows
        if held:
            flush(pa.concat_tables(held), everything=True)
    except BaseException:
        writing.close()
        raise
    return writing, count


def _metadata(
    format_: TraceFormat, paths: list[Path], options: Options, tally: Tally, count: int, rule: str
) -> dict[str, Any]:
    machine = options.machine or format_.machine
    return {
        "format": format_.name,
        "title": format_.title,
        "source": format_.source,
        "time_zero": format_.time_zero,
        "files": [{"name": path.name, "bytes": path.stat().st_size} for path in paths],
        "machine": machine.text if format_.machine and machine else None,
        "deadlines": rule,
        "report": tally.report() | {"rows_written": count},
    }
