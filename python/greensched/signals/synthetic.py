"""Synthetic grids from published statistics of real zones (:mod:`greensched.signals.zones`).

A zone's weather comes first (wind as a slow bounded process, sun from geometry and clouds); carbon intensity is built
on top, so that clean hours are the windy and sunny ones, and prices and other renewables follow it as measured. What
neighbours have in common comes from :mod:`greensched.signals.processes`. Whole calendar years are generated and a
window is a slice of its year: over each year carbon and price have the published distribution, carbon's mean and
coefficient of variation exactly, and a run that starts a day later sees the same grid.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

import numpy as np

from greensched.core.errors import UnknownNameError
from greensched.core.streams import stream
from greensched.core.types import F64
from greensched.signals.processes import processes
from greensched.signals.provider import Label, ZoneSignals
from greensched.signals.series import Signal
from greensched.signals.shapes import shape, shapes
from greensched.signals.weather import Clock, beyond, clock_of, complete, of_ranks, rhythm, standard, wave, weather
from greensched.signals.zones import ZoneFacts, zones

# Change of log intensity per unit of wind and solar share: regressions on real hours of CISO, ERCO, PJM, DE and ES give
# -1.4..-2.0 and -1.2..-1.8.
_WIND_EFFECT = -1.8
_SOLAR_EFFECT = -1.5
_LEAST_PRICE = 0.0005  # USD per kWh; hours below zero, which real markets have, are outside this model
# Share of the variance that rhythm, wind and sun explain at most; less where the mix was not measured.
_MOST_EXPLAINED = {"measured": 0.9, "": 0.78}
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
    at = list(zones()).index(facts.zone)
    luck = {process: values[:, at] for process, values in processes(seed, year, n).items()}
    clock = clock_of(start, n, facts.lon)
    wind, solar = weather(facts, clock, luck["wind"], stream(seed, "signals", facts.zone, year, "clouds"))
    z = standard(complete(explained(facts, clock, wind, solar), luck["noise"]))
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


def explained(facts: ZoneFacts, clock: Clock, wind: F64, solar: F64) -> F64:
    """The part of the standardised log intensity that weather and rhythm explain, and not more of it than measured."""
    form = shape(facts.zone, "carbon")
    effect = _WIND_EFFECT * (wind - wind.mean()) + _SOLAR_EFFECT * (solar - solar.mean())
    effect = beyond(effect / np.sqrt(np.log1p(facts.cov**2)), form, clock)
    usual = rhythm(form, clock)
    a, b = float(effect.var()), float(np.mean((effect - effect.mean()) * (usual - usual.mean())))
    most = _MOST_EXPLAINED["measured" if facts.mix.startswith("measured") else ""]
    room = max(most - float(usual.var()), 0.05)
    scale = (np.sqrt(b * b + a * room) - b) / a if a > 0 else 1.0
    result: F64 = min(scale, 1.0) * effect + usual
    return result


def _carbon(z: F64, facts: ZoneFacts) -> F64:
    """The published distribution in the order of ``z``, with exact mean and coefficient of variation."""
    result: F64 = facts.mean_gpkwh * (1.0 + facts.cov * standard(of_ranks(z, shape(facts.zone, "carbon"))))
    return result


def _renewable(facts: ZoneFacts, clock: Clock, z: F64, own: F64, weather: F64) -> F64:
    """The published distribution, high in clean hours as measured, and never less than wind and solar together."""
    form = shape(facts.zone, "renewable")
    with_carbon = form.carbon * z
    share = of_ranks(complete(beyond(with_carbon, form, clock) + rhythm(form, clock), own), form)
    other = np.clip(share, weather, 1.0) - weather
    wanted = max(facts.renewable_frac - float(weather.mean()), 0.0)
    result: F64 = weather + other * min(1.0, wanted / max(float(other.mean()), 1e-9))
    return result


def _price(facts: ZoneFacts, clock: Clock, z: F64, own: F64) -> F64:
    """Price in USD per kWh: the published distribution, correlated with carbon as measured, and its own rhythm."""
    assert facts.price_usd_per_mwh is not None
    form = shape(facts.zone, "price")
    with_carbon = form.carbon * z
    score = complete(beyond(with_carbon, form, clock) + rhythm(form, clock), own)
    price = np.maximum(of_ranks(score, form) / 1000.0, _LEAST_PRICE)
    result: F64 = price * facts.price_usd_per_mwh / 1000.0 / price.mean()
    return result


def _temperature(facts: ZoneFacts, clock: Clock, gauss: F64) -> F64:
    form = shapes().get((facts.zone, "temperature"))
    if form is not None:
        values = of_ranks(complete(rhythm(form, clock), gauss), form)
        result: F64 = facts.temp_c + values - values.mean()
        return result
    waves = wave(clock.day, 365.25, facts.temp_season_c, facts.temp_season_doy)
    waves = waves + wave(clock.local, 24.0, facts.temp_diurnal_c, facts.temp_hour)
    noise = facts.temp_sd_c * gauss
    result = facts.temp_c + waves - waves.mean() + noise - noise.mean()
    return result
