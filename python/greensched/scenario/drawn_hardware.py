"""Hardware that the seed draws: other types in the same places, and copies that differ from what the makers publish.

What is drawn is what a datacenter's operator would measure and declare, so the mind sees it. Sets of jobs that are to
test a predictor are run on hardware that it was not trained on.
"""

from __future__ import annotations

import hashlib

import numpy as np

from greensched.core.streams import stream
from greensched.scenario.hardware import HOST_TYPES, HostGroup, HostSpec
from greensched.scenario.schema import Scenario

_LONGEST_PREFIX = 59  # of a name of 64 characters, with a dot and the place of a group


def apply(scenario: Scenario) -> Scenario:
    """The scenario with a host type of its own for each group of hosts, drawn from the seed; without the block itself.

    Draws go by the names of datacenters and the place of a group in its datacenter, so that the order of datacenters
    does not matter.
    """
    law = scenario.hardware
    if law is None:
        return scenario
    types = dict(scenario.host_types)
    datacenters = []
    for dc in scenario.datacenters:
        groups = []
        for place, group in enumerate(dc.hosts):
            rng = stream(scenario.seed, "hardware", dc.name, place)
            kind = _swapped(rng, group.type, scenario, law.swap_share)
            name = f"{_prefix(kind, dc.name)}{place}"
            while name in types:  # one of the user's own
                name += "x"
            spec = scenario.host_types.get(kind) or HOST_TYPES[kind]
            types[name] = _varied(rng, spec, law.power_sigma, law.speed_sigma)
            groups.append(HostGroup(type=name, count=group.count, sleep=group.sleep))
        datacenters.append(dc.model_copy(update={"hosts": tuple(groups)}))
    return scenario.model_copy(update={"datacenters": tuple(datacenters), "host_types": types, "hardware": None})


def drawn_from(name: str, kind: str, datacenter: str) -> bool:
    """Whether a host type is ``kind``, or a copy of it that was drawn for this datacenter."""
    return name == kind or name.startswith(_prefix(kind, datacenter))


def _prefix(kind: str, datacenter: str) -> str:
    """What the names of copies of a type in a datacenter begin with; long ones are cut, and told apart by a digest."""
    name = f"{kind}.{datacenter}"
    if len(name) > _LONGEST_PREFIX or "." in kind:  # a.b in c is not a in b.c
        digest = hashlib.sha256(f"{kind}\x1f{datacenter}".encode()).hexdigest()[:8]
        name = f"{name[: _LONGEST_PREFIX - 9]}-{digest}"
    return f"{name}."


def _swapped(rng: np.random.Generator, kind: str, scenario: Scenario, share: float) -> str:
    """Perhaps another built-in type: CPU hosts for CPU hosts, GPU hosts for GPU hosts."""
    swap, which = rng.random() < share, rng.random()
    if not swap or kind in scenario.host_types:
        return kind
    alike = sorted(n for n, spec in HOST_TYPES.items() if (spec.gpus > 0) == (HOST_TYPES[kind].gpus > 0))
    return alike[int(which * len(alike))]


def _varied(rng: np.random.Generator, spec: HostSpec, power_sigma: float, speed_sigma: float) -> HostSpec:
    """A copy: idle and dynamic power, the GPUs' power, and each speed times a lognormal factor."""
    idle, dynamic, gpu = np.exp(power_sigma * rng.standard_normal(3)).tolist()
    at_rest = spec.power_w[0]
    power_w = tuple(round(at_rest * idle + (w - at_rest) * dynamic, 2) for w in spec.power_w)
    speeds = sorted({*spec.speed, "general", "memory", "vector", *(["gpu"] if spec.gpus else [])})
    factors = np.exp(speed_sigma * rng.standard_normal(len(speeds))).tolist()
    speed = {name: round(spec.speed.get(name, 1.0) * f, 4) for name, f in zip(speeds, factors, strict=True)}
    gpu_w = {"gpu_idle_w": round(spec.gpu_idle_w * gpu, 2), "gpu_max_w": round(spec.gpu_max_w * gpu, 2)}
    return spec.model_copy(update={"power_w": power_w, "speed": speed, **gpu_w})
