"""What ``greensched.simulate`` takes for values of a scenario, and what it refuses before anything runs."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

import greensched
from greensched.cli import arguments
from greensched.core.errors import GreenSchedError
from greensched.predictors.analytic import AnalyticPredictor
from tests.cli.test_simulate import MINIMAL, SCENARIO
from tests.conftest import ROOT, cli_environment
from tests.scenario.cloudsim_files import PLAIN, file

SAMPLE = ROOT / "scenarios" / "cloudsim" / "two-datacenters.yml"
START = "2022-06-06T00:00:00Z"
EAST = timezone(timedelta(hours=2))


def elsewhere(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Go to another folder and take this checkout along, whatever PYTHONPATH says about it."""
    monkeypatch.setenv("PYTHONPATH", cli_environment()["PYTHONPATH"])
    monkeypatch.chdir(folder)


@pytest.mark.parametrize(
    ("given", "same"),
    [
        (np.int64(7), 7),
        (np.float64(0.5), 0.5),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (np.str_("x"), "x"),
        ((1, [np.int8(2)]), [1, [2]]),
        ({"a": {"b": np.int32(1)}}, {"a": {"b": 1}}),
        (Path("jobs.csv"), "jobs.csv"),
        (None, None),
        (datetime(2022, 6, 6), START),
        (datetime(2022, 6, 6, 2, tzinfo=EAST), START),
        (datetime(2022, 6, 6, 0, 0, 0, 5, UTC), "2022-06-06T00:00:00.000005Z"),
        (pd.Timestamp("2022-06-06"), START),
        (pd.Timestamp("2022-06-06T02:00", tz=EAST), START),
        (np.datetime64("2022-06-06T00:00"), START),
        (timedelta(hours=36), "36h"),
        (pd.Timedelta("90s"), "90s"),
        (pd.Timedelta("1us"), "1us"),
        (np.timedelta64(5, "m"), "5min"),
        (pd.Timedelta(0), "0s"),
    ],
)
def test_what_python_has_for_a_value_becomes_that_of_a_file(given: Any, same: Any) -> None:
    got = arguments.plain(given, "x")
    assert got == same
    assert type(got) is type(same)


@pytest.mark.parametrize(
    "given",
    [
        object(), {1}, b"x", 1j, float("nan"), np.inf, pd.NaT, pd.NA, np.datetime64("NaT"), np.timedelta64(1, "M"),
        np.timedelta64(1), pd.Timestamp("2022-06-06T00:00:00.000000001"), np.ones(2), pd.Series([1]), pd.DataFrame(),
        date(2022, 6, 6), {1: 2}, {False: "x"}, "\ud800", lambda: 0, datetime.min.replace(tzinfo=EAST),
    ],
    ids=lambda given: type(given).__name__,
)  # fmt: skip
def test_what_stands_for_no_value_or_for_several_is_refused_at_its_place(given: Any) -> None:
    with pytest.raises(GreenSchedError, match=r"^overrides\['a.b'\]\['c'\]\[1\]: expected .*got ") as refused:
        arguments.overrides(None, {"a.b": {"c": [0, given]}})
    assert "\n" not in str(refused.value)


