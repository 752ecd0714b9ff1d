"""Deadlines at a confidence: quantiles of the predictor, mended by reports."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greensched.core.types import Action, Predictions, TaskState
from greensched.policies.confidence import FEWEST, OWN, Confidence
from greensched.testing.worlds import HOUR_S, datacenter, forecasts, host, idle_state, observation, tasks, world
from tests.mind.ready import SAME, TWO, reported, started


def predictions(service_s: float, n: int = 1, **quantiles: float) -> Predictions:
    kwh, s = np.ones((n, 1)), np.full((n, 1), service_s)
    told = {float(level.replace("q", "0.")): (kwh, np.full((n, 1), v)) for level, v in quantiles.items()}
    return Predictions(kwh, s, np.zeros((n, 1)), told)


def test_quantiles_are_read_at_the_level_and_between_levels() -> None:
    told = predictions(100.0, q1=50.0, q5=100.0, q9=400.0)
    assert Confidence(0.9).sure_s(told)[0, 0] == pytest.approx(400.0)
    assert Confidence(0.99).sure_s(told)[0, 0] == pytest.approx(400.0)  # beyond the last nothing is made up
    # log-linear on normal scores: z(0.75) / z(0.9) = 0.6745 / 1.2816 of the way from 1 to 4
    assert Confidence(0.75).sure_s(told)[0, 0] == pytest.approx(100 * 4.0 ** (0.67449 / 1.28155), rel=1e-4)
    assert Confidence(0.75).sure_s(predictions(100.0, q9=400.0))[0, 0] == Confidence(0.75).sure_s(told)[0, 0]
    assert Confidence(0.9).sure_s(predictions(100.0))[0, 0] == 100.0
    assert Confidence(0.9).sure_s(predictions(100.0, q1=20.0))[0, 0] == 100.0  # no level says what is sure
    assert Confidence(0.9).sure_s(predictions(100.0, q9=np.nan))[0, 0] == 100.0


def told_of(sure: Confidence, ratios: np.ndarray, version: str = "", **columns: Any) -> None:
    """Tasks that were expected to take 2 s at the level, as ``version`` predicts, and took so many times that."""
    n = len(ratios)
    factor = sure.factor
    decided = started().decide(observation(TWO, tasks(n, cores=0.1), idle_state(TWO, **SAME)))
    sure.sure_s(predictions(1.0), version)
    sure.remember(decided, np.full(n, 2.0 * factor))
    sure.learn(reported(n, 2.0 * ratios, **({"dc": decided.dc} | columns)))


def test_reports_mend_the_quantiles() -> None:
    """Of 99 reports the ratios are 0.02, 0.04, ... 1.98: rank ceil(100 * 0.895) = 90 is 1.8; of 99 * 0.895 it is 89."""
    sure = Confidence(0.895)
    told_of(sure, np.arange(1, 100) / 50)
    assert sure.factor == pytest.approx(1.8)
    assert sure.sure_s(predictions(100.0, q895=200.0))[0, 0] == pytest.approx(360.0)


def test_few_disturbed_and_replaced_runs_say_nothing() -> None:
    n = FEWEST
    for columns in (
        {"attempts": np.r_[np.full(1, 2), np.ones(n - 1)]},
        {"state": np.full(n, TaskState.FAILED)},
        {"dc": np.full(n, 7)},  # exploration, or the world's fallback, sent them elsewhere
    ):
        sure = Confidence(0.5)
        told_of(sure, np.full(n, 9.0), **columns)
        assert sure.factor == 1.0
    sure = Confidence(0.5)
    told_of(sure, np.full(n, 9.0))
    assert sure.factor == pytest.approx(9.0)


def test_more_confidence_is_never_less() -> None:
    ratios = np.exp(np.random.default_rng(1).normal(0, 0.5, 30))
    factors = []
    for level in (0.5, 0.9, 0.95, 0.98, 0.999):
        sure = Confidence(level)
        told_of(sure, ratios)
        factors.append(sure.factor)
    assert factors == sorted(factors)
    assert factors[-1] == pytest.approx(ratios.max())  # as sure as thirty reports allow


def test_errors_of_another_model_count_until_there_are_enough_of_its_own() -> None:
    sure = Confidence(0.5)
    told_of(sure, np.full(300, 3.0), "old")
    told_of(sure, np.full(OWN - 1, 1.0), "new")
    assert sure.factor == pytest.approx(3.0)
    told_of(sure, np.full(1, 1.0), "new")
    assert sure.factor == pytest.approx(1.0)


@given(st.integers(0, 1_000), st.sampled_from([0.5, 0.8, 0.9, 0.95]))
@settings(max_examples=20, deadline=None)
def test_the_next_report_is_covered_as_often_as_was_asked_for(seed: int, level: float) -> None:
    """Whatever the errors' distribution, if the next is like the last 500."""
    rng = np.random.default_rng(seed)
    ratios = np.exp(rng.standard_t(3, 1500) * 0.5 + 0.3)
    sure = Confidence(level)
    told_of(sure, ratios[:500])
    assert (ratios[500:] <= sure.factor).mean() == pytest.approx(level, abs=0.08)


