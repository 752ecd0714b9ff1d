"""Objective, outlook, policies: numbers by hand and the meaning of the two weights."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greensched.core.registry import policy_from_block
from greensched.core.types import (
    Action,
    Decisions,
    DecisionStatus,
    ForecastBook,
    ForecastIssue,
    Observation,
    Options,
    Predictions,
)
from greensched.policies.answers import known_or_worst
from greensched.policies.objective import lateness_s, objective_g, transfer_g
from greensched.policies.outlook import Outlook
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

HOSTS = [host()]


def decide(seen: Observation, **block: Any) -> Decisions:
    policy, predictor = policy_from_block({"name": "greensched", **block})
    if predictor is not None:
        predictor.start(seen.world)
    policy.start(seen.world)
    return policy.decide(seen)


def test_objective_by_hand() -> None:
    """0.0072 kWh * 300 g/kWh = 2.16 g, and 300 s late = 5 min at 10 g/min = 50 g."""
    p = Predictions(np.array([[0.0072]]), np.array([[1800.0]]), np.zeros((1, 1)))
    late = lateness_s(p, np.zeros(1), np.array([1500.0]))
    assert late[0, 0] == 300.0
    assert objective_g(p, np.array([300.0]), 0.0, late, 1.0, 10.0)[0, 0] == pytest.approx(52.16)
    assert objective_g(p, np.array([300.0]), 0.0, late, 0.0, 10.0)[0, 0] == pytest.approx(50.0)
    assert objective_g(p, np.array([300.0]), 0.0, late, 2.0, 0.0)[0, 0] == pytest.approx(4.32)
    assert lateness_s(p, np.zeros(1), np.array([np.inf]))[0, 0] == 0.0


def test_moving_data_counts_as_the_world_charges_it() -> None:
    """25 GB x 0.02 kWh/GB = 0.5 kWh, half at 200 g/kWh (home), half at 50: 62.5 g (VALIDATION.md, V9); 0 at home."""
    there = world([datacenter(0, "home", HOSTS), datacenter(1, "away", HOSTS)])
    there = dataclasses.replace(there, kwh_per_gb=0.02)
    moved = tasks(2, data_gb=np.array([25.0, 0.0]), origin=np.zeros(2, dtype=np.int32))
    assert transfer_g(moved, there, np.array([200.0, 50.0])).tolist() == [[0.0, pytest.approx(62.5)], [0.0, 0.0]]


def test_outlook_integrates_the_forecast_exactly() -> None:
    """100, 200, 400 in hours 0..2: over [0.5 h, 2.5 h] (50 + 200 + 200) / 2 = 225 g/kWh."""
    book = ForecastBook()
    book.add(ForecastIssue(0.0, 0, "carbon_gpkwh", 0.0, HOUR_S, np.array([100.0, 200.0, 400.0])))
    look = Outlook()
    frm, to = np.array([[0.5, np.nan], [2.5, 0.0], [-1.0, 0.0], [9.0, 0.0]]) * HOUR_S, None
    to = np.array([[2.5, 1.0], [9.0, 1.0], [0.5, 1.0], [10.0, 1.0]]) * HOUR_S
    got = look.mean_gpkwh(book, 2, frm, to)
    assert got[:3, 0].tolist() == pytest.approx([225.0, 400.0, 100.0])  # only what is covered counts
    assert np.isnan(got[3, 0])  # beyond the forecast
    assert np.isnan(got[:, 1]).all()  # no forecast for the second datacenter


def test_outlook_follows_a_newer_issue_and_keeps_grids_apart() -> None:
    book = forecasts(world([datacenter(0, "a", HOSTS), datacenter(1, "b", HOSTS)]), 0.0, [[100.0], [200.0]])
    look = Outlook()
    one = np.zeros((1, 2)), np.full((1, 2), HOUR_S)
    assert look.mean_gpkwh(book, 2, *one)[0].tolist() == pytest.approx([100.0, 200.0])
    book.add(ForecastIssue(60.0, 1, "carbon_gpkwh", 0.0, HOUR_S / 4, np.array([10.0, 20.0, 30.0, 40.0])))
    assert look.mean_gpkwh(book, 2, *one)[0].tolist() == pytest.approx([100.0, 25.0])


def test_greensched_takes_the_least_grams_and_says_so() -> None:
    """1 core for an hour: 3 W * 1 h * 1.2 = 0.0036 kWh, so 100 g/kWh is 0.36 g and 400 g/kWh is 1.44 g."""
    w = world([datacenter(0, "dirty", HOSTS), datacenter(1, "clean", HOSTS)])
    got = decide(observation(w, tasks(1), idle_state(w, carbon_gpkwh=[400.0, 100.0])))
    assert got.dc.tolist() == [1]
    assert got.status.tolist() == [DecisionStatus.OPTIMAL]
    assert got.energy_kwh[0] == pytest.approx(0.0036)
    assert list(got.reason) == ["lowest objective 0.36 g (carbon 0.36); next dirty +1.08 g (carbon +1.08)"]


def test_a_late_task_goes_where_it_is_in_time() -> None:
    """The clean one is slower: 2 h instead of 1, an hour late = 600 g at 10 g/min, against 1.08 g of carbon."""
    w = world([datacenter(0, "fast", HOSTS), datacenter(1, "slow", [host(speed=(0.5, 0.5))])])
    state = idle_state(w, carbon_gpkwh=[400.0, 20.0])
    seen = observation(w, tasks(1, deadline_s=HOUR_S + 1.0), state)
    assert decide(seen).dc.tolist() == [0]
    assert decide(seen, sla_weight_g_per_min=0.0).dc.tolist() == [1]


def test_the_forecast_counts_rather_than_now() -> None:
    w = world([datacenter(0, "a", HOSTS), datacenter(1, "b", HOSTS)])
    state = idle_state(w, carbon_gpkwh=[100.0, 200.0])
    book = forecasts(w, 0.0, [[100.0, 900.0], [200.0, 50.0]])
    seen = observation(w, tasks(1, expected_s=2 * HOUR_S), state, book)
    assert decide(seen).dc.tolist() == [1]
    assert decide(seen, intensity="now").dc.tolist() == [0]


def test_what_finds_no_room_queues_or_waits() -> None:
    w = world([datacenter(0, "a", [host(count=1)])])
    state = idle_state(w, free_cores=0.0, max_free_cores=0.0, used_cores=64.0)
    seen = observation(w, tasks(2, cores=[4.0, 1000.0]), state)
    queued = decide(seen)
    assert queued.action.tolist() == [Action.PLACE, Action.REJECT]
    assert queued.reason[0].startswith("no room anywhere, queues")
    assert queued.reason[1] == "fits no host of any datacenter"
    waiting = decide(seen, when_full="wait")
    assert waiting.task.tolist() == [1]
    assert waiting.action.tolist() == [Action.REJECT]


def test_deferral_waits_for_the_clean_hours_if_the_deadline_allows() -> None:
    """500 g/kWh now, 100 from hour 3 on: an hour's task with time until 10 h waits 3 h and saves 80 %."""
    w = world([datacenter(0, "a", HOSTS)])
    book = forecasts(w, 0.0, [[500.0] * 3 + [100.0] * 21])
    asked = tasks(3, deadline_s=[10 * HOUR_S, 3 * HOUR_S, np.inf])
    seen = observation(w, asked, idle_state(w, carbon_gpkwh=500.0), book)
    got = decide(seen, defer=True)
    assert got.action.tolist() == [Action.DEFER, Action.PLACE, Action.PLACE]  # too tight; no deadline at all
    assert got.until_s[0] == 3 * HOUR_S
    assert got.reason[0] == "waits 180 min for a: 80% lower objective"
    assert decide(seen).action.tolist() == [Action.PLACE] * 3


