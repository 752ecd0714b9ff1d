"""Weather and rhythm of synthetic grids: local time, wind and sun, and how a series gets distribution and course."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from greensched.core.types import F64
from greensched.signals.shapes import RANKS, Shape, shape
from greensched.signals.zones import ZoneFacts

_WIND_REACH_SD = 3.2  # the greatest wind share lies about so far above the mean
_CLOUD_MEMORY = 0.4  # day to day
# Power is the sine of the sun's height to this power: panels follow the sun in CISO, ERCO and ES, but not in DE and GB.
_FLAT_NOON_SOUTH, _FLAT_NOON_NORTH, _NORTH_DEG = 0.6, 1.2, 45.0
_MIN_NOISE_VARIANCE = 0.03


@dataclass(frozen=True)
class Clock:
    """Time of a year in a zone: local solar hour, day of the year, and whether it is Saturday or Sunday."""

    local: F64
    day: F64
    weekend: F64


def clock_of(start: datetime, hours: int, lon: float) -> Clock:
    """The clock of the hours from ``start`` (UTC) at a longitude, by their middles."""
    middle: F64 = np.arange(hours, dtype=np.float64) + 0.5
    local = middle + lon / 15.0
    weekend = ((np.floor(local / 24.0).astype(np.int64) + start.weekday()) % 7) >= 5
    return Clock(local, middle / 24.0, weekend.astype(np.float64))


def weather(facts: ZoneFacts, clock: Clock, gauss: F64, rng: np.random.Generator) -> tuple[F64, F64]:
    """Shares of wind and solar power, of which the grid takes at most 95 %."""
    wind = _wind(facts, clock, gauss)
    solar = _solar(rng, facts, clock)
    crowded = np.minimum(1.0, 0.95 / np.maximum(wind + solar, 1e-9))
    return wind * crowded, solar * crowded


def _wind(facts: ZoneFacts, clock: Clock, gauss: F64) -> F64:
    if facts.wind_frac <= 0:
        return np.zeros(len(gauss))
    form = shape(facts.zone, "wind")
    score = complete(rhythm(form, clock), gauss)
    if form.values:
        share = of_ranks(score, form)
        share *= facts.wind_frac / share.mean()
        return share
    reach = min(facts.wind_frac + _WIND_REACH_SD * facts.wind_sd_frac, 1.0)
    result: F64 = reach * _bounded(score, facts.wind_frac / reach, facts.wind_sd_frac / reach)
    return result


def standard(x: F64) -> F64:
    """The series with mean 0 and variance 1."""
    result: F64 = (x - x.mean()) / x.std()
    return result


def complete(known: F64, noise: F64) -> F64:
    """A series of unit variance: what is known about it, and noise for the rest."""
    room = max(1.0 - float(known.var()), _MIN_NOISE_VARIANCE)
    result: F64 = known + np.sqrt(room) * noise
    return result


def of_ranks(score: F64, form: Shape) -> F64:
    """Values of the published distribution in the order of ``score``."""
    rank = np.empty(len(score))
    rank[np.argsort(score, kind="stable")] = (np.arange(len(score)) + 0.5) / len(score)
    result: F64 = np.interp(rank, RANKS, form.values)
    return result


def _bounded(gauss: F64, mean: float, sd: float) -> F64:
    """Map a Gaussian series into (0, 1) so that its mean and standard deviation are the given ones."""
    if mean <= 0 or sd <= 0:
        return np.full(len(gauss), max(mean, 0.0))
    centre, width = np.log(mean / (1 - mean)), sd / (mean * (1 - mean))
    for _ in range(40):
        x = 1.0 / (1.0 + np.exp(-(centre + width * gauss)))
        slope = float((x * (1 - x)).mean())
        centre += (mean - float(x.mean())) / slope
        width *= (sd / float(x.std())) ** 0.7
    result: F64 = 1.0 / (1.0 + np.exp(-(centre + width * gauss)))
    return result


def _solar(rng: np.random.Generator, facts: ZoneFacts, clock: Clock) -> F64:
    """Share of solar power: height of the sun times a daily cloud factor, scaled to the published mean."""
    days = int(np.ceil(clock.local.max() / 24.0)) + 2
    clouds = 0.2 + 0.8 / (1.0 + np.exp(-(0.8 + 1.1 * _days(rng, days))))
    if facts.solar_frac <= 0:
        return np.zeros(len(clock.local))
    declination = np.deg2rad(23.45) * np.sin(2 * np.pi * (clock.day - 80.0) / 365.25)
    latitude = np.deg2rad(facts.lat)
    angle = 2 * np.pi * (clock.local % 24.0 - 12.0) / 24.0
    height = np.sin(latitude) * np.sin(declination) + np.cos(latitude) * np.cos(declination) * np.cos(angle)
    flat = _FLAT_NOON_SOUTH if abs(facts.lat) < _NORTH_DEG else _FLAT_NOON_NORTH
    power = np.maximum(0.0, height) ** flat * clouds[np.floor(clock.local / 24.0).astype(np.int64) + 1]
    share = power * facts.solar_frac / power.mean()
    for _ in range(20):  # clipping lowers the mean a little; scale back up
        share = np.minimum(0.75, share * facts.solar_frac / share.mean())
    result: F64 = share
    return result


def _days(rng: np.random.Generator, days: int) -> F64:
    """A Gaussian value per day, with the memory of clouds."""
    noise = rng.standard_normal(days)
    noise[1:] *= np.sqrt(1.0 - _CLOUD_MEMORY**2)
    for k in range(1, days):
        noise[k] += _CLOUD_MEMORY * noise[k - 1]
    return noise


def wave(x: F64, period: float, amplitude: float, peak: float) -> F64:
    """A cosine with its maximum at ``peak``."""
    result: F64 = amplitude * np.cos(2 * np.pi * (x - peak) / period)
    return result


def _waves(form: Shape, clock: Clock) -> list[tuple[F64, float, float, float]]:
    """Position, period, amplitude and maximum of the harmonics."""
    return [
        (clock.local, 24.0, form.h1, form.h1_hour),
        (clock.local, 12.0, form.h2, form.h2_hour),
        (clock.day, 365.25, form.season, form.season_doy),
    ]


def rhythm(form: Shape, clock: Clock) -> F64:
    """Weekly, daily and seasonal shape."""
    total: F64 = form.weekend * (clock.weekend - clock.weekend.mean())
    for x, period, amplitude, peak in _waves(form, clock):
        total = total + wave(x, period, amplitude, peak)
    return total


def beyond(series: F64, form: Shape, clock: Clock) -> F64:
    """The series without its harmonics: the rhythm is that of the total, whatever a part already has of it."""
    for x, period, _, _ in _waves(form, clock):
        phase = np.exp(-2j * np.pi * x / period)
        series = series - (2.0 * np.mean(series * phase) * np.conj(phase)).real
    return series
