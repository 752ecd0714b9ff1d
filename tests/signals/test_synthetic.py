"""Synthetic grids reproduce their published statistics and hang together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from greensched.core.errors import UnknownNameError
from greensched.signals.synthetic import SyntheticGrid
from greensched.signals.zones import ZoneFacts, zones

YEAR = datetime(2022, 1, 1, tzinfo=UTC)
NEXT = datetime(2023, 1, 1, tzinfo=UTC)
ALL = sorted(zones())


def year(zone: str, seed: int = 1) -> dict[str, np.ndarray]:
    return {k: s.values for k, s in SyntheticGrid(seed).load(zone, YEAR, NEXT).series.items()}


@pytest.mark.parametrize("zone", ALL)
def test_yearly_mean_and_variation_are_the_published_ones(zone: str) -> None:
    facts, values = zones()[zone], year(zone)
    carbon = values["carbon_gpkwh"]
    assert len(carbon) == 8760
    assert carbon.mean() == pytest.approx(facts.mean_gpkwh, rel=1e-9)
    assert carbon.std() / carbon.mean() == pytest.approx(facts.cov, rel=1e-3)
    assert carbon.min() > 0
    assert values["wind_frac"].mean() == pytest.approx(facts.wind_frac, abs=0.005)
    assert values["solar_frac"].mean() == pytest.approx(facts.solar_frac, abs=0.005)
    assert values["renewable_frac"].mean() == pytest.approx(facts.renewable_frac, abs=0.02)
    assert values["temperature_c"].mean() == pytest.approx(facts.temp_c, abs=1e-6)
    for kind in ("wind_frac", "solar_frac", "renewable_frac"):
        assert values[kind].min() >= 0.0
        assert values[kind].max() <= 1.0


def test_there_are_enough_zones_and_prices_are_positive_or_absent() -> None:
    assert len(ALL) >= 10
    assert "price_per_kwh" not in year("NO")  # no market price was found: missing, not 0
    for zone in ("DE", "US-TEX-ERCO"):
        price = year(zone)["price_per_kwh"]
        assert price.min() > 0
        assert price.mean() == pytest.approx(zones()[zone].price_usd_per_mwh / 1000, rel=1e-6)  # type: ignore[operator]


# Mean daily range over mean, from the real hours of 2022 (data.md, section 3).
RANGES = {"US-CAL-CISO": 0.55, "DE": 0.43, "GB": 0.55, "US-MIDA-PJM": 0.11, "SG": 0.04, "JP-TK": 0.32, "AU-NSW": 0.43}


@pytest.mark.parametrize("zone", sorted(RANGES))
def test_daily_range_is_near_the_real_one(zone: str) -> None:
    carbon = year(zone)["carbon_gpkwh"].reshape(365, 24)
    ours = float((carbon.max(axis=1) - carbon.min(axis=1)).mean() / carbon.mean())
    assert ours == pytest.approx(RANGES[zone], rel=0.35, abs=0.025)


def test_windy_and_sunny_hours_are_clean() -> None:
    values = year("US-TEX-ERCO")
    assert np.corrcoef(values["carbon_gpkwh"], values["wind_frac"])[0, 1] < -0.7
    values = year("US-CAL-CISO")
    assert np.corrcoef(values["carbon_gpkwh"], values["solar_frac"])[0, 1] < -0.5


def test_the_sun_shines_at_local_noon_and_not_at_night() -> None:
    solar = year("JP-TK")["solar_frac"].reshape(365, 24).mean(axis=0)  # by UTC hour; Tokyo is UTC+9
    assert int(solar.argmax()) in (2, 3)
    assert solar[14:18].max() == 0.0


def test_a_window_is_a_slice_of_its_year() -> None:
    start = datetime(2022, 6, 6, 5, 30, tzinfo=UTC)
    cut = SyntheticGrid(1).load("DE", start, start + timedelta(days=2)).series["carbon_gpkwh"]
    assert cut.start == datetime(2022, 6, 6, 5, tzinfo=UTC)
    first = int((cut.start - YEAR).total_seconds() // 3600)
    assert cut.values.tolist() == year("DE")["carbon_gpkwh"][first : first + 49].tolist()


def test_a_window_may_cross_new_year() -> None:
    start = datetime(2022, 12, 31, tzinfo=UTC)
    cut = SyntheticGrid(1).load("DE", start, start + timedelta(days=2)).series["carbon_gpkwh"]
    assert len(cut.values) == 48
    assert cut.values[:24].tolist() == year("DE")["carbon_gpkwh"][-24:].tolist()


def test_seeds_and_zones_differ_and_repeat() -> None:
    assert np.array_equal(year("DE", 0)["carbon_gpkwh"], year("DE", 0)["carbon_gpkwh"])
    assert not np.array_equal(year("DE", 0)["carbon_gpkwh"], year("DE", 1)["carbon_gpkwh"])
    a, b = year("DE", 7)["wind_frac"], year("US-CAL-CISO", 7)["wind_frac"]  # no neighbours: test_processes.py has those
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.3


def test_unknown_zone() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'US-CAL-CISO'"):
        SyntheticGrid(0).load("US-CAL-CIS", YEAR, NEXT)


def test_every_value_says_that_it_is_synthetic() -> None:
    loaded = SyntheticGrid(0).load("DE", YEAR, YEAR + timedelta(days=1))
    assert all(label.synthetic for label in loaded.labels.values())


def test_facts_are_plausible() -> None:
    for facts in zones().values():
        assert isinstance(facts, ZoneFacts)
        assert facts.wind_frac + facts.solar_frac <= facts.renewable_frac + 0.01
        assert 1.0 <= facts.pue < 2.0
