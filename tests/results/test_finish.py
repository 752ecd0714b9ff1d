"""finish on a folder whose numbers were worked out by hand (synthetic_run.py)."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from greensched.core.errors import DataError
from greensched.feedback.schema import TABLES
from greensched.results.finish import finish
from greensched.results.summary import job_counts, last_task_of_job
from tests.results.synthetic_run import slot_frame, write_run, write_world


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_run(tmp_path / "run")


def test_energy_and_carbon_by_hand(run: Path) -> None:
    summary = finish(run)
    # two slots of 800 g + 250 g in the facilities and 4 g of transfers
    assert summary["facility_carbon_kg"] == pytest.approx(2.1, rel=1e-12)
    assert summary["transfer_carbon_kg"] == pytest.approx(0.008, rel=1e-12)
    assert summary["carbon_kg"] == pytest.approx(2.108, rel=1e-12)
    assert summary["energy_kwh"] == pytest.approx(2 * (2 + 1) + 2 * 0.01, rel=1e-12)
    assert summary["mean_intensity_gpkwh"] == pytest.approx(2100 / 6, rel=1e-12)
    assert summary["pue"] == pytest.approx(6 / (4 / 1.2 + 2 / 1.1), rel=1e-12)
    assert [d["carbon_kg"] for d in summary["per_datacenter"]] == pytest.approx([1.6, 0.5])


def test_missing_is_null_and_never_zero(run: Path) -> None:
    summary = finish(run)
    assert summary["marginal_carbon_kg"] is None  # eu-1 has no marginal intensity
    assert summary["cost"] is None  # nor a price
    jobs = pq.read_table(run / "jobs.parquet").to_pydict()
    assert jobs["deadline_s"][2] is None
    assert jobs["late_s"][2:5] == [None, None, None]
    assert jobs["dc"][2] is None and jobs["host"][2] is None
    slots = pq.read_table(run / "datacenters.parquet").to_pydict()
    assert slots["solar_frac"] == [None] * 4
    assert slots["wind_frac"] == [None, 0.25, None, 0.25]


def test_sla_counts_by_hand(run: Path) -> None:
    summary = finish(run)
    # job 0 in time; 1 late; 2 rejected; 3 unfinished; 4 failed; 5 a pair whose last task is late
    assert summary["jobs_submitted"] == 6
    assert summary["jobs_finished"] == 3
    assert summary["jobs_late"] == 2
    assert (summary["jobs_rejected"], summary["jobs_failed"], summary["jobs_unfinished"]) == (1, 1, 1)
    assert summary["sla_violations"] == 5
    assert summary["sla_violation_rate"] == pytest.approx(5 / 6)
    assert sum(summary["tasks"].values()) == 7


def test_a_job_is_late_by_its_last_task_only() -> None:
    job = np.array([0, 0], dtype=np.int64)
    state = np.array([7, 7], dtype=np.int32)
    # the first task missed its own deadline, the last one made its: the job is in time
    counts = job_counts(job, state, np.array([50.0, 90.0]), np.array([40.0, 100.0]))
    assert counts["jobs_late"] == 0
    counts = job_counts(job, state, np.array([50.0, 101.0]), np.array([60.0, 100.0]))
    assert counts["jobs_late"] == 1


def test_tasks_that_never_arrived_were_not_submitted() -> None:
    counts = job_counts(
        np.array([0, 1], dtype=np.int64), np.array([7, -1], dtype=np.int32), np.array([1.0, np.nan]), np.full(2, np.nan)
    )
    assert counts["jobs_submitted"] == 1
    assert counts["sla_violations"] == 0


def test_last_task_ignores_those_without_an_end() -> None:
    last = last_task_of_job(np.array([0, 0, 1], dtype=np.int64), np.array([5.0, np.nan, np.nan]))
    assert last.tolist() == [0, 2]


def test_times_by_hand(run: Path) -> None:
    finish(run)
    jobs = pq.read_table(run / "jobs.parquet").to_pydict()
    assert jobs["wait_s"][1] == 10.0
    assert jobs["run_s"][1] == 60.5
    assert jobs["late_s"][1] == 20.5
    assert jobs["carbon_g"][1] == 22.5
    assert jobs["state"] == ["finished", "finished", "rejected", "running", "failed", "finished", "finished"]
    assert jobs["reason"][2] == "never_fits"
    assert jobs["name"][6] == "<b>ü</b>"
    assert jobs["source"][3] == "fallback"


def test_decisions_join_predictions_and_outcome(run: Path) -> None:
    said = [(0, 0.02, 60.0, 0.25), (3, 9.0, 9.0, 1.0), (77, 1.0, 1.0, 1.0)]
    with sqlite3.connect(run / "feedback.sqlite") as log:
        for statement in TABLES:
            log.execute(statement)
        log.executemany(
            "INSERT INTO decision (decision_id, energy_kwh, service_time_s, propensity) VALUES (?, ?, ?, ?)", said
        )
        log.execute("INSERT INTO answer (seq, t_s, asked, model) VALUES (0, 0.0, 3, 'abc')")
        log.execute("""INSERT INTO meta VALUES ('predictor', '"analytic"')""")
    log.close()
    assert finish(run)["predictor"] == "analytic"
    decisions = pq.read_table(run / "decisions.parquet").to_pydict()
    assert decisions["predicted_kwh"][0] == 0.02
    assert decisions["predicted_s"][0] == 60.0
    assert (decisions["propensity"][0], decisions["model"][0]) == (0.25, "abc")
    assert (decisions["propensity"][3], decisions["model"][3]) == (None, None)
    assert decisions["actual_kwh"][0] == pytest.approx(10 / 400)
    assert decisions["actual_s"][0] == 65.0
    # decision 3 was the fallback's: the mind's prediction under the same id is not its own
    assert decisions["predicted_kwh"][3] is None
    assert decisions["actual_kwh"][3] is None  # and its task has not finished
    assert decisions["action"][6] == "defer" and decisions["until_s"][6] == 3600.0
    assert decisions["code"][1] == "unsupported"


def test_a_damaged_feedback_log_costs_the_predictions_only(run: Path, caplog: pytest.LogCaptureFixture) -> None:
    (run / "feedback.sqlite").write_bytes(b"this is no database, whatever it says")
    assert finish(run)["jobs_finished"] == 3
    assert "feedback.sqlite: cannot be read as a feedback log" in caplog.text
    assert set(pq.read_table(run / "decisions.parquet").to_pydict()["predicted_kwh"]) == {None}


@pytest.mark.parametrize("content", ["{", "[]", "{}"])
def test_unreadable_metadata_is_written_anew(run: Path, content: str, caplog: pytest.LogCaptureFixture) -> None:
    (run / "metadata.json").write_text(content)
    finish(run)
    assert json.loads((run / "metadata.json").read_text())["status"] == "completed"
    assert "written anew" in caplog.text


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("world/world.json", "{}"),
        ("world/world.json", '{"status": "great"}'),
        ("world/world.json", '{"status": ["completed"]}'),
        ("world/world.json", '{"status": "completed", "totals": [], "latency_us": 3}'),
        ("input/run.json", "{}"),
        ("input/run.json", '{"run_id": 3}'),
    ],
)
def test_damaged_json_is_named(run: Path, file: str, content: str) -> None:
    (run / file).write_text(content)
    with pytest.raises(DataError, match=Path(file).name):
        finish(run)


def test_another_table_in_place_of_the_jobs_is_named(run: Path) -> None:
    (run / "world" / "jobs.gsf").write_bytes((run / "world" / "hosts.gsf").read_bytes())
    with pytest.raises(DataError, match=r"jobs\.gsf: not the table of jobs"):
        finish(run)


@pytest.mark.parametrize("left", [0, -100])
def test_slots_that_are_not_the_totals_of_a_completed_run_are_damage(run: Path, left: int) -> None:
    write_world(run, totals={"facility_kwh": 6.0, "carbon_g": 2100.0})
    assert finish(run)["facility_carbon_kg"] == pytest.approx(2.1)
    log = run / "world" / "datacenters.gsf"
    log.write_bytes(log.read_bytes()[:left])
    with pytest.raises(DataError, match=r"datacenters\.gsf: damaged: its facility_kwh sums to"):
        finish(run)
    write_world(run, status="running", totals={"facility_kwh": 6.0, "carbon_g": 2100.0})
    summary = finish(run)  # what a killed world leaves
    assert summary["status"] == "interrupted"
    assert summary["facility_carbon_kg"] == (None if left == 0 else pytest.approx(1.05))


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-8])


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[0] ^= 0xFF
    path.write_bytes(content)


def _swap(path: Path) -> None:
    path.write_bytes((path.parent / "datacenters.gsf").read_bytes())


@pytest.mark.parametrize("table", ["hosts", "decisions"])
@pytest.mark.parametrize("damage", [_cut, _flip, _swap, Path.unlink, lambda path: path.write_bytes(b"")])
def test_a_damaged_table_costs_itself_and_nothing_else(run: Path, table: str, damage: Callable[[Path], None]) -> None:
    write_world(run, decisions=7)
    whole = finish(run)
    assert whole["damaged"] == {}
    for path in run.glob("*.parquet"):
        path.unlink()
    damage(run / "world" / f"{table}.gsf")
    summary = finish(run)
    assert list(summary["damaged"]) == [table]
    assert f"world/{table}.gsf" in summary["damaged"][table] and "\n" not in summary["damaged"][table]
    assert {p.stem for p in run.glob("*.parquet")} == {"jobs", "datacenters", "decisions", "hosts"} - {table}
    lost = {"damaged"} | ({"decisions"} if table == "decisions" else set())
    assert {key for key in whole if whole[key] != summary[key]} == lost
    assert table == "hosts" or summary["decisions"] is None
    meta = json.loads((run / "metadata.json").read_text())
    assert (meta["status"], meta["damaged"]) == ("completed", summary["damaged"])


@pytest.mark.parametrize("cut", [1, 24, 200])
def test_a_torn_last_frame_loses_only_that_slot(run: Path, cut: int) -> None:
    path = run / "world" / "datacenters.gsf"
    path.write_bytes(slot_frame(1) + slot_frame(2)[:-cut])
    summary = finish(run)
    assert summary["facility_carbon_kg"] == pytest.approx(1.05, rel=1e-12)
    assert pq.read_table(run / "datacenters.parquet").num_rows == 2


def test_a_killed_world_reads_as_interrupted(run: Path) -> None:
    write_world(run, status="running")
    for name in ("hosts.gsf", "decisions.gsf"):
        (run / "world" / name).unlink()
    summary = finish(run)
    assert summary["status"] == "interrupted"
    assert "killed" in summary["reason"]
    assert json.loads((run / "metadata.json").read_text())["status"] == "interrupted"
    assert pq.read_table(run / "hosts.parquet").num_rows == 0
    assert pq.read_table(run / "jobs.parquet").num_rows == 7  # no finished task is lost


def test_a_world_killed_before_its_first_slot(run: Path) -> None:
    (run / "world" / "datacenters.gsf").unlink()
    write_world(run, status="running", sim_time_s=0.0)
    summary = finish(run)
    assert summary["carbon_kg"] is None and summary["energy_kwh"] is None  # not measured is not 0
    assert [d["carbon_kg"] for d in summary["per_datacenter"]] == [None, None]
    assert pq.read_table(run / "datacenters.parquet").num_rows == 0


def test_a_world_that_never_started_is_an_error_that_says_so(run: Path) -> None:
    for path in (run / "world").iterdir():
        path.unlink()
    with pytest.raises(DataError, match=r"jobs\.gsf: not found; the world ended before it began"):
        finish(run)


def test_files_of_two_runs_are_refused(run: Path, tmp_path: Path) -> None:
    from greensched.core.frames import read_frame, write_frame

    table = {
        name: np.asarray(values)[:3] for name, values in read_frame(run / "world" / "jobs.gsf").table("jobs").items()
    }
    write_frame(run / "world" / "jobs.gsf", "jobs", {"reasons": [""]}, {"jobs": table})
    with pytest.raises(DataError, match="3 rows for 7 tasks"):
        finish(run)


def test_no_run_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no input/run\.json"):
        finish(tmp_path)


def test_finishing_twice_gives_the_same(run: Path) -> None:
    first = finish(run)
    tables = {p.name: p.read_bytes() for p in run.glob("*.parquet")}
    assert finish(run) == first
    assert {p.name: p.read_bytes() for p in run.glob("*.parquet")} == tables


def test_checks_are_made_only_when_they_can_hold(run: Path) -> None:
    assert finish(run)["check_tasks_energy"] is None  # a task still runs


def test_summary_is_strict_json(run: Path) -> None:
    finish(run)
    text = (run / "summary.json").read_text()
    assert "NaN" not in text and "Infinity" not in text
    assert not any(isinstance(v, float) and math.isnan(v) for v in json.loads(text).values())


def test_the_summary_tells_what_the_scenario_sets_for_the_policy(tmp_path: Path) -> None:
    """Or greedy and batch could not be told apart."""
    block = {"name": "greensched", "optimizer": "batch", "ahead_h": 12.0, "predictor": {"name": "llm"}}
    write_run(tmp_path, policy=block)
    summary = finish(tmp_path)
    assert summary["policy"] == "greensched"
    assert summary["policy_options"] == {"optimizer": "batch", "ahead_h": 12.0}
