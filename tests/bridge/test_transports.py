"""The real Java world against minds that fail in every way, over both transports: the same status each time."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from greensched.core.contracts import Needs
from greensched.core.delta import Delta
from greensched.core.frames import read_frames
from greensched.core.types import Decisions, Options, Predictions, World
from greensched_bridge import messages
from greensched_bridge.inside import run_world_inside
from greensched_bridge.launch import WorldEnd, WorldError, run_world
from tests.bridge.rawclient import EchoMind
from tests.bridge.runs import FALLBACK, MIND, SLOTS, Scripted, sources, world_folder
from tests.conftest import cli_environment
from tests.worlds import Site, Task, host, write_world

pytestmark = pytest.mark.java

Run = Callable[..., WorldEnd]


@pytest.fixture(params=[run_world, run_world_inside], ids=["py4j", "jpype"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a world over one of the transports."""
    chosen: Run = request.param
    return chosen


def test_a_failing_mind_is_replaced_by_the_fallback(run: Run, tmp_path: Path) -> None:
    def fail(n: int, delta: Delta) -> None:
        if delta.seq % 4 == 0:
            raise ValueError("I cannot decide this")

    folder = world_folder(tmp_path / "run")
    end = run(folder, Scripted(fail))
    assert end.exit_code == 4
    assert end.status["status"] == "degraded"
    assert set(end.status["fallbacks"]) == {"mind_error"}
    assert set(sources(folder)) == {MIND, FALLBACK}


def test_descriptions_cross(run: Run, tmp_path: Path) -> None:
    texts = ["", "Fine-tunes the encoder; reprend à 60 % 🚀", "x" * 5000]
    tasks = [Task(300.0 * i + 1, 100.0, description=text) for i, text in enumerate(texts)]
    mind = EchoMind()
    assert run(write_world(tmp_path / "run", [Site("a", [host()], [100.0])], tasks, hours=1), mind).exit_code == 0
    assert [text for delta in mind.deltas for text in delta.new_tasks.description] == texts
    plain = EchoMind()
    run(world_folder(tmp_path / "plain"), plain)
    new = [delta.new_tasks for delta in plain.deltas]
    assert {text for t in new for text in t.description} == {""}
    assert all(len(t.description) == len(t) for t in new)


def test_abort_shows_the_mind_s_traceback(run: Run, tmp_path: Path) -> None:
    def fail(n: int, delta: Delta) -> None:
        raise ValueError("I cannot decide this")

    with pytest.raises(WorldError, match="I cannot decide this") as caught:
        run(world_folder(tmp_path / "run", on_mind_failure="abort"), Scripted(fail))
    assert caught.value.exit_code == 1
    assert caught.value.end.status["status"] == "aborted"
    assert "test_transports.py" in caught.value.end.status["reason"], "the traceback names the line that failed"


def test_a_mind_that_cannot_start_leaves_the_run_to_the_fallback(run: Run, tmp_path: Path) -> None:
    class Broken(EchoMind):
        def start(self, world: World, policy_block: dict[str, Any]) -> Needs:
            raise ValueError("no such model")

    folder = world_folder(tmp_path / "run")
    end = run(folder, Broken())
    assert end.exit_code == 4
    assert sources(folder) == [FALLBACK] * SLOTS


