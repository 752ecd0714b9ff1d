"""`greensched run` with the real world: the whole way, and the ways it can be cut short."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from greensched.core.frames import read_frames
from tests.conftest import Cli, cli_environment

pytestmark = [pytest.mark.java, pytest.mark.usefixtures("world_jar")]


def test_a_scenario_all_the_way(cli: Cli, root: Path, tmp_path: Path) -> None:
    done = cli("run", root / "scenarios" / "minimal.yml", "--set", "workload.jobs=200", "--out", "run")
    assert done.returncode == 0, done.stderr
    assert "minimal, seed 1: completed" in done.stdout
    folder = tmp_path / "run"
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["jobs_submitted"] == summary["tasks"]["finished"] == 200
    for check in ("check_tasks_energy", "check_total_energy", "check_tasks_carbon", "check_total_carbon"):
        assert summary[check] < 1e-9, check
    meta = json.loads((folder / "metadata.json").read_text())
    assert meta["status"] == "completed"
    assert meta["overrides"] == ["workload.jobs=200"]
    assert meta["config"]["seed"] == meta["seed"] == 1
    assert meta["versions"]["cloudsimplus"] == "8.5.7"
    decisions = pq.read_table(folder / "decisions.parquet").to_pydict()
    assert set(decisions["source"]) == {"mind"}
    assert (folder / "report.html").is_file()


def test_the_baseline_meets_the_same_input_and_luck(cli: Cli, root: Path, tmp_path: Path) -> None:
    cli("run", root / "scenarios" / "minimal.yml", "--set", "workload.jobs=150", "--out", "run", "--no-report")
    folder, other = tmp_path / "run", tmp_path / "run" / "baseline"
    for name in ("tasks.gsf", "hidden.gsf", "signals.gsf", "forecasts.gsf"):
        assert (folder / "input" / name).read_bytes() == (other / "input" / name).read_bytes()
    assert (other / "input" / "hidden.gsf").stat().st_mode & 0o777 == 0o600
    own, base = (json.loads((f / "input" / "run.json").read_text()) for f in (folder, other))
    assert base["policy"]["name"] == "local-only"
    assert {k for k in own if own[k] != base[k]} == {"policy", "run_id"}
    home = pq.read_table(other / "jobs.parquet").to_pydict()
    assert home["dc"] == home["home"]
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["baseline"]["policy"] == "local-only"
    saved = 100 * (1 - summary["carbon_kg"] / summary["baseline"]["carbon_kg"])
    assert summary["savings"]["carbon_pct"] == pytest.approx(saved)


def test_another_policy_and_no_baseline(cli: Cli, root: Path) -> None:
    scenario = root / "scenarios" / "minimal.yml"
    done = cli("run", scenario, "--set", "workload.jobs=50", "--policy", "local-only", "--baseline", "none", "--json")
    summary = json.loads(done.stdout)
    assert summary["policy"] == "local-only" and summary["baseline"] is None
    assert Path(summary["run_folder"]).parts[0] == "runs"


def test_the_same_seed_decides_the_same_and_another_does_not(cli: Cli, root: Path) -> None:
    def decisions(seed: int) -> str:
        scenario = root / "scenarios" / "minimal.yml"
        changes = ("--set", "workload.jobs=100", "--set", f"seed={seed}")
        done = cli("run", scenario, *changes, "--baseline", "none", "--json", "--no-report")
        sha256: str = json.loads(done.stdout)["decision_log_sha256"]
        return sha256

    assert decisions(0) == decisions(0)
    assert decisions(0) != decisions(1)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_says_so_and_keeps_what_finished(root: Path, tmp_path: Path, how: signal.Signals) -> None:
    folder = tmp_path / "run"
    command = [sys.executable, "-m", "greensched", "run", str(root / "scenarios" / "minimal.yml"), "--out", str(folder)]
    long = ["--set", "workload.jobs=60000", "--set", "horizon=60d", "--set", "noise.time_sigma=0.05"][:4]
    process = subprocess.Popen([*command, *long], env=cli_environment(), stderr=subprocess.PIPE, text=True)
    slots = folder / "world" / "datacenters.gsf"
    _wait_for(lambda: slots.is_file() and sum(1 for _ in read_frames(slots)) > 300, process)
    process.send_signal(how)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert (
        errors
        == f"greensched: interrupted; what had finished is in {folder}; for the rest run again with another --out\n"
    )
    assert json.loads((folder / "metadata.json").read_text())["status"] == "interrupted"
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["status"] == "interrupted"
    jobs = pq.read_table(folder / "jobs.parquet", columns=["state", "finish_s"]).to_pydict()
    finished = [end for state, end in zip(jobs["state"], jobs["finish_s"], strict=True) if state == "finished"]
    assert len(finished) == summary["tasks"]["finished"] > 0
    assert None not in finished
    assert not (folder / "baseline").exists()


_FAILING = """
from greensched.policies.local_only import LocalOnlyPolicy


class Failing(LocalOnlyPolicy):
    name = "failing"

    def decide(self, observation):
        if observation.t_s >= 7200:
            raise ValueError("oops\\nmore: of it")
        return super().decide(observation)
