"""The static part of a run as JSON, so that a feedback log can be learned from on its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from greensched.core.types import Datacenter, HostType, World

_TUPLES = ("work_classes", "gpu_types", "origins")


def world_to_json(world: World) -> dict[str, Any]:
    """Plain values only; :func:`world_from_json` gives back an equal world."""
    plain = dataclasses.asdict(world)
    return {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in plain.items()}


def world_from_json(stored: Mapping[str, Any]) -> World:
    """The inverse of :func:`world_to_json`; takes what JSON made of it."""
    values = dict(stored)
    values["datacenters"] = tuple(_datacenter(d) for d in stored["datacenters"])
    values |= {name: tuple(stored[name]) for name in _TUPLES}
    values["home"] = np.array(stored["home"], dtype=np.int32)
    values["rtt_ms"] = np.array(stored["rtt_ms"], dtype=np.float64)
    values["gbps"] = np.array(stored["gbps"], dtype=np.float64)
    return World(**values)


def _datacenter(stored: Mapping[str, Any]) -> Datacenter:
    hosts = [HostType(**{**h, "power_w": tuple(h["power_w"]), "speed": tuple(h["speed"])}) for h in stored["hosts"]]
    return Datacenter(**{**stored, "hosts": tuple(hosts)})
