"""The linear relaxation over some candidates: better prices than the smoothed ones, at the price of a simplex run.

With the few candidates of every task that are cheapest at good prices, it has nearly always the same answer as with all
of them; the bound that its prices prove counts all of them in any case.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from greensched.core.types import F64
from greensched.optimizers.prices import Columns, Prices, priced
from greensched.optimizers.problem import Index, Problem

FEWEST, MOST, TOGETHER = 6, 60, 12_000
"""Candidates of every task, and of all tasks together if that is more than the fewest of each."""


def relaxed_prices(problem: Problem, prices: Prices) -> Prices:
    """Prices of the relaxation over the cheapest candidates; what was given, if they prove no more."""
    k = min(max(TOGETHER // problem.n_tasks, FEWEST), MOST)
    columns = Columns.nearest(problem, prices.priced_g, k)
    price_g = _dual_g(problem, columns)
    found = prices if price_g is None else priced(problem, price_g)
    return max(prices, found, key=lambda one: one.bound_g)


@dataclass(frozen=True)
class Rows:
    """The constraints of a choice among columns.

    Attributes:
        task, k: places of the candidates in the :class:`Columns`; one variable each.
        matrix: sparse, (constraints, variables): one row per task, then one for everything that could run out.
        limit: of every row: 1 for tasks, which is to be met, then capacities.
        at: what could run out, as indices into the flattened capacity.
    """

    task: Index
    k: Index
    matrix: Any
    limit: F64
    at: Index

    @staticmethod
    def of(problem: Problem, columns: Columns) -> Rows:
        """Those of some columns."""
        import scipy.sparse

        task, k = np.nonzero(np.isfinite(columns.cost_g))
        start = columns.start[task, k]
        length = columns.end[task, k] - start
        variable = np.repeat(np.arange(len(task)), length)
        slot = start[variable] + np.arange(len(variable)) - np.repeat(np.cumsum(length) - length, length)
        place = columns.dc[task, k][variable] * problem.horizon + slot
        entries, limits, at, n_rows = [(task, np.arange(len(task)), np.ones(len(task)))], [], [], problem.n_tasks
        resources = problem.demand.shape[1]
        for r in range(resources):
            taken, limit = problem.demand[task[variable], r], problem.capacity[:, :, r].ravel()
            scarce = np.bincount(place, taken, limit.size) > limit
            kept = scarce[place] & (taken > 0)
            row = n_rows - 1 + np.cumsum(scarce)
            entries.append((row[place[kept]], variable[kept], taken[kept]))
            limits.append(limit[scarce])
            at.append(np.flatnonzero(scarce) * resources + r)
            n_rows += int(scarce.sum())
        rows, variables, values = (np.concatenate(part) for part in zip(*entries, strict=True))
        matrix = scipy.sparse.csr_matrix((values, (rows, variables)), shape=(n_rows, len(task)))
        limit = np.concatenate([np.ones(problem.n_tasks), *limits])
        return Rows(task, k, matrix, limit, np.concatenate(at))


def _dual_g(problem: Problem, columns: Columns) -> F64 | None:
    """Prices of the relaxation, (datacenters, slots, resources); None if the solver has no answer."""
    from ortools.linear_solver.python import model_builder_helper as ortools

    rows, n = Rows.of(problem, columns), problem.n_tasks
    model, solver = ortools.ModelBuilderHelper(), ortools.ModelSolverHelper("glop")
    least = np.concatenate([np.ones(n), np.full(len(rows.at), -np.inf)])
    free = np.zeros(len(rows.task)), np.full(len(rows.task), np.inf)
    model.fill_model_from_sparse_data(*free, columns.cost_g[rows.task, rows.k], least, rows.limit, rows.matrix)
    solver.solve(model)
    if not solver.has_solution():
        return None
    price_g = np.zeros(problem.capacity.size)
    price_g[rows.at] = np.maximum(-np.asarray(solver.dual_values())[n:], 0.0)
    return price_g.reshape(problem.capacity.shape)
