"""Not a benchmark: writes zone_shapes.csv and zone_pairs.csv of the synthetic grids from the data pack.

Rhythm, quantiles and autocorrelation of carbon and price are those of 2022 and of wind shares of the newest measured
year; correlations between zones are means of 2021 and 2022. The memory of what weather and rhythm leave open, and the
correlation of that part, are set so that the generator's totals have the measured ones.

python benchmarks/zone_shapes.py [--data DIR]
"""

from __future__ import annotations

import argparse
import csv
import os
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import gridstats
import numpy as np
from gridstats import F64, YEAR_H

from greensched.signals import processes, shapes, synthetic
from greensched.signals.data_pack import DataPack
from greensched.signals.provider import SignalSource
from greensched.signals.shapes import RANKS, Shape
from greensched.signals.synthetic import SyntheticGrid
from greensched.signals.zones import ZoneFacts, zones

REPO = Path(__file__).resolve().parent.parent
FOLDER = Path(shapes.__file__).parent
KINDS = {
    "carbon": "carbon_gpkwh",
    "renewable": "renewable_frac",
    "price": "price_per_kwh",
    "wind": "wind_frac",
    "temperature": "temperature_c",
}
SHARED = ("wind", "noise", "wind>noise", "price", "temperature")  # columns; renewables are alike where carbon is
IMPORTER = "NO"  # clean, so that its intensity is that of its imports, and dear when its neighbours have little wind
WIND_YEARS = {"DE": 2021, "ES": 2021, "GB": 2020}
NEIGHBOURS = (
    ("DE", "GB"), ("DE", "ES"), ("GB", "ES"), ("DE", "NO"), ("GB", "NO"), ("ES", "NO"),
    ("US-MIDA-PJM", "US-NY-NYIS"), ("US-MIDA-PJM", "CA-ON"), ("US-NY-NYIS", "CA-ON"), ("US-TEX-ERCO", "US-MIDA-PJM"),
    ("US-CAL-CISO", "US-TEX-ERCO"), ("US-TEX-ERCO", "US-NY-NYIS"), ("US-TEX-ERCO", "CA-ON"), ("AU-NSW", "AU-VIC"),
    ("JP-TK", "KR"),
)  # fmt: skip
FOLLOWING = ("renewable", "price")  # series that follow carbon
LAGS = (1, 2, 3, 6, 12, 24, 48, 72, 168, 336)
SEEDS = range(4)
Series = dict[str, F64]


def year_of(source: SignalSource, zone: str, year: int) -> Series:
    """Series of a zone over the first 8,760 hours of a year."""
    try:
        loaded = source.load(zone, datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)).series
    except ValueError:
        return {}
    return {k: s.values[:YEAR_H] for k, s in loaded.items() if len(s.values) >= YEAR_H}


def forget() -> None:
    """The files have changed."""
    for cached in (shapes.shapes, shapes.mixing, shapes.measured_correlation, processes.processes, synthetic._year):
        cached.cache_clear()


Memory = dict[str, float]
MEMORIES = (0.6, 0.7, 0.8, 0.85, 0.88, 0.9, 0.92, 0.94, 0.95, 0.96, 0.965, 0.97, 0.975, 0.98, 0.985)
SLOW_DAYS = (4.0, 8.0, 16.0, 24.0)


def memory_fit(wanted: F64, smoothing: float) -> Memory:
    """Memory of the hours, share and memory of weeks, share of days: nearest to the wanted autocorrelation at LAGS."""
    lags = np.array(LAGS, dtype=np.float64)
    slow, daily = np.meshgrid(np.arange(0.0, 0.96, 0.03), np.arange(0.0, 0.96, 0.03))
    slow, daily = slow[slow + daily < 0.965][:, None], daily[slow + daily < 0.965][:, None]
    days = processes.DAILY_MEMORY**lags * np.cos(2 * np.pi * lags / 24.0)
    best, found = np.inf, Memory()
    for memory in MEMORIES:
        own = memory * (1 - smoothing**2) * memory**lags - smoothing * (1 - memory**2) * smoothing**lags
        own = own / ((memory - smoothing) * (1 + memory * smoothing)) if memory != smoothing else memory**lags
        for slow_days in SLOW_DAYS:
            weeks = np.exp(-lags / (24.0 * slow_days))
            error = (((1 - slow - daily) * own + slow * weeks + daily * days - wanted) ** 2).sum(axis=1)
            k = int(error.argmin())
            if error[k] < best:
                best = float(error[k])
                found = {"fast": memory, "slow": slow[k, 0], "slow_days": slow_days, "daily": daily[k, 0]}
    return found