@pytest.mark.parametrize("block", [{}, {"optimizer": "batch"}, {"optimizer": "batch", "sla": "hard"}])
def test_more_confidence_takes_the_faster_place(block: dict[str, Any]) -> None:
    """At a the deadline holds by a tenth; after reports of a quarter more than predicted it does not any more."""
    there = world([datacenter(0, "a", [host()]), datacenter(1, "b", [host(speed=(2.0, 2.0))])])
    state = idle_state(there, carbon_gpkwh=np.array([100.0, 500.0]))
    seen = observation(there, tasks(1, deadline_s=np.array([4000.0])), state, t_s=0.0)
    if block:
        pytest.importorskip("ortools")
    if "sla" in block:
        block |= {"sla_weight_g_per_min": 0.0}
    policy = started(there, sla_confidence=0.8, **block)
    assert policy.decide(seen).dc.tolist() == [0]
    others = tasks(40, deadline_s=np.full(40, np.inf))
    decided = policy.decide(observation(there, others, state, t_s=0.0))
    policy.learn(reported(40, decided.service_time_s * 1.25, dc=decided.dc))
    assert policy.decide(seen).dc.tolist() == [1]
    assert started(there).decide(seen).dc.tolist() == [0]


@pytest.mark.parametrize("block", [{"defer": True}, {"optimizer": "batch", "ahead_h": 6.0, "step_min": 60.0}])
def test_who_is_to_be_sure_waits_only_if_it_is(block: dict[str, Any]) -> None:
    """Clean after two hours, an hour's run, 3 h 20 min until the deadline; twice the prediction would be too long."""
    if "optimizer" in block:
        pytest.importorskip("ortools")
    book = forecasts(TWO, 0.0, np.array([[500.0] * 2 + [50.0] * 22, [900.0] * 24]))
    state = idle_state(TWO, carbon_gpkwh=np.array([500.0, 900.0]))
    asked = tasks(1, task=np.array([99]), deadline_s=np.array([3 * HOUR_S + 1200.0]), expected_s=np.array([3600.0]))
    seen = observation(TWO, asked, state, book, t_s=0.0)
    policy = started(intensity="forecast", sla_confidence=0.8, sla_weight_g_per_min=100.0, **block)
    assert policy.decide(seen).action.tolist() == [Action.DEFER]
    others = policy.decide(observation(TWO, tasks(40), idle_state(TWO, carbon_gpkwh=np.full(2, 9.0)), t_s=0.0))
    policy.learn(reported(40, others.service_time_s * 2.0, dc=others.dc))
    assert policy.decide(seen).action.tolist() == [Action.PLACE]