def _cleaner_later(n: int, hosts: int = 4, **columns: Any) -> Observation:
    """500 g/kWh now, 100 from hour 3 on; ``n`` tasks of an hour with time until hour 10."""
    w = world([datacenter(0, "a", [host(count=hosts)])])
    book = forecasts(w, 0.0, [[500.0] * 3 + [100.0] * 21])
    return observation(w, tasks(n, deadline_s=10 * HOUR_S, **columns), idle_state(w, carbon_gpkwh=500.0), book)


def test_one_task_that_waits_for_room_keeps_no_other_from_deferring() -> None:
    """The first fills the only host, the second finds no room and stays pending, the third still has some cores."""
    got = decide(_cleaner_later(3, hosts=1, cores=[60.0, 60.0, 1.0]), defer=True, when_full="wait")
    assert got.task.tolist() == [0, 2]
    assert got.action.tolist() == [Action.DEFER, Action.DEFER]
    assert got.until_s.tolist() == [3 * HOUR_S] * 2


def test_deferral_minimises_the_objective_not_the_carbon_alone() -> None:
    seen = _cleaner_later(1)
    assert decide(seen, defer=True).action.tolist() == [Action.DEFER]
    # with carbon at no weight there is nothing to gain
    assert decide(seen, defer=True, carbon_weight=0.0).action.tolist() == [Action.PLACE]


