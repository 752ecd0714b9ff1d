"""Savings exist only at equal completed work."""

from __future__ import annotations

from typing import Any

import pytest

from greensched.results.compare import compare


def run(carbon_kg: float, work: str = "aa", **changes: Any) -> dict[str, Any]:
    return {
        "policy": "p", "status": "completed", "carbon_kg": carbon_kg, "tasks_carbon_kg": 1.0, "energy_kwh": 10.0,
        "cost": None, "simulated_s": 1.0, "completed_work_sha256": work, "jobs_finished": 5,
    } | changes  # fmt: skip


def test_saving_by_hand() -> None:
    savings = compare(run(75.0, energy_kwh=12.0), run(100.0))["savings"]
    assert savings["carbon_pct"] == pytest.approx(25.0)
    assert savings["energy_pct"] == pytest.approx(-20.0)
    assert savings["cost_pct"] is None
    assert savings["not_comparable"] is None


def test_other_work_is_not_compared() -> None:
    savings = compare(run(75.0), run(100.0, work="bb", jobs_finished=6))["savings"]
    assert savings["carbon_pct"] is None
    assert savings["not_comparable"] == "different work was completed: 5 jobs here, 6 in the baseline"


def test_as_much_work_may_be_other_work() -> None:
    savings = compare(run(75.0), run(100.0, work="bb"))["savings"]
    assert savings["not_comparable"] == (
        "different work was completed: 5 jobs here, 5 in the baseline, but not the same ones"
    )


def test_where_nothing_was_finished_nothing_was_saved() -> None:
    savings = compare(run(75.0, jobs_finished=0), run(100.0, jobs_finished=0))["savings"]
    assert savings["carbon_pct"] is None
    assert savings["tasks_carbon_pct"] is None
    assert savings["not_comparable"] == "no job was finished in either run"


@pytest.mark.parametrize("status", ["degraded", "interrupted", "aborted", "failed"])
def test_only_completed_runs_are_compared(status: str) -> None:
    assert status in compare(run(75.0, status=status), run(100.0))["savings"]["not_comparable"]
    assert status in compare(run(75.0), run(100.0, status=status))["savings"]["not_comparable"]


def test_runs_of_different_length_compare_only_what_tasks_are_charged() -> None:
    own, other = run(75.0, simulated_s=3600.0, tasks_carbon_kg=0.9, cost=1.0), run(100.0, simulated_s=7200.0, cost=2.0)
    savings = compare(own, other)["savings"]
    assert savings["carbon_pct"] is savings["energy_pct"] is savings["cost_pct"] is None
    assert savings["tasks_carbon_pct"] == pytest.approx(10.0)
    assert savings["not_comparable"] is None
    assert "1.00 h here, 2.00 h in the baseline" in savings["facilities_not_comparable"]


def test_a_baseline_without_carbon_has_no_percentage() -> None:
    assert compare(run(75.0), run(0.0))["savings"]["carbon_pct"] is None


def test_no_baseline() -> None:
    assert compare(run(1.0), None) == {"baseline": None, "savings": None}
