"""The step that all predictive policies share: least cost under capacity, and a queue where nothing has room."""

from __future__ import annotations

import numpy as np

from greensched.core.types import F64, Decisions, Observation, Predictions
from greensched.optimizers.greedy import Room, assign
from greensched.policies.answers import cheapest, keep, place, status_of
from greensched.policies.reasons import BEST, DISPLACED, QUEUED, Reasons
from greensched.predictors.facts import Facts


def place_by_cost(
    observation: Observation,
    predictions: Predictions,
    cost: F64,
    facts: Facts,
    reasons: Reasons,
    when_full: str = "queue",
) -> Decisions:
    """Place every task at its cheapest datacenter with room.

    Args:
        observation: what is known now.
        predictions: for every task at every datacenter, now; NaN where it can never run.
        cost: of the same shape; includes what waiting costs, which decides where no datacenter has room.
        facts: of the world.
        reasons: words for this cost.
        when_full: what happens to a task for which nothing has room now: ``queue`` where that is cheapest, or ``wait``
            undecided for the next slot.
    """
    tasks = observation.tasks
    feasible = ~np.isnan(cost)
    given = assign(cost, tasks, Room.now(observation.state, facts), feasible, facts.name_rank)
    dc, how = given.dc, np.where(given.first, BEST, DISPLACED)
    waits = dc < 0
    if waits.any():
        dc = np.where(waits, cheapest(cost, facts.name_rank), dc).astype(np.int32)
        how = np.where(waits, QUEUED, how)
    decisions = place(tasks, dc, status_of(given.first), reasons.of(cost, dc, how), predictions)
    if when_full == "wait" and waits.any():
        return keep(decisions, ~waits | (dc < 0))  # what fits nowhere is rejected now, not asked about for ever
    return decisions
