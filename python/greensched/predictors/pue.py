"""PUE as reported, as published, and as it will be under more load."""

from __future__ import annotations

import numpy as np

from greensched.core.types import F64, Datacenter, DatacenterState, World

HOTTEST_C = 57.0  # the highest air temperature ever measured at a weather station


def pue_now(state: DatacenterState, world: World) -> F64:
    """PUE now of every datacenter: as reported, else from its published model (load PUE at no load: its slope)."""
    reported = state.pue
    if not np.isnan(reported).any():
        return reported
    published = [_published(d, float(t)) for d, t in zip(world.datacenters, state.temperature_c, strict=True)]
    filled: F64 = np.where(np.isnan(reported), published, reported)
    return filled


def has_load_pue(world: World) -> bool:
    """Whether the load of any datacenter changes its PUE."""
    return any(d.pue["model"] == "load" for d in world.datacenters)


def pue_with(state: DatacenterState, world: World, added_w: F64) -> F64:
    """PUE once ``added_w`` (tasks, datacenters) more watts of IT power are drawn; only load-dependent ones change."""
    pue: F64 = np.broadcast_to(pue_now(state, world), added_w.shape).copy()
    for d in world.datacenters:
        if d.pue["model"] == "load":
            it_w = state.it_w[d.index] + added_w[:, d.index]
            with np.errstate(divide="ignore"):
                pue[:, d.index] = d.pue["slope"] + np.where(it_w > 0, d.pue["fixed_w"] / it_w, 0.0)
    return pue


def most_facility_w(world: World, state: DatacenterState, it_w: F64) -> F64:
    """The most facility power that a load of ``it_w`` (tasks,) can ever account for, shape (tasks, datacenters).

    A load is never charged more than the facility would draw for it alone: its fixed power and its share of the rest.
    A PUE that is reported now counts as possible too, however little load it was reported under.
    """
    reported = np.nan_to_num(state.pue)
    bound = np.empty((len(it_w), world.n_datacenters))
    for d in world.datacenters:
        fixed_w, ratio = (
            (d.pue["fixed_w"], d.pue["slope"]) if d.pue["model"] == "load" else (0.0, _published(d, HOTTEST_C))
        )
        bound[:, d.index] = np.maximum(fixed_w + ratio * it_w, reported[d.index] * it_w)
    return bound


def _published(datacenter: Datacenter, temperature_c: float) -> float:
    model = datacenter.pue
    if model["model"] == "static":
        return float(model["value"])
    if model["model"] == "temperature":
        above_c = 0.0 if np.isnan(temperature_c) else max(0.0, temperature_c - model["t0_c"])
        return float(model["base"] + model["slope_per_c"] * above_c)
    return float(model["slope"])
