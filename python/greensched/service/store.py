"""What the mind remembers of live tasks: growable columns whose rows are used again when a task has ended."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greensched.core.delta import StateChanges, no_tasks
from greensched.core.errors import PolicyError
from greensched.core.types import I64, TaskState, TaskTable

_UNKNOWN, _ENDED = -1, -2
_TEXT = ("name", "labels", "user")
_NUMERIC = tuple(f.name for f in dataclasses.fields(TaskTable) if f.name not in _TEXT)
_START_ROWS = 1024
_TERMINAL = (int(TaskState.FINISHED), int(TaskState.FAILED), int(TaskState.REJECTED))


class TaskStore:
    """Tasks by id. Ids are dense (row numbers of the run folder), so the index is an array, not a dictionary."""

    def __init__(self) -> None:
        template = no_tasks()
        self._columns = {name: np.zeros(_START_ROWS, dtype=getattr(template, name).dtype) for name in _NUMERIC}
        self._columns["state"] = np.zeros(_START_ROWS, dtype=np.int32)
        self._text: dict[str, list[str]] = {name: [""] * _START_ROWS for name in _TEXT}
        self._row_of = np.full(_START_ROWS, _UNKNOWN, dtype=np.int32)
        self._free = list(range(_START_ROWS - 1, -1, -1))

    def __len__(self) -> int:
        return len(self._columns["task"]) - len(self._free)

    def add(self, tasks: TaskTable) -> TaskTable:
        """Remember new tasks; returns those that were really new (a resend repeats rows)."""
        if len(tasks) == 0:
            return tasks
        self._cover(int(tasks.task.max()))
        new = self._row_of[tasks.task] == _UNKNOWN
        if not new.all():
            tasks = tasks.take(np.flatnonzero(new))
        rows = self._claim(len(tasks))
        for name in _NUMERIC:
            self._columns[name][rows] = getattr(tasks, name)
        self._columns["state"][rows] = TaskState.PENDING
        self._row_of[tasks.task] = rows
        for name in _TEXT:
            column = self._text[name]
            for row, value in zip(rows.tolist(), getattr(tasks, name), strict=True):
                column[row] = value
        return tasks

    def apply(self, changes: StateChanges) -> None:
        """Follow state changes, in order; tasks that have ended are forgotten."""
        if len(changes) == 0:
            return
        self._cover(int(changes.task.max()))
        rows = self._row_of[changes.task]
        known = rows >= 0
        self._columns["state"][rows[known]] = changes.state[known]  # of repeated rows the last one counts
        self.forget(changes.task[np.isin(changes.state, _TERMINAL)])

    def forget(self, ended: I64) -> None:
        """Give back the rows of tasks that ended; they can never come again."""
        if len(ended) == 0:
            return
        self._cover(int(ended.max()))
        ended = np.unique(ended)
        rows = self._row_of[ended]
        self._row_of[ended] = _ENDED
        rows = rows[rows >= 0]
        for name in _TEXT:
            column = self._text[name]
            for row in rows.tolist():
                column[row] = ""
        self._free.extend(rows.tolist())

    def take(self, ids: I64) -> TaskTable:
        """Descriptors of live tasks.

        Raises:
            PolicyError: a task that the mind was never told about, or that has ended.
        """
        if len(ids) == 0:
            return no_tasks()
        self._cover(int(ids.max()))
        rows = self._row_of[ids]
        if (rows < 0).any():
            lost = ids[rows < 0]
            raise PolicyError(f"asked about task {lost[0]} ({len(lost)} in all), which the mind was not told about")
        numeric = {name: self._columns[name][rows] for name in _NUMERIC}
        index = rows.tolist()
        columns: dict[str, Any] = dict(numeric)
        columns |= {name: [text[i] for i in index] for name, text in self._text.items()}
        return TaskTable(**columns)

    def counts(self) -> NDArray[np.int64]:
        """Live tasks per :class:`TaskState` code."""
        rows = self._row_of[self._row_of >= 0]
        return np.bincount(self._columns["state"][rows], minlength=len(TaskState))

    def _cover(self, task: int) -> None:
        if task < len(self._row_of):
            return
        grown = np.full(max(task + 1, 2 * len(self._row_of)), _UNKNOWN, dtype=np.int32)
        grown[: len(self._row_of)] = self._row_of
        self._row_of = grown

    def _claim(self, n: int) -> NDArray[np.intp]:
        rows = len(self._columns["task"])
        if len(self._free) < n:
            more = max(rows, n)
            for name, column in self._columns.items():
                self._columns[name] = np.concatenate([column, np.zeros(more, dtype=column.dtype)])
            for text in self._text.values():
                text.extend([""] * more)
            self._free = list(range(rows + more - 1, rows - 1, -1)) + self._free
        claimed = self._free[-n:] if n else []
        del self._free[len(self._free) - n :]
        return np.array(claimed, dtype=np.intp)
