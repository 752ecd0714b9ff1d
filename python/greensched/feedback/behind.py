"""What need not be written before an answer: the question with all that came with it, and the rows of reports.

They follow in bulk while the world is busy. Between two questions the mind has nothing to do: whoever asks it calls
:meth:`WriteBehind.catch_up` then, which stops as soon as the next question is there. No thread does this: it would
compete with the answers for the interpreter. A killed process can lose the last few questions, never a decision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from greensched.core.delta import Delta
from greensched.core.errors import FeedbackLogError
from greensched.feedback.log import FeedbackLog

# in rows of reports; a question counts as one per 256 bytes
MOST_WAITING = 16_384  # stays in memory; beyond that an answer waits for all of it
WORTH_WRITING = 256  # less is not worth a transaction while more may come
BATCH = 512  # is turned into Python values at once, before a question can be noticed


class WriteBehind:
    """The follower of one log: ``note`` after every answer, ``catch_up`` when there is time, ``close`` at the end."""

    def __init__(self, log: FeedbackLog) -> None:
        self._log = log
        self._noted: list[Delta] = []
        self._steps: Iterator[int] = iter(())  # of the batch that is being written
        self._waiting = 0
        self._failure: Exception | None = None

    def note(self, delta: Delta) -> None:
        """Take what came with a question; it must not change afterwards.

        Raises:
            FeedbackLogError: what was noted before could not be written.
        """
        self._noted.append(delta)
        self._waiting += _size(delta)
        if self._waiting >= MOST_WAITING or self._failure is not None:
            self.close()

    def catch_up(self, asked: Callable[[], bool]) -> None:
        """Write what waits until nothing is left or ``asked`` says that a question is there.

        A failure is told to the next caller of :meth:`note` or :meth:`close`: here nobody waits for an answer.
        """
        if self._waiting >= WORTH_WRITING and self._failure is None:
            self._write(asked)

    def close(self) -> None:
        """Write everything that is left.

        Raises:
            FeedbackLogError: something could not be written, now or before.
        """
        if self._waiting and self._failure is None:
            self._write(lambda: False)
        if self._failure is not None:
            raise FeedbackLogError(f"{self._log.path}: could not be written: {self._failure}") from self._failure

    def _write(self, asked: Callable[[], bool]) -> None:
        try:
            with self._log.transaction():
                while self._waiting and not asked():
                    done = next(self._steps, 0)
                    if done == 0:
                        self._steps = self._next_batch()
                    self._waiting -= done
        except Exception as error:  # whatever it is, the next answer tells it
            self._failure = error

    def _next_batch(self) -> Iterator[int]:
        size, n = 0, 0
        while n < len(self._noted) and size < BATCH:
            size += _size(self._noted[n])
            n += 1
        batch, self._noted = self._noted[:n], self._noted[n:]
        for delta in batch:
            self._log.add_question(delta)
            yield _size(delta) - len(delta.reports)
        yield from self._log.report_steps([delta.reports for delta in batch if len(delta.reports)])


def _size(delta: Delta) -> int:
    return 1 + len(delta.message) // 256 + len(delta.reports)
