"""Scores of ``regret.py``: how far predictions are off, and what deciding by them has cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from regret_worlds import REFERENCE

import greensched
from greensched.core.contracts import Predictor
from greensched.core.types import F64, Options
from greensched.core.units import S_PER_MIN
from greensched.feedback.outcomes import Outcomes
from greensched.policies.greensched import GreenSchedOptions

WH_PER_KWH = 1_000.0
LARGEST = 10


@dataclass(frozen=True)
class Told:
    """What a predictor said, beside what is true.

    Attributes:
        run_s, recorded_s: of each job where machines have reference speed, and as the trace has it.
        energy_wh, modelled_wh: of each job at each datacenter, and as the world has it.
    """

    run_s: F64
    recorded_s: F64
    energy_wh: F64
    modelled_wh: F64


@dataclass(frozen=True)
class Cost:
    """What a run has cost.

    Attributes:
        jobs_g: carbon of the jobs' own energy and of moving their data.
        objective_g: the same, and what each minute that a job is late is worth to the policy, which makes this least.
        all_g: carbon of everything, idle machines included.
        violations: share of the jobs that were late or did not end.
        largest_frac: share of the :data:`LARGEST` dearest jobs in the jobs' carbon: where it is large, few decide.
    """

    jobs_g: float
    objective_g: float
    all_g: float
    violations: float
    largest_frac: float


def told(predictor: Any, found: Sequence[Outcomes], recorded_s: F64) -> Told:
    """Ask about the same jobs, in the same states of the world, whatever the predictor would have decided."""
    parts: list[tuple[F64, F64, F64, F64]] = []
    predictor.start(found[0].observation.world)
    for o in found:
        seen = o.observation
        said = predictor.predict(seen, o.tasks, Options.now_everywhere(seen.world.n_datacenters, seen.t_s))
        there = np.isfinite(said.energy_kwh[:, REFERENCE])
        run_s = (said.service_time_s - said.wait_s)[there, REFERENCE]
        known = np.isfinite(o.energy_kwh) & (o.energy_kwh > 0)
        energy_kwh = said.energy_kwh[o.row[known], o.dc[known]]
        parts.append((run_s, recorded_s[o.tasks.task[there]], energy_kwh, o.energy_kwh[known]))
    run_s, true_s, energy_kwh, true_kwh = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Told(run_s, true_s, energy_kwh * WH_PER_KWH, true_kwh * WH_PER_KWH)


def errors(said: F64, true: F64, unit: str) -> dict[tuple[str, str], float]:
    """By metric and unit."""
    relative = said / true - 1.0
    return {
        ("RMSPE", "%"): 100 * float(np.sqrt(np.mean(relative**2))),
        ("RMSE", unit): float(np.sqrt(np.mean((said - true) ** 2))),
        ("median error", "%"): 100 * float(np.median(np.abs(relative))),
    }


def cost(scenario: Path, data: Path, predictor: Predictor | None) -> Cost:
    """Let ``greensched`` decide by what a predictor says; None: by the truth."""
    policy = {"name": "greensched", "predictor": "oracle" if predictor is None else "analytic"}
    overrides = {"privileged": predictor is None}
    ran = greensched.simulate(scenario, policy, predictor=predictor, overrides=overrides, data=data)
    if ran.summary["status"] != "completed":
        raise RuntimeError(f"{scenario}: the run ended {ran.summary['status']}: {ran.summary['reason']}")
    each_g = np.sort(ran.jobs[["dynamic_g", "transfer_g"]].sum(axis=1).to_numpy(dtype=np.float64))
    own_g = float(each_g.sum())
    late_g = float(ran.jobs["late_s"].sum()) / S_PER_MIN * GreenSchedOptions().sla_weight_g_per_min
    return Cost(own_g, own_g + late_g, 1_000 * ran.summary["carbon_kg"], ran.summary["sla_violation_rate"],
                float(each_g[-LARGEST:].sum()) / own_g)  # fmt: skip
