"""``greensched trace`` as a user meets it, and the way from a trace into a run's input."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import numpy as np
import pytest

from greensched.scenario import prepare
from greensched.traces import files, imported
from tests.conftest import Cli

SCENARIO = """
greensched: 1
name: imported
start: 2022-06-01T00:00:00Z
horizon: 1h
seed: 5
datacenters:
  - name: frankfurt
    zone: DE
    hosts: [{type: epyc-2021, count: 4}]
workload: {source: file, file: jobs.parquet%s}
policy: {name: local-only}
"""


def made(cli: Cli, folder: Path, name: str, *options: str) -> str:
    done = cli("trace", "formats", name, "--example", "raw")
    assert done.returncode == 0, done.stderr
    paths = [str(p) for p in sorted((folder / "raw").iterdir())]
    done = cli("trace", "import", name, *paths, "-o", "jobs.parquet", *options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_from_files_to_a_picture(cli: Cli, tmp_path: Path) -> None:
    said = made(cli, tmp_path, "google2011", "--deadlines", "uniform", "--seed", "7", "--machine-cores", "64")
    assert "rows read: 14, rows written: 3" in said and "assumed 64 cores and 128 GB" in said
    assert "seed 7" in said and "wrote jobs.parquet" in said
    done = cli("trace", "describe", "jobs.parquet")
    assert done.returncode == 0 and "3 rows" in done.stdout and "uniform(1.5, 6)" in done.stdout
    found = json.loads(cli("trace", "describe", "jobs.parquet", "--json").stdout)
    assert found["numbers"]["duration_s"]["missing_frac"] == pytest.approx(2 / 3)
    done = cli("trace", "plot", "jobs.parquet", "-o", "p.svg")
    assert done.returncode == 0 and (tmp_path / "p.svg").read_text().startswith("<svg")
    done = cli("trace", "formats")
    assert done.returncode == 0 and "swf " in done.stdout and "google2019 " in done.stdout


def test_faults_are_one_line_and_exit_code_2(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("5,,7,0,u,1,n,l\n5,,x,0,u,1,n,l\n")
    done = cli("trace", "import", "google2011", "a.csv", "-o", "jobs.parquet")
    assert done.returncode == 2 and not (tmp_path / "jobs.parquet").exists()
    assert done.stderr.startswith("greensched: a.csv:2: job_id is not a whole number: 'x'; expected")
    assert done.stderr.count("\n") == 1
    done = cli("trace", "import", "google2011", "a.csv", "-o", "jobs.parquet", "--lenient")
    assert done.returncode == 0 and "malformed, skipped: 1 job_id is not a whole number" in done.stdout
    assert "(first: a.csv:2)" in done.stdout
    for arguments, message in (
        (("import", "googel2011", "a.csv", "-o", "x"), "Did you mean 'google2011'"),
        (("import", "swf", "a.csv", "-o", "x", "--machine-cores", "4"), "gives demand in real units"),
        (("import", "google2011", "'*.gz'", "-o", "x"), "no such file"),
        (("describe", "a.csv"), "cannot be read as Parquet"),
        (("formats", "--example", "x"), "name the format"),
    ):
        done = cli("trace", *arguments)
        assert (done.returncode, done.stdout) == (2, "") and message in done.stderr


def test_a_scenario_reads_what_import_wrote(cli: Cli, tmp_path: Path) -> None:
    made(cli, tmp_path, "google2011")
    (tmp_path / "s.yml").write_text(SCENARIO % "")
    prepared = prepare.validate(tmp_path / "s.yml")
    said = "\n".join(prepared.problems.warnings)
    assert "2 of 3 jobs of jobs.parquet have no known arrival or run time and were left out" in said
    jobs = files.load(tmp_path / "jobs.parquet", {})
    assert jobs.arrival_s.tolist() == [100.0] and jobs.duration_s.tolist() == [30.0]
    assert jobs.cores.tolist() == [2.0] and jobs.priority.tolist() == [2] and np.isnan(jobs.deadline_s).all()
    assert jobs.name is not None and jobs.labels is not None and jobs.user is not None
    assert (jobs.name.decode(), jobs.user.decode()) == (["name2="], ["user2="])
    assert jobs.labels.decode() == ["class=0;logical=logical2="]  # nothing of how it ended
    (tmp_path / "late.yml").write_text(SCENARIO % ", window: {start: 1h}")
    with pytest.raises(Exception, match="no job arrives within the horizon"):
        prepare.validate(tmp_path / "late.yml")
    (tmp_path / "cut.yml").write_text(SCENARIO % ", window: {start: 90s, compress: 2}, max_duration: 20s")
    with pytest.raises(Exception, match="no job arrives"):
        prepare.validate(tmp_path / "cut.yml")


def test_what_a_trace_lacks_is_drawn_or_lifted_and_said(cli: Cli, tmp_path: Path) -> None:
    made(cli, tmp_path, "alibaba-gpu2020", "--deadlines", "lognormal")
    jobs = imported.load(tmp_path / "jobs.parquet", 1, ["A100"])
    said = "\n".join(jobs.notes)
    assert "2 jobs ask for GPUs of which no datacenter has any (MISC, V100): they take any" in said
    assert "1 of 3 jobs of jobs.parquet stand for several instances" in said and "deadlines of jobs.parquet" in said
    assert (jobs.gpu_type == -1).all() and np.isfinite(jobs.deadline_s).all()
    assert imported.load(tmp_path / "jobs.parquet", 1, ["MISC", "V100"]).gpu_type.tolist() == [-1, 1, 0]
    assert len(set(jobs.group.tolist())) == 2  # tasks of one job arrive together
    for path in (tmp_path / "raw").iterdir():
        path.unlink()
    made(cli, tmp_path, "azure-llm2023")
    with pytest.raises(Exception, match="none of its 2 jobs has a known arrival and a run time"):
        imported.load(tmp_path / "jobs.parquet", 1)


def test_the_page_on_traces_is_true(cli: Cli, root: Path, tmp_path: Path) -> None:
    """Every command of docs/traces.md, in order, in one folder; the scenario of the page is valid."""
    text = (root / "docs" / "traces.md").read_text(encoding="utf-8")
    blocks = text.split("```")[1::2]
    scenario = next(b.removeprefix("yaml\n") for b in blocks if b.startswith("yaml\n"))
    (tmp_path / "week.yml").write_text(scenario)
    commands = [line for b in blocks if b.startswith("sh\n") for line in b.splitlines()[1:] if line.strip()]
    assert len(commands) >= 6
    for command in commands:
        done = cli(*shlex.split(command)[1:])
        assert done.returncode == 0, f"{command}\n{done.stderr}"
