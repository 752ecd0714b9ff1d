"""The figures of one run: summary.json without the comparison (that is ``compare.py``)."""

from __future__ import annotations

import hashlib
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greensched.core.registry import FOLDER_KEY
from greensched.core.types import TaskState
from greensched.results import cloudlets, learned
from greensched.results.folder import RunFolder
from greensched.results.predictions import read_predictor
from greensched.results.tables import STATE_NAMES

_ENDED = (TaskState.FINISHED, TaskState.FAILED, TaskState.REJECTED)
_LATE_TOLERANCE_S = 1e-6  # the resolution of deadlines


def summarise(run: RunFolder) -> dict[str, Any]:
    """Every key of ``columns.SUMMARY`` but ``baseline`` and ``savings``."""
    config, world = run.config, run.world
    state = run.jobs["state"]
    return {
        "status": status_of(run),
        "reason": _reason(run),
        "policy": config["policy"]["name"],
        "policy_options": _policy_options(config["policy"]),
        "predictor": read_predictor(run.path / "feedback.sqlite"),
        "scenario": config["scenario"],
        "seed": config["seed"],
        "start_utc": config["start_utc"],
        "horizon_s": config["horizon_us"] / 1e6,
        "simulated_s": _simulated_s(run),
        "currency": config.get("currency"),
        **_energy(run),
        **job_counts(run.tasks["job"], state, run.jobs["finish_s"], run.deadline_s),
        "cloudlets": cloudlets.summary(run),
        "interruptions": world.get("interruptions"),
        "tasks": {name: int(np.count_nonzero(state == code)) for code, name in enumerate(STATE_NAMES)},
        **_service(run),
        "decisions": None if "decisions" in run.damaged else len(run.decisions.get("decision", ())),
        **_latency(world),
        **learned.summary(run),
        "decision_log_sha256": world.get("decision_log_sha256"),
        "fallbacks": world.get("fallbacks", {}),
        "degraded": bool(world.get("fallbacks")) or world["status"] == "degraded",
        "events": world.get("events"),
        "wall_s": world.get("wall_s"),
        **_checks(run),
        "damaged": run.damaged,
        "per_datacenter": _per_datacenter(run),
    }


def status_of(run: RunFolder) -> str:
    """The world's status; a world that still claims to run while nobody runs it was interrupted."""
    status = str(run.world["status"])
    return "interrupted" if status == "running" else status


def _policy_options(block: dict[str, Any]) -> dict[str, Any]:
    plain = (str, int, float, bool)  # blocks, of the predictor and of learning, have their own places
    named = ("name", "predictor", FOLDER_KEY)
    return {key: value for key, value in block.items() if key not in named and isinstance(value, plain)}


def _reason(run: RunFolder) -> str:
    if run.world["status"] == "running":
        return "the world was killed before it could end; what had finished by then is in the tables"
    return str(run.world.get("reason") or "")


def _simulated_s(run: RunFolder) -> float:
    slots = run.datacenters.get("t_us")
    reached = float(slots[-1]) / 1e6 if slots is not None and len(slots) else 0.0
    return float(run.world.get("sim_time_s") or reached)


def _total(run: RunFolder, column: str) -> float:
    """Exactly rounded sum over all slots and datacenters; NaN if any of them is missing, or all."""
    return math.fsum(run.datacenters[column]) if run.datacenters else math.nan


def _energy(run: RunFolder) -> dict[str, Any]:
    facility_kwh, it_kwh = _total(run, "facility_kwh"), _total(run, "it_kwh")
    transfer_kwh, transfer_g = _total(run, "transfer_kwh"), _total(run, "transfer_g")
    carbon_g = _total(run, "carbon_g")
    return {
        "carbon_kg": _known((carbon_g + transfer_g) / 1e3),
        "facility_carbon_kg": _known(carbon_g / 1e3),
        "transfer_carbon_kg": _known(transfer_g / 1e3),
        "attributed_carbon_kg": _known(_total(run, "attributed_g") / 1e3),
        "tasks_carbon_kg": _known((_total(run, "attributed_g") + transfer_g) / 1e3),
        "idle_carbon_kg": _known(_total(run, "idle_g") / 1e3),
        "marginal_carbon_kg": _known(_total(run, "marginal_g") / 1e3),
        "energy_kwh": _known(facility_kwh + transfer_kwh),
        "it_energy_kwh": _known(it_kwh),
        "transfer_energy_kwh": _known(transfer_kwh),
        "pue": _ratio(facility_kwh, it_kwh),
        "mean_intensity_gpkwh": _ratio(carbon_g, facility_kwh),
        "cost": _known(_total(run, "cost")),
    }


