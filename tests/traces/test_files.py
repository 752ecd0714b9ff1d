"""Workload files: what is read, and every kind of bad row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from greensched.core.errors import DataError
from greensched.traces.files import load
from greensched.traces.table import UNSET_PRIORITY

HOMES = {"frankfurt": 0, "tokyo": 1}


def write(folder: Path, text: str) -> Path:
    path = folder / "jobs.csv"
    path.write_text(text)
    return path


def test_reads_everything(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "arrival_s,duration_s,cores,mem_gb,gpus,gpu_type,deadline_s,expected_s,data_gb,origin,priority,name,labels,user\n"
        "0,60,2,4,1,A100,100,50,0.5,tokyo,3,train it,team=a,ann\n"
        "5.5,7200,0.5,,,,,,,,,,,\n",
    )
    jobs = load(path, HOMES)
    assert jobs.arrival_s.tolist() == [0.0, 5.5]
    assert jobs.cores.tolist() == [2.0, 0.5]
    assert jobs.mem_gb.tolist() == [4.0, 2.0]  # 4 GB per core where the cell is empty
    assert jobs.notes == ["1 of 2 jobs of jobs.csv have no mem_gb and were given 4 GB per core"]
    assert jobs.gpus.tolist() == [1.0, 0.0]
    assert jobs.gpu_types == ("A100",)
    assert jobs.gpu_type.tolist() == [0, -1]
    assert jobs.deadline_s.tolist() == [100.0, np.inf]
    assert np.isnan(jobs.expected_s).tolist() == [False, True]
    assert jobs.origin.tolist() == [1, -1]
    assert jobs.data_gb[0] == 0.5 and np.isnan(jobs.data_gb[1])  # to be drawn
    assert jobs.priority.tolist() == [3, UNSET_PRIORITY]
    assert jobs.name is not None
    assert jobs.name.decode() == ["train it", ""]
    assert jobs.description is None


def test_reads_descriptions(tmp_path: Path) -> None:
    jobs = load(write(tmp_path, 'arrival_s,duration_s,cores,description\n0,60,2,"Trains it, again"\n1,60,2,\n'), HOMES)
    assert jobs.description is not None
    assert jobs.description.decode() == ["Trains it, again", ""]
    assert jobs.take(np.array([1, 0])).description.decode() == ["", "Trains it, again"]


def test_parquet_equals_csv(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"arrival_s": [0.0, 1.0], "duration_s": [10.0, 20.0], "cores": [1.0, 2.0], "name": ["a", None]}
    )
    frame.to_parquet(tmp_path / "jobs.parquet")
    frame.to_csv(tmp_path / "jobs.csv", index=False)
    a, b = load(tmp_path / "jobs.parquet", HOMES), load(tmp_path / "jobs.csv", HOMES)
    assert a.duration_s.tolist() == b.duration_s.tolist() == [10.0, 20.0]
    assert a.name is not None
    assert b.name is not None
    assert a.name.decode() == b.name.decode() == ["a", ""]
    assert np.isnan(a.deadline_s).all()  # no column: the deadline rule of the scenario applies


HEAD = "arrival_s,duration_s,cores,mem_gb,deadline_s,origin\n"
BAD = {
    "missing column": ("arrival_s,cores\n0,1\n", "no column duration_s; it has arrival_s, cores"),
    "unknown column": ("arrival_s,duration_s,cores,coers\n0,1,1,1\n", "unknown column coers"),
    "negative demand": (HEAD + "0,10,-1,1,20,\n", "negative or zero demand: cores must be above 0 in line 2"),
    "negative memory": (HEAD + "0,10,1,-4,20,\n", "negative demand: mem_gb must be 0 or more in line 2"),
    "deadline before arrival": (HEAD + "0,9,1,1,20,\n50,10,1,1,40,\n", "deadline before arrival: .* in line 3"),
    "no duration": (HEAD + "0,0,1,1,20,\n", "duration_s is not above 0 in line 2"),
    "not a number": (HEAD + "0,abc,1,1,20,\n", "duration_s is not a number in line 2"),
    "NaN": (HEAD + "0,nan,1,1,20,\n", "duration_s is missing or NaN in line 2"),
    "infinite": (HEAD + "0,inf,1,1,20,\n", "duration_s is infinite in line 2"),
    "early": (HEAD + "-1,5,1,1,20,\n", "negative arrival_s.* in line 2"),
    "unknown origin": (HEAD + "0,5,1,1,20,tokio\n", "unknown origin tokio; known are frankfurt, tokyo"),
    "too many fields": (HEAD[:26] + "\n" + "1,9,9,9,9\n" * 2, r"jobs\.csv:2: 5 fields, expected at most 3"),
    "one row too long": (HEAD[:26] + "\n0,1,1\n1,9,9,9\n", "Expected 3 fields in line 3, saw 4"),
    "long then right": (HEAD[:26] + "\n1,9,9,9\n0,1,1\n", r"jobs\.csv:2: 4 fields, expected at most 3"),
    "late": (HEAD + "1e300,5,1,1,,\n", "arrival_s is too large, expected at most 1e\\+12 in line 2"),
    "long": (HEAD + "0,1e300,1,1,,\n", "duration_s is too large, expected at most 316224000 in line 2"),
    "big": (HEAD + "0,9,1e308,1e308,,\n", "cores is too large.*mem_gb is too large"),
    "far deadline": (
        HEAD + "0,9,1,1,1e13,\n",
        "deadline_s is too large.*leave the cell empty for no deadline.* in line 2",
    ),
    "much data": (HEAD[:26] + ",data_gb\n0,9,1,1e308\n", "data_gb is too large, expected at most 10000000 in line 2"),
    "high priority": (HEAD[:26] + ",priority\n0,9,1,1e18\n", "priority is too large, expected at most 2147483647"),
    "low priority": (HEAD[:26] + ",priority\n0,9,1,-3e9\n", "priority is too small, expected at least -2147483647"),
    "part of a priority": (HEAD[:26] + ",priority\n0,9,1,2.7\n", "priority is not a whole number in line 2"),
    "many": (HEAD + "0,10,-1,1,20,\n" * 9, "in lines 2, 3, 4 and 6 more"),
}


@pytest.mark.parametrize("case", sorted(BAD))
def test_bad_rows_are_named(tmp_path: Path, case: str) -> None:
    text, message = BAD[case]
    with pytest.raises(DataError, match=message):
        load(write(tmp_path, text), HOMES)


def test_a_job_too_big_for_any_host_is_no_error_here(tmp_path: Path) -> None:
    jobs = load(write(tmp_path, "arrival_s,duration_s,cores,mem_gb,gpus\n0,10,5000,1e6,99\n"), HOMES)
    assert (jobs.cores[0], jobs.gpus[0]) == (5000.0, 99.0)


def test_every_kind_of_problem_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + "0,10,-1,-1,20,mars\n9,10,1,1,5,\n")
    with pytest.raises(DataError) as error:
        load(path, HOMES)
    for part in ("cores must be above 0", "mem_gb must be 0", "deadline before arrival", "unknown origin mars"):
        assert part in str(error.value)


def test_not_a_table(tmp_path: Path) -> None:
    path = tmp_path / "jobs.parquet"
    path.write_bytes(b"not parquet")
    with pytest.raises(DataError, match="cannot be read as parquet"):
        load(path, HOMES)
