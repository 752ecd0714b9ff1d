"""Jobs of the data pack's traces, and statistics of arrivals that the laws are made from and fidelity is judged by."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

F64 = NDArray[np.float64]
FILES = {
    "azure-v1": "azure_v1_vms.parquet",
    "google2011": "google2011_jobs_7d.parquet",
    "alibaba-gpu-2023": "alibaba_gpu_v2023_pods.parquet",
}
GRID_S = {"azure-v1": 300.0, "google2011": 0.0, "alibaba-gpu-2023": 1.0}  # resolution of arrival times
ALIBABA_START_S = 9_960_000.0  # before, arrivals are sparse


@dataclass(frozen=True)
class Sample:
    """Jobs that arrive in [0, span_s), by arrival. Sizes are empty, run times NaN, where the trace has none."""

    arrival_s: F64
    duration_s: F64
    cores: F64
    mem_gb: F64
    gpus: F64
    span_s: float
    batch_size: F64 = field(default_factory=lambda: np.zeros(0))  # of a whole trace that says so

    def part(self, begin_s: float, end_s: float) -> Sample:
        """The jobs of a part of the time, which begins anew at 0."""
        inside = (self.arrival_s >= begin_s) & (self.arrival_s < end_s)
        sizes = [v[inside] if len(v) else v for v in (self.cores, self.mem_gb, self.gpus)]
        return Sample(self.arrival_s[inside] - begin_s, self.duration_s[inside], *sizes, end_s - begin_s)


def trace(data: Path, name: str) -> Sample:
    """A whole trace; run times that are censored or not positive are NaN."""
    rows = pq.read_table(data / "traces" / "normalized" / FILES[name]).to_pandas()
    rows = rows.sort_values("arrival_s", kind="stable")
    arrival = rows["arrival_s"].to_numpy(np.float64)
    duration = rows["duration_s"].to_numpy(np.float64)
    if "censored" in rows:
        duration = np.where(rows["censored"], np.nan, duration)
    begin = ALIBABA_START_S if name == "alibaba-gpu-2023" else 0.0
    keep = arrival >= begin
    sizes = [rows[c].to_numpy(np.float64)[keep] if c in rows else np.zeros(0) for c in ("cpu_cores", "mem_gb", "gpus")]
    if name == "azure-v1":
        sizes[2] = np.zeros(int(keep.sum()))
    batch_size = np.zeros(0)
    if "batch" in rows:
        batch_size = rows.groupby(["part", "batch"], observed=True).size().to_numpy(np.float64)
    duration = np.where(duration > 0, duration, np.nan)[keep]
    arrival = arrival[keep] - begin
    return Sample(arrival, duration, *sizes, float(np.floor(arrival.max() / 3600.0) * 3600.0), batch_size)


def counts(arrival_s: F64, span_s: float, window_s: float) -> F64:
    """Jobs per whole window."""
    windows = int(span_s // window_s)
    number = np.bincount((arrival_s // window_s).astype(np.int64), minlength=windows)[:windows]
    return number.astype(np.float64)


def dispersion(arrival_s: F64, span_s: float, window_s: float) -> float:
    """Variance over mean of counts per window: 1 for a Poisson process."""
    number = counts(arrival_s, span_s, window_s)
    return float(number.var() / number.mean())


def profile(sample: Sample) -> F64:
    """Rate by hour of day, relative to the mean, over whole days."""
    whole = sample.arrival_s[sample.arrival_s < sample.span_s // 86400.0 * 86400.0]
    hours = np.bincount((whole % 86400.0 // 3600.0).astype(np.int64), minlength=24)
    result: F64 = hours / hours.mean()
    return result


def daily_wave(arrival_s: F64) -> tuple[float, float]:
    """Relative amplitude and hour of the maximum of the daily rate."""
    mean = np.exp(2j * np.pi * arrival_s / 86400.0).mean()
    return float(2 * abs(mean)), float(np.angle(mean) * 24 / (2 * np.pi) % 24)
