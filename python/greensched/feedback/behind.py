"""Writing what need not be written before an answer: it follows in bulk, in a thread of its own.

Decisions are committed before they are answered. What they were based on (descriptors of tasks, states of datacenters)
and execution reports come from the world and are in the run folder anyway, so they follow a moment later: a killed
process can lose the last few thousand of these rows, never a decision. Everything is written in the order in which it came.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from greensched.core.errors import FeedbackLogError
from greensched.core.types import DatacenterState, Reports, TaskTable
from greensched.feedback.log import FeedbackLog

HAND_OVER_ROWS = 4096  # fewer wait in memory for more: a writing thread competes with answers for the interpreter
CHUNK_ROWS = 256  # per transaction, so that an answer never waits long for its turn
BACKLOG = 4  # hand-overs; a writer that falls further behind slows the mind down instead of filling memory

_Noted = tuple[int, TaskTable, Reports, DatacenterState | None]


class WriteBehind:
    """The follower of one log. ``note`` is called after every answer, ``close`` at the end."""

    def __init__(self, log: FeedbackLog) -> None:
        self._log = log
        self._noted: list[_Noted] = []
        self._rows = 0
        self._queue: queue.Queue[list[_Noted] | None] = queue.Queue(BACKLOG)
        self._failure: Exception | None = None
        self._thread: threading.Thread | None = None

    def note(self, seq: int, tasks: TaskTable, reports: Reports, state: DatacenterState | None) -> None:
        """Take what belongs to answer ``seq``; the arguments must not change afterwards.

        Raises:
            FeedbackLogError: something that was noted earlier could not be written.
        """
        self._raise_failure()
        self._noted.append((seq, tasks, reports, state))
        self._rows += len(tasks) + len(reports) + (0 if state is None else len(state.free_cores))
        if self._rows >= HAND_OVER_ROWS:
            self._hand_over()

    def close(self) -> None:
        """Write everything that is left.

        Raises:
            FeedbackLogError: something could not be written.
        """
        if self._noted:
            self._hand_over()
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None
        self._raise_failure()

    def _hand_over(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._follow, name="feedback-log", daemon=True)
            self._thread.start()
        self._queue.put(self._noted)
        self._noted, self._rows = [], 0

    def _follow(self) -> None:
        while (noted := self._queue.get()) is not None:
            if self._failure is not None:
                continue  # keep taking, so that the mind is not blocked before it is told
            try:
                self._write(self._pieces(noted))
            except Exception as error:  # told to the mind at its next answer
                self._failure = error

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

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise FeedbackLogError(f"{self._log.path}: could not be written: {self._failure}") from self._failure


def _parts(table: Any) -> Iterator[Any]:
    """``table`` in pieces of at most :data:`CHUNK_ROWS` rows."""
    if len(table) <= CHUNK_ROWS:
        if len(table):
            yield table
        return
    columns = {name: values if hasattr(values, "dtype") else list(values) for name, values in vars(table).items()}
    for at in range(0, len(table), CHUNK_ROWS):
        yield type(table)(**{name: values[at : at + CHUNK_ROWS] for name, values in columns.items()})
