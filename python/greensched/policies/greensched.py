"""``greensched``: predictor + least objective (see ``objective``) under capacity, task by task or all together."""

from __future__ import annotations

import numpy as np

from greensched.core.contracts import Needs, PolicyContext
from greensched.core.errors import ConfigError
from greensched.core.options import read_options
from greensched.core.types import F64, Action, Decisions, Observation, Options, Predictions, Reports, World
from greensched.policies.answers import known_or_worst
from greensched.policies.by_cost import place_by_cost
from greensched.policies.confidence import Confidence
from greensched.policies.costs import Costs, total_g
from greensched.policies.deferral import plan, postpone
from greensched.policies.greensched_options import GreenSchedOptions
from greensched.policies.ledger import held_s
from greensched.policies.planned import Planner
from greensched.policies.reasons import Reasons
from greensched.predictors.facts import Facts
from greensched.predictors.queueing import staging_s

__all__ = ["GreenSchedOptions", "GreenSchedPolicy"]


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
        """Compute what does not change.

        Raises:
            ConfigError: embodied carbon is to count, and no host has any.
        """
        options = self.options
        self.facts = Facts.of(world)
        if options.embodied_weight > 0 and not np.nansum(self.facts.embodied_g_per_core_h) > 0:
            raise ConfigError(
                "policy 'greensched': option 'embodied_weight': no host type of this world has embodied_g_per_core_h; "
                "give it in host_types, or remove the option"
            )
        self.reasons = Reasons(world, "objective", "g")
        self.costs = Costs(world, self.facts, options.weights, options.intensity)
        self.confidence = Confidence(options.sla_confidence) if options.sla_confidence > 0 else None
        self._sure_s: F64 | None = None
        self.planner = None
        if options.optimizer == "batch":
            self.planner = Planner(
                world, self.facts, self.costs, options.ahead_h, options.step_min, options.defer_saving_frac
            )
        return Needs(forecasts=options.intensity == "forecast" or options.defer or options.ahead_h > 0)

    def decide(self, observation: Observation) -> Decisions:
        """Minimise the objective under capacity: in order of priority and arrival, or of all together."""
        options = Options.now_everywhere(observation.world.n_datacenters, observation.t_s)
        predictions = self.predictor.predict(observation, observation.tasks, options)
        if self.planner is not None:
            predictions = held_s(predictions, staging_s(observation.tasks, observation.world))
        version = self.predictor.version
        self._sure_s = None if self.confidence is None else self.confidence.sure_s(predictions, version)
        if self.planner is not None:
            decisions = self.planner.decide(observation, predictions, self._sure_s)
        else:
            decisions = self._greedy(observation, predictions, self._sure_s)
        self._remember(observation, decisions)
        return decisions

    def revised(self, observation: Observation, decisions: Decisions) -> None:
        """Some of the last decisions have been replaced, by exploration: what is done counts, not what was wanted."""
        self._remember(observation, decisions)
        if self.planner is not None:
            self.planner.revised(observation, decisions)

    def _remember(self, seen: Observation, decisions: Decisions) -> None:
        placed = decisions.action == Action.PLACE
        self.costs.placed(decisions.task[placed].tolist(), decisions.dc[placed].tolist())
        if self.confidence is not None and self._sure_s is not None:
            self.confidence.remember(decisions, self._sure_s[seen.tasks.rows_of(decisions.task), decisions.dc])

    def _greedy(self, seen: Observation, predictions: Predictions, sure_s: F64 | None) -> Decisions:
        tasks = seen.tasks
        terms = self.costs.terms(seen, tasks, predictions, seen.t_s, sure_s)
        service_s = predictions.service_time_s
        ends_s = seen.t_s + (service_s if sure_s is None else sure_s)
        self.costs.add_hard(terms, tasks, ends_s, ~np.isnan(service_s))
        cost_g, when_full = total_g(terms), self.options.when_full
        decisions = place_by_cost(seen, predictions, cost_g, self.facts, self.reasons, when_full, terms)
        return self._defer(seen, predictions, sure_s, cost_g, decisions) if self.options.defer else decisions

    def _defer(
        self, seen: Observation, predictions: Predictions, sure_s: F64 | None, cost_g: F64, decisions: Decisions
    ) -> Decisions:
        """Let those wait for whom a later start has the lower objective; undecided tasks stay so."""
        rows = np.flatnonzero(np.isin(seen.tasks.task, decisions.task))
        tasks = seen.tasks.take(rows)
        p = Predictions(predictions.energy_kwh[rows], predictions.service_time_s[rows], predictions.wait_s[rows])
        sure = None if sure_s is None else sure_s[rows]
        now_gpkwh = known_or_worst(seen.state.carbon_gpkwh)

        def later_g(run_gpkwh: F64, start_s: float) -> F64:
            move_gpkwh = self.costs.moving_gpkwh(seen, start_s, now_gpkwh)
            return total_g(self.costs.under(seen, tasks, p, run_gpkwh, move_gpkwh, start_s, sure))

        chosen_g = cost_g[rows, decisions.dc]  # of rejected tasks (dc -1) it is NaN, and nothing is less than that
        outlook = self.costs.outlook
        waits = plan(seen, tasks, p, chosen_g, later_g, outlook, self.options.defer_saving_frac, sure)
        return postpone(decisions, waits, seen.world, seen.t_s)

    def learn(self, reports: Reports) -> None:
        """The predictor learns from the feedback log; a plan has to know what has ended."""
        self.costs.ended(reports.task.tolist())
        if self.confidence is not None:
            self.confidence.learn(reports)
        if self.planner is not None:
            self.planner.learn(reports)
