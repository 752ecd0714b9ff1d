"""CloudSim files on the command line: one document or several, a second file, both launchers."""

from __future__ import annotations

import json
import os
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
PATH_WITHOUT_US = os.pathsep.join(
    folder for folder in os.environ["PATH"].split(os.pathsep) if Path(folder) != Path(sys.executable).parent
)
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
    assert len(answer["warnings"]) == 1
    assert answer["warnings"][0].startswith("documents 1 and 2: cloud.yml: no datacenter has a zone: carbon is a flat")


def test_warnings_name_their_documents_and_are_said_once(cli: Cli, tmp_path: Path) -> None:
    more = PLAIN.replace("!vm {", "!vm {ident: 3, ")
    file(tmp_path, f"---\n{PLAIN}---\n{more}")
    said = [
        "greensched: warning: documents 1 and 2: cloud.yml: no datacenter has a zone: carbon is a flat ",
        "greensched: warning: document 2: cloud.yml:20  unknown key 'ident' of a vm",
    ]
    for command in (["validate"], ["prepare", "--out", "out"]):
        done = cli(command[0], "cloud.yml", *command[1:])
        assert done.returncode == 0, done.stderr
        lines = done.stderr.splitlines()
        assert len(lines) == 2
        assert all(line.startswith(start) for line, start in zip(lines, said, strict=True))
    assert cli("validate", "cloud.yml", "--document", "2").stderr.count("warning: document 2: ") == 2


@pytest.mark.java
@pytest.mark.usefixtures("world_jar")
def test_a_run_warns_as_prepare_does_and_its_report_has_the_whole_command(cli: Cli, tmp_path: Path) -> None:
    file(tmp_path, f"---\n{PLAIN}---\n{SECOND}")
    file(tmp_path, "datacenters: {datacenter1: {zone: DE}}\n", "my zones.yml")
    options = ["--with", "my zones.yml", "--policy", "performance", "--set", "seed=4"]
    done = cli("run", "cloud.yml", *options, "--baseline", "local-only", "--out", "out")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("warning: documents 1 and 2: start is not given") == done.stderr.count("warning") == 1
    again = "--with &#39;my zones.yml&#39; --policy performance --baseline local-only\n"
    page = (tmp_path / "out" / "2" / "report.html").read_text()
    assert f"greensched run cloud.yml --set seed=4 --document 2 {again}" in page
    single = cli("run", "cloud.yml", "--document", "1", *options, "--out", "one", "--no-report")
    assert single.stderr.count("warning: document 1: start is not given") == single.stderr.count("warning") == 1


@pytest.mark.java
@pytest.mark.usefixtures("world_jar")
def test_vms_without_cloudlets_are_a_run(cli: Cli, tmp_path: Path) -> None:
    file(tmp_path, PLAIN[: PLAIN.index("    cloudlets")])
    for execution in ("cloudsim", "exact"):
        done = cli("run", "cloud.yml", "--set", f"execution={execution}", "--out", execution, "--json")
        assert done.returncode == 0, done.stderr
        summary = json.loads(done.stdout)
        assert (summary["jobs_finished"], summary["damaged"], summary["cloudlets"]) == (1, {}, None)


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
    page = (tmp_path / "out" / "2" / "report.html").read_text()
    assert f"greensched run {scenario} --document 2 --baseline none\n" in page


@pytest.mark.java
def test_the_java_launcher_refuses_what_run_refuses(root: Path, world_jar: Path, tmp_path: Path) -> None:
    def jar(*arguments: str | Path, **environment: str) -> tuple[int, str]:
        done = subprocess.run(
            ["java", "-jar", str(world_jar), *map(str, arguments)], cwd=tmp_path, capture_output=True, text=True,
            env=cli_environment(**{"GREENSCHED_PYTHON": sys.executable} | environment), check=False,
        )  # fmt: skip
        return done.returncode, done.stderr

    several, plain = root.joinpath(*SAMPLES, "several.yml"), root / "scenarios" / "minimal.yml"
    file(tmp_path, "mine", "mine.txt")
    for scenario in (several, plain):
        code, said = jar(scenario, "--out", tmp_path)
        assert (code, "is not an empty folder" in said) == (2, True)
    for number in ("0", "-1", "3"):
        code, said = jar(several, "--document", number)
        assert (code, f"--document {number}: several.yml holds 2 documents" in said) == (2, True)
    for number in ("0", "1", "5"):
        code, said = jar(plain, "--document", number)
        assert (code, "--document: minimal.yml is a scenario" in said) == (2, True)
    code, said = jar(plain, "--out", "/proc/nope/out")
    assert (code, "--out /proc/nope/out: no folder can be made there" in said) == (2, True)
    code, said = jar(plain, GREENSCHED_PYTHON="/bin/false")
    assert (code, "GREENSCHED_PYTHON does not work: /bin/false" in said) == (3, True)
    code, said = jar(plain, GREENSCHED_PYTHON="", XDG_CACHE_HOME=str(tmp_path), PYTHONPATH="", PATH=PATH_WITHOUT_US)
    assert (code, "no Python with GreenSched was found" in said) == (3, True)
    assert not (tmp_path / "runs").exists()


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
