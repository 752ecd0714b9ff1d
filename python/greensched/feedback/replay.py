"""Rebuilding what the mind knew at each answer from what its feedback log has kept."""

from __future__ import annotations

import numpy as np

from greensched.core.delta import Delta
from greensched.core.errors import FeedbackLogError
from greensched.core.task_store import TaskStore
from greensched.core.types import AdvisoryBook, ForecastBook, Observation, TaskTable, World
from greensched.feedback.log import FeedbackLog
from greensched.feedback.worlds import world_from_json


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
