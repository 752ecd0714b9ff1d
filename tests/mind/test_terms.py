"""Terms of the objective, confidence, hard deadlines, refusals: numbers by hand."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greensched.core.errors import ConfigError
from greensched.core.types import Decisions, Observation
from greensched.optimizers import refusals as why
from greensched.optimizers.greedy import Room, assign
from greensched.testing.worlds import HOUR_S, datacenter, forecasts, host, idle_state, observation, tasks, world
from tests.mind.ready import SAME, TWO, reported, started

# --- terms ---


def test_cheap_power_wins_where_a_unit_of_currency_is_worth_enough() -> None:
    """0.0036 kWh: 0.36 g at a, 0.72 g at b. At a it costs 0.5 a kWh, at b 0.1: 0.00144 more, worth 0.36 g at 250."""
    state = idle_state(TWO, carbon_gpkwh=np.array([100.0, 200.0]), price_per_kwh=np.array([0.5, 0.1]))
    seen = observation(TWO, tasks(1), state)
    assert started(price_weight_g_per_currency=249.0).decide(seen).dc.tolist() == [0]
    found = started(price_weight_g_per_currency=251.0).decide(seen)
    assert found.dc.tolist() == [1]
    assert found.reason[0].endswith("; next a +0.00144 g (carbon -0.36, price +0.361)")


def test_prices_that_nobody_knows_weigh_nothing() -> None:
    state = idle_state(TWO, price_per_kwh=np.array([np.nan, np.nan]), **SAME)
    found = started(price_weight_g_per_currency=1e6).decide(observation(TWO, tasks(1), state))
    assert "price" not in found.reason[0]


def test_embodied_carbon_is_that_of_the_host_that_the_task_would_get() -> None:
    """Two cores for an hour at 1 g per core and hour: 2 g at a; none at b, which emits 0.72 g more."""
    there = world([datacenter(0, "a", [host(embodied_g_per_core_h=1.0)]), datacenter(1, "b", [host()])])
    seen = observation(there, tasks(1, cores=2.0), idle_state(there, carbon_gpkwh=np.array([100.0, 200.0])))
    assert started(there).decide(seen).dc.tolist() == [0]
    found = started(there, embodied_weight=1.0).decide(seen)
    assert found.dc.tolist() == [1]
    assert "embodied +2" in found.reason[0]


def test_who_was_interrupted_stays_unless_it_is_worth_moving() -> None:
    first = observation(TWO, tasks(1), idle_state(TWO, carbon_gpkwh=np.array([100.0, 300.0])))
    then = observation(TWO, tasks(1), idle_state(TWO, carbon_gpkwh=np.array([300.0, 100.0])))  # 0.72 g less at b
    then.progress[0] = 0.0  # it was interrupted; who was refused has made no progress
    refused = dataclasses.replace(then, progress={})
    for grams, place in ((0.71, 1), (0.73, 0)):
        policy = started(migration_weight_g=grams)
        assert policy.decide(first).dc.tolist() == [0]
        assert policy.decide(refused).dc.tolist() == [1]
        assert policy.decide(first).dc.tolist() == [0]
        assert policy.decide(then).dc.tolist() == [place]
    moved = started(migration_weight_g=0.73)
    decided = moved.decide(first)
    moved.revised(first, dataclasses.replace(decided, dc=np.array([1], dtype=np.int32)))  # explored
    assert moved.decide(then).dc.tolist() == [1]
    ended = started(migration_weight_g=0.73)
    ended.decide(first)
    ended.learn(reported(1, np.ones(1)))
    assert ended.decide(then).dc.tolist() == [1]  # forgotten


def adds_up(reason: str) -> list[set[str]]:
    """Each number in grams is the sum of the terms in the parentheses behind it; returns their names."""
    told = re.findall(r"([-+.\de]+) g \(([^)]*)\)", reason)
    for total, parts in told:
        values = [float(part.split()[1]) for part in parts.split(", ")]
        assert sum(values) == pytest.approx(float(total), abs=0.006 * max(map(abs, values))), reason
    return [{part.split()[0] for part in parts.split(", ")} for _, parts in told]


@pytest.mark.parametrize("block", [{}, {"optimizer": "batch"}])
def test_terms_add_up_where_deadlines_are_hard_and_starts_later(block: dict[str, Any]) -> None:
    if block:
        pytest.importorskip("ortools")
    assert adds_up(deadline(sla="hard", **block).reason[0])[1] == {"carbon", "lateness", "deadline"}
    if block:
        book = forecasts(TWO, 0.0, np.array([[500.0] * 2 + [50.0] * 22, [900.0] * 24]))
        state = idle_state(TWO, carbon_gpkwh=np.array([500.0, 900.0]))
        seen = observation(TWO, tasks(1, deadline_s=np.array([9e4])), state, book, t_s=0.0)
        later = started(intensity="forecast", ahead_h=6.0, step_min=60.0, **block).decide(seen).reason[0]
        assert adds_up(later)[0] == {"carbon", "waiting"}


@pytest.mark.parametrize("optimizer", ["greedy", "batch"])
def test_terms_add_up_to_the_objective(optimizer: str) -> None:
    """What the reason says of the winner is the sum of what it lists."""
    if optimizer == "batch":
        pytest.importorskip("ortools")
    state = idle_state(TWO, carbon_gpkwh=np.array([100.0, 180.0]), price_per_kwh=np.array([0.2, 0.1]))
    asked = tasks(2, deadline_s=np.full(2, 1800.0), cores=np.array([1.0, 3.0]))
    found = started(optimizer=optimizer, price_weight_g_per_currency=100.0).decide(observation(TWO, asked, state))
    for reason in found.reason:
        assert adds_up(reason)[0] == {"carbon", "lateness", "price"}


# --- the two weights alone ---


@pytest.mark.parametrize("optimizer", ["greedy", "batch"])
def test_without_carbon_equal_lateness_ends_where_it_ends_first(optimizer: str) -> None:
    """Nobody is late anywhere; the faster datacenter is the dirtier one, and the last by name."""
    if optimizer == "batch":
        pytest.importorskip("ortools")
    fast = host(speed=(2.0, 2.0))
    there = world([datacenter(0, "a", [host()]), datacenter(1, "b", [fast])])
    state = idle_state(there, carbon_gpkwh=np.array([10.0, 900.0]))
    asked = tasks(2, deadline_s=np.array([9 * HOUR_S, np.inf]))
    found = started(there, carbon_weight=0.0, optimizer=optimizer).decide(observation(there, asked, state))
    assert found.dc.tolist() == [1, 1]


@given(st.integers(0, 10_000), st.integers(1, 5), st.integers(4, 40))
@settings(max_examples=60, deadline=None)
def test_each_weight_alone_is_best_for_the_whole_batch(seed: int, n: int, cores: int) -> None:
    """Against every way to place up to five tasks in two datacenters of few cores; all of them fit somewhere."""
    pytest.importorskip("ortools")
    rng = np.random.default_rng(seed)
    hosts = [host(count=1, cores=float(cores), speed=(s, s), power_w=(10.0, w)) for s, w in ((1.0, 90.0), (1.6, 300.0))]
    there = world([datacenter(i, "ab"[i], [one], pue=1.1 + i / 5) for i, one in enumerate(hosts)])
    need = rng.integers(1, max(2, cores // n), n).astype(float)
    expected_s = rng.uniform(600, 7200, n)
    asked = tasks(n, cores=need, expected_s=expected_s, deadline_s=expected_s * rng.uniform(0.3, 1.5, n))
    seen = observation(there, asked, idle_state(there, carbon_gpkwh=rng.uniform(20, 800, 2)), t_s=0.0)
    for block in ({"sla_weight_g_per_min": 0.0}, {"carbon_weight": 0.0}):
        policy = started(there, optimizer="batch", **block)
        found = policy.decide(seen)
        assert len(found) == n
        known = policy.predictor.predict(seen, asked, _now(seen))
        carbon_g = known.energy_kwh * seen.state.carbon_gpkwh
        late_s = np.maximum(known.service_time_s - asked.deadline_s[:, None], 0.0)
        if "carbon_weight" in block:
            ends_s = known.service_time_s
            best = min((late_s[a].sum(), ends_s[a].sum()) for a in _ways(n, need, cores))
            at = np.arange(n), found.dc
            assert late_s[at].sum() == pytest.approx(best[0], abs=1.0)
            if abs(late_s[at].sum() - best[0]) < 1e-6:
                assert ends_s[at].sum() <= best[1] + 1e-3 * best[1]
        else:
            best_g = min(carbon_g[a].sum() for a in _ways(n, need, cores))
            assert carbon_g[np.arange(n), found.dc].sum() <= best_g + 1e-3 * max(best_g, 1.0)


def _ways(n: int, need: np.ndarray, cores: int) -> list[tuple[np.ndarray, np.ndarray]]:
    bits = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    fits = [one for one in bits if need[one == 0].sum() <= cores and need[one == 1].sum() <= cores]
    return [(np.arange(n), one) for one in fits]


def _now(seen: Observation) -> Any:
    from greensched.core.types import Options

    return Options.now_everywhere(seen.world.n_datacenters, seen.t_s)


# --- deadlines ---


def deadline(**block: Any) -> Decisions:
    """An hour at a, half of it at b, which emits 100 times as much; 45 minutes are left."""
    there = world([datacenter(0, "a", [host()]), datacenter(1, "b", [host(speed=(2.0, 2.0))])])
    state = idle_state(there, carbon_gpkwh=np.array([1.0, 1e5]))
    seen = observation(there, tasks(1, deadline_s=np.array([2700.0])), state, t_s=0.0)
    return started(there, **block).decide(seen)


@pytest.mark.parametrize("optimizer", ["greedy", "batch"])
def test_a_hard_deadline_is_kept_at_any_price(optimizer: str) -> None:
    if optimizer == "batch":
        pytest.importorskip("ortools")
    assert deadline(optimizer=optimizer).dc.tolist() == [0]  # 15 min late are worth 150 g, b emits 180 g
    found = deadline(optimizer=optimizer, sla="hard")
    assert found.dc.tolist() == [1]


def test_who_can_only_be_late_goes_where_the_objective_is_least() -> None:
    there = world([datacenter(0, "a", [host()]), datacenter(1, "b", [host(speed=(2.0, 2.0))])])
    state = idle_state(there, carbon_gpkwh=np.array([1.0, 1e6]))
    seen = observation(there, tasks(1, deadline_s=np.array([60.0])), state, t_s=0.0)
    assert started(there, sla="hard").decide(seen).dc.tolist() == [0]


@pytest.mark.parametrize("optimizer", ["greedy", "batch"])
def test_a_hard_deadline_outweighs_what_all_others_could_save(optimizer: str) -> None:
    """Weights of a thousand: what b emits more, 180 kg, is beyond any fixed price; the reason names the deadline."""
    if optimizer == "batch":
        pytest.importorskip("ortools")
    found = deadline(optimizer=optimizer, sla="hard", carbon_weight=1e3, sla_weight_g_per_min=0.0)
    assert found.dc.tolist() == [1]
    assert "deadline +" in found.reason[0]


BLOCKS: list[dict[str, Any]] = [{}, {"optimizer": "batch"}, {"optimizer": "batch", "ahead_h": 6.0, "step_min": 60.0}]


@pytest.mark.parametrize("block", [*BLOCKS, {"defer": True}])
def test_nobody_asks_and_all_options_are_set(block: dict[str, Any]) -> None:
    """The world also asks about nothing, to report: it once broke the run where deadlines were hard."""
    pytest.importorskip("ortools")
    there = world([datacenter(0, "a", [host(embodied_g_per_core_h=1.0)]), datacenter(1, "b", [host()])])
    everything = {
        "sla": "hard", "sla_confidence": 0.9, "price_weight_g_per_currency": 1.0, "embodied_weight": 1.0,
        "migration_weight_g": 1.0, "intensity": "forecast",
    }  # fmt: skip
    policy = started(there, **everything, **block)
    for n in (0, 3, 0):
        asked = tasks(n, deadline_s=np.full(n, 9e4))
        found = policy.decide(observation(there, asked, idle_state(there, **SAME), t_s=0.0))
        assert len(found) == n


# --- refusals ---


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ({"carbon_weight": 0.0, "sla_weight_g_per_min": 0.0}, "nothing is left to choose by"),
        ({"carbon_weight": 1e300}, "'carbon_weight': expected at most 1e"),
        ({"sla_confidence": 90.0}, "'sla_confidence': expected a probability such as 0.9, at most 0.999"),
        ({"sla": "Hard"}, "'sla': expected one of soft, hard"),
        ({"embodied_weight": 1.0}, "no host type of this world has embodied_g_per_core_h"),
        (
            {"optimizer": "batch", "ahead_h": 0.05, "step_min": 1.0, "intensity": "forecast"},
            "0.05 h is shorter than a step of whole slots, here 5 min",
        ),
    ],
)
def test_options_that_make_no_sense(block: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        started(**block)


def test_the_batch_says_what_was_missing_too() -> None:
    """Eight cores at a: the one of eight takes them, the small one in front of it would have been cheaper there."""
    pytest.importorskip("ortools")
    small = host(count=1, cores=8.0)
    there = world([datacenter(0, "a", [small]), datacenter(1, "b", [small])])
    seen = observation(
        there, tasks(2, cores=np.array([1.0, 8.0])), idle_state(there, carbon_gpkwh=np.array([1.0, 9.0]))
    )
    found = started(there, optimizer="batch").decide(seen)
    assert found.dc.tolist() == [1, 0]
    assert found.reason[0].endswith("; no room at a (cores)")
    assert "no room" not in found.reason[1]


def test_every_cheaper_pair_says_what_was_missing() -> None:
    """Three tasks of 4 cores: a has 6 cores free, b a host of 2, c a gigabyte, d everything."""
    four = world([datacenter(i, "abcd"[i], [host()]) for i in range(4)])
    state = idle_state(four, carbon_gpkwh=np.array([1.0, 2.0, 3.0, 400.0]))
    state.free_cores[:] = [6.0, 60.0, 60.0, 250.0]
    state.max_free_cores[:] = [6.0, 2.0, 60.0, 64.0]
    state.free_mem_gb[2] = 1.0
    found = started(four).decide(observation(four, tasks(3, cores=4.0, mem_gb=2.0), state))
    assert found.dc.tolist() == [0, 3, 3]
    assert "no room at a (cores), b (no single host has the cores), c (memory)" in found.reason[1]
    assert "no room" not in found.reason[0]


@given(st.integers(0, 10_000), st.integers(1, 40))
@settings(max_examples=100, deadline=None)
def test_refused_is_exactly_what_was_cheaper(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    d = 4
    cost = rng.integers(0, 6, (n, d)).astype(float)
    cost[rng.random((n, d)) < 0.2] = np.nan
    gpus = rng.integers(0, 2, n).astype(float)
    asked = tasks(n, cores=rng.integers(1, 6, n).astype(float), gpus=gpus, mem_gb=rng.integers(0, 9, n).astype(float))
    asked = dataclasses.replace(asked, priority=rng.integers(0, 2, n).astype(np.int32))
    room = Room(*(rng.integers(0, 40, d).astype(float) for _ in range(5)))
    rank = rng.permutation(d)
    given_ = assign(cost, asked, room, ~np.isnan(cost), rank)
    codes = why.refusals(cost, asked, room, given_, rank)
    for i in range(n):
        mine = (np.inf, d) if given_.dc[i] < 0 else (cost[i, given_.dc[i]], rank[given_.dc[i]])
        for j in range(d):
            assert bool(codes[i, j]) == ((cost[i, j], rank[j]) < mine)
