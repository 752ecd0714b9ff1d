"""World, mind and launcher end, by themselves or by force: nobody outlives the others, and nothing finished is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from greensched.core.delta import Delta
from greensched_bridge.java import find_jar
from greensched_bridge.launch import WorldError, run_world
from tests.bridge.runs import FALLBACK, FINISHED, MIND, SLOTS, Scripted, sources, status, world_folder
from tests.worlds import Site, Task, host, jobs_table, write_world

pytestmark = pytest.mark.java

ROOT = Path(__file__).resolve().parents[2]


def test_a_killed_world_is_an_error_that_says_so(tmp_path: Path) -> None:
    def kill(n: int, delta: Delta) -> None:
        if n == 5:
            (world,) = (c for c in psutil.Process().children() if "java" in c.name())
            world.kill()

    began = time.monotonic()
    with pytest.raises(WorldError, match="was killed by signal 9"):
        run_world(world_folder(tmp_path / "run"), Scripted(kill))
    assert time.monotonic() - began < 20
    done = jobs_table(tmp_path / "run")["state"]
    assert (done == FINISHED).sum() >= 2, "what had finished is still there"


def test_a_run_folder_that_is_moved_away_ends_the_run_with_a_word(tmp_path: Path) -> None:
    def move(n: int, delta: Delta) -> None:
        if n == 5:
            (tmp_path / "run").rename(tmp_path / "moved")

    with pytest.raises(WorldError, match=r"ended with exit code 1(?s:.)*its output cannot be read"):
        run_world(world_folder(tmp_path / "run"), Scripted(move))
    assert (jobs_table(tmp_path / "moved")["state"] == FINISHED).sum() >= 2
    assert not (tmp_path / "run").exists(), "nothing is made where it was"


LAUNCHER = """
import sys, time
from pathlib import Path
from tests.bridge.runs import Scripted
from greensched_bridge.launch import run_world
def slow(n, delta):
    print(n, flush=True)
    time.sleep(0.2)
run_world(Path(sys.argv[1]), Scripted(slow))
"""


@contextmanager
def ended(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """Whatever a test makes of it, ``process`` is over and its pipes are closed afterwards: it fails alone."""
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def gone(process: psutil.Process, timeout_s: float = 10.0) -> bool:
    """It has ended in time; whether its new parent has noticed is not our affair."""
    psutil.wait_procs([process], timeout=timeout_s)
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@contextmanager
def a_launcher(folder: Path) -> Iterator[tuple[subprocess.Popen[str], psutil.Process]]:
    """A launcher in a process of its own, with a slow mind, and its world after two decisions."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    command = [sys.executable, "-c", LAUNCHER, str(folder)]
    with ended(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT)) as launcher:
        assert launcher.stdout is not None
        assert [launcher.stdout.readline().strip() for _ in range(2)] == ["1", "2"]
        (world,) = (c for c in psutil.Process(launcher.pid).children() if "java" in c.name())
        yield launcher, world


def test_the_world_ends_with_its_launcher(tmp_path: Path) -> None:
    folder = world_folder(tmp_path / "run")
    with a_launcher(folder) as (launcher, world):
        launcher.kill()
        assert gone(world)
    assert status(folder) == "interrupted"


def test_ctrl_c_ends_both_and_is_written_down(tmp_path: Path) -> None:
    folder = world_folder(tmp_path / "run")
    with a_launcher(folder) as (launcher, world):
        launcher.send_signal(signal.SIGINT)
        launcher.communicate(timeout=20)
        assert launcher.returncode != 0
        assert gone(world, 1.0)
    assert status(folder) == "interrupted"


def java_first(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = os.environ | {"GREENSCHED_PYTHON": sys.executable, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        ["java", "-jar", str(find_jar()), "--run", str(folder), *arguments],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment,
    )  # fmt: skip


def test_the_world_starts_the_mind(tmp_path: Path) -> None:
    folder = world_folder(tmp_path / "run")
    with ended(java_first(folder)) as world:
        output, _ = world.communicate(timeout=60)
    assert world.returncode == 0, output
    assert status(folder) == "completed"
    assert sources(folder) == [MIND] * SLOTS
    other = world_folder(tmp_path / "run2")
    run_world(other)
    hashes = [json.loads((f / "world" / "world.json").read_text())["decision_log_sha256"] for f in (folder, other)]
    assert hashes[0] == hashes[1], "the same decisions, whichever side starts the other"


def started_mind(world: subprocess.Popen[str]) -> psutil.Process:
    """The mind that a world has started."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for child in psutil.Process(world.pid).children():
            try:
                if "greensched_bridge.serve" in child.cmdline():
                    return child
            except psutil.Error:  # a helper by which the virtual machine starts processes: it has just ended
                continue
        time.sleep(0.01)
    raise AssertionError("the world started no mind")


def long_folder(folder: Path) -> Path:
    """Enough decisions to be killed in the middle of."""
    sites = [Site("a", [host(8, cores=64)], [100.0, 300.0]), Site("b", [host(8, cores=64)], [200.0])]
    tasks = [Task(i * 10.0, 100.0) for i in range(20_000)]
    return write_world(
        folder, sites, tasks, hours=56, mode="immediate", on_mind_failure="fallback", policy={"name": "lowest-carbon"}
    )


def wait_for_decisions(folder: Path, count: int) -> None:
    log = folder / "world" / "decisions.gsf"
    deadline = time.monotonic() + 60
    while not log.exists() or log.stat().st_size < count * 500:
        assert time.monotonic() < deadline, "no decisions were made"
        time.sleep(0.01)


def test_a_killed_mind_is_replaced_by_the_fallback(tmp_path: Path) -> None:
    folder = long_folder(tmp_path / "run")
    with ended(java_first(folder)) as world:
        mind = started_mind(world)
        wait_for_decisions(folder, 100)
        mind.kill()
        output, _ = world.communicate(timeout=120)
    assert world.returncode == 4, output
    assert status(folder) == "degraded"
    who = sources(folder)
    assert who[0] == MIND
    assert who[-1] == FALLBACK
    assert "breaker_open" in json.loads((folder / "world" / "world.json").read_text())["fallbacks"]


def test_a_mind_ends_with_its_killed_world(tmp_path: Path) -> None:
    folder = long_folder(tmp_path / "run")
    with ended(java_first(folder)) as world:
        mind = started_mind(world)
        wait_for_decisions(folder, 100)
        world.kill()
        assert gone(mind)


def test_connect_without_a_mind_is_said_at_once(tmp_path: Path) -> None:
    folder = world_folder(tmp_path / "run", on_mind_failure="abort")
    command = ["java", "-jar", str(find_jar()), "--run", str(folder), "--connect"]
    done = subprocess.run(command, input="", text=True, capture_output=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "stdin ended before it said where the mind listens" in done.stderr
    done = subprocess.run(command, input='{"port": 1}\n', text=True, capture_output=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "standard input must hold" in done.stderr
