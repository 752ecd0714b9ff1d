"""Training on the log, saving, loading, serving."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from greensched.core.errors import ConfigError, FeedbackLogError, PredictorError
from greensched.core.registry import make_predictor
from greensched.core.types import Options
from greensched.predictors.analytic import AnalyticPredictor
from greensched.testing.worlds import random_observation
from tests.mind.models import ENERGY_FACTOR, RUN_FACTOR, write_log

pytest.importorskip("xgboost")
from greensched.feedback.training import Examples, XGBoostTrainer, fit_target, split


def test_learns_what_physics_gets_wrong_and_serves_it_elsewhere(tmp_path: Path) -> None:
    """Trained where truth is 0.5 x and 1.5 x the prior, it must say so in a world of other datacenters too."""
    write_log(tmp_path / "f.sqlite")
    trainer = XGBoostTrainer(model="")
    metrics = trainer.fit(tmp_path / "f.sqlite", seed=0)
    assert metrics["training_rows"] + metrics["stopping_rows"] + metrics["validation_rows"] > 400
    assert metrics["energy_rmspe_frac"] < 0.01 < metrics["energy_analytic_rmspe_frac"]
    assert metrics["run_time_rmspe_frac"] < 0.01 < metrics["run_time_analytic_rmspe_frac"]
    trainer.save(tmp_path / "model")
    served = make_predictor("xgboost", {"model": "model"}, tmp_path)
    assert served.version == trainer.version
    seen = random_observation(99, 50, 8)
    physics = AnalyticPredictor()
    for predictor in (physics, served):
        predictor.start(seen.world)
    options = Options.now_everywhere(8, seen.t_s)
    prior, got = physics.predict(seen, seen.tasks, options), served.predict(seen, seen.tasks, options)
    known = np.isfinite(prior.energy_kwh)
    assert np.allclose(got.energy_kwh[known] / prior.energy_kwh[known], ENERGY_FACTOR, rtol=0.02)
    run_s = (got.service_time_s - got.wait_s)[known] / (prior.service_time_s - prior.wait_s)[known]
    assert np.allclose(run_s, RUN_FACTOR, rtol=0.02)


def _coin(n: int, heads: float = 3.0) -> Examples:
    """Twice in a row the truth is the prior, then twice ``heads`` times it, whatever the features say."""
    true = np.where(np.arange(n) % 4 < 2, 1.0, heads)
    return Examples(np.random.default_rng(1).normal(size=(n, 16)), np.ones(n), np.ones(n), true, true)


def test_the_mean_is_predicted_not_the_middle_of_the_logarithms() -> None:
    """Half 1 and half 3: the mean is 2, where exp(mean log) would be 1.73, and a sum of tasks 13 % too small."""
    from greensched.predictors.xgboost import factors

    data = _coin(800)
    booster = fit_target(data, "energy", split(len(data)), seed=0)
    assert factors(booster, data.features).mean() == pytest.approx(2.0, rel=0.03)


def test_what_decides_when_to_stop_is_not_what_judges() -> None:
    """The last fifth may say anything: the model stays the same to the bit; a change before it changes the model."""
    data = _coin(200)
    parts = split(len(data))
    assert [p.stop - p.start for p in parts] == [120, 40, 40]
    assert (parts[0].start, parts[0].stop, parts[1].stop, parts[2].stop) == (0, 120, 160, 200)
    whole = bytes(fit_target(data, "energy", parts, seed=0).save_raw("ubj"))
    data.true_kwh[160:] *= 100.0
    assert bytes(fit_target(data, "energy", parts, seed=0).save_raw("ubj")) == whole
    data.true_kwh[:120] *= 100.0
    assert bytes(fit_target(data, "energy", parts, seed=0).save_raw("ubj")) != whole


def test_training_is_deterministic(tmp_path: Path) -> None:
    write_log(tmp_path / "f.sqlite", answers=10)
    versions = []
    for _ in range(2):
        trainer = XGBoostTrainer(model="")
        trainer.fit(tmp_path / "f.sqlite", seed=3)
        versions.append(trainer.version)
    assert versions[0] == versions[1]


def test_too_little_to_learn_from(tmp_path: Path) -> None:
    write_log(tmp_path / "f.sqlite", answers=2)
    with pytest.raises(FeedbackLogError, match="at least 50 are needed"):
        XGBoostTrainer(model="").fit(tmp_path / "f.sqlite", seed=0)


def test_missing_damaged_and_foreign_models(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(ConfigError, match=r"no model at .*greensched train xgboost"):
        make_predictor("xgboost", {"model": str(tmp_path / "none")})
    write_log(tmp_path / "f.sqlite", answers=10)
    trainer = XGBoostTrainer(model="")
    trainer.fit(tmp_path / "f.sqlite", seed=0)
    trainer.save(tmp_path / "m")
    booster = tmp_path / "m" / "energy.ubj"
    whole = booster.read_bytes()
    booster.write_bytes(whole[:-1])
    with pytest.raises(PredictorError, match="checksum differs"):
        make_predictor("xgboost", {"model": str(tmp_path / "m")})
    booster.write_bytes(whole)
    manifest = tmp_path / "m" / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"format": 2', '"format": 1'))
    with pytest.raises(PredictorError, match="train the model again"):
        make_predictor("xgboost", {"model": str(tmp_path / "m")})


def test_without_a_model_it_says_what_to_do() -> None:
    with pytest.raises(ConfigError, match="model"):
        make_predictor("xgboost", {})
