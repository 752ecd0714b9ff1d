"""The oracle against the world's own reports, over the real bridge."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from greensched_bridge.launch import WorldError, run_world
from tests.worlds import Site, Task, host, jobs_table, play, write_world

pytestmark = pytest.mark.java

ORACLE = {"name": "greensched", "predictor": "oracle"}


def lonely_tasks(folder: Path, **run: Any) -> Path:
    """A task every three hours, none longer than two; data, noise, sleeping hosts and two models of PUE."""
    rng = np.random.default_rng(3)
    nap = {"after_s": 600.0, "power_w": 5.0, "wake_s": 30.0, "wake_power_w": 150.0}
    temperature = {"model": "temperature", "base": 1.1, "t0_c": 15.0, "slope_per_c": 0.02}
    sites = [
        Site("a", [host(2, power_w=[100.0, 180.0, 200.0], sleep=nap)], list(rng.uniform(50, 600, 24)),
             pue=temperature, signals={"temperature_c": list(rng.uniform(5, 35, 24))}),
        Site("b", [host(2)], list(rng.uniform(50, 600, 24)), pue={"model": "static", "value": 1.3}),
    ]  # fmt: skip
    tasks = [
        Task(h * 3 * 3600 + float(rng.uniform(1, 600)), float(rng.uniform(300, 5000)),
             cores=int(rng.integers(1, 5)), data_gb=float(rng.uniform(0, 20)), origin=h % 2,
             cpu_util_frac=float(rng.uniform(0.1, 1)), interference=0.5)
        for h in range(8)
    ]  # fmt: skip
    noise = {"time_sigma_frac": 0.1, "power_sigma_frac": 0.1}
    return write_world(folder, sites, tasks, hours=24, policy=ORACLE, noise=noise, **run)


@pytest.mark.parametrize("mode", ["slots", "immediate"])
def test_what_the_oracle_says_of_a_lonely_task_is_what_is_reported(tmp_path: Path, mode: str) -> None:
    folder = lonely_tasks(tmp_path / "run", privileged=True, mode=mode)
    assert play(folder) == "completed"
    with sqlite3.connect(folder / "feedback.sqlite") as log:
        rows = log.execute(
            "SELECT predicted_energy_kwh, predicted_service_time_s, dynamic_kwh, service_time_s, dc FROM outcome "
            "WHERE action = 0 ORDER BY task"
        ).fetchall()
    log.close()
    said_kwh, said_s, true_kwh, true_s, dc = np.array(rows, dtype=float).T
    assert len(rows) == 8
    assert set(dc) == {0.0, 1.0}
    assert said_kwh == pytest.approx(true_kwh, rel=1e-6)
    assert said_s == pytest.approx(true_s, rel=1e-6)
    assert true_kwh == pytest.approx(jobs_table(folder)["dynamic_kwh"], rel=1e-12)


def test_without_the_privilege_the_run_is_refused_and_says_what_to_do(tmp_path: Path) -> None:
    folder = lonely_tasks(tmp_path / "run", privileged=False)
    with pytest.raises(WorldError, match="predictor 'oracle' needs the truth; set `privileged: true` in the scenario"):
        run_world(folder)
    assert set(jobs_table(folder)["state"].tolist()) <= {-1, 1}  # nothing was placed
