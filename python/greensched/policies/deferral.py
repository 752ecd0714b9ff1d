"""When to run: wait for a cleaner hour if the forecast promises one and the deadline leaves the time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from greensched.core.types import F64, I32, I64, Action, Decisions, DecisionStatus, Observation, Predictions, World
from greensched.core.units import S_PER_HOUR, S_PER_MIN
from greensched.policies.answers import Bool
from greensched.policies.outlook import Outlook

STEPS_H = (1, 2, 3, 4, 6, 9, 12, 18, 24)


@dataclass(frozen=True)
class Plan:
    """A later start per task.

    Attributes:
        worth: the task should wait.
        until_s: when to wake up.
        saving_frac: how much less carbon is expected.
        dc: where it would run.
    """

    worth: Bool
    until_s: F64
    saving_frac: F64
    dc: I32


def plan(
    observation: Observation,
    predictions: Predictions,
    moved_g: F64,
    best_now_g: F64,
    outlook: Outlook,
    minimum_frac: float,
) -> Plan:
    """Find the later start with the least carbon for every task with a deadline.

    A later start counts only where the forecast covers the start, and where the predicted service time, with a tenth of
    it and one slot to spare, still ends in time. Waiting is a wake-up, not a reservation: at the wake-up the task is
    decided anew.

    Args:
        observation: what is known now.
        predictions: for every (task, datacenter) now.
        moved_g: carbon of moving the data, of the same shape.
        best_now_g: predicted carbon in g of the best choice now.
        outlook: forecasts.
        minimum_frac: the least saving, as a fraction of ``best_now_g``, for which it is worth waiting.
    """
    world, tasks = observation.world, observation.tasks
    n, d = predictions.energy_kwh.shape
    best_g, until_s, dc = best_now_g.copy(), np.zeros(n), np.full(n, -1, dtype=np.int32)
    run_s = predictions.service_time_s - predictions.wait_s
    spare_s = 1.1 * predictions.service_time_s + world.slot_s
    for hours in STEPS_H if n else ():
        start_s = _on_slot(observation.t_s + hours * S_PER_HOUR, world)
        from_s = start_s + predictions.wait_s
        gpkwh = outlook.mean_gpkwh(observation.forecasts, d, from_s, from_s + run_s)
        possible = (start_s + spare_s <= tasks.deadline_s[:, None]) & np.isfinite(tasks.deadline_s)[:, None]
        grams = np.where(possible & np.isfinite(gpkwh), predictions.energy_kwh * gpkwh + moved_g, np.inf)
        grams[np.isnan(grams)] = np.inf
        column = grams.argmin(axis=1)
        least = grams[np.arange(n), column]
        better = least < best_g
        best_g[better], until_s[better], dc[better] = least[better], start_s, column[better]
    with np.errstate(invalid="ignore", divide="ignore"):
        saving_frac = np.where(best_now_g > 0, 1.0 - best_g / best_now_g, 0.0)
    return Plan((dc >= 0) & (saving_frac >= minimum_frac), until_s, saving_frac, dc)


def postpone(decisions: Decisions, waits: Plan, tasks: I64, world: World, now_s: float) -> Decisions:
    """Turn the placements of tasks that should wait into deferrals.

    Args:
        decisions: for some of ``tasks``, in their order; changed.
        waits: one row per task.
        tasks: ids of the tasks that were planned for.
        world: whose datacenters are named.
        now_s: the instant of the decision.
    """
    row_of_task = np.flatnonzero(np.isin(tasks, decisions.task))
    rows = np.flatnonzero(waits.worth[row_of_task] & (decisions.action == Action.PLACE))
    if len(rows) == 0:
        return decisions
    planned = row_of_task[rows]
    decisions.action[rows] = Action.DEFER
    decisions.until_s[rows] = waits.until_s[planned]
    decisions.status[rows] = DecisionStatus.HEURISTIC
    reason = list(decisions.reason)
    for i, k in zip(rows.tolist(), planned.tolist(), strict=True):
        minutes = (waits.until_s[k] - now_s) / S_PER_MIN
        where = world.datacenters[waits.dc[k]].name
        reason[i] = f"waits {minutes:.0f} min for {where}: {waits.saving_frac[k]:.0%} less carbon"
    decisions.dc[rows] = -1
    decisions.energy_kwh[rows] = np.nan
    decisions.service_time_s[rows] = np.nan
    decisions.reason = reason
    return decisions


def _on_slot(t_s: float, world: World) -> float:
    return float(np.ceil(t_s / world.slot_s - 1e-9) * world.slot_s)
