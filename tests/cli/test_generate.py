"""``greensched generate jobs|reports``: data sets that can be published, written whole or not at all."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

import greensched
from greensched.cli import report_world
from greensched.core.errors import ConfigError
from greensched.core.frames import read_frame
from greensched.feedback.outcomes import outcomes
from greensched.scenario import job_dataset
from greensched.scenario.job_dataset import JobOrder
from greensched.scenario.prepare import prepare, validate
from greensched.traces import jobtable
from greensched.truths import jobset
from greensched.truths.splits import SPLITS
from tests.conftest import Cli, cli_environment
from tests.scenario import build


def order(seed: int = 0, split: str = "train", jobs: int = 400) -> JobOrder:
    return JobOrder(seed, split, jobs, datetime(2022, 1, 1, tzinfo=UTC), 3, 0.4)


def test_equal_seeds_give_equal_bytes_and_others_differ_in_every_column(tmp_path: Path) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        job_dataset.write(tmp_path / name, order(seed))
    first, second = ({p.name: p.read_bytes() for p in (tmp_path / n).iterdir()} for n in "ab")
    assert first == second
    for file in ("jobs.parquet", "truth.parquet", "speeds.parquet"):
        one, other = (pd.read_parquet(tmp_path / n / file) for n in "ac")
        for name in set(one.columns) - {"job", "machine", "configuration"}:
            if one[name].notna().any():
                assert not one[name].equals(other[name]), (file, name)


def test_the_datasheet_is_true(tmp_path: Path) -> None:
    job_dataset.write(tmp_path / "d", order(jobs=123))
    text = (tmp_path / "d/datasheet.md").read_text()
    sums = dict(re.findall(r"\| `([\w.]+\.parquet)` \| `([0-9a-f]{64})` \|", text))
    assert sums == {p.name: sha256(p.read_bytes()).hexdigest() for p in (tmp_path / "d").glob("*.parquet")}
    assert "`jobs.parquet` 123 rows" in text
    assert pq.read_table(tmp_path / "d/truth.parquet").column_names == [name for name, _, _ in jobset.MEANING]
    fields = pq.read_schema(tmp_path / "d/truth.parquet")
    assert fields.field("work_s").metadata[b"unit"] == b"s"
    speeds = pq.read_schema(tmp_path / "d/speeds.parquet")
    assert speeds.names == [name for name, _, _ in jobset.SPEED]
    assert all(f"| `{name}` | {unit} | {about} |" in text for name, unit, about in jobset.SPEED)
    assert {name: speeds.field(name).metadata[b"unit"].decode() for name in speeds.names} == {
        name: unit for name, unit, _ in jobset.SPEED
    }


def test_the_command_of_the_datasheet_makes_it_again(cli: Cli, tmp_path: Path) -> None:
    done = cli("generate", "jobs", "-o", "one", "--seed", "5", "--split", "test", "--jobs", "50", "--days", "2")
    assert done.returncode == 0, done.stderr
    command = re.search(r"^    greensched (generate .*)$", (tmp_path / "one/datasheet.md").read_text(), re.M)
    assert command is not None
    cli(*command[1].replace("DIR", "two").split())
    assert (tmp_path / "one/datasheet.md").read_bytes() == (tmp_path / "two/datasheet.md").read_bytes()


def test_jobs_are_a_trace_like_any_other(cli: Cli, tmp_path: Path) -> None:
    written = job_dataset.write(tmp_path / "d", order(jobs=60))
    told = cli("trace", "describe", "d/jobs.parquet")
    assert told.returncode == 0, told.stderr
    assert "60" in told.stdout
    workload = {"source": "file", "file": "d/jobs.parquet"}
    prepare(build.write(tmp_path, workload=workload, horizon="4d"), tmp_path / "run")
    tasks = read_frame(tmp_path / "run/input/tasks.gsf").tables["tasks"]
    assert written.description is not None
    assert sorted(tasks["description"]) == sorted(written.description.decode())


def test_a_job_table_without_a_column_that_came_later_is_read(tmp_path: Path) -> None:
    job_dataset.write(tmp_path / "d", order(jobs=10))
    old = pq.read_table(tmp_path / "d/jobs.parquet").drop_columns(["description"])
    pq.write_table(old, tmp_path / "old.parquet")
    assert jobtable.read(tmp_path / "old.parquet", ["job", "description"]).column("description").null_count == 10


def test_truth_is_apart_from_what_is_declared(tmp_path: Path) -> None:
    job_dataset.write(tmp_path / "d", order())
    declared = jobtable.read(tmp_path / "d/jobs.parquet").to_pandas()
    assert declared["expected_s"].isna().all()
    truth = pd.read_parquet(tmp_path / "d/truth.parquet")
    np.testing.assert_allclose(truth.work_s, declared.duration_s)
    straggling = truth.straggler_factor > 1
    assert straggling.mean() < 0.02
    speeds = pd.read_parquet(tmp_path / "d/speeds.parquet")
    assert set(truth.configuration) <= set(speeds.configuration)


def test_nothing_is_overwritten_and_nothing_is_half_written(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d/mine.txt").write_text("mine")
    done = cli("generate", "jobs", "-o", "d", "--seed", "0", "--jobs", "10")
    assert done.returncode == 2
    assert "is not an empty folder" in done.stderr
    assert [p.name for p in (tmp_path / "d").iterdir()] == ["mine.txt"]
    for bad in (["--split", "tset"], ["--jobs", "0"], ["--gpu-share", "1.5"], ["--start", "soon"], ["--seed", "-1"]):
        done = cli("generate", "jobs", "-o", "e", "--seed", "0", *bad)
        assert done.returncode == 2, (bad, done.stdout)
        assert bad[0] in done.stderr
        assert not (tmp_path / "e").exists()


@pytest.mark.parametrize("name", ["link", "broken", "."])
def test_what_no_folder_can_replace_is_refused_in_words(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("empty")
    (tmp_path / "broken").symlink_to("nowhere")
    monkeypatch.chdir(tmp_path / "empty" if name == "." else tmp_path)
    with pytest.raises(ConfigError, match=rf"--output {re.escape(name)}: is .*; name a new folder"):
        job_dataset.write(Path(name), order(jobs=10))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["broken", "empty", "link"]
    assert not list((tmp_path / "empty").iterdir())


def test_every_use_of_the_last_words_is_logged(cli: Cli, tmp_path: Path) -> None:
    env = {"XDG_STATE_HOME": str(tmp_path / "state")}
    log = tmp_path / "state/greensched/new-words.jsonl"
    cli("generate", "jobs", "-o", "a", "--seed", "0", "--jobs", "10", "--split", "new-words-dev", env=env)
    assert not log.exists()
    done = cli("generate", "jobs", "-o", "b", "--seed", "4", "--jobs", "10", "--split", "new-words", env=env)
    assert str(log) in done.stderr
    build.write(tmp_path, workload={"source": "synthetic", "text": "new-words", "jobs": 20})
    cli("prepare", "s.yml", "--out", "run", env=env)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["use"] for line in lines] == ["generate jobs, seed 4", "prepare test, seed 0"]


@pytest.mark.parametrize("home", ["/dev/null", "/proc/nowhere"])
def test_what_cannot_be_logged_is_not_used(cli: Cli, tmp_path: Path, home: str) -> None:
    build.write(tmp_path, workload={"source": "synthetic", "jobs": 20})
    for command in (
        ("generate", "jobs", "-o", "b", "--seed", "4", "--jobs", "10", "--split", "new-words"),
        ("generate", "reports", "-o", "b", "--seed", "4", "--jobs", "10", "--split", "new-words"),
        ("prepare", "s.yml", "--out", "run", "--set", "workload.text=new-words"),
        ("run", "s.yml", "--out", "run", "--set", "workload.text=new-words"),
    ):
        done = cli(*command, env={"XDG_STATE_HOME": home})
        assert done.returncode == 2, command
        assert "set XDG_STATE_HOME to a folder that can be written" in done.stderr
        assert [p.name for p in tmp_path.iterdir()] == ["s.yml"], command


@pytest.mark.java
def test_from_python_a_use_is_logged_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    path = build.write(tmp_path, workload={"source": "synthetic", "jobs": 5})
    greensched.simulate(path, "performance", overrides={"workload.text": "new-words"})
    lines = (tmp_path / "greensched/new-words.jsonl").read_text().splitlines()
    assert [json.loads(line)["use"] for line in lines] == ["prepare test, seed 0"]


@pytest.mark.java
def test_reports_are_what_the_world_does(cli: Cli, tmp_path: Path) -> None:
    done = cli("generate", "reports", "-o", "r", "--seed", "2", "--jobs", "150", "--days", "2")
    assert done.returncode == 0, done.stderr
    reports, jobs = (pd.read_parquet(tmp_path / "r" / f"{name}.parquet") for name in ("reports", "jobs"))
    world = json.loads((tmp_path / "r/world.json").read_text())
    assert len(reports) == 150 * len(world["datacenters"])
    assert reports.datacenter.nunique() == 10

    chosen = reports.merge(jobs, left_on=["task", "datacenter"], right_on=["task", "dc"])
    assert len(chosen) == 150
    # nothing but later arrivals can part what was foretold from what happened
    took_s = chosen.finish_s - chosen.t_s
    assert np.median(np.abs(chosen.service_time_s / took_s - 1)) < 1e-6
    assert np.median(np.abs(chosen.energy_kwh / chosen.dynamic_kwh - 1)) < 1e-6
    big = max(h["gpus"] for dc in world["datacenters"] for h in dc["hosts"])
    impossible = reports.energy_kwh.isna()
    assert set(reports[impossible].task) <= set(jobs[jobs.gpus > 4].task)
    assert big == 8
    told = pd.read_parquet(tmp_path / "r/advisories.parquet")
    assert len(told) > 0
    assert set(told.datacenter) <= set(reports.datacenter)
    again = cli("generate", "reports", "-o", "s", "--seed", "2", "--jobs", "150", "--days", "2")
    assert again.returncode == 0
    for name in ("reports.parquet", "feedback.sqlite", "datasheet.md"):
        assert (tmp_path / "r" / name).read_bytes() == (tmp_path / "s" / name).read_bytes(), name


@pytest.mark.java
def test_a_learner_gets_from_reports_what_was_seen_and_what_came_of_it(cli: Cli, tmp_path: Path) -> None:
    assert cli("generate", "reports", "-o", "r", "--seed", "4", "--jobs", "60", "--days", "1").returncode == 0
    folder = tmp_path / "r"
    before = (folder / "feedback.sqlite").read_bytes()
    assert str(tmp_path).encode() not in before
    told = list(outcomes(folder))
    assert (folder / "feedback.sqlite").read_bytes() == before, "the checksum of the datasheet no longer holds"
    table = pd.read_parquet(folder / "reports.parquet").set_index(["task", "datacenter"])
    jobs = pd.read_parquet(folder / "jobs.parquet").set_index("task")
    assert sum(map(len, told)) == len(table) == 600
    for part in told:
        names = [d.name for d in part.observation.world.datacenters]
        for row, dc, energy_kwh, run_s, wait_s in zip(
            part.row, part.dc, part.energy_kwh, part.run_s, part.wait_s, strict=True
        ):
            task = int(part.tasks.task[row])
            own = table.loc[(task, names[dc])]
            assert part.tasks.description[row] == jobs.description[task]
            assert own.t_s == part.decided_s
            assert own.free_gpus == part.observation.state.free_gpus[dc]
            np.testing.assert_array_equal([energy_kwh, wait_s], [own.energy_kwh, own.wait_s])
            np.testing.assert_allclose(run_s, own.service_time_s - own.wait_s)
    chosen = list(outcomes(folder / "feedback.sqlite"))
    ids = np.concatenate([part.tasks.task[part.row] for part in chosen])
    ran = jobs.loc[ids]
    assert len(ids) == (jobs.state == "finished").sum() > 50
    np.testing.assert_allclose(np.concatenate([part.energy_kwh for part in chosen]), ran.dynamic_kwh)
    service_s = np.concatenate([part.decided_s + part.service_time_s for part in chosen])
    np.testing.assert_allclose(service_s, ran.finish_s)


@pytest.mark.java
def test_the_datasheet_of_ones_own_scenario_claims_nothing_that_is_not_so(cli: Cli, tmp_path: Path) -> None:
    """It once said of any jobs that they are of split train, drawn, and CC BY 4.0."""
    (tmp_path / "t.csv").write_text("arrival_s,duration_s,cores\n0,60,1\n30,90,2\n")
    workload = {"source": "hybrid", "trace": "file", "file": "t.csv", "text": "new-words-dev"}
    build.write(tmp_path, workload=workload, policy={"name": "performance"})
    done = cli("generate", "reports", "-o", "r", "--seed", "3", "--scenario", "s.yml")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "r/datasheet.md").read_text()
    assert "All values are synthetic" not in text
    assert "`new-words-dev`" in text and "`train`" not in text
    assert "t.csv" in text
    assert "drawn from the seed" not in text
    assert "Jobs or signals are those of the sources named above, under their licences" in text
    assert pq.read_table(tmp_path / "r/advisories.parquet").num_rows == 0


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP])
def test_whoever_stops_it_finds_nothing_half_written(tmp_path: Path, how: signal.Signals) -> None:
    command = [sys.executable, "-m", "greensched", "generate", "jobs", "-o", "d", "--seed", "0", "--jobs", "3000000"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=cli_environment(), stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        while not list(tmp_path.glob(".d.*")):
            assert process.poll() is None
            time.sleep(0.02)
        time.sleep(0.5)
        process.send_signal(how)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, "greensched: interrupted\n")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_data_set_that_is_cut_short_leaves_nothing(tmp_path: Path, how: signal.Signals) -> None:
    """Neither in the output's folder nor where temporary files go, and no crash report of the JVM."""
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    command = [sys.executable, "-m", "greensched", "generate", "reports", "-o", "r", "--seed", "0", "--jobs", "300000"]
    environment = cli_environment(TMPDIR=str(scratch))
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            until_s = time.monotonic() + 60
            while not any(scratch.rglob("run/world/datacenters.gsf")):
                assert process.poll() is None and time.monotonic() < until_s
                time.sleep(0.05)
            process.send_signal(how)
            _, errors = process.communicate(timeout=60)
        finally:
            process.kill()  # or it takes a core from all tests that follow
    assert process.returncode == 130
    stopped, ended = errors.splitlines()
    assert stopped == "greensched: the run ended interrupted: the world was stopped before the end of the run"
    assert ended == "greensched: interrupted; nothing was written to r"
    assert [p.name for p in tmp_path.iterdir()] == ["tmp"]
    assert not any(p.name.startswith("greensched-") for p in scratch.iterdir())


