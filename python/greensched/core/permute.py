"""The same observation with its datacenters in another order: nothing real has changed, so no answer may."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from greensched.core.types import DatacenterState, ForecastBook, Observation, Options, Predictions, Truth, World


def permute_world(world: World, order: list[int]) -> World:
    """The world whose datacenter ``k`` is the old ``order[k]``."""
    new_index = np.argsort(order)
    sites = tuple(dataclasses.replace(world.datacenters[old], index=k) for k, old in enumerate(order))
    return dataclasses.replace(
        world,
        datacenters=sites,
        home=new_index[world.home].astype(np.int32),
        rtt_ms=world.rtt_ms[:, order],
        gbps=world.gbps[:, order],
    )


def permute(observation: Observation, order: list[int]) -> Observation:
    """The observation in the world of :func:`permute_world`; tasks stay as they are."""
    new_index = np.argsort(order)
    columns: dict[str, Any] = {f.name: getattr(observation.state, f.name)[order] for f in _STATE_FIELDS}
    book = ForecastBook()
    for issue in observation.forecasts.newest.values():
        book.add(dataclasses.replace(issue, datacenter=int(new_index[issue.datacenter])))
    return dataclasses.replace(
        observation,
        world=permute_world(observation.world, order),
        state=DatacenterState(**columns),
        forecasts=book,
        advisories=tuple(dataclasses.replace(a, dc=int(new_index[a.dc])) for a in observation.advisories),
        truth=None if observation.truth is None else _permute_truth(observation.truth, order),
    )


def _permute_truth(truth: Truth, order: list[int]) -> Truth:
    old = np.array(order, dtype=np.int32)

    def told(tasks: Any, options: Options) -> Predictions:
        return truth(tasks, Options(old[options.dc], options.start_s, options.scale))

    return told


_STATE_FIELDS = dataclasses.fields(DatacenterState)
