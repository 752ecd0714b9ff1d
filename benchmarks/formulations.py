"""Which formulation of the batch to use: the chosen one beside solvers of the whole problem, on the same problems.

python benchmarks/formulations.py [--quick] [--seeds N] [--limit_s S]

The problems are those of ``optimizer.py``, and one with unit demands and one start, which is a flow. Every way is given
the same seconds (the relaxation as many as it wants, up to ten times that) and begins with nothing. "above" is the
excess over the best bound that any of them proved; "no answer" ways have none. A way that found nothing has no row of
"above". Medians of problems, one thread each.
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
from harness import Report
from optimizer import DATACENTERS, made

from greensched.optimizers.batch import load, solve
from greensched.optimizers.exact import proven
from greensched.optimizers.prices import Columns, no_prices, priced
from greensched.optimizers.problem import Choice, Problem
from greensched.optimizers.repair import filled
from greensched.optimizers.rows import Rows

Found = tuple[float | None, float]
"""Value of the choice in g, None where there is none, and a bound."""
SIZES = ((100, 1), (1_000, 1), (100, 12), (1_000, 12))


def chosen(problem: Problem, limit_s: float) -> Found:
    """What GreenSched does; its limits are of work."""
    found = solve(problem)
    return found.value_g, found.bound_g


def cp_sat(problem: Problem, limit_s: float) -> Found:
    """CP-SAT on all candidates, begun with every task pending."""
    free = no_prices(problem)
    all_of_them = 10**9
    proof = proven(problem, free, Choice.none(problem.n_tasks), limit_s, all_of_them)
    if proof is None or proof.choice is None:
        return None, -np.inf if proof is None else proof.bound_g
    return problem.value_g(proof.choice), proof.bound_g


def highs(problem: Problem, limit_s: float) -> Found:
    """HiGHS branch and bound on all candidates."""
    import scipy.optimize

    columns, rows = _whole(problem)
    n = problem.n_tasks
    lower = np.concatenate([np.ones(n), np.full(len(rows.limit) - n, -np.inf)])
    found = scipy.optimize.milp(
        columns.cost_g[rows.task, rows.k], integrality=1, bounds=scipy.optimize.Bounds(0, 1),
        constraints=scipy.optimize.LinearConstraint(rows.matrix, lower, rows.limit),
        options={"time_limit": limit_s, "mip_rel_gap": 1e-4},
    )  # fmt: skip
    bound_g = found.mip_dual_bound if found.mip_dual_bound is not None else -np.inf
    return (None if found.x is None else float(found.fun)), bound_g


def scip(problem: Problem, limit_s: float) -> Found:
    """SCIP on all candidates."""
    from ortools.linear_solver import pywraplp

    columns, rows = _whole(problem)
    solver = pywraplp.Solver.CreateSolver("SCIP")
    solver.SetTimeLimit(int(1000 * limit_s))
    variables = [solver.BoolVar("") for _ in rows.task]
    matrix = rows.matrix
    for row in range(matrix.shape[0]):
        part = slice(matrix.indptr[row], matrix.indptr[row + 1])
        constraint = solver.Constraint(1.0 if row < problem.n_tasks else -solver.infinity(), float(rows.limit[row]))
        for i, value in zip(matrix.indices[part].tolist(), matrix.data[part].tolist(), strict=True):
            constraint.SetCoefficient(variables[i], value)
    objective = solver.Objective()
    for variable, cost in zip(variables, columns.cost_g[rows.task, rows.k].tolist(), strict=True):
        objective.SetCoefficient(variable, cost)
    status = solver.Solve()
    there = status in (pywraplp.Solver.OPTIMAL, pywraplp.Solver.FEASIBLE)
    return (objective.Value() if there else None), (objective.BestBound() if there else -np.inf)


def relaxed(problem: Problem, limit_s: float) -> Found:
    """The relaxation by HiGHS's dual simplex; its prices put the tasks, as those of GreenSched do."""
    import scipy.optimize

    columns, rows = _whole(problem)
    n = problem.n_tasks
    found = scipy.optimize.linprog(
        columns.cost_g[rows.task, rows.k], A_ub=rows.matrix[n:], b_ub=rows.limit[n:], A_eq=rows.matrix[:n],
        b_eq=rows.limit[:n], method="highs-ds", options={"time_limit": 10 * limit_s},
    )  # fmt: skip
    if found.status != 0:
        return None, -np.inf
    price_g = np.zeros(problem.capacity.size)
    price_g[rows.at] = np.maximum(-found.ineqlin.marginals, 0.0)
    prices = priced(problem, price_g.reshape(problem.capacity.shape))
    placed = filled(problem, Columns.nearest(problem, prices.priced_g, 60), prices)
    return placed.value_g(), prices.bound_g


