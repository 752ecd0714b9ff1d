"""Reading a feedback log back: what was known, what was chosen, what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from greensched.core.delta import Delta
from greensched.core.errors import FeedbackLogError
from greensched.core.task_store import TaskStore
from greensched.core.types import F64, I32, AdvisoryBook, ForecastBook, Observation, TaskState, TaskTable, World
from greensched.feedback.log import FeedbackLog
from greensched.feedback.worlds import world_from_json

_SQL = f"""
    SELECT seq, task, dc, finish_s - start_s, dynamic_kwh FROM outcome
    WHERE action = 0 AND state = {int(TaskState.FINISHED)} AND refused IS NULL
    AND attempts = 1 ORDER BY decision_id
"""  # noqa: S608 - our own names


@dataclass(frozen=True)
class Lesson:
    """The finished placements of one answer: the observation, and per task where it ran and what that took."""

    observation: Observation
    dc: I32
    run_s: F64
    dynamic_kwh: F64


def read_world(log: FeedbackLog) -> World:
    """The static part of the run that the log belongs to.

    Raises:
        FeedbackLogError: the log does not hold it.
    """
    stored = log.meta().get("world")
    if not isinstance(stored, dict):
        raise FeedbackLogError(f"{log.path}: holds no description of the world; it cannot be learned from")
    return world_from_json(stored)


class Mirror:
    """What the mind knew at each answer, rebuilt from what it was told since the start."""

    def __init__(self) -> None:
        self._tasks = TaskStore()
        self._forecasts = ForecastBook()
        self._advisories = AdvisoryBook()

    def apply(self, delta: Delta) -> None:
        """Take in what came with a question."""
        self._tasks.add(delta.new_tasks)
        for issue in delta.issues:
            self._forecasts.add(issue)
        self._advisories.add(delta.advisories)
        if len(delta.reports):
            self._tasks.forget(delta.reports.task)

    def observation(self, delta: Delta, world: World, tasks: TaskTable) -> Observation:
        """The observation that the policy had; of the tasks that it was asked about only ``tasks``."""
        book = ForecastBook(dict(self._forecasts.newest))
        told = self._advisories.issued
        return Observation(delta.seq, delta.t_s, world, tasks, delta.state, book, advisories=told)

    def take(self, task: np.ndarray[tuple[int], np.dtype[np.int64]]) -> TaskTable:
        """Descriptors of live tasks."""
        return self._tasks.take(task)


def lessons(path: Path) -> Iterator[Lesson]:
    """Every answer of the log that has finished placements, in order of time.

    Forecasts are those that the policy had asked for.

    Raises:
        FeedbackLogError: the log cannot be read.
    """
    log = FeedbackLog.open(path)
    try:
        world, mirror = read_world(log), Mirror()
        outcome = np.array(log.query(_SQL), dtype=np.float64).reshape(-1, 5)
        first_of = dict(zip(*np.unique(outcome[:, 0], return_index=True), strict=True))
        ends = dict(zip(first_of, [*list(first_of.values())[1:], len(outcome)], strict=True))
        for delta in log.deltas():
            mirror.apply(delta)
            if delta.seq not in first_of:
                continue
            rows = outcome[first_of[delta.seq] : ends[delta.seq]]
            seen = mirror.observation(delta, world, mirror.take(rows[:, 1].astype(np.int64)))
            yield Lesson(seen, rows[:, 2].astype(np.int32), rows[:, 3], rows[:, 4])
    finally:
        log.close()
