"""The quickstart is run as written: its scenario, its commands, its Python."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from greensched.truths import amounts, effects, roofline
from greensched.truths.splits import SPLITS
from tests.conftest import Cli, cli_environment

LINK = re.compile(r"\]\(([^)#:]+)\)")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.mark.java
@pytest.mark.usefixtures("world_jar")
def test_the_quickstart_works_as_written(cli: Cli, root: Path, tmp_path: Path) -> None:
    text = (root / "docs" / "quickstart.md").read_text(encoding="utf-8")
    (scenario,) = blocks(text, "yaml")
    (tmp_path / "two-regions.yml").write_text(scenario)
    commands = [line for block in blocks(text, "sh") for line in block.splitlines()]
    assert len(commands) == 4
    for line in commands:
        done = cli(*shlex.split(line)[1:])
        assert done.returncode == 0, f"{line}\n{done.stderr}"
    (code,) = blocks(text, "python")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "oslo" in done.stdout


@pytest.mark.java
@pytest.mark.usefixtures("world_jar")
def test_the_page_on_notebooks_works_as_written(root: Path, tmp_path: Path) -> None:
    (scenario,) = blocks((root / "docs" / "quickstart.md").read_text(encoding="utf-8"), "yaml")
    (tmp_path / "two-regions.yml").write_text(scenario)
    cells = blocks((root / "docs" / "notebooks.md").read_text(encoding="utf-8"), "python")
    assert len(cells) == 5
    command = [sys.executable, "-c", "\n".join(cells)]
    done = subprocess.run(
        command, cwd=tmp_path, env=cli_environment(), capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == 0, done.stderr
    assert "oslo" in done.stdout
    assert "% less carbon than local-only" in done.stdout
    assert re.search(r"customer1/cloudlet6 +oslo +finished +90\.0", done.stdout)  # six of a minute on four cores
    written = {"two-regions.yml", "two-clouds.yml", "zones.yml"}
    assert {path.name for path in tmp_path.iterdir()} == written, "nothing else stays on disk"


@pytest.mark.java
@pytest.mark.usefixtures("world_jar")
def test_the_page_on_faults_works_as_written(cli: Cli, root: Path, tmp_path: Path) -> None:
    text = (root / "docs" / "faults.md").read_text(encoding="utf-8")
    (scenario,) = blocks(text, "yaml")
    (tmp_path / "stormy-days.yml").write_text(scenario)
    (command,) = (line for block in blocks(text, "sh") for line in block.splitlines())
    done = cli(*shlex.split(command)[1:])
    assert done.returncode == 0, done.stderr
    assert "interruptions" in done.stdout
    jobs = pd.read_parquet(tmp_path / "runs" / "stormy" / "jobs.parquet")
    assert (jobs["state"] == "finished").all()
    again = jobs[jobs["attempts"] > 1]
    assert (again["first_start_s"] < again["start_s"]).all()
    assert np.allclose(again["wait_s"], again["first_start_s"] - again["arrival_s"])
    told = cli("explain", "runs/stormy", str(again["task"].iloc[0]))
    assert f"interrupted {again['attempts'].iloc[0] - 1} times as its host failed" in told.stdout
    assert "What broke" in (tmp_path / "runs" / "stormy" / "report.html").read_text(encoding="utf-8")
    assert pd.read_parquet(tmp_path / "runs" / "stormy" / "hosts.parquet")["down_s"].gt(0).any()


@pytest.mark.java
@pytest.mark.usefixtures("world_jar")
def test_the_page_on_advisories_works_as_written(cli: Cli, root: Path, tmp_path: Path) -> None:
    text = (root / "docs" / "advisories.md").read_text(encoding="utf-8")
    (scenario,) = blocks(text, "yaml")
    (tmp_path / "announced.yml").write_text(scenario)
    (tmp_path / "listener.py").write_text(*blocks(text, "python"))
    for command in (line for block in blocks(text, "sh") for line in block.splitlines()):
        done = cli(*shlex.split(command)[1:])
        assert done.returncode == 0, done.stderr
    run = tmp_path / "runs" / "announced"
    jobs = pd.read_parquet(run / "jobs.parquet")
    assert (jobs["state"] == "finished").all()
    assert (jobs["attempts"] == 1).all(), "nothing is interrupted"
    told = pd.read_parquet(tmp_path / "tables" / "advisory.parquet")
    assert len(told) >= 4
    assert told["text"].str.startswith("TEPCO asks us").sum() == 1
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "What operators announced" in page
    assert "TEPCO asks us to shed load" in page
    assert "What broke" not in page
    hosts = pd.read_parquet(run / "hosts.parquet")
    gone = hosts[(hosts["dc"] == "tokyo") & (hosts["type"] == "xeon-2019")] if "type" in hosts else hosts
    assert gone["down_s"].gt(0).any()
    listener = json.loads((tmp_path / "runs/listener/summary.json").read_text())
    assert (listener["status"], listener["policy"]) == ("completed", "listener:Listener")
    plain = cli("run", "announced.yml", "--policy", "lowest-carbon", "--out", "plain", "--no-report")
    assert plain.returncode == 0
    assert (
        listener["decision_log_sha256"]
        != json.loads((tmp_path / "plain/summary.json").read_text())["decision_log_sha256"]
    )


@pytest.mark.java
@pytest.mark.usefixtures("world_jar")
def test_the_page_on_the_generator_works_as_written(cli: Cli, root: Path, tmp_path: Path) -> None:
    text = (root / "docs" / "generator.md").read_text(encoding="utf-8")
    scenario, hybrid = blocks(text, "yaml")
    (tmp_path / "words.yml").write_text(scenario)
    reader, score = blocks(text, "python")
    (tmp_path / "reader.py").write_text(reader)
    for command in (line for block in blocks(text, "sh") for line in block.splitlines()):
        done = cli(*shlex.split(command)[1:])
        assert done.returncode == 0, done.stderr
    jobs = pd.read_parquet(tmp_path / "runs/words/jobs.parquet")
    assert jobs["description"].str.len().gt(10).all()
    assert "synthetic" in (tmp_path / "runs/words/report.html").read_text(encoding="utf-8")
    assert {p.name for p in tmp_path.iterdir()} - {"__pycache__"} == {
        "words.yml", "reader.py", "runs", "jobs", "grid", "model",
    }  # fmt: skip
    done = subprocess.run([sys.executable, "-c", score], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    errors = {line.split()[0]: float(line.split()[-1]) for line in done.stdout.splitlines()}
    assert errors.keys() == {"xgboost", "reader"}
    assert all(0 < error < 2 for error in errors.values())
    told = cli("explain", "runs/words", "0").stdout
    assert jobs["description"].iloc[0] in told
    assert yaml.safe_load(hybrid)["workload"]["source"] == "hybrid"
    # the parameters that the page names
    assert (effects.HEAT_GPU_PER_C, effects.HEAT_VECTOR_PER_C, effects.STRAGGLER_SHARE) == (0.006, 0.003, 0.003)
    assert (roofline._SCALING_LOSS, amounts.DRY_RUN_FRAC, effects._STRAGGLER_LEAST) == (0.04, 0.01, 0.08)
    floor = effects.NoiseFloor()
    assert (floor.time_sigma, floor.energy_sigma, round(floor.power_sigma, 4)) == (0.015, 0.02, 0.0132)
    assert set(re.findall(r"^\| `([a-z-]+)` \|", text, re.M)) == set(SPLITS)


@pytest.mark.java
@pytest.mark.usefixtures("world_jar")
def test_the_page_on_learning_works_as_written(cli: Cli, root: Path, tmp_path: Path) -> None:
    pytest.importorskip("xgboost")
    text = (root / "docs" / "learning.md").read_text(encoding="utf-8")
    (scenario,) = blocks(text, "yaml")
    (tmp_path / "learning.yml").write_text(scenario)
    said = []
    for command in (line for block in blocks(text, "sh") for line in block.splitlines()):
        done = cli(*shlex.split(command)[1:])
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        said.append(done.stdout)
    assert "promoted" in said[1]
    assert "*  0" in said[1]
    assert re.search(r"^loss +0\.\d+ +0\.\d+$", said[2], re.MULTILINE)
    assert re.fullmatch(r"0001-[0-9a-f]{10} serves\n", said[3])
    (code,) = blocks(text, "python")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "tasks went where the policy would not have sent them" in done.stdout


def test_the_page_on_cloudsim_files_is_valid_as_written(cli: Cli, root: Path, tmp_path: Path) -> None:
    text = (root / "docs" / "cloudsim-files.md").read_text(encoding="utf-8")
    cloud, second = blocks(text, "yaml")
    (tmp_path / "cloud.yml").write_text(cloud)
    alone = cli("validate", "cloud.yml")
    assert alone.returncode == 0, alone.stderr
    assert "no datacenter has a zone: carbon is a flat" in alone.stderr
    (tmp_path / "cloud.greensched.yml").write_text(second)
    done = cli("validate", "cloud.yml")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_page_on_signals_works_as_written(cli: Cli, root: Path, tmp_path: Path) -> None:
    text = (root / "docs" / "signals.md").read_text(encoding="utf-8")
    files = re.findall(r"<!-- file: (\S+) -->\n```csv\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert [name for name, _ in files] == ["DE_2022.csv", "prices.csv"]
    for name, content in files:
        (tmp_path / name).write_text(content, encoding="utf-8")
    commands = [line for block in blocks(text, "sh") for line in block.splitlines()]
    assert len(commands) == 5
    for line in commands:
        done = cli(*shlex.split(line)[1:])
        assert done.returncode == 0, f"{line}\n{done.stderr}"
    assert (tmp_path / "grid" / "DE.csv").read_text().splitlines() == [
        "ts,carbon_gpkwh,renewable_frac,price_per_kwh",
        "2022-06-06T00:00:00Z,352.1,0.551,0.2114",
        "2022-06-06T01:00:00Z,356.4,0.547,0.2049",
        "2022-06-06T02:00:00Z,359.0,0.544,",
    ]
    assert (tmp_path / "grid.svg").read_text().startswith("<svg")
    made = {path.name for path in (tmp_path / "synthetic").iterdir()}
    assert made == {"DE.csv", "GB.csv", "US-CAL-CISO.csv", "provenance.json", "datasheet.md"}
    (code,) = blocks(text, "python")
    (tmp_path / "mymodule.py").write_text(code, encoding="utf-8")
    done = cli(*shlex.split("signal fetch mymodule:Humidity --zone DE --from 2022-06-06T00:00Z --to 2022-06-07T00:00Z"),
               "--offline", "-o", "grid", env={"GREENSCHED_CACHE": str(tmp_path / "cache")})  # fmt: skip
    assert (
        "humidity: offline, and the cache has no reply to https://archive-api.open-meteo.com/v1/archive" in done.stderr
    )


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "docs/quickstart.md",
        "docs/notebooks.md",
        "docs/faults.md",
        "docs/advisories.md",
        "docs/generator.md",
        "docs/learning.md",
        "docs/cloudsim-files.md",
        "docs/java-library.md",
        "docs/traces.md",
        "docs/signals.md",
    ],
)
def test_links_lead_somewhere(root: Path, name: str) -> None:
    page = root / name
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{name}: {target}"


def test_the_optimiser_as_a_library_does_what_its_page_says(root: Path) -> None:
    text = (root / "docs" / "optimizer.md").read_text(encoding="utf-8")
    _, program = blocks(text, "python")
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=cli_environment(), capture_output=True, text=True, check=True)
    assert f"It prints `{done.stdout.strip()}`" in text


@pytest.mark.java
def test_ways_are_compared_as_the_page_of_the_optimiser_says(root: Path) -> None:
    """On a smaller scenario and with the predictor that needs no model."""
    pytest.importorskip("ortools")
    program, _ = blocks((root / "docs" / "optimizer.md").read_text(encoding="utf-8"), "python")
    assert program.count("scenarios/demo.yml") == program.count('"llm"') == 1
    program = program.replace("scenarios/demo.yml", "scenarios/minimal.yml").replace('"llm"', '"analytic"')
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=cli_environment(), cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(done.stdout.splitlines()) == 3
