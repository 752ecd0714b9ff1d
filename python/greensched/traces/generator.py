"""The project's own workload generator: bursty batches of recurring applications.

Arrivals are a non-homogeneous Poisson process of *batches* (:mod:`greensched.traces.arrivals`); batch sizes have a
Pareto tail; sizes and run times follow published laws, larger tasks run longer as measured. Everything is drawn in
whole arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np

from greensched.core.streams import stream
from greensched.core.types import F64, I64
from greensched.traces.apps import Catalogue, catalogue
from greensched.traces.arrivals import ArrivalLaw, arrive
from greensched.traces.laws import DEFAULT_SIZES, DurationLaw, Sizes, choose, normal_cdf
from greensched.traces.table import Jobs, blank

_SCORE_BINS = 256
_OWN_SIZE = 0.8  # share of batches that use their application's usual size (Azure V1: 91 % of batches have one flavour)
SOURCE = "GreenSched generator"


class Popular(Protocol):
    """Applications with shares of all jobs, and how much longer each runs, in standard deviations."""

    @property
    def popularity(self) -> F64:
        """Sums to 1."""

    @property
    def longer(self) -> F64:
        """Weighted mean 0 and variance 1."""


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
    sizes: Sizes = DEFAULT_SIZES
    size_corr: float = 0.0  # correlation of log run time with log cores


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
    columns = blank(n)
    columns["group"] = batch.astype(np.int64)
    columns["origin"] = origin[batch].astype(np.int32)
    columns["app"] = app[batch].astype(np.int32)
    columns |= _sizes(seed, apps, app, batch, law)
    own = stream(seed, "workload", "durations").standard_normal(n)
    z = scores(apps, law.app_share, app[batch], own)
    z = np.sqrt(1.0 - law.size_corr**2) * z + law.size_corr * _large(columns["cores"], law)
    jobs = Jobs(
        arrival_s=arrival_s,
        duration_s=law.duration.at(z),
        gpu_types=law.gpu_types,
        source=SOURCE,
        **columns,
    )
    return jobs.take(np.argsort(jobs.arrival_s, kind="stable"))


def _sizes(seed: int, apps: Catalogue, app: I64, batch: I64, law: WorkloadLaw) -> dict[str, np.ndarray]:
    """Cores, memory and GPUs. Applications get their usual size so that popularity-weighted shares match the law.

    A size holds for a whole batch, except that tasks with several GPUs are drawn one by one: hundreds of eight-GPU
    tasks at once do not occur in the trace.
    """
    rng = stream(seed, "workload", "sizes")
    table = np.array(law.sizes)
    gpus, share = table[:, 2], table[:, 3]
    cpu_share, gpu_share = np.where(gpus == 0, share, 0.0), np.where(gpus > 0, share, 0.0)
    own = rng.random(len(app)) < _OWN_SIZE
    row = np.zeros(len(batch), dtype=np.int64)
    is_gpu = apps.gpu[app[batch]] > 0
    if cpu_share.sum() > 0:
        own_cpu = _usual(rng, apps.popularity * (1 - apps.gpu), cpu_share)
        row = np.where(own, own_cpu[app], choose(rng, cpu_share, len(app)))[batch]
    if gpu_share.sum() > 0:
        single = np.where(gpus <= 1, gpu_share, 0.0)
        own_gpu = _usual(rng, apps.popularity * apps.gpu, single)
        gpu_row = np.where(own, own_gpu[app], choose(rng, single, len(app)))[batch]
        several = rng.random(len(batch)) < 1.0 - single.sum() / gpu_share.sum()
        if several.any():
            gpu_row[several] = choose(rng, gpu_share - single, int(several.sum()))
        row = np.where(is_gpu, gpu_row, row)
    typed = (apps.gpu[app] > 0) & (rng.random(len(app)) < law.gpu_typed_share) & (len(law.gpu_types) > 0)
    gpu_type = np.where(typed, rng.integers(max(1, len(law.gpu_types)), size=len(app)), -1).astype(np.int32)
    return {
        "cores": table[row, 0],
        "mem_gb": table[row, 1],
        "gpus": np.where(is_gpu, gpus[row], 0.0),
        "gpu_type": gpu_type[batch],
    }


def scores(apps: Popular, share: float, app: I64, own: F64) -> F64:
    """Standard normal scores of which the application explains ``share``: few applications have most of the jobs.

    A weighted sum of both would have the distribution of the catalogue's draw, not that of the law.
    """
    raw: F64 = np.sqrt(share) * apps.longer[app] + np.sqrt(1.0 - share) * own
    rest = np.sqrt(max(1.0 - share, 1e-4))
    mass, edges = np.histogram(np.sqrt(share) * apps.longer, bins=_SCORE_BINS, weights=apps.popularity)
    middle = 0.5 * (edges[1:] + edges[:-1])
    at = np.linspace(raw.min() - 1e-9, raw.max() + 1e-9, 4 * _SCORE_BINS)
    below = normal_cdf((at[:, None] - middle[None, :]) / rest) @ (mass / mass.sum())
    known = np.linspace(-6.0, 6.0, 4 * _SCORE_BINS)
    result: F64 = np.interp(np.interp(raw, at, below), normal_cdf(known), known)
    return result


def _large(cores: F64, law: WorkloadLaw) -> F64:
    """Log cores with mean 0 and variance 1 over the size law."""
    table = np.array(law.sizes)
    share = np.zeros(len(table))
    for rows, part in ((table[:, 2] == 0, 1.0 - law.gpu_share), (table[:, 2] > 0, law.gpu_share)):
        share[rows] = part * table[rows, 3] / max(float(table[rows, 3].sum()), 1e-12)
    log_cores, share = np.log(table[:, 0]), share / max(float(share.sum()), 1e-12)
    mean = float(share @ log_cores)
    spread = float(np.sqrt(share @ (log_cores - mean) ** 2))
    result: F64 = (np.log(cores) - mean) / spread if spread > 0 else np.zeros(len(cores))
    return result


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
