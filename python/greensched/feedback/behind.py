"""Writing what need not be written before an answer: descriptors and reports follow it, in a thread of their own.

Decisions are committed before they are answered. Descriptors of tasks and execution reports come from the world and
are in the run folder anyway, so they may follow a moment later: a killed process can lose those of its last few
answers, never a decision. Everything is written in the order in which it came. Few rows are written at once, the
hand-over would cost more.
"""

from __future__ import annotations

import queue
import threading

import numpy as np

from greensched.core.errors import FeedbackLogError
from greensched.core.types import Reports, TaskTable
from greensched.feedback.log import FeedbackLog

AT_ONCE = 128  # rows; below this they go into the answer's own transaction
CHUNK_ROWS = 256  # per transaction, so that an answer never waits long for the lock
BACKLOG = 4  # answers; a writer that falls further behind slows the mind down instead of filling memory


class WriteBehind:
    """The follower of one log. ``submit`` is called inside the answer's transaction, ``close`` at the end."""

    def __init__(self, log: FeedbackLog) -> None:
        self._log = log
        self._queue: queue.Queue[tuple[TaskTable, Reports] | None] = queue.Queue()
        self._room = threading.Semaphore(BACKLOG)
        self._failure: BaseException | None = None
        self._thread: threading.Thread | None = None

    def wait_for_room(self) -> None:
        """Called before an answer's transaction: waits while the backlog is full.

        Raises:
            FeedbackLogError: something could not be written.
        """
        self._raise_failure()
        self._room.acquire()

    def submit(self, tasks: TaskTable, reports: Reports) -> None:
        """Write now if it is little and nothing is waiting, else soon."""
        if len(tasks) + len(reports) <= AT_ONCE and self._queue.unfinished_tasks == 0:
            self._log.add_tasks(tasks)
            self._log.add_reports(reports)
            self._room.release()
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._follow, name="feedback-log", daemon=True)
            self._thread.start()
        self._queue.put((tasks, reports))

    def give_up(self) -> None:
        """The answer's transaction failed before ``submit``."""
        self._room.release()

    def close(self) -> None:
        """Write everything that is waiting.

        Raises:
            FeedbackLogError: something could not be written.
        """
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None
        self._raise_failure()

    def _follow(self) -> None:
        while (item := self._queue.get()) is not None:
            try:
                if self._failure is None:
                    self._write(*item)
            except Exception as error:  # told to the mind at its next answer
                self._failure = error
            self._room.release()
            self._queue.task_done()

    def _write(self, tasks: TaskTable, reports: Reports) -> None:
        for at in range(0, len(tasks), CHUNK_ROWS):
            part = tasks.take(np.arange(at, min(at + CHUNK_ROWS, len(tasks))))
            with self._log.transaction():
                self._log.add_tasks(part)
        for at in range(0, len(reports), CHUNK_ROWS):
            rows = slice(at, at + CHUNK_ROWS)
            chunk = Reports(**{name: column[rows] for name, column in vars(reports).items()})
            with self._log.transaction():
                self._log.add_reports(chunk)

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise FeedbackLogError(f"{self._log.path}: could not be written: {self._failure}") from self._failure
