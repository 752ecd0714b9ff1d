"""``lowest-carbon``: the datacenter with the least intensity x PUE now among those with room."""

from __future__ import annotations

import numpy as np

from greensched.core.contracts import Needs, PolicyContext
from greensched.core.options import reject_unknown
from greensched.core.types import Decisions, DecisionStatus, Observation, Reports, World
from greensched.optimizers.greedy import Room, assign
from greensched.policies.answers import cheapest, known_or_worst, place, status_of
from greensched.predictors.facts import Facts
from greensched.predictors.pue import pue_now
from greensched.predictors.queueing import queue_s

TYPICAL_RUN_S = 3600.0  # only scales the queue estimate, the same for every datacenter


class LowestCarbonPolicy:
    """Follows the grid and nothing else; where nothing has room, the least expected queue."""

    name = "lowest-carbon"
    default_predictor = None

    def __init__(self, context: PolicyContext) -> None:
        reject_unknown(context.options, (), "policy 'lowest-carbon'")

    def start(self, world: World) -> Needs:
        """Compute what fits where once."""
        self.facts = Facts.of(world)
        reasons = [f"lowest intensity x PUE with room: {d.name}" for d in world.datacenters]
        self.reasons = np.array(reasons, dtype=object)
        return Needs()

    def decide(self, observation: Observation) -> Decisions:
        """Greedy by intensity x PUE; a missing intensity counts as the worst known one."""
        tasks, state = observation.tasks, observation.state
        n = len(tasks)
        gpkwh = known_or_worst(state.carbon_gpkwh) * pue_now(state, observation.world)
        feasible, _ = self.facts.host_type(tasks)
        cost = np.broadcast_to(gpkwh, feasible.shape)
        given = assign(cost, tasks, Room.now(state, self.facts), feasible, self.facts.name_rank)
        dc, waits = given.dc, given.dc < 0
        reasons = self.reasons[dc].tolist() if n else []
        status = status_of(given.first)
        if waits.any():
            wait_s = np.where(feasible, queue_s(tasks, state, self.facts, TYPICAL_RUN_S), np.inf)
            dc = np.where(waits, cheapest(wait_s, self.facts.name_rank), dc).astype(np.int32)
            for i in np.flatnonzero(waits).tolist():
                reasons[i] = "no room anywhere: least queue"
            status = np.where(waits, np.int32(DecisionStatus.HEURISTIC), status).astype(np.int32)
        return place(tasks, dc, status, reasons)

    def learn(self, reports: Reports) -> None:
        """Nothing to learn."""
