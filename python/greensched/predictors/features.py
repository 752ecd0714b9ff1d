"""Numeric features of (task, option) pairs: what the owner declared, what the datacenter is, what physics says.

No feature names a datacenter, so a model applies to datacenters that it never saw, in any order.
"""

from __future__ import annotations

import numpy as np

from greensched.core.types import F64, I32, Observation, Predictions, TaskTable
from greensched.predictors.facts import Facts

NAMES = (
    "log_cores", "log_gpus", "log_mem_gb", "log_data_gb", "log_expected_s", "log_slack_s", "priority", "gpu_type",
    "log_prior_run_s", "log_prior_kwh", "slowness", "core_w", "utilisation_frac", "pue", "temperature_c",
    "log_prior_wait_s",
)  # fmt: skip


def pairs(
    observation: Observation, tasks: TaskTable, dc: I32, prior: Predictions, facts: Facts, row: I32 | None = None
) -> F64:
    """The feature matrix.

    Args:
        observation: what is known.
        tasks: the tasks.
        dc: datacenter of every column of ``prior``; or, with ``row``, of every wanted pair.
        prior: what the analytic predictor says; (tasks, options), or with ``row`` of shape (pairs, 1).
        facts: of the world.
        row: task of every pair; without it all (task, option) pairs, task-major.
    """
    n, m = len(tasks), len(dc)
    task_row = np.repeat(np.arange(n), m) if row is None else row
    column = np.tile(dc, n) if row is None else dc
    state = observation.state
    pick = facts.host_type(tasks)[1][task_row, column]
    slack_s = np.where(np.isfinite(tasks.deadline_s), tasks.deadline_s - observation.t_s, np.nan)
    run_s = (prior.service_time_s - prior.wait_s).ravel()
    with np.errstate(invalid="ignore", divide="ignore"):
        columns = (
            np.log(tasks.cores)[task_row],
            np.log1p(tasks.gpus)[task_row],
            np.log1p(tasks.mem_gb)[task_row],
            np.log1p(tasks.data_gb)[task_row],
            np.log(tasks.expected_s)[task_row],
            np.log1p(np.maximum(slack_s, 0.0))[task_row],
            tasks.priority[task_row],
            tasks.gpu_type[task_row],
            np.log(run_s),
            np.log(prior.energy_kwh.ravel()),
            facts.slowness.ravel()[pick],
            facts.core_w.ravel()[pick],
            state.utilisation_frac[column],
            state.pue[column],
            state.temperature_c[column],
            np.log1p(prior.wait_s.ravel()),
        )
    return np.stack(columns, axis=1).astype(np.float64)
