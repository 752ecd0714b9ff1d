"""Answers that were given before, so that a rerun in the same process is the same, and recurring jobs cost nothing."""

from __future__ import annotations

import hashlib
from collections import OrderedDict

from greensched.predictors.generate.backend import Question

MOST = 50_000


class Memory:
    """The latest answers, by who gave them and what was asked; failures are not kept."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._answers: OrderedDict[bytes, str] = OrderedDict()

    def find(self, version: str, question: Question) -> str | None:
        """What the backend of that version answered, if it is known."""
        key = _key(version, question)
        if key in self._answers:
            self._answers.move_to_end(key)
        return self._answers.get(key)

    def keep(self, version: str, question: Question, text: str) -> None:
        """Keep an answer; the one that was not used for longest goes."""
        self._answers[_key(version, question)] = text
        if len(self._answers) > self._most:
            self._answers.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        self._answers.clear()


PROCESS = Memory()
"""The memory that all predictors of this process share."""


def _key(version: str, question: Question) -> bytes:
    text = "\0".join((version, *question.key))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
