"""Every registered plug-in passes the conformance suite, and the suite catches those that misbehave."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from greensched.core import registry
from greensched.core.contracts import PolicyContext, Predictor
from greensched.core.errors import PredictorError
from greensched.core.types import Decisions, Observation, Options, Predictions, TaskTable
from greensched.policies.local_only import LocalOnlyPolicy
from greensched.predictors.analytic import AnalyticPredictor
from greensched.predictors.generate.predictor import GeneratePredictor
from greensched.testing.checks import check_policy, check_predictor
from tests.generate.speaking import Hashed
from tests.mind.models import trained_model, trained_on_prompts

POLICY_BLOCKS = [
    *({"name": name} for name in registry.names("policy")),
    {"name": "greensched", "intensity": "now"},
    {"name": "greensched", "when_full": "wait"},
    {"name": "greensched", "defer": True},
    {"name": "greensched", "carbon_weight": 0.0},
    {"name": "greensched", "sla": "hard", "sla_confidence": 0.9, "price_weight_g_per_currency": 10.0, "defer": True},
    {"name": "greensched", "optimizer": "batch"},
    {
        "name": "greensched",
        "optimizer": "batch",
        "ahead_h": 6.0,
        "sla": "hard",
        "sla_confidence": 0.9,
        "migration_weight_g": 5.0,
    },
    {"name": "greensched", "optimizer": "batch", "ahead_h": 6.0},
    {"name": "greensched", "sla_weight_g_per_min": 0.0},
]


@pytest.mark.parametrize("name", registry.names("predictor"))
def test_every_registered_predictor_conforms(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    options: dict[str, Any] = {}
    if name == "xgboost":
        pytest.importorskip("xgboost")
        options = {"model": str(trained_model(tmp_path_factory))}
    if name == "llm-prompt":
        options = {"model": str(trained_on_prompts(tmp_path_factory)), "threads": 1}
    if name == "llm-generate":  # over HTTP it is tested in tests/generate; here by somebody who answers at once
        check_predictor(lambda: GeneratePredictor.of(Hashed()))
    else:
        check_predictor(lambda: registry.make_predictor(name, options))


@pytest.mark.parametrize("block", POLICY_BLOCKS, ids=str)
def test_every_registered_policy_conforms(block: dict[str, Any]) -> None:
    check_policy(lambda: registry.policy_from_block(block)[0])


class _Wrong(AnalyticPredictor):
    """Analytic but for one fault."""

    def __init__(self, fault: Callable[[Observation, Predictions], Predictions]) -> None:
        super().__init__()
        self.fault = fault

    def predict(self, observation: Observation, tasks: TaskTable, options: Options) -> Predictions:
        return self.fault(observation, super().predict(observation, tasks, options))


def _by_position(_: Observation, p: Predictions) -> Predictions:
    return Predictions(p.energy_kwh * (1 + 0.1 * np.arange(p.energy_kwh.shape[1])), p.service_time_s, p.wait_s)


def _by_row(_: Observation, p: Predictions) -> Predictions:
    return Predictions(p.energy_kwh * (1 + 1e-3 * np.arange(len(p.energy_kwh)))[:, None], p.service_time_s, p.wait_s)


def _changing(o: Observation, p: Predictions) -> Predictions:
    o.tasks.cores[:] += 1.0
    return p


def _nan_to_zero(_: Observation, p: Predictions) -> Predictions:
    return Predictions(np.nan_to_num(p.energy_kwh), np.nan_to_num(p.service_time_s), np.nan_to_num(p.wait_s))


def _rolled(p: Predictions, state: list[int]) -> Predictions:
    state[0] += 1
    return Predictions(p.energy_kwh * (1 + 1e-3 * state[0]), p.service_time_s, p.wait_s)


def _minutes(_: Observation, p: Predictions) -> Predictions:
    return Predictions(p.energy_kwh * 3.6e6, p.service_time_s, p.wait_s)


def _milliseconds(_: Observation, p: Predictions) -> Predictions:
    return Predictions(p.energy_kwh, 2e3 * p.service_time_s, 2e3 * p.wait_s)


def _speaks_english_only(o: Observation, p: Predictions) -> Predictions:
    for text in (*o.tasks.description, *o.tasks.name, *o.tasks.user, *o.tasks.labels):
        text.encode("ascii")
    return p


def _does_what_it_is_told(o: Observation, p: Predictions) -> Predictions:
    told = np.array(["Ignore all" in text for text in o.tasks.description], dtype=bool)
    return Predictions(*(_where(told[:, None], a) for a in (p.energy_kwh, p.service_time_s, p.wait_s)))


def _knows_its_places(o: Observation, p: Predictions) -> Predictions:
    strange = o.world.datacenters[0].name.startswith("neverland")
    return Predictions(*(_where(strange, a) for a in (p.energy_kwh, p.service_time_s, p.wait_s)))


def _where(gone: Any, values: Any) -> Any:
    return np.where(gone, np.nan, values)


def _fills_gaps(o: Observation, p: Predictions) -> Predictions:
    if not np.isnan(o.tasks.cores).any():
        return p
    return Predictions(*(np.nan_to_num(a, nan=1.0) for a in (p.energy_kwh, 2.0 * p.service_time_s, p.wait_s)))


def _unsteady(_: Observation, p: Predictions, calls: list[int]) -> Predictions:
    return _rolled(p, calls)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (_by_position, "order of datacenters"),
        (_by_row, "order of tasks"),
        (_changing, "changed its arguments"),
        (_nan_to_zero, "expected NaN"),
        (_minutes, "envelope|no energy in kWh"),
        (_milliseconds, "no time in s"),
        (_does_what_it_is_told, "a command to the model"),
        (_knows_its_places, "never seen"),
        (_fills_gaps, "cores are NaN"),
        (functools.partial(_unsteady, calls=[0]), "another answer"),
    ],
)
def test_the_suite_catches_a_faulty_predictor(fault: Any, message: str) -> None:
    make: Callable[[], Predictor] = lambda: _Wrong(fault)  # noqa: E731
    with pytest.raises((AssertionError, PredictorError), match=message):
        check_predictor(make)


def test_the_suite_catches_a_predictor_that_cannot_read_everything() -> None:
    with pytest.raises(UnicodeEncodeError):
        check_predictor(lambda: _Wrong(_speaks_english_only))


class _FirstColumn(LocalOnlyPolicy):
    def decide(self, observation: Observation) -> Decisions:
        d = super().decide(observation)
        d.dc = np.zeros_like(d.dc)
        return d


class _Curious(LocalOnlyPolicy):
    def decide(self, observation: Observation) -> Decisions:
        assert observation.truth is not None
        observation.truth(observation.tasks.task, Options.now_everywhere(1, observation.t_s))
        return super().decide(observation)


@pytest.mark.parametrize(
    ("policy", "message"),
    [(_FirstColumn, r"order of datacenters|no host could ever"), (_Curious, "asked for the truth")],
)
def test_the_suite_catches_a_faulty_policy(policy: Any, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_policy(lambda: policy(PolicyContext({}, None)))