def test_something_that_holds_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(GreenSchedError, match="nested too deeply"):
        arguments.plain(loop, "scenario")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"scenario": 3}, "scenario: expected a scenario file, or its content as a dictionary, got int 3"),
        ({"scenario": None}, "scenario: expected a scenario file, or its content as a dictionary, got None"),
        ({"scenario": pd.DataFrame({"a": [1]})}, "as a dictionary, got DataFrame"),
        ({"scenario": "greensched: 1\nname: x\n"}, "of YAML text give yaml.safe_load"),
        ({"scenario": SCENARIO | {"name": {1, 2}}}, "scenario['name']: expected a value as in a scenario file"),
        ({"policy": 3}, "policy: expected a name, or a dictionary with name and options, got int 3"),
        ({"policy": {"name": object}}, "policy['name']: expected a value"),
        ({"overrides": 3}, "overrides: expected a dictionary of values by their path, as in {'workload.jobs': 1000}"),
        ({"overrides": ["seed=1"]}, "1000}, got list ['seed=1']"),
        ({"overrides": "seed=1"}, "1000}, got str 'seed=1'"),
        ({"overrides": {3: 4}}, "overrides: expected a path such as workload.jobs or datacenters[0].pue as key"),
        ({"overrides": {"a b": 4}}, "as key, got str 'a b'"),
        ({"bridge": "foo"}, "bridge: expected 'jpype' or 'py4j', got str 'foo'"),
        ({"bridge": None}, "bridge: expected 'jpype' or 'py4j', got None"),
        ({"predictor": "foo"}, "predictor: expected an object, got str 'foo'; by its name it goes into the policy"),
        ({"predictor": 3}, "predictor: expected an object with name, version, start, predict"),
        ({"predictor": AnalyticPredictor}, "got the class AnalyticPredictor; give AnalyticPredictor()"),
        ({"baseline": 3}, "baseline: expected the name of a policy, or None, got int 3"),
        ({"data": 3}, "data: expected a folder, or None, got int 3"),
        ({"out": 3}, "out: expected a new folder, or None, got int 3"),
        ({"second": 3}, "second: expected a file, or None, got int 3"),
        ({"document": 0}, "document: expected a whole number from 1, or None for the only one, got int 0"),
        ({"document": 1.0}, "document: expected a whole number from 1"),
        ({"document": True}, "document: expected a whole number from 1"),
    ],
)
def test_an_argument_of_a_wrong_kind_is_named_before_anything_runs(
    changed: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("subprocess.run", lambda *_, **__: pytest.fail("something runs"))
    with pytest.raises(GreenSchedError) as refused:
        greensched.simulate(**{"scenario": MINIMAL, **changed})
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"seed": -1}, "scenario  seed: "),
        ({"horizn": "6h"}, "scenario  horizn: unknown key 'horizn'"),
        ({"workload": {"source": "file", "file": "no.csv"}}, "scenario  workload.file: no file 'no.csv' inside "),
        ({"policy": {"name": "performance", "predictor": "nowhere:X"}}, "cannot import 'nowhere'"),
        ({"signals": {"source": "csv", "folder": "grids"}}, "scenario  signals.folder: no folder 'grids' inside "),
    ],
)
def test_errors_of_a_dictionary_point_to_nothing_that_is_gone(
    changed: dict[str, Any], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere(tmp_path, monkeypatch)
    with pytest.raises(GreenSchedError) as refused:
        greensched.simulate({**SCENARIO, **changed})
    text = str(refused.value)
    assert said in text
    assert "greensched-" not in text.replace(str(tmp_path), "")
    assert ".yml" not in text


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"overrides": {"workload.jobs": "x"}}, "overrides['workload.jobs']  workload.jobs: wrong type"),
        ({"overrides": {"datacenters[7].pue": 1.2}}, "overrides['datacenters[7].pue']: datacenters has "),
        ({"policy": "nobody"}, "policy  policy.name: unknown policy 'nobody'"),
        ({"baseline": "nobody"}, "baseline: no policy 'nobody'"),
        ({"document": 1}, "document: minimal.yml is a scenario"),
        ({"second": "x.yml"}, "second: minimal.yml is a scenario"),
        ({"scenario": SAMPLE, "document": 5}, "document=5: two-datacenters.yml holds 1 document, expected 1"),
        ({"scenario": SAMPLE, "second": "x.yml"}, "x.yml: cannot be read"),
        ({"out": "/proc/nope/out"}, "out=/proc/nope/out: no folder can be made there"),
        ({"out": ROOT}, f"out={ROOT}: exists and is not an empty folder"),
        ({"overrides": {"signals.source": "data"}}, "source data needs a folder: run with data=DIR"),
    ],
)
def test_errors_name_arguments_and_not_options(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(GreenSchedError) as refused:
        greensched.simulate(**{"scenario": MINIMAL, **changed})
    assert said in str(refused.value)
    assert "--" not in str(refused.value)


@pytest.mark.java
@pytest.mark.usefixtures("world_jar")
def test_a_dictionary_read_by_yaml_runs_with_files_of_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere(tmp_path, monkeypatch)
    (tmp_path / "jobs.csv").write_text("arrival_s,duration_s,cores\n0,60,1\n30,60,1\n")
    text = f"start: {START}\nworkload: {{source: file, file: jobs.csv}}\n"
    scenario = SCENARIO | yaml.safe_load(text)
    assert isinstance(scenario["start"], datetime)
    changes = {"horizon": pd.Timedelta("2h"), "seed": np.int64(5), "start": pd.Timestamp("2022-06-07", tz="UTC")}
    result = greensched.simulate(scenario, overrides=changes, out="kept")
    assert (len(result.jobs), result.summary["seed"]) == (2, 5)
    assert (result.summary["start_utc"], result.summary["horizon_s"]) == ("2022-06-07T00:00:00Z", 7200.0)
    assert len(result.cloudlets) == 0
    assert {"customer", "vm", "state", "finish_s"} <= set(result.cloudlets.columns)
    assert "greensched run kept/input/scenario.yml --set " in Path("kept/report.html").read_text()


@pytest.mark.java
@pytest.mark.usefixtures("world_jar")
def test_cloudlets_are_a_data_frame(tmp_path: Path) -> None:
    result = greensched.simulate(SAMPLE)
    assert result.cloudlets["state"].eq("finished").sum() == result.summary["cloudlets"]["finished"] > 0
    none = file(tmp_path, PLAIN[: PLAIN.index("    cloudlets")])
    result = greensched.simulate(none)
    assert (result.summary["status"], result.summary["damaged"], len(result.cloudlets)) == ("completed", {}, 0)
