"""The best choice and its proof, by CP-SAT, where bound and choice are close enough already to leave few candidates.

A candidate whose price exceeds its task's least by more than a choice exceeds the bound is in no better choice (reduced
cost fixing; Nemhauser & Wolsey 1988, "Integer and Combinatorial Optimization", II.5). What is left is small, or too
much.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from greensched.core.types import F64
from greensched.optimizers.prices import Columns, Prices
from greensched.optimizers.problem import PENDING, Bool, Choice, Problem
from greensched.optimizers.rows import Rows

_PARTS: Final = 1_000
"""Of a core, a GPU and a gigabyte that are told apart. Where a demand is no multiple of them it is rounded up, so that
what is found fits; then the bound of CP-SAT is of another problem and says nothing."""
_GREATEST: Final = 2.0**50
_FINEST_G: Final = 1e-6
_WHOLE: Final = 1e-6


@dataclass(frozen=True)
class Proof:
    """What CP-SAT found: a choice, or None where it has none, and a bound on the cost of every choice."""

    choice: Choice | None
    bound_g: float


def proven(problem: Problem, prices: Prices, choice: Choice, work: float, most: int) -> Proof | None:
    """The best choice, or a better one and a bound.

    Args:
        problem: to solve.
        prices: whose bound leaves few candidates.
        choice: one that fits.
        work: the most deterministic time of CP-SAT, about seconds.
        most: so many candidates may be left.

    Returns:
        None where too many candidates are left.
    """
    columns = _left(problem, prices, problem.value_g(choice) - prices.bound_g, most)
    if columns is None:
        return None
    from ortools.sat.python import cp_model

    rows, n = Rows.of(problem, columns), problem.n_tasks
    cost_g = columns.cost_g[rows.task, rows.k]
    unit_g = max(_FINEST_G, float(np.abs(cost_g).max(initial=0.0)) * n / _GREATEST)
    if float(np.abs(rows.matrix.data).max(initial=0.0)) * _PARTS * len(rows.task) > _GREATEST:
        return None
    exactly = True
    model = cp_model.CpModel()
    chosen = [model.new_bool_var("") for _ in rows.task]
    matrix, limit = rows.matrix, rows.limit
    for row in range(matrix.shape[0]):
        part = slice(matrix.indptr[row], matrix.indptr[row + 1])
        here = [chosen[i] for i in matrix.indices[part]]
        if row < n:
            model.add_exactly_one(here)
            continue
        taken = np.ceil(matrix.data[part] * _PARTS - _WHOLE).astype(np.int64)
        exactly = exactly and bool((np.abs(taken - matrix.data[part] * _PARTS) <= _WHOLE).all())
        most_taken = math.floor(min(limit[row] * _PARTS, _GREATEST) + _WHOLE)
        model.add(cp_model.LinearExpr.weighted_sum(here, taken.tolist()) <= most_taken)
    model.minimize(cp_model.LinearExpr.weighted_sum(chosen, np.round(cost_g / unit_g).astype(np.int64).tolist()))
    for variable, value in zip(chosen, _taken(columns, rows, choice), strict=True):
        model.add_hint(variable, int(value))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1  # several would make the answer depend on their luck
    solver.parameters.max_deterministic_time = work
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Proof(None, prices.bound_g)
    bound_g = solver.best_objective_bound * unit_g - n * unit_g  # each cost was rounded by half a unit at most
    values = np.array([solver.boolean_value(variable) for variable in chosen])
    return Proof(_choice(columns, rows, values), max(bound_g, prices.bound_g) if exactly else prices.bound_g)


def _left(problem: Problem, prices: Prices, gap_g: float, most_candidates: int) -> Columns | None:
    """Candidates that a better choice could have; None if they are too many."""
    most_g = prices.least_g + gap_g + _FINEST_G + 1e-9 * abs(prices.bound_g)
    kept = prices.priced_g <= most_g[:, None, None]
    if int(kept.sum()) > most_candidates:
        return None
    most = int(kept.reshape(problem.n_tasks, -1).sum(axis=1).max(initial=1))
    columns = Columns.nearest(problem, np.where(kept, prices.priced_g, np.inf), max(most, 1))
    rows = np.arange(problem.n_tasks)[:, None]
    outside = ~kept[rows, columns.dc[:, :-1], columns.start[:, :-1]]
    columns.cost_g[:, :-1][outside] = np.inf
    columns.cost_g[:, -1][problem.pending_g > most_g] = np.inf
    return columns


def _taken(columns: Columns, rows: Rows, choice: Choice) -> F64:
    """1 for the variables that a choice takes."""
    dc, start = columns.dc[rows.task, rows.k], columns.start[rows.task, rows.k]
    pending = rows.k == columns.dc.shape[1] - 1
    there = (choice.dc[rows.task] == dc) & (choice.start[rows.task] == start) & ~pending
    taken: F64 = np.where(pending, choice.dc[rows.task] == PENDING, there).astype(np.float64)
    return taken


def _choice(columns: Columns, rows: Rows, values: Bool) -> Choice:
    found = Choice.none(len(columns.dc))
    placed = np.flatnonzero(values & (rows.k < columns.dc.shape[1] - 1))
    task, k = rows.task[placed], rows.k[placed]
    found.dc[task], found.start[task] = columns.dc[task, k], columns.start[task, k]
    return found
