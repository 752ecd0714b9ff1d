"""The project's own workload generator: bursty batches of recurring applications.

Arrivals are a non-homogeneous Poisson process of *batches*, modulated by the local time of day of their origin, by
the weekend and by a Gamma factor per hour (burstiness); batch sizes have a Pareto tail; sizes and run times follow
published laws. Everything is drawn in whole arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from greensched.core.streams import stream
from greensched.core.types import F64, I64
from greensched.traces.apps import Catalogue, catalogue
from greensched.traces.laws import (
    ALIBABA_GPUS,
    AZURE_SIZES,
    CORES_PER_GPU,
    GB_PER_GPU_TASK_CORE,
    DurationLaw,
    choose,
    pareto_batch_sizes,
)
from greensched.traces.table import Jobs, blank

_CELL_S = 300.0  # resolution of the arrival rate
_OWN_SIZE = 0.8  # share of batches that use their application's usual size (Azure V1: 91 % of batches have one flavour)
SOURCE = "GreenSched generator"


@dataclass(frozen=True)
class ArrivalLaw:
    """How jobs arrive.

    Attributes:
        diurnal: amplitude of the daily rate (0..1), peak at 15 h local solar time.
        weekend: rate on Saturdays and Sundays relative to weekdays.
        burstiness: coefficient of variation of the hourly Gamma factor; 0: none.
        batch_alpha: Pareto exponent of batch sizes.
        batch_cap: largest batch.
    """

    diurnal: float
    weekend: float
    burstiness: float
    batch_alpha: float
    batch_cap: int


@dataclass(frozen=True)
class WorkloadLaw:
    """Everything that the generator needs besides the number of jobs."""

    duration: DurationLaw
    arrivals: ArrivalLaw
    apps: int
    app_share: float  # share of the variance of log run time that the application explains
    gpu_share: float
    gpu_typed_share: float  # share of GPU tasks that ask for one type (33 % in Alibaba GPU v2023)
    gpu_types: tuple[str, ...]


def generate(
    seed: int, n: int, horizon_s: float, start: datetime, law: WorkloadLaw, origin_lon: F64, origin_weight: F64
) -> Jobs:
    """``n`` jobs that arrive in [0, horizon_s) seconds after ``start`` (UTC).

    Args:
        seed: scenario seed.
        n: number of jobs.
        horizon_s: window, seconds.
        start: UTC, decides hours of the day and weekends.
        law: parameters.
        origin_lon: longitude per origin, degrees.
        origin_weight: expected share of jobs per origin.
    """
    apps = catalogue(seed, law.apps, law.gpu_share)
    arrival_s, batch, origin = arrive(seed, n, horizon_s, start, law.arrivals, origin_lon, origin_weight)
    app = choose(stream(seed, "workload", "apps"), apps.popularity, len(origin))
    z = np.sqrt(law.app_share) * apps.longer[app[batch]]
    z = z + np.sqrt(1.0 - law.app_share) * stream(seed, "workload", "durations").standard_normal(n)
    columns = blank(n)
    columns["group"] = batch.astype(np.int64)
    columns["origin"] = origin[batch].astype(np.int32)
    columns["app"] = app[batch].astype(np.int32)
    columns |= _sizes(seed, apps, app, batch, law)
    jobs = Jobs(
        arrival_s=arrival_s,
        duration_s=law.duration.at(z),
        gpu_types=law.gpu_types,
        source=SOURCE,
        **columns,
    )
    return jobs.take(np.argsort(jobs.arrival_s, kind="stable"))


def arrive(
    seed: int, n: int, horizon_s: float, start: datetime, law: ArrivalLaw, origin_lon: F64, origin_weight: F64
) -> tuple[F64, I64, I64]:
    """Arrivals of ``n`` jobs in batches; the arguments are those of :func:`generate`.

    Returns:
        Instant in seconds and batch of each job, in the order of the batches, and the origin of each batch.
    """
    cap = max(1, min(law.batch_cap, n // 50))  # one batch is at most a fiftieth of a small workload
    sizes = pareto_batch_sizes(stream(seed, "workload", "batches"), n, law.batch_alpha, cap)
    rng = stream(seed, "workload", "arrivals")
    origin = choose(rng, origin_weight, len(sizes))
    arrival_s = _arrivals(rng, origin, len(origin_weight), horizon_s, start, law, origin_lon)
    batch = np.repeat(np.arange(len(sizes)), sizes)
    return arrival_s[batch], batch, origin


def _arrivals(
    rng: np.random.Generator,
    origin: I64,
    origins: int,
    horizon_s: float,
    start: datetime,
    law: ArrivalLaw,
    lon: F64,
) -> F64:
    """Arrival instants of batches: inverse of the cumulative rate of their origin, uniform within a cell."""
    cells = max(1, int(np.ceil(horizon_s / _CELL_S)))
    middle = (np.arange(cells) + 0.5) * _CELL_S
    width = np.minimum(_CELL_S, horizon_s - np.arange(cells) * _CELL_S)
    burst = np.ones(int(middle[-1] // 3600.0) + 1)
    if law.burstiness > 0:
        shape = 1.0 / law.burstiness**2
        burst = rng.gamma(shape, 1.0 / shape, len(burst))
    begin_h = start.hour + start.minute / 60.0 + start.second / 3600.0
    arrival = np.empty(len(origin))
    for o in range(origins):
        rows = np.flatnonzero(origin == o)
        local_h = begin_h + middle / 3600.0 + lon[o] / 15.0
        weekday = (start.weekday() + np.floor(local_h / 24.0).astype(np.int64)) % 7
        rate = 1.0 + law.diurnal * np.cos(2 * np.pi * (local_h - 15.0) / 24.0)
        rate = rate * np.where(weekday >= 5, law.weekend, 1.0) * burst[(middle // 3600.0).astype(np.int64)] * width
        if rate.sum() <= 0:  # weekend: 0 in a run of one weekend
            rate = width
        cell = choose(rng, rate, len(rows))
        arrival[rows] = cell * _CELL_S + rng.random(len(rows)) * width[cell]
    return arrival


def _sizes(seed: int, apps: Catalogue, app: I64, batch: I64, law: WorkloadLaw) -> dict[str, np.ndarray]:
    """Cores, memory and GPUs. Applications get their usual size so that popularity-weighted shares match the law.

    A size holds for a whole batch, except that tasks with several GPUs are drawn one by one: hundreds of eight-GPU
    tasks at once do not occur in the trace.
    """
    rng = stream(seed, "workload", "sizes")
    cpu_table = np.array([(c, m) for c, m, _ in AZURE_SIZES])
    cpu_share = np.array([s for _, _, s in AZURE_SIZES])
    own = rng.random(len(app)) < _OWN_SIZE
    own_cpu = _usual(rng, apps.popularity * (1 - apps.gpu), cpu_share)
    cpu = np.where(own, own_cpu[app], choose(rng, cpu_share, len(app)))[batch]
    gpu_count = np.array([g for g, _ in ALIBABA_GPUS])
    gpu_share = np.array([s for _, s in ALIBABA_GPUS])
    single = np.where(gpu_count <= 1, gpu_share, 0.0)
    own_gpu = _usual(rng, apps.popularity * apps.gpu, single)
    gpu = np.where(own, own_gpu[app], choose(rng, single, len(app)))[batch]
    several = rng.random(len(batch)) < 1.0 - single.sum() / gpu_share.sum()
    gpu[several] = choose(rng, gpu_share - single, int(several.sum()))
    is_gpu = apps.gpu[app[batch]] > 0
    gpu_cores = np.maximum(1.0, np.round(CORES_PER_GPU * gpu_count[gpu]))
    typed = (apps.gpu[app] > 0) & (rng.random(len(app)) < law.gpu_typed_share) & (len(law.gpu_types) > 0)
    gpu_type = np.where(typed, rng.integers(max(1, len(law.gpu_types)), size=len(app)), -1).astype(np.int32)
    return {
        "cores": np.where(is_gpu, gpu_cores, cpu_table[cpu, 0]),
        "mem_gb": np.where(is_gpu, np.round(GB_PER_GPU_TASK_CORE * gpu_cores, 2), cpu_table[cpu, 1]),
        "gpus": np.where(is_gpu, gpu_count[gpu], 0.0),
        "gpu_type": gpu_type[batch],
    }


def _usual(rng: np.random.Generator, weight: F64, share: F64) -> I64:
    """A size for each application, laid out along cumulative popularity so that weighted shares follow ``share``."""
    order = rng.permutation(len(weight))
    total = max(float(weight.sum()), 1e-300)
    middle = (np.cumsum(weight[order]) - 0.5 * weight[order]) / total
    edges = np.cumsum(share / share.sum())
    edges[-1] = 1.0 + 1e-9
    usual = np.empty(len(weight), dtype=np.int64)
    usual[order] = np.searchsorted(edges, middle, side="right")
    return usual
