"""Greedy assignment under capacity, equal to going through the tasks one at a time, but vectorised.

Rounds: every task that is left points at its cheapest datacenter with room for it. Running sums of demand in task order
show the first task for which its choice is no longer big enough; everything before it is settled exactly as a loop over
the tasks would have settled it. Room shrinks, the choices that no longer fit are struck out, and the next round starts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from greensched.core.types import F64, I32, DatacenterState, TaskTable
from greensched.predictors.facts import Facts

Bool = NDArray[np.bool_]
Index = NDArray[np.intp]
SLACK = 1e-9  # cores and gigabytes: sums of fractions such as 0.1 must not miss a full host by a rounding error


@dataclass
class Room:
    """What every datacenter can take now; ``widest_*`` is what its emptiest single host can take."""

    cores: F64
    gpus: F64
    mem_gb: F64
    widest_cores: F64
    widest_gpus: F64

    @staticmethod
    def now(state: DatacenterState, facts: Facts) -> Room:
        """Room under the utilisation cap, after what is queued and on its way."""
        cores, gpus, mem_gb = facts.room_cores(state), facts.room_gpus(state), facts.room_mem_gb(state)
        return Room(
            np.maximum(cores, 0.0),
            np.maximum(gpus, 0.0),
            np.maximum(mem_gb, 0.0),
            state.max_free_cores,
            state.max_free_gpus,
        )


@dataclass(frozen=True)
class Assignment:
    """``dc`` (tasks,): the chosen datacenter, -1 where none has room; ``first``: it is the task's cheapest of all."""

    dc: I32
    first: Bool


def task_order(tasks: TaskTable) -> Index:
    """Who chooses first: higher priority, then earlier arrival, then lower id."""
    if not tasks.priority.any() and bool((tasks.task[1:] > tasks.task[:-1]).all()):
        return np.arange(len(tasks))  # ids ascend with arrival
    return np.lexsort((tasks.task, tasks.arrival_s, -tasks.priority))


def assign(cost: F64, tasks: TaskTable, room: Room, feasible: Bool, name_rank: Index) -> Assignment:
    """Give every task its cheapest datacenter that still has room, in :func:`task_order`.

    Args:
        cost: (tasks, datacenters), any unit, finite where feasible; equal costs are settled by datacenter name.
        tasks: what each task demands.
        room: what is free now; not changed.
        feasible: (tasks, datacenters) pairs that may be chosen at all.
        name_rank: rank of every datacenter's name, so that a permutation of datacenters changes nothing.
    """
    n, d = cost.shape
    dc = np.full(n, -1, dtype=np.int32)
    if n == 0 or d == 0:
        return Assignment(dc, np.zeros(n, dtype=bool))
    by_name = np.argsort(name_rank)
    if n == 1:
        return _one(cost[0], tasks, room, feasible[0], by_name)
    masked = np.where(feasible, cost, np.inf)[:, by_name]
    favourite = masked.argmin(axis=1)
    if _all_fit(masked, favourite, tasks, room, by_name):
        return Assignment(by_name[favourite].astype(np.int32), np.ones(n, dtype=bool))
    order = task_order(tasks)
    demands = [tasks.cores[order], tasks.mem_gb[order], tasks.gpus[order]]
    free = [room.cores[by_name] + SLACK, room.mem_gb[by_name] + SLACK, room.gpus[by_name] + SLACK]
    widest = (room.widest_cores[by_name] + SLACK, room.widest_gpus[by_name] + SLACK)
    if not demands[2].any():
        demands.pop()
        free.pop()
    else:
        _strike_out(masked, tasks.gpus, widest[1])
    _strike_out(masked, tasks.cores, widest[0])
    chosen = _rounds(masked[order], demands, free)
    settled = chosen >= 0
    dc[order[settled]] = by_name[chosen[settled]]
    in_column = np.empty(n, dtype=np.intp)
    in_column[order] = chosen
    return Assignment(dc, in_column == favourite)


