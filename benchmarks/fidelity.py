"""How far generated grids and jobs are from real ones: the generator, a naive one, and a second real sample.

Each distance is that to a real sample A: of the generator with the laws of the zone or trace (mean over seeds), of a
naive generator that was fitted to A, and of a second real sample B, which is the noise floor. Grids: A is a zone's 2022
(wind and solar of DE and ES: 2021), B its 2021; naive is a daily and a yearly sinusoid and white noise, with the mean
and spread of A. Jobs: A and B are the first and the second half of a trace; naive has Poisson arrivals, log-normal run
times, and cores, memory and GPUs drawn independently from those of A. The laws were fitted to all of 2022, or to all of
the trace. A family of metrics is judged by the mean of its distances: not above that of naive, and not above FACTOR
times that of B.

What "year" and "between zones" cannot show: naive's yearly sinusoid is A's own, so that its months, and correlations
that are mostly season, are nearer to A than those of any other year, a real one included.

python benchmarks/fidelity.py [--quick] [--data DIR]
"""

from __future__ import annotations

import argparse
import os
from datetime import UTC, datetime
from pathlib import Path

import fidelity_jobs
import gridstats
import harness
import numpy as np
from distances import WAYS, Family, kolmogorov, wasserstein
from gridstats import F64, YEAR_H

from greensched.signals.data_pack import DataPack
from greensched.signals.provider import SignalSource
from greensched.signals.synthetic import SyntheticGrid
from greensched.signals.zones import zones

REPO = Path(__file__).resolve().parent.parent
KINDS = ("carbon_gpkwh", "wind_frac", "solar_frac", "renewable_frac", "price_per_kwh", "temperature_c")
QUICK_ZONES = ("DE", "GB", "US-CAL-CISO", "US-TEX-ERCO")
FACTOR = 2.0
LAGS_H = (1, 24, 168)
Series = dict[str, F64]
Grid = dict[str, Series]


def year_of(source: SignalSource, year: int, names: tuple[str, ...]) -> Grid:
    """First 8,760 hours of a year by zone and kind; what is half missing is left out."""
    grid: Grid = {}
    for zone in names:
        try:
            loaded = source.load(zone, datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)).series
        except ValueError:
            continue
        cut = {kind: s.values[:YEAR_H] for kind, s in loaded.items() if s.step_s == 3600.0}
        grid[zone] = {k: v for k, v in cut.items() if len(v) == YEAR_H and np.isnan(v).mean() < 0.5}
    return grid


def naive(x: F64, rng: np.random.Generator) -> F64:
    """A daily and a yearly sinusoid, fitted, and white noise, with the mean and spread of x."""
    hour = np.arange(len(x))
    waves = [f(2 * np.pi * hour / period) for period in (24.0, 8760.0) for f in (np.cos, np.sin)]
    design = np.stack([np.ones(len(x)), *waves], axis=1)
    known = ~np.isnan(x)
    smooth = design @ np.linalg.lstsq(design[known], x[known], rcond=None)[0]
    result: F64 = smooth + float(np.nanstd(x - smooth)) * rng.standard_normal(len(x))
    return result


def series_distances(a: F64, b: F64) -> dict[tuple[str, str], float]:
    """Distances between two years of one series in units of the standard deviation of the first, by family, metric."""
    spread = float(np.nanstd(a))
    if spread == 0.0:
        return {}
    one, other = a[~np.isnan(a)] / spread, b[~np.isnan(b)] / spread
    found = {
        ("values", "W1"): wasserstein(one, other),
        ("values", "KS"): kolmogorov(one, other),
        ("day", "daily course"): profile(a, b, 24, 1) / spread,
        ("year", "months"): profile(a, b, 12, 730) / spread,
    }
    for lag in LAGS_H:
        gap = gridstats.autocorrelation(a, lag) - gridstats.autocorrelation(b, lag)
        found["memory", f"autocorrelation {lag} h"] = abs(gap)
    return found


