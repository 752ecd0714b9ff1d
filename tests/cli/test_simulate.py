"""``greensched.simulate``: a run as data frames."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import greensched
from greensched.core.errors import ConfigError, GreenSchedError
from greensched.core.types import Observation, Options, Predictions, TaskTable
from greensched.predictors.analytic import AnalyticPredictor
from tests.conftest import ROOT, Cli, cli_environment

pytestmark = pytest.mark.java

MINIMAL = ROOT / "scenarios" / "minimal.yml"
SCENARIO: dict[str, Any] = {
    "greensched": 1, "name": "mine", "start": "2022-06-06T00:00:00Z", "horizon": "6h", "seed": 3,
    "policy": {"name": "local-only"},
    "datacenters": [
        {"name": "frankfurt", "zone": "DE", "hosts": [{"type": "epyc-2021", "count": 2}]},
        {"name": "toronto", "zone": "CA-ON", "hosts": [{"type": "epyc-2021", "count": 2}]},
    ],
    "workload": {"source": "synthetic", "jobs": 60},
}  # fmt: skip


def test_three_lines_give_data_frames() -> None:
    result = greensched.simulate(MINIMAL, "lowest-carbon", overrides={"workload.jobs": 100})
    assert result.summary["status"] == "completed"
    assert len(result.jobs) == 100
    assert result.folder is None
    assert result.jobs["carbon_g"].sum() / 1000 == pytest.approx(result.summary["tasks_carbon_kg"], rel=1e-9)


def test_a_scenario_can_be_made_in_python_and_compared_with_a_baseline(tmp_path: Path) -> None:
    result = greensched.simulate(SCENARIO, {"name": "greensched"}, baseline="local-only", out=tmp_path / "kept")
    assert result.folder == tmp_path / "kept"
    assert (tmp_path / "kept" / "report.html").is_file()
    assert json.loads((tmp_path / "kept" / "summary.json").read_text()) == result.summary
    assert result.summary["baseline"]["policy"] == "local-only"


def test_the_batch_optimiser_works_in_the_process_of_the_world(tmp_path: Path) -> None:
    """OR-Tools once was loaded in a thread of the JVM, whose state is gone after the call: the next one crashed."""
    pytest.importorskip("ortools")
    code = (
        "import json, sys, greensched\n"
        "from greensched.optimizers import exact\n"
        "asked, proven = [], exact.proven\n"
        "import greensched.optimizers.batch as batch\n"
        "batch.proven = lambda *a: asked.append(1) or proven(*a)\n"
        "scenario = json.loads(sys.argv[1])\n"
        "run = greensched.simulate(scenario, {'name': 'greensched', 'optimizer': 'batch'}, bridge='jpype')\n"
        "print(len(asked), run.summary['status'], run.summary['fallbacks'])\n"
    )
    scenario = SCENARIO | {"workload": {"source": "synthetic", "jobs": 600}}
    command = [sys.executable, "-c", code, json.dumps(scenario)]
    done = subprocess.run(command, env=cli_environment(), cwd=tmp_path, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr[-2000:]
    asked, status, fallbacks = done.stdout.split(maxsplit=2)
    assert (status, fallbacks.strip()) == ("completed", "{}")
    assert int(asked) > 0  # it was not all room enough


class Half(AnalyticPredictor):
    """Half of what physics says."""

    name = "half"

    def predict(self, observation: Observation, tasks: TaskTable, options: Options) -> Predictions:
        told = super().predict(observation, tasks, options)
        return Predictions(0.5 * told.energy_kwh, told.service_time_s, told.wait_s)


@pytest.mark.parametrize("bridge", ["jpype", "py4j"])
def test_a_predictor_is_an_object(bridge: Any) -> None:
    whole = greensched.simulate(SCENARIO, "performance", bridge=bridge)  # chooses by time alone
    half = greensched.simulate(SCENARIO, "performance", predictor=Half(), bridge=bridge)
    assert half.summary["predictor"] == "half"
    ratio = half.decisions["predicted_kwh"] / whole.decisions["predicted_kwh"]
    assert ratio.dropna().round(9).unique().tolist() == [0.5]


class Broken(AnalyticPredictor):
    """Fails at every question."""

    name = "broken"

    def predict(self, observation: Observation, tasks: TaskTable, options: Options) -> Predictions:
        raise KeyError("oops")


def test_a_mind_that_fails_is_not_passed_off_as_its_policy() -> None:
    with pytest.warns(RuntimeWarning, match=r"ended degraded: the mind failed first at .*oops"):
        result = greensched.simulate(SCENARIO, "greensched", predictor=Broken())
    assert result.summary["status"] == "degraded"


def test_mistakes_are_errors_that_say_where() -> None:
    with pytest.raises(GreenSchedError, match="did you mean 'lowest-carbon'"):
        greensched.simulate(SCENARIO, "lowest-carbn")
    with pytest.raises(GreenSchedError, match="no such scenario file"):
        greensched.simulate("nowhere.yml")
    with pytest.raises(ConfigError, match=r"scenario\['seed'\]: expected a value as in a scenario file: .* got object"):
        greensched.simulate(SCENARIO | {"seed": object()})
    with pytest.raises(GreenSchedError, match=r"predictor: expected an object with name, version, .* has no name, ver"):
        greensched.simulate(SCENARIO, "greensched", predictor=object())  # type: ignore[arg-type]


def test_the_command_line_takes_either_bridge(cli: Cli, tmp_path: Path) -> None:
    hashes = set()
    for bridge in ("py4j", "jpype"):
        out = tmp_path / bridge
        done = cli("run", MINIMAL, "--out", out, "--bridge", bridge, "--baseline", "none", "--no-report", "--json")
        assert done.returncode == 0, done.stderr
        hashes.add(json.loads((out / "world" / "world.json").read_text())["decision_log_sha256"])
    assert len(hashes) == 1
