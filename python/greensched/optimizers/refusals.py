"""Why each pair that would have been cheaper was not taken: what was missing there when it was the task's turn."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from greensched.core.types import F64, TaskTable
from greensched.optimizers.greedy import SLACK, Assignment, Index, Room, task_order
from greensched.optimizers.problem import RESOURCES, Choice, Problem

Refused = NDArray[np.int8]
TAKEN, CORES, MEMORY, GPUS, HOST, GPU_HOST = range(6)
WORDS: Final = ("", "cores", "memory", "GPUs", "no single host has the cores", "no single host has the GPUs")


def refusals(cost: F64, tasks: TaskTable, room: Room, given: Assignment, name_rank: Index) -> Refused:
    """Codes of what was missing, (tasks, datacenters); ``TAKEN`` (0) where a pair was chosen, impossible or dearer.

    Args:
        cost: (tasks, datacenters), NaN where impossible, as it was given to ``assign``.
        tasks: what each demands.
        room: what was free before any of them.
        given: what was chosen for them.
        name_rank: by which equal costs are settled.
    """
    n, d = cost.shape
    codes: Refused = np.zeros((n, d), dtype=np.int8)
    if given.first.all() or n == 0:
        return codes
    order = task_order(tasks)
    rows, dc = np.arange(n), given.dc
    chosen = np.where(dc >= 0, cost[rows, dc], np.inf)[:, None]
    tied = (cost == chosen) & (name_rank < np.where(dc >= 0, name_rank[dc], d)[:, None])
    cheaper = (cost < chosen) | tied
    for code, demand, free in (
        (GPUS, tasks.gpus, room.gpus), (MEMORY, tasks.mem_gb, room.mem_gb), (CORES, tasks.cores, room.cores),
    ):  # fmt: skip
        taken = np.zeros((n, d))
        placed = dc[order] >= 0
        taken[np.flatnonzero(placed), dc[order][placed]] = demand[order][placed]
        before = np.empty((n, d))
        before[order] = taken.cumsum(axis=0) - taken
        codes[cheaper & (demand[:, None] > 0) & (demand[:, None] > free - before + SLACK)] = code
    codes[cheaper & (tasks.cores[:, None] > room.widest_cores + SLACK)] = HOST
    codes[cheaper & (tasks.gpus > 0)[:, None] & (tasks.gpus[:, None] > room.widest_gpus + SLACK)] = GPU_HOST
    return codes


def no_room(problem: Problem, choice: Choice) -> Refused:
    """The same for a batch: what every datacenter that would have been cheaper has no room for after the choice.

    Of each datacenter its cheapest start counts. ``TAKEN`` also where there would be room, since no choice that was
    looked at is better as a whole.
    """
    n, d, _ = problem.cost_g.shape
    codes: Refused = np.zeros((n, d), dtype=np.int8)
    rows = np.arange(n)
    chosen_g = np.where(choice.dc >= 0, problem.cost_g[rows, choice.dc, choice.start], problem.pending_g)
    cheaper = problem.cost_g.min(axis=2, initial=np.inf) < chosen_g[:, None]
    some = np.flatnonzero(cheaper.any(axis=1))
    if len(some) == 0:
        return codes
    free, start = problem.free(choice), problem.cost_g[some].argmin(axis=2)
    end = np.minimum(start + problem.slots[some], problem.horizon)
    for name, code in (("gpus", GPUS), ("mem_gb", MEMORY), ("cores", CORES)):
        r = RESOURCES.index(name)
        full = problem.demand[some, r, None, None] > free[None, :, :, r] + SLACK
        before = np.concatenate([np.zeros((len(some), d, 1), dtype=np.intp), full.cumsum(axis=2)], axis=2)
        at = [np.take_along_axis(before, edge[:, :, None], axis=2)[:, :, 0] for edge in (start, end)]
        codes[some] = np.where(cheaper[some] & (at[1] > at[0]), np.int8(code), codes[some])
    return codes
