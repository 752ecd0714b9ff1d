"""Answers from an OpenAI-compatible endpoint: vLLM, Ollama, llama.cpp's server, or a service."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit

from greensched.core import http
from greensched.core.keys import MASK, Secret, secret
from greensched.predictors.generate import dialects
from greensched.predictors.generate.asking import OUT_OF_TIME, Breaker, ask_all
from greensched.predictors.generate.backend import Question, Reply
from greensched.predictors.generate.dialects import Dialect, Structured

BODY_BYTES = 1 << 20
_SAID = 160  # characters of what an endpoint says of an error
_FIRST_WAIT_S = 0.25  # before the second try; doubled for each one after it


@dataclass(frozen=True)
class Sampling:
    """How a model is asked to write."""

    model: str
    temperature: float
    seed: int
    max_tokens: int


class Failed(Exception):
    """No answer from the endpoint, in words that name no secret."""


@dataclass
class Endpoint:
    """An endpoint, as one predictor uses it.

    Attributes:
        address: base of its addresses (``http://127.0.0.1:8000/v1``), checked.
        sampling: how it is to write.
        structured: how it is asked for the form of an answer; ``auto``: found out.
        api_key_env: environment variable of its key; None: none is sent.
        timeout_s: of one try.
        retries: tries after the first, where another one may help.
        concurrency: most questions under way at a time.
        breaker: leaves it alone for a while after failures in a row.
        pause: waits that many seconds.
    """

    address: SplitResult
    sampling: Sampling
    structured: Structured
    api_key_env: str | None
    timeout_s: float
    retries: int
    concurrency: int
    breaker: Breaker
    pause: Callable[[float], None] = time.sleep
    _key: Secret | None = None
    _accepted: Dialect | None = None
    _counts: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def version(self) -> str:
        """Address, model and the way it is asked."""
        base = f"{self.address.scheme}://{self.address.netloc}{self.address.path}"
        return f"{base} {self.sampling} {self.structured}"

    @property
    def metadata(self) -> dict[str, Any]:
        """Requests sent, tries that had to be repeated, and the form that the endpoint accepted."""
        asked = self.structured if self.structured != "auto" else self._accepted
        return {**self._counts, "structured": asked, "circuit_opened": self.breaker.opened}

    def start(self) -> None:
        """Read the key.

        Raises:
            ConfigError: the environment has none.
        """
        if self.api_key_env is not None:
            self._key = secret(self.api_key_env, page="docs/llm-generate.md")

    def answer(self, questions: Sequence[Question], budget_s: float) -> list[Reply]:
        """A reply to each question, in order, within ``budget_s`` seconds."""
        return ask_all(self._reply, questions, budget_s, self.concurrency, self.breaker)

    def _reply(self, question: Question, left_s: float) -> Reply:
        try:
            return Reply(self._ask(question, time.monotonic() + left_s))
        except Failed as error:
            return Reply(None, str(error))

    def _ask(self, question: Question, until: float) -> str:
        """The text of an answer, in the first form that the endpoint accepts."""
        known = self.structured if self.structured != "auto" else self._accepted
        tried = dialects.TRIED if known is None else (known,)
        for dialect in tried:
            answer = self._patiently(dialect, question, until)
            if answer.status not in dialects.REFUSALS or dialect == tried[-1]:
                break
        if answer.status != 200:
            raise Failed(self._refused(answer))
        self._accepted = dialect
        try:
            return dialects.content(dialect, json.loads(answer.body))
        except (ValueError, RecursionError) as error:
            raise Failed(self._unreadable(answer, error)) from None

    def _patiently(self, dialect: Dialect, question: Question, until: float) -> http.Answer:
        """One request, again if it fails in a way that may pass and there is time."""
        for attempt in range(self.retries + 1):
            wait_s = _FIRST_WAIT_S * 2**attempt
            try:
                answer = self._send(dialect, question, until)
            except http.HttpError as error:
                failure, again = str(error), error.again
            else:
                if answer.status not in http.BUSY:
                    return answer
                failure, again = self._refused(answer), True
                wait_s = max(wait_s, http.retry_after_s(answer.headers.get("retry-after", ""), time.time()))
            if not again or attempt == self.retries or time.monotonic() + wait_s >= until:
                raise Failed(failure)
            self._count("repeated")
            self.pause(wait_s)
        raise AssertionError("the last try returns or raises")

    def _send(self, dialect: Dialect, question: Question, until: float) -> http.Answer:
        limit_s = min(self.timeout_s, until - time.monotonic())
        if limit_s <= 0:
            raise Failed(OUT_OF_TIME)
        document = dialects.body(dialect, question, **vars(self.sampling))
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._key is not None:
            headers["Authorization"] = f"Bearer {self._key.reveal()}"
        parts = self.address._replace(path=dialects.path(dialect, self.address.path.rstrip("/")))
        limits = http.Limits(connect_s=limit_s, total_s=limit_s, body_bytes=BODY_BYTES)
        self._count("requests")
        return http.send("POST", parts, headers, json.dumps(document).encode(), limits)

    def _count(self, what: str) -> None:
        with self._lock:
            self._counts[what] += 1

    def _refused(self, answer: http.Answer) -> str:
        host = self.address.hostname
        if 300 <= answer.status < 400:
            to = self._shown(_host_of(answer.headers.get("location", "")) or "elsewhere on it")
            return f"{host}: redirects to {to}, which is not followed; name that address in 'endpoint'"
        hint = f"; is the key in {self.api_key_env} right?" if answer.status in (401, 403) else ""
        said = self._shown(answer.body[:4096].decode("utf-8", "replace"))
        return f"{host}: HTTP {answer.status}" + (f", it says '{said}'" if said else "") + hint

    def _unreadable(self, answer: http.Answer, error: Exception) -> str:
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "text/event-stream":
            return f"{self.address.hostname}: its reply is a stream, though none was asked for"
        if isinstance(error, json.JSONDecodeError | UnicodeDecodeError | RecursionError):
            return f"{self.address.hostname}: its reply is no JSON ({self._shown(kind) or 'of no type'})"
        return f"{self.address.hostname}: {error}"

    def _shown(self, text: str) -> str:
        """Somebody else's words in a message: short, on one line, without our key."""
        if self._key is not None:
            text = text.replace(self._key.reveal(), MASK)
        text = " ".join("".join(c if c.isprintable() or c.isspace() else "\ufffd" for c in text).split())
        return text if len(text) <= _SAID else text[: _SAID - 1] + "…"


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return "nowhere"