def job_counts(
    job: NDArray[np.int64], state: NDArray[np.int32], finish_s: NDArray[np.float64], deadline_s: NDArray[np.float64]
) -> dict[str, Any]:
    """Jobs by how they ended, and SLA violations as architecture.md defines them.

    A job of several tasks counts once: rejected or failed if any task is, finished if all are, late if its last task to
    finish did so after that task's deadline. Tasks that never arrived (state -1) were not submitted.
    """
    submitted = _per_job(job, state >= 0)
    rejected = _per_job(job, state == TaskState.REJECTED)
    failed = _per_job(job, state == TaskState.FAILED) & ~rejected
    finished = submitted & ~_per_job(job, state != TaskState.FINISHED)
    last = last_task_of_job(job, finish_s)
    late = finished & (finish_s[last] > deadline_s[last] + _LATE_TOLERANCE_S)
    unfinished = submitted & ~finished & ~rejected & ~failed
    counts = {
        "jobs_submitted": submitted,
        "jobs_finished": finished,
        "jobs_late": late,
        "jobs_rejected": rejected,
        "jobs_failed": failed,
        "jobs_unfinished": unfinished,
        "sla_violations": late | rejected | failed | unfinished,
    }
    numbers: dict[str, Any] = {name: int(np.count_nonzero(mask)) for name, mask in counts.items()}
    return numbers | {"sla_violation_rate": _ratio(numbers["sla_violations"], numbers["jobs_submitted"])}


def _per_job(job: NDArray[np.int64], mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """For every job id up to the largest: does any of its tasks satisfy ``mask``?"""
    out = np.zeros(int(job.max(initial=-1)) + 1, dtype=bool)
    out[job[mask]] = True
    return out


def last_task_of_job(job: NDArray[np.int64], finish_s: NDArray[np.float64]) -> NDArray[np.intp]:
    """Row of the task that finished last, for every job id; a task that has not finished counts as the earliest."""
    order = np.lexsort((np.nan_to_num(finish_s, nan=-np.inf), job))
    last = np.zeros(int(job.max(initial=-1)) + 1, dtype=np.intp)
    last[job[order]] = order  # the last assignment to a job wins
    return last


def _service(run: RunFolder) -> dict[str, Any]:
    jobs, tasks = run.jobs, run.tasks
    finished = jobs["state"] == TaskState.FINISHED
    started = ~np.isnan(jobs["first_start_s"])
    wait_s = (jobs["first_start_s"] - tasks["arrival_us"] / 1e6)[started]
    placed = jobs["dc"] >= 0
    moved = placed & (jobs["dc"] != run.homes[tasks["origin"]])
    core_s = tasks["cores"][finished] * (jobs["finish_s"] - jobs["start_s"])[finished]
    return {
        "moved_tasks_frac": _ratio(int(np.count_nonzero(moved)), int(np.count_nonzero(placed))),
        "mean_wait_s": float(wait_s.mean()) if len(wait_s) else None,
        "p99_wait_s": float(np.quantile(wait_s, 0.99)) if len(wait_s) else None,
        "completed_core_s": math.fsum(core_s),
        "completed_work_sha256": hashlib.sha256(np.packbits(finished).tobytes()).hexdigest(),
    }


def _latency(world: dict[str, Any]) -> dict[str, float | None]:
    micros = world.get("latency_us") or {}
    read = {f"decision_latency_{q}_ms": micros.get(q) for q in ("p50", "p99")}
    return {key: None if value is None else value / 1e3 for key, value in read.items()}


def _checks(run: RunFolder) -> dict[str, float | None]:
    """Relative gaps of the identities that must hold to 1e-9; None where the run was cut short and they cannot."""
    whole = run.datacenters and bool(np.isin(run.jobs["state"], [-1, *_ENDED]).all()) and "totals" in run.world
    checks: dict[str, float | None] = {}
    for name, unit, total in (("energy", "kwh", "facility_kwh"), ("carbon", "g", "carbon_g")):
        checks[f"check_tasks_{name}"] = checks[f"check_total_{name}"] = None
        if not whole:
            continue
        of_tasks = math.fsum(np.nan_to_num(run.jobs[f"dynamic_{unit}"])) + math.fsum(
            np.nan_to_num(run.jobs[f"idle_{unit}"])
        )
        attributed, idle, facility = (_total(run, c) for c in (f"attributed_{unit}", f"idle_{unit}", total))
        reported = run.world["totals"].get(total, facility)
        scale = abs(facility) or 1.0
        checks[f"check_tasks_{name}"] = abs(of_tasks - attributed) / scale
        checks[f"check_total_{name}"] = max(abs(attributed + idle - facility), abs(reported - facility)) / scale
    return checks


def _per_datacenter(run: RunFolder) -> list[dict[str, Any]]:
    slots, jobs = run.datacenters, run.jobs
    rows = []
    for index, datacenter in enumerate(run.config["datacenters"]):
        mine = slots["dc"] == index if slots else None
        carbon_g, kwh = (math.fsum(slots[c][mine]) if slots else math.nan for c in ("carbon_g", "facility_kwh"))
        intensity = slots["carbon_gpkwh"][mine] if slots else np.array([])
        rows.append(
            {
                "name": datacenter["name"],
                "zone": datacenter["zone"],
                "carbon_kg": _known(carbon_g / 1e3),
                "energy_kwh": _known(kwh),
                "tasks": int(np.count_nonzero((jobs["dc"] == index) & (jobs["state"] == TaskState.FINISHED))),
                "mean_intensity_gpkwh": _known(float(np.mean(intensity))) if len(intensity) else None,
            }
        )
    return rows


def _known(value: float) -> float | None:
    """None for NaN: JSON has none, and missing is not 0."""
    return None if math.isnan(value) else float(value)


def _ratio(part: float, whole: float) -> float | None:
    return _known(part / whole) if whole else None
