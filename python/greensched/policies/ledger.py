"""What will be free later: placed tasks end when it was predicted, and tasks that wait for a start have it reserved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from greensched.core.types import F64, I64, DatacenterState, Predictions, TaskTable
from greensched.optimizers.greedy import Room
from greensched.optimizers.problem import RESOURCES, Index
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

    def slot(self, t_s: F64, rounded: np.ufunc) -> Index:
        """The slot of instants: with ``np.floor`` the one that they lie in, with ``np.ceil`` the first one after."""
        slot: Index = np.clip(rounded((t_s - self.now_s) / self.step_s - 1e-9), 0, self.slots).astype(np.intp)
        return slot


def demand_of(tasks: TaskTable) -> F64:
    """What each task takes, (tasks, resources), as in ``problem.RESOURCES``."""
    return np.stack([getattr(tasks, name) for name in RESOURCES], axis=1)


_ENTRY = np.dtype(
    [
        ("task", np.int64),
        ("dc", np.intp),
        ("demand", np.float64, (len(RESOURCES),)),
        ("start_s", np.float64),
        ("end_s", np.float64),
        ("held", np.bool_),  # it is placed; else a start is reserved for it
    ]
)


class Ledger:
    """Placements and reservations by task."""

    def __init__(self) -> None:
        self._entries: NDArray[np.void] = np.zeros(0, dtype=_ENTRY)

    def forget(self, tasks: I64) -> None:
        """These have ended, or are asked about again."""
        if len(tasks) and len(self._entries):
            self._entries = self._entries[~np.isin(self._entries["task"], tasks)]

    def enter(self, tasks: TaskTable, dc: np.ndarray, start_s: F64, end_s: F64, held: np.ndarray) -> None:
        """File what has been decided about tasks that are not filed yet; rows with ``dc`` below 0 are left out."""
        rows = np.flatnonzero(dc >= 0)
        new = np.zeros(len(rows), dtype=_ENTRY)
        new["task"], new["dc"], new["demand"] = tasks.task[rows], dc[rows], demand_of(tasks)[rows]
        new["start_s"], new["end_s"], new["held"] = start_s[rows], end_s[rows], held[rows]
        self._entries = np.concatenate([self._entries, new])

    def capacity(self, state: DatacenterState, facts: Facts, grid: Grid) -> F64:
        """What is free in every slot, (datacenters, slots, resources), at least 0.

        Now it is what the state says. A placed task gives back what it took in the first slot after its predicted end;
        one that is overdue, after as long again as it is overdue. A reservation takes what it needs in every slot that
        it touches.
        """
        now = self._now(state, facts)[:, None, :]
        if grid.slots == 1:
            return self._usable(now, state)
        dc, after, held = self._entries["dc"], self._after(grid), self._entries["held"]
        first = grid.slot(self._entries["start_s"], np.floor)
        signed = np.where(held, 1.0, -1.0)[:, None] * self._entries["demand"]
        change = np.zeros((len(now), grid.slots + 1, len(RESOURCES)))
        np.add.at(change, (dc, np.where(held, np.maximum(after, 1), first)), signed)
        ends = np.where(held, grid.slots, np.maximum(after, np.minimum(first + 1, grid.slots)))
        np.subtract.at(change, (dc, ends), signed)
        free = now + change.cumsum(axis=1)[:, :-1]
        up = np.maximum(facts.capacity_cores - state.failed_cores, 0.0)
        most = np.stack([up, facts.capacity_gpus, facts.capacity_mem_gb], axis=1)[:, None, :]
        return self._usable(np.clip(free, 0.0, np.maximum(most, now)), state)

    def widest(self, state: DatacenterState, grid: Grid) -> F64:
        """Cores and GPUs that a single host surely has free by every slot, (datacenters, slots, 2).

        Those of the emptiest now, or of the largest task that has ended by then: what many small ones give back may
        lie on many hosts.
        """
        widest = np.zeros((len(state.max_free_cores), grid.slots + 1, 2))
        widest[:, 0] = np.stack([state.max_free_cores, state.max_free_gpus], axis=1)
        held = self._entries["held"]
        after = np.maximum(self._after(grid), 1)[held]
        np.maximum.at(widest, (self._entries["dc"][held], after), self._entries["demand"][held, :2])
        most: F64 = np.maximum.accumulate(widest, axis=1)[:, :-1]
        return most

    def _after(self, grid: Grid) -> Index:
        """The first slot after each entry's end: as predicted, or after as long again as it is overdue."""
        end_s = self._entries["end_s"]
        return grid.slot(np.where(end_s > grid.now_s, end_s, 2.0 * grid.now_s - end_s), np.ceil)

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


def held_s(predictions: Predictions, staging: F64) -> Predictions:
    """Predictions for who has room at once: the wait is that of the data alone, since the plan knows its own queues."""
    run_s = predictions.service_time_s - predictions.wait_s
    wait_s = np.where(np.isnan(run_s), np.nan, staging)
    told = {level: (kwh, s - predictions.wait_s + wait_s) for level, (kwh, s) in predictions.quantiles.items()}
    return Predictions(predictions.energy_kwh, wait_s + run_s, wait_s, told)
