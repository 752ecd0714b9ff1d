"""The batch optimiser: it equals who looks at everything, and another solver, and what it says of itself is true."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greensched.core.types import DecisionStatus
from greensched.optimizers.batch import Limits, solve
from greensched.optimizers.problem import Choice, Problem
from tests.optimizers.made import fits, looked_at_all, made

pytest.importorskip("ortools")


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(1, 4), st.integers(1, 3), st.sampled_from([0.3, 0.7, 1.5]))
def test_small_problems_are_solved_as_if_everything_was_looked_at(seed, tasks, datacenters, starts, room):
    problem = made(seed, tasks, datacenters, starts, room)
    found = solve(problem)
    assert fits(problem, found.choice)
    assert found.value_g == pytest.approx(looked_at_all(problem), rel=1e-9, abs=1e-3)
    assert found.bound_g <= found.value_g
    assert found.status is DecisionStatus.OPTIMAL, found.reason


@pytest.mark.parametrize("part", range(4))
def test_it_equals_another_solver(part):
    """SCIP, which is none of those that are used, on the whole integer programme."""
    for seed in range(50 * part, 50 * part + 50):
        rng = np.random.default_rng(seed)
        problem = made(seed, int(rng.integers(7, 16)), int(rng.integers(2, 6)), int(rng.integers(1, 5)))
        found = solve(problem, limits=Limits(gap_frac=0.0, exact_work=20.0))
        assert fits(problem, found.choice)
        best_g = by_scip(problem)
        assert found.value_g == pytest.approx(best_g, rel=1e-6, abs=1e-4), seed
        assert found.bound_g <= best_g * (1 + 1e-9) + 1e-6


def by_scip(problem: Problem) -> float:
    from ortools.linear_solver.python import model_builder

    model = model_builder.Model()
    n, d, starts = problem.cost_g.shape
    here: dict[tuple[int, int], list[tuple[int, object]]] = {}
    total: object = 0.0
    for t in range(n):
        mine = [model.new_bool_var(f"{t}p")]
        total += float(problem.pending_g[t]) * mine[0]
        for dc in range(d):
            for start in range(starts):
                if np.isfinite(problem.cost_g[t, dc, start]):
                    mine.append(model.new_bool_var(f"{t},{dc},{start}"))
                    total += float(problem.cost_g[t, dc, start]) * mine[-1]
                    for slot in range(start, min(start + int(problem.slots[t, dc]), problem.horizon)):
                        here.setdefault((dc, slot), []).append((t, mine[-1]))
        model.add(sum(mine) == 1)
    for (dc, slot), there in here.items():
        for r in range(problem.demand.shape[1]):
            taken = sum(float(problem.demand[t, r]) * variable for t, variable in there)
            model.add(taken <= float(problem.capacity[dc, slot, r]))
    model.minimize(total)
    solver = model_builder.Solver("scip")
    assert solver.solve(model) == model_builder.SolveStatus.OPTIMAL
    return solver.objective_value


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_the_order_of_datacenters_and_tasks_changes_no_value(seed):
    problem = made(seed, 12, 4, 3)
    rng = np.random.default_rng(seed)
    dc, task = rng.permutation(4), rng.permutation(12)
    other = Problem(
        problem.cost_g[task][:, dc], problem.slots[task][:, dc], problem.demand[task], problem.capacity[dc],
        problem.pending_g[task],
    )  # fmt: skip
    limits = Limits(gap_frac=0.0, exact_work=20.0)
    assert solve(other, limits=limits).value_g == pytest.approx(solve(problem, limits=limits).value_g, abs=1e-4)


@pytest.mark.parametrize(("tasks", "starts", "gap_frac"), [(200, 1, 0.02), (100, 4, 0.15)])
def test_larger_problems_come_close_to_the_bound(tasks, starts, gap_frac):
    for seed in range(3):
        problem = made(seed, tasks, 8, starts, room=2.0)
        found = solve(problem)
        assert fits(problem, found.choice)
        assert found.gap_frac < gap_frac, (seed, found.reason)
        again = solve(problem)
        assert np.array_equal(again.choice.dc, found.choice.dc) and np.array_equal(
            again.choice.start, found.choice.start
        )


def test_it_is_never_worse_than_what_it_begins_with():
    problem = made(3, 40, 4, 2)
    best = solve(problem)
    lazy = Limits(rounds=0, rounds_per_task=0.0, exact_work=1e-6)
    assert solve(problem, best.choice, lazy).value_g <= best.value_g


def test_when_the_time_is_over_the_best_so_far_is_told_as_such():
    problem = made(3, 150, 4, 6, room=0.5)
    found = solve(problem, None, Limits(wall_s=0.0))
    assert found.status is DecisionStatus.FEASIBLE_TIME_LIMIT
    assert found.reason.startswith("at most ")
    assert fits(problem, found.choice)
    assert found.bound_g <= solve(problem).value_g < found.value_g < problem.pending_g.sum()


def test_without_capacity_everything_waits():
    problem = made(5, 5, 3, 2)
    nothing = dataclasses.replace(problem, capacity=np.zeros_like(problem.capacity))
    found = solve(nothing)
    assert (found.choice.dc == -1).all()
    assert found.value_g == pytest.approx(problem.pending_g.sum())
    assert found.status is DecisionStatus.OPTIMAL


def test_with_room_for_all_each_takes_its_cheapest():
    problem = made(6, 30, 4, 3)
    plenty = dataclasses.replace(problem, capacity=np.full_like(problem.capacity, np.inf))
    found = solve(plenty)
    least_g = np.minimum(problem.cost_g.reshape(30, -1).min(axis=1), problem.pending_g)
    assert found.value_g == pytest.approx(least_g.sum())
    assert found.status is DecisionStatus.OPTIMAL


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cost_g": np.full((2, 2, 1), np.nan)}, "cost_g[0, 0, 0]: nan"),
        ({"demand": np.array([[1.0, 0.0, 1.0], [-1.0, 0.0, 1.0]])}, "demand[1, 0]: -1.0"),
        ({"capacity": np.full((2, 1, 3), -1.0)}, "capacity[0, 0, 0]: -1.0"),
        ({"slots": np.zeros((2, 2), dtype=np.int64)}, "slots[0, 0]: 0.0"),
        ({"pending_g": np.array([1.0, np.inf])}, "pending_g[1]: inf"),
        ({"pending_g": np.zeros(3)}, "pending_g: expected shape (2,), got (3,)"),
        ({"capacity": np.ones((2, 0, 3))}, "capacity: expected at least as many slots as starts, 1, got 0"),
        ({"capacity": np.ones((2, 3))}, "capacity: expected 3 axes, got 2"),
        ({"cost_g": [["a"]]}, "cost_g: expected numbers, got <U1"),
        ({"cost_g": [[[1.0]], [1.0, 2.0]]}, "cost_g: expected an array of numbers"),
        ({"cost_g": None}, "cost_g: expected numbers, got object"),
        ({"pending_g": 100.0}, "pending_g: expected shape (2,), got ()"),
        ({"slots": np.ones((2, 2))}, "slots: expected whole numbers, got float64"),
        ({"demand": np.full((2, 3), 1e16)}, "demand[0, 0]: 1e+16"),
        ({"cost_g": np.ones((2, 0, 1))}, "expected at least one datacenter, start and resource"),
    ],
)
def test_what_makes_no_sense_is_a_status_and_a_reason(change, words):
    sound = Problem(np.ones((2, 2, 1)), np.ones((2, 2), np.int64), np.ones((2, 3)), np.ones((2, 1, 3)), np.ones(2))
    found = solve(dataclasses.replace(sound, **change))
    assert found.status is DecisionStatus.INFEASIBLE
    assert words in found.reason
    assert (found.choice.dc == -1).all()
    assert np.isnan(found.value_g)  # nothing must look like a perfect answer
    assert np.isnan(found.bound_g)


def test_lists_whole_numbers_and_small_integers_are_numbers():
    slots = np.full((1, 1), 100, dtype=np.int8)
    for kind in (slots, slots.astype(np.uint64), slots.tolist()):
        found = solve(Problem([[[5]]], kind, [[4, 0, 8]], np.full((1, 200, 3), 9).tolist(), [100]))
        assert (found.value_g, found.choice.dc.tolist()) == (5.0, [0]), found.reason


@pytest.mark.parametrize("begin", [Choice([0.0, 0.0], [0, 0]), Choice(np.zeros(2), np.zeros(2)), Choice(None, None)])
def test_a_beginning_that_is_none_is_left_out(begin):
    sound = Problem(np.ones((2, 2, 1)), np.ones((2, 2), np.int64), np.ones((2, 3)), np.ones((2, 1, 3)), np.ones(2))
    assert solve(sound, begin).status is DecisionStatus.OPTIMAL


@pytest.mark.parametrize("limit", [{"gap_frac": np.nan}, {"rounds": 1.5}, {"few": -1}, {"wall_s": "1s"}])
def test_limits_are_numbers(limit):
    with pytest.raises(ValueError, match=next(iter(limit))):
        Limits(**limit)


def test_one_dear_task_does_not_make_the_others_waste_look_small():
    """Ten tonnes that no choice avoids, on every candidate of one task: it once ended the search before it began."""
    limits, more = Limits(gap_frac=5e-3, few=0, exact_work=0.0), []
    for seed in range(6):
        problem = made(seed, 150, 4, 6, room=0.8)
        alone = solve(problem, limits=limits)
        cost_g, pending_g = problem.cost_g.copy(), problem.pending_g.copy()
        cost_g[0] += 1e7
        pending_g[0] += 1e7
        both = solve(dataclasses.replace(problem, cost_g=cost_g, pending_g=pending_g), limits=limits)
        more.append((both.value_g - 1e7) / alone.value_g - 1)
    assert np.mean(more) < 0.01, more


def test_nothing_to_decide_and_nothing_to_choose_from():
    empty = Problem(np.ones((0, 2, 1)), np.ones((0, 2), np.int64), np.ones((0, 3)), np.ones((2, 1, 3)), np.ones(0))
    assert solve(empty).status is DecisionStatus.OPTIMAL
    nowhere = Problem(
        np.full((2, 1, 1), np.inf), np.ones((2, 1), np.int64), np.ones((2, 3)), np.ones((1, 1, 3)), np.ones(2)
    )
    assert solve(nowhere).value_g == 2.0
    huge = Problem(
        np.full((2, 1, 1), 1e300), np.ones((2, 1), np.int64), np.ones((2, 3)), np.ones((1, 1, 3)), np.ones(2) * 1e301
    )
    assert "cost_g[0, 0, 0]: 1e+300 is more than 1e+12" in solve(huge).reason


def test_a_choice_counts_until_the_last_slot():
    problem = Problem(
        np.array([[[3.0, 1.0]]]), np.array([[5]]), np.array([[2.0, 0.0, 1.0]]), np.full((1, 3, 3), 4.0), np.array([9.0])
    )
    choice = Choice(np.array([0]), np.array([1]))
    assert problem.free(choice)[0, :, 0].tolist() == [4.0, 2.0, 2.0]
    assert problem.value_g(choice) == 1.0


def test_who_finds_no_room_even_alone_is_no_part_of_the_bound():
    """Four GPUs where there are three until slot 2: three quarters of the task would fit, and no choice has them."""
    capacity = np.array([[[9.0, 3.0, 9.0], [9.0, 3.0, 9.0], [9.0, 4.0, 9.0], [9.0, 4.0, 9.0]]])
    problem = Problem(
        np.array([[[1.0, 2.0, 50.0]]]), np.array([[2]]), np.array([[1.0, 4.0, 1.0]]), capacity, np.array([99.0])
    )
    assert np.isinf(problem.possible().cost_g).tolist() == [[[True, True, False]]]
    found = solve(problem)
    assert (found.value_g, found.bound_g) == (50.0, 50.0)


def test_thirds_are_solved_too():
    """In thousandths 2/3 and 1/3 are more than 1: what is found must fit, and its bound must be one."""
    demand = np.zeros((3, 3))
    demand[:, 0] = [2 / 3, 2 / 3, 1 / 3]
    cost_g = np.array([[[80.0]], [[50.0]], [[60.0]]])
    found = solve(Problem(cost_g, np.ones((3, 1), np.int64), demand, np.ones((1, 1, 3)), np.full(3, 200.0)))
    assert found.value_g == 310.0 and found.bound_g <= 310.0


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([3.0, 7.0, 1e4]))
def test_no_bound_is_above_the_best(seed, parts):
    problem = made(seed, 6, 2, 2)
    rng = np.random.default_rng(seed)
    problem = dataclasses.replace(problem, demand=rng.integers(1, 9, problem.demand.shape) / parts)
    problem = dataclasses.replace(problem, capacity=np.full_like(problem.capacity, 20 / parts))
    found = solve(problem)
    best_g = looked_at_all(problem)
    assert fits(problem, found.choice)
    assert found.bound_g <= best_g + 1e-6
    assert found.value_g >= best_g - 1e-6


def test_a_beginning_that_does_not_fit_is_left_out():
    problem = made(3, 6, 3, 1)
    over = Choice(np.zeros(6, np.intp), np.zeros(6, np.intp))
    for begin in (
        over,
        Choice(np.full(6, 7), np.zeros(6, np.intp)),
        Choice(np.zeros(2, np.intp), np.zeros(2, np.intp)),
    ):
        assert solve(problem, begin).value_g == pytest.approx(solve(problem).value_g)


def test_ruin_and_recreate_makes_it_cheaper():
    """Without it the choice is the one by price."""
    lazy, usual = (Limits(rounds=r, rounds_per_task=0.0, exact_work=1e-9) for r in (0, 2_000))
    saved = [
        1 - solve(made(s, 60, 5, 4), None, usual).value_g / solve(made(s, 60, 5, 4), None, lazy).value_g
        for s in range(4)
    ]
    assert min(saved) >= 0.0 and np.mean(saved) > 0.01


def test_nobody_stays_pending_for_whom_there_is_room():
    for seed in range(6):
        problem = made(seed, 40, 4, 3)
        dear = dataclasses.replace(problem, pending_g=problem.pending_g + 1e5)
        found = solve(dear, limits=Limits(gap_frac=5e-3, rounds=100, rounds_per_task=1.0, exact_work=0.01))
        free = dear.free(found.choice)
        for task in np.flatnonzero(found.choice.dc < 0):
            for dc, start in np.argwhere(np.isfinite(dear.cost_g[task])):
                end = min(start + dear.slots[task, dc], dear.horizon)
                assert not (free[dc, start:end] >= dear.demand[task] - 1e-12).all()
