"""Where and when for all tasks that ask, together: the batch optimiser behind the policy ``greensched``.

Only what starts now is committed. Who is to start later waits until then, or until the plan is made anew, whichever is
sooner: after a step, or when the next forecasts are due. Meanwhile its place is reserved. Who gets no place stays
pending, which costs as much as to start after the window, and no less than any place: nobody is left pending for whom
there is room.
"""

from __future__ import annotations

import dataclasses
import logging

import numpy as np

from greensched.core.errors import ConfigError
from greensched.core.types import (
    F64,
    Action,
    Decisions,
    DecisionStatus,
    Observation,
    Predictions,
    Reports,
    World,
)
from greensched.core.units import S_PER_HOUR, S_PER_MIN
from greensched.optimizers.batch import Limits, Solution, load, solve
from greensched.optimizers.greedy import Room, assign
from greensched.optimizers.problem import GREATEST, Bool, Choice, Problem
from greensched.optimizers.refusals import GPU_HOST, HOST, Refused
from greensched.policies.answers import keep, place
from greensched.policies.costs import Costs, total_g
from greensched.policies.deferral import RESERVE, on_slot
from greensched.policies.ledger import Grid, Ledger, demand_of
from greensched.policies.plan import Plan
from greensched.policies.reasons import Reasons
from greensched.predictors.facts import Facts

_LOGGER = logging.getLogger(__name__)
_LIMITS = Limits(gap_frac=5e-3, rounds=100, rounds_per_task=1.0, exact_work=0.1, few=60)
"""Forecasts err by more than this gap, and the next slot decides anew."""
_RELUCTANCE = 1e-3  # to stay pending where it costs no more than to start: it helps nobody


