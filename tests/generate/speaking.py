"""Servers that speak the OpenAI protocol (or Ollama's own), and what a well-behaved one answers."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from greensched.predictors.generate.backend import Question, Reply
from greensched.predictors.generate.form import ENERGY, SERVICE
from greensched.predictors.generate.memory import PROCESS
from tests.signals.server import Answer, Asked, Behaviour, Stand, serving

_EXAMPLE = re.compile(r"plain decimals: (\{.*\})$", re.DOTALL)


def regions_of(system: str) -> list[str]:
    """The regions that a question is about, from the form that it shows."""
    found = _EXAMPLE.search(system)
    assert found, system
    return list(json.loads(found[1].replace("<number>", "0")))


def document(asked: Asked) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(asked.body)
    return read


def regions(asked: Asked) -> list[str]:
    return regions_of(document(asked)["messages"][0]["content"])


def prompt(asked: Asked) -> str:
    text: str = document(asked)["messages"][1]["content"]
    return text


def completion(content: str, **choice: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": content}
    return {
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"} | choice],
    }


def rows(pairs: dict[str, tuple[Any, Any]]) -> str:
    return json.dumps({name: {ENERGY: e, SERVICE: s} for name, (e, s) in pairs.items()})


def hashed(asked: Asked, _n: int) -> Answer:
    """Numbers that follow from the prompt and the region, and from nothing else."""
    said = rows(draw(prompt(asked), regions(asked)))
    return Answer(completion(said), headers={"Content-Type": "application/json"})


def draw(text: str, names: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Energies around those of four cores for an hour, and times around an hour."""
    bytes_of = {name: hashlib.sha256(f"{text}\0{name}".encode()).digest() for name in names}
    return {name: (0.005 + b[0] / 10_000, 20.0 + b[1]) for name, b in bytes_of.items()}


class Hashed:
    """The same in this process: an answer to every question, and to some of them a bad one."""

    version = "hashed"
    metadata: ClassVar[dict[str, Any]] = {}

    def start(self) -> None:
        """Nothing is needed."""

    def answer(self, questions: Sequence[Question], budget_s: float) -> list[Reply]:
        """As :func:`hashed`; every eighth prompt gets none."""
        return [self._reply(q) for q in questions]

    def _reply(self, question: Question) -> Reply:
        if hashlib.sha256(question.prompt.encode()).digest()[0] % 8 == 0:
            return Reply(None, "no luck")
        return Reply(rows(draw(question.prompt, question.form.regions)))


def saying(content: Any) -> Behaviour:
    """Always the same text."""
    return lambda _asked, _n: Answer(completion(content))


@contextmanager
def speaking(behave: Behaviour) -> Iterator[Stand]:
    """A server for the length of a block; answers of earlier ones, perhaps on the same port, are forgotten."""
    PROCESS.clear()
    with serving(behave) as stand:
        yield stand
    PROCESS.clear()
