"""Synthetic grids from published statistics of real zones (:mod:`greensched.signals.zones`).

A zone's weather comes first (wind as a slow bounded process, sun from geometry and clouds); carbon intensity is built
on top, so that clean hours are the windy and sunny ones, and prices and other renewables follow it as measured. What
neighbours have in common comes from :mod:`greensched.signals.processes`. Whole calendar years are generated and a
window is a slice of its year: over each year carbon and price have the published distribution, carbon's mean and
coefficient of variation exactly, and a run that starts a day later sees the same grid.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import numpy as np

from greensched.core.errors import UnknownNameError
from greensched.core.streams import stream
from greensched.core.types import F64
from greensched.signals.processes import processes
from greensched.signals.provider import Label, ZoneSignals
from greensched.signals.series import Signal
from greensched.signals.shapes import RANKS, Shape, shape, shapes
from greensched.signals.zones import ZoneFacts, zones

# Change of log intensity per unit of wind and solar share: regressions on real hours of CISO, ERCO, PJM, DE and ES give
# -1.4..-2.0 and -1.2..-1.8.
_WIND_EFFECT = -1.8
_SOLAR_EFFECT = -1.5
_WIND_REACH_SD = 3.2  # the greatest wind share lies about so far above the mean
_CLOUD_MEMORY = 0.4  # day to day
# Power is the sine of the sun's height to this power: panels follow the sun in CISO, ERCO and ES, but not in DE and GB.
_FLAT_NOON_SOUTH, _FLAT_NOON_NORTH, _NORTH_DEG = 0.6, 1.2, 45.0
_LEAST_PRICE = 0.0005  # USD per kWh; hours below zero, which real markets have, are outside this model
# Share of the variance that rhythm, wind and sun explain at most; less where the mix was not measured.
_MOST_EXPLAINED = {"measured": 0.9, "": 0.78}
_MIN_NOISE_VARIANCE = 0.03
SOURCE = "GreenSched synthetic grid (statistics of 2022)"


class SyntheticGrid:
    """Signal source that needs no files. Deterministic in (seed, zone, year)."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def zones(self) -> list[str]:
        """Zones with built-in statistics."""
        return sorted(zones())

    def load(self, zone: str, start: datetime, end: datetime) -> ZoneSignals:
        """See :class:`greensched.signals.provider.SignalSource`."""
        facts = zones().get(zone)
        if facts is None:
            raise UnknownNameError("synthetic zone", zone, zones())
        years = [_year(facts, self.seed, y) for y in range(start.year, end.year + 1)]
        origin = datetime(start.year, 1, 1, tzinfo=UTC)
        first = int((start - origin).total_seconds() // 3600)
        last = -int(-(end - origin).total_seconds() // 3600)
        begin = origin + timedelta(hours=first)
        result = ZoneSignals(zone)
        for kind in years[0]:
            values = np.concatenate([year[kind] for year in years])[first:last]
            result.add(kind, Signal(f"{kind} of {zone}", begin, 3600.0, values), _label(kind))
        return result

    def yearly_temperature(self, zone: str, year: int) -> Signal | None:
        """Hourly temperature of the whole year, in degrees Celsius."""
        values = _year(zones()[zone], self.seed, year)["temperature_c"]
        return Signal(f"temperature_c of {zone}", datetime(year, 1, 1, tzinfo=UTC), 3600.0, values)


def _label(kind: str) -> Label:
    """The statistics are of life-cycle intensities, and prices are in USD."""
    if kind == "carbon_gpkwh":
        return Label(SOURCE, synthetic=True, measure="average", factors="lifecycle")
    return Label(SOURCE, synthetic=True, currency="USD" if kind == "price_per_kwh" else "")


@dataclass(frozen=True)
class _Clock:
    """Time of a year in a zone: local solar hour, day of the year, and whether it is Saturday or Sunday."""

    local: F64
    day: F64
    weekend: F64


def _clock(start: datetime, hours: int, lon: float) -> _Clock:
    middle: F64 = np.arange(hours, dtype=np.float64) + 0.5
    local = middle + lon / 15.0
    weekend = ((np.floor(local / 24.0).astype(np.int64) + start.weekday()) % 7) >= 5
    return _Clock(local, middle / 24.0, weekend.astype(np.float64))


@lru_cache(maxsize=256)
def _year(facts: ZoneFacts, seed: int, year: int) -> dict[str, F64]:
    start = datetime(year, 1, 1, tzinfo=UTC)
    n = int((datetime(year + 1, 1, 1, tzinfo=UTC) - start).total_seconds() // 3600)
    at = list(zones()).index(facts.zone)
    luck = {process: values[:, at] for process, values in processes(seed, year, n).items()}
    clock = _clock(start, n, facts.lon)
    wind, solar = weather(facts, clock, luck["wind"], stream(seed, "signals", facts.zone, year, "clouds"))
    z = _standard(_complete(explained(facts, clock, wind, solar), luck["noise"]))
    result = {
        "carbon_gpkwh": _carbon(z, facts),
        "wind_frac": wind,
        "solar_frac": solar,
        "renewable_frac": _renewable(facts, clock, z, luck["renewable"], wind + solar),
        "temperature_c": _temperature(facts, clock, luck["temperature"]),
    }
    if facts.price_usd_per_mwh is not None:
        result["price_per_kwh"] = _price(facts, clock, z, luck["price"])
    return result


def weather(facts: ZoneFacts, clock: _Clock, gauss: F64, rng: np.random.Generator) -> tuple[F64, F64]:
    """Shares of wind and solar power, of which the grid takes at most 95 %."""
    wind = _wind(facts, clock, gauss)
    solar = _solar(rng, facts, clock)
    crowded = np.minimum(1.0, 0.95 / np.maximum(wind + solar, 1e-9))
    return wind * crowded, solar * crowded


def _wind(facts: ZoneFacts, clock: _Clock, gauss: F64) -> F64:
    if facts.wind_frac <= 0:
        return np.zeros(len(gauss))
    form = shape(facts.zone, "wind")
    score = _complete(_rhythm(form, clock), gauss)
    if form.values:
        share = _of_ranks(score, form)
        share *= facts.wind_frac / share.mean()
        return share
    reach = min(facts.wind_frac + _WIND_REACH_SD * facts.wind_sd_frac, 1.0)
    result: F64 = reach * _bounded(score, facts.wind_frac / reach, facts.wind_sd_frac / reach)
    return result


def _standard(x: F64) -> F64:
    result: F64 = (x - x.mean()) / x.std()
    return result


def _complete(known: F64, noise: F64) -> F64:
    """A series of unit variance: what is known about it, and noise for the rest."""
    room = max(1.0 - float(known.var()), _MIN_NOISE_VARIANCE)
    result: F64 = known + np.sqrt(room) * noise
    return result


def _of_ranks(score: F64, form: Shape) -> F64:
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


def _solar(rng: np.random.Generator, facts: ZoneFacts, clock: _Clock) -> F64:
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


def _wave(x: F64, period: float, amplitude: float, peak: float) -> F64:
    result: F64 = amplitude * np.cos(2 * np.pi * (x - peak) / period)
    return result


def _waves(form: Shape, clock: _Clock) -> list[tuple[F64, float, float, float]]:
    """Position, period, amplitude and maximum of the harmonics."""
    return [
        (clock.local, 24.0, form.h1, form.h1_hour),
        (clock.local, 12.0, form.h2, form.h2_hour),
        (clock.day, 365.25, form.season, form.season_doy),
    ]


def _rhythm(form: Shape, clock: _Clock) -> F64:
    """Weekly, daily and seasonal shape."""
    total: F64 = form.weekend * (clock.weekend - clock.weekend.mean())
    for x, period, amplitude, peak in _waves(form, clock):
        total = total + _wave(x, period, amplitude, peak)
    return total


def _beyond(series: F64, form: Shape, clock: _Clock) -> F64:
    """The series without its harmonics: the rhythm is that of the total, whatever a part already has of it."""
    for x, period, _, _ in _waves(form, clock):
        phase = np.exp(-2j * np.pi * x / period)
        series = series - (2.0 * np.mean(series * phase) * np.conj(phase)).real
    return series


def explained(facts: ZoneFacts, clock: _Clock, wind: F64, solar: F64) -> F64:
    """The part of the standardised log intensity that weather and rhythm explain, and not more of it than measured."""
    form = shape(facts.zone, "carbon")
    effect = _WIND_EFFECT * (wind - wind.mean()) + _SOLAR_EFFECT * (solar - solar.mean())
    effect = _beyond(effect / np.sqrt(np.log1p(facts.cov**2)), form, clock)
    rhythm = _rhythm(form, clock)
    a, b = float(effect.var()), float(np.mean((effect - effect.mean()) * (rhythm - rhythm.mean())))
    most = _MOST_EXPLAINED["measured" if facts.mix.startswith("measured") else ""]
    room = max(most - float(rhythm.var()), 0.05)
    scale = (np.sqrt(b * b + a * room) - b) / a if a > 0 else 1.0
    result: F64 = min(scale, 1.0) * effect + rhythm
    return result


def _carbon(z: F64, facts: ZoneFacts) -> F64:
    """The published distribution in the order of ``z``, with exact mean and coefficient of variation."""
    result: F64 = facts.mean_gpkwh * (1.0 + facts.cov * _standard(_of_ranks(z, shape(facts.zone, "carbon"))))
    return result


def _renewable(facts: ZoneFacts, clock: _Clock, z: F64, own: F64, weather: F64) -> F64:
    """The published distribution, high in clean hours as measured, and never less than wind and solar together."""
    form = shape(facts.zone, "renewable")
    with_carbon = form.carbon * z
    share = _of_ranks(_complete(_beyond(with_carbon, form, clock) + _rhythm(form, clock), own), form)
    other = np.clip(share, weather, 1.0) - weather
    wanted = max(facts.renewable_frac - float(weather.mean()), 0.0)
    result: F64 = weather + other * min(1.0, wanted / max(float(other.mean()), 1e-9))
    return result


def _price(facts: ZoneFacts, clock: _Clock, z: F64, own: F64) -> F64:
    """Price in USD per kWh: the published distribution, correlated with carbon as measured, and its own rhythm."""
    assert facts.price_usd_per_mwh is not None
    form = shape(facts.zone, "price")
    with_carbon = form.carbon * z
    score = _complete(_beyond(with_carbon, form, clock) + _rhythm(form, clock), own)
    price = np.maximum(_of_ranks(score, form) / 1000.0, _LEAST_PRICE)
    result: F64 = price * facts.price_usd_per_mwh / 1000.0 / price.mean()
    return result


def _temperature(facts: ZoneFacts, clock: _Clock, gauss: F64) -> F64:
    form = shapes().get((facts.zone, "temperature"))
    if form is not None:
        values = _of_ranks(_complete(_rhythm(form, clock), gauss), form)
        result: F64 = facts.temp_c + values - values.mean()
        return result
    waves = _wave(clock.day, 365.25, facts.temp_season_c, facts.temp_season_doy)
    waves = waves + _wave(clock.local, 24.0, facts.temp_diurnal_c, facts.temp_hour)
    noise = facts.temp_sd_c * gauss
    result = facts.temp_c + waves - waves.mean() + noise - noise.mean()
    return result