def _all_fit(masked: F64, favourite: Index, tasks: TaskTable, room: Room, by_name: Index) -> bool:
    """The usual case: whatever the order, every task gets its favourite, and each of these has room for all of them."""
    d = len(by_name)
    chosen = by_name[favourite]
    for demand, free, widest in (
        (tasks.cores, room.cores, room.widest_cores),
        (tasks.mem_gb, room.mem_gb, None),
        (tasks.gpus, room.gpus, room.widest_gpus),
    ):
        if not demand.any():
            continue
        if (np.bincount(chosen, weights=demand, minlength=d) > free + SLACK).any():
            return False
        if widest is not None and (demand > widest[chosen] + SLACK).any():
            return False
    return bool(np.isfinite(masked[np.arange(len(masked)), favourite]).all())


def _one(cost: F64, tasks: TaskTable, room: Room, feasible: Bool, by_name: Index) -> Assignment:
    """A batch of one needs no running sums."""
    cores, gpus, mem_gb = tasks.cores[0] - SLACK, tasks.gpus[0] - SLACK, tasks.mem_gb[0] - SLACK
    fits = feasible & (cores <= np.minimum(room.cores, room.widest_cores)) & (mem_gb <= room.mem_gb)
    if gpus > 0:
        fits = fits & (gpus <= np.minimum(room.gpus, room.widest_gpus))
    masked = np.where(feasible, cost, np.inf)[by_name]
    favourite = masked.argmin()
    masked[~fits[by_name]] = np.inf
    chosen = masked.argmin()
    found = bool(np.isfinite(masked[chosen]))
    dc = np.array([by_name[chosen] if found else -1], dtype=np.int32)
    return Assignment(dc, np.array([found and chosen == favourite]))


def _strike_out(masked: F64, demand: F64, free: F64) -> None:
    if demand.max() > free.min():
        masked[demand[:, None] > free] = np.inf


def _rounds(masked: F64, demands: list[F64], free: list[F64]) -> Index:
    """The rounds described above, for rows in task order; ``masked`` and ``free`` are used up."""
    n = len(masked)
    chosen = np.full(n, -1, dtype=np.intp)
    left = np.arange(n)
    for demand, available in zip(demands, free, strict=True):
        _strike_out(masked, demand, available)
    pick = masked.argmin(axis=1)
    while True:
        possible = np.isfinite(masked[left, pick[left]])
        if not possible.all():
            left = left[possible]
        if len(left) == 0:
            return chosen
        at = pick[left]
        # each one alone fits, so the first is always settled: no rounding error can stall the loop
        stop = max(1, _first_overflow(at, [demand[left] for demand in demands], free))
        settled, columns = left[:stop], at[:stop]
        chosen[settled] = columns
        for demand, available in zip(demands, free, strict=True):
            available -= np.bincount(columns, weights=demand[settled], minlength=len(available))
        left = left[stop:]
        _choose_again(masked, pick, left, demands, free)


def _choose_again(masked: F64, pick: Index, left: Index, demands: list[F64], free: list[F64]) -> None:
    at = pick[left]
    stuck = np.zeros(len(left), dtype=bool)
    for demand, available in zip(demands, free, strict=True):
        stuck |= demand[left] > available[at]
    rows = left[stuck]
    if len(rows) == 0:
        return
    costs = masked[rows]
    for demand, available in zip(demands, free, strict=True):
        costs[demand[rows][:, None] > available] = np.inf
    masked[rows] = costs
    pick[rows] = costs.argmin(axis=1)


def _first_overflow(at: Index, demands: list[F64], free: list[F64]) -> int:
    """How many tasks, from the front, can all be taken by the datacenters they point at."""
    d = len(free[0])
    totals = [np.bincount(at, weights=demand, minlength=d) for demand in demands]
    if all(bool((total <= available).all()) for total, available in zip(totals, free, strict=True)):
        return len(at)
    groups = np.argsort(at.astype(np.int16), kind="stable")
    column = at[groups]
    starts = np.searchsorted(column, np.arange(d))
    stop = len(at)
    for demand, available in zip(demands, free, strict=True):
        running = np.cumsum(demand[groups])
        before = np.concatenate(([0.0], running))[starts][column]
        over = running - before > available[column]
        if over.any():
            stop = min(stop, int(groups[over].min()))
    return stop
