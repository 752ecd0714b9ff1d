"""The part of fidelity.py about jobs: arrivals, run times and sizes of three public traces."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import tracestats
from distances import WAYS, Family, kolmogorov, total_variation, wasserstein
from harness import Report
from tracestats import GRID_S, Sample

from greensched.traces.arrivals import ArrivalLaw
from greensched.traces.generator import WorkloadLaw, generate
from greensched.traces.laws import DEFAULT_SIZES, DurationLaw
from greensched.traces.presets import presets

START = datetime(2022, 6, 6, tzinfo=UTC)  # a Monday; the traces do not say which day of the week is which
HALF_D = {"azure-v1": 4, "google2011": 3, "alibaba-gpu-2023": 17}
WINDOWS_S = (60.0, 300.0, 3600.0, 21600.0)
COUNT_LAGS = ((300.0, 1), (300.0, 3), (300.0, 12), (3600.0, 1), (3600.0, 6), (3600.0, 24))


def law_of(name: str) -> WorkloadLaw:
    """The preset of a trace; the weekend is as any day."""
    preset = presets()[name]
    return WorkloadLaw(
        duration=DurationLaw(1.0, 1.0, 0.0, 1.0, preset.min_s, preset.max_s, preset.quantiles),
        arrivals=replace(ArrivalLaw(0.0, 1.0, 0.0, 1.1, 1400), **preset.arrivals),
        apps=240,
        app_share=0.6,
        gpu_share=preset.gpu_share,
        gpu_typed_share=0.0,
        gpu_types=(),
        sizes=preset.sizes or DEFAULT_SIZES,
        size_corr=preset.size_corr,
    )


def generated(name: str, real: Sample, seed: int) -> Sample:
    """As many jobs as the real sample has, on its grid of time."""
    n, law = len(real.arrival_s), law_of(name)
    made = generate(seed, n, real.span_s, START, law, np.zeros(1), np.ones(1))
    sizes = [made.cores, made.mem_gb, made.gpus] if len(real.cores) else [np.zeros(0)] * 3
    return on_grid(name, Sample(made.arrival_s, made.duration_s, *sizes, real.span_s))


def naive(name: str, real: Sample, seed: int) -> Sample:
    """Poisson arrivals, log-normal run times, cores, memory and GPUs each on their own."""
    rng = np.random.default_rng(seed)
    n = len(real.arrival_s)
    logs = np.log(real.duration_s[~np.isnan(real.duration_s)])
    duration = np.exp(logs.mean() + logs.std() * rng.standard_normal(n))
    sizes = [rng.choice(v, n) if len(v) else v for v in (real.cores, real.mem_gb, real.gpus)]
    return on_grid(name, Sample(np.sort(rng.random(n)) * real.span_s, duration, *sizes, real.span_s))


def on_grid(name: str, made: Sample) -> Sample:
    """Times as coarse as those of the trace."""
    grid_s = GRID_S[name]
    if grid_s == 0.0:
        return made
    duration = np.maximum(np.round(made.duration_s / grid_s), 1.0) * grid_s
    return replace(made, arrival_s=np.floor(made.arrival_s / grid_s) * grid_s, duration_s=duration)


def count_memory(sample: Sample, window_s: float, lag: int) -> float:
    """Autocorrelation of counts per window."""
    number = tracestats.counts(sample.arrival_s, sample.span_s, window_s)
    centred = number - number.mean()
    return float((centred[lag:] * centred[:-lag]).mean() / (centred**2).mean())


def distances(name: str, a: Sample, b: Sample) -> dict[tuple[str, str], float]:
    """Distances by family and metric."""
    one, other = (np.log(s.duration_s[~np.isnan(s.duration_s)]) for s in (a, b))
    gap_a, gap_b = (np.diff(s.arrival_s) for s in (a, b))
    mean_s = gap_a.mean()
    found = {
        ("run times", "W1 of ln"): wasserstein(one, other),
        ("run times", "KS"): kolmogorov(one, other),
        ("gaps", "W1 in mean gaps"): wasserstein(gap_a / mean_s, gap_b * len(b.arrival_s) / b.span_s),
        ("gaps", "KS"): kolmogorov(gap_a / mean_s, gap_b * len(b.arrival_s) / b.span_s),
        ("day", "rate by hour"): float(np.sqrt(np.mean((tracestats.profile(a) - tracestats.profile(b)) ** 2))),
    }
    for window_s in (w for w in WINDOWS_S if w >= GRID_S[name]):
        both = [tracestats.dispersion(s.arrival_s, s.span_s, window_s) for s in (a, b)]
        found["burstiness", f"ln IDC {window_s:g} s"] = abs(float(np.log(both[0] / both[1])))
    for window_s, lag in ((w, k) for w, k in COUNT_LAGS if w >= GRID_S[name]):
        both = [count_memory(s, window_s, lag) for s in (a, b)]
        found["memory of counts", f"{window_s:g} s, lag {lag}"] = abs(both[0] - both[1])
    return found | size_distances(a, b)


def size_distances(a: Sample, b: Sample) -> dict[tuple[str, str], float]:
    """Of sizes, where the trace has any."""
    if not len(a.cores):
        return {}
    keys = [list(zip(np.round(s.cores, 2), np.round(s.mem_gb, 1), np.round(s.gpus, 2), strict=True)) for s in (a, b)]
    corr = []
    for s in (a, b):
        known = ~np.isnan(s.duration_s)
        corr.append(np.corrcoef(np.log(s.duration_s[known]), np.log(np.maximum(s.cores[known], 0.01)))[0, 1])
    return {
        ("sizes", "W1 of ln cores"): wasserstein(np.log(a.cores), np.log(b.cores)),
        ("sizes", "W1 of ln memory"): wasserstein(np.log(a.mem_gb + 0.1), np.log(b.mem_gb + 0.1)),
        ("sizes", "W1 of GPUs"): wasserstein(a.gpus, b.gpus),
        ("sizes", "joint, total variation"): total_variation(*keys),
        ("sizes", "correlation with run time"): abs(float(corr[0] - corr[1])),
    }


def jobs(report: Report, data: Path, quick: bool, factor: float) -> None:
    """All families of all traces."""
    for name, half_d in HALF_D.items():
        whole = tracestats.trace(data, name)
        half_s = half_d * 86400.0
        a, b = whole.part(0.0, half_s), whole.part(half_s, 2 * half_s)
        families: dict[str, Family] = {}
        ways = [(WAYS[2], b)]
        for seed in range(1 if quick else 8):
            ways += [(WAYS[0], generated(name, a, seed)), (WAYS[1], naive(name, a, seed))]
        for way, sample in ways:
            for (family, metric), value in distances(name, a, sample).items():
                families.setdefault(family, Family(name, family, "")).add(metric, way, value)
        for one in families.values():
            one.report(report, factor)
