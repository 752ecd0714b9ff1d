"""The conformance suite: what every predictor and every policy must honour, whoever wrote it.

``check_predictor(make)`` and ``check_policy(make)`` take a function that makes a fresh plug-in, and raise
``AssertionError`` naming the rule that was broken. The project's tests run them over everything that is registered,
entry points of installed distributions included.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from greensched.core.contracts import TRUTH, Needs, Policy, Predictor, requires_of
from greensched.core.permute import permute
from greensched.core.types import (
    SIGNAL_KINDS,
    Action,
    Decisions,
    ForecastBook,
    Observation,
    Options,
    Predictions,
    TaskTable,
    Truth,
)
from greensched.predictors.analytic import AnalyticPredictor
from greensched.predictors.facts import Facts
from greensched.service.checks import CheckedPredictor, check_decisions
from greensched.testing.hostile import check_nan_is_refused, check_texts, check_units, check_unseen_datacenter
from greensched.testing.worlds import random_observation, tasks

SEEDS = (1, 2, 3)
ORDER = [3, 0, 5, 1, 4, 2]  # of six datacenters
SITES = len(ORDER)


def check_predictor(make: Callable[[], Predictor]) -> None:
    """Raise ``AssertionError`` if the predictors that ``make`` makes break a rule."""
    _check_names(make(), "version")
    cases = [random_observation(seed, n, SITES) for seed, n in zip(SEEDS, (1, 40, 1000), strict=True)]
    cases += [_without_signals(cases[1]), _without_forecasts(cases[1]), _no_deadlines(cases[1]), _empty(cases[1])]
    cases.append(_without_advisories(cases[1]))
    for seen in map(_privileged if _requires_truth(make()) else lambda o: o, cases):
        options = Options.now_everywhere(SITES, seen.t_s)
        got = _predict(make, seen, options)
        _check_possible(seen, got)
        _same_predictions(got, _predict(make, seen, options), "the same question got another answer")
        moved = _predict(make, permute(seen, ORDER), options)
        _same_predictions(_columns(got, ORDER), moved, "the order of datacenters changed a prediction")
        _check_rows(make, seen, options, got)
        _check_later(make, seen)
        check_units(got, seen)
    _check_hard_cases(make)


def check_policy(make: Callable[[], Policy]) -> None:
    """Raise ``AssertionError`` if the policies that ``make`` makes break a rule."""
    _check_names(make())
    cases = [random_observation(seed, n, SITES) for seed, n in zip(SEEDS, (1, 40, 1000), strict=True)]
    cases += [_without_signals(cases[1]), _without_forecasts(cases[1]), _no_deadlines(cases[1]), _empty(cases[1])]
    cases.append(_without_advisories(cases[1]))
    for seen in cases:
        got, needs = _decide(make, seen)
        check_decisions(got, seen.tasks.task, seen.world, seen.t_s, make().name)
        _check_choices(seen, got)
        again, _ = _decide(make, seen)
        assert _by_name(seen, got) == _by_name(seen, again), "the same observation got another decision"
        moved = permute(seen, ORDER)
        other, _ = _decide(make, moved)
        assert _by_name(seen, got) == _by_name(moved, other), "the order of datacenters changed a decision"
        assert isinstance(needs, Needs), f"start returned {type(needs).__name__}, expected Needs"


def _check_hard_cases(make: Callable[[], Predictor]) -> None:
    """What owners may write or leave out; every question goes to a predictor that was just started."""

    def ask(seen: Observation, options: Options) -> Predictions:
        return _predict(make, _privileged(seen) if _requires_truth(make()) else seen, options)

    seen = random_observation(SEEDS[0], 40, SITES)
    check_texts(ask, seen)
    check_unseen_datacenter(ask, seen)
    check_nan_is_refused(ask, seen)


def _check_names(plug_in: Any, *more: str) -> None:
    for attribute in ("name", *more):
        value = getattr(plug_in, attribute)
        assert isinstance(value, str), f"{attribute} is {value!r}, expected text"
        assert value, f"{attribute} is empty"


def _predict(make: Callable[[], Predictor], seen: Observation, options: Options) -> Predictions:
    predictor = CheckedPredictor(make())  # checks shapes and the physical envelope
    predictor.start(seen.world)
    before = _frozen(seen)
    got = predictor.predict(seen, seen.tasks, options)
    assert before == _frozen(seen), "the predictor changed its arguments"
    return got


def _decide(make: Callable[[], Policy], seen: Observation) -> tuple[Decisions, Needs]:
    policy = make()
    predictor = getattr(policy, "predictor", None)
    if predictor is not None:
        predictor.start(seen.world)  # in a run the mind does this
    needs = policy.start(seen.world)
    # nobody but who needs it may be told the truth: that is how a policy would look into the future
    truth = _analytic_truth(seen) if needs.truth or _uses_oracle(policy) else _no_truth
    seen = dataclasses.replace(seen, truth=truth)
    before = _frozen(seen)
    got = policy.decide(seen)
    assert before == _frozen(seen), "the policy changed the observation"
    return got, needs


def _check_possible(seen: Observation, got: Predictions) -> None:
    feasible, _ = Facts.of(seen.world).host_type(seen.tasks)
    for field in ("energy_kwh", "service_time_s", "wait_s"):
        known = np.isfinite(getattr(got, field))
        assert not (known & ~feasible).any(), f"{field}: a value where no host could ever hold the task, expected NaN"
        assert not (feasible & ~known).any(), f"{field}: no finite value for a task that a host can hold"
    busy = got.energy_kwh[feasible]
    assert (busy >= 0).all(), "negative energy"


def _check_rows(make: Callable[[], Predictor], seen: Observation, options: Options, got: Predictions) -> None:
    if len(seen.tasks) < 2:
        return
    backwards = np.arange(len(seen.tasks))[::-1]
    turned = _predict(make, dataclasses.replace(seen, tasks=seen.tasks.take(backwards)), options)
    expected = Predictions(got.energy_kwh[backwards], got.service_time_s[backwards], got.wait_s[backwards])
    _same_predictions(expected, turned, "the order of tasks changed a prediction")


def _check_later(make: Callable[[], Predictor], seen: Observation) -> None:
    later = Options(np.array([2, 2, 0], dtype=np.int32), seen.t_s + np.array([0.0, 7200.0, 3600.0]), np.ones(3))
    got = _predict(make, seen, later)
    assert (np.isnan(got.energy_kwh[:, 0]) == np.isnan(got.energy_kwh[:, 1])).all(), "feasible now but not later"


def _check_choices(seen: Observation, got: Decisions) -> None:
    assert set(got.task.tolist()) <= set(seen.tasks.task.tolist()), "decided a task that was not asked about"
    feasible, _ = Facts.of(seen.world).host_type(seen.tasks)
    row = {task: i for i, task in enumerate(seen.tasks.task.tolist())}
    names = [d.name for d in seen.world.datacenters]
    for task, action, dc in zip(got.task.tolist(), got.action.tolist(), got.dc.tolist(), strict=True):
        if action == Action.PLACE:
            assert feasible[row[task], dc], f"placed task {task} at {names[dc]}, where no host could ever hold it"
    for reason in got.reason:
        assert isinstance(reason, str), f"a reason is {reason!r}, expected text"
        assert reason, "a decision has no reason"


def _same_predictions(expected: Predictions, got: Predictions, what: str) -> None:
    for field in ("energy_kwh", "service_time_s", "wait_s"):
        a, b = getattr(expected, field), getattr(got, field)
        assert np.allclose(a, b, rtol=1e-9, atol=0.0, equal_nan=True), f"{field}: {what}"


def _columns(p: Predictions, order: list[int]) -> Predictions:
    return Predictions(p.energy_kwh[:, order], p.service_time_s[:, order], p.wait_s[:, order])


def _by_name(seen: Observation, d: Decisions) -> dict[int, tuple[int, str | None, float, int]]:
    names = [*(s.name for s in seen.world.datacenters), None]
    where = [names[i] for i in d.dc.tolist()]
    rows = zip(d.task.tolist(), d.action.tolist(), where, d.until_s.tolist(), d.status.tolist(), strict=True)
    return {task: (action, name, until_s, status) for task, action, name, until_s, status in rows}


def _frozen(seen: Observation) -> bytes:
    """Everything in an observation, as bytes, for finding out whether it was changed."""
    parts: list[bytes] = []
    for table in (seen.tasks, seen.state):
        for f in dataclasses.fields(table):
            value = getattr(table, f.name)
            parts.append(value.tobytes() if isinstance(value, np.ndarray) else "\0".join(value).encode())
    for key, issue in sorted(seen.forecasts.newest.items()):
        parts += [repr(key).encode(), issue.value.tobytes()]
    parts.append(repr(seen.advisories).encode())
    return b"\1".join(parts)


def _without_signals(seen: Observation) -> Observation:
    state = copy.deepcopy(seen.state)
    for kind in SIGNAL_KINDS:
        getattr(state, kind)[:] = np.nan
    return dataclasses.replace(seen, state=state, forecasts=ForecastBook())


def _without_forecasts(seen: Observation) -> Observation:
    return dataclasses.replace(seen, forecasts=ForecastBook())


def _without_advisories(seen: Observation) -> Observation:
    return dataclasses.replace(seen, advisories=())


def _no_deadlines(seen: Observation) -> Observation:
    n = len(seen.tasks)
    return dataclasses.replace(seen, tasks=dataclasses.replace(seen.tasks, deadline_s=np.full(n, np.inf)))


def _empty(seen: Observation) -> Observation:
    return dataclasses.replace(seen, tasks=tasks(0))


def _requires_truth(plug_in: object) -> bool:
    return TRUTH in requires_of(plug_in)


def _uses_oracle(policy: Policy) -> bool:
    return _requires_truth(getattr(policy, "predictor", None))


def _privileged(seen: Observation) -> Observation:
    world = dataclasses.replace(seen.world, privileged=True)
    seen = dataclasses.replace(seen, world=world)
    return dataclasses.replace(seen, truth=_analytic_truth(seen))


def _analytic_truth(seen: Observation) -> Truth:
    """A stand-in for the world's truth: what the analytic predictor would say."""
    physics = AnalyticPredictor()
    physics.start(seen.world)
    row = {task: i for i, task in enumerate(seen.tasks.task.tolist())}

    def told(asked: Any, options: Options) -> Predictions:
        subset: TaskTable = seen.tasks.take(np.array([row[t] for t in asked.tolist()], dtype=np.intp))
        return physics.predict(seen, subset, options)

    return told


def _no_truth(asked: Any, options: Options) -> Predictions:
    raise AssertionError("asked for the truth without needing it")