def profile(a: F64, b: F64, parts: int, hours: int) -> float:
    """Root mean square of the difference between means by hour of day, or by twelfth of the year."""
    part = (np.arange(YEAR_H) // hours) % parts
    gap = [np.nanmean(a[part == k] - np.nanmean(a)) - np.nanmean(b[part == k] - np.nanmean(b)) for k in range(parts)]
    return float(np.sqrt(np.mean(np.square(gap))))


def correlations(grid: Grid, kind: str, names: tuple[str, ...]) -> F64:
    """Between hourly series of all zones that have the kind; NaN elsewhere."""
    matrix = np.full((len(names), len(names)), np.nan)
    for i, a in enumerate(names):
        for j, b in enumerate(names[:i]):
            x, y = grid.get(a, {}).get(kind), grid.get(b, {}).get(kind)
            if x is not None and y is not None:
                matrix[i, j] = gridstats.correlation(x, y)
    return matrix


def couplings(grid: Grid, zone: str) -> dict[str, float]:
    """Correlation of intensity with what goes along with it."""
    have = grid.get(zone, {})
    return {kind: gridstats.correlation(have["carbon_gpkwh"], have[kind]) for kind in KINDS[1:] if kind in have}


def grids(report: harness.Report, data: Path, quick: bool) -> None:
    """All families of all kinds of series."""
    names = QUICK_ZONES if quick else tuple(zones())
    pack = DataPack(data)
    b, a = (year_of(pack, year, names) for year in (2021, 2022))
    for zone in names:  # a kind that only 2021 has is compared there, without a second year
        for kind in KINDS:
            if kind not in a.get(zone, {}) and kind in b.get(zone, {}):
                a[zone][kind] = b[zone].pop(kind)
    made = [year_of(SyntheticGrid(seed), 2022, names) for seed in range(1 if quick else 4)]
    rng = np.random.default_rng(0)
    plain: Grid = {z: {k: naive(x, rng) for k, x in a[z].items()} for z in a}
    samples = {WAYS[0]: made, WAYS[1]: [plain], WAYS[2]: [b]}
    coupled = Family("grids", "intensity with the others", "correlation")
    for zone in a:
        for way, grid in ((way, grid) for way, every in samples.items() for grid in every):
            real, other = couplings(a, zone), couplings(grid, zone)
            for kind in real.keys() & other.keys():
                coupled.add(kind, way, abs(real[kind] - other[kind]))
    for kind in KINDS:
        kind_report(report, a, samples, kind, names)
    coupled.report(report, FACTOR)


def kind_report(
    report: harness.Report, a: Grid, samples: dict[str, list[Grid]], kind: str, names: tuple[str, ...]
) -> None:
    """Families of one kind of series: values, day, year, memory, and correlation between zones."""
    count = sum(kind in a[zone] for zone in a)
    case = f"{kind}, {count} zones"
    families = {
        name: Family(case, name, unit)
        for name, unit in (("values", "sd"), ("day", "sd"), ("year", "sd"), ("memory", ""))
    }
    across = Family(case, "between zones", "correlation")
    real = correlations(a, kind, names)
    for way, every in samples.items():
        for grid in every:
            for zone in a:
                if kind in a[zone] and kind in grid.get(zone, {}):
                    for (family, metric), value in series_distances(a[zone][kind], grid[zone][kind]).items():
                        families[family].add(metric, way, value)
            gap = np.abs(real - correlations(grid, kind, names))
            across.add("all pairs", way, float(np.nanmean(gap)) if (~np.isnan(gap)).any() else float("nan"))
            strong = gap[np.abs(real) > 0.3]
            across.add("pairs above 0.3", way, float(np.nanmean(strong)) if (~np.isnan(strong)).any() else float("nan"))
    for family in (*families.values(), across):
        family.report(report, FACTOR)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    default = os.environ.get("GREENSCHED_DATA", REPO.parent / "shared" / "data")
    parser.add_argument("--data", type=Path, default=Path(default))
    arguments = parser.parse_args()
    if not (arguments.data / "grid").is_dir():
        raise SystemExit(f"{arguments.data}: no data pack; set GREENSCHED_DATA or give --data DIR")
    report = harness.Report("fidelity", arguments.quick)
    grids(report, arguments.data, arguments.quick)
    fidelity_jobs.jobs(report, arguments.data, arguments.quick, FACTOR)
    return report.write()


if __name__ == "__main__":
    raise SystemExit(main())
