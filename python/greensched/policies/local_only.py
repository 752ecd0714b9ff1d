"""``local-only``: every task runs where it comes from, and queues there."""

from __future__ import annotations

import numpy as np

from greensched.core.contracts import Needs, PolicyContext
from greensched.core.options import reject_unknown
from greensched.core.types import Decisions, DecisionStatus, Observation, Reports, World
from greensched.policies.answers import cheapest, place
from greensched.predictors.facts import Facts


class LocalOnlyPolicy:
    """Home datacenter; where home could never hold a task, the nearest (round trip) datacenter that can."""

    name = "local-only"
    default_predictor = None

    def __init__(self, context: PolicyContext) -> None:
        reject_unknown(context.options, (), "policy 'local-only'")

    def start(self, world: World) -> Needs:
        """Compute what fits where once."""
        self.facts = Facts.of(world)
        return Needs()

    def decide(self, observation: Observation) -> Decisions:
        """Place every task at home, full or not."""
        tasks, world = observation.tasks, observation.world
        feasible, _ = self.facts.host_type(tasks)
        dc = world.home[tasks.origin].astype(np.int32)
        at_home = feasible[np.arange(len(tasks)), dc]
        reasons = ["home"] * len(tasks)
        if not at_home.all():
            distance_ms = np.where(feasible, world.rtt_ms[tasks.origin], np.inf)
            dc = np.where(at_home, dc, cheapest(distance_ms, self.facts.name_rank)).astype(np.int32)
            reasons = ["home" if ok else "no host at home can hold it: nearest that can" for ok in at_home.tolist()]
        return place(tasks, dc, np.full(len(tasks), DecisionStatus.HEURISTIC, dtype=np.int32), reasons)

    def learn(self, reports: Reports) -> None:
        """Nothing to learn."""
