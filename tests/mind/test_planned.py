"""Plans for all tasks together, in space and time: by hand, and against task by task."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greensched.core.permute import permute
from greensched.core.registry import policy_from_block
from greensched.core.types import Action, Decisions, DecisionStatus, Observation, Reports
from greensched.policies.greensched import GreenSchedPolicy
from greensched.policies.ledger import Grid, Ledger
from greensched.predictors.facts import Facts
from greensched.testing.worlds import (
    HOUR_S,
    datacenter,
    forecasts,
    host,
    idle_state,
    observation,
    random_observation,
    tasks,
    world,
)

pytest.importorskip("ortools")

SMALL = host(count=1, cores=8.0)
TWO = world([datacenter(0, "clean", [SMALL]), datacenter(1, "dirty", [SMALL])])
NOW = {"carbon_gpkwh": np.array([100.0, 500.0])}


def decide(*seen: Observation, **block: Any) -> list[Decisions]:
    policy, predictor = policy_from_block({"name": "greensched", "optimizer": "batch", "intensity": "now", **block})
    assert predictor is not None
    predictor.start(seen[0].world)
    policy.start(seen[0].world)
    return [policy.decide(one) for one in seen]


def test_the_batch_gives_the_clean_place_to_whom_it_saves_most() -> None:
    """Eight clean cores: one small task first in line, one of eight cores behind it. Task by task the small one takes
    the clean place and the large one has to go where it is dirty."""
    both = tasks(2, cores=np.array([1.0, 8.0]), expected_s=np.full(2, 3600.0))
    seen = observation(TWO, both, idle_state(TWO, **NOW))
    greedy = decide(seen, optimizer="greedy")[0]
    assert greedy.dc.tolist() == [0, 1]
    batch = decide(seen)[0]
    assert batch.dc.tolist() == [1, 0]
    assert batch.status.tolist() == [DecisionStatus.OPTIMAL] * 2
    assert batch.reason[0].startswith("lowest with room objective") and "next clean -" in batch.reason[0]


def test_who_has_no_room_anywhere_stays_pending_and_nobody_else() -> None:
    three = tasks(3, cores=np.full(3, 8.0), expected_s=np.array([3600.0, 7200.0, 60.0]))
    found = decide(observation(TWO, three, idle_state(TWO, **NOW)))[0]
    assert dict(zip(found.task.tolist(), found.dc.tolist(), strict=True)) == {1: 0, 0: 1}  # the one of a minute waits


def test_what_fits_nowhere_is_rejected() -> None:
    found = decide(observation(TWO, tasks(1, cores=9.0), idle_state(TWO, **NOW)))[0]
    assert found.action.tolist() == [Action.REJECT]
    assert "fits no host" in found.reason[0]


def ahead(deadline_s: float, **block: Any) -> Decisions:
    """A task of an hour where power becomes clean after two hours."""
    book = forecasts(TWO, 0.0, np.array([[500.0] * 2 + [50.0] * 6, [500.0] * 8]))
    one = tasks(1, cores=8.0, expected_s=np.array([3600.0]), deadline_s=np.array([deadline_s]))
    state = idle_state(TWO, carbon_gpkwh=np.array([500.0, 500.0]))
    seen = observation(TWO, one, state, book, t_s=0.0)
    return decide(seen, intensity="forecast", **{"ahead_h": 6.0, "step_min": 60.0} | block)[0]


def test_it_waits_for_clean_power_if_the_deadline_allows_it() -> None:
    found = ahead(6 * HOUR_S)
    assert found.action.tolist() == [Action.DEFER]
    assert found.until_s.tolist() == [HOUR_S]  # the plan is made anew after a step
    assert found.reason[0].startswith("planned for clean in 120 min: lowest objective")


def test_it_does_not_wait_if_it_would_be_late_unless_lateness_weighs_nothing() -> None:
    assert ahead(1.5 * HOUR_S).action.tolist() == [Action.PLACE]
    assert ahead(1.5 * HOUR_S, sla_weight_g_per_min=0.0).action.tolist() == [Action.DEFER]
    assert ahead(6 * HOUR_S, ahead_h=0.0).action.tolist() == [Action.PLACE]


def test_a_reserved_place_is_not_given_away() -> None:
    """The first task waits for the clean hours at 'clean'; who comes a slot later finds them taken."""
    book = forecasts(TWO, 0.0, np.array([[500.0] * 2 + [50.0] + [500.0] * 5, [500.0] * 2 + [60.0] + [500.0] * 5]))
    state = idle_state(TWO, carbon_gpkwh=np.array([500.0, 500.0]))
    deadline_s = np.array([4 * HOUR_S])
    first = tasks(1, cores=8.0, expected_s=np.array([3600.0]), deadline_s=deadline_s)
    second = tasks(1, cores=8.0, expected_s=np.array([3600.0]), deadline_s=deadline_s, task=np.array([7]))
    found = decide(
        observation(TWO, first, state, book, t_s=0.0),
        observation(TWO, second, state, book, t_s=300.0),
        intensity="forecast", ahead_h=4.0, step_min=60.0,
    )  # fmt: skip
    assert "planned for clean" in found[0].reason[0]
    assert "planned for dirty" in found[1].reason[0]


def test_what_runs_gives_back_its_cores_when_it_was_predicted_to_end() -> None:
    grid = Grid(now_s=1000.0, step_s=100.0, starts=3, slots=6)
    ledger, facts = Ledger(), Facts.of(TWO)
    four = tasks(4, cores=np.array([2.0, 2.0, 1.0, 4.0]), mem_gb=np.ones(4))
    ledger.enter(
        four, np.array([0, 0, 1, -1]), np.array([0.0, 0.0, 1150.0, 0.0]), np.array([1250.0, 900.0, 1350.0, 1.0]),
        np.array([True, True, False, True]),
    )  # fmt: skip
    state = idle_state(TWO, free_cores=np.array([4.0, 8.0]), used_cores=np.array([4.0, 0.0]))
    free = ledger.capacity(state, facts, grid)
    assert free[0, :, 0].tolist() == [4.0, 6.0, 6.0, 8.0, 8.0, 8.0]  # one is overdue by 100 s, one ends in slot 2
    assert ledger.widest(state, grid)[0, :, 0].tolist() == [8.0] * 6  # as the state says
    narrow = idle_state(TWO, max_free_cores=np.array([1.0, 8.0]))
    assert ledger.widest(narrow, grid)[0, :, 0].tolist() == [1.0, 2.0, 2.0, 2.0, 2.0, 2.0]  # of the largest that ended
    later = Grid(now_s=1900.0, step_s=100.0, starts=3, slots=6)  # overdue by 1,000 and 650 s
    assert ledger.capacity(state, facts, later)[0, :, 0].tolist() == [4.0] * 6
    assert free[1, :, 0].tolist() == [8.0, 7.0, 7.0, 7.0, 8.0, 8.0]  # reserved from 1150 to 1350
    ledger.forget(np.array([0, 1, 2]))
    assert (ledger.capacity(idle_state(TWO), facts, grid)[:, :, 0] == 8.0).all()
    assert (ledger.capacity(idle_state(TWO, down=np.array([1, 0])), facts, grid)[0] == 0.0).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_a_batch_of_one_is_decided_as_task_by_task(seed: int) -> None:
    seen = random_observation(seed, 1, 5)
    greedy, batch = decide(seen, optimizer="greedy", when_full="wait")[0], decide(seen)[0]
    if len(greedy) and greedy.action[0] == Action.PLACE:
        assert batch.dc.tolist() == greedy.dc.tolist()


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ({"optimizer": "greedy", "ahead_h": 2.0}, "option 'ahead_h': only optimizer 'batch' plans ahead"),
        ({"defer": True}, "option 'defer': only optimizer 'greedy' defers so"),
        ({"ahead_h": -1.0}, "ahead_h"),
        ({"ahead_h": 0.1}, "expected 0.5 to 100 hours"),
        ({"ahead_h": 1e6}, "1 to 200 steps"),
        ({"ahead_h": 6.0, "intensity": "now"}, "needs forecasts"),
    ],
)
def test_options_that_make_no_sense_together(block: dict[str, Any], words: str) -> None:
    with pytest.raises(Exception, match=words):
        policy_from_block({"name": "greensched", "optimizer": "batch", **block})


def hours(n: int, deadline_s: float, **block: Any) -> list[Decisions]:
    """A task of eight cores in one run, asked about every hour: 'clean' has a task that should have ended long ago."""
    policy, predictor = policy_from_block(
        {"name": "greensched", "optimizer": "batch", "ahead_h": 6.0, "step_min": 60.0, **block}
    )
    assert predictor is not None
    predictor.start(TWO)
    policy.start(TWO)
    book = forecasts(TWO, 0.0, np.array([[100.0] * 60, [500.0] * 60]))
    holder = tasks(1, cores=8.0, expected_s=np.array([HOUR_S]), deadline_s=np.array([2 * HOUR_S]))
    policy.decide(observation(TWO, holder, idle_state(TWO, **NOW), book, t_s=0.0))
    taken = idle_state(TWO, **NOW, free_cores=np.array([0.0, 8.0]), max_free_cores=np.array([0.0, 8.0]))
    asks = tasks(1, cores=8.0, task=np.array([9]), expected_s=np.array([HOUR_S]), deadline_s=np.array([deadline_s]))
    found = []
    for hour in range(1, n + 1):
        found.append(policy.decide(observation(TWO, asks, taken, book, t_s=hour * HOUR_S)))
        if len(found[-1]) and found[-1].action[0] == Action.PLACE:
            break
    return found


def test_nobody_waits_for_ever_for_who_never_ends() -> None:
    found = hours(40, 30 * HOUR_S)
    assert found[-1].action.tolist() == [Action.PLACE]
    assert 2 < len(found) < 20  # it hopes, less and less, and goes where there is room
    assert found[-1].dc.tolist() == [1]


def test_without_a_deadline_nobody_waits_for_cleaner_power() -> None:
    assert hours(1, np.inf)[0].action.tolist() == [Action.PLACE]


def test_who_has_waited_comes_first_in_the_end() -> None:
    """One host: a new, dearer task asks in every slot beside one that has been asking for hours."""
    one = world([datacenter(0, "only", [SMALL])])
    state = idle_state(one, carbon_gpkwh=np.array([100.0]))
    both = tasks(2, cores=8.0, expected_s=np.array([3600.0, 7200.0]), arrival_s=np.array([0.0, 36_000.0]))
    assert decide(observation(one, both, state, t_s=36_000.0))[0].task.tolist() == [0]
    assert decide(observation(one, both, state, t_s=36_000.0), optimizer="greedy")[0].dc.tolist() == [0, 0]
    urgent = tasks(2, cores=8.0, expected_s=np.array([3600.0, 7200.0]), priority=np.array([5, 0]))
    assert decide(observation(one, urgent, state, t_s=0.0))[0].task.tolist() == [0]


def test_what_is_not_known_of_one_datacenter_stops_nobody() -> None:
    state = idle_state(TWO, **NOW, free_mem_gb=np.array([np.nan, 64.0]))
    assert decide(observation(TWO, tasks(2), state))[0].dc.tolist() == [1, 1]
    endless = tasks(2, expected_s=np.array([1e100, 3600.0]))
    assert 1 in decide(observation(TWO, endless, idle_state(TWO, **NOW)))[0].task.tolist()


def test_the_order_of_datacenters_changes_nothing() -> None:
    rng = np.random.default_rng(3)
    for seed in range(5):
        seen = random_observation(seed, 30, 6)
        order = rng.permutation(6)
        there = decide(seen)[0]
        other = decide(permute(seen, order))[0]
        assert there.task.tolist() == other.task.tolist()
        assert there.dc.tolist() == [int(order[dc]) if dc >= 0 else -1 for dc in other.dc]


def test_a_start_lies_on_a_slot() -> None:
    """Steps of 7 min in slots of 5: a start after 10 min would be late, so it is now."""
    book = forecasts(TWO, 0.0, np.array([[500.0, 500.0], [500.0, 500.0]]), step_s=HOUR_S)
    one = tasks(1, cores=8.0, expected_s=np.array([1000.0]), deadline_s=np.array([1420.0]))
    seen = observation(TWO, one, idle_state(TWO, carbon_gpkwh=np.array([500.0, 500.0])), book, t_s=0.0)
    found = decide(seen, intensity="forecast", ahead_h=1.0, step_min=7.0)[0]
    assert found.action.tolist() == [Action.PLACE]


def test_plans_are_made_anew_when_new_forecasts_are_due() -> None:
    """Issued at 0 and at 1200 s: the next is due at 2400 s, before the step of an hour is over."""
    values = np.array([[500.0] * 3 + [50.0] * 6, [500.0] * 9])
    book = forecasts(TWO, 0.0, values)
    state = idle_state(TWO, carbon_gpkwh=np.array([500.0, 500.0]))
    asked = [tasks(1, task=np.array([i]), expected_s=np.array([3600.0]), deadline_s=np.array([9e4])) for i in range(3)]
    policy, predictor = policy_from_block(
        {"name": "greensched", "optimizer": "batch", "ahead_h": 6.0, "step_min": 60.0}
    )
    assert predictor is not None
    predictor.start(TWO)
    policy.start(TWO)
    first = policy.decide(observation(TWO, asked[0], state, book, t_s=0.0))
    assert first.until_s.tolist() == [3600.0]  # one issue does not say when the next is due
    for dc in range(2):
        book.add(dataclasses.replace(book.newest[dc, "carbon_gpkwh"], issue_s=1200.0))
    second = policy.decide(observation(TWO, asked[1], state, book, t_s=1200.0))
    assert second.until_s.tolist() == [2400.0]
    overdue = policy.decide(observation(TWO, asked[2], state, book, t_s=2700.0))
    assert overdue.until_s.tolist() == [6300.0]


def waits(dirty: float, clean: float, deadline_s: float = 20 * HOUR_S, hours: int = 8, **columns: Any) -> bool:
    """Whether a task of an hour waits two hours, until ``clean`` from ``dirty``."""
    book = forecasts(TWO, 0.0, np.array([[dirty] * 2 + [clean] * (hours - 2), [2 * dirty] * hours]))
    one = tasks(1, cores=8.0, expected_s=np.array([3600.0]), deadline_s=np.array([deadline_s]))
    block = columns.pop("block", {})
    state = idle_state(TWO, carbon_gpkwh=np.array([dirty, 2 * dirty]), **columns)
    options = {"intensity": "forecast", "ahead_h": 6.0, "step_min": 60.0} | block
    found = decide(observation(TWO, one, state, book, t_s=0.0), **options)[0]
    return bool(found.action[0] == Action.DEFER)


def test_who_waits_saves_a_tenth() -> None:
    assert waits(500.0, 440.0)
    assert not waits(500.0, 460.0)
    assert waits(500.0, 460.0, block={"defer_saving_frac": 0.05})


def test_where_electricity_is_paid_for_nobody_waits_for_nothing() -> None:
    """A tenth of a negative objective is no saving."""
    paid = {"price_per_kwh": np.array([-1.0, -1.0]), "block": {"price_weight_g_per_currency": 1e4}}
    assert not waits(500.0, 500.0, **paid)


def test_who_waits_has_a_tenth_and_a_slot_to_spare() -> None:
    """From two hours on an hour, with a tenth and five minutes more: 71 minutes."""
    weight = {"sla_weight_g_per_min": 30.0}  # six minutes are worth more than is saved
    assert waits(500.0, 50.0, 3 * HOUR_S + 12 * 60, block=weight)
    assert not waits(500.0, 50.0, 3 * HOUR_S + 5 * 60, block=weight)


def test_nobody_waits_for_what_no_forecast_covers() -> None:
    assert not waits(500.0, 500.0, hours=2)  # now it is twice the forecast: later looks clean only if nobody knows
    dear = idle_state(TWO, carbon_gpkwh=np.array([100.0, 100.0]))
    one = tasks(1, expected_s=np.array([3600.0]), deadline_s=np.array([9e4]))
    book = forecasts(TWO, 0.0, np.array([[300.0] * 2, [300.0] * 2]))
    options = {"intensity": "forecast", "ahead_h": 6.0, "step_min": 60.0}
    for known in (book, None):
        found = decide(observation(TWO, one, dear, *([known] if known else []), t_s=0.0), **options)[0]
        assert found.action.tolist() == [Action.PLACE]


def test_gpus_of_many_hosts_are_no_host() -> None:
    """Eight GPUs are free at the clean one, two on each host."""
    hosts = [host(type="g", count=4, gpus=8, gpu_type=0, gpu_idle_w=10.0, gpu_max_w=100.0)]
    there = world([datacenter(0, "clean", hosts), datacenter(1, "dirty", hosts)])
    state = idle_state(there, free_gpus=np.array([8.0, 32.0]), max_free_gpus=np.array([2.0, 8.0]), **NOW)
    found = decide(observation(there, tasks(1, gpus=np.array([4.0]), gpu_type=np.zeros(1, dtype=np.int32)), state))[0]
    assert found.dc.tolist() == [1]
    assert found.reason[0].endswith("no room at clean (no single host has the GPUs)")


def test_the_plan_follows_what_was_done_and_forgets_what_has_ended() -> None:
    """A task that was to run at the clean one was sent to the dirty one, which gets its cores back when it ends."""
    policy, predictor = policy_from_block({"name": "greensched", "optimizer": "batch", "ahead_h": 6.0})
    assert isinstance(policy, GreenSchedPolicy)
    assert predictor is not None
    predictor.start(TWO)
    policy.start(TWO)
    one = tasks(1, cores=8.0, expected_s=np.array([3600.0]), deadline_s=np.array([4000.0]))
    seen = observation(TWO, one, idle_state(TWO, **NOW), t_s=0.0)
    decided = policy.decide(seen)
    assert decided.dc.tolist() == [0]
    policy.revised(seen, dataclasses.replace(decided, dc=np.array([1], dtype=np.int32)))
    assert policy.planner is not None
    busy = idle_state(TWO, free_cores=np.array([4.0, 0.0]), used_cores=np.array([4.0, 8.0]))
    grid, ledger = Grid(300.0, 1800.0, 3, 4), policy.planner._ledger
    assert ledger.capacity(busy, policy.facts, grid)[:, -1, 0].tolist() == [4.0, 8.0]
    policy.learn(Reports(**{f.name: np.zeros(1, dtype=np.int64) for f in dataclasses.fields(Reports)}))
    assert ledger.capacity(busy, policy.facts, grid)[:, -1, 0].tolist() == [4.0, 0.0]


def test_the_reason_tells_when_the_next_best_would_start() -> None:
    found = ahead(6 * HOUR_S)
    assert found.reason[0].startswith("planned for clean in 120 min: lowest objective ")
    assert "waiting" in found.reason[0].split(";")[0]  # what a wait has to save counts as a term
    assert "; next clean in 180 min +" in found.reason[0]