def test_deferral_counts_moving_the_data() -> None:
    """An hour is 0.0036 kWh at each place. Now at home, 500 g/kWh: 1.8 g. From hour 3 on away, 100 g/kWh: 0.36 g, but
    moving 10 GB x 0.02 kWh/GB at (500 + 100) / 2 g/kWh is 60 g."""
    w = dataclasses.replace(world([datacenter(0, "home", HOSTS), datacenter(1, "away", HOSTS)]), kwh_per_gb=0.02)
    book = forecasts(w, 0.0, [[500.0] * 24, [500.0] * 3 + [100.0] * 21])
    state = idle_state(w, carbon_gpkwh=500.0)
    for data_gb, action in ((0.0, Action.DEFER), (10.0, Action.PLACE)):
        seen = observation(w, tasks(1, deadline_s=10 * HOUR_S, data_gb=data_gb), state, book)
        got = decide(seen, defer=True)
        assert got.action.tolist() == [action]


def test_data_that_will_travel_later_travels_at_the_intensity_of_then() -> None:
    """The home is full for ever, and all grids fall from 500 to 100 g/kWh: moving 10 GB costs 100 g now, 20 g then."""
    w = dataclasses.replace(world([datacenter(0, "home", HOSTS), datacenter(1, "away", HOSTS)]), kwh_per_gb=0.02)
    book = forecasts(w, 0.0, [[500.0] * 3 + [100.0] * 21] * 2)
    state = idle_state(
        w, carbon_gpkwh=500.0, free_cores=[0.0, 256.0], max_free_cores=[0.0, 64.0], used_cores=[256, 0.0]
    )
    state.queued_cores[0] = 1e5  # a queue of weeks
    got = decide(observation(w, tasks(1, deadline_s=10 * HOUR_S, data_gb=10.0), state, book), defer=True)
    assert got.action.tolist() == [Action.DEFER]
    assert got.reason[0] == "waits 180 min for away: 80% lower objective"


@given(st.integers(0, 10_000), st.integers(1, 30))
@settings(max_examples=60, deadline=None)
def test_each_weight_alone_minimises_its_own_term(seed: int, n: int) -> None:
    """Where a task got its own optimum: sla_weight 0 is the least carbon, carbon_weight 0 the least lateness."""
    seen = random_observation(seed, n, 5)
    policy, predictor = policy_from_block({"name": "greensched"})
    assert predictor is not None
    predictor.start(seen.world)
    policy.start(seen.world)
    known = predictor.predict(seen, seen.tasks, Options.now_everywhere(5, seen.t_s))
    grams = known.energy_kwh * policy.costs.intensity_gpkwh(seen, known, seen.t_s)  # type: ignore[attr-defined]
    grams += transfer_g(seen.tasks, seen.world, known_or_worst(seen.state.carbon_gpkwh))
    late = lateness_s(known, np.full(5, seen.t_s), seen.tasks.deadline_s)
    for block, term in (({"sla_weight_g_per_min": 0.0}, grams), ({"carbon_weight": 0.0}, late)):
        got = decide(seen, **block)
        for row in np.flatnonzero(got.status == DecisionStatus.OPTIMAL):
            assert term[row, got.dc[row]] == pytest.approx(np.nanmin(term[row]))


def test_local_only_stays_at_home_and_lowest_carbon_follows_the_grid() -> None:
    w = world([datacenter(0, "a", HOSTS, pue=1.1), datacenter(1, "b", HOSTS, pue=1.5), datacenter(2, "c", HOSTS)])
    # 110, 300, 240 g per kWh of IT: a is least; where a is missing it counts as the worst, and c is least
    seen = observation(w, tasks(3, origin=[0, 1, 2]), idle_state(w, carbon_gpkwh=[100.0, 200.0, 200.0]))
    for name, expected in (("local-only", [0, 1, 2]), ("lowest-carbon", [0, 0, 0])):
        policy, _ = policy_from_block({"name": name})
        policy.start(w)
        assert policy.decide(seen).dc.tolist() == expected
    policy, _ = policy_from_block({"name": "lowest-carbon"})
    policy.start(w)
    blind = observation(w, tasks(1), idle_state(w, carbon_gpkwh=[np.nan, 200.0, 200.0]))
    assert policy.decide(blind).dc.tolist() == [0]  # 200 * 1.1 is still the least
    blind = observation(w, tasks(1), idle_state(w, carbon_gpkwh=[np.nan, 200.0, 100.0]))
    assert policy.decide(blind).dc.tolist() == [2]


def test_performance_takes_the_fastest() -> None:
    w = world([datacenter(0, "slow", HOSTS), datacenter(1, "fast", [host(speed=(2.0, 2.0))])])
    policy, predictor = policy_from_block({"name": "performance"})
    assert predictor is not None
    predictor.start(w)
    policy.start(w)
    got = policy.decide(observation(w, tasks(2, data_gb=[0.0, 1000.0])))
    assert got.dc.tolist() == [1, 0]  # moving 1 TB takes 8,000 s, half an hour saved does not pay for that
