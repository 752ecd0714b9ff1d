"""Answers from a model in this process, written under the grammar: every one of them is valid."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import numpy as np

from greensched.core.errors import DataError
from greensched.core.types import I64
from greensched.language.reading import OutOfTimeError
from greensched.predictors.generate.asking import OUT_OF_TIME
from greensched.predictors.generate.backend import SYSTEM, Question, Reply
from greensched.predictors.generate.form import Form, Place
from greensched.predictors.generate.vocabulary import Vocabulary

OUT_OF_TOKENS: Final = "the decision's work (budget_tokens) was used up"
# the form is read where it is forced, after the prompt: before it, it would part the prompts of jobs that fit elsewhere
_SYSTEM: Final = SYSTEM.removesuffix(": ") + "."


class LocalModel(Protocol):
    """A causal language model with a memory of what it has read."""

    version: str

    def open(self) -> None:
        """Get ready, as if nothing had ever been read; called once before the first question of a run."""

    @property
    def pieces(self) -> Sequence[str]:
        """Text of every token, as :class:`Vocabulary` wants it."""

    @property
    def computed(self) -> int:
        """Tokens that were computed so far."""

    def conversation(self, system: str, said: str) -> list[int]:
        """Tokens of a conversation up to where the answer begins."""

    def encode(self, text: str) -> list[int]:
        """Tokens of a text, without any that mark its beginning or end."""

    def prefill(self, ids: Sequence[int], until_s: float) -> Any:
        """Read ``ids`` from the beginning; scores of what comes next, shape (tokens,).

        Raises:
            OutOfTimeError: it took until after ``until_s`` (s, on ``time.monotonic``).
            DataError: they are more than the model can read.
        """

    def step(self, ids: Sequence[int]) -> Any:
        """Read on; scores of what comes next, shape (tokens,)."""


class _Stop(Exception):
    """Why there is no answer."""


@dataclass
class Local:
    """Greedy decoding, one question after the other: deterministic, and free of choice where the form leaves none.

    Attributes:
        model: writes.
        budget_tokens: most tokens to compute for a decision; unlike seconds, the same on every machine. 0: no limit.
    """

    model: LocalModel
    budget_tokens: int = 0
    _vocabulary: Vocabulary | None = None
    _counts: dict[str, int] = field(default_factory=lambda: {"answers": 0, "tokens_read": 0, "tokens_written": 0})

    @property
    def version(self) -> str:
        """That of the model."""
        return self.model.version

    @property
    def metadata(self) -> dict[str, Any]:
        """Answers, tokens that went through the model for them, and those that were chosen."""
        return dict(self._counts)

    def start(self) -> None:
        """Open the model, and look at its tokens once."""
        self.model.open()
        if self._vocabulary is None:
            self._vocabulary = Vocabulary(self.model.pieces)

    def answer(self, questions: Sequence[Question], budget_s: float) -> list[Reply]:
        """A reply to each question, in order; an answer that has begun when time or work is up is given up."""
        until_s = time.monotonic() + budget_s
        until_tokens = self.model.computed + self.budget_tokens if self.budget_tokens else None
        return [self._reply(question, until_s, until_tokens) for question in questions]

    def _reply(self, question: Question, until_s: float, until_tokens: int | None) -> Reply:
        before = self.model.computed
        try:
            text = self._write(question, until_s, until_tokens)
        except OutOfTimeError:
            return Reply(None, OUT_OF_TIME)
        except (_Stop, DataError) as error:
            return Reply(None, str(error))
        finally:
            self._counts["tokens_read"] += self.model.computed - before
        self._counts["answers"] += 1
        return Reply(text)

    def _write(self, question: Question, until_s: float, until_tokens: int | None) -> str:
        form = question.form
        said = form.forced(form.start)
        # what must be said is read with the prompt: a step for each of its tokens would be lost
        unread = [*self.model.conversation(_SYSTEM, question.prompt), *self.model.encode(said)]
        at = _after(form, form.start, said)
        fresh = True
        while not form.ended(at):
            if time.monotonic() > until_s:
                raise OutOfTimeError
            if until_tokens is not None and self.model.computed >= until_tokens:
                raise _Stop(OUT_OF_TOKENS)
            scores = self.model.prefill(unread, until_s) if fresh else self.model.step(unread)
            fresh = False
            token, piece = self._choose(form, at, np.asarray(scores, dtype=np.float64))
            at = _after(form, at, piece)
            forced = form.forced(at)
            at = _after(form, at, forced)
            unread = [token, *(self.model.encode(forced) if forced else [])]
            said += piece + forced
            self._counts["tokens_written"] += 1
        return said

    def _choose(self, form: Form, at: Place, scores: Any) -> tuple[int, str]:
        """The best of the allowed tokens; the lowest id among equals, and NaN is never better."""
        assert self._vocabulary is not None, "start comes first"
        allowed: I64 = self._vocabulary.allowed(form, at)
        if len(allowed) == 0:
            raise _Stop("the model has no token that could come next")
        token = int(allowed[np.argmax(np.nan_to_num(scores[allowed], nan=-np.inf))])
        return token, self._vocabulary.pieces[token]


def _after(form: Form, place: Place, text: str) -> Place:
    at = form.after(place, text)
    assert at is not None, "only what the form allows is said"
    return at
