"""VALIDATION.md, asserted through the whole chain. Each test cites its case."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.worlds import Site, Task, host, jobs_table, play, write_world

SIMGRID_HOST = [100.0, 125.0, 150.0, 175.0, 200.0]
OFF_NOW = {"after_s": 0.0, "power_w": 5.0, "wake_s": 0.0, "wake_power_w": 5.0}
BUSY = [Task(0, 3600, 1), Task(3600, 7200, 2), Task(3 * 3600, 3 * 3600, 3), Task(6 * 3600, 4 * 3600, 4)]
V4 = [453.54, 441.48, 437.93, 437.61, 442.29, 447.18, 452.04, 453.96, 455.13, 457.54]
V5 = [29.09, 30.08, 32.33, 32.96, 33.00, 33.41, 34.52, 33.63, 32.17, 31.95]
V6 = [100.07, 93.60, 93.89, 96.04, 95.00, 94.40, 94.11, 94.99, 96.44, 99.76]


def totals(folder: Path, sites: list[Site], tasks: list[Task], hours: int, **run: Any) -> dict[str, Any]:
    """Run and return the totals of world.json."""
    write_world(folder, sites, tasks, hours=hours, **run)
    assert play(folder) == "completed"
    return json.loads((folder / "world" / "world.json").read_text())["totals"]


@pytest.mark.parametrize(
    ("case", "sleep", "tasks", "intensity", "energy_kwh", "carbon_g"),
    [
        ("V1", OFF_NOW, [], [403.65], 0.05, 20.1825),
        ("V2", None, [], [33.45], 1.0, 33.45),
        ("V3", None, BUSY, [91.48], 1.75, 160.09),
        ("V4", OFF_NOW, [], V4, 0.05, 22.3935),
        ("V5", None, [], V5, 1.0, 32.314),
        ("V6", None, BUSY, V6, 1.75, 167.64425),
    ],
)
def test_simgrid(
    tmp_path: Path, case: str, sleep: Any, tasks: list[Task], intensity: list[float], energy_kwh: float, carbon_g: float
) -> None:
    site = Site("a", [host(cores=4, power_w=SIMGRID_HOST, sleep=sleep)], intensity)
    total = totals(tmp_path / case, [site], tasks, hours=10)
    assert total["facility_kwh"] == pytest.approx(energy_kwh, rel=1e-12)
    assert total["carbon_g"] == pytest.approx(carbon_g, rel=1e-12)


def test_v7_intensity_step(tmp_path: Path) -> None:
    site = Site("a", [host(cores=2, power_w=[80, 180])], [100, 300], {"model": "static", "value": 1.5})
    total = totals(tmp_path / "v7", [site], [Task(1800, 3600)], hours=2)
    jobs = jobs_table(tmp_path / "v7")
    assert total["it_kwh"] == pytest.approx(0.21, rel=1e-12)
    assert total["facility_kwh"] == pytest.approx(0.315, rel=1e-12)
    assert total["carbon_g"] == pytest.approx(63, rel=1e-12)
    assert total["idle_kwh"] == pytest.approx(0.18, rel=1e-12)
    assert total["idle_g"] == pytest.approx(36, rel=1e-12)
    assert jobs["dynamic_kwh"][0] == pytest.approx(0.075, rel=1e-12)
    assert jobs["dynamic_g"][0] == pytest.approx(15, rel=1e-12)
    assert jobs["idle_kwh"][0] == pytest.approx(0.06, rel=1e-12)
    assert jobs["idle_g"][0] == pytest.approx(12, rel=1e-12)


def test_v8_queue_and_sla(tmp_path: Path) -> None:
    from greensched.results.finish import finish

    tasks = [Task(0, 600, 2, 600), Task(0, 600, 2, 1199), Task(300, 600, 2, 1801)]
    totals(tmp_path / "v8", [Site("a", [host(cores=2)], [100])], tasks, hours=1)
    jobs = jobs_table(tmp_path / "v8")
    assert list(jobs["start_s"]) == [0, 600, 1200]
    assert list(jobs["finish_s"]) == [600, 1200, 1800]
    assert finish(tmp_path / "v8")["sla_violation_rate"] == pytest.approx(1 / 3)


def test_v9_transfer(tmp_path: Path) -> None:
    network = {"kwh_per_gb": 0.02, "rtt_ms": [[0, 100], [100, 0]], "gbps": [[10, 10], [10, 10]]}
    sites = [Site("home", [host()], [200]), Site("away", [host()], [50])]
    totals(
        tmp_path / "v9", sites, [Task(0, 600, data_gb=25)], hours=1, network=network, policy={"name": "lowest-carbon"}
    )
    jobs = jobs_table(tmp_path / "v9")
    assert jobs["dc"][0] == 1
    assert jobs["start_s"][0] == pytest.approx(20.1, abs=1e-9)
    assert jobs["transfer_kwh"][0] == pytest.approx(0.5, rel=1e-12)
    assert jobs["transfer_g"][0] == pytest.approx(62.5, rel=1e-12)


def test_v10_sleep_and_wake(tmp_path: Path) -> None:
    sleep = {"after_s": 600.0, "power_w": 10.0, "wake_s": 60.0, "wake_power_w": 90.0}
    site = Site("a", [host(cores=1, power_w=[60, 160], sleep=sleep)], [100])
    total = totals(tmp_path / "v10", [site], [Task(3600, 600)], hours=2)
    jobs = jobs_table(tmp_path / "v10")
    assert (jobs["start_s"][0], jobs["finish_s"][0]) == (3660, 4260)
    assert total["facility_kwh"] == pytest.approx(0.063, rel=1e-12)
    assert total["carbon_g"] == pytest.approx(6.3, rel=1e-12)


def test_v11_temperature_pue(tmp_path: Path) -> None:
    pue = {"model": "temperature", "base": 1.1, "t0_c": 20.0, "slope_per_c": 0.02}
    site = Site("a", [host()], [100], pue, {"temperature_c": [15, 25, 30]})
    total = totals(tmp_path / "v11", [site], [], hours=3)
    assert total["facility_kwh"] == pytest.approx(0.36, rel=1e-12)
    assert total["carbon_g"] == pytest.approx(36, rel=1e-12)


def test_v12_load_pue(tmp_path: Path) -> None:
    site = Site("a", [host(cores=2)], [100], {"model": "load", "fixed_w": 50.0, "slope": 1.2})
    total = totals(tmp_path / "v12", [site], [Task(0, 1800, 2)], hours=1)
    jobs = jobs_table(tmp_path / "v12")
    assert total["facility_kwh"] == pytest.approx(0.23, rel=1e-12)
    assert total["carbon_g"] == pytest.approx(23, rel=1e-12)
    assert jobs["dynamic_kwh"][0] == pytest.approx(0.0725, rel=1e-12)
    assert jobs["idle_kwh"][0] == pytest.approx(0.0725, rel=1e-12)
