"""Public traces from the data pack's normalised Parquet files (``traces/normalized``), as :class:`Jobs`.

Where a file is absent, the small subset in ``mini/`` stands in for it.

* ``azure-v1``: Azure V1 virtual machines. Run times are bin mid-points; censored ones are left out. No text, no GPUs.
* ``google2011``: Google ClusterData 2011-2 jobs (first 7 days). No resource requests: cores and memory are drawn from
the
  Azure size table and that is said in the notes.
* ``alibaba-gpu-2023``: Alibaba GPU v2023 pods with GPU shares; cut at t = 9.96e6 s, before which arrivals are sparse.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from greensched.core.errors import DataError
from greensched.core.streams import stream
from greensched.core.types import F64
from greensched.traces import mini
from greensched.traces.laws import AZURE_SIZES, choose
from greensched.traces.table import Jobs, Text, blank

FOLDER = "traces/normalized"
_ALIBABA_START_S = 9_960_000.0


@dataclass(frozen=True)
class Cut:
    """Which part of a trace: seconds of trace time, and how much it is compressed."""

    start_s: float
    length_s: float
    compress: float = 1.0
    max_duration_s: float = float("inf")


def load(root: Path, source: str, cut: Cut, seed: int) -> Jobs:
    """Jobs of a trace that arrive in the cut; arrivals count from its start, compressed.

    Raises:
        DataError: a file or column is missing, or no job arrives in the window.
    """
    jobs = {"azure-v1": _azure, "google2011": _google, "alibaba-gpu-2023": _alibaba}[source](root, seed)
    usable = np.isfinite(jobs.duration_s) & (jobs.duration_s > 0)
    known = usable & (jobs.duration_s <= cut.max_duration_s)
    arrival = (jobs.arrival_s - cut.start_s) / cut.compress
    inside = known & (arrival >= 0) & (arrival < cut.length_s)
    if not inside.any():
        last = float(jobs.arrival_s.max()) if len(jobs) else 0.0
        raise DataError(
            f"{root / FOLDER}: trace {source} has no job between {cut.start_s:g} s and "
            f"{cut.start_s + cut.length_s * cut.compress:g} s; its last job arrives at {last:g} s"
        )
    jobs.arrival_s = arrival
    window = (arrival >= 0) & (arrival < cut.length_s)
    jobs.notes.append(
        f"of {int(window.sum())} jobs in the window, {int((window & ~usable).sum())} without a usable run time "
        f"(censored or missing) and {int((window & usable & ~known).sum())} longer than allowed were left out"
    )
    return jobs.take(np.flatnonzero(inside))


def sample(jobs: Jobs, n: int, seed: int) -> Jobs:
    """``n`` of the jobs, whole groups at a time so that bursts survive (the last one cut to fit), in their order."""
    if n >= len(jobs):
        return jobs
    _, group = np.unique(jobs.group, return_inverse=True)
    rank = stream(seed, "trace", "sample").permutation(int(group.max()) + 1)[group]
    chosen = np.sort(np.lexsort((np.arange(len(jobs)), rank))[:n])
    return jobs.take(chosen)


def _table(root: Path, name: str, columns: list[str]) -> pa.Table:
    path = root / FOLDER / name
    small = None if path.is_file() else mini.find(root, name)
    if small is not None:
        path, table = small, mini.read(small)
        have = table.column_names
    elif path.is_file():
        table, have = None, pq.read_schema(path).names
    else:
        raise DataError(f"{path}: no such file; expected the layout of the data pack under --data")
    missing = [c for c in columns if c not in have]
    if missing:
        raise DataError(f"{path}: no column {', '.join(missing)}; it has {', '.join(have)}")
    return pq.read_table(path, columns=columns) if table is None else table.select(columns)


def _f64(table: pa.Table, name: str) -> F64:
    result: F64 = table.column(name).cast(pa.float64()).to_numpy(zero_copy_only=False)
    return result


def _azure(root: Path, seed: int) -> Jobs:
    names = ["arrival_s", "batch", "cpu_cores", "mem_gb", "duration_s", "censored", "part"]
    table = _table(root, "azure_v1_vms.parquet", names)
    columns = blank(len(table))
    part = table.column("part").cast(pa.string()).to_numpy(zero_copy_only=False)
    columns["group"] = table.column("batch").to_numpy().astype(np.int64) * 4 + np.unique(part, return_inverse=True)[1]
    duration = np.where(table.column("censored").to_numpy(zero_copy_only=False), np.nan, _f64(table, "duration_s"))
    return Jobs(
        arrival_s=_f64(table, "arrival_s"),
        duration_s=duration,
        cores=_f64(table, "cpu_cores"),
        mem_gb=_f64(table, "mem_gb"),
        source="Azure Public Dataset V1 (via huaweicloud/trace_generation_rnn, CC BY 4.0)",
        **columns,
    )


def _google(root: Path, seed: int) -> Jobs:
    table = _table(root, "google2011_jobs_7d.parquet", ["arrival_s", "duration_s", "scheduling_class"])
    n = len(table)
    columns = blank(n)
    columns["priority"] = table.column("scheduling_class").to_numpy().astype(np.int32)
    size = choose(stream(seed, "trace", "sizes"), np.array([s for _, _, s in AZURE_SIZES]), n)
    jobs = Jobs(
        arrival_s=_f64(table, "arrival_s"),
        duration_s=_f64(table, "duration_s"),
        cores=np.array([c for c, _, _ in AZURE_SIZES], dtype=np.float64)[size],
        mem_gb=np.array([m for _, m, _ in AZURE_SIZES])[size],
        source="Google ClusterData 2011-2 job events (CC BY 4.0)",
        **columns,
    )
    jobs.notes.append("the trace has no resource requests: cores and memory drawn from the Azure V1 size table")
    return jobs


def _alibaba(root: Path, seed: int) -> Jobs:
    names = ["name", "arrival_s", "duration_s", "cpu_cores", "mem_gb", "gpus", "qos"]
    table = _table(root, "alibaba_gpu_v2023_pods.parquet", names)
    columns = blank(len(table))
    columns["gpus"] = _f64(table, "gpus")
    qos = [f"qos={v}" for v in table.column("qos").to_pylist()]
    return Jobs(
        arrival_s=_f64(table, "arrival_s") - _ALIBABA_START_S,
        duration_s=_f64(table, "duration_s"),
        cores=np.maximum(_f64(table, "cpu_cores"), 0.1),
        mem_gb=_f64(table, "mem_gb"),
        labels=Text.of(qos),
        source="Alibaba GPU cluster trace v2023 (openb pods)",
        **columns,
    )
