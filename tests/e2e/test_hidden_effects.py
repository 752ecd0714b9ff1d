"""What Python writes as hidden truth is what the real world does, in both execution models; numbers by hand."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from greensched.results.finish import finish
from greensched.scenario.prepare import prepare
from greensched.traces import hidden
from greensched.traces.hidden import Profiles
from tests.scenario.build import write
from tests.worlds import jobs_table, play

pytestmark = pytest.mark.java

HOSTS = {
    "old": {"cores": 4, "mem_gb": 64, "power_w": [100, 200]},
    "new": {"cores": 8, "mem_gb": 64, "power_w": [100, 200]},
}
DATACENTERS = [
    {"name": "frankfurt", "zone": "DE", "pue": 1.0, "hosts": [{"type": "old", "count": 1}]},
    {"name": "tokyo", "zone": "JP-TK", "pue": 1.0, "hosts": [{"type": "new", "count": 1}]},
]
JOBS = """arrival_s,duration_s,cores,mem_gb,origin,name,description
0,600,2,1,frankfurt,a,Renders the film
10,600,1,1,frankfurt,b,
20,600,1,1,tokyo,c,"The same, again"
"""


@pytest.mark.parametrize("execution", ["exact", "cloudsim"])
def test_prepared_truth_comes_true(execution: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    profiles = Profiles(("new", "old"), np.array([[5.0, 0.5]]), np.array([[0.25, 0.5]]), np.array([[1.0, 1.0]]))
    draw = hidden.draw

    def changed(seed: int, jobs: Any, *rest: Any) -> hidden.Truth:
        return dataclasses.replace(
            draw(seed, jobs, *rest), cpu_util_frac=np.ones(3), interference=np.full(3, 0.8),
            profile=np.array([-1, 0, 0], np.int32), profiles=profiles, interference_power=np.full(3, 2.0),
            heat=np.array([0.0, 0.0, 0.25]), throttle_c={"tokyo": -40.0}, phase_task=np.zeros(0, np.int64),
            phase_work_frac=np.zeros(0), phase_cpu_util_frac=np.zeros(0), phase_gpu_util_frac=np.zeros(0),
        )  # fmt: skip

    monkeypatch.setattr(hidden, "draw", changed)
    (tmp_path / "jobs.csv").write_text(JOBS)
    path = write(
        tmp_path, host_types=HOSTS, datacenters=DATACENTERS, workload={"source": "file", "file": "jobs.csv"},
        mode="immediate", execution=execution, noise={"time_sigma": 0, "power_sigma": 0},
    )  # fmt: skip
    folder = tmp_path / "run"
    prepare(path, folder)
    assert play(folder) == "completed"
    jobs = jobs_table(folder)
    run_s = jobs["finish_s"] - jobs["start_s"]
    too_hot_c = _temperature_c(folder) + 40.0
    crowded = 1 + 0.8 * 0.5**2  # two of four cores are taken
    np.testing.assert_allclose(run_s, [600, 600 / 0.5 * crowded, 600 / 5 * (1 + 0.25 * too_hot_c)], rtol=1e-6)
    tokyo_kwh = 0.25 * 100 / 8 * run_s[2] / 3.6e6
    np.testing.assert_allclose(jobs["it_kwh"][2], tokyo_kwh, rtol=1e-3)
    finish(folder)
    written = pq.read_table(folder / "jobs.parquet")["description"].to_pylist()
    assert written == ["Renders the film", "", "The same, again"]


def _temperature_c(folder: Path) -> float:
    """Of Tokyo in the first step."""
    from greensched.core.frames import read_frame

    return float(read_frame(folder / "input" / "signals.gsf").table("signals")["1.temperature_c"][0])
