"""``random``: any datacenter that has room, whatever it costs: the least that a policy must beat, and fair exploration.

Data sets for training are made with it, since a policy that prefers some datacenters shows its predictor only those.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from greensched.core.contracts import Needs, PolicyContext
from greensched.core.errors import ConfigError
from greensched.core.options import reject_unknown
from greensched.core.types import F64, I64, Decisions, Observation, Options, Reports, World
from greensched.policies.by_cost import place_by_cost
from greensched.policies.reasons import Reasons
from greensched.predictors.facts import Facts

_GAMMA = np.uint64(0x9E3779B97F4A7C15)


class RandomPolicy:
    """Every datacenter with room is equally likely; the draw depends on seed, task and datacenter only."""

    name = "random"
    default_predictor = "analytic"

    def __init__(self, context: PolicyContext) -> None:
        reject_unknown(context.options, (), "policy 'random'")
        if context.predictor is None:
            raise ConfigError("policy 'random' needs a predictor")
        self.predictor = context.predictor

    def start(self, world: World) -> Needs:
        """Compute what does not change."""
        self.facts = Facts.of(world)
        self.reasons = Reasons(world, "draw", "")
        return Needs()

    def decide(self, observation: Observation) -> Decisions:
        """Place every task where its draw is least; the predictions are for the log."""
        world = observation.world
        options = Options.now_everywhere(world.n_datacenters, observation.t_s)
        predictions = self.predictor.predict(observation, observation.tasks, options)
        drawn = draws(world.seed, observation.tasks.task, self.facts.name_rank.astype(np.int64))
        cost = np.where(np.isnan(predictions.service_time_s), np.nan, drawn)
        decisions = place_by_cost(observation, predictions, cost, self.facts, self.reasons)
        decisions.propensity = np.full(len(decisions), np.nan)  # it depends on the room that the others left
        return decisions

    def learn(self, reports: Reports) -> None:
        """Nothing to learn."""


def draws(seed: int, task: I64, datacenter: I64) -> F64:
    """Uniform numbers in [0, 1) by seed, task and datacenter, shape (tasks, datacenters): a hash (SplitMix64)."""
    with np.errstate(over="ignore"):
        counter = task.astype(np.uint64)[:, None] * np.uint64(1 << 20) + datacenter.astype(np.uint64)
        # the seed is mixed first: added to the counter as it is, one seed's draws would be the next one's, shifted
        start = _mixed(np.array([seed % 2**64], np.uint64) + _GAMMA)
        z = _mixed(start + (counter + np.uint64(1)) * _GAMMA)
    result: F64 = (z >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return result


def _mixed(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64: a bijection of which every bit depends on every other."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