"""


def _with_failing_policy(root: Path, tmp_path: Path) -> Path:
    (tmp_path / "own.py").write_text(_FAILING)
    scenario = tmp_path / "s.yml"
    scenario.write_text((root / "scenarios" / "minimal.yml").read_text())
    return scenario


def test_a_failing_mind_is_one_line_on_the_terminal_and_its_traceback_a_file(
    cli: Cli, root: Path, tmp_path: Path
) -> None:
    scenario = _with_failing_policy(root, tmp_path)
    done = cli("run", scenario, "--policy", "own:Failing", "--baseline", "none", "--out", "run", "--json")
    assert done.returncode == 4
    summary = json.loads(done.stdout)
    calls = summary["fallbacks"]
    decisions = pq.read_table(tmp_path / "run" / "decisions.parquet").to_pydict()
    first_s = min(t for t, source in zip(decisions["t_s"], decisions["source"], strict=True) if source == "fallback")
    instead = decisions["source"].count("fallback")
    assert 7200 <= first_s < 3 * 3600
    assert done.stderr == (
        f"greensched: the mind failed first at day 0 02:{first_s // 60 % 60:02.0f}:00: PolicyError: policy 'failing' "
        f"failed: ValueError: oops; {sum(calls.values())} questions went without an answer "
        f"({calls['breaker_open']} x breaker open, {calls['mind_error']} x mind error); the world's fallback made "
        f"{instead} of {summary['decisions']} decisions; details: run/mind.log; mend the policy or predictor and run "
        "again\n"
    )
    log = (tmp_path / "run" / "mind.log").read_text()
    assert log.startswith("ERROR greensched.bridge: call 'observe'")
    # in full: what the policy raised, and what the mind made of it; the later failures with a line each
    assert log.count("Traceback") == 2 and "own.py" in log and "ValueError: oops\nmore: of it\n" in log
    later = [line for line in log.splitlines() if line.startswith("ERROR")][1:]
    assert len(later) == calls["mind_error"] - 1
    assert all(line.endswith("PolicyError: policy 'failing' failed: ValueError: oops") for line in later)
    again = cli("finish", "run")
    assert again.stderr == done.stderr
    assert "minimal, seed 1: degraded\n" in again.stdout


def test_a_mind_that_may_not_fail_ends_the_run_with_one_line(cli: Cli, root: Path, tmp_path: Path) -> None:
    scenario = _with_failing_policy(root, tmp_path)
    options = ("--policy", "own:Failing", "--set", "on_mind_failure=abort", "--out", "run")
    done = cli("run", scenario, *options)
    assert done.returncode == 1
    first, last = done.stderr.splitlines()
    assert first == "greensched: what had finished is in run"
    assert last.startswith("greensched: the mind failed first at day 0 02:")
    assert "PolicyError: policy 'failing' failed: ValueError: oops; the run was ended there" in last
    assert last.endswith("; details: run/mind.log; mend the policy or predictor and run again")
    assert (tmp_path / "run" / "mind.log").read_text().count("Traceback") == 2
    assert json.loads((tmp_path / "run" / "metadata.json").read_text())["status"] == "aborted"


def test_a_failing_mind_of_the_baseline_is_told_apart(cli: Cli, root: Path, tmp_path: Path) -> None:
    done = cli("run", _with_failing_policy(root, tmp_path), "--baseline", "own:Failing", "--out", "run", "--no-report")
    assert done.returncode == 0
    assert done.stderr.startswith("greensched: baseline own:Failing: the mind failed first at day 0 02:")
    assert done.stderr.count("\n") == 1 and "details: run/baseline/mind.log" in done.stderr
    assert not (tmp_path / "run" / "mind.log").exists()


def _interrupted_when(
    tmp_path: Path, scenario: Path, *options: str, there: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Ctrl-C, which reaches all of the terminal's processes, as soon as ``there`` exists in the run folder."""
    command = [sys.executable, "-m", "greensched", "run", str(scenario), "--out", "run", *options]
    process = subprocess.Popen(
        command, env=cli_environment(**environment), cwd=tmp_path, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    _wait_for(lambda: list((tmp_path / "run").glob(there)), process)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    return subprocess.CompletedProcess(command, process.returncode, "", errors)


def test_ctrl_c_before_the_input_is_there_says_what_is_left_and_what_to_do(root: Path, tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text("import time\n\ntime.sleep(60)\n")  # prepare loads it to check its options
    scenario = tmp_path / "s.yml"
    text = (root / "scenarios" / "minimal.yml").read_text()
    scenario.write_text(text.replace("{name: lowest-carbon}", '{name: "slow:Policy"}'))
    done = _interrupted_when(tmp_path, scenario, there="metadata.json")
    assert done.returncode == 130
    assert done.stderr == (
        "greensched: interrupted before the input was prepared; run holds only metadata.json: remove it and run again\n"
    )
    meta = json.loads((tmp_path / "run" / "metadata.json").read_text())
    assert (meta["status"], meta["reason"]) == ("interrupted", "interrupted by the user")
    assert [p.name for p in (tmp_path / "run").iterdir()] == ["metadata.json"]


def test_ctrl_c_while_the_input_is_written_leaves_no_part_of_it(root: Path, tmp_path: Path) -> None:
    options = ("--set", "workload.jobs=300000", "--set", "horizon=60d")
    done = _interrupted_when(tmp_path, root / "scenarios" / "minimal.yml", *options, there=".input.*")
    assert (done.returncode, done.stderr.count("\n")) == (130, 1), done.stderr
    # prepare may have been about to end
    assert {p.name for p in (tmp_path / "run").iterdir()} - {"input"} == {"metadata.json"}


def test_ctrl_c_after_prepare_says_that_there_are_no_results(root: Path, tmp_path: Path) -> None:
    java = tmp_path / "jdk" / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text("#!/bin/sh\nexec sleep 60\n")  # the world does not come to its first job
    java.chmod(0o755)
    scenario = root / "scenarios" / "minimal.yml"
    done = _interrupted_when(tmp_path, scenario, there="input", JAVA_HOME=str(tmp_path / "jdk"))
    assert done.returncode == 130
    assert done.stderr.startswith("greensched: interrupted before the first job; run holds the prepared input"), done
    assert json.loads((tmp_path / "run" / "metadata.json").read_text())["status"] == "interrupted"


@pytest.mark.parametrize("after_s", [0.03, 0.1, 0.2])
def test_ctrl_c_while_python_starts_is_no_traceback(root: Path, tmp_path: Path, after_s: float) -> None:
    command = [sys.executable, "-m", "greensched", "run", str(root / "scenarios" / "minimal.yml")]
    with subprocess.Popen(command, env=cli_environment(), cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        time.sleep(after_s)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    # in its first hundredths of a second Python itself is not ready for signals, and ends with 1
    before_us = process.returncode == 1 and "KeyboardInterrupt" in errors
    assert before_us or process.returncode in (130, -signal.SIGINT), errors
    assert f"{root}/python" not in errors, errors


def _wait_for(condition: object, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while not condition():  # type: ignore[operator]
        assert process.poll() is None, f"ended early: {process.communicate()}"
        assert time.monotonic() < deadline, "the world did not get going"
        time.sleep(0.02)


def test_a_run_from_the_java_side_has_the_same_results(root: Path, cli: Cli, world_jar: Path, tmp_path: Path) -> None:
    scenario = str(root / "scenarios" / "minimal.yml")
    changes = ["--set", "workload.jobs=100"]
    environment = cli_environment(GREENSCHED_PYTHON=sys.executable)
    java = subprocess.run(
        ["java", "-jar", str(world_jar), scenario, *changes, "--out", "java-first"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert java.returncode == 0, java.stderr
    assert cli("run", scenario, *changes, "--out", "python-first", "--baseline", "none").returncode == 0
    one, other = (json.loads((tmp_path / f / "summary.json").read_text()) for f in ("java-first", "python-first"))
    wall = {"decision_latency_p50_ms", "decision_latency_p99_ms", "wall_s"}
    assert {k: v for k, v in one.items() if k not in wall} == {k: v for k, v in other.items() if k not in wall}
    meta = json.loads((tmp_path / "java-first" / "metadata.json").read_text())
    assert meta["status"] == "completed" and meta["versions"]["cloudsimplus"] == "8.5.7"
    assert meta["overrides"] == ["workload.jobs=100"]
    assert (tmp_path / "java-first" / "report.html").is_file()


def test_a_folder_that_cannot_be_written_is_a_message(cli: Cli, root: Path) -> None:
    done = cli("run", root / "scenarios" / "minimal.yml", "--out", "/proc/none/run")
    assert done.returncode == 2
    assert done.stderr == (
        "greensched: --out /proc/none/run: no folder can be made there (No such file or directory); name another\n"
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_live_run_keeps_its_folder(cli: Cli, root: Path, tmp_path: Path, number: signal.Signals) -> None:
    scenario, folder = root / "scenarios" / "minimal.yml", tmp_path / "run"
    command = [sys.executable, "-m", "greensched", "run", str(scenario), "--out", str(folder), "--no-report"]
    command += ["--set", "workload.jobs=60000", "--set", "horizon=60d", "--baseline", "none"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, env=cli_environment()) as first:
        while not (folder / "world" / "jobs.gsf").exists():
            assert first.poll() is None
            time.sleep(0.02)
        before = (folder / "metadata.json").read_bytes()
        first.send_signal(signal.SIGSTOP)  # the world waits for its mind
        refused = (cli("finish", "run"), cli("run", scenario, "--out", "run"))
        assert [r.returncode for r in refused] == [2, 2]
        assert "still running" in refused[0].stderr
        assert (folder / "metadata.json").read_bytes() == before
        first.send_signal(signal.SIGCONT)
        time.sleep(0.1)  # a process that is stopped may take the signal in a thread that Python does not wake
        first.send_signal(number)
        assert first.wait(30) == 130
    assert json.loads((folder / "metadata.json").read_text())["status"] == "interrupted"
    assert json.loads((folder / "world" / "world.json").read_text())["status"] == "interrupted"
    assert cli("finish", "run", "--no-report").returncode == 130
