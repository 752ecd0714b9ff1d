"""Choices that fit, from prices: tasks are put one after the other where they are cheapest, and some are put anew.

Ruin and recreate (Schrimpf et al. 2000, "Record breaking optimization results using the ruin and recreate principle"):
a task that is far from where it should be is taken out with some that stand in its way, all of them are put again in
another order, and what is cheaper stays.
"""

from __future__ import annotations

import random
from typing import Final

import numpy as np

from greensched.core.types import F64
from greensched.optimizers.prices import Columns, Prices
from greensched.optimizers.problem import PENDING, SLACK, Choice, Index, Problem

FEWEST, MOST = 1, 12
"""Tasks that are taken out besides the one that asks for it."""
SKIPPED_FRAC: Final = 0.02
"""Of the candidates that are passed over: who always takes the first finds the same again."""
SURVEYED: Final = 200
"""Rounds after which it is looked again at who is far from where they should be."""

Place = tuple[int, int, int]  # datacenter, start, end
NOWHERE: Final[Place] = (PENDING, 0, 0)


class Placement:
    """A choice that fits, and what it leaves free."""

    def __init__(self, problem: Problem, columns: Columns, prices: Prices) -> None:
        self.problem = problem
        self.prices = prices
        dc, start, end, cost_g = (c[:, :-1].tolist() for c in (columns.dc, columns.start, columns.end, columns.cost_g))
        self.candidates: list[list[Place]] = [
            [(d, s, e) for d, s, e, c in zip(*row, strict=True) if c < np.inf]
            for row in zip(dc, start, end, cost_g, strict=True)
        ]
        self.place: list[Place] = [NOWHERE] * problem.n_tasks
        self.free = problem.capacity + SLACK

    def cost_g(self, task: int, place: Place) -> float:
        """Of a task in a place."""
        if place[0] < 0:
            return float(self.problem.pending_g[task])
        return float(self.problem.cost_g[task, place[0], place[1]])

    def value_g(self) -> float:
        """Of the whole choice."""
        return self.problem.value_g(self.choice())

    def choice(self) -> Choice:
        """What has been chosen."""
        table = np.array(self.place, dtype=np.intp).reshape(-1, 3)
        return Choice(table[:, 0].copy(), np.where(table[:, 0] >= 0, table[:, 1], 0))

    def adopt(self, choice: Choice) -> None:
        """Begin with a choice that fits."""
        tasks = np.arange(self.problem.n_tasks)
        end = self.problem.ends(choice.dc, choice.start, tasks)
        rows = zip(choice.dc.tolist(), choice.start.tolist(), end.tolist(), strict=True)
        self.place = [place if place[0] >= 0 else NOWHERE for place in rows]
        self.free = self.problem.free(choice) + SLACK

    def insert(self, task: int, skip: random.Random | None = None) -> Place:
        """Put a task in the first of its candidates that has room, unless to stay pending is cheaper there."""
        demand = self.problem.demand[task]
        pending_g = self.problem.pending_g[task]
        for place in self.candidates[task]:
            if skip is not None and skip.random() < SKIPPED_FRAC:
                continue
            dc, start, end = place
            room = self.free[dc, start:end]
            if (room >= demand).all():
                if self.problem.cost_g[task, dc, start] > pending_g:
                    continue
                room -= demand
                self.place[task] = place
                return place
        self.place[task] = place = self._anywhere(task)
        if place[0] >= 0:
            self.free[place[0], place[1] : place[2]] -= demand
        return place

    def _anywhere(self, task: int) -> Place:
        """The cheapest candidate of all that has room; ``NOWHERE`` if none has, or none is cheaper than pending."""
        problem = self.problem
        starts = problem.cost_g.shape[2]
        full = (self.free < problem.demand[task]).any(axis=2)
        before = np.concatenate([np.zeros((len(full), 1), dtype=np.intp), full.cumsum(axis=1)], axis=1)
        start = np.arange(starts)
        end = np.minimum(start[None, :] + problem.slots[task][:, None], problem.horizon)
        in_the_way = before[np.arange(len(full))[:, None], end] - before[:, :starts]
        priced_g = np.where(in_the_way == 0, self.prices.priced_g[task], np.inf)
        dc, at = divmod(int(priced_g.argmin()), starts)
        if not problem.cost_g[task, dc, at] <= problem.pending_g[task] or not np.isfinite(priced_g[dc, at]):
            return NOWHERE
        return dc, at, int(end[dc, at])

    def remove(self, task: int) -> None:
        """Take a task out."""
        dc, start, end = self.place[task]
        if dc >= 0:
            self.free[dc, start:end] += self.problem.demand[task]
        self.place[task] = NOWHERE

    def put(self, task: int, place: Place) -> None:
        """Put a task, which stands nowhere, where there is room for it."""
        dc, start, end = place
        if dc >= 0:
            self.free[dc, start:end] -= self.problem.demand[task]
        self.place[task] = place


