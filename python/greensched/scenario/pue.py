"""Fitting the temperature-dependent PUE so that its yearly mean is the published value."""

from __future__ import annotations

import numpy as np

from greensched.core import limits
from greensched.core.errors import ConfigError
from greensched.core.types import F64
from greensched.scenario.datacenters import LoadPue, StaticPue, TemperaturePue

_BASE_SHARE = 0.7  # of the published overhead, where the scenario gives neither base nor slope


def degrees_above(temperature_c: F64, t0_c: float) -> float:
    """Mean of max(0, T - t0) over the known values, in degrees."""
    known = temperature_c[~np.isnan(temperature_c)]
    return float(np.maximum(0.0, known - t0_c).mean())


def resolve(
    model: StaticPue | TemperaturePue | LoadPue, yearly_temperature_c: F64 | None, where: str
) -> dict[str, object]:
    """The PUE block of run.json.

    Args:
        model: the scenario's model.
        yearly_temperature_c: a year of outside temperature at even steps; None: unknown.
        where: for error messages.

    Raises:
        ConfigError: a fit is asked for and the temperature is unknown, never exceeds t0, or contradicts the mean.
    """
    if isinstance(model, StaticPue):
        return {"model": "static", "value": model.value}
    if isinstance(model, LoadPue):
        return {"model": "load", "fixed_w": model.fixed_w, "slope": model.slope}
    base, slope = model.base, model.slope_per_c
    if model.mean is not None:
        if yearly_temperature_c is None:
            raise ConfigError(
                f"{where}: the yearly mean cannot be fitted, the signal source has no year of temperature for this "
                "zone; give base and slope_per_c without mean, or a number"
            )
        excess = degrees_above(yearly_temperature_c, model.t0_c)
        if slope is not None:
            base = model.mean - slope * excess
        else:
            base = 1.0 + _BASE_SHARE * (model.mean - 1.0) if base is None else base
            if excess <= 0 and model.mean != base:
                raise ConfigError(
                    f"{where}: the temperature never exceeds t0_c = {model.t0_c:g}; lower it or give a number"
                )
            slope = (model.mean - base) / excess if excess > 0 else 0.0
        if base < 1.0 or not 0.0 <= slope <= limits.PUE_SLOPE_PER_C:
            raise ConfigError(
                f"{where}: no PUE of 1 or more fits with a slope of 0 to {limits.PUE_SLOPE_PER_C:g}: base {base:.4f}, "
                f"slope {slope:.4f} per degree for a yearly mean of {model.mean:g} with {excess:.2f} degrees above t0 "
                "on average"
            )
    assert base is not None
    assert slope is not None
    return {"model": "temperature", "base": base, "t0_c": model.t0_c, "slope_per_c": slope}
