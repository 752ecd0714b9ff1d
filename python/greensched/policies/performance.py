"""``performance``: the least predicted finish time, whatever the grid."""

from __future__ import annotations

from greensched.core.contracts import Needs, PolicyContext
from greensched.core.errors import ConfigError
from greensched.core.options import reject_unknown
from greensched.core.types import Decisions, Observation, Options, Reports, World
from greensched.policies.by_cost import place_by_cost
from greensched.policies.reasons import Reasons
from greensched.predictors.facts import Facts


class PerformancePolicy:
    """Greedy by predicted service time, staging and queueing included."""

    name = "performance"
    default_predictor = "analytic"

    def __init__(self, context: PolicyContext) -> None:
        reject_unknown(context.options, (), "policy 'performance'")
        if context.predictor is None:
            raise ConfigError("policy 'performance' needs a predictor")
        self.predictor = context.predictor

    def start(self, world: World) -> Needs:
        """Compute what does not change."""
        self.facts = Facts.of(world)
        self.reasons = Reasons(world, "service time", "s")
        return Needs()

    def decide(self, observation: Observation) -> Decisions:
        """Place every task where it is expected to finish first."""
        options = Options.now_everywhere(observation.world.n_datacenters, observation.t_s)
        predictions = self.predictor.predict(observation, observation.tasks, options)
        return place_by_cost(observation, predictions, predictions.service_time_s, self.facts, self.reasons)

    def learn(self, reports: Reports) -> None:
        """Nothing to learn."""
