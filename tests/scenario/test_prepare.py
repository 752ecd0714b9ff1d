"""The run folder that prepare writes, against bridge/PROTOCOL.md §2."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from greensched.core.errors import ConfigError
from greensched.core.frames import Frame, read_frame
from greensched.scenario import prepare as preparation
from greensched.scenario.load import load
from greensched.scenario.prepare import prepare
from greensched.scenario.yaml_lines import read as read_yaml
from greensched.traces.presets import presets
from tests.conftest import PEAK_KB
from tests.scenario.build import MINIMAL, write

ROOT = Path(__file__).resolve().parents[2]


def read(folder: Path) -> dict[str, Any]:
    """All of a run folder's input."""
    frames: dict[str, Any] = {
        name: read_frame(folder / "input" / f"{name}.gsf") for name in ("tasks", "hidden", "signals", "forecasts")
    }
    return frames | {"run": json.loads((folder / "input" / "run.json").read_text())}


def columns(frame: Frame, table: str) -> dict[str, Any]:
    return {k: (v if isinstance(v, np.ndarray) else list(v)) for k, v in frame.table(table).items()}


@pytest.fixture
def made(tmp_path: Path) -> dict[str, Any]:
    prepare(write(tmp_path), tmp_path / "run")
    return read(tmp_path / "run")


def test_run_json_is_complete_and_plain(made: dict[str, Any]) -> None:
    run = made["run"]
    assert run["run_id"] == "test-s0"
    assert re.fullmatch(r"[a-z0-9._-]{1,64}", run["run_id"])
    assert (run["horizon_us"], run["drain_us"], run["slot_us"]) == (21_600_000_000, 7_200_000_000, 300_000_000)
    assert run["start_utc"] == "2022-06-06T00:00:00Z"
    assert run["origins"] == [{"region": "asia-northeast", "home": 1}, {"region": "eu-central", "home": 0}]
    frankfurt = run["datacenters"][0]
    assert frankfurt["pue"] == {"model": "static", "value": 1.35}
    assert frankfurt["hosts"][0]["count"] == 2
    assert len(frankfurt["hosts"][0]["speed"]) == len(run["work_classes"]) == 4
    assert frankfurt["hosts"][0]["gpu_type"] == -1
    assert np.array(run["network"]["rtt_ms"]).shape == (2, 2)
    assert run["policy"]["name"] == "local-only"
    assert run["baseline"] == "local-only"


def test_tasks_are_sorted_dense_and_declared_only(made: dict[str, Any]) -> None:
    tasks = columns(made["tasks"], "tasks")
    assert set(tasks) == {
        "job", "index", "arrival_us", "deadline_us", "cores", "gpus", "gpu_type", "mem_gb", "data_gb", "origin",
        "priority", "expected_s", "name", "labels", "user",
    }  # fmt: skip
    assert len(tasks["job"]) == 200
    assert tasks["job"].tolist() == list(range(200))
    assert (np.diff(tasks["arrival_us"]) >= 0).all()
    assert 0 <= tasks["arrival_us"].min() <= tasks["arrival_us"].max() < made["run"]["horizon_us"]
    assert (tasks["deadline_us"] > tasks["arrival_us"]).all()
    assert (tasks["deadline_us"] < np.iinfo(np.int64).max).all()
    assert (tasks["gpus"] == 0).all()  # no datacenter has GPUs
    assert set(np.unique(tasks["origin"])) <= {0, 1}
    assert made["tasks"].meta["labels_synthetic"] is True
    assert "uniform(1.5, 6)" in made["tasks"].meta["deadline_rule"]


def test_hidden_truth_is_apart_and_private(made: dict[str, Any], tmp_path: Path) -> None:
    hidden = columns(made["hidden"], "hidden")
    assert set(hidden) == {"work_s", "work_class", "cpu_util_frac", "gpu_util_frac", "interference"}
    assert len(hidden["work_s"]) == 200
    assert stat.S_IMODE(os.stat(tmp_path / "run" / "input" / "hidden.gsf").st_mode) == 0o600
    assert not {"work_s", "cpu_util_frac"} & set(made["tasks"].table("tasks"))
    phases = columns(made["hidden"], "phases")
    assert (np.diff(phases["task"]) >= 0).all()


