"""What will be free later: placed tasks end when it was predicted, and tasks that wait for a start have it reserved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from greensched.core.types import F64, I64, DatacenterState, Predictions, TaskTable
from greensched.optimizers.greedy import Room
from greensched.optimizers.problem import RESOURCES
from greensched.predictors.facts import Facts


@dataclass(frozen=True)
class Grid:
    """Slots of a plan: slot ``k`` begins at ``now_s + k * step_s``."""

    now_s: float
    step_s: float
    starts: int
    slots: int

    @property
    def begin_s(self) -> F64:
        """Where each slot begins."""
        begin_s: F64 = self.now_s + self.step_s * np.arange(self.slots, dtype=np.float64)
        return begin_s


@dataclass(frozen=True)
class Entry:
    """What a task takes, (resources,), at a datacenter from ``start_s`` to ``end_s``; ``held`` if it is placed."""

    dc: int
    demand: F64
    start_s: float
    end_s: float
    held: bool

    def expected_end_s(self, now_s: float) -> float:
        """When it will end: as predicted, or after as long again as it is overdue."""
        return self.end_s if self.end_s > now_s else 2.0 * now_s - self.end_s


def demand_of(tasks: TaskTable) -> F64:
    """What each task takes, (tasks, resources), as in ``problem.RESOURCES``."""
    return np.stack([getattr(tasks, name) for name in RESOURCES], axis=1)


class Ledger:
    """Placements and reservations by task."""

    def __init__(self) -> None:
        self._entries: dict[int, Entry] = {}

    def forget(self, tasks: I64) -> None:
        """These have ended, or are asked about again."""
        for task in tasks.tolist():
            self._entries.pop(task, None)

    def enter(self, tasks: TaskTable, dc: np.ndarray, start_s: F64, end_s: F64, held: np.ndarray) -> None:
        """File what has been decided; rows with ``dc`` below 0 are left out."""
        demand = demand_of(tasks)
        for row in np.flatnonzero(dc >= 0).tolist():
            self._entries[int(tasks.task[row])] = Entry(
                int(dc[row]), demand[row], float(start_s[row]), float(end_s[row]), bool(held[row])
            )

    def capacity(self, state: DatacenterState, facts: Facts, grid: Grid) -> F64:
        """What is free in every slot, (datacenters, slots, resources), at least 0.

        Now it is what the state says. A placed task gives back what it took in the first slot after its predicted end;
        one that is overdue, after as long again as it is overdue. A reservation takes what it needs in every slot that
        it touches.
        """
        if grid.slots == 1:
            return self._usable(self._now(state, facts)[:, None, :], state)
        now = self._now(state, facts)
        free = np.repeat(now[:, None, :], grid.slots, axis=1)
        for entry in self._entries.values():
            first = _slot(entry.start_s, grid, np.floor)
            last = _slot(entry.expected_end_s(grid.now_s), grid, np.ceil)
            if entry.held:
                free[entry.dc, max(last, 1) :] += entry.demand
            else:
                free[entry.dc, first : max(last, first + 1)] -= entry.demand
        up = np.maximum(facts.capacity_cores - state.failed_cores, 0.0)
        most = np.stack([up, facts.capacity_gpus, facts.capacity_mem_gb], axis=1)[:, None, :]
        return self._usable(np.clip(free, 0.0, np.maximum(most, now[:, None, :])), state)

    def widest_cores(self, state: DatacenterState, grid: Grid) -> F64:
        """Cores that a single host surely has free by every slot, (datacenters, slots).

        Those of the emptiest now, or of the largest task that has ended by then: what many small ones give back may
        lie on many hosts.
        """
        widest = np.repeat(state.max_free_cores[:, None], grid.slots, axis=1)
        for entry in self._entries.values():
            if entry.held:
                after = max(_slot(entry.expected_end_s(grid.now_s), grid, np.ceil), 1)
                widest[entry.dc, after:] = np.maximum(widest[entry.dc, after:], entry.demand[0])
        return widest

    @staticmethod
    def _now(state: DatacenterState, facts: Facts) -> F64:
        room = Room.now(state, facts)
        return np.stack([getattr(room, name) for name in RESOURCES], axis=1)

    @staticmethod
    def _usable(capacity: F64, state: DatacenterState) -> F64:
        """Nothing where there is no power, and where it is not known."""
        known: F64 = np.nan_to_num(capacity, nan=0.0)
        known[state.down != 0] = 0.0
        return known


def _slot(t_s: float, grid: Grid, rounded: np.ufunc) -> int:
    return int(np.clip(rounded((t_s - grid.now_s) / grid.step_s - 1e-9), 0, grid.slots))


def held_s(predictions: Predictions, staging: F64) -> Predictions:
    """Predictions for who has room at once: the wait is that of the data alone, since the plan knows its own queues."""
    run_s = predictions.service_time_s - predictions.wait_s
    wait_s = np.where(np.isnan(run_s), np.nan, staging)
    return Predictions(predictions.energy_kwh, wait_s + run_s, wait_s)