def flow(problem: Problem, limit_s: float) -> Found:
    """Flow of least cost; for unit demands and one start only."""
    from ortools.graph.python import min_cost_flow

    n, d, _ = problem.cost_g.shape
    unit_g, sink = 1e-6, n + d
    graph = min_cost_flow.SimpleMinCostFlow()
    for t in range(n):
        graph.add_arc_with_capacity_and_unit_cost(t, sink, 1, round(float(problem.pending_g[t]) / unit_g))
        for dc in np.flatnonzero(np.isfinite(problem.cost_g[t, :, 0])).tolist():
            graph.add_arc_with_capacity_and_unit_cost(t, n + dc, 1, round(float(problem.cost_g[t, dc, 0]) / unit_g))
        graph.set_node_supply(t, 1)
    for dc in range(d):
        graph.add_arc_with_capacity_and_unit_cost(n + dc, sink, int(problem.capacity[dc, 0, 0]), 0)
    graph.set_node_supply(sink, -n)
    assert graph.solve() == graph.OPTIMAL
    value_g = graph.optimal_cost() * unit_g
    return value_g, value_g - n * unit_g


def _whole(problem: Problem) -> tuple[Columns, Rows]:
    columns = Columns.nearest(problem, problem.cost_g, problem.cost_g[0].size)
    return columns, Rows.of(problem, columns)


def alike(tasks: int, seed: int) -> Problem:
    """A problem of ``optimizer.py`` with one start, where every task takes one core and nothing else."""
    problem = made(tasks, 1, seed)
    ones = np.zeros_like(problem.demand)
    ones[:, 0] = 1.0
    capacity = np.zeros_like(problem.capacity)
    capacity[:, 0, 0] = np.random.default_rng(seed).multinomial(int(1.1 * tasks), np.full(DATACENTERS, 0.1))
    return dataclasses.replace(problem, demand=ones, capacity=capacity)


WAYS: dict[str, Callable[[Problem, float], Found]] = {
    "chosen": chosen, "CP-SAT": cp_sat, "HiGHS": highs, "SCIP": scip, "HiGHS relaxation, put by price": relaxed,
}  # fmt: skip


def compare(report: Report, case: str, problems: list[Problem], ways: list[str], limit_s: float) -> None:
    """Rows of every way on some problems."""
    told: dict[str, list[tuple[float, Found]]] = {name: [] for name in ways}
    best: list[float] = []
    for problem in problems:
        for name in ways:
            began = time.perf_counter()
            found = (flow if name == "flow" else WAYS[name])(problem.possible(), limit_s)
            told[name].append((time.perf_counter() - began, found))
        best.append(max(told[name][-1][1][1] for name in ways))
    for name in ways:
        report.add(f"{case}: {name}", "time", statistics.median(t for t, _ in told[name]), "s")
        above = [f[0] / b - 1 for (_, f), b in zip(told[name], best, strict=True) if f[0] is not None]
        if above:
            report.add(f"{case}: {name}", "above the best bound", 100 * statistics.median(above), "%")
        report.add(f"{case}: {name}", "problems without an answer", len(problems) - len(above), "1")


def main() -> int:
    """All of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--limit_s", type=float, default=20.0)
    asked = parser.parse_args()
    report = Report("formulations", asked.quick)
    load()
    seeds, limit_s = (1, 2.0) if asked.quick else (asked.seeds, asked.limit_s)
    for tasks, starts in SIZES[:1] if asked.quick else SIZES:
        case = f"{tasks} tasks x {DATACENTERS} datacenters x {starts} starts"
        compare(report, case, [made(tasks, starts, seed) for seed in range(seeds)], list(WAYS), limit_s)
    tasks = 100 if asked.quick else 1_000
    case = f"{tasks} tasks of one core x {DATACENTERS} datacenters"
    compare(report, case, [alike(tasks, seed) for seed in range(seeds)], ["chosen", "flow"], limit_s)
    return report.write()


if __name__ == "__main__":
    sys.exit(main())
