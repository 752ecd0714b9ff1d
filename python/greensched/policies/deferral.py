"""When to run: wait for a cleaner hour if the forecast promises one and the deadline leaves the time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from greensched.core.types import (
    F64,
    I32,
    Action,
    Decisions,
    DecisionStatus,
    Observation,
    Predictions,
    TaskTable,
    World,
)
from greensched.core.units import S_PER_HOUR, S_PER_MIN
from greensched.policies.answers import Bool
from greensched.policies.outlook import Outlook

STEPS_H = (1, 2, 3, 4, 6, 9, 12, 18, 24)
RESERVE = 1.1  # of service times, besides a slot: who waits until the last moment is late by every error


@dataclass(frozen=True)
class Plan:
    """A later start per task.

    Attributes:
        worth: the task should wait.
        until_s: when to wake up.
        saving_frac: how much lower the objective is expected to be.
        dc: where it would run.
    """

    worth: Bool
    until_s: F64
    saving_frac: F64
    dc: I32


def plan(
    observation: Observation,
    tasks: TaskTable,
    predictions: Predictions,
    now_g: F64,
    later_g: Callable[[F64, float], F64],
    outlook: Outlook,
    minimum_frac: float,
    sure_s: F64 | None = None,
) -> Plan:
    """Find the later start with the least objective for every task with a deadline.

    A later start counts only where the forecast covers the start, and where the predicted service time, with a tenth of
    it (or ``sure_s``) and one slot to spare, still ends in time. Waiting is a wake-up, not a reservation: at
    the wake-up the task is decided anew.

    Args:
        observation: what is known now.
        tasks: to plan for.
        predictions: for every (task, datacenter) now.
        now_g: the objective in g of what was chosen for now, per task.
        later_g: the objective in g of every (task, datacenter), given the intensities that the runs would meet and a
            start in s.
        outlook: forecasts.
        minimum_frac: the least saving, as a fraction of ``now_g``, for which it is worth waiting.
        sure_s: service times that have to end in time, (tasks, datacenters); None: the predicted and a tenth more.
    """
    world = observation.world
    n, d = predictions.energy_kwh.shape
    best_g, until_s, dc = now_g.copy(), np.zeros(n), np.full(n, -1, dtype=np.int32)
    run_s = predictions.service_time_s - predictions.wait_s
    spare_s = (RESERVE * predictions.service_time_s if sure_s is None else sure_s) + world.slot_s
    for hours in STEPS_H if n else ():
        start_s = on_slot(observation.t_s + hours * S_PER_HOUR, world)
        from_s = start_s + predictions.wait_s
        gpkwh = outlook.mean_gpkwh(observation.forecasts, d, from_s, from_s + run_s)
        possible = (start_s + spare_s <= tasks.deadline_s[:, None]) & np.isfinite(tasks.deadline_s)[:, None]
        grams = np.where(possible & np.isfinite(gpkwh), later_g(gpkwh, start_s), np.inf)
        grams[np.isnan(grams)] = np.inf
        column = grams.argmin(axis=1)
        least = grams[np.arange(n), column]
        better = least < best_g
        best_g[better], until_s[better], dc[better] = least[better], start_s, column[better]
    with np.errstate(invalid="ignore", divide="ignore"):
        saving_frac = np.where(now_g > 0, 1.0 - best_g / now_g, 0.0)
    return Plan((dc >= 0) & (saving_frac >= minimum_frac), until_s, saving_frac, dc)


def postpone(decisions: Decisions, waits: Plan, world: World, now_s: float) -> Decisions:
    """Turn the placements of tasks that should wait into deferrals; ``waits`` has the rows of ``decisions``."""
    rows = np.flatnonzero(waits.worth & (decisions.action == Action.PLACE))
    if len(rows) == 0:
        return decisions
    decisions.action[rows] = Action.DEFER
    decisions.until_s[rows] = waits.until_s[rows]
    decisions.status[rows] = DecisionStatus.HEURISTIC
    reason = list(decisions.reason)
    for i in rows.tolist():
        minutes = (waits.until_s[i] - now_s) / S_PER_MIN
        where = world.datacenters[waits.dc[i]].name
        reason[i] = f"waits {minutes:.0f} min for {where}: {waits.saving_frac[i]:.0%} lower objective"
    decisions.dc[rows] = -1
    decisions.energy_kwh[rows] = np.nan
    decisions.service_time_s[rows] = np.nan
    decisions.reason = reason
    return decisions


def on_slot(t_s: float, world: World) -> float:
    """The first slot that does not begin before ``t_s``."""
    return float(np.ceil(t_s / world.slot_s - 1e-9) * world.slot_s)