def filled(problem: Problem, columns: Columns, prices: Prices) -> Placement:
    """Every task where it is cheapest at these prices, if there is room: who costs most comes first."""
    found = Placement(problem, columns, prices)
    for task in np.argsort(-prices.least_g, kind="stable").tolist():
        found.insert(task)
    return found


def improve(found: Placement, rounds: int, seed: int = 0) -> None:
    """Ruin and recreate so many times; deterministic."""
    rng = random.Random(seed)
    tasks = np.arange(found.problem.n_tasks)
    for number in range(rounds):
        if number % SURVEYED == 0:
            misplaced = _misplaced(found, tasks)
            if misplaced[-1] <= 0.0:
                return  # everything is where it should be: nothing is cheaper
            residents = _residents(found)
        task = min(int(np.searchsorted(misplaced, rng.random() * misplaced[-1])), len(tasks) - 1)
        if not found.candidates[task]:
            continue
        wish = min(int(2 * rng.expovariate(1.0)), len(found.candidates[task]) - 1)
        dc, start, end = found.candidates[task][wish]
        near = {
            other
            for other in residents[dc]
            if other != task and (p := found.place[other])[0] == dc and p[1] < end and p[2] > start
        }
        in_the_way = sorted(near)
        if len(in_the_way) > (most := rng.randint(FEWEST, MOST)):
            in_the_way = rng.sample(in_the_way, most)
        changed = _recreate(found, [task, *in_the_way], rng)
        for other in changed:
            if found.place[other][0] >= 0:
                residents[found.place[other][0]].add(other)


def _misplaced(found: Placement, tasks: Index) -> F64:
    """Running sum over tasks of what each costs at these prices beyond its cheapest candidate."""
    choice, prices = found.choice(), found.prices
    costs_g = np.where(
        choice.dc >= 0, prices.priced_g[tasks, np.maximum(choice.dc, 0), choice.start], found.problem.pending_g
    )
    beyond_g: F64 = np.maximum(costs_g - prices.least_g, 0.0).cumsum()
    return beyond_g


def _residents(found: Placement) -> list[set[int]]:
    """Tasks of every datacenter."""
    there: list[set[int]] = [set() for _ in range(found.problem.capacity.shape[0])]
    for task, place in enumerate(found.place):
        if place[0] >= 0:
            there[place[0]].add(task)
    return there


def _recreate(found: Placement, out: list[int], rng: random.Random) -> list[int]:
    """Take these out and put them again in another order; if that costs more, as they were. Returns who was moved."""
    before = [found.place[task] for task in out]
    before_g = [found.cost_g(task, place) for task, place in zip(out, before, strict=True)]
    for task in out:
        found.remove(task)
    mode = rng.random()
    if mode < 0.4:
        order = sorted(out, key=lambda task: -found.prices.least_g[task])
    elif mode < 0.7:
        cost_g = dict(zip(out, before_g, strict=True))
        order = sorted(out, key=lambda task: -cost_g[task])
    else:
        order = out if mode < 0.85 else rng.sample(out, len(out))
    most_g, now_g = sum(before_g), 0.0
    for task in order:
        now_g += found.cost_g(task, found.insert(task, rng))
        if now_g > most_g:
            break
    if now_g <= most_g:
        return out
    for task in out:
        found.remove(task)
    for task, place in zip(out, before, strict=True):
        found.put(task, place)
    return []
