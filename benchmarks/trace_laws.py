"""Not a benchmark: writes presets.json, the laws of the generator for three public traces, from the data pack.

Quantiles of run times, shares of sizes, batches, the daily wave, and the variance of the rate on several scales, which
is what is left of the index of dispersion after batches and daily wave.

python benchmarks/trace_laws.py [--data DIR]
"""

from __future__ import annotations

import argparse
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import tracestats
from tracestats import F64, GRID_S, Sample

from greensched.core.streams import stream
from greensched.traces import presets
from greensched.traces.arrivals import BURST_TIMES_S
from greensched.traces.laws import pareto_batch_sizes

REPO = Path(__file__).resolve().parent.parent
RANKS = (0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999)
WINDOWS_S = (60.0, 300.0, 3600.0, 21600.0, 86400.0)
LARGEST_BATCH = 1400
MOST_SIZES = 80


def batches(sample: Sample, name: str) -> tuple[float, int]:
    """Pareto exponent and largest batch: of Azure's own batches, else from the share of jobs at one instant."""
    if name == "azure-v1":
        wanted = float((sample.batch_size**2).mean() / sample.batch_size.mean())
        caps = {cap: size_bias(1.1, cap) for cap in range(600, 2001, 100)}
        return 1.1, min(caps, key=lambda cap: abs(caps[cap] - wanted))
    zero = float((np.diff(sample.arrival_s) == 0).mean())
    by_alpha = {a: 1 - 1 / batch_sizes(a, LARGEST_BATCH).mean() for a in np.arange(1.2, 6.0, 0.1)}
    return float(round(min(by_alpha, key=lambda a: abs(by_alpha[a] - zero)), 1)), LARGEST_BATCH


def batch_sizes(alpha: float, cap: int) -> F64:
    """Many draws."""
    return pareto_batch_sizes(stream(0, "fit"), 1_000_000, alpha, cap).astype(np.float64)


def size_bias(alpha: float, cap: int) -> float:
    """Index of dispersion that batches alone give to arrivals."""
    size = batch_sizes(alpha, cap)
    return float((size**2).mean() / size.mean())


def kept_variance(window_s: float, memory_s: float) -> float:
    """Share of the variance of a remembered factor that its mean over a window has."""
    x = window_s / memory_s
    return float(2 / x * (1 - (1 - np.exp(-x)) / x))


def bursts(sample: Sample, name: str, base: float, profile: F64) -> F64:
    """Variance of the rate by scale, not negative, nearest to the measured dispersion in relative terms."""
    windows = [w for w in WINDOWS_S if w >= GRID_S[name] and sample.span_s / w >= 7]
    rate = len(sample.arrival_s) / sample.span_s
    idc = np.array([tracestats.dispersion(sample.arrival_s, sample.span_s, w) for w in windows])
    wave = [profile.reshape(-1, max(1, int(w // 3600))).mean(axis=1).var() for w in windows]
    wanted = np.array([(d - base) / (rate * w) - v for d, w, v in zip(idc, windows, wave, strict=True)])
    weight = np.array([rate * w for w in windows]) / idc  # an error of 1 is one of 100 % of the dispersion
    design = np.array([[kept_variance(w, memory) for memory in BURST_TIMES_S] for w in windows])
    found = np.zeros(len(BURST_TIMES_S))
    a, b = design * weight[:, None], wanted * weight
    for _ in range(20_000):  # coordinate descent; values below 0 make no sense
        for k in range(len(found)):
            rest = b - a @ found + a[:, k] * found[k]
            found[k] = max(0.0, float(a[:, k] @ rest / (a[:, k] @ a[:, k])))
    return found


def sizes(sample: Sample) -> list[list[float]]:
    """The most frequent sizes; shares within the tasks without and within those with GPUs sum to 1."""
    rows = Counter(zip(sample.cores.tolist(), np.round(sample.mem_gb, 3).tolist(), sample.gpus.tolist(), strict=True))
    kept = rows.most_common(MOST_SIZES)
    total = {g: sum(n for (_, _, gpus), n in kept if (gpus > 0) == g) for g in (False, True)}
    return [[round(c, 3), m, round(g, 3), round(n / total[g > 0], 5)] for (c, m, g), n in kept]


def law(data: Path, name: str) -> dict[str, Any]:
    """Everything that a preset says."""
    sample = tracestats.trace(data, name)
    diurnal, peak_hour = tracestats.daily_wave(sample.arrival_s)
    profile = tracestats.profile(sample)
    alpha, cap = batches(sample, name)
    variance = bursts(sample, name, size_bias(alpha, cap), profile)
    known = sample.duration_s[~np.isnan(sample.duration_s)]
    result: dict[str, Any] = {
        "arrivals": {
            "diurnal": round(diurnal, 3),
            "peak_hour": round(peak_hour, 1),
            "burstiness": round(float(np.sqrt(np.expm1(variance.sum()))), 3),
            "burst_shares": [round(float(v / variance.sum()), 3) for v in variance],
            "batch_alpha": alpha,
            "batch_cap": cap,
            "profile": [round(float(v), 3) for v in profile],
        },
        "durations": {
            "quantiles": [[r, float(f"{q:.4g}")] for r, q in zip(RANKS, np.quantile(known, RANKS), strict=True)],
            "min_s": float(known.min()),
            "max_s": float(f"{known.max():.4g}"),
        },
        "gpu_share": 0.0,
        "size_corr": 0.0,
        "sizes": [],
    }
    if len(sample.cores):
        has = ~np.isnan(sample.duration_s)
        corr = np.corrcoef(np.log(sample.duration_s[has]), np.log(np.maximum(sample.cores[has], 0.01)))[0, 1]
        result |= {
            "gpu_share": round(float((sample.gpus > 0).mean()), 4),
            "size_corr": round(float(corr), 3),
            "sizes": sizes(sample),
        }
    quantiles = result["durations"]["quantiles"]
    for k in range(1, len(quantiles)):  # run times on a coarse grid: equal quantiles would be no law
        quantiles[k][1] = max(quantiles[k][1], round(quantiles[k - 1][1] * 1.001, 3))
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    default = os.environ.get("GREENSCHED_DATA", REPO.parent / "shared" / "data")
    parser.add_argument("--data", type=Path, default=Path(default))
    data = parser.parse_args().data
    laws = {name: law(data, name) for name in tracestats.FILES}
    path = Path(presets.__file__).with_name("presets.json")
    lines = [f' "{name}": {json.dumps(one)}' for name, one in laws.items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"wrote {path}")
    for name, one in laws.items():
        print(name, one["arrivals"], {k: v for k, v in one.items() if k in ("gpu_share", "size_corr")})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
