"""PUE models and the fit of the temperature-dependent one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from greensched.core.errors import ConfigError
from greensched.scenario.datacenters import LoadPue, StaticPue, TemperaturePue
from greensched.scenario.pue import degrees_above, resolve
from greensched.signals.data_pack import DataPack
from greensched.signals.synthetic import SyntheticGrid

YEAR = np.array([5.0, 15.0, 25.0, 35.0])  # above 15: 0, 0, 10, 20 -> 7.5 on average


def temperature(**values: Any) -> TemperaturePue:
    return TemperaturePue(model="temperature", **values)


def yearly_mean(block: dict[str, Any], t: np.ndarray) -> float:
    t = t[~np.isnan(t)]
    return float((block["base"] + block["slope_per_c"] * np.maximum(0.0, t - block["t0_c"])).mean())


def test_by_hand() -> None:
    assert degrees_above(YEAR, 15.0) == 7.5
    fitted = resolve(temperature(mean=1.3, base=1.15), YEAR, "x")
    assert fitted["slope_per_c"] == pytest.approx(0.02)  # (1.30 - 1.15) / 7.5
    fitted = resolve(temperature(mean=1.3, slope_per_c=0.01), YEAR, "x")
    assert fitted["base"] == pytest.approx(1.225)  # 1.30 - 0.01 * 7.5
    fitted = resolve(temperature(mean=1.3), YEAR, "x")
    assert fitted["base"] == pytest.approx(1.21)  # 1 + 0.7 * 0.3
    assert resolve(temperature(base=1.1, slope_per_c=0.02), None, "x")["base"] == 1.1
    assert resolve(StaticPue(model="static", value=1.2), None, "x") == {"model": "static", "value": 1.2}
    load = LoadPue(model="load", fixed_w=100.0, slope=1.1)
    assert resolve(load, None, "x") == {"model": "load", "fixed_w": 100.0, "slope": 1.1}


@pytest.mark.parametrize(("zone", "mean"), [("DE", 1.35), ("US-CAL-CISO", 1.18), ("SG", 1.32), ("CA-ON", 1.19)])
def test_yearly_mean_of_synthetic_weather_is_the_published_value(zone: str, mean: float) -> None:
    year = SyntheticGrid(1).yearly_temperature(zone, 2022)
    assert year is not None
    assert yearly_mean(resolve(temperature(mean=mean), year.values, zone), year.values) == pytest.approx(
        mean, abs=1e-12
    )


@pytest.mark.parametrize(("zone", "mean"), [("DE", 1.35), ("GB", 1.11), ("IN-WE", 1.42), ("CA-ON", 1.19)])
def test_yearly_mean_of_real_weather_is_the_published_value(data_folder: Path, zone: str, mean: float) -> None:
    pack = DataPack(data_folder)
    year = pack.yearly_temperature(zone, 2022)
    assert year is not None
    block = resolve(temperature(mean=mean), year.values, zone)
    whole = pack.load(zone, datetime(2022, 1, 1, tzinfo=UTC), datetime(2023, 1, 1, tzinfo=UTC)).series["temperature_c"]
    assert yearly_mean(block, whole.values) == pytest.approx(mean, abs=1e-9)


@pytest.mark.parametrize(
    ("model", "year", "message"),
    [
        (temperature(mean=1.3), None, "no year of temperature"),
        (temperature(mean=1.3, t0_c=40.0), YEAR, "never exceeds t0_c = 40"),
        (temperature(mean=1.1, slope_per_c=0.5), YEAR, "no PUE of 1 or more fits"),
        (temperature(mean=1.1, base=1.2), YEAR, "no PUE of 1 or more fits"),
    ],
)
def test_impossible_fits(model: TemperaturePue, year: np.ndarray | None, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        resolve(model, year, "frankfurt")


@pytest.mark.parametrize(
    "values", [{}, {"base": 1.1}, {"slope_per_c": 0.1}, {"mean": 1.2, "base": 1.1, "slope_per_c": 0.1}]
)
def test_underdetermined_or_overdetermined(values: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match="at most one of base and slope_per_c"):
        temperature(**values)
