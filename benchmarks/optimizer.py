"""How fast and how close the optimiser is: greedy per task, and the batch by number of tasks and of start slots.

python benchmarks/optimizer.py [--quick] [--seeds N]

The problems are made (``made``): tasks of 1 to 32 cores, one in seven with GPUs, that take a slot to many; ten
datacenters with intensities that differ by a factor of ten and turn with the day, busy for the first slots and then
less; lateness as dear as it is by default. All tasks together take a fifth of the capacity of the window, so that clean
places and early slots are short and task by task is far above the bound (see its rows), as in the problem for which the
targets were set; "scarce": a third. "growth" begins with nothing, the others with task by task. Times are of this
machine, all processors that it gives; medians of problems.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time

import numpy as np
from harness import Report

import greensched.testing.worlds as worlds
from greensched.core.types import F64
from greensched.optimizers.batch import Solution, solve
from greensched.optimizers.greedy import Room, assign
from greensched.optimizers.problem import Choice, Problem
from greensched.predictors.facts import Facts

DATACENTERS, USUAL, SCARCE = 10, 0.2, 0.35
TARGETS = {  # (tasks, starts): seconds, gap
    (1_000, 1): (1.0, 0.001),
    (1_000, 12): (1.0, 0.005),
    (1_000, 48): (5.0, 0.01),
    (5_000, 12): (10.0, 0.01),
}
SIZES = ((100, 1), (1_000, 1), (5_000, 1), (100, 12), (1_000, 12), (5_000, 12), (100, 48), (1_000, 48))
LATE_G = 50.0  # of a slot: 10 g per minute and slots of five minutes


def made(tasks: int, starts: int, seed: int, wanted_frac: float = USUAL) -> Problem:
    """See the module."""
    rng = np.random.default_rng([seed, tasks, starts])
    d, horizon = DATACENTERS, starts + max(6, starts // 2) if starts > 1 else 1
    cores = rng.choice([1, 2, 4, 8, 16, 32], tasks, p=[0.3, 0.25, 0.2, 0.15, 0.07, 0.03]).astype(float)
    gpus = np.where(rng.random(tasks) < 0.15, rng.choice([1, 2, 4, 8], tasks), 0).astype(float)
    demand = np.stack([cores, gpus, cores * rng.choice([2, 4, 8], tasks)], axis=1)
    usual = np.minimum(np.exp(rng.normal(0.7, 0.8, tasks)), horizon - starts + 1)
    slots = np.maximum(1, np.ceil(usual[:, None] * np.exp(rng.normal(0, 0.15, d)))).astype(np.int64)
    kwh = (cores * 0.01 * np.exp(rng.normal(0, 0.3, tasks)) + gpus * 0.3) * usual
    kwh = kwh[:, None] * np.exp(rng.normal(0, 0.2, (tasks, d)))
    cost_g = kwh[:, :, None] * _mean_gpkwh(rng, slots, starts, horizon)
    slack = rng.exponential(starts / 2, tasks).astype(int) + 1
    latest = slots.min(axis=1) + slack
    cost_g += LATE_G * np.maximum(np.arange(starts)[None, None] + slots[:, :, None] - latest[:, None, None], 0)
    wanted = (demand * slots.mean(axis=1)[:, None]).sum(axis=0) / starts / wanted_frac
    capacity = np.maximum(np.ceil(wanted * rng.dirichlet(np.full(d, 4.0))[:, None]), 64.0)
    busy = rng.uniform(0.2, 0.7, (d, 1)) * np.exp(-np.arange(horizon) / rng.uniform(2, 8, (d, 1)))
    free = np.floor(capacity[:, None] * (1 - busy)[:, :, None])
    return Problem(cost_g, slots, demand, free, 2 * cost_g.reshape(tasks, -1).max(axis=1) + 100)


def _mean_gpkwh(rng: np.random.Generator, slots: np.ndarray, starts: int, horizon: int) -> F64:
    """Mean intensity over each run, (tasks, datacenters, starts)."""
    d = slots.shape[1]
    hours = np.arange(horizon + int(slots.max()))[None]  # what capacity does not count is charged all the same
    day = 1 + 0.35 * np.sin(2 * np.pi * (hours + rng.uniform(0, 24, (d, 1))) / 24)
    sums = np.concatenate([np.zeros((d, 1)), (rng.uniform(50, 600, (d, 1)) * day).cumsum(axis=1)], axis=1)
    start = np.arange(starts)[None, None]
    end = start + slots[:, :, None]
    dc = np.arange(d)[None, :, None]
    mean: F64 = (sums[dc, end] - sums[dc, start]) / slots[:, :, None]
    return mean


def one_by_one(problem: Problem) -> Choice:
    """Every task, in its turn, where and when it is cheapest with what the others left."""
    choice, free = Choice.none(problem.n_tasks), problem.capacity.copy()
    starts = problem.cost_g.shape[2]
    for task in range(problem.n_tasks):
        for at in np.argsort(problem.cost_g[task].ravel(), kind="stable").tolist():
            dc, start = divmod(at, starts)
            room = free[dc, start : start + int(problem.slots[task, dc])]
            if (room >= problem.demand[task]).all():
                room -= problem.demand[task]
                choice.dc[task], choice.start[task] = dc, start
                break
    return choice


def greedy(report: Report, tasks: int) -> None:
    """Microseconds per task of the greedy assignment in a busy world."""
    seen = worlds.random_observation(1, tasks, DATACENTERS)
    facts = Facts.of(seen.world)
    cost = np.random.default_rng(1).gamma(2.0, 100.0, (tasks, DATACENTERS))
    feasible = facts.host_type(seen.tasks)[0]
    taken = []
    for _ in range(20):
        began = time.perf_counter()
        assign(cost, seen.tasks, Room.now(seen.state, facts), feasible, facts.name_rank)
        taken.append(time.perf_counter() - began)
    report.add(f"greedy, {tasks} tasks", "time per task", 1e6 * statistics.median(taken) / tasks, "us", 10.0)


def batch(report: Report, tasks: int, starts: int, seeds: int, wanted_frac: float = USUAL) -> None:
    """Time and proven gap of the batch, and how far above the same bound task by task is."""
    found: list[tuple[float, Solution, float]] = []
    for seed in range(seeds):
        problem = made(tasks, starts, seed, wanted_frac)
        begin = one_by_one(problem)
        began = time.perf_counter()
        solution = solve(problem, begin)
        taken_s = time.perf_counter() - began
        assert (problem.free(solution.choice) >= -1e-6).all()
        found.append((taken_s, solution, problem.value_g(begin) / solution.bound_g - 1))
    case = f"batch, {tasks} tasks x {DATACENTERS} datacenters x {starts} starts"
    case += "" if wanted_frac == USUAL else ", scarce"
    most_s, most_gap = TARGETS.get((tasks, starts), (None, None)) if wanted_frac == USUAL else (None, None)
    times, gaps = [f[0] for f in found], [100 * f[1].gap_frac for f in found]
    report.add(case, "time", statistics.median(times), "s", most_s)
    report.add(case, "time, longest", max(times), "s")
    report.add(case, "gap", statistics.median(gaps), "%", most_gap and 100 * most_gap)
    report.add(case, "gap, widest", max(gaps), "%")
    report.add(case, "task by task, above the bound", 100 * statistics.median([f[2] for f in found]), "%")


def growth(report: Report, name: str, sizes: list[tuple[int, int]], seeds: int) -> None:
    """Times along a row of sizes, and the exponent of the power law through them (least squares of logarithms)."""
    times = []
    for tasks, starts in sizes:
        each = []
        for seed in range(seeds):
            problem = made(tasks, starts, 100 + seed)
            began = time.perf_counter()
            solution = solve(problem)
            each.append((time.perf_counter() - began, solution.gap_frac))
        times.append(statistics.median(t for t, _ in each))
        case = f"growth with {name}: {tasks} tasks x {DATACENTERS} datacenters x {starts} starts"
        report.add(case, "time", times[-1], "s")
        report.add(case, "gap", 100 * statistics.median(gap for _, gap in each), "%")
    varied = [max(size) if name == "tasks" else size[1] for size in sizes]
    slope = float(np.polyfit(np.log(varied), np.log(times), 1)[0])
    report.add(f"growth with {name}", "exponent of time", slope, "1")


def main() -> int:
    """All of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seeds", type=int, default=5)
    asked = parser.parse_args()
    report = Report("optimizer", asked.quick)
    solve(made(20, 2, 0))  # libraries are loaded once
    for tasks in (100,) if asked.quick else (1, 100, 1_000, 5_000):
        greedy(report, tasks)
    for tasks, starts in ((100, 1), (100, 12)) if asked.quick else SIZES:
        batch(report, tasks, starts, 1 if asked.quick else asked.seeds)
    if not asked.quick:
        for tasks, starts in ((1_000, 1), (1_000, 12)):
            batch(report, tasks, starts, asked.seeds, SCARCE)
        growth(report, "tasks", [(n, 12) for n in (125, 250, 500, 1_000, 2_000, 4_000)], 3)
        growth(report, "starts", [(500, k) for k in (3, 6, 12, 24, 48, 96)], 3)
    return report.write()


if __name__ == "__main__":
    sys.exit(main())
