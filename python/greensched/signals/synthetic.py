"""Synthetic grids from published statistics of real zones (:mod:`greensched.signals.zones`).

A zone's weather comes first (wind as a slow bounded process, sun from geometry and clouds); renewables follow from it,
and carbon intensity, price and temperature are built on top, so that clean hours are the windy and sunny ones. Whole
calendar years are generated and a window is a slice of its year: mean and coefficient of variation hold exactly over
each year, and a run that starts a day later sees the same grid.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

import numpy as np

from greensched.core.errors import UnknownNameError
from greensched.core.streams import stream
from greensched.core.types import F64
from greensched.signals.provider import Label, ZoneSignals
from greensched.signals.series import Signal
from greensched.signals.zones import ZoneFacts, zones

# Change of log intensity per unit of wind and solar share: regressions on real hours of CISO, ERCO, PJM, DE and ES give
# -1.4..-2.0 and -1.2..-1.8.
_WIND_EFFECT = -1.8
_SOLAR_EFFECT = -1.5
_WIND_MEMORY = 0.982  # lag-1 h autocorrelation of wind share, measured 0.978..0.990
_CLOUD_MEMORY = 0.4  # day to day
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


@lru_cache(maxsize=256)
def _year(facts: ZoneFacts, seed: int, year: int) -> dict[str, F64]:
    start = datetime(year, 1, 1, tzinfo=UTC)
    n = int((datetime(year + 1, 1, 1, tzinfo=UTC) - start).total_seconds() // 3600)
    rng = stream(seed, "signals", facts.zone, year)
    hours: F64 = np.arange(n, dtype=np.float64) + 0.5
    local = hours + facts.lon / 15.0
    day_of_year = hours / 24.0
    weekend = ((np.floor(local / 24.0).astype(np.int64) + start.weekday()) % 7) >= 5
    is_weekend: F64 = weekend.astype(np.float64)
    wind = _bounded(_ar1(rng, n, _WIND_MEMORY), facts.wind_frac, facts.wind_sd_frac)
    solar = _solar(rng, facts, local, day_of_year)
    crowded = np.minimum(1.0, 0.95 / np.maximum(wind + solar, 1e-9))
    wind, solar = wind * crowded, solar * crowded
    z = _carbon_score(rng, facts, local, day_of_year, is_weekend, wind, solar)
    result = {
        "carbon_gpkwh": _lognormal(z, facts.mean_gpkwh, facts.cov),
        "wind_frac": wind,
        "solar_frac": solar,
        "renewable_frac": _renewable(rng, facts, wind, solar),
        "temperature_c": _temperature(rng, facts, local, day_of_year),
    }
    if facts.price_usd_per_mwh is not None:
        result["price_per_kwh"] = _price(rng, facts, z)
    return result


def _ar1(rng: np.random.Generator, n: int, rho: float) -> F64:
    """A stationary Gaussian series of unit variance with lag-1 autocorrelation ``rho``."""
    noise = rng.standard_normal(n)
    noise[1:] *= np.sqrt(1.0 - rho * rho)
    out = np.empty(n)
    value = 0.0
    for i, innovation in enumerate(noise.tolist()):
        value = rho * value + innovation
        out[i] = value
    return out


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


def _solar(rng: np.random.Generator, facts: ZoneFacts, local: F64, day_of_year: F64) -> F64:
    """Share of solar power: height of the sun times a daily cloud factor, scaled to the published mean."""
    days = int(np.ceil(local.max() / 24.0)) + 2
    clouds = 0.3 + 0.7 / (1.0 + np.exp(-(1.0 + _ar1(rng, days, _CLOUD_MEMORY))))
    if facts.solar_frac <= 0:
        return np.zeros(len(local))
    declination = np.deg2rad(23.45) * np.sin(2 * np.pi * (day_of_year - 80.0) / 365.25)
    latitude = np.deg2rad(facts.lat)
    angle = 2 * np.pi * (local % 24.0 - 12.0) / 24.0
    height = np.sin(latitude) * np.sin(declination) + np.cos(latitude) * np.cos(declination) * np.cos(angle)
    power = np.maximum(0.0, height) ** 1.2 * clouds[np.floor(local / 24.0).astype(np.int64) + 1]
    share = power * facts.solar_frac / power.mean()
    for _ in range(20):  # clipping lowers the mean a little; scale back up
        share = np.minimum(0.75, share * facts.solar_frac / share.mean())
    result: F64 = share
    return result


def _wave(x: F64, period: float, amplitude: float, peak: float) -> F64:
    result: F64 = amplitude * np.cos(2 * np.pi * (x - peak) / period)
    return result


def _carbon_score(
    rng: np.random.Generator, facts: ZoneFacts, local: F64, day: F64, weekend: F64, wind: F64, solar: F64
) -> F64:
    """Standardised log intensity: weather effects, then daily, seasonal and weekly shape, then persistent noise.

    The harmonics are those of the *total*; what sun and wind already contribute to them is taken off first.
    """
    sd_log = np.sqrt(np.log1p(facts.cov**2))
    weather = _WIND_EFFECT * (wind - wind.mean()) + _SOLAR_EFFECT * (solar - solar.mean())
    weather = weather / sd_log
    if weather.std() > 0.95:
        weather *= 0.95 / weather.std()
    shape = facts.weekend * (weekend - weekend.mean())
    for x, period, amplitude, peak in (
        (local, 24.0, facts.h1, facts.h1_hour),
        (local, 12.0, facts.h2, facts.h2_hour),
        (day, 365.25, facts.season, facts.season_doy),
    ):
        phase = np.exp(-2j * np.pi * x / period)
        present = 2.0 * np.mean(weather * phase)
        shape = shape + _wave(x, period, amplitude, peak) - (present * np.conj(phase)).real
    total = weather + shape
    room = max(1.0 - float(total.var()), _MIN_NOISE_VARIANCE)
    total = total + np.sqrt(room) * _ar1(rng, len(total), facts.ac1)
    result: F64 = (total - total.mean()) / total.std()
    return result


def _lognormal(z: F64, mean: float, cov: float) -> F64:
    """exp(sigma z), scaled, with sigma found by bisection so that mean and coefficient of variation are exact."""
    low, high = 0.0, 3.0
    for _ in range(50):
        sigma = 0.5 * (low + high)
        x = np.exp(sigma * z)
        if float(x.std() / x.mean()) < cov:
            low = sigma
        else:
            high = sigma
    result: F64 = x * mean / x.mean()
    return result


def _renewable(rng: np.random.Generator, facts: ZoneFacts, wind: F64, solar: F64) -> F64:
    """Wind and solar plus the other renewables (mostly hydro and biomass), which move slowly."""
    other = max(facts.renewable_frac - float(wind.mean()) - float(solar.mean()), 0.0)
    slow = _ar1(rng, len(wind), 0.998)
    steady = _bounded(slow, other, 0.1 * other * (1 - other)) if 0 < other < 1 else np.full(len(wind), other)
    result: F64 = np.minimum(1.0, wind + solar + steady)
    return result


def _price(rng: np.random.Generator, facts: ZoneFacts, z: F64) -> F64:
    """Price in USD per kWh: lognormal around the published mean, correlated with carbon as measured.

    The coefficient of variation is capped at 0.8: scarcity spikes of real markets are outside this model.
    """
    assert facts.price_usd_per_mwh is not None
    assert facts.price_sd_usd_per_mwh is not None
    corr = facts.price_corr or 0.0
    own = _ar1(rng, len(z), 0.93)
    score = corr * z + np.sqrt(1 - corr * corr) * (own - own.mean()) / own.std()
    cov = min(facts.price_sd_usd_per_mwh / facts.price_usd_per_mwh, 0.8)
    return _lognormal((score - score.mean()) / score.std(), facts.price_usd_per_mwh / 1000.0, cov)


def _temperature(rng: np.random.Generator, facts: ZoneFacts, local: F64, day: F64) -> F64:
    waves = _wave(day, 365.25, facts.temp_season_c, facts.temp_season_doy)
    waves = waves + _wave(local, 24.0, facts.temp_diurnal_c, facts.temp_hour)
    noise = facts.temp_sd_c * _ar1(rng, len(day), 0.985)
    result: F64 = facts.temp_c + waves - waves.mean() + noise - noise.mean()
    return result
