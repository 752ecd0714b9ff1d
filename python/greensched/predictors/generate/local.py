"""Answers from a model in this process, written under the grammar: every one of them is valid."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from greensched.core.types import I64
from greensched.predictors.generate.asking import OUT_OF_TIME
from greensched.predictors.generate.backend import Question, Reply
from greensched.predictors.generate.vocabulary import Vocabulary


class LocalModel(Protocol):
    """A causal language model with a memory of what it has read."""

    version: str

    @property
    def pieces(self) -> Sequence[str]:
        """Text of every token, as :class:`Vocabulary` wants it."""

    def encode(self, text: str) -> list[int]:
        """Tokens of a text, without any that mark its beginning or end."""

    def prefill(self, ids: Sequence[int]) -> Any:
        """Forget everything and read ``ids``; scores of what comes next, shape (tokens,)."""

    def step(self, ids: Sequence[int]) -> Any:
        """Read on; scores of what comes next, shape (tokens,)."""


@dataclass
class Local:
    """Greedy decoding, one question after the other: deterministic, and free of choice where the form leaves none."""

    model: LocalModel
    _vocabulary: Vocabulary | None = None
    _counts: dict[str, int] = field(default_factory=lambda: {"answers": 0, "tokens": 0})

    @property
    def version(self) -> str:
        """That of the model."""
        return self.model.version

    @property
    def metadata(self) -> dict[str, Any]:
        """Answers, and tokens that were chosen for them."""
        return dict(self._counts)

    def start(self) -> None:
        """Look at the model's tokens once."""
        if self._vocabulary is None:
            self._vocabulary = Vocabulary(self.model.pieces)

    def answer(self, questions: Sequence[Question], budget_s: float) -> list[Reply]:
        """A reply to each question, in order; an answer that has begun when time is up is given up."""
        until = time.monotonic() + budget_s
        return [self._write(question, until) for question in questions]

    def _write(self, question: Question, until: float) -> Reply:
        assert self._vocabulary is not None, "start comes first"
        form, place = question.form, question.form.start
        said = form.forced(place)
        # what must be said is read with the prompt: a step for each of its tokens would be lost
        unread = self.model.encode(f"{question.system}\n{question.prompt}\n{said}")
        at = form.after(place, said)
        fresh = True
        while at is not None and not form.ended(at):
            if time.monotonic() > until:
                return Reply(None, OUT_OF_TIME)
            scores = np.asarray(self.model.prefill(unread) if fresh else self.model.step(unread), dtype=np.float64)
            fresh = False
            allowed = self._vocabulary.allowed(form, at)
            if len(allowed) == 0:
                return Reply(None, "the model has no token that could come next")
            token = _best(scores, allowed)
            piece = self._vocabulary.pieces[token]
            at = form.after(at, piece)
            assert at is not None, "the vocabulary allows only what the form does"
            forced = form.forced(at)
            at = form.after(at, forced)
            unread = [token, *(self.model.encode(forced) if forced else [])]
            said += piece + forced
            self._counts["tokens"] += 1
        self._counts["answers"] += 1
        return Reply(said)


def _best(scores: Any, allowed: I64) -> int:
    """The best of the allowed tokens; the lowest id among equals, and NaN is never better."""
    return int(allowed[np.argmax(np.nan_to_num(scores[allowed], nan=-np.inf))])
