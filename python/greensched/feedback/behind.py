"""Writing what need not be written before an answer: it follows in bulk, while the world is busy.

Decisions are committed before they are answered. What they were based on (descriptors of tasks, states of datacenters)
and execution reports come from the world and are in the run folder anyway, so they wait in memory: a killed process can
lose the last few thousand of these rows, never a decision. Between two questions the mind has nothing to do, so whoever
asks it calls :meth:`WriteBehind.catch_up` then, which stops as soon as the next question is there. No thread does
this: it would compete with the answers for the interpreter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from greensched.core.errors import FeedbackLogError
from greensched.core.types import DatacenterState, Reports, TaskTable
from greensched.feedback.log import FeedbackLog

WAITING_ROWS = 16_384  # the most that waits in memory; beyond that an answer waits for all of them, some 30 ms
WORTH_ROWS = 256  # fewer are not worth a transaction while more may come
BATCH_ROWS = 512  # are turned into Python values at once, before a question can be noticed: some 0.3 ms

_Noted = tuple[int, TaskTable, Reports, DatacenterState | None]


class WriteBehind:
    """The follower of one log: ``note`` after every answer, ``catch_up`` when there is time, ``close`` at the end."""

    def __init__(self, log: FeedbackLog) -> None:
        self._log = log
        self._noted: list[_Noted] = []
        self._steps: Iterator[int] = iter(())  # of the batch that is being written
        self._rows = 0  # that wait
        self._failure: Exception | None = None

    def note(self, seq: int, tasks: TaskTable, reports: Reports, state: DatacenterState | None) -> None:
        """Take what belongs to answer ``seq``; the arguments must not change afterwards.

        Raises:
            FeedbackLogError: what was noted before could not be written.
        """
        self._noted.append((seq, tasks, reports, state))
        self._rows += _rows(tasks, reports, state)
        if self._rows >= WAITING_ROWS or self._failure is not None:
            self.close()

    def catch_up(self, asked: Callable[[], bool]) -> None:
        """Write what waits until nothing is left or ``asked`` says that a question is there.

        A failure is told to the next caller of :meth:`note` or :meth:`close`: here nobody waits for an answer.
        """
        if self._rows >= WORTH_ROWS and self._failure is None:
            self._write(asked)

    def close(self) -> None:
        """Write everything that is left.

        Raises:
            FeedbackLogError: something could not be written, now or before.
        """
        if self._rows and self._failure is None:
            self._write(lambda: False)
        if self._failure is not None:
            raise FeedbackLogError(f"{self._log.path}: could not be written: {self._failure}") from self._failure

    def _write(self, asked: Callable[[], bool]) -> None:
        try:
            with self._log.transaction():
                while self._rows and not asked():
                    done = next(self._steps, 0)
                    if done == 0:
                        self._steps = self._next_batch()
                    self._rows -= done
        except Exception as error:  # whatever it is, the next answer tells it
            self._failure = error

    def _next_batch(self) -> Iterator[int]:
        rows, n = 0, 0
        while n < len(self._noted) and rows < BATCH_ROWS:
            rows += _rows(*self._noted[n][1:])
            n += 1
        batch, self._noted = self._noted[:n], self._noted[n:]
        log = self._log
        yield from log.task_steps([tasks for _, tasks, _, _ in batch])
        yield from log.state_steps([(seq, state) for seq, _, _, state in batch if state is not None])
        yield from log.report_steps([reports for _, _, reports, _ in batch])


def _rows(tasks: TaskTable, reports: Reports, state: DatacenterState | None) -> int:
    return len(tasks) + len(reports) + (0 if state is None else len(state.free_cores))
