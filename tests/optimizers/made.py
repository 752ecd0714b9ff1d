"""Problems made up for tests, and answers that look at everything."""

from __future__ import annotations

import itertools

import numpy as np

from greensched.optimizers.problem import Choice, Problem


def made(seed: int, tasks: int, datacenters: int, starts: int, room: float = 0.7) -> Problem:
    """A random problem; ``room``: of what all tasks would take, how much there is."""
    rng = np.random.default_rng([7, seed])
    slots = rng.integers(1, 4 if starts > 1 else 2, (tasks, datacenters))
    horizon = starts + (2 if starts > 1 else 0)
    cores = rng.choice([0.5, 1.0, 2.0, 4.0, 8.0], tasks)
    gpus = np.where(rng.random(tasks) < 0.3, rng.choice([1.0, 2.0], tasks), 0.0)
    demand = np.stack([cores, gpus, cores * rng.choice([2.0, 4.0], tasks)], axis=1)
    cost_g = rng.gamma(2.0, 50.0, (tasks, datacenters, starts)) * cores[:, None, None]
    cost_g[rng.random(cost_g.shape) < 0.15] = np.inf
    share = rng.dirichlet(np.ones(datacenters), 3).T * demand.sum(axis=0) * slots.mean() / starts * room * 1.5
    capacity = np.floor(share[:, None, :] * rng.uniform(0.5, 1.0, (datacenters, horizon, 1)) * 2) / 2
    pending_g = np.where(np.isfinite(cost_g), cost_g, 0.0).max(axis=(1, 2)) * rng.uniform(0.8, 2.0, tasks) + 1.0
    return Problem(cost_g, slots, demand, capacity, pending_g)


def looked_at_all(problem: Problem) -> float:
    """The least cost of all choices, in g."""
    n, d, starts = problem.cost_g.shape
    options = [
        [
            (-1, 0),
            *(place for place in itertools.product(range(d), range(starts)) if np.isfinite(problem.cost_g[t, *place])),
        ]
        for t in range(n)
    ]
    ends = np.minimum(np.arange(starts)[None, None, :] + problem.slots[:, :, None], problem.horizon)
    best_g = np.inf
    least_g = [min(problem.pending_g[t], problem.cost_g[t].min()) for t in range(n)]
    beyond_g = np.concatenate([np.cumsum(least_g[::-1])[::-1], [0.0]])
    free = problem.capacity + 1e-9

    def rest(task: int, so_far_g: float) -> None:
        nonlocal best_g
        if so_far_g + beyond_g[task] >= best_g:
            return
        if task == n:
            best_g = so_far_g
            return
        for dc, start in options[task]:
            if dc < 0:
                rest(task + 1, so_far_g + float(problem.pending_g[task]))
                continue
            room = free[dc, start : ends[task, dc, start]]
            if (room >= problem.demand[task]).all():
                room -= problem.demand[task]
                rest(task + 1, so_far_g + float(problem.cost_g[task, dc, start]))
                room += problem.demand[task]

    rest(0, 0.0)
    return best_g


def fits(problem: Problem, choice: Choice) -> bool:
    """Whether a choice takes no more than there is, and only what is allowed."""
    placed = np.flatnonzero(choice.dc >= 0)
    allowed = np.isfinite(problem.cost_g[placed, choice.dc[placed], choice.start[placed]]).all()
    return bool(allowed) and bool((problem.free(choice) >= -1e-6).all())
