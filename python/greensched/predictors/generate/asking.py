"""Asking many questions of somebody who may be slow, or gone: a few at a time, within a budget, with a circuit breaker.

What is decided here follows from replies in the order of the questions, never from which one came first. So equal
replies have equal consequences, as long as the budget lasts.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from greensched.predictors.generate.backend import Question, Reply

OUT_OF_TIME = "the decision's time (budget_s) was used up"
LEFT_ALONE = "left alone after failures in a row"
GRACE_S = 0.5
"""What comes in time may be counted this much later."""
Ask = Callable[[Question, float], Reply]
"""A question and the seconds that are left -> a reply, never later."""


@dataclass
class Breaker:
    """Leaves somebody alone who fails again and again; counts decisions, because simulated time has no other clock.

    Attributes:
        failures: in a row, after which nothing is asked any more.
        rest: decisions for which that holds; then one question tries again.
        opened: how often it came to that.
    """

    failures: int
    rest: int
    opened: int = 0
    _row: int = 0
    _left: int = 0

    def decision(self) -> bool:
        """A new decision begins; whether anything may be asked in it."""
        if self._left > 0:
            self._left -= 1
            return False
        return True

    @property
    def trying(self) -> bool:
        """Whether the next question is one that tries again."""
        return self.opened > 0 and self._row >= self.failures

    def note(self, failed: bool) -> bool:
        """Count a reply; whether to go on asking."""
        self._row = self._row + 1 if failed else 0
        if self._row < self.failures:
            return True
        if self._left == 0:  # else it is one of those that were under way when it opened
            self.opened += 1
        self._left = self.rest
        return False


def ask_all(
    ask: Ask, questions: Sequence[Question], budget_s: float, concurrency: int, breaker: Breaker
) -> list[Reply]:
    """A reply to each question, in order.

    Args:
        ask: asks one question; called from several threads.
        questions: what to ask.
        budget_s: wall time for all of them together.
        concurrency: most questions under way at a time.
        breaker: when to stop asking.
    """
    if not questions:
        return []
    if not breaker.decision():
        return [Reply(None, LEFT_ALONE)] * len(questions)
    until = time.monotonic() + budget_s
    replies: list[Reply] = []
    asked, going = 0, True
    waiting: deque[Future[Reply]] = deque()
    pool = ThreadPoolExecutor(min(concurrency, len(questions)), "llm-generate")
    try:
        while len(replies) < len(questions):
            most = 1 if breaker.trying else concurrency
            while going and asked < len(questions) and len(waiting) < most:
                waiting.append(pool.submit(_one, ask, questions[asked], until))
                asked += 1
            if not waiting:
                replies.append(Reply(None, LEFT_ALONE))
                continue
            reply = _result(waiting.popleft(), until)
            replies.append(reply)
            if reply.failure != OUT_OF_TIME:  # says nothing about whom we ask
                going = breaker.note(reply.text is None) and going
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return replies


def _result(question: Future[Reply], until: float) -> Reply:
    try:
        return question.result(max(0.0, until - time.monotonic()) + GRACE_S)
    except TimeoutError:  # the look-up of a name is the one thing that nobody can end
        return Reply(None, "no answer in time")


def _one(ask: Ask, question: Question, until: float) -> Reply:
    left_s = until - time.monotonic()
    return ask(question, left_s) if left_s > 0 else Reply(None, OUT_OF_TIME)
