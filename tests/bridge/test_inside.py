"""The JVM inside this process: the same decisions to the byte, and what only this transport has."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from greensched.core.errors import BridgeTimeoutError, ConfigError
from greensched.core.types import Advisory
from greensched.feedback.log import FeedbackLog
from greensched_bridge.inside import run_world_inside
from greensched_bridge.launch import run_world
from tests.bridge.rawclient import EchoMind
from tests.bridge.runs import Scripted, status, world_folder
from tests.conftest import ROOT, cli_environment
from tests.worlds import write_advisories, write_faults

pytestmark = pytest.mark.java

CASES = {
    "slots": {"policy": {"name": "greensched"}},
    "immediate": {"policy": {"name": "lowest-carbon"}, "mode": "immediate"},
    "deferring": {"policy": {"name": "greensched", "defer": True, "defer_saving_frac": 0.05}},
    "privileged": {"policy": {"name": "greensched", "predictor": "oracle"}, "privileged": True},
}
SAME_FILES = ("decisions.gsf", "jobs.gsf", "datacenters.gsf", "hosts.gsf")


@pytest.mark.parametrize("case", CASES)
def test_both_transports_decide_the_same_to_the_byte(tmp_path: Path, case: str) -> None:
    folders = [world_folder(tmp_path / name, tasks_per_slot=3, **CASES[case]) for name in ("two", "one")]
    for folder in folders:
        write_advisories(folder, [(0.0, 0, "host 0 is drained ☂"), (400.0, 0, "and back")])
        write_faults(folder, [(300.0, 900.0, 3, 0, 0, 1), (600.0, 1200.0, 4, 0, 0, 0, 0.5)])
    ends = [run_world(folders[0]), run_world_inside(folders[1])]
    assert [end.exit_code for end in ends] == [0, 0]
    assert len({end.status["decision_log_sha256"] for end in ends}) == 1
    for name in SAME_FILES:
        two, one = ((folder / "world" / name).read_bytes() for folder in folders)
        assert two == one, name
    told = [_told(folder) for folder in folders]
    assert told[0] == told[1]
    assert [a.text for row in told[0] for a in row] == ["host 0 is drained ☂", "and back"]


def _told(folder: Path) -> list[list[Advisory]]:
    log = FeedbackLog.open(folder / "feedback.sqlite")
    try:
        return [delta.advisories for delta in log.deltas()]
    finally:
        log.close()


def test_a_run_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    folder = world_folder(tmp_path / "run")
    began = time.monotonic()
    with pytest.raises(BridgeTimeoutError, match=r"still running after 0\.5 s"):
        run_world_inside(folder, Scripted(lambda n, delta: time.sleep(0.3)), timeout_s=0.5)
    assert time.monotonic() - began < 5
    assert status(folder) == "interrupted"


def test_options_of_a_machine_that_runs_already_are_refused(tmp_path: Path) -> None:
    run_world_inside(world_folder(tmp_path / "run"), EchoMind())
    with pytest.raises(ConfigError, match="java_options came too late"):
        run_world_inside(world_folder(tmp_path / "other"), EchoMind(), java_options=["-Xmx1g"])


SLOW = """
import sys, time
from pathlib import Path
from tests.bridge.runs import Scripted
from greensched_bridge.inside import run_world_inside
def slow(n, delta):
    print(n, flush=True)
    time.sleep(0.2)
run_world_inside(Path(sys.argv[1]), Scripted(slow))
"""


def test_ctrl_c_stops_the_world_and_is_written_down(tmp_path: Path) -> None:
    folder = world_folder(tmp_path / "run")
    environment = cli_environment() | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    command = [sys.executable, "-c", SLOW, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "1\n"
        run.send_signal(signal.SIGINT)
        _, errors = run.communicate(timeout=30)
    assert run.returncode != 0
    assert "KeyboardInterrupt" in errors
    assert status(folder) == "interrupted"
