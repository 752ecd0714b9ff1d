"""The vectorised greedy equals a loop over the tasks, respects capacity, and ignores positions."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from greensched.core.types import TaskTable
from greensched.optimizers.greedy import Room, assign, task_order
from greensched.testing.worlds import tasks

SLACK = 1e-9


def one_by_one(cost: Any, t: TaskTable, room: Room, feasible: Any, rank: Any) -> list[int]:
    """The specification: tasks in order, each takes its cheapest datacenter with room, ties to the first name."""
    free = [[room.cores[d], room.mem_gb[d], room.gpus[d]] for d in range(cost.shape[1])]
    chosen = [-1] * len(t)
    for i in sorted(range(len(t)), key=lambda i: (-t.priority[i], t.arrival_s[i], t.task[i])):
        need = [t.cores[i], t.mem_gb[i], t.gpus[i]]
        fits = [
            d
            for d in range(cost.shape[1])
            if feasible[i, d]
            and all(n <= f + SLACK for n, f in zip(need, free[d], strict=True))
            and t.cores[i] <= room.widest_cores[d] + SLACK
            and t.gpus[i] <= room.widest_gpus[d] + SLACK
        ]
        if fits:
            best = min(fits, key=lambda d: (cost[i, d], rank[d]))
            chosen[i] = best
            free[best] = [f - n for n, f in zip(need, free[best], strict=True)]
    return chosen


@st.composite
def problems(draw: st.DrawFn) -> tuple[Any, TaskTable, Room, Any, Any]:
    n, d = draw(st.integers(0, 40)), draw(st.integers(1, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    t = tasks(
        n,
        cores=rng.choice([0.5, 1.0, 2.0, 4.0], n),
        mem_gb=rng.choice([1.0, 8.0], n),
        gpus=rng.choice([0.0, 0.0, 0.5, 1.0], n) if draw(st.booleans()) else 0.0,
        priority=rng.integers(0, 2, n) if draw(st.booleans()) else 0,
        arrival_s=np.sort(rng.integers(0, 5, n)).astype(float),
    )
    cores = rng.integers(0, 30, d).astype(float)
    gpus = rng.integers(0, 5, d).astype(float)
    room = Room(cores, gpus, rng.uniform(0, 100, d), np.minimum(cores, 8.0), np.minimum(gpus, 2.0))
    # few different costs, so that ties are common
    return rng.integers(0, 4, (n, d)).astype(float), t, room, rng.random((n, d)) < 0.8, rng.permutation(d)


@given(problems())
@settings(max_examples=300, deadline=None)
def test_equals_one_by_one(problem: tuple[Any, TaskTable, Room, Any, Any]) -> None:
    cost, t, room, feasible, rank = problem
    assert assign(cost, t, room, feasible, rank).dc.tolist() == one_by_one(cost, t, room, feasible, rank)


@given(problems())
@settings(max_examples=100, deadline=None)
def test_never_exceeds_room_and_says_who_got_the_favourite(problem: tuple[Any, TaskTable, Room, Any, Any]) -> None:
    cost, t, room, feasible, rank = problem
    given_ = assign(cost, t, room, feasible, rank)
    for d in range(cost.shape[1]):
        here = given_.dc == d
        assert feasible[here, d].all()
        assert t.cores[here].sum() <= room.cores[d] + SLACK * (1 + here.sum())
        assert t.gpus[here].sum() <= room.gpus[d] + SLACK * (1 + here.sum())
    masked = np.where(feasible, cost, np.inf)
    for i in range(len(t)):
        if given_.first[i]:
            assert masked[i, given_.dc[i]] == masked[i].min()


def test_fills_the_cheap_one_then_the_next() -> None:
    """Cheap has 3 cores, dear has 2: of six 1-core tasks three go cheap, two dear, one nowhere."""
    cost = np.tile([1.0, 2.0], (6, 1))
    room = Room(np.array([3.0, 2.0]), np.zeros(2), np.full(2, 100.0), np.array([3.0, 2.0]), np.zeros(2))
    got = assign(cost, tasks(6), room, np.ones((6, 2), dtype=bool), np.array([0, 1]))
    assert got.dc.tolist() == [0, 0, 0, 1, 1, -1]
    assert got.first.tolist() == [True, True, True, False, False, False]


def test_small_tasks_fill_the_gap_that_a_big_one_cannot() -> None:
    cost = np.tile([1.0, 2.0], (3, 1))
    room = Room(np.array([3.0, 8.0]), np.zeros(2), np.full(2, 100.0), np.array([3.0, 8.0]), np.zeros(2))
    got = assign(cost, tasks(3, cores=[2.0, 2.0, 1.0]), room, np.ones((3, 2), dtype=bool), np.array([0, 1]))
    assert got.dc.tolist() == [0, 1, 0]


def test_order_is_priority_then_arrival_then_id() -> None:
    t = tasks(4, priority=[0, 1, 0, 1], arrival_s=[3.0, 2.0, 1.0, 2.0])
    assert task_order(t).tolist() == [1, 3, 2, 0]


def test_nothing_to_assign() -> None:
    room = Room(*(np.zeros(2) for _ in range(5)))
    assert assign(np.zeros((0, 2)), tasks(0), room, np.zeros((0, 2), dtype=bool), np.arange(2)).dc.tolist() == []
