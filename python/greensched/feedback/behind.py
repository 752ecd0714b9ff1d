"""Writing what need not be written before an answer: it follows in bulk.

Decisions are committed before they are answered. What they were based on (descriptors of tasks, states of datacenters)
and execution reports come from the world and are in the run folder anyway, so they wait in memory until there are many
of them: a killed process can lose the last few thousand of these rows, never a decision. Everything is written in the
order in which it came. No thread does this: it would compete with the answers for the interpreter.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from greensched.core.errors import FeedbackLogError
from greensched.core.types import DatacenterState, Reports, TaskTable
from greensched.feedback.log import FeedbackLog

WAITING_ROWS = 16_384  # as many wait in memory; writing them takes some 30 ms of one answer
CHUNK_ROWS = 4096  # per transaction

_Noted = tuple[int, TaskTable, Reports, DatacenterState | None]


class WriteBehind:
    """The follower of one log. ``note`` is called after every answer, ``close`` at the end."""

    def __init__(self, log: FeedbackLog) -> None:
        self._log = log
        self._noted: list[_Noted] = []
        self._rows = 0

    def note(self, seq: int, tasks: TaskTable, reports: Reports, state: DatacenterState | None) -> None:
        """Take what belongs to answer ``seq``; the arguments must not change afterwards.

        Raises:
            FeedbackLogError: what was noted could not be written.
        """
        self._noted.append((seq, tasks, reports, state))
        self._rows += len(tasks) + len(reports) + (0 if state is None else len(state.free_cores))
        if self._rows >= WAITING_ROWS:
            self.close()

    def close(self) -> None:
        """Write everything that is left.

        Raises:
            FeedbackLogError: something could not be written.
        """
        noted, self._noted, self._rows = self._noted, [], 0
        try:
            self._write(self._pieces(noted))
        except sqlite3.Error as error:
            raise FeedbackLogError(f"{self._log.path}: could not be written: {error}") from error

    def _write(self, pieces: Iterator[tuple[int, Callable[[], None]]]) -> None:
        more = True
        while more:
            with self._log.transaction():
                rows, more = 0, False
                for size, write in pieces:
                    write()
                    rows += size
                    if rows >= CHUNK_ROWS:
                        more = True
                        break

    def _pieces(self, noted: list[_Noted]) -> Iterator[tuple[int, Callable[[], None]]]:
        log = self._log
        for seq, tasks, reports, state in noted:
            for task_part in _parts(tasks):
                yield len(task_part), partial(log.add_tasks, task_part)
            if state is not None:
                yield len(state.free_cores), partial(log.add_state, seq, state)
            for report_part in _parts(reports):
                yield len(report_part), partial(log.add_reports, report_part)


def _parts(table: Any) -> Iterator[Any]:
    """``table`` in pieces of at most :data:`CHUNK_ROWS` rows."""
    if len(table) <= CHUNK_ROWS:
        if len(table):
            yield table
        return
    columns = {name: values if hasattr(values, "dtype") else list(values) for name, values in vars(table).items()}
    for at in range(0, len(table), CHUNK_ROWS):
        yield type(table)(**{name: values[at : at + CHUNK_ROWS] for name, values in columns.items()})