def test_signals_cover_the_run_on_the_slot_grid(made: dict[str, Any]) -> None:
    signals, meta = columns(made["signals"], "signals"), made["signals"].meta
    assert meta["step_us"] == 300_000_000
    assert len(signals["0.carbon_gpkwh"]) == 8 * 12
    hours = signals["1.carbon_gpkwh"].reshape(8, 12)
    assert (hours == hours[:, :1]).all()  # hold
    assert meta["labels"]["0.carbon_gpkwh"] == {
        "source": "GreenSched synthetic grid (statistics of 2022)",
        "synthetic": True,
        "estimated_frac": 0.0,
        "measure": "average",
        "factors": "lifecycle",
        "interpolation": "hold",
    }
    assert "0.marginal_gpkwh" not in signals


def test_linear_slots_keep_hourly_means(tmp_path: Path) -> None:
    for interpolation in ("hold", "linear"):
        path = write(tmp_path, signals={"interpolation": interpolation, "marginal": "synthetic"})
        prepare(path, tmp_path / interpolation)
    hold, linear = (columns(read(tmp_path / i)["signals"], "signals") for i in ("hold", "linear"))
    assert not np.array_equal(hold["0.carbon_gpkwh"], linear["0.carbon_gpkwh"])
    for name in hold:
        mean = linear[name].reshape(8, 12).mean(axis=1)
        np.testing.assert_allclose(mean, hold[name][::12], rtol=1e-9, atol=1e-12)
    assert hold["0.marginal_gpkwh"].min() > 0


def test_forecasts_are_sorted_and_carry_their_issue_time(made: dict[str, Any]) -> None:
    issues, values = columns(made["forecasts"], "issues"), columns(made["forecasts"], "values")["value"]
    meta = made["forecasts"].meta
    assert meta["synthetic"] is True
    order = np.lexsort((issues["kind"], issues["datacenter"], issues["issue_us"]))
    assert (order == np.arange(len(order))).all()
    assert np.unique(issues["issue_us"]).tolist() == [0, 21_600_000_000]
    assert (issues["first_us"] == issues["issue_us"]).all()
    assert (issues["offset"][1:] == np.cumsum(issues["count"])[:-1]).all()
    assert issues["count"].sum() == len(values)
    assert {meta["kinds"][k] for k in issues["kind"]} == {"carbon_gpkwh", "wind_frac", "solar_frac"}
    carbon = columns(made["signals"], "signals")["0.carbon_gpkwh"][0]
    first = values[issues["offset"][0]]
    assert first == pytest.approx(carbon, rel=0.25)
    assert first != carbon


def test_a_start_within_the_hour(tmp_path: Path) -> None:
    prepare(write(tmp_path, start="2022-06-06T00:20:00Z"), tmp_path / "run")
    late = read(tmp_path / "run")
    prepare(write(tmp_path), tmp_path / "whole")
    whole = columns(read(tmp_path / "whole")["signals"], "signals")["0.carbon_gpkwh"]
    assert np.array_equal(columns(late["signals"], "signals")["0.carbon_gpkwh"][:8], whole[4:12])
    assert columns(late["forecasts"], "issues")["first_us"][0] == -20 * 60 * 1_000_000


def test_forecasts_off(tmp_path: Path) -> None:
    prepare(write(tmp_path, signals={"forecasts": {"source": "none"}}), tmp_path / "run")
    assert len(columns(read(tmp_path / "run")["forecasts"], "issues")["issue_us"]) == 0


def contents(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in (folder / "input").iterdir() if p.suffix == ".gsf"}


def test_same_seed_same_bytes_other_seed_other_luck(tmp_path: Path) -> None:
    path = write(tmp_path)
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        prepare(path, tmp_path / name, [f"seed={seed}"])
    a, b, c = (contents(tmp_path / n) for n in "abc")
    assert a == b
    assert all(a[name] != c[name] for name in a)