def left(total: F64, known: list[F64], smoothing: float) -> Memory:
    """Memory of the noise beside the known part so that the total has the autocorrelation of ``total``."""
    wanted = np.array([gridstats.autocorrelation(total, lag) for lag in LAGS])
    share = min(float(np.mean([k.var() for k in known])), 0.97)
    known_part = np.array(
        [np.mean([gridstats.autocorrelation(k, lag) * k.var() if k.var() > 0 else 0.0 for k in known]) for lag in LAGS]
    )
    return memory_fit((wanted - known_part) / (1.0 - share), smoothing)


def shape_of(x: F64, facts: ZoneFacts, year: int, scale: float = 1.0, carbon: float = 0.0) -> Shape:
    """Rhythm and quantiles; the memory is that of a first guess."""
    rhythm = gridstats.rhythm(gridstats.normal_scores(x), facts.lon, datetime(year, 1, 1).weekday())
    values = tuple(float(v) for v in np.nanquantile(x * scale, RANKS))
    return Shape(**asdict(rhythm), fast=0.97, slow=0.0, slow_days=1.0, daily=0.0, carbon=carbon, values=values)


def write_shapes(rows: dict[tuple[str, str], Shape]) -> None:
    names = [f for f in asdict(next(iter(rows.values()))) if f != "values"]
    with (FOLDER / "zone_shapes.csv").open("w", newline="") as stream:
        out = csv.writer(stream, lineterminator="\n")
        out.writerow(["zone", "series", *names, *(f"q{100 * rank:g}" for rank in RANKS)])
        for (zone, series), one in rows.items():
            numbers = [f"{getattr(one, name):.3f}".rstrip("0").rstrip(".") for name in names]
            out.writerow([zone, series, *numbers, *(f"{v:.4g}" for v in one.values)])
    forget()


def wind_rows(pack: DataPack) -> dict[tuple[str, str], Shape]:
    rows = {}
    for zone, facts in zones().items():
        year = WIND_YEARS.get(zone, 2022)
        x = wind_of(pack, zone, year)
        if x is None or not facts.mix.startswith("measured"):
            continue
        one = shape_of(x, facts, year)
        noise = gridstats.normal_scores(x)
        known = synthetic._rhythm(one, synthetic._clock(datetime(year, 1, 1, tzinfo=UTC), YEAR_H, facts.lon))
        rows[zone, "wind"] = replace(one, **left(noise, [known], processes.SMOOTHING["wind"]))
    return rows


def wind_of(pack: DataPack, zone: str, year: int) -> F64 | None:
    """Measured wind shares; those of 2020 are not among the carbon hours."""
    begin = datetime(year, 1, 1, tzinfo=UTC)
    rows = pack._rows("grid/generation_by_source_hourly.parquet", zone, begin, YEAR_H, ["wind_share"])
    x: F64 = np.asarray(rows["wind_share"], dtype=np.float64)
    return None if np.isnan(x).mean() > 0.5 else x


def remember(rows: dict[tuple[str, str], Shape], real: dict[str, Series], series: str) -> None:
    """Set the memory of a series from the parts that the generator explains."""
    for zone, facts in zones().items():
        if (zone, series) not in rows:
            continue
        known = []
        clock = synthetic._clock(datetime(2022, 1, 1, tzinfo=UTC), YEAR_H, facts.lon)
        for seed in SEEDS:
            made = year_of(SyntheticGrid(seed), zone, 2022)
            if series == "carbon":
                known.append(synthetic.explained(facts, clock, made["wind_frac"], made["solar_frac"]))
            elif series == "temperature":
                known.append(synthetic._rhythm(rows[zone, series], clock))
            else:
                with_carbon = rows[zone, series].carbon * gridstats.normal_scores(made["carbon_gpkwh"])
                form = rows[zone, series]
                known.append(synthetic._beyond(with_carbon, form, clock) + synthetic._rhythm(form, clock))
        total = gridstats.normal_scores(real[zone][KINDS[series]])
        process = "noise" if series == "carbon" else series
        rows[zone, series] = replace(rows[zone, series], **left(total, known, processes.SMOOTHING[process]))
    write_shapes(rows)


def pair_correlation(
    of: dict[str, Series], series: str, year: int, scores: bool = True
) -> dict[tuple[str, str], float]:
    """Correlation of what the rhythm leaves, per pair of neighbours; NaN where a zone has no such series."""
    left_of = {}
    for zone in of:
        x = of[zone].get(KINDS[series])
        if x is not None:
            x = gridstats.normal_scores(x) if scores else x
            left_of[zone] = gridstats.anomaly(x, zones()[zone].lon, datetime(year, 1, 1).weekday())
    nothing = np.full(YEAR_H, np.nan)
    return {(a, b): gridstats.correlation(left_of.get(a, nothing), left_of.get(b, nothing)) for a, b in NEIGHBOURS}


