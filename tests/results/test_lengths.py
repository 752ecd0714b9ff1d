"""Two equal sites, one constant intensity, the same work: whoever drains sooner has saved nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from greensched.results.finish import finish
from greensched_bridge.launch import run_world
from tests.worlds import Site, Task, host, write_world

pytestmark = [pytest.mark.java, pytest.mark.usefixtures("world_jar")]


def _compare(folder: Path, end: str) -> dict[str, Any]:
    """Ten jobs of an hour, each a whole host, all from the first site: one after the other, or two at a time."""
    for path, policy in ((folder / "baseline", "local-only"), (folder, "performance")):
        sites = [Site(f"s{i}", [host()], [300.0]) for i in range(2)]
        tasks = [Task(0.0, 3600.0, cores=4) for _ in range(10)]
        write_world(path, sites, tasks, hours=1, drain_hours=23, policy={"name": policy}, end=end)
        assert run_world(path).exit_code == 0
        summary = finish(path)
    return summary


def test_a_fixed_end_shows_no_saving_where_there_is_none(tmp_path: Path) -> None:
    summary = _compare(tmp_path / "run", "fixed")
    assert summary["simulated_s"] == summary["baseline"]["simulated_s"] == 24 * 3600
    # two hosts idle at 100 W for a day, and ten hours of 100 W more
    assert summary["energy_kwh"] == pytest.approx(2 * 0.1 * 24 + 10 * 0.1, rel=1e-9)
    assert summary["savings"]["carbon_pct"] == pytest.approx(0.0, abs=1e-9)
    assert summary["savings"]["energy_pct"] == pytest.approx(0.0, abs=1e-9)


def test_a_drained_end_has_no_saving_to_show(tmp_path: Path) -> None:
    summary = _compare(tmp_path / "run", "drained")
    assert summary["simulated_s"] < summary["baseline"]["simulated_s"]
    assert summary["savings"]["carbon_pct"] is summary["savings"]["energy_pct"] is None
    assert "the runs differ in length" in summary["savings"]["facilities_not_comparable"]
    # jobs are charged the same: the whole host, idle share included, for an hour each
    assert summary["savings"]["tasks_carbon_pct"] == pytest.approx(0.0, abs=1e-9)
