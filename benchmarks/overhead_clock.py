"""Clocks around every stage of a decision, in world and mind, for ``overhead.py``.

The stages are the functions of the product, each put in a wrapper that reads the monotonic clock before and after; what
a stage spends inside of another one counts for the inner one alone. The world's end is ``TimedWorld`` (in
``benchmarks/java``), which wraps the decider and the line that the world uses anyway. Both read the same clock of the
system, so the way between them is what lies between their instants.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd

from greensched.policies import by_cost, planned
from greensched.policies.greensched import GreenSchedPolicy
from greensched.predictors.llm import predictor as llm
from greensched.predictors.llm.reader import Reader
from greensched.service import mind
from greensched.service.checks import CheckedPredictor
from greensched_bridge import conversation, messages
from greensched_bridge.java import find_jar, find_java

JAVA = Path(__file__).resolve().parent / "java" / "src" / "main" / "java" / "org" / "greensched" / "bridge"
PROGRAM = "org.greensched.bridge.TimedWorld"
TIMES = "world-times.csv"
ENCODE, THERE, DECODE, MIRROR = "world encodes", "bridge, there", "mind decodes", "mind mirrors the world"
PROMPT, READ, PREDICT = "prompt", "predict: read texts", "predict: all else"
COSTS, CHOOSE, LOG, ANSWER = "optimise: costs and reasons", "optimise: choose", "log", "mind encodes the answer"
BACK, CARRY, REST = "bridge, back", "world decodes the answer", "the rest"
STAGES = (
    ENCODE, THERE, DECODE, MIRROR, PROMPT, READ, PREDICT, COSTS, CHOOSE, LOG, ANSWER, BACK, CARRY, REST,
)  # fmt: skip
WATCHED: tuple[tuple[Any, str, str], ...] = (
    (conversation, "decode", DECODE),
    (conversation, "delta_from_frame", DECODE),
    (mind.Mind, "_mirror", MIRROR),
    (mind.Mind, "_observe", MIRROR),
    (llm, "said", PROMPT),
    (Reader, "pooled", READ),
    (CheckedPredictor, "predict", PREDICT),
    (GreenSchedPolicy, "decide", COSTS),
    (mind, "check_decisions", COSTS),
    (by_cost, "assign", CHOOSE),
    (planned, "solve", CHOOSE),
    (mind.Mind, "_record", LOG),
    (messages, "encode_decisions", ANSWER),
)


@dataclass
class Answer:
    """What the mind did about one question: instants in ns, ns of its thread on a processor, and ns per stage."""

    came_ns: int = 0
    left_ns: int = 0
    busy_ns: int = 0
    asked: int = 0
    read: int = 0
    spent_ns: dict[str, int] = field(default_factory=lambda: defaultdict(int))


class Clock:
    """The mind's stages, question by question."""

    def __init__(self) -> None:
        self.answers: dict[int, Answer] = {}
        self._now = Answer()
        self._inner = [0]  # ns spent in stages inside of each that is open

    @contextmanager
    def running(self) -> Iterator[None]:
        """Everything that the mind does meanwhile is timed."""
        with ExitStack() as patches:
            for owner, name, stage in WATCHED:
                timed = self._timed(getattr(owner, name), stage)
                patches.enter_context(mock.patch.object(owner, name, timed))
            for owner, name, watch in (
                (conversation.Conversation, "answer", self._answered),
                (mind.Mind, "decide", self._asked),
                (Reader, "_pool", self._read),
            ):
                patches.enter_context(mock.patch.object(owner, name, watch(getattr(owner, name))))
            yield

    def _timed(self, function: Callable[..., Any], stage: str) -> Callable[..., Any]:
        inner = self._inner

        def timed(*arguments: Any, **named: Any) -> Any:
            inner.append(0)
            began = time.perf_counter_ns()
            try:
                return function(*arguments, **named)
            finally:
                took = time.perf_counter_ns() - began
                self._now.spent_ns[stage] += took - inner.pop()
                inner[-1] += took

        return timed

    def _answered(self, function: Callable[..., bytes]) -> Callable[..., bytes]:
        rest = self._timed(function, REST)

        def answered(talk: Any, kind: str, sequence: int, message: bytes, ask: Any) -> bytes:
            busy_ns = time.thread_time_ns()
            self._now = now = Answer(came_ns=time.perf_counter_ns())
            reply = rest(talk, kind, sequence, message, ask)
            now.left_ns = time.perf_counter_ns()
            now.busy_ns = time.thread_time_ns() - busy_ns
            if kind == "observe":
                self.answers[sequence] = now
            return reply

        return answered

    def _asked(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def asked(of: Any, delta: Any) -> Any:
            self._now.asked = len(delta.ask)
            return function(of, delta)

        return asked

    def _read(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def read(of: Any, texts: Any) -> Any:
            self._now.read += len(texts)
            return function(of, texts)

        return read


def joined(clock: Clock, run: Path) -> pd.DataFrame:
    """A row per question that the world asked.

    Columns: ``asked`` jobs, texts that were ``read``; in ms ``total``, each stage, and ``mind`` and ``busy``: from the
    question to the answer in the mind, and its thread's part of that on a processor.

    Raises:
        RuntimeError: the clocks of world and mind differ.
    """
    rows = []
    for seq, begin, encoded, replied, done in pd.read_csv(run / TIMES).itertuples(index=False):
        answer = clock.answers[seq]
        instants = [begin, encoded, answer.came_ns, answer.left_ns, replied, done]
        if instants != sorted(instants):
            raise RuntimeError(f"question {seq}: no common clock: {instants}")
        spent = dict(answer.spent_ns) | dict(zip((ENCODE, THERE, "", BACK, CARRY), np.diff(instants), strict=True))
        spent[REST] = done - begin - sum(ns for stage, ns in spent.items() if stage not in ("", REST))
        times = {stage: spent.get(stage, 0) / 1e6 for stage in STAGES}
        whole = {"total": done - begin, "mind": answer.left_ns - answer.came_ns, "busy": answer.busy_ns}
        rows.append({"asked": answer.asked, "read": answer.read, **{k: ns / 1e6 for k, ns in whole.items()}, **times})
    return pd.DataFrame(rows)


def timed_jar(folder: Path) -> Path:
    """The world's jar with ``TimedWorld`` in it as its program, made with the tools of the JDK beside ``java``."""
    jar, bin_folder = folder / "timed.jar", Path(find_java()).resolve().parent
    shutil.copy(find_jar(), jar)
    classes = folder / "classes"
    for command in (
        [bin_folder / "javac", "-d", classes, "-cp", jar, JAVA / "TimedWorld.java"],
        [bin_folder / "jar", "--update", "--file", jar, "--main-class", PROGRAM, "-C", classes, "."],
    ):
        subprocess.run([str(part) for part in command], check=True)
    return jar
