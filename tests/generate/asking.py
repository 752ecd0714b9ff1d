"""Two datacenters, a predictor that asks about them, and what physics says instead."""

from __future__ import annotations

from typing import Any

import numpy as np

from greensched.core.registry import make_predictor
from greensched.core.types import Observation, Options, Predictions
from greensched.predictors.analytic import AnalyticPredictor
from greensched.predictors.generate.predictor import GeneratePredictor
from greensched.service.checks import CheckedPredictor
from greensched.testing.worlds import datacenter, host, observation, tasks, world
from tests.signals.server import Stand

KEY = "sk-s3cr3t-t0ken-77"
TWO = world([datacenter(0, "us-east", [host()]), datacenter(1, "us-west", [host()])])


def seen(n: int = 1, **columns: Any) -> Observation:
    """Two idle datacenters, and jobs with names of their own."""
    return observation(TWO, tasks(n, cores=4.0, **columns))


def predictor(stand: Stand, **options: Any) -> GeneratePredictor:
    quick = {"timeout_s": 0.6, "retries": 0, "structured": "none"}
    made = make_predictor("llm-generate", {"endpoint": f"{stand.url}/v1", "model": "m", **quick, **options})
    assert isinstance(made, GeneratePredictor)
    return made


def ask(made: GeneratePredictor, o: Observation) -> Predictions:
    checked = CheckedPredictor(made)
    checked.start(o.world)
    return checked.predict(o, o.tasks, here(o))


def here(o: Observation) -> Options:
    return Options.now_everywhere(o.world.n_datacenters, o.t_s)


def physics(o: Observation) -> Predictions:
    analytic = AnalyticPredictor()
    analytic.start(o.world)
    return analytic.predict(o, o.tasks, here(o))


def assert_analytic(got: Predictions, o: Observation) -> None:
    expected = physics(o)
    for field in ("energy_kwh", "service_time_s", "wait_s"):
        np.testing.assert_array_equal(getattr(got, field), getattr(expected, field))
