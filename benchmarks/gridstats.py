"""Statistics of hourly grid series that the shapes are made from and fidelity is judged by. NaN is missing."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
YEAR_H = 8760


def normal_scores(x: F64) -> F64:
    """Standard normal quantiles of the ranks."""
    known = np.flatnonzero(~np.isnan(x))
    inverse = np.array([NormalDist().inv_cdf((k + 0.5) / len(known)) for k in range(len(known))])
    scores = np.full(len(x), np.nan)
    scores[known[np.argsort(x[known], kind="stable")]] = inverse
    return scores


def autocorrelation(x: F64, lag: int) -> float:
    """Of one lag, over the pairs that are known."""
    centred = x - np.nanmean(x)
    return float(np.nanmean(centred[lag:] * centred[:-lag]) / np.nanmean(centred**2))


@dataclass(frozen=True)
class Rhythm:
    """Amplitudes and maxima as in zone_shapes.csv."""

    h1: float
    h1_hour: float
    h2: float
    h2_hour: float
    season: float
    season_doy: float
    weekend: float


def _design(hours: int, lon: float, first_weekday: int) -> tuple[F64, F64]:
    """Columns of the plain rhythm, and those with a daily course that changes over the year beside them."""
    middle = np.arange(hours) + 0.5
    local = middle + lon / 15.0
    weekend = ((np.floor(local / 24.0).astype(np.int64) + first_weekday) % 7) >= 5
    waves = [(local, 24.0), (local, 12.0), (middle / 24.0, 365.25)]
    plain = [np.ones(hours), weekend.astype(np.float64)]
    for x, period in waves:
        plain += [np.cos(2 * np.pi * x / period), np.sin(2 * np.pi * x / period)]
    season = 2 * np.pi * middle / 24.0 / 365.25
    more = [f(k * season) for f in (np.cos, np.sin) for k in (2,)]
    more += [column * f(season) for column in plain[2:6] for f in (np.cos, np.sin)]
    return np.stack(plain, axis=1), np.stack([*plain, *more], axis=1)


def _fit(design: F64, x: F64) -> F64:
    known = ~np.isnan(x)
    result: F64 = np.linalg.lstsq(design[known], x[known], rcond=None)[0]
    return result


def rhythm(x: F64, lon: float, first_weekday: int) -> Rhythm:
    """Least squares: daily and half-daily wave, season, weekend."""
    b = _fit(_design(len(x), lon, first_weekday)[0], x)
    wave = [(float(np.hypot(b[i], b[i + 1])), float(np.arctan2(b[i + 1], b[i]) / (2 * np.pi))) for i in (2, 4, 6)]
    (h1, at1), (h2, at2), (season, at3) = wave
    return Rhythm(h1, at1 * 24.0 % 24.0, h2, at2 * 12.0 % 12.0, season, at3 * 365.25 % 365.25, float(b[1]))


def anomaly(x: F64, lon: float, first_weekday: int) -> F64:
    """What is left when season, weekend and a daily course that changes over the year are taken off."""
    design = _design(len(x), lon, first_weekday)[1]
    result: F64 = x - design @ _fit(design, x)
    return result


def correlation(a: F64, b: F64) -> float:
    """Over the hours that both know; NaN where they are few, or where one never changes."""
    both = ~np.isnan(a) & ~np.isnan(b)
    if both.sum() <= 100 or a[both].std() == 0 or b[both].std() == 0:
        return float("nan")
    return float(np.corrcoef(a[both], b[both])[0, 1])