@pytest.mark.java
def test_reports_of_a_scenario_are_what_the_scenario_says(cli: Cli, tmp_path: Path) -> None:
    env = {"XDG_STATE_HOME": str(tmp_path / "state")}
    build.write(tmp_path, workload={"source": "synthetic", "text": "new-words", "jobs": 20})
    for option in (("--split", "test"), ("--jobs", "5"), ("--days", "2")):
        done = cli("generate", "reports", "-o", "r", "--seed", "0", "--scenario", "s.yml", *option, env=env)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"{option[0]}: not with --scenario, s.yml says it" in done.stderr
    done = cli("generate", "reports", "-o", "r", "--seed", "5", "--scenario", "s.yml", env=env)
    assert done.returncode == 0, done.stderr
    log = tmp_path / "state/greensched/new-words.jsonl"
    assert f"this use is logged in {log}" in done.stderr
    assert [json.loads(line)["use"] for line in log.read_text().splitlines()] == ["prepare test, seed 5"]
    text = (tmp_path / "r/datasheet.md").read_text()
    assert "Split `new-words`" in text
    assert "Split `t" not in text
    build.write(tmp_path, workload={"source": "synthetic", "jobs": 20})
    assert cli("generate", "reports", "-o", "q", "--seed", "5", "--scenario", "s.yml").returncode == 0
    assert "Split" not in (tmp_path / "q/datasheet.md").read_text()


