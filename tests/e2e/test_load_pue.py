"""Facilities whose PUE depends on their load: what is predicted before a task wakes them, and what they report."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from tests.worlds import Site, Task, host, jobs_table, play, write_world

pytestmark = pytest.mark.java


def _predicted_kwh(folder: Path) -> list[float]:
    with sqlite3.connect(folder / "feedback.sqlite") as log:
        rows = log.execute("SELECT energy_kwh FROM decision WHERE action = 0 ORDER BY task").fetchall()
    log.close()
    return [kwh for (kwh,) in rows]


def _run(folder: Path, fixed_w: float, hosts: int) -> Path:
    """One task at 60 % of its cores, long after all hosts have gone to sleep at 5 W each."""
    sleep = {"after_s": 60.0, "power_w": 5.0, "wake_s": 1.0, "wake_power_w": 100.0}
    pue = {"model": "load", "fixed_w": fixed_w, "slope": 1.1}
    site = Site("a", [host(hosts, sleep=sleep)], [300.0], pue=pue)
    task = Task(1800.0, 3600.0, cores=4, cpu_util_frac=0.6)
    policy = {"name": "greensched", "predictor": "analytic"}
    write_world(folder, [site], [task], hours=2, policy=policy, on_mind_failure="fallback")
    assert play(folder) == "completed", json.loads((folder / "world" / "world.json").read_text())["reason"]
    return folder


def test_a_sleeping_facility_is_predicted_as_it_will_be_when_awake(tmp_path: Path) -> None:
    """19 * 5 W asleep, 100 W idle, 60 W for the task: 200 / 255 + 1.1 = 1.884, over 0.06 kWh; asleep it was 3.1."""
    folder = _run(tmp_path / "run", 200.0, 20)
    (true_kwh,) = jobs_table(folder)["dynamic_kwh"]
    assert true_kwh == pytest.approx(0.06 * (200 / 255 + 1.1), rel=1e-9)
    assert _predicted_kwh(folder) == pytest.approx([true_kwh], rel=0.02)  # the mind does not know which host slept


def test_a_large_fixed_load_over_two_sleeping_hosts_is_within_physics(tmp_path: Path) -> None:
    """20 kW over 10 W asleep is a PUE of 2,001; awake it is 20,000 / 165 + 1.1 = 122, and true, not an error."""
    folder = _run(tmp_path / "run", 20_000.0, 2)
    assert _predicted_kwh(folder) == pytest.approx(jobs_table(folder)["dynamic_kwh"].tolist(), rel=0.05)
