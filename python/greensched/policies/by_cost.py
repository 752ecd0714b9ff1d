"""The step that all predictive policies share: least cost under capacity, and a queue where nothing has room."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from greensched.core.types import F64, Decisions, Observation, Predictions
from greensched.optimizers.greedy import Room, assign
from greensched.optimizers.refusals import refusals
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
    terms: Mapping[str, F64] | None = None,
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
        terms: what ``cost`` is the sum of, for the words.
    """
    tasks = observation.tasks
    feasible = ~np.isnan(cost)
    room = Room.now(observation.state, facts)
    given = assign(cost, tasks, room, feasible, facts.name_rank)
    dc, how = given.dc, np.where(given.first, BEST, DISPLACED)
    waits = dc < 0
    if waits.any():
        dc = np.where(waits, cheapest(cost, facts.name_rank), dc).astype(np.int32)
        how = np.where(waits, QUEUED, how)
    refused = None if given.first.all() else refusals(cost, tasks, room, given, facts.name_rank)
    words = reasons.of(cost, dc, how, terms, refused)
    decisions = place(tasks, dc, status_of(given.first), words, predictions)
    if when_full == "wait" and waits.any():
        return keep(decisions, ~waits | (dc < 0))  # what fits nowhere is rejected now, not asked about for ever
    return decisions
