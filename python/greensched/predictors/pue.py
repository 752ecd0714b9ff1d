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


class MostFacility:
    """The most facility power that a load can ever account for.

    A load is never charged more than the facility would draw for it alone: its fixed power and its share of the rest.
    A PUE that is reported now counts as possible too, however little load it was reported under.
    """

    def __init__(self, world: World) -> None:
        models = [
            (d.pue["fixed_w"], d.pue["slope"]) if d.pue["model"] == "load" else (0.0, _published(d, HOTTEST_C))
            for d in world.datacenters
        ]
        self._fixed_w, self._ratio = (np.array(column, dtype=np.float64) for column in zip(*models, strict=True))

    def w(self, state: DatacenterState, it_w: F64) -> F64:
        """Bound in W for loads of ``it_w`` (tasks,), shape (tasks, datacenters)."""
        load_w = it_w[:, None]
        reported = np.where(np.isnan(state.pue), 0.0, state.pue)
        bound: F64 = np.maximum(self._fixed_w + self._ratio * load_w, reported * load_w)
        return bound


def _published(datacenter: Datacenter, temperature_c: float) -> float:
    model = datacenter.pue
    if model["model"] == "static":
        return float(model["value"])
    if model["model"] == "temperature":
        above_c = 0.0 if np.isnan(temperature_c) else max(0.0, temperature_c - model["t0_c"])
        return float(model["base"] + model["slope_per_c"] * above_c)
    return float(model["slope"])
