"""A fault at every message of a short run, both ways, over both transports: the documented status, and nothing lost.

PROTOCOL.md §3: after a late, garbled or failed answer the world decides with its fallback and goes on; the run ends
degraded (exit code 4) with the reason counted, and every task is finished.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from greensched.core.delta import Delta
from greensched_bridge.conversation import Ask, Conversation
from greensched_bridge.inside import run_world_inside
from greensched_bridge.launch import WorldEnd, WorldError, run_world
from tests.bridge.rawclient import EchoMind
from tests.bridge.runs import FINISHED, Scripted, sources, status
from tests.bridge.test_ends import ended, java_first
from tests.worlds import Site, Task, host, jobs_table, write_world

pytestmark = pytest.mark.java

Run = Callable[..., WorldEnd]
Answer = Callable[[str, int, bytes, Ask], bytes]

DEADLINE_S = 1.0
MESSAGES = 6  # start, four questions, finish
FAULTS: dict[str, tuple[str | None, Callable[[Answer, str, int, bytes, Ask], bytes]]] = {}


def fault(reason: str | None) -> Callable[[Callable[[Answer, str, int, bytes, Ask], bytes]], None]:
    """Register a fault and how the world must call it (None: it must not notice)."""

    def register(does: Callable[[Answer, str, int, bytes, Ask], bytes]) -> None:
        FAULTS[does.__name__] = (reason, does)

    return register


@fault(None)
def delayed(answer: Answer, kind: str, sequence: int, message: bytes, ask: Ask) -> bytes:
    time.sleep(0.1)
    return answer(kind, sequence, message, ask)


@fault("timeout")
def late(answer: Answer, kind: str, sequence: int, message: bytes, ask: Ask) -> bytes:
    time.sleep(DEADLINE_S + 0.3)
    return answer(kind, sequence, message, ask)


@fault("mind_error")
def failed(answer: Answer, kind: str, sequence: int, message: bytes, ask: Ask) -> bytes:
    raise RuntimeError("out of memory")


@fault("mind_error")
def garbled_question(answer: Answer, kind: str, sequence: int, message: bytes, ask: Ask) -> bytes:
    return answer(kind, sequence, message[:30] + b"\x7f" + message[31:], ask)


@fault("garbled")
def garbled_reply(answer: Answer, kind: str, sequence: int, message: bytes, ask: Ask) -> bytes:
    reply = answer(kind, sequence, message, ask)
    return reply[:30] + b"\x7f" + reply[31:]


@fault("garbled")
def truncated_reply(answer: Answer, kind: str, sequence: int, message: bytes, ask: Ask) -> bytes:
    return answer(kind, sequence, message, ask)[:-8]


@fault("garbled")
def reply_to_another_call(answer: Answer, kind: str, sequence: int, message: bytes, ask: Ask) -> bytes:
    return answer(kind, sequence, message, ask).replace(b'"seq":%d' % sequence, b'"seq":%d' % (sequence + 1)) + b"x"


def short_folder(folder: Path, **run: object) -> Path:
    """Four slots with two tasks each."""
    sites = [Site("a", [host(8, cores=64)], [100.0]), Site("b", [host(8, cores=64)], [200.0])]
    tasks = [Task(slot * 300.0 + 1, 100.0) for slot in range(4) for _ in range(2)]
    limits = {"start_timeout_s": DEADLINE_S, "decide_timeout_s": DEADLINE_S}
    return write_world(folder, sites, tasks, hours=1, **({"on_mind_failure": "fallback", "mind": limits} | run))


@pytest.mark.parametrize("at", range(MESSAGES))
@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("run", [run_world, run_world_inside], ids=["py4j", "jpype"])
def test_a_fault_costs_its_own_answer_and_no_task(
    run: Run, name: str, at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reason, does = FAULTS[name]
    original, seen = Conversation.answer, [0]

    def answer(self: Conversation, kind: str, sequence: int, message: bytes, ask: Ask) -> bytes:
        seen[0] += 1
        whole = original.__get__(self)
        return does(whole, kind, sequence, message, ask) if seen[0] == at + 1 else whole(kind, sequence, message, ask)

    monkeypatch.setattr(Conversation, "answer", answer)
    began = time.monotonic()
    end = run(short_folder(tmp_path / "run"), EchoMind())
    assert time.monotonic() - began < 15
    assert seen[0] >= MESSAGES, "the fault was met"
    sources(tmp_path / "run")  # every task is finished
    assert (end.exit_code, end.status["status"]) == ((4, "degraded") if reason else (0, "completed"))
    counted = end.status["fallbacks"]
    assert set(counted) == ({reason} if reason else set())
    # a late mind may still be busy when it is asked again
    assert sum(counted.values()) <= (2 if reason == "timeout" else 1)


@pytest.mark.parametrize("at", range(1, MESSAGES - 1))
def test_a_world_that_is_killed_loses_nothing_that_had_finished(at: int, tmp_path: Path) -> None:
    import psutil

    def kill(n: int, delta: Delta) -> None:
        if n == at:
            (world,) = (c for c in psutil.Process().children() if "java" in c.name())
            world.kill()

    with pytest.raises(WorldError, match="was killed by signal 9"):
        run_world(short_folder(tmp_path / "run"), Scripted(kill))
    assert int((jobs_table(tmp_path / "run")["state"] == FINISHED).sum()) == 2 * max(0, at - 1)


SUICIDAL = """
import os, signal
from greensched.policies.local_only import LocalOnlyPolicy

class Suicidal(LocalOnlyPolicy):
    def __init__(self, context):
        self.left = context.options.pop("after")
        super().__init__(context)

    def start(self, world):
        self._count()
        return super().start(world)

    def decide(self, observation):
        self._count()
        return super().decide(observation)

    def _count(self):
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self.left -= 1
"""


@pytest.mark.parametrize("at", range(MESSAGES - 1))
def test_a_mind_that_is_killed_is_replaced_by_the_fallback(at: int, tmp_path: Path) -> None:
    """Java first: the mind is the child, and dies at its n-th message."""
    (tmp_path / "suicidal.py").write_text(SUICIDAL)
    policy = {"name": "suicidal:Suicidal", "after": at, "plugin_folder": str(tmp_path)}
    limits = {"start_timeout_s": 20.0, "decide_timeout_s": 20.0}
    folder = short_folder(tmp_path / "run", policy=policy, mind=limits)
    with ended(java_first(folder)) as world:
        try:
            output, _ = world.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            pytest.fail("the world hangs after its mind was killed")
    assert world.returncode == 4, output
    assert status(folder) == "degraded"
    assert set(json.loads((folder / "world" / "world.json").read_text())["fallbacks"]) <= {
        "disconnected",
        "breaker_open",
    }
    sources(folder)