def test_a_garbled_reply_is_refused(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = messages.encode_decisions

    def garble(sequence: int, decisions: Decisions, who: Any) -> bytes:
        good = original(sequence, decisions, who)
        faults = {
            5: b"nonsense" * 10,
            9: good[:-8],
            13: good[:40] + b"\0\0" + good[42:],
            17: good.replace(b"i64", b"f64"),
        }
        return faults.get(sequence, original(sequence + (sequence == 21), decisions, who))

    monkeypatch.setattr(messages, "encode_decisions", garble)
    folder = world_folder(tmp_path / "run")
    end = run(folder, EchoMind())
    assert end.exit_code == 4
    assert end.status["fallbacks"] == {"garbled": 5}
    assert sources(folder).count(FALLBACK) <= 5


def test_a_late_answer_is_dropped_and_the_mind_asked_again(run: Run, tmp_path: Path) -> None:
    def hang_once(n: int, delta: Delta) -> None:
        if n == 3:
            time.sleep(1.0)

    folder = world_folder(tmp_path / "run", mind={"start_timeout_s": 60.0, "decide_timeout_s": 0.4})
    mind = Scripted(hang_once)
    end = run(folder, mind)
    assert end.exit_code == 4
    assert 1 <= end.status["fallbacks"]["timeout"] <= 2, "the next call may still find the mind busy"
    assert sources(folder)[-1] == MIND, "it is trusted again"
    acks = {d.seq: d.ack for d in mind.deltas}
    assert [seq for seq, ack in acks.items() if ack < seq - 1], "the world says which answers it did not take"
    log = [
        int(d)
        for f in read_frames(folder / "world" / "decisions.gsf")
        for d in f.table("decisions").get("decision", [])
    ]
    assert len(log) == len(set(log))


def test_three_hangs_open_the_circuit_breaker(run: Run, tmp_path: Path) -> None:
    release = threading.Event()

    def hang(n: int, delta: Delta) -> None:
        if n >= 3:
            release.wait(60)

    folder = world_folder(tmp_path / "run", mind={"start_timeout_s": 60.0, "decide_timeout_s": 0.3})
    began = time.monotonic()
    try:
        end = run(folder, Scripted(hang))
    finally:
        release.set()
    assert time.monotonic() - began < 30
    assert end.status["fallbacks"]["timeout"] == 3
    assert end.status["fallbacks"]["breaker_open"] > 1
    assert sources(folder)[-1] == FALLBACK


def test_the_truth_is_told_in_privileged_runs_only(run: Run, tmp_path: Path) -> None:
    told: list[Predictions] = []

    class Curious(EchoMind):
        def start(self, world: World, policy_block: dict[str, Any]) -> Needs:
            return Needs(truth=world.privileged)

        def decide(self, delta: Delta) -> Decisions:
            if self.truth is not None and len(delta.ask):
                told.append(self.truth(delta.ask, Options.now_everywhere(2, delta.t_s)))
            return super().decide(delta)

    mind = Curious()
    run(world_folder(tmp_path / "privileged", privileged=True), mind)
    assert told
    # 100 s on a reference core, and alone: 100 W / 64 cores above idle for 100 s
    np.testing.assert_allclose(told[0].service_time_s, [[100.0, 100.0]], rtol=1e-9)
    np.testing.assert_allclose(told[0].energy_kwh, 100 / 64 * 100 / 3.6e6, rtol=1e-9)
    assert mind.truth is not None
    with pytest.raises(Exception, match="only while the mind decides"):
        mind.truth(np.array([0]), Options.now_everywhere(2, 0.0))
    told.clear()
    ordinary = Curious()
    run(world_folder(tmp_path / "ordinary"), ordinary)
    assert told == []
    assert ordinary.truth is None


def test_two_runs_in_parallel_do_not_touch_each_other(run: Run, tmp_path: Path) -> None:
    ends: dict[str, WorldEnd] = {}

    def play(name: str) -> None:
        ends[name] = run(world_folder(tmp_path / name), Scripted(lambda n, d: time.sleep(0.02)))

    threads = [threading.Thread(target=play, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert [ends[n].exit_code for n in ("one", "two")] == [0, 0]
    assert len({ends[n].status["decision_log_sha256"] for n in ("one", "two")}) == 1


def test_bad_input_is_refused_with_its_place(run: Run, tmp_path: Path) -> None:
    folder = world_folder(tmp_path / "run")
    hidden = folder / "input" / "hidden.gsf"
    hidden.write_bytes(hidden.read_bytes()[:-8])
    with pytest.raises(WorldError, match=r"hidden\.gsf: truncated") as caught:
        run(folder, EchoMind())
    assert caught.value.exit_code == 2


def test_sigterm_ends_a_process_with_a_jvm_inside() -> None:
    """As any other: JPype's own handler would swallow it, or crash."""
    text = (
        "import os, signal, time\nfrom greensched_bridge import inside\ninside._machine(())\n"
        "os.kill(os.getpid(), signal.SIGTERM)\ntime.sleep(5)"
    )
    done = subprocess.run([sys.executable, "-c", text], env=cli_environment(), capture_output=True, timeout=120)
    assert done.returncode == -signal.SIGTERM, done.stderr
