"""cloudlets.parquet and its summary, on a folder written by hand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from greensched.cli import summary_table
from greensched.core.frames import write_frame
from greensched.report.page import write_report
from greensched.results.finish import finish
from greensched.results.metadata import write_json
from tests.results.synthetic_run import write_run, write_world

NAN = float("nan")
# VMs are the seven tasks of the synthetic run: finished, finished, rejected (never fits), running, failed, finished x 2
TASK = [-1, 0, 0, 2, 3, 3, 4]
REASON = ["it needs 9 cores, the largest VM of its customer has 2", "", "", "", "", "", ""]
STATE = [9, 7, 7, 4, 5, 4, 8]
START_S = [NAN, 5.0, 15.0, NAN, 40.0, NAN, 45.0]
FINISH_S = [NAN, 15.0, 65.0, NAN, NAN, NAN, NAN]


def write(folder: Path, *, ends: bool = True, **config: Any) -> Path:
    run = write_run(folder, **({"execution": "cloudsim"} | config))
    n = len(TASK)
    cloudlets = {
        "task": np.array(TASK, np.int64),
        "name": [f"Ana/x/cloudlet{i}" for i in range(n)],
        "length_mi": np.arange(1.0, n + 1),
        "pes": np.full(n, 2, np.int32),
        "delay_s": np.full(n, 30.0),
        "cpu_util_frac": np.ones(n),
        "reason": REASON,
    }
    write_frame(run / "input" / "hidden.gsf", "hidden", {}, {"cloudlets": cloudlets}, mode=0o600)
    if ends:
        write_ends(run, n)
    return run


def write_ends(run: Path, n: int) -> None:
    rows = {
        "state": np.array(STATE[:n], np.int32),
        "start_s": np.array(START_S[:n]),
        "finish_s": np.array(FINISH_S[:n]),
    }
    write_frame(run / "world" / "cloudlets.gsf", "cloudlets", {}, {"cloudlets": rows})


def test_every_cloudlet_has_its_end_or_the_reason_why_not(tmp_path: Path) -> None:
    run = write(tmp_path / "run")
    summary = finish(run)
    got = pq.read_table(run / "cloudlets.parquet").to_pydict()
    assert got["name"] == [f"Ana/x/cloudlet{i}" for i in range(7)]
    assert set(got["customer"]) == {"Ana/x"}
    assert got["vm"] == [None, "t0", "t0", "t2", "t3", "t3", "t4"]
    assert got["task"] == [None, 0, 0, 2, 3, 3, 4]
    assert got["dc"] == [None, "eu-1", "eu-1", None, "eu-1", "eu-1", "us-1"]
    assert got["host"] == [None, 0, 0, None, 1, 1, 0]
    assert got["state"] == ["rejected", "finished", "finished", "rejected", "running", "queued", "failed"]
    before = "the run ended before its VM did; give it a longer drain"
    assert got["reason"] == [
        *("it needs 9 cores, the largest VM of its customer has 2", "", ""),
        *("its VM was rejected: no host could ever hold it", before, before, "its VM was lost: crashed"),
    ]
    assert got["length_mi"] == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    assert (got["pes"], got["submission_delay_s"]) == ([2] * 7, [30.0] * 7)
    assert got["start_s"] == [None, 5.0, 15.0, None, 40.0, None, 45.0]
    assert got["finish_s"] == [None, 15.0, 65.0, None, None, None, None]
    assert summary["cloudlets"] == {
        "submitted": 7,
        "finished": 2,
        "unfinished": {
            before: 2,
            "it needs 9 cores, the largest VM of its customer has 2": 1,
            "its VM was rejected: no host could ever hold it": 1,
            "its VM was lost: crashed": 1,
        },
    }
    assert summary["damaged"] == {}


def test_after_a_crash_states_are_unknown_and_not_guessed(tmp_path: Path) -> None:
    run = write(tmp_path / "run", ends=False)
    write_world(run, status="running")
    summary = finish(run)
    got = pq.read_table(run / "cloudlets.parquet").to_pydict()
    assert got["state"] == ["rejected", *[None] * 6]
    assert got["reason"] == [REASON[0], *[None] * 6]
    assert summary["cloudlets"]["finished"] == 0
    assert summary["cloudlets"]["unfinished"]["the world was cut short"] == 6


@pytest.mark.parametrize("execution", ["exact", "cloudsim"])
def test_a_world_that_ended_well_without_its_table_is_damage(tmp_path: Path, execution: str) -> None:
    run = write(tmp_path / "run", ends=False, execution=execution)
    summary = finish(run)
    assert "world/cloudlets.gsf: missing" in summary["damaged"]["cloudlets"]
    assert summary["cloudlets"] is None
    assert not (run / "cloudlets.parquet").exists()


def test_tables_of_different_runs_do_not_go_together(tmp_path: Path) -> None:
    run = write(tmp_path / "run", ends=False)
    write_ends(run, 3)
    assert "3 rows for 7 cloudlets; the files are not of one run" in finish(run)["damaged"]["cloudlets"]


def test_a_run_without_cloudlets_has_no_such_table(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    summary = finish(run)
    assert summary["cloudlets"] is None
    assert not (run / "cloudlets.parquet").exists()


def test_a_file_whose_table_of_cloudlets_is_empty_is_no_damage(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", execution="cloudsim")
    columns = {"task": np.zeros(0, np.int64), "name": [], "reason": []}
    write_frame(run / "input" / "hidden.gsf", "hidden", {}, {"cloudlets": columns}, mode=0o600)
    summary = finish(run)
    assert (summary["damaged"], summary["cloudlets"]) == ({}, None)
    assert not (run / "cloudlets.parquet").exists()


def test_the_report_counts_and_lists_reasons(tmp_path: Path) -> None:
    def page(run: Path) -> str:
        return " ".join(re.sub("<[^>]+>", " ", write_report(run).read_text()).split())

    run = write(tmp_path / "run")
    summary = finish(run)
    text = page(run)
    assert "cloudlets finished 2 of 7; why not the others is said below" in text
    assert "Cloudlets that did not finish 5 of 7; cloudlets.parquet has a row for each. reason cloudlets" in text
    for reason, count in summary["cloudlets"]["unfinished"].items():
        assert f"{reason} {count}" in text
    many = {"submitted": 90, "finished": 2, "unfinished": {f"reason {i}": 4 for i in range(22)}}
    write_json(run / "summary.json", summary | {"cloudlets": many})
    assert "reason 19 4 2 other reasons 8" in page(run)
    write_json(run / "summary.json", summary | {"cloudlets": many | {"unfinished": {}}})
    assert "cloudlets finished 2 of 90" in page(run) and "did not finish" not in page(run)
    without = write_run(tmp_path / "without")
    finish(without)
    assert "cloudlet" not in page(without)


def test_the_terminal_counts_and_lists_reasons(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    summary_table._print_cloudlets(Console(width=200), finish(write(tmp_path / "run"))["cloudlets"])
    said = capsys.readouterr().out
    assert "cloudlets finished: 2 of 7" in said
    assert "2 not: the run ended before its VM did; give it a longer drain" in said
    many = {"submitted": 9, "finished": 2, "unfinished": {f"reason {i}": 1 for i in range(7)}}
    summary_table._print_cloudlets(Console(width=200), many)
    assert "and 2 other reasons, see cloudlets.parquet" in capsys.readouterr().out
