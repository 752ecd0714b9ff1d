"""Building decisions: the columns that all policies share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from greensched.core.types import F64, I32, Action, Decisions, DecisionStatus, Predictions, TaskTable

_PLACE = int(Action.PLACE)
Bool = NDArray[np.bool_]
_OPTIMAL = int(DecisionStatus.OPTIMAL)
NOWHERE = "fits no host of any datacenter"


def place(
    tasks: TaskTable, dc: I32, status: I32, reason: Sequence[str], predictions: Predictions | None = None
) -> Decisions:
    """Place every task at ``dc``; where ``dc`` is -1 no host could ever hold the task and it is rejected.

    Args:
        tasks: the tasks asked about.
        dc: chosen datacenter per task, or -1.
        status: :class:`DecisionStatus` codes of the placed tasks.
        reason: why, per task.
        predictions: of shape (tasks, datacenters); what was predicted for the choice is logged.
    """
    n = len(tasks)
    placed = dc >= 0
    energy_kwh, service_time_s = np.full(n, np.nan), np.full(n, np.nan)
    if predictions is not None:
        rows = np.arange(n)
        energy_kwh = predictions.energy_kwh[rows, dc]
        service_time_s = predictions.service_time_s[rows, dc]
    if not placed.all():
        status = np.where(placed, status, np.int32(DecisionStatus.REJECTED)).astype(np.int32)
        reason = [r if ok else NOWHERE for r, ok in zip(reason, placed.tolist(), strict=True)]
        energy_kwh[~placed] = np.nan
        service_time_s[~placed] = np.nan
    action = np.full(n, _PLACE, dtype=np.int32)
    action[~placed] = Action.REJECT
    return Decisions(
        tasks.task, action, dc, np.zeros(n), np.ones(n), status, energy_kwh, service_time_s, reason
    )  # fmt: skip


def keep(decisions: Decisions, rows: Bool) -> Decisions:
    """Only the rows of ``decisions`` that are marked; the other tasks stay pending."""
    index = np.flatnonzero(rows)
    d = decisions
    return Decisions(
        d.task[index], d.action[index], d.dc[index], d.until_s[index], d.scale[index], d.status[index],
        d.energy_kwh[index], d.service_time_s[index], [d.reason[i] for i in index.tolist()], d.propensity[index],
    )  # fmt: skip


def cheapest(cost: F64, name_rank: NDArray[np.intp]) -> I32:
    """Column of the least finite cost per row, ties to the first name; -1 where a row has none."""
    by_name = np.argsort(name_rank)
    ordered = np.where(np.isnan(cost), np.inf, cost)[:, by_name]
    column = ordered.argmin(axis=1)
    found = np.isfinite(ordered[np.arange(len(cost)), column])
    chosen: I32 = np.where(found, by_name[column], -1).astype(np.int32)
    return chosen


def status_of(optimal: Bool) -> I32:
    """``OPTIMAL`` where a task got the least cost of all, ``HEURISTIC`` where it had to give way."""
    if optimal.all():
        return np.full(len(optimal), _OPTIMAL, dtype=np.int32)
    code: I32 = np.where(optimal, DecisionStatus.OPTIMAL, DecisionStatus.HEURISTIC).astype(np.int32)
    return code


def known_or_worst(values: F64) -> F64:
    """Missing values replaced by the largest known one (1 where none is known), so that ignorance never attracts."""
    missing = np.isnan(values)
    if not missing.any():
        return values
    worst = 1.0 if missing.all() else float(np.nanmax(values))
    filled: F64 = np.where(missing, worst, values)
    return filled