@pytest.mark.java
def test_the_scenario_of_reports_is_that_of_the_run(cli: Cli, tmp_path: Path) -> None:
    """With it anybody runs the same jobs on the same world again, with another policy."""
    assert cli("generate", "reports", "-o", "r", "--seed", "3", "--jobs", "40", "--days", "1").returncode == 0
    done = cli("run", "r/scenario.yml", "--out", "again", "--no-report")
    assert done.returncode == 0, done.stderr
    one, other = (pd.read_parquet(tmp_path / folder / "jobs.parquet") for folder in ("r", "again"))
    pd.testing.assert_frame_equal(one, other)


@pytest.mark.java
def test_every_column_of_reports_says_what_it_is(cli: Cli, tmp_path: Path) -> None:
    assert cli("generate", "reports", "-o", "r", "--seed", "3", "--jobs", "10", "--days", "2").returncode == 0
    text = (tmp_path / "r/datasheet.md").read_text()
    for name in ("reports", "advisories"):
        for column in pq.read_schema(tmp_path / f"r/{name}.parquet"):
            unit, about = (column.metadata[key].decode() for key in (b"unit", b"description"))
            assert f"| `{column.name}` | {unit} | {about} |" in text
    units = {c.name: c.metadata[b"unit"].decode() for c in pq.read_schema(tmp_path / "r/reports.parquet")}
    assert (units["energy_kwh"], units["service_time_s"], units["carbon_gpkwh"]) == ("kWh", "s", "gCO2eq/kWh")


@pytest.mark.parametrize("split", SPLITS)
def test_the_usual_world_of_every_split_is_a_valid_scenario(split: str, tmp_path: Path) -> None:
    path = tmp_path / "s.yml"
    path.write_text(yaml.safe_dump(report_world.scenario(split, 4)))
    loaded = validate(path, ["workload.jobs=300", "seed=9"])
    fixed = loaded.scenario.advisories.schedule
    assert len(fixed) == (7 if split == "drift" else 0)
    assert all(entry.at == 2 * 86_400_000_000 for entry in fixed)  # half-way
    assert loaded.scenario.privileged is False  # the command asks for the truth, not the world
    assert loaded.scenario.advisories.forms == ("held_out" if split == "new-phrasing" else "known")
    assert (0.015**2 + loaded.scenario.noise.power_sigma**2) ** 0.5 == pytest.approx(0.02, abs=1e-6)
