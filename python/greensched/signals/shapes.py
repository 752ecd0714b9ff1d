"""Shapes of the built-in zones' series and what neighbouring zones have in common: measured, summarised, shipped.

``zone_shapes.csv`` has a row per zone and series (carbon, renewable, price, wind, temperature): the rhythm of its
normal scores, what is left after it, and quantiles of its values. ``zone_pairs.csv`` has a row per pair of zones that
share weather or a market. Both are written by ``benchmarks/zone_shapes.py`` from the data pack; a zone or a pair
without a row has none of it.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files

import numpy as np

from greensched.core.types import F64
from greensched.signals.zones import zones

# Ranks at which zone_shapes.csv gives values. The ends leave out what single hours decide.
RANKS = (0.001, 0.01, 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99, 0.999)
# Processes that are correlated with each other are in one group.
GROUPS = (("wind", "noise"), ("price",), ("renewable",), ("temperature",))
_SMALLEST_EIGENVALUE = 1e-6


@dataclass(frozen=True)
class Shape:
    """Rhythm of the normal scores of one series, and its values.

    ``h1``/``h2`` are the amplitudes of the 24 h and 12 h harmonics in units of the standard deviation,
    ``h1_hour``/``h2_hour`` the local solar hour of their maxima; ``season`` likewise over the year (``season_doy``:
    day of the maximum); ``weekend`` the shift of Saturdays and Sundays. What is left has three parts: weeks (``slow``:
    share of its variance, remembered for ``slow_days``), days that resemble each other (``daily``: share), and hours,
    with lag-1 h autocorrelation ``fast``.
    """

    h1: float
    h1_hour: float
    h2: float
    h2_hour: float
    season: float
    season_doy: float
    weekend: float
    fast: float
    slow: float
    slow_days: float
    daily: float
    carbon: float  # correlation with carbon intensity
    values: tuple[float, ...]  # at RANKS; empty: not measured


# A wind share that nobody measured: no rhythm, and the median memory of the measured ones.
UNMEASURED_WIND = Shape(0, 0, 0, 0, 0, 0, 0, fast=0.965, slow=0.0, slow_days=1.0, daily=0.0, carbon=0.0, values=())


def _rows(name: str) -> list[dict[str, str]]:
    text = files("greensched.signals").joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def shapes() -> dict[tuple[str, str], Shape]:
    """All measured shapes by zone and series."""
    result: dict[tuple[str, str], Shape] = {}
    for row in _rows("zone_shapes.csv"):
        numbers = {field.name: float(row[field.name]) for field in fields(Shape) if field.name != "values"}
        values = tuple(float(row[f"q{100 * rank:g}"]) for rank in RANKS)
        result[row["zone"], row["series"]] = Shape(**numbers, values=values)
    return result


def shape(zone: str, series: str) -> Shape:
    """The shape of a series that the zone has; of wind, where nobody measured it, a plain one."""
    found = shapes().get((zone, series))
    return UNMEASURED_WIND if found is None and series == "wind" else shapes()[zone, series]


def correlations(processes: tuple[str, ...]) -> F64:
    """Stated correlations of processes, ordered by zone of zone_facts.csv and then by process.

    A column ``wind`` of zone_pairs.csv is of the winds of both zones, ``wind>noise`` of the wind of the first with the
    noise of the other.
    """
    at = {(zone, process): i for i, (zone, process) in enumerate((z, p) for z in zones() for p in processes)}
    matrix = np.eye(len(at))
    for row in _rows("zone_pairs.csv"):
        for column in set(row) - {"zone", "other", "carbon"}:
            one, _, two = column.partition(">")
            if one in processes and (two or one) in processes:
                i, j = at[row["zone"], one], at[row["other"], two or one]
                matrix[i, j] = matrix[j, i] = float(row[column])
    return matrix


@cache
def mixing(processes: tuple[str, ...]) -> F64:
    """Lower triangular weights that give the processes of the zones their stated correlation.

    A zone mixes its own streams with those of zones above it in zone_facts.csv, listed by a scenario or not: neither
    what a scenario lists, nor a zone that is added at the end, changes any other zone.
    """
    matrix = correlations(processes)
    if np.linalg.eigvalsh(matrix)[0] < _SMALLEST_EIGENVALUE:
        raise ValueError(f"zone_pairs.csv, {', '.join(processes)}: no zones can be correlated like that")
    result: F64 = np.round(np.linalg.cholesky(matrix), 12)  # the last bits depend on the machine's library
    return result


@cache
def measured_correlation() -> dict[tuple[str, str], float]:
    """Correlation of the log intensity of pairs, rhythm taken off: what the generator is held to."""
    return {(row["zone"], row["other"]): float(row["carbon"]) for row in _rows("zone_pairs.csv")}
