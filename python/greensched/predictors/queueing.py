"""How long a task waits before it holds cores: its data travels, then it queues."""

from __future__ import annotations

import numpy as np

from greensched.core.types import F64, DatacenterState, TaskTable, World
from greensched.predictors.facts import Facts

BITS_PER_BYTE = 8.0


def staging_s(tasks: TaskTable, world: World) -> F64:
    """Time to bring each task and its data to each datacenter, shape (tasks, datacenters).

    At home nothing travels. Elsewhere one round trip plus ``data_gb`` at the published throughput.
    """
    origin = tasks.origin
    rtt_s = world.rtt_ms[origin] / 1000.0
    s: F64 = rtt_s + tasks.data_gb[:, None] * BITS_PER_BYTE / world.gbps[origin]
    s[np.arange(len(tasks)), world.home[origin]] = 0.0
    return s


def queue_s(tasks: TaskTable, state: DatacenterState, facts: Facts, typical_run_s: float) -> F64:
    """Expected queueing time at each datacenter, shape (tasks, datacenters).

    A datacenter turns over its whole capacity once per typical run time, so cores that are missing now become free
    after (missing cores / capacity) of a typical run. A task that no single host can take now waits at least for its
    own size.
    """
    cores = tasks.cores[:, None]
    missing = np.maximum(cores - facts.room_cores(state), 0.0)
    missing = np.where(cores > state.max_free_cores, np.maximum(missing, cores), missing)
    with np.errstate(divide="ignore", invalid="ignore"):
        wait_s: F64 = missing * (typical_run_s / facts.capacity_cores)
        if (tasks.gpus > 0).any():
            gpus = tasks.gpus[:, None]
            lacking = np.where(gpus > state.max_free_gpus, gpus, np.maximum(gpus - state.free_gpus, 0.0))
            wait_s = np.maximum(wait_s, np.where(gpus > 0, lacking * typical_run_s / facts.capacity_gpus, 0.0))
    return wait_s
