"""Savings against a baseline run: only between equals, otherwise marked and without a percentage.

Both must have done the same work. Totals of the facilities must also cover the same time: a run that drains longer pays
for more hours of idle machines, which says nothing about its policy.
"""

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
    "jobs_failed",
    "interruptions",
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
_SCHEDULER = {
    "carbon_kg": "scheduler_carbon_kg",
    "tasks_carbon_kg": "scheduler_carbon_kg",
    "energy_kwh": "scheduler_energy_kwh",
}
_OF_TASKS = ("tasks_carbon_pct",)  # what tasks are charged does not grow with the length of a run
_SAME_LENGTH_S = 1e-6  # the resolution of simulated time


def compare(own: dict[str, Any], other: dict[str, Any] | None) -> dict[str, Any]:
    """The keys ``baseline`` and ``savings`` of summary.json.

    ``savings`` holds ``carbon_pct``, ``tasks_carbon_pct`` (without the idle energy that no task is charged),
    ``energy_pct``, ``cost_pct`` (positive: less than the baseline), ``not_comparable``, the reason why all of them are
    null, or null, and ``facilities_not_comparable``, the reason why all but ``tasks_carbon_pct`` are null, or null.
    """
    if other is None:
        return {"baseline": None, "savings": None}
    obstacle = _obstacle(own, other)
    lengths = _lengths(own, other)
    savings: dict[str, Any] = {"not_comparable": obstacle, "facilities_not_comparable": obstacle or lengths}
    for name, key in SAVED.items():
        stands_in_the_way = obstacle if name in _OF_TASKS else obstacle or lengths
        savings[name] = (
            None if stands_in_the_way else _saved_pct(_with_scheduler(own, key), _with_scheduler(other, key))
        )
    return {"baseline": {key: other.get(key) for key in _FIGURES}, "savings": savings}


def _with_scheduler(run: dict[str, Any], key: str) -> float | None:
    """A total with what predicting and learning are charged with: it is the policy's doing."""
    own = _SCHEDULER.get(key)
    more = None if own is None else run.get(own)
    total: float | None = run[key]
    return total if total is None or more is None else total + float(more)


def _obstacle(own: dict[str, Any], other: dict[str, Any]) -> str | None:
    for who, run in (("this run", own), (f"the baseline {other['policy']}", other)):
        if run["status"] != "completed":
            return f"{who} is {run['status']}"
    if not own["jobs_finished"] and not other["jobs_finished"]:
        return "no job was finished in either run"
    if own["completed_work_sha256"] != other["completed_work_sha256"]:
        counts = f"{own['jobs_finished']} jobs here, {other['jobs_finished']} in the baseline"
        same = own["jobs_finished"] == other["jobs_finished"]
        return f"different work was completed: {counts}{', but not the same ones' if same else ''}"
    return None


def _lengths(own: dict[str, Any], other: dict[str, Any]) -> str | None:
    if abs(own["simulated_s"] - other["simulated_s"]) <= _SAME_LENGTH_S:
        return None
    return (
        f"the runs differ in length ({own['simulated_s'] / 3600:.2f} h here, {other['simulated_s'] / 3600:.2f} h in "
        "the baseline), so that one pays for more idle hours; use end: fixed in the scenario"
    )


def _saved_pct(own: float | None, other: float | None) -> float | None:
    if own is None or other is None or other <= 0:
        return None
    return 100.0 * (1.0 - own / other)
