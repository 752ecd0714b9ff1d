"""Workloads in words: jobs whose cost follows from what their text means, and their truth on the hosts of the run."""

from __future__ import annotations

import numpy as np

from greensched.core.types import F64
from greensched.scenario.hardware import HostSpec
from greensched.scenario.hidden_tables import host_types
from greensched.scenario.load import Loaded
from greensched.scenario.workload import SyntheticWorkload
from greensched.traces.apps import WORK_CLASSES
from greensched.traces.generator import WorkloadLaw
from greensched.traces.hidden import Profiles, Truth
from greensched.traces.table import Jobs
from greensched.truths import described, effects
from greensched.truths.described import Law, Meanings
from greensched.truths.machines import Machine
from greensched.truths.truth import truth


def jobs(
    loaded: Loaded, spec: SyntheticWorkload, plain: WorkloadLaw, origin_lon: F64, origin_weight: F64
) -> tuple[Jobs, Meanings]:
    """Jobs of a synthetic workload with text; ``plain`` are the laws that it shares with one without."""
    assert spec.text is not None
    law = Law(
        split=spec.text,
        apps=plain.apps,
        app_share=plain.app_share,
        gpu_share=plain.gpu_share,
        host_gpus=_most_gpus(loaded),
        duration=plain.duration,
        arrivals=plain.arrivals,
        straggler_share=spec.stragglers,
    )
    scenario = loaded.scenario
    horizon_s = scenario.horizon / 1e6
    return described.generate(scenario.seed, spec.jobs, horizon_s, scenario.start, law, origin_lon, origin_weight)


def machines(loaded: Loaded) -> list[Machine]:
    """The host types of the run as the truth sees them."""
    return [machine(name, loaded.host(name)) for name in host_types(loaded)]


def machine(name: str, spec: HostSpec) -> Machine:
    """A host type as the truth sees it."""
    general, memory, vector, gpu = (spec.speed.get(c, 1.0) for c in WORK_CLASSES)
    return Machine(name, (general, memory, vector), spec.gpu_type, gpu)


def truth_of(loaded: Loaded, meanings: Meanings, warm: frozenset[int]) -> Truth:
    """The hidden truth of jobs in words; only the datacenters ``warm`` can throttle."""
    kinds = machines(loaded)
    found = truth(meanings, kinds, WORK_CLASSES)
    none = np.zeros(0)
    return Truth(
        work_s=meanings.work_s,
        work_class=found.work_class,
        cpu_util_frac=found.cpu_util_frac,
        gpu_util_frac=found.gpu_util_frac,
        interference=found.interference,
        phase_task=np.zeros(0, np.int64),
        phase_work_frac=none,
        phase_cpu_util_frac=none,
        phase_gpu_util_frac=none,
        profile=found.configuration.astype(np.int32),
        profiles=Profiles(tuple(m.name for m in kinds), found.speed, found.cpu_scale, found.gpu_scale),
        interference_power=found.interference_power,
        heat=found.heat,
        throttle_c=_throttle_c(loaded, warm),
    )


def _throttle_c(loaded: Loaded, warm: frozenset[int]) -> dict[str, float]:
    """From which outdoor temperature on each datacenter's hosts throttle."""
    seed = loaded.scenario.seed
    return {dc.name: effects.throttle_c(seed, dc.name) for i, dc in enumerate(loaded.scenario.datacenters) if i in warm}


def _most_gpus(loaded: Loaded) -> float:
    """GPUs of the largest host that is there from the start: what jobs are drawn does not depend on what will come."""
    return float(max(loaded.host(g.type).gpus for dc in loaded.scenario.datacenters for g in dc.hosts))
