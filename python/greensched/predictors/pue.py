"""PUE as published, for the moments at which the world cannot report one."""

from __future__ import annotations

import numpy as np

from greensched.core.types import F64, Datacenter, DatacenterState, World


def pue_now(state: DatacenterState, world: World) -> F64:
    """PUE now of every datacenter: as reported, else from its published model (load PUE at no load: its slope)."""
    reported = state.pue
    if not np.isnan(reported).any():
        return reported
    published = [_published(d, float(t)) for d, t in zip(world.datacenters, state.temperature_c, strict=True)]
    filled: F64 = np.where(np.isnan(reported), published, reported)
    return filled


def _published(datacenter: Datacenter, temperature_c: float) -> float:
    model = datacenter.pue
    if model["model"] == "static":
        return float(model["value"])
    if model["model"] == "temperature":
        above_c = 0.0 if np.isnan(temperature_c) else max(0.0, temperature_c - model["t0_c"])
        return float(model["base"] + model["slope_per_c"] * above_c)
    return float(model["slope"])
