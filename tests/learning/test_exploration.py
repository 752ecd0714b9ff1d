"""Chance in placing, and its probability on record."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from greensched.core.permute import permute
from greensched.core.types import Action, Decisions
from greensched.learning.exploration import REASON, Explorer
from greensched.policies.answers import place
from greensched.predictors.analytic import AnalyticPredictor
from greensched.predictors.facts import Facts
from greensched.testing.worlds import datacenter, host, idle_state, observation, random_observation, tasks, world


def placed(seen: object, dc: int) -> Decisions:
    t = seen.tasks  # type: ignore[attr-defined]
    return place(t, np.full(len(t), dc, np.int32), np.zeros(len(t), np.int32), ["policy"] * len(t))


def test_shares_and_propensities() -> None:
    """Three places, of which two can hold the task: a tenth explores, half of it where the policy went anyway."""
    w = world([datacenter(0, "a", [host()]), datacenter(1, "b", [host()]), datacenter(2, "c", [host(cores=0.5)])])
    n = 20_000
    seen = observation(w, tasks(n, cores=1.0), idle_state(w, max_free_cores=64.0, free_cores=256.0, free_mem_gb=1e6))
    seen = dataclasses.replace(seen, state=dataclasses.replace(seen.state, down=np.zeros(3, np.int32)))
    explorer, policy = Explorer(w, 0.1), placed(seen, 0)
    got = explorer.explore(seen, policy, None)
    assert policy.dc.tolist() == [0] * n, "the policy's answer is not changed"
    moved = got.dc == 1
    assert moved.sum() == pytest.approx(0.05 * n, rel=0.1)
    assert not (got.dc == 2).any()
    assert np.unique(got.propensity[moved]) == pytest.approx([0.05])
    assert np.unique(got.propensity[~moved]) == pytest.approx([0.95])
    assert explorer.explored == pytest.approx(0.1 * n, rel=0.1)
    # the mean of 1 / propensity over what went where estimates how many there are: all of them, of either place
    assert (1 / got.propensity[moved]).sum() == pytest.approx(n, rel=0.1)
    assert {got.reason[i] for i in np.flatnonzero(moved)} == {REASON}
    again = Explorer(w, 0.1).explore(seen, policy, None)
    assert np.array_equal(again.dc, got.dc)


def test_only_placements_and_only_where_the_task_fits() -> None:
    seen = random_observation(3, 200, 6)
    decisions = placed(seen, 2)
    decisions.action[:50] = Action.DEFER
    physics = AnalyticPredictor()
    physics.start(seen.world)
    got = Explorer(seen.world, 0.99).explore(seen, decisions, physics)
    feasible, _ = Facts.of(seen.world).host_type(seen.tasks)
    moved = got.dc != decisions.dc
    assert moved[50:].sum() > 80
    assert not moved[:50].any()
    assert (got.propensity[:50] == 1).all()
    assert feasible[np.flatnonzero(moved), got.dc[moved]].all()
    assert np.isfinite(got.energy_kwh[moved]).all(), "what it will cost there is on record"
    assert ((got.propensity > 0) & (got.propensity <= 1)).all()


def test_the_order_of_datacenters_changes_nothing() -> None:
    seen, order = random_observation(4, 100, 6), [3, 0, 5, 1, 4, 2]
    other = permute(seen, order)
    decisions = placed(seen, 2)
    moved = dataclasses.replace(decisions, dc=np.full(100, order.index(2), np.int32))
    one = Explorer(seen.world, 0.5).explore(seen, decisions, None)
    two = Explorer(other.world, 0.5).explore(other, moved, None)
    assert [order[dc] for dc in two.dc.tolist()] == one.dc.tolist()
    assert two.propensity == pytest.approx(one.propensity)


def test_no_exploration_is_no_change() -> None:
    seen = random_observation(4, 100, 6)
    decisions = placed(seen, 2)
    assert Explorer(seen.world, 0.0).explore(seen, decisions, None) is decisions