class Planner:
    """Plans the tasks of every slot of the run.

    Args:
        world: of the run.
        facts: of the world.
        costs: the objective.
        ahead_h: how far ahead starts are planned; 0: only now.
        step_min: minutes between possible starts; a start lies on a slot.
        saving_frac: the least predicted saving, as a fraction, for which a task waits.
    """

    def __init__(
        self, world: World, facts: Facts, costs: Costs, ahead_h: float, step_min: float, saving_frac: float
    ) -> None:
        self._world, self._facts, self._costs, self._saving_frac = world, facts, costs, saving_frac
        slots = np.ceil(step_min * S_PER_MIN / world.slot_s - 1e-9) if ahead_h > 0 else 1.0
        self._step_s = float(max(slots, 1.0)) * world.slot_s
        self._starts = 1 + int(ahead_h * S_PER_HOUR / self._step_s)
        if ahead_h > 0 and self._starts == 1:
            raise ConfigError(
                f"policy 'greensched': option 'ahead_h': {ahead_h:g} h is shorter than a step of whole slots, here "
                f"{self._step_s / S_PER_MIN:g} min"
            )
        self._by_name = np.argsort(facts.name_rank)
        self._reasons = Reasons(world, "objective", "g")
        self._ledger = Ledger()
        self._issued_s, self._issued_every_s = -np.inf, np.inf
        load()

    def decide(self, seen: Observation, there: Predictions, sure_s: F64 | None = None) -> Decisions:
        """Decide about all tasks that ask; those that stay pending are absent from the answer.

        Args:
            seen: what is known now.
            there: predictions of every (task, datacenter) pair, now, for who has room at once (``ledger.held_s``).
            sure_s: service times that deadlines are held by, of the same shape; None: those of ``there``.
        """
        tasks = seen.tasks
        self._note_issues(seen)
        self._ledger.forget(tasks.task)
        plan = self._plan(seen, there, sure_s)
        greedy = self._greedy(seen, plan.problem)
        solution = solve(plan.problem, greedy, _LIMITS)
        if solution.status is DecisionStatus.INFEASIBLE:  # what is known makes no sense: task by task needs less of it
            _LOGGER.warning("plan at %.0f s: %s; decided task by task", seen.t_s, solution.reason)
            solution = dataclasses.replace(solution, choice=greedy, status=DecisionStatus.FALLBACK_GREEDY)
        dc = np.where(solution.choice.dc >= 0, self._by_name[solution.choice.dc], -1).astype(np.int32)
        start_s = np.where(solution.choice.start == 0, seen.t_s, plan.grid.begin_s[solution.choice.start])
        if self._starts > 1:
            service_s = there.service_time_s[np.arange(len(tasks)), dc]
            self._ledger.enter(tasks, dc, start_s, start_s + np.nan_to_num(service_s), solution.choice.start == 0)
        return self._answer(seen, plan, solution, dc, start_s, there)

    def revised(self, seen: Observation, decisions: Decisions) -> None:
        """Placements of the last answer that have been replaced: those that are done take what they need."""
        rows = np.flatnonzero((decisions.action == Action.PLACE) & (decisions.dc >= 0))
        if self._starts == 1 or len(rows) == 0:
            return
        placed = decisions.task[rows]
        self._ledger.forget(placed)
        tasks = seen.tasks.take(seen.tasks.rows_of(placed))
        now_s = np.full(len(rows), seen.t_s)
        ends_s = now_s + np.nan_to_num(decisions.service_time_s[rows])
        self._ledger.enter(tasks, decisions.dc[rows], now_s, ends_s, np.ones(len(rows), dtype=bool))

    def learn(self, reports: Reports) -> None:
        """These have ended."""
        self._ledger.forget(reports.task)

    def _plan(self, seen: Observation, there: Predictions, sure_s: F64 | None) -> Plan:
        tasks, starts, service_s = seen.tasks, self._starts, there.service_time_s
        with np.errstate(invalid="ignore"):
            slots = np.ceil(np.nan_to_num(service_s, nan=1.0) / self._step_s - 1e-9)
        slots = np.clip(slots, 1, 2 * starts).astype(np.int64)
        grid = Grid(seen.t_s, self._step_s, starts, starts + (int(slots.max(initial=1)) if starts > 1 else 0))
        # who waits until the last moment is late by every error: later starts have a reserve
        later_s = (RESERVE * service_s if sure_s is None else sure_s) + self._world.slot_s
        held_by_s = [service_s if sure_s is None else sure_s] + [later_s] * starts
        starts_s = [seen.t_s, *grid.begin_s[1:starts].tolist(), seen.t_s + starts * self._step_s]
        each = [self._costs.terms(seen, tasks, there, t_s, by_s) for by_s, t_s in zip(held_by_s, starts_s, strict=True)]
        after_g = np.nan_to_num(_or_inf(total_g(each.pop())).min(axis=1), posinf=0.0)
        terms = {name: np.stack([one[name] for one in each], axis=2) for name in each[0]}
        possible, refused = self._possible(seen, grid)
        ends_s = np.stack([t_s + by_s for by_s, t_s in zip(held_by_s[:-1], starts_s[:-1], strict=True)], axis=2)
        self._costs.add_hard(terms, tasks, ends_s, possible)
        if starts > 1:
            terms["waiting"] = np.abs(total_g(terms)) * (1.0 / (1.0 - self._saving_frac) - 1.0)
            terms["waiting"][:, :, 0] = 0.0
        cost_g = np.where(possible, _or_inf(total_g(terms)), np.inf)
        d = self._by_name
        capacity = self._ledger.capacity(seen.state, self._facts, grid)[d]
        problem = Problem(cost_g[:, d], slots[:, d], demand_of(tasks), capacity, after_g)
        problem = dataclasses.replace(problem, pending_g=self._pending_g(seen, problem))
        return Plan(grid, problem, d, terms, refused)

    def _possible(self, seen: Observation, grid: Grid) -> tuple[Bool, Refused]:
        """Starts for which a single host has room, (tasks, datacenters, starts), and why none has now, by pair.

        Tasks without a deadline start now, or when they ask again.
        """
        tasks, state = seen.tasks, seen.state
        refused = np.zeros((len(tasks), len(state.max_free_cores)), dtype=np.int8)
        refused[tasks.cores[:, None] > state.max_free_cores + 1e-9] = HOST
        refused[(tasks.gpus[:, None] > state.max_free_gpus + 1e-9) & (tasks.gpus > 0)[:, None]] = GPU_HOST
        possible = np.repeat((refused == 0)[:, :, None], grid.starts, axis=2)
        if grid.starts > 1:
            asked = np.stack([tasks.cores, tasks.gpus], axis=1)[:, None, None]
            wide = (asked > self._ledger.widest(state, grid)[None, :, 1 : grid.starts] + 1e-9) & (asked > 0)
            possible[:, :, 1:] = ~wide.any(axis=3) & np.isfinite(tasks.deadline_s)[:, None, None]
        return possible, refused

    def _pending_g(self, seen: Observation, problem: Problem) -> F64:
        """What it costs to get no place.

        Who hopes for the best place in the next slot will hope again: so it costs no less than any place that the task
        could get, and nobody waits where there is room. It grows with every slot that a task has waited, and with its
        priority, so that no stream of others keeps it waiting for ever.
        """
        cost_g = problem.possible().cost_g
        most_g = np.maximum(problem.pending_g, np.where(np.isfinite(cost_g), cost_g, 0.0).max(axis=(1, 2), initial=0.0))
        waited = np.maximum(seen.t_s - seen.tasks.arrival_s, 0.0) / self._world.slot_s
        urgency = (1.0 + waited) * (1.0 + np.maximum(seen.tasks.priority, 0))
        pending_g: F64 = np.minimum((most_g + _RELUCTANCE) * (1.0 + _RELUCTANCE) * urgency, GREATEST)
        return pending_g

    def _greedy(self, seen: Observation, problem: Problem) -> Choice:
        """What task by task would be chosen now; what it leaves waiting may be worth it."""
        room = Room.now(seen.state, self._facts)
        d, now_g = self._by_name, problem.cost_g[:, :, 0]
        room = Room(*(getattr(room, name)[d] for name in ("cores", "gpus", "mem_gb", "widest_cores", "widest_gpus")))
        given = assign(now_g, seen.tasks, room, np.isfinite(now_g), np.arange(len(d)))
        choice = Choice(given.dc.astype(np.intp), np.zeros(len(given.dc), dtype=np.intp))
        return choice if problem.fits(choice) else Choice.none(problem.n_tasks)

    def _answer(
        self, seen: Observation, plan: Plan, solution: Solution, dc: np.ndarray, start_s: F64, there: Predictions
    ) -> Decisions:
        status = np.full(len(dc), solution.status, dtype=np.int32)
        reasons = plan.why(solution.choice, self._reasons)
        impossible = np.isnan(there.service_time_s).all(axis=1)
        decisions = place(seen.tasks, dc.copy(), status, reasons, there)
        self._later(decisions, seen, start_s)
        return keep(decisions, (dc >= 0) | impossible)

    def _later(self, decisions: Decisions, seen: Observation, start_s: F64) -> None:
        """Turn placements that start later into deferrals until then, or until the plan is made anew."""
        rows = np.flatnonzero((decisions.action == Action.PLACE) & (start_s > seen.t_s))
        if len(rows) == 0:
            return
        anew_s = on_slot(min(seen.t_s + self._step_s, self._next_issue_s(seen.t_s)), seen.world)
        reason = list(decisions.reason)
        for i in rows.tolist():
            where = seen.world.datacenters[decisions.dc[i]].name
            reason[i] = f"planned for {where} in {(start_s[i] - seen.t_s) / S_PER_MIN:.0f} min: {reason[i]}"
            decisions.until_s[i] = min(on_slot(float(start_s[i]), seen.world), anew_s)
        decisions.action[rows] = Action.DEFER
        decisions.status[rows] = DecisionStatus.HEURISTIC
        decisions.dc[rows] = -1
        decisions.energy_kwh[rows] = np.nan
        decisions.service_time_s[rows] = np.nan
        decisions.reason = reason

    def _note_issues(self, seen: Observation) -> None:
        """Forecasts come as long after the newest as that came after the one before."""
        issued_s = max((issue.issue_s for issue in seen.forecasts.newest.values()), default=-np.inf)
        if issued_s > self._issued_s:
            self._issued_every_s, self._issued_s = issued_s - self._issued_s, issued_s

    def _next_issue_s(self, now_s: float) -> float:
        next_s = self._issued_s + self._issued_every_s
        return next_s if next_s > now_s else np.inf


def _or_inf(cost_g: F64) -> F64:
    """Costs that can be decided by: impossible is infinite, and more than anything makes sense is as much as does."""
    return np.where(np.isnan(cost_g), np.inf, np.clip(cost_g, -GREATEST, GREATEST))