def test_same_bytes_in_another_process(tmp_path: Path) -> None:
    path = write(tmp_path)
    prepare(path, tmp_path / "here")
    environment = os.environ | {"PYTHONHASHSEED": "77", "PYTHONPATH": str(ROOT / "python")}
    command = [sys.executable, "-m", "greensched", "prepare", str(path), "--out", str(tmp_path / "there")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert contents(tmp_path / "here") == contents(tmp_path / "there")
    last = json.loads(done.stdout.strip().splitlines()[-1])
    assert Path(last["run_folder"]) == (tmp_path / "there").resolve()
    assert last["tasks"] == 200


def test_command_line_reports_problems_with_exit_code_2(tmp_path: Path) -> None:
    path = write(tmp_path, seed=-1, horizon=5)
    environment = os.environ | {"PYTHONPATH": str(ROOT / "python")}
    for command in (["prepare", str(path), "--out", str(tmp_path / "run")], ["validate", str(path)]):
        done = subprocess.run(
            [sys.executable, "-m", "greensched", *command], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 2
        assert "2 problems in the scenario" in done.stderr
        assert "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()


def test_never_overwrites_and_never_leaves_half_an_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path)
    prepare(path, tmp_path / "run")
    before = contents(tmp_path / "run")
    with pytest.raises(ConfigError, match="exists already"):
        prepare(path, tmp_path / "run", ["seed=5"])
    assert contents(tmp_path / "run") == before

    def disk_full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(preparation.slots, "slot_columns", disk_full)
    with pytest.raises(OSError, match="No space"):
        prepare(path, tmp_path / "other")
    assert list((tmp_path / "other").iterdir()) == []


def test_provenance_says_where_everything_came_from(tmp_path: Path) -> None:
    prepare(write(tmp_path), tmp_path / "run", ["workload.jobs=10"])
    provenance = json.loads((tmp_path / "run" / "input" / "provenance.json").read_text())
    assert provenance["overrides"] == ["workload.jobs=10"]
    assert provenance["scenario"]["workload"]["jobs"] == 10
    assert provenance["scenario"]["horizon"] == "6h"
    assert provenance["workload"]["source"] == "GreenSched generator"
    assert provenance["data_folder"] is None
    assert (tmp_path / "run" / "input" / "scenario.yml").read_text() == (tmp_path / "s.yml").read_text()


def test_jobs_from_a_file_keep_their_values(tmp_path: Path) -> None:
    (tmp_path / "jobs.csv").write_text(
        "arrival_s,duration_s,cores,deadline_s,origin,name\n7200,60,2,7400,tokyo,late\n10,30,1,,frankfurt,early\n"
        "90000,30,1,,frankfurt,after the horizon\n"
    )
    path = write(tmp_path, workload={"source": "file", "file": "jobs.csv"})
    prepared = prepare(path, tmp_path / "run")
    tasks = columns(read(tmp_path / "run")["tasks"], "tasks")
    assert tasks["name"] == ["early", "late"]
    assert tasks["arrival_us"].tolist() == [10_000_000, 7_200_000_000]
    assert tasks["deadline_us"].tolist() == [np.iinfo(np.int64).max, 7_400_000_000]
    assert tasks["origin"].tolist() == [1, 0]  # eu-central after asia-northeast
    assert columns(read(tmp_path / "run")["hidden"], "hidden")["work_s"].tolist() == [30.0, 60.0]
    assert tasks["mem_gb"].tolist() == [4.0, 8.0]
    assert prepared.warnings == [
        "3 of 3 jobs of jobs.csv have no mem_gb and were given 4 GB per core",
        "1 jobs of jobs.csv arrive after the horizon and were left out",
    ]


def test_descriptions_of_a_file_follow_their_jobs(tmp_path: Path) -> None:
    (tmp_path / "jobs.csv").write_text("arrival_s,duration_s,cores,description\n7200,60,2,second é\n10,30,1,first\n")
    prepare(write(tmp_path, workload={"source": "file", "file": "jobs.csv"}), tmp_path / "run")
    assert columns(read(tmp_path / "run")["tasks"], "tasks")["description"] == ["first", "second é"]


def test_linear_interpolation_warns_that_now_hints_at_the_next_hour(tmp_path: Path) -> None:
    prepared = prepare(write(tmp_path, signals={"interpolation": "linear"}), tmp_path / "run")
    assert any("judge policies with hold" in warning for warning in prepared.warnings)


def test_runs_end_at_a_fixed_time_unless_the_scenario_says_otherwise(tmp_path: Path) -> None:
    prepare(write(tmp_path), tmp_path / "a")
    assert read(tmp_path / "a")["run"]["end"] == "fixed"
    prepare(write(tmp_path, end="drained"), tmp_path / "b")
    assert read(tmp_path / "b")["run"]["end"] == "drained"


def test_the_deadline_rule_says_that_it_knows_the_run_time(tmp_path: Path) -> None:
    prepare(write(tmp_path), tmp_path / "run")
    rule = read(tmp_path / "run")["tasks"].meta["deadline_rule"]
    assert "x true run time" in rule and "slack carries information about run time" in rule


def test_datacenters_of_one_region_share_an_origin(tmp_path: Path) -> None:
    twins = [{**MINIMAL["datacenters"][0], "name": n} for n in ("a", "b")]
    prepare(write(tmp_path, datacenters=twins), tmp_path / "run")
    run = read(tmp_path / "run")["run"]
    assert run["origins"] == [{"region": "eu-central", "home": 0}]
    assert run["network"]["rtt_ms"] == [[0.0, 5.0]]
    forecasts = read(tmp_path / "run")["forecasts"]
    issues, values = columns(forecasts, "issues"), columns(forecasts, "values")["value"]
    first = [values[o : o + c] for o, c in zip(issues["offset"][:6], issues["count"][:6], strict=True)]
    assert np.array_equal(first[0], first[3])  # one zone, one forecast


def test_origin_shares(tmp_path: Path) -> None:
    path = write(tmp_path, workload={"source": "synthetic", "jobs": 20_000, "origins": {"frankfurt": 1, "tokyo": 4}})
    prepare(path, tmp_path / "run")
    origin = columns(read(tmp_path / "run")["tasks"], "tasks")["origin"]
    assert (origin == 0).mean() == pytest.approx(0.8, abs=0.06)  # asia-northeast, where tokyo is


def test_the_order_of_datacenters_in_the_file_changes_no_job(tmp_path: Path) -> None:
    raw = read_yaml(ROOT / "scenarios" / "demo.yml")[0]
    twin = {**raw["datacenters"][2], "name": "a-twin", "hosts": [{"type": "t4-node", "count": 1}]}  # of frankfurt
    listed = [*raw["datacenters"], twin]
    runs = []
    for i, datacenters in enumerate((listed, listed[::-1], [*listed[3:], *listed[:3]])):
        changed = raw | {"datacenters": datacenters, "workload": raw["workload"] | {"jobs": 1000}}
        prepare(write(tmp_path, **changed), tmp_path / str(i))
        runs.append(read(tmp_path / str(i)))
    for run in runs[1:]:
        for name, table in (("tasks", "tasks"), ("hidden", "hidden"), ("hidden", "phases")):
            a, b = columns(runs[0][name], table), columns(run[name], table)
            assert all(
                np.array_equal(a[c], b[c], equal_nan=a[c].dtype.kind == "f")
                if isinstance(a[c], np.ndarray)
                else a[c] == b[c]
                for c in a
            )
        assert run["run"]["gpu_types"] == runs[0]["run"]["gpu_types"] == ["A100", "T4"]
        homes = [
            [(o["region"], r["datacenters"][o["home"]]["name"]) for o in r["origins"]]
            for r in (runs[0]["run"], run["run"])
        ]
        assert homes[0] == homes[1]
    assert ("eu-central", "a-twin") in homes[0]


def test_a_job_that_rounds_to_the_horizon_is_counted_as_late(tmp_path: Path) -> None:
    (tmp_path / "jobs.csv").write_text("arrival_s,duration_s,cores,mem_gb\n21599.9999999,5,1,1\n21599.999999,5,1,1\n")
    prepared = prepare(write(tmp_path, workload={"source": "file", "file": "jobs.csv"}), tmp_path / "run")
    assert prepared.tasks == 1
    assert prepared.warnings == ["1 jobs of jobs.csv arrive after the horizon and were left out"]


def test_the_wildest_laws_allowed_stay_within_64_bits(tmp_path: Path) -> None:
    laws = {
        "durations": {"max": "3660d", "sigma": 5.0, "tail_alpha": 0.1},
        "deadlines": {"low": 1e4, "high": 1e4},
        "owners": {"data_median_gb": 1e7, "data_sigma": 5.0, "estimate_sigma": 5.0},
        "arrivals": {"burstiness": 10.0, "burst_shares": [1e9, 0.0, 1e-9, 1.0], "batch_alpha": 0.1, "weekend": 1000.0},
    }
    path = write(tmp_path, workload={"source": "synthetic", "jobs": 20_000, **laws})
    with np.errstate(all="raise"):
        prepare(path, tmp_path / "run")
    tasks = columns(read(tmp_path / "run")["tasks"], "tasks")
    assert (tasks["deadline_us"] > tasks["arrival_us"]).all()
    assert tasks["deadline_us"].max() == 10**18
    assert tasks["data_gb"].max() == 1e7
    assert np.nanmax(tasks["expected_s"]) <= 1e12


def test_the_steepest_quantiles_stay_within_the_limits(tmp_path: Path) -> None:
    durations = {"quantiles": [[0.4999999, "1us"], [0.5, "3660d"]], "min": "0s", "max": "3660d"}
    with np.errstate(all="raise"):
        prepare(
            write(tmp_path, workload={"source": "synthetic", "jobs": 500, "durations": durations}), tmp_path / "run"
        )
    work_s = columns(read(tmp_path / "run")["hidden"], "hidden")["work_s"]
    assert 0.0 < work_s.min() <= work_s.max() <= 3660 * 86400.0


def test_a_workload_like_a_trace(tmp_path: Path) -> None:
    """Laws of the preset where the scenario says nothing, the scenario's own where it does."""
    path = write(tmp_path, workload={"source": "synthetic", "jobs": 20_000, "like": "azure-v1",
                                     "arrivals": {"diurnal": 0.0}, "durations": {"max": "2h"}})  # fmt: skip
    prepare(path, tmp_path / "run")
    said = json.loads((tmp_path / "run" / "input" / "provenance.json").read_text())["scenario"]["workload"]
    preset = presets()["azure-v1"]
    assert said["arrivals"]["diurnal"] == 0.0
    assert said["arrivals"]["peak_hour"] == preset.arrivals["peak_hour"]
    assert said["durations"]["max"] == "2h"
    assert len(said["durations"]["quantiles"]) == len(preset.quantiles)
    assert said["gpu_share"] == 0.0
    tasks = columns(read(tmp_path / "run")["tasks"], "tasks")
    assert (tasks["cores"] == 1).mean() == pytest.approx(0.58, abs=0.15)
    hidden = columns(read(tmp_path / "run")["hidden"], "hidden")
    assert hidden["work_s"].max() == pytest.approx(7200.0)
    assert np.median(hidden["work_s"]) == pytest.approx(1500.0, rel=0.35)
    own = write(tmp_path, workload={"source": "synthetic", "like": "azure-v1", "durations": {"median": "1h"}})
    assert load(own).scenario.workload.durations.quantiles == ()  # type: ignore[union-attr]


def test_no_rate_at_all_is_an_even_one(tmp_path: Path) -> None:
    weekend = {"source": "synthetic", "jobs": 50, "arrivals": {"weekend": 0.0}}
    with np.errstate(all="raise"):
        prepare(write(tmp_path, start="2022-06-11T06:00:00Z", horizon="2h", workload=weekend), tmp_path / "run")
    arrivals = columns(read(tmp_path / "run")["tasks"], "tasks")["arrival_us"]
    assert len(np.unique(arrivals // 600_000_000)) > 6  # of twelve spans of ten minutes


@pytest.mark.parametrize("name", ["demo", "minimal"])
def test_shipped_scenarios(tmp_path: Path, name: str) -> None:
    prepared = prepare(ROOT / "scenarios" / f"{name}.yml", tmp_path / "run")
    assert prepared.warnings == []
    assert 0.05 < prepared.offered_load_frac < 0.7
    if name == "minimal":
        assert len((ROOT / "scenarios" / "minimal.yml").read_text().splitlines()) < 25
    if name == "demo":
        run = read(tmp_path / "run")["run"]
        zones = {d["zone"] for d in run["datacenters"]}
        assert len(zones) == 6
        gpu_hosts = [sum(h["gpus"] * h["count"] for h in d["hosts"]) for d in run["datacenters"]]
        assert min(gpu_hosts) >= 8  # local-only can place every task at home, so savings compare equal work


@pytest.mark.slow
def test_a_million_tasks(tmp_path: Path) -> None:
    """Target: under 15 s and 1.5 GB, in a process of its own."""
    code = (
        "import sys; from pathlib import Path; from greensched.scenario.prepare import prepare;"
        "prepare(Path(sys.argv[1]), Path(sys.argv[2]), ['workload.jobs=1000000']);"
        f"print({PEAK_KB})"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT / "python")}
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code, str(write(tmp_path)), str(tmp_path / "run")],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert time.monotonic() - started < 15.0
    assert int(done.stdout) / 1e6 < 1.5
    assert len(read(tmp_path / "run")["tasks"].table("tasks")["job"]) == 1_000_000
