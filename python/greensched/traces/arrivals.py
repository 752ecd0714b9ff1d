"""When batches of jobs arrive: a Poisson process whose rate follows the day, the weekend and luck on several scales."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from greensched.core.streams import stream
from greensched.core.types import F64, I64
from greensched.traces.laws import choose, pareto_batch_sizes

CELL_S = 60.0  # resolution of the arrival rate
BURST_TIMES_S = (60.0, 600.0, 7200.0, 86400.0)  # memory of the random factor's parts
EVEN_BURSTS = (0.0, 0.3, 0.4, 0.3)


@dataclass(frozen=True)
class ArrivalLaw:
    """How jobs arrive.

    Attributes:
        diurnal: amplitude of the daily rate (0..1).
        weekend: rate on Saturdays and Sundays relative to weekdays.
        burstiness: coefficient of variation of the random factor on the rate; 0: none.
        batch_alpha: Pareto exponent of batch sizes.
        batch_cap: largest batch.
        burst_shares: parts of the factor's log variance that are remembered for ``BURST_TIMES_S``; any scale.
        peak_hour: local solar hour of the greatest daily rate.
        profile: rate in each of the 24 local solar hours, any scale, instead of ``diurnal``; empty: a sinusoid.
    """

    diurnal: float
    weekend: float
    burstiness: float
    batch_alpha: float
    batch_cap: int
    burst_shares: tuple[float, float, float, float] = EVEN_BURSTS
    peak_hour: float = 15.0
    profile: tuple[float, ...] = ()


def arrivals(
    rng: np.random.Generator,
    origin: I64,
    origins: int,
    horizon_s: float,
    start: datetime,
    law: ArrivalLaw,
    lon: F64,
) -> F64:
    """Arrival instants of batches: inverse of the cumulative rate of their origin, uniform within a cell."""
    cells = max(1, int(np.ceil(horizon_s / CELL_S)))
    middle: F64 = (np.arange(cells, dtype=np.float64) + 0.5) * CELL_S
    width = np.minimum(CELL_S, horizon_s - np.arange(cells) * CELL_S)
    factor = burst_factor(rng, middle, law)
    begin_h = start.hour + start.minute / 60.0 + start.second / 3600.0
    arrival = np.empty(len(origin))
    for o in range(origins):
        rows = np.flatnonzero(origin == o)
        local_h = begin_h + middle / 3600.0 + lon[o] / 15.0
        weekday = (start.weekday() + np.floor(local_h / 24.0).astype(np.int64)) % 7
        rate = _of_the_day(local_h, law) * np.where(weekday >= 5, law.weekend, 1.0) * factor * width
        if rate.sum() <= 0:  # weekend: 0 in a run of one weekend
            rate = width
        cell = choose(rng, rate, len(rows))
        arrival[rows] = cell * CELL_S + rng.random(len(rows)) * width[cell]
    return arrival


def _of_the_day(local_h: F64, law: ArrivalLaw) -> F64:
    if law.profile:
        by_hour: F64 = np.array(law.profile, dtype=np.float64)[np.floor(local_h).astype(np.int64) % len(law.profile)]
        return by_hour
    wave: F64 = 1.0 + law.diurnal * np.cos(2 * np.pi * (local_h - law.peak_hour) / 24.0)
    return wave


def burst_factor(rng: np.random.Generator, at_s: F64, law: ArrivalLaw) -> F64:
    """Lognormal factor of mean 1 at the given times: a sum of remembered Gaussian parts, exponentiated.

    One hourly factor makes counts bursty at an hour alone; measured ones are bursty from a minute to a day.
    """
    variance = np.log1p(law.burstiness**2)
    score = np.zeros(len(at_s))
    for share, memory_s in zip(law.burst_shares, BURST_TIMES_S, strict=True):
        part = share / max(sum(law.burst_shares), 1e-12) * variance
        if part > 0:
            score += np.sqrt(part) * _remembered(rng, at_s, memory_s)
    result: F64 = np.exp(score - 0.5 * variance)
    return result


def _remembered(rng: np.random.Generator, at_s: F64, memory_s: float) -> F64:
    """A stationary Gaussian series of unit variance, constant for a quarter of its memory (at least a cell)."""
    step_s = max(memory_s / 4.0, CELL_S)
    steps = int(at_s[-1] // step_s) + 1
    keep = float(np.exp(-step_s / memory_s))
    value = rng.standard_normal(steps)
    value[1:] *= np.sqrt(1.0 - keep * keep)
    for k in range(1, steps):
        value[k] += keep * value[k - 1]
    result: F64 = value[(at_s // step_s).astype(np.int64)]
    return result


def arrive(
    seed: int, n: int, horizon_s: float, start: datetime, law: ArrivalLaw, origin_lon: F64, origin_weight: F64
) -> tuple[F64, I64, I64]:
    """Arrivals of ``n`` jobs in batches; the arguments are those of :func:`greensched.traces.generator.generate`.

    Returns:
        Instant in seconds and batch of each job, in the order of the batches, and the origin of each batch.
    """
    cap = max(1, min(law.batch_cap, n // 50))  # one batch is at most a fiftieth of a small workload
    sizes = pareto_batch_sizes(stream(seed, "workload", "batches"), n, law.batch_alpha, cap)
    rng = stream(seed, "workload", "arrivals")
    origin = choose(rng, origin_weight, len(sizes))
    arrival_s = arrivals(rng, origin, len(origin_weight), horizon_s, start, law, origin_lon)
    batch = np.repeat(np.arange(len(sizes)), sizes)
    return arrival_s[batch], batch, origin
