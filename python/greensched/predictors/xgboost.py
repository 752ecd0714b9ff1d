"""``xgboost``: gradient-boosted corrections to the analytic predictor, learned from a feedback log.

Two models predict the mean of true / analytic, of energy and of run time, so that predictions add up to the truth.
Waits stay analytic. Models are UBJSON files with a manifest (features, versions, checksums): data, never code.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from greensched.core.errors import ConfigError, PredictorError
from greensched.core.types import F64, Observation, Options, Predictions, TaskTable, World
from greensched.predictors.analytic import AnalyticPredictor
from greensched.predictors.features import NAMES, pairs

MANIFEST = "manifest.json"
TARGETS = ("energy", "run_time")
FORMAT = 2  # 1: models of the mean of the logarithm


class XGBoostPredictor:
    """Loads the model that ``greensched train xgboost`` wrote.

    Args:
        model: folder of the model; relative paths start at the scenario's folder.
    """

    name = "xgboost"

    def __init__(self, model: str) -> None:
        self._prior = AnalyticPredictor()
        self._models: dict[str, Any] = {}
        self.version = "untrained"
        if model:
            self.load(Path(model))

    def start(self, world: World) -> None:
        """Compute the facts of the world once."""
        self._prior.start(world)

    def predict(self, observation: Observation, tasks: TaskTable, options: Options) -> Predictions:
        """Correct what physics says about every (task, option) pair."""
        prior = self._prior.predict(observation, tasks, options)
        if not self._models:
            raise PredictorError("predictor 'xgboost' has no model; train one with `greensched train xgboost`")
        if prior.energy_kwh.size == 0:
            return prior
        features = pairs(observation, tasks, options.dc, prior, self._prior.facts)
        shape = prior.energy_kwh.shape
        energy_kwh = prior.energy_kwh * factors(self._models["energy"], features).reshape(shape)
        run_s = (prior.service_time_s - prior.wait_s) * factors(self._models["run_time"], features).reshape(shape)
        return Predictions(energy_kwh, prior.wait_s + run_s, prior.wait_s)

    def save(self, folder: Path) -> None:
        """Write the models and their manifest; the manifest comes last, so a model with one is whole."""
        folder.mkdir(parents=True, exist_ok=True)
        files = {}
        for target, booster in self._models.items():
            raw = bytes(booster.save_raw("ubj"))
            _write(folder / f"{target}.ubj", raw)
            files[f"{target}.ubj"] = hashlib.sha256(raw).hexdigest()
        manifest = {"format": FORMAT, "features": list(NAMES), "prior": self._prior.version, "sha256": files}
        _write(folder / MANIFEST, (json.dumps(manifest, indent=1, sort_keys=True) + "\n").encode())

    def load(self, folder: Path) -> None:
        """Read what :meth:`save` wrote.

        Raises:
            ConfigError: no model there, or XGBoost is not installed.
            PredictorError: the model is damaged or was made for other features.
        """
        path = folder / MANIFEST
        try:
            manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigError(
                f"predictor 'xgboost': no model at {folder} ({error.strerror}); "
                f"train one: greensched train xgboost --log RUN/feedback.sqlite --out {folder}"
            ) from error
        except ValueError as error:
            raise PredictorError(f"{path}: not a model manifest: {error}") from error
        if manifest.get("format") != FORMAT or manifest.get("features") != list(NAMES):
            raise PredictorError(f"{path}: made for other features or by another version; train the model again")
        self.use({target: _read(folder / f"{target}.ubj", manifest["sha256"]) for target in TARGETS})

    def use(self, raw: Mapping[str, bytes]) -> None:
        """Take models as UBJSON bytes; the version is the checksum of them all."""
        xgboost = import_xgboost()
        digest = hashlib.sha256()
        for target in TARGETS:
            digest.update(raw[target])
            try:
                booster = xgboost.Booster({"nthread": 1})
                booster.load_model(bytearray(raw[target]))
            except xgboost.core.XGBoostError as error:
                raise PredictorError(f"predictor 'xgboost': the model for {target} cannot be read: {error}") from error
            self._models[target] = booster
        self.version = digest.hexdigest()[:12]


def factors(booster: Any, features: F64) -> F64:
    """Expected true / analytic per row of features; always positive."""
    mean: F64 = booster.inplace_predict(features).astype(np.float64)
    return mean


def import_xgboost() -> Any:
    """The library, or an error that names the extra."""
    try:
        import xgboost
    except ImportError as error:
        raise ConfigError("predictor 'xgboost' needs XGBoost: pip install 'greensched[xgboost]'") from error
    return xgboost


def _read(path: Path, checksums: Mapping[str, str]) -> bytes:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise PredictorError(f"{path}: {error.strerror}; train the model again") from error
    if hashlib.sha256(raw).hexdigest() != checksums.get(path.name):
        raise PredictorError(f"{path}: checksum differs from {MANIFEST}; the model is damaged")
    return raw


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(content)
    os.replace(temporary, path)
