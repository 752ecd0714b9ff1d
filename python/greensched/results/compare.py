"""Savings against a baseline run: only where both did the same work, otherwise marked and without a percentage."""

from __future__ import annotations

from typing import Any

_FIGURES = (
    "policy",
    "status",
    "carbon_kg",
    "tasks_carbon_kg",
    "simulated_s",
    "energy_kwh",
    "cost",
    "sla_violations",
    "sla_violation_rate",
    "jobs_finished",
    "mean_wait_s",
    "p99_wait_s",
    "completed_work_sha256",
    "per_datacenter",
)

SAVED = {
    "carbon_pct": "carbon_kg",
    "tasks_carbon_pct": "tasks_carbon_kg",
    "energy_pct": "energy_kwh",
    "cost_pct": "cost",
}


def compare(own: dict[str, Any], other: dict[str, Any] | None) -> dict[str, Any]:
    """The keys ``baseline`` and ``savings`` of summary.json.

    ``savings`` holds ``carbon_pct``, ``tasks_carbon_pct`` (without the idle energy that no task is charged),
    ``energy_pct``, ``cost_pct`` (positive: less than the baseline) and ``not_comparable``, the reason why they are
    null, or null.
    """
    if other is None:
        return {"baseline": None, "savings": None}
    obstacle = _obstacle(own, other)
    savings: dict[str, Any] = {"not_comparable": obstacle}
    for name, key in SAVED.items():
        savings[name] = None if obstacle else _saved_pct(own[key], other[key])
    return {"baseline": {key: other.get(key) for key in _FIGURES}, "savings": savings}


def _obstacle(own: dict[str, Any], other: dict[str, Any]) -> str | None:
    for who, run in (("this run", own), (f"the baseline {other['policy']}", other)):
        if run["status"] != "completed":
            return f"{who} is {run['status']}"
    if own["completed_work_sha256"] != other["completed_work_sha256"]:
        return (
            f"different work was completed: {own['jobs_finished']} jobs here, {other['jobs_finished']} in the baseline"
        )
    return None


def _saved_pct(own: float | None, other: float | None) -> float | None:
    if own is None or other is None or other <= 0:
        return None
    return 100.0 * (1.0 - own / other)
