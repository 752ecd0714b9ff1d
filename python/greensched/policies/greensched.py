"""``greensched``: predictor + least objective (see ``objective``) under capacity, task by task or all together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from greensched.core.contracts import Needs, PolicyContext
from greensched.core.errors import ConfigError
from greensched.core.options import at_least, read_options
from greensched.core.types import F64, Decisions, Observation, Options, Predictions, Reports, TaskTable, World
from greensched.policies.answers import known_or_worst
from greensched.policies.by_cost import place_by_cost
from greensched.policies.deferral import plan, postpone
from greensched.policies.objective import lateness_s, objective_g, transfer_g
from greensched.policies.outlook import Outlook
from greensched.policies.planned import Planner
from greensched.policies.reasons import Reasons
from greensched.predictors.facts import Facts

MOST_STARTS = 200


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
        defer: let tasks wait for a later start with a lower objective, when the forecast promises one and the deadline
            allows it.
        defer_saving_frac: the least predicted saving, as a fraction of the objective, for which a task waits.
        optimizer: ``greedy``: task by task; ``batch``: all that ask, together (see ``planned``); who then has no place
            stays pending, whatever ``when_full`` says.
        ahead_h: with ``batch``, hours ahead in which tasks with a deadline may start; 0: only now.
        step_min: with ``ahead_h``, minutes between possible starts, and after which plans are made anew.
    """

    carbon_weight: float = 1.0
    sla_weight_g_per_min: float = 10.0
    intensity: Literal["forecast", "now"] = "forecast"
    when_full: Literal["queue", "wait"] = "queue"
    defer: bool = False
    defer_saving_frac: float = 0.1
    optimizer: Literal["greedy", "batch"] = "greedy"
    ahead_h: float = 0.0
    step_min: float = 30.0

    def __post_init__(self) -> None:
        at_least(0.0, carbon_weight=self.carbon_weight, sla_weight_g_per_min=self.sla_weight_g_per_min)
        at_least(0.0, ahead_h=self.ahead_h)
        at_least(1.0, step_min=self.step_min)
        if self.ahead_h > 0 and not self.step_min <= 60.0 * self.ahead_h <= MOST_STARTS * self.step_min:
            raise ValueError(
                f"option 'ahead_h': expected at least one step of {self.step_min:g} min and at most {MOST_STARTS}, "
                f"got {self.ahead_h:g} h"
            )
        if self.ahead_h > 0 and self.intensity == "now":
            raise ValueError("option 'ahead_h': who plans ahead needs forecasts; remove intensity: now")
        if self.optimizer == "greedy" and self.ahead_h > 0:
            raise ValueError("option 'ahead_h': only optimizer 'batch' plans ahead; for 'greedy' there is 'defer'")
        if self.optimizer == "batch" and self.defer:
            raise ValueError("option 'defer': only optimizer 'greedy' defers so; for 'batch' there is 'ahead_h'")
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
        ahead_h, step_min = self.options.ahead_h, self.options.step_min
        self.planner = None
        if self.options.optimizer == "batch":
            saving_frac = self.options.defer_saving_frac
            self.planner = Planner(world, self.facts, self._start_g, ahead_h, step_min, saving_frac)
        return Needs(forecasts=self.options.intensity == "forecast" or self.options.defer or ahead_h > 0)

    def decide(self, observation: Observation) -> Decisions:
        """Minimise the objective under capacity: in order of priority and arrival, or of all together."""
        tasks = observation.tasks
        options = Options.now_everywhere(observation.world.n_datacenters, observation.t_s)
        predictions = self.predictor.predict(observation, tasks, options)
        if self.planner is not None:
            return self.planner.decide(observation, predictions)
        gpkwh = self.intensity_gpkwh(observation, predictions)
        now_gpkwh = known_or_worst(observation.state.carbon_gpkwh)
        cost_g = self._cost_g(observation, tasks, predictions, gpkwh, now_gpkwh, observation.t_s)
        decisions = place_by_cost(observation, predictions, cost_g, self.facts, self.reasons, self.options.when_full)
        return self._defer(observation, predictions, cost_g, decisions) if self.options.defer else decisions

    def _cost_g(
        self, seen: Observation, tasks: TaskTable, predictions: Predictions, run_gpkwh: F64, move_gpkwh: F64, t_s: float
    ) -> F64:
        """The objective of starting at ``t_s``, under the intensities of the run and of moving the data."""
        late_s = lateness_s(predictions, np.full(len(move_gpkwh), t_s), tasks.deadline_s)
        moved_g = transfer_g(tasks, seen.world, move_gpkwh)
        weights = self.options
        return objective_g(predictions, run_gpkwh, moved_g, late_s, weights.carbon_weight, weights.sla_weight_g_per_min)

    def _defer(self, seen: Observation, predictions: Predictions, cost_g: F64, decisions: Decisions) -> Decisions:
        """Let those wait for whom a later start has the lower objective; undecided tasks stay so."""
        rows = np.flatnonzero(np.isin(seen.tasks.task, decisions.task))
        tasks = seen.tasks.take(rows)
        p = Predictions(predictions.energy_kwh[rows], predictions.service_time_s[rows], predictions.wait_s[rows])
        now_gpkwh = known_or_worst(seen.state.carbon_gpkwh)

        def later_g(run_gpkwh: F64, start_s: float) -> F64:
            return self._cost_g(seen, tasks, p, run_gpkwh, self._moving_gpkwh(seen, start_s, now_gpkwh), start_s)

        chosen_g = cost_g[rows, decisions.dc]  # of rejected tasks (dc -1) it is NaN, and nothing is less than that
        waits = plan(seen, tasks, p, chosen_g, later_g, self.outlook, self.options.defer_saving_frac)
        return postpone(decisions, waits, seen.world, seen.t_s)

    def _moving_gpkwh(self, seen: Observation, start_s: float, now_gpkwh: F64) -> F64:
        """Intensity of every datacenter when data are moved there for a later start."""
        from_s = np.full((1, len(now_gpkwh)), start_s)
        ahead = self.outlook.mean_gpkwh(seen.forecasts, len(now_gpkwh), from_s, from_s + seen.world.slot_s)[0]
        known: F64 = np.where(np.isnan(ahead), now_gpkwh, ahead)
        return known

    def _start_g(self, seen: Observation, tasks: TaskTable, predictions: Predictions, start_s: float) -> F64:
        """The objective of starting at ``start_s``, given predictions of such a start; for the planner."""
        now_gpkwh = known_or_worst(seen.state.carbon_gpkwh)
        run_gpkwh = self.intensity_gpkwh(seen, predictions, start_s)
        move_gpkwh = now_gpkwh if start_s <= seen.t_s else self._moving_gpkwh(seen, start_s, now_gpkwh)
        return self._cost_g(seen, tasks, predictions, run_gpkwh, move_gpkwh, start_s)

    def intensity_gpkwh(self, observation: Observation, predictions: Predictions, start_s: float | None = None) -> F64:
        """Intensity in g/kWh that every (task, datacenter) pair will meet; or one row of the intensities of now.

        Args:
            observation: what is known now.
            predictions: for every pair.
            start_s: of the runs; None: now.
        """
        now = known_or_worst(observation.state.carbon_gpkwh)
        if self.options.intensity == "now" or not observation.forecasts.newest:
            return np.broadcast_to(now, predictions.energy_kwh.shape)
        from_s = observation.t_s if start_s is None else start_s
        begin_s, end_s = from_s + predictions.wait_s, from_s + predictions.service_time_s
        ahead = self.outlook.mean_gpkwh(observation.forecasts, len(now), begin_s, end_s)
        return np.where(np.isnan(ahead), now, ahead)

    def learn(self, reports: Reports) -> None:
        """The predictor learns from the feedback log; a plan has to know what has ended."""
        if self.planner is not None:
            self.planner.learn(reports)
