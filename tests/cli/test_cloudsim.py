"""CloudSim files on the command line: one document or several, a second file, both launchers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import greensched
from greensched.core.errors import ConfigError
from tests.conftest import Cli, cli_environment
from tests.scenario.cloudsim_files import PLAIN, file

SAMPLES = ("scenarios", "cloudsim")
SECOND = PLAIN.replace("length: 10000", "length: 20000")


def test_prepare_writes_a_folder_for_each_document(cli: Cli, tmp_path: Path) -> None:
    file(tmp_path, f"---\n{PLAIN}---\n{SECOND}")
    done = cli("prepare", "cloud.yml", "--out", "runs")
    assert done.returncode == 0, done.stderr
    folders = [json.loads(line)["run_folder"] for line in done.stdout.splitlines()]
    assert folders == [str(tmp_path / "runs" / n) for n in "12"]
    assert json.loads(done.stdout.splitlines()[1])["run_id"] == "cloud-2-s0"
    one = cli("prepare", "cloud.yml", "--out", "only", "--document", "2")
    assert json.loads(one.stdout)["run_folder"] == str(tmp_path / "only")
    assert (tmp_path / "only" / "input" / "run.json").read_bytes() == (
        tmp_path / "runs" / "2" / "input" / "run.json"
    ).read_bytes()


def test_nothing_is_prepared_if_a_document_cannot_run(cli: Cli, tmp_path: Path) -> None:
    file(tmp_path, f"---\n{PLAIN}---\n{PLAIN.replace('pes: 2', 'pes: two')}")
    done = cli("prepare", "cloud.yml", "--out", "runs")
    assert done.returncode == 2
    assert "greensched: document 2: 1 problem in the scenario:" in done.stderr
    assert "cloud.yml:20  customers[0].vms[0].pes: expected a whole number, got 'two'" in done.stderr
    assert not (tmp_path / "runs").exists()
    run = cli("run", "cloud.yml", "--out", "runs")
    assert run.returncode == 2
    assert "document 2: 1 problem" in run.stderr
    assert not (tmp_path / "runs").exists()


def test_validate_says_what_each_document_is(cli: Cli, tmp_path: Path) -> None:
    file(tmp_path, f"---\n{PLAIN}---\n{SECOND}")
    done = cli("validate", "cloud.yml")
    assert done.stdout == (
        "cloud.yml, document 1: valid (1 datacenters)\ncloud.yml, document 2: valid (1 datacenters)\n"
    )
    answer = json.loads(cli("validate", "cloud.yml", "--json").stdout)
    assert answer["documents"] == 2
    assert len(answer["warnings"]) == 2


def test_a_second_file_is_named_with_with(cli: Cli, tmp_path: Path) -> None:
    file(tmp_path, PLAIN)
    file(tmp_path, "datacenters: {datacenter1: {zone: DEE}}\n", "zones.yml")
    done = cli("validate", "cloud.yml", "--with", "zones.yml")
    assert done.returncode == 2
    assert "zones.yml:1  datacenters[0].zone: unknown zone 'DEE'" in done.stderr


def test_python_asks_for_one_document(tmp_path: Path) -> None:
    path = file(tmp_path, f"---\n{PLAIN}---\n{SECOND}")
    with pytest.raises(ConfigError, match=r"cloud.yml holds 2 scenarios; name one of them: document=1 to 2"):
        greensched.simulate(path)


@pytest.mark.java
@pytest.mark.usefixtures("world_jar")
@pytest.mark.parametrize("execution", ["cloudsim", "exact"])
def test_run_plays_every_document_into_a_folder_of_its_own(
    cli: Cli, root: Path, tmp_path: Path, execution: str
) -> None:
    scenario = root.joinpath(*SAMPLES, "several.yml")
    done = cli("run", scenario, "--set", f"execution={execution}", "--out", "out", "--json")
    assert done.returncode == 0, done.stderr
    summaries = [json.loads(line) for line in done.stdout.splitlines()]
    assert [s["run_folder"] for s in summaries] == ["out/1", "out/2"]
    assert [s["scenario"] for s in summaries] == ["several-1", "several-2"]
    assert [s["jobs_finished"] for s in summaries] == [2, 2]
    assert [s["cloudlets"] for s in summaries] == [{"submitted": 4, "finished": 4, "unfinished": {}}] * 2
    ends = [max(pq.read_table(tmp_path / "out" / n / "jobs.parquet")["finish_s"].to_pylist()) for n in "12"]
    assert ends == [240.0, 120.0]  # two VMs of two minutes, one after the other and side by side


@pytest.mark.java
def test_the_java_launcher_plays_every_document_as_well(root: Path, world_jar: Path, tmp_path: Path) -> None:
    scenario = root.joinpath(*SAMPLES, "several.yml")
    done = subprocess.run(
        ["java", "-jar", str(world_jar), str(scenario), "--out", "out"],
        cwd=tmp_path, env=cli_environment(GREENSCHED_PYTHON=sys.executable), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    summaries = [json.loads((tmp_path / "out" / n / "summary.json").read_text()) for n in "12"]
    assert [s["jobs_finished"] for s in summaries] == [2, 2]
    assert [s["cloudlets"]["finished"] for s in summaries] == [4, 4]


@pytest.mark.java
@pytest.mark.usefixtures("world_jar")
@pytest.mark.parametrize("name", ["two-datacenters", "old-names", "with-zones"])
def test_both_execution_models_end_every_cloudlet_at_the_same_time(
    cli: Cli, root: Path, tmp_path: Path, name: str
) -> None:
    scenario = root.joinpath(*SAMPLES, f"{name}.yml")
    tables, carbon_kg = [], []
    for execution in ("exact", "cloudsim"):
        done = cli("run", scenario, "--set", f"execution={execution}", "--out", execution, "--json", "--no-report")
        assert done.returncode == 0, done.stderr
        carbon_kg.append(json.loads(done.stdout)["carbon_kg"])
        tables.append(pq.read_table(tmp_path / execution / "cloudlets.parquet").to_pandas())
    exact, cloudsim = tables
    for column in ("name", "vm", "dc", "host", "state", "reason"):
        assert exact[column].equals(cloudsim[column]), column
    assert exact["reason"].eq("").sum() == exact["state"].eq("finished").sum() > 10
    assert exact["reason"].ne("").sum() == exact["state"].ne("finished").sum()
    for column in ("start_s", "finish_s"):
        assert (exact[column] - cloudsim[column]).abs().max() < 0.1, column
    assert carbon_kg[0] == pytest.approx(carbon_kg[1], rel=1e-3)


@pytest.mark.java
@pytest.mark.usefixtures("world_jar")
def test_a_file_with_zones_is_compared_with_its_baseline(cli: Cli, root: Path, tmp_path: Path) -> None:
    scenario = root.joinpath(*SAMPLES, "with-zones.yml")
    done = cli("run", scenario, "--out", "out", "--json", "--no-report")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert (summary["policy"], summary["baseline"]["policy"]) == ("greensched", "local-only")
    assert summary["savings"]["tasks_carbon_pct"] > 0.0
    assert summary["jobs_late"] == 0