def write_pairs(table: dict[tuple[str, str], dict[str, float]]) -> None:
    with (FOLDER / "zone_pairs.csv").open("w", newline="") as stream:
        out = csv.writer(stream, lineterminator="\n")
        out.writerow(["zone", "other", "carbon", *SHARED])
        for (a, b), row in table.items():
            out.writerow([a, b, *(f"{row[name]:.3f}" for name in ("carbon", *SHARED))])
    forget()


def real_pairs(real: dict[int, dict[str, Series]]) -> dict[tuple[str, str], dict[str, float]]:
    """Measured correlations: means of both years; what was not measured is 0, and of wind as that of carbon."""
    table: dict[tuple[str, str], dict[str, float]] = {pair: {} for pair in NEIGHBOURS}
    for series in KINDS:
        years = [pair_correlation(real[year], series, year) for year in real]
        for pair in NEIGHBOURS:
            values = [year[pair] for year in years if not np.isnan(year[pair])]
            table[pair][series] = float(np.mean(values)) if values else float("nan")
    for pair, row in table.items():
        row["noise"], row["wind>noise"] = row["carbon"], 0.0
        if IMPORTER in pair:
            row["noise"], row["wind>noise"], row["wind"] = 0.0, -row["carbon"], 0.0
        elif np.isnan(row["wind"]):
            row["wind"] = row["carbon"]
        row |= {name: 0.0 for name in ("price", "temperature") if np.isnan(row[name])}
    return table


def settle(table: dict[tuple[str, str], dict[str, float]]) -> None:
    """Change the correlation of noise, of winds (less) and of prices until the totals are as measured."""
    wanted = {pair: dict(row) for pair, row in table.items()}
    for _ in range(6):
        write_pairs(table)
        made = [{z: year_of(SyntheticGrid(seed), z, 2022) for z in zones()} for seed in SEEDS]
        for series in ("carbon", "price"):
            got = [pair_correlation(one, series, 2022) for one in made]
            for pair, row in table.items():
                error = wanted[pair][series] - float(np.mean([one[pair] for one in got]))
                for column, step in changes(pair, series).items():
                    row[column] = float(np.clip(row[column] + step * np.nan_to_num(error), -0.9, 0.9))
        make_possible(table)
    write_pairs(table)


def changes(pair: tuple[str, str], series: str) -> dict[str, float]:
    """Columns to change when the correlation of a pair is off, and by how much of it."""
    if series == "price":
        return {"price": 0.7}
    return {"wind>noise": -0.7} if IMPORTER in pair else {"noise": 0.7, "wind": 0.35}


def make_possible(table: dict[tuple[str, str], dict[str, float]]) -> None:
    """Shrink correlations that cannot hold together, all of a group alike, until they can."""
    write_pairs(table)
    for group in shapes.GROUPS:
        columns = [c for c in SHARED if set(c.split(">")) <= set(group)]
        while np.linalg.eigvalsh(shapes.correlations(group))[0] < 0.02:
            for row in table.values():
                row |= {column: 0.98 * row[column] for column in columns}
            write_pairs(table)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    default = os.environ.get("GREENSCHED_DATA", REPO.parent / "shared" / "data")
    parser.add_argument("--data", type=Path, default=Path(default))
    pack = DataPack(parser.parse_args().data)
    real = {year: {z: year_of(pack, z, year) for z in zones()} for year in (2021, 2022)}
    rows = wind_rows(pack)
    for zone, facts in zones().items():
        scores = {kind: gridstats.normal_scores(x) for kind, x in real[2022][zone].items()}
        for series, scale in (("carbon", 1.0), ("renewable", 1.0), ("price", 1000.0), ("temperature", 1.0)):
            x = real[2022][zone].get(KINDS[series])
            if x is not None:
                with_carbon = gridstats.correlation(scores[KINDS[series]], scores["carbon_gpkwh"])
                rows[zone, series] = shape_of(x, facts, 2022, scale, with_carbon if series in FOLLOWING else 0.0)
    table = real_pairs(real)
    write_shapes(rows)
    make_possible(table)
    for series in ("temperature", "carbon", *FOLLOWING):
        remember(rows, real[2022], series)
    settle(table)
    print(f"wrote {len(rows)} shapes and {len(table)} pairs to {FOLDER}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
