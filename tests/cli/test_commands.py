"""The command line without a world: exit codes, messages, and reading finished folders."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from greensched.cli import salvage
from greensched.results import metadata
from tests.conftest import Cli
from tests.results.synthetic_run import write_run, write_world


def test_version_is_the_same_everywhere(cli: Cli, root: Path) -> None:
    declared = tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]
    assert cli("--version").stdout == f"greensched {declared}\n"
    assert re.search(r"<version>(.*?)</version>", (root / "pom.xml").read_text()).group(1) == declared  # type: ignore[union-attr]
    assert f"## [{declared}]" in (root / "CHANGELOG.md").read_text()
    assert f"version: {declared}" in (root / "CITATION.cff").read_text()


def test_every_command_explains_itself(cli: Cli) -> None:
    from greensched.cli.main import COMMANDS

    overview = cli("--help").stdout
    for name, _ in COMMANDS:
        assert re.search(rf"^  {name}\s+[A-Z]", overview, re.MULTILINE), name


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "missing.yml"], "missing.yml: no such scenario file"),
        (["finish", "."], "no input/run.json here"),
        (["report", "."], "write it with: greensched finish"),
        (["explain", ".", "1"], "write it with: greensched finish"),
        (["explain", "nowhere", "1"], "nowhere: no such run folder"),
        (["bound", "nowhere"], "nowhere: no input/run.json here"),
        (["nonsense"], "No such command 'nonsense'"),
        (["run", "--polcy", "x", "s.yml"], "--polcy"),
    ],
)
def test_bad_input_is_exit_code_2_and_one_clear_message(cli: Cli, arguments: list[str], message: str) -> None:
    done = cli(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("held", ["a file", "something"])
def test_prepare_takes_no_folder_that_a_run_would_not(cli: Cli, tmp_path: Path, root: Path, held: str) -> None:
    out = tmp_path / "full"
    if held == "a file":
        out.write_text("mine")
    else:
        out.mkdir()
        (out / "mine.txt").write_text("mine")
    for scenario in (root / "scenarios" / "minimal.yml", root / "scenarios" / "cloudsim" / "several.yml"):
        for command in ("prepare", "run"):
            done = cli(command, scenario, "--out", out)
            assert done.returncode == 2
            assert "greensched: --out" in done.stderr and "is not an empty folder" in done.stderr
    assert out.is_file() or [p.name for p in out.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("command", ["prepare", "run"])
def test_a_folder_that_cannot_be_made_is_blamed_on_the_option(
    cli: Cli, tmp_path: Path, root: Path, command: str
) -> None:
    (tmp_path / "file").write_text("mine")
    for out in ("/proc/nope/out", tmp_path / "file" / "out"):
        done = cli(command, root / "scenarios" / "minimal.yml", "--out", out)
        assert done.returncode == 2, done.stderr
        assert f"greensched: --out {out}: no folder can be made there" in done.stderr


def test_an_existing_run_is_never_overwritten(cli: Cli, tmp_path: Path, root: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "precious.txt").write_text("data")
    done = cli("run", root / "scenarios" / "minimal.yml", "--out", "old")
    assert done.returncode == 2
    assert "a run is never overwritten" in done.stderr
    assert [p.name for p in (tmp_path / "old").iterdir()] == ["precious.txt"]


def test_a_refused_scenario_leaves_no_folder(cli: Cli, tmp_path: Path, root: Path) -> None:
    done = cli("run", root / "scenarios" / "minimal.yml", "--set", "workload.jobz=3")
    assert done.returncode == 2
    assert "did you mean 'jobs'?" in done.stderr
    assert list((tmp_path / "runs").iterdir()) == []


@pytest.mark.parametrize("option", ["--policy", "--baseline"])
def test_a_mistyped_policy_is_blamed_on_its_option_before_anything_runs(
    cli: Cli, tmp_path: Path, root: Path, option: str
) -> None:
    done = cli("run", root / "scenarios" / "minimal.yml", option, "lowest-carbn", "--out", "out")
    assert done.returncode == 2
    assert done.stderr.startswith(f"greensched: {option}: no policy 'lowest-carbn'. Did you mean 'lowest-carbon'?")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_options_of_a_policy_that_an_option_named_are_not_lost(cli: Cli, root: Path) -> None:
    scenario = root / "scenarios" / "minimal.yml"
    done = cli("run", scenario, "--policy", "greensched", "--set", "policy.carbon_wieght=2", "--out", "out")
    assert done.returncode == 2 and "Did you mean 'carbon_weight'?" in done.stderr


def test_no_java_is_exit_code_3_and_names_the_remedy(cli: Cli, root: Path, tmp_path: Path) -> None:
    (tmp_path / "nojava").mkdir()
    done = cli(
        "run", root / "scenarios" / "minimal.yml", "--out", "out", env={"JAVA_HOME": str(tmp_path / "nojava")}
    )  # fmt: skip
    assert done.returncode == 3
    assert "point it to a JDK 17 or newer, or unset it" in done.stderr
    assert json.loads((tmp_path / "out" / "metadata.json").read_text())["status"] == "failed"


def test_finish_prints_a_summary_and_writes_everything(cli: Cli, tmp_path: Path) -> None:
    write_run(tmp_path / "run")
    done = cli("finish", "run")
    assert done.returncode == 0, done.stderr
    assert "2.11 kg CO2eq" in done.stdout
    assert "p50 0.40 ms, p99 2.50 ms" in done.stdout
    assert {p.name for p in (tmp_path / "run").iterdir()} >= {
        "jobs.parquet", "datacenters.parquet", "decisions.parquet", "hosts.parquet", "summary.json", "metadata.json",
        "report.html",
    }  # fmt: skip


@pytest.mark.parametrize("table", ["hosts", "decisions"])
def test_finish_goes_without_a_damaged_table_and_says_so(cli: Cli, tmp_path: Path, table: str) -> None:
    write_run(tmp_path / "run")
    (tmp_path / "run" / "world" / f"{table}.gsf").write_bytes(b"no frame at all, whatever it says")
    done = cli("finish", "run")
    assert done.returncode == 1
    assert done.stderr.startswith(f"greensched: no {table}.parquet: run/world/{table}.gsf"), done.stderr
    assert done.stderr.count("\n") == 1
    assert "2.11 kg CO2eq" in done.stdout
    assert f"No {table}.parquet: " in (tmp_path / "run" / "report.html").read_text()
    assert json.loads(cli("finish", "run", "--json").stdout)["jobs_finished"] == 3


def test_finish_json_is_json_and_nothing_else(cli: Cli, tmp_path: Path) -> None:
    write_run(tmp_path / "run")
    summary = json.loads(cli("finish", "run", "--json", "--no-report").stdout)
    assert summary["sla_violations"] == 5
    assert summary["report"] is None and summary["run_folder"] == "run"


@pytest.mark.parametrize(("status", "code"), [("running", 130), ("degraded", 4), ("aborted", 1), ("failed", 1)])
def test_exit_code_tells_how_the_run_ended(cli: Cli, tmp_path: Path, status: str, code: int) -> None:
    write_world_status(tmp_path, status)
    assert cli("finish", "run", "--no-report").returncode == code


def test_a_mind_that_was_too_slow_is_told_without_a_log_of_it(cli: Cli, tmp_path: Path) -> None:
    write_world_status(tmp_path, "degraded")
    done = cli("finish", "run", "--no-report")
    # decision 3 is the fallback's, at the start of the run
    assert done.stderr == (
        "greensched: the mind failed first at day 0 00:00:00: timeout; 3 questions went without an answer "
        "(3 x timeout); the world's fallback made 1 of 7 decisions; details: run/world.log; give it longer "
        "(mind.start_timeout_s, mind.decide_timeout_s) or make it faster\n"
    )


def write_world_status(tmp_path: Path, status: str) -> None:
    write_world(write_run(tmp_path / "run"), status=status, fallbacks={"timeout": 3} if status == "degraded" else {})


def test_an_impatient_second_ctrl_c_leaves_no_running_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in (tmp_path, tmp_path / "baseline"):
        metadata.begin(folder)

    def again(folder: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(salvage, "finish", again)
    with pytest.raises(KeyboardInterrupt):
        salvage.salvage(tmp_path, "interrupted", "interrupted by the user")
    assert [metadata.read(f)["status"] for f in (tmp_path, tmp_path / "baseline")] == ["interrupted", "interrupted"]


def test_explain_tells_the_story_of_a_task(cli: Cli, tmp_path: Path) -> None:
    write_run(tmp_path / "run")
    cli("finish", "run", "--no-report")
    story = cli("explain", "run", "1").stdout
    assert "task 1 ('t1', job 1) from eu" in story
    assert "the mind decided: place at us-1 [heuristic]" in story
    assert "because: lowest intensity" in story
    assert "not carried out: unsupported" in story
    waited = "after waiting 10 s (10 s of it in the queue there, with priority 0)"
    assert f"started day 0 00:00:20 {waited}, ended day 0 00:01:20, 20 s late" in story
    assert "charged to it: 0.055 kWh (0.05 its own, 0.005 of idle hosts' energy, 0 of moving its data)" in story
    assert "22.5 g CO2eq" in story
    assert cli("explain", "run", "t1").stdout == story
    missing = cli("explain", "run", "99")
    assert missing.returncode == 2 and "this run has the tasks 0 to 6" in missing.stderr


def test_listings_name_what_a_scenario_may_name(cli: Cli) -> None:
    assert {line.split()[0] for line in cli("policies").stdout.splitlines()} >= {
        "greensched", "local-only", "lowest-carbon", "performance", "random",
    }  # fmt: skip
    assert {line.split()[0] for line in cli("predictors").stdout.splitlines()} >= {"analytic", "oracle", "xgboost"}


def test_doctor_without_a_world(cli: Cli) -> None:
    done = cli("doctor", env={"GREENSCHED_JAR": "/nowhere/greensched.jar"})
    assert done.returncode == 3
    assert "! world" in done.stdout and "GREENSCHED_JAR names no file" in done.stdout
