"""How long a task waits before it holds cores: its data travels, then it queues."""

from __future__ import annotations

import numpy as np

from greensched.core.types import F64, DatacenterState, TaskTable, World
from greensched.predictors.facts import Facts

BITS_PER_BYTE = 8.0
OUTAGE_S = 86400.0  # a place without power; nobody says for how long, and anywhere with power is to look better


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

    A datacenter turns over its whole capacity once per typical run time, so cores, memory or GPUs that are missing now
    become free after (missing / capacity) of a typical run; the scarcest of them decides. A task that no single host
    can take now waits at least for its own size. Failed hosts are no capacity, and a datacenter without power adds
    ``OUTAGE_S``.
    """
    capacity_cores = facts.capacity_cores
    if state.failed_cores.any():
        # what is left may be nothing: then all of it is taken as the capacity that will come back
        up_cores = capacity_cores - state.failed_cores
        capacity_cores = np.where(up_cores > 0, up_cores, capacity_cores)
    room_cores, room_mem_gb = facts.room_cores(state), facts.room_mem_gb(state)
    if state.queued_gpus.any():
        beside = (tasks.gpus == 0)[:, None] & (state.queued_gpus > 0)
        room_cores = room_cores + np.where(beside, state.queued_cores, 0.0)
        room_mem_gb = room_mem_gb + np.where(beside, state.queued_mem_gb, 0.0)
    wait_s = _turnovers(tasks.cores, room_cores, state.max_free_cores, capacity_cores)
    if state.queued.any() or bool((tasks.mem_gb.max(initial=0.0) > room_mem_gb).any()):
        memory = _turnovers(tasks.mem_gb, room_mem_gb, np.inf, facts.capacity_mem_gb)
        wait_s = np.maximum(wait_s, memory)
    if (tasks.gpus > 0).any():
        gpus = _turnovers(tasks.gpus, facts.room_gpus(state), state.max_free_gpus, facts.capacity_gpus)
        wait_s = np.maximum(wait_s, np.where(tasks.gpus[:, None] > 0, gpus, 0.0))
    wait_s *= typical_run_s
    if state.down.any():
        wait_s[:, state.down != 0] += OUTAGE_S
    return wait_s


def _turnovers(demand: F64, room: F64, widest: F64 | float, capacity: F64) -> F64:
    """Turn-overs of the whole capacity until ``demand`` is free, shape (tasks, datacenters); inf without capacity."""
    # not the built-in min, which forgets a NaN
    least = np.minimum(room.min(initial=np.inf), np.min(widest, initial=np.inf))
    if demand.max(initial=0.0) <= least and bool((capacity > 0).all()):
        return np.zeros((len(demand), len(capacity)))  # room for everything everywhere
    wanted = demand[:, None]
    missing = np.maximum(wanted - room, 0.0)
    missing = np.where(wanted > widest, np.maximum(missing, wanted), missing)
    turns: F64 = np.divide(missing, capacity, out=np.full(missing.shape, np.inf), where=capacity > 0)
    return turns
