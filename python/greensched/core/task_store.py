"""What the mind remembers of live tasks: growable columns whose rows are used again when a task has ended."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greensched.core.delta import no_tasks
from greensched.core.errors import PolicyError
from greensched.core.types import I64, TaskTable

_UNKNOWN, _ENDED = -1, -2
_TEXT = ("name", "labels", "user", "description")
_NUMERIC = tuple(f.name for f in dataclasses.fields(TaskTable) if f.name not in _TEXT)
_START_ROWS = 1024
_MOST_ASIDE = 65_536  # tasks


class TaskStore:
    """Tasks by id. Ids are dense (row numbers of the run folder), so the index is an array, not a dictionary.

    Most tasks are decided at once and never asked about again, so new tables are only put aside; the rows of those that
    are still alive are filed when somebody asks, or when too much has been put aside. Texts stay in the table that
    brought them.
    """

    def __init__(self) -> None:
        template = no_tasks()
        self._columns: dict[str, NDArray[Any]] = {
            name: np.zeros(_START_ROWS, dtype=getattr(template, name).dtype) for name in _NUMERIC
        }
        self._columns["source"] = np.full(_START_ROWS, None, dtype=object)  # the TaskTable that brought the task
        self._columns["source_row"] = np.zeros(_START_ROWS, dtype=np.int64)
        self._row_of = np.full(_START_ROWS, _UNKNOWN, dtype=np.int32)
        self._free = np.arange(_START_ROWS)[::-1].copy()  # a stack
        self._n_free = _START_ROWS
        self._aside: list[TaskTable] = []
        self._n_aside = 0

    def __len__(self) -> int:
        self._file()
        return len(self._free) - self._n_free

    def add(self, tasks: TaskTable) -> None:
        """Remember new tasks; known and ended ones (a resend repeats rows) stay as they are."""
        if len(tasks) == 0:
            return
        self._aside.append(tasks)
        self._n_aside += len(tasks)
        if self._n_aside > _MOST_ASIDE:
            self._file()

    def _file(self) -> None:
        for tasks in self._aside:
            self._file_one(tasks)
        self._aside, self._n_aside = [], 0

    def _file_one(self, tasks: TaskTable) -> None:
        self._cover(int(tasks.task.max()))
        new = self._row_of[tasks.task] == _UNKNOWN
        index = np.arange(len(tasks)) if new.all() else np.flatnonzero(new)
        rows = self._claim(len(index))
        for name in _NUMERIC:
            self._columns[name][rows] = getattr(tasks, name)[index]
        self._columns["source"][rows] = tasks
        self._columns["source_row"][rows] = index
        self._row_of[tasks.task[index]] = rows

    def forget(self, ended: I64) -> NDArray[np.bool_]:
        """Give back the rows of tasks that ended; they can never come again.

        Returns:
            Which of ``ended`` had not ended before.
        """
        self._cover(int(ended.max(initial=0)))
        before = self._row_of[ended]
        self._row_of[ended] = _ENDED
        filed = before >= 0
        if filed.any():
            rows = np.unique(before[filed])
            self._columns["source"][rows] = None
            self._free[self._n_free : self._n_free + len(rows)] = rows
            self._n_free += len(rows)
        fresh: NDArray[np.bool_] = before != _ENDED
        return fresh

    def take(self, ids: I64) -> TaskTable:
        """Descriptors of live tasks.

        Raises:
            PolicyError: a task that the mind was never told about, or that has ended.
        """
        if len(ids) == 0:
            return no_tasks()
        self._file()
        self._cover(int(ids.max()))
        rows = self._row_of[ids]
        if (rows < 0).any():
            lost = ids[rows < 0]
            raise PolicyError(f"asked about task {lost[0]} ({len(lost)} in all), which the mind was not told about")
        columns: dict[str, Any] = {name: self._columns[name][rows] for name in _NUMERIC}
        where = list(zip(self._columns["source"][rows], self._columns["source_row"][rows].tolist(), strict=True))
        columns |= {name: [getattr(table, name)[i] for table, i in where] for name in _TEXT}
        return TaskTable(**columns)

    def _cover(self, task: int) -> None:
        if task < len(self._row_of):
            return
        grown = np.full(max(task + 1, 2 * len(self._row_of)), _UNKNOWN, dtype=np.int32)
        grown[: len(self._row_of)] = self._row_of
        self._row_of = grown

    def _claim(self, n: int) -> NDArray[np.intp]:
        if self._n_free < n:
            self._grow(max(len(self._free), n))
        self._n_free -= n
        return self._free[self._n_free : self._n_free + n].copy()

    def _grow(self, more: int) -> None:
        rows = len(self._free)
        for name, column in self._columns.items():
            fill = np.full(more, None, dtype=object) if name == "source" else np.zeros(more, dtype=column.dtype)
            self._columns[name] = np.concatenate([column, fill])
        stack = np.empty(rows + more, dtype=np.intp)
        stack[:more] = np.arange(rows + more - 1, rows - 1, -1)
        stack[more : more + self._n_free] = self._free[: self._n_free]
        self._free = stack
        self._n_free += more
