"""A decision that outlives its world: the mind is not finished under its feet."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from greensched.core.delta import Delta
from greensched.core.types import Decisions
from greensched_bridge import launch
from greensched_bridge.session import Session
from tests.bridge.rawclient import EchoMind
from tests.worlds import Site, Task, host, write_world


class Slow(EchoMind):
    """Takes its time over every decision, and notes whether it was finished meanwhile."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds
        self.deciding = 0
        self.finished_while_deciding: list[bool] = []

    def decide(self, delta: Delta) -> Decisions:
        self.deciding += 1
        time.sleep(self.seconds)
        self.deciding -= 1
        return super().decide(delta)

    def finish(self, delta: Delta | None = None) -> None:
        self.finished_while_deciding.append(self.deciding > 0)
        super().finish(delta)


@pytest.mark.java
def test_the_mind_is_finished_after_its_last_late_decision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The world gives up after half a second and ends at once; the decision takes 4."""
    mind = Slow(4.0)
    monkeypatch.setattr(launch, "make_mind", lambda folder, predictor: mind)
    folder = write_world(
        tmp_path / "run", [Site("a", [host()], [100.0])], [Task(1.0, 10.0)], hours=1, on_mind_failure="abort",
        mind={"start_timeout_s": 20.0, "decide_timeout_s": 0.5},
    )  # fmt: skip
    with pytest.raises(launch.WorldError):
        launch.run_world(folder)
    assert mind.finished_while_deciding == [False]


def test_a_decision_without_end_is_left_alone() -> None:
    """A turn that is never given back: the mind is not finished, and nobody waits for ever."""
    mind = Slow(0.0)
    session = Session(mind)
    release = threading.Event()
    held = threading.Event()

    def hold() -> None:
        with session._conversation.turn:
            held.set()
            release.wait(20)

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(5)
    began = time.monotonic()
    assert not session.finish_mind(0.2)
    assert time.monotonic() - began < 2
    assert mind.finished_while_deciding == []
    release.set()
    holder.join()
    assert session.finish_mind(5.0)
    assert mind.finished_while_deciding == [False]
