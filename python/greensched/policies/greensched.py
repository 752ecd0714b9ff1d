"""``greensched``: predictor + greedy arg-min of the objective (see ``objective``), under capacity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from greensched.core.contracts import Needs, PolicyContext
from greensched.core.errors import ConfigError
from greensched.core.options import at_least, read_options
from greensched.core.types import F64, Decisions, Observation, Options, Predictions, Reports, World
from greensched.policies.answers import known_or_worst
from greensched.policies.by_cost import place_by_cost
from greensched.policies.deferral import plan, postpone
from greensched.policies.objective import lateness_s, objective_g, transfer_g
from greensched.policies.outlook import Outlook
from greensched.policies.reasons import Reasons
from greensched.predictors.facts import Facts


@dataclass(frozen=True)
class GreenSchedOptions:
    """Options of the policy.

    Attributes:
        carbon_weight: weight of the predicted grams of CO2eq; 0 leaves only the deadlines.
        sla_weight_g_per_min: grams that one minute of predicted lateness is worth; 0 leaves only carbon.
        intensity: ``forecast``: mean of the newest forecast over the predicted run, where it covers any of it, else as
            ``now``: the intensity of this instant.
        when_full: ``queue``: a task for which nothing has room queues where that costs least; ``wait``: it is decided
            again in the next slot.
        defer: let tasks wait for a cleaner hour when the forecast promises one and the deadline allows it.
        defer_saving_frac: the least predicted saving for which a task waits.
    """

    carbon_weight: float = 1.0
    sla_weight_g_per_min: float = 10.0
    intensity: Literal["forecast", "now"] = "forecast"
    when_full: Literal["queue", "wait"] = "queue"
    defer: bool = False
    defer_saving_frac: float = 0.1

    def __post_init__(self) -> None:
        at_least(0.0, carbon_weight=self.carbon_weight, sla_weight_g_per_min=self.sla_weight_g_per_min)
        if not 0.0 < self.defer_saving_frac < 1.0:
            given = self.defer_saving_frac
            raise ValueError(f"option 'defer_saving_frac': expected a fraction in (0, 1), got {given!r}")


class GreenSchedPolicy:
    """Predicts every task at every datacenter and takes the least objective that has room."""

    name = "greensched"
    default_predictor = "analytic"

    def __init__(self, context: PolicyContext) -> None:
        self.options = read_options(GreenSchedOptions, context.options, "policy 'greensched'")
        if context.predictor is None:
            raise ConfigError("policy 'greensched' needs a predictor")
        self.predictor = context.predictor

    def start(self, world: World) -> Needs:
        """Compute what does not change."""
        self.facts = Facts.of(world)
        self.reasons = Reasons(world, "objective", "g")
        self.outlook = Outlook()
        return Needs(forecasts=self.options.intensity == "forecast" or self.options.defer)

    def decide(self, observation: Observation) -> Decisions:
        """Minimise the objective task by task, in order of priority and arrival, under capacity."""
        weights, tasks = self.options, observation.tasks
        options = Options.now_everywhere(observation.world.n_datacenters, observation.t_s)
        predictions = self.predictor.predict(observation, tasks, options)
        gpkwh = self.intensity_gpkwh(observation, predictions)
        late_s = lateness_s(predictions, options.start_s, tasks.deadline_s)
        moved_g = transfer_g(tasks, observation.world, known_or_worst(observation.state.carbon_gpkwh))
        cost_g = objective_g(predictions, gpkwh, moved_g, late_s, weights.carbon_weight, weights.sla_weight_g_per_min)
        decisions = place_by_cost(observation, predictions, cost_g, self.facts, self.reasons, weights.when_full)
        if weights.defer:
            best_g = np.nanmin(predictions.energy_kwh * gpkwh + moved_g, axis=1, initial=np.inf)
            waits = plan(observation, predictions, moved_g, best_g, self.outlook, weights.defer_saving_frac)
            decisions = postpone(decisions, waits, tasks.task, observation.world, observation.t_s)
        return decisions

    def intensity_gpkwh(self, observation: Observation, predictions: Predictions) -> F64:
        """Intensity in g/kWh that every (task, datacenter) pair will meet; or one row of the intensities of now."""
        now = known_or_worst(observation.state.carbon_gpkwh)
        if self.options.intensity == "now" or not observation.forecasts.newest:
            return np.broadcast_to(now, predictions.energy_kwh.shape)
        begin_s = observation.t_s + predictions.wait_s
        end_s = observation.t_s + predictions.service_time_s
        ahead = self.outlook.mean_gpkwh(observation.forecasts, len(now), begin_s, end_s)
        return np.where(np.isnan(ahead), now, ahead)

    def learn(self, reports: Reports) -> None:
        """Nothing to learn: the predictor learns from the feedback log."""
