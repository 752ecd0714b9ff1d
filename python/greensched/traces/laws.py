"""Distributions used by the generator: vectorised, each with its published parameters beside it."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from greensched.core.types import F64, I64

# (cores, GB): share. Azure Public Dataset V1 (669,435 virtual machines), shares renormalised to 1.
AZURE_SIZES: tuple[tuple[float, float, float], ...] = (
    (1, 1.75, 0.568),
    (2, 3.5, 0.195),
    (4, 7.0, 0.101),
    (8, 14.0, 0.095),
    (8, 56.0, 0.025),
    (1, 0.75, 0.016),
)
# GPUs: share among GPU tasks. Alibaba GPU v2023 (8,152 pods): a share of one GPU 43.6 %, one GPU 55.4 %, more 1 %.
ALIBABA_GPUS: tuple[tuple[float, float], ...] = (
    (0.81, 0.150),
    (0.47, 0.104),
    (0.32, 0.046),
    (0.5, 0.136),
    (1.0, 0.554),
    (2.0, 0.0023),
    (4.0, 0.0023),
    (8.0, 0.0054),
)
CORES_PER_GPU = 11.4  # median, Alibaba GPU v2023
GB_PER_GPU_TASK_CORE = 3.7  # median, Alibaba GPU v2023
# (cores, GB, GPUs, share); shares count within the tasks without and within those with GPUs.
Sizes = tuple[tuple[float, float, float, float], ...]
DEFAULT_SIZES: Sizes = tuple((float(c), m, 0.0, share) for c, m, share in AZURE_SIZES) + tuple(
    (cores, round(GB_PER_GPU_TASK_CORE * cores, 2), gpus, share)
    for gpus, share in ALIBABA_GPUS
    for cores in (max(1.0, float(round(CORES_PER_GPU * gpus))),)
)
# Used / requested CPU, Google 2019 sample: quantiles 25/50/75/90 %; use above the request is clipped to 1.
CPU_UTIL_QUANTILES = ((0.0, 0.01), (0.25, 0.03), (0.50, 0.19), (0.75, 0.67), (0.90, 1.0), (1.0, 1.0))
# GPU power CDF of Acme (A100: idle 60 W, p50 101, p75 372, p90 404 W), as (P - 60) / (400 - 60).
GPU_UTIL_QUANTILES = ((0.0, 0.0), (0.50, 0.12), (0.75, 0.92), (0.90, 1.0), (1.0, 1.0))


def normal_cdf(z: F64) -> F64:
    """Standard normal distribution function (Abramowitz & Stegun 7.1.26; absolute error below 1.5e-7)."""
    x = np.abs(z) / np.sqrt(2.0)
    t = 1.0 / (1.0 + 0.3275911 * x)
    poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    upper = 0.5 * poly * np.exp(-x * x)
    result: F64 = np.where(z >= 0, 1.0 - upper, upper)
    return result


def from_quantiles(u: F64, knots: tuple[tuple[float, float], ...]) -> F64:
    """Values at the ranks ``u`` (0..1) of a distribution given by some of its quantiles, linear between them."""
    ranks, values = zip(*knots, strict=True)
    result: F64 = np.interp(u, ranks, values)
    return result


@dataclass(frozen=True)
class DurationLaw:
    """Lognormal body with a truncated Pareto tail, spliced so that the density's mass in the tail is ``tail_share``.

    Or, where ``quantiles`` are given, those, with straight lines between them on a lognormal plot.

    Attributes:
        median_s: median of the body, seconds.
        sigma: standard deviation of log duration in the body.
        tail_share: share of jobs in the tail; 0: no tail.
        tail_alpha: Pareto exponent of the tail.
        min_s: shortest run time, seconds.
        max_s: longest run time, seconds (the tail is truncated there).
        quantiles: (rank, seconds) with ranks and seconds rising, above 0; empty: the law above.
    """

    median_s: float
    sigma: float
    tail_share: float
    tail_alpha: float
    min_s: float
    max_s: float
    quantiles: tuple[tuple[float, float], ...] = ()

    def at(self, z: F64) -> F64:
        """Durations in seconds at standard normal scores ``z``; increasing in z."""
        if self.quantiles:
            return self._between_quantiles(z)
        body: F64 = np.minimum(self.median_s * np.exp(self.sigma * z), self.max_s)
        if self.tail_share > 0:
            z_tail = NormalDist().inv_cdf(1.0 - self.tail_share)
            x_tail = self.median_s * float(np.exp(self.sigma * z_tail))
            rows = np.flatnonzero(z > z_tail)
            if len(rows) and x_tail < self.max_s:
                survive = (1.0 - normal_cdf(z[rows])) / self.tail_share  # 1 at the splice, 0 at infinity
                cut = (x_tail / self.max_s) ** self.tail_alpha
                body[rows] = x_tail * (cut + survive * (1.0 - cut)) ** (-1.0 / self.tail_alpha)
        return np.maximum(body, self.min_s)

    def _between_quantiles(self, z: F64) -> F64:
        """Beyond the first and last quantile the nearest line goes on."""
        knots = np.array([NormalDist().inv_cdf(rank) for rank, _ in self.quantiles])
        logs = np.log([seconds for _, seconds in self.quantiles])
        result = np.interp(z, knots, logs)
        for end, inner, outside in ((0, 1, z < knots[0]), (-1, -2, z > knots[-1])):
            slope = (logs[end] - logs[inner]) / (knots[end] - knots[inner])
            result[outside] = logs[end] + slope * (z[outside] - knots[end])
        seconds: F64 = np.exp(np.clip(result, np.log(max(self.min_s, 1e-6)), np.log(self.max_s)))
        return np.clip(seconds, self.min_s, self.max_s)  # a logarithm and back may miss by the last bit


def pareto_batch_sizes(rng: np.random.Generator, total: int, alpha: float, cap: int) -> I64:
    """Batch sizes (whole numbers from 1, Pareto tail ``alpha``, at most ``cap``) that sum to ``total``.

    Beyond a third of the cap the tail thins out exponentially, as that of Azure V1 does: a plain Pareto tail that is
    cut has many batches of just the cap, and those alone would double the dispersion of arrivals.
    """
    sizes: list[I64] = []
    left = total
    while left > 0:
        heavy = (1.0 - rng.random(max(64, left))) ** (-1.0 / alpha)
        taper = 1.0 + cap / 3.0 * rng.standard_exponential(len(heavy))
        draw = np.floor(np.minimum(np.minimum(heavy, taper), cap)).astype(np.int64)
        upto = int(np.searchsorted(np.cumsum(draw), left))
        taken = draw[: upto + 1]
        excess = int(taken.sum()) - left
        if excess > 0:
            taken[-1] -= excess
        sizes.append(taken[taken > 0])
        left -= int(taken.sum())
    return np.concatenate(sizes)


def choose(rng: np.random.Generator, weights: F64, n: int) -> I64:
    """``n`` draws of an index with the given weights."""
    edges = np.cumsum(weights / weights.sum())
    edges[-1] = 1.0
    return np.searchsorted(edges, rng.random(n), side="right").astype(np.int64)
