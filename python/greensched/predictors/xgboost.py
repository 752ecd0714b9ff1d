"""``xgboost``: gradient-boosted corrections to the analytic predictor, from numbers and from what the text says.

Per target (energy, run time) the logarithm of true / analytic is predicted: a linear start (``linear``), trees on top,
and a constant that makes the mean right. Waits stay analytic. A model is data, never code: trees as UBJSON, everything
else as JSON, and a manifest with checksums.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greensched.core.errors import ConfigError, PredictorError, how_to_install
from greensched.core.types import F64, Observation, Options, Predictions, TaskTable, World
from greensched.predictors import model_files
from greensched.predictors.analytic import AnalyticPredictor
from greensched.predictors.features import OWNER, Numbers
from greensched.predictors.linear import LinearStart
from greensched.predictors.vocabulary import Vocabulary

MANIFEST, READER = "manifest.json", "reader.json"
TARGETS = ("energy", "run_time")
FORMAT = 3  # 1, 2: models that do not read
ROWS_AT_ONCE = 4096  # of the dense matrix: a large batch is predicted in parts

ESTIMATE = OWNER.index("log_expected_s")

Embed = Callable[[TaskTable], NDArray[np.float32]]


@dataclass(frozen=True)
class Correction:
    """What was learned of one target.

    Attributes:
        booster: the trees.
        start: the linear model under them; None: they start at 0.
        offset: is added, so that the mean is right.
        least: no logarithm of true / analytic below this is ever predicted; shape (2, 2): has the task GPUs, and does
            its owner say how long it takes? Text moves a prediction within what was seen of such tasks: an owner who
            gives an estimate knows what the words mean, also those that were never seen.
        most: and none above this.
    """

    booster: Any
    start: LinearStart | None
    offset: float
    least: F64
    most: F64

    def factors(self, numbers: F64, text: NDArray[np.float32], has_gpu: NDArray[np.bool_]) -> F64:
        """Expected true / analytic, one per row."""
        features = np.hstack([numbers.astype(np.float32), text])
        base = np.zeros(len(numbers)) if self.start is None else self.start(numbers, text, has_gpu)
        kind = has_gpu.astype(np.intp), (~np.isnan(numbers[:, ESTIMATE])).astype(np.intp)
        least, most = self.least[kind], self.most[kind]
        log_ratio = self.booster.inplace_predict(features, base_margin=base.astype(np.float32), predict_type="margin")
        factors: F64 = np.exp(np.clip(log_ratio.astype(np.float64) + self.offset, least, most))
        return factors


@dataclass(frozen=True)
class Model:
    """All that training finds out."""

    numbers: Numbers
    vocabulary: Vocabulary
    corrections: Mapping[str, Correction]
    embedded: int = 0  # further columns, from an embedding of the text


class XGBoostPredictor:
    """Loads the model that ``greensched train xgboost`` wrote.

    Args:
        model: folder of the model; relative paths start at the scenario's folder.
        embed: makes the further text columns of a model that was trained with some; shape (tasks, columns).
    """

    name = "xgboost"

    def __init__(self, model: str, embed: Embed | None = None) -> None:
        self._prior = AnalyticPredictor()
        self._embed = embed
        self.model: Model | None = None
        self.version = "untrained"
        if model:
            self.load(Path(model))

    def start(self, world: World) -> None:
        """Compute the facts of the world once."""
        self._prior.start(world)
        if self.model is not None:
            self._numbers = self.model.numbers.world(world)

    def predict(self, observation: Observation, tasks: TaskTable, options: Options) -> Predictions:
        """Correct what physics says about every (task, option) pair."""
        if self.model is None:
            raise PredictorError("predictor 'xgboost' has no model; train one with `greensched train xgboost`")
        prior = self._prior.predict(observation, tasks, options)
        shape = prior.energy_kwh.shape
        text = self.text(tasks)
        energy_kwh, run_s = np.empty(shape), prior.service_time_s - prior.wait_s
        step = max(1, ROWS_AT_ONCE // max(1, shape[1]))
        for first in range(0, shape[0], step):
            part = slice(first, first + step)
            factors = self._factors(
                observation, tasks.take(np.arange(*part.indices(shape[0]))), options, prior, part, text
            )
            energy_kwh[part] = prior.energy_kwh[part] * factors["energy"]
            run_s[part] *= factors["run_time"]
        return Predictions(energy_kwh, prior.wait_s + run_s, prior.wait_s)

    def text(self, tasks: TaskTable) -> NDArray[np.float32]:
        """The text columns of tasks: words, numbers, and what the embedding adds."""
        assert self.model is not None
        rows = self.model.vocabulary.rows(tasks)
        if self.model.embedded == 0:
            return rows
        if self._embed is None:
            raise PredictorError("predictor 'xgboost': the model was trained with embeddings; give `embed`")
        return np.hstack([rows, self._embed(tasks).astype(np.float32)])

    def _factors(
        self, seen: Observation, tasks: TaskTable, options: Options, prior: Predictions, part: slice, text: Any
    ) -> dict[str, F64]:
        assert self.model is not None
        n, m = len(tasks), len(options.dc)
        row, dc = np.repeat(np.arange(n, dtype=np.int32), m), np.tile(options.dc, n)
        flat = Predictions(*(getattr(prior, k)[part].ravel() for k in ("energy_kwh", "service_time_s", "wait_s")))
        numbers = self._numbers.pairs(seen, tasks, flat, self._prior.landings, row, dc)
        text, has_gpu = text[part][row], (tasks.gpus > 0)[row]
        corrections = self.model.corrections
        return {target: corrections[target].factors(numbers, text, has_gpu).reshape(n, m) for target in TARGETS}

    def use(self, model: Model) -> None:
        """Predict with this model; the version is the checksum of all of it."""
        self.model = model
        digest = hashlib.sha256()
        for _, content in sorted(_files(model).items()):
            digest.update(content)
        self.version = digest.hexdigest()[:12]

    def save(self, folder: Path) -> None:
        """Write the model and its manifest; the manifest comes last, so a model with one is whole."""
        if self.model is None:
            raise PredictorError("predictor 'xgboost' has no model to save")
        folder.mkdir(parents=True, exist_ok=True)
        sums = {name: model_files.write(folder / name, content) for name, content in _files(self.model).items()}
        manifest = {"format": FORMAT, "prior": self._prior.version, "version": self.version, "sha256": sums}
        model_files.write_manifest(folder / MANIFEST, manifest)

    def load(self, folder: Path) -> None:
        """Read what :meth:`save` wrote.

        Raises:
            ConfigError: no model there, or XGBoost is not installed.
            PredictorError: the model is damaged or was made by another version.
        """
        path = folder / MANIFEST
        manifest = model_files.read_manifest(path, self.name)
        if manifest.get("format") != FORMAT or manifest.get("prior") != self._prior.version:
            raise PredictorError(f"{path}: made by another version; train the model again")
        reader = json.loads(model_files.read(folder / READER, manifest["sha256"], MANIFEST))
        corrections = {
            target: _correction(reader["targets"][target], _trees(folder, manifest, target), target)
            for target in TARGETS
        }
        numbers, vocabulary = Numbers.from_json(reader["numbers"]), Vocabulary.from_json(reader["vocabulary"])
        self.use(Model(numbers, vocabulary, corrections, reader["embedded"]))


def _files(model: Model) -> dict[str, bytes]:
    targets = {
        target: {
            "offset": c.offset, "least": c.least.tolist(), "most": c.most.tolist(),
            "start": None if c.start is None else c.start.to_json(),
        }
        for target, c in model.corrections.items()
    }  # fmt: skip
    reader = {
        "numbers": model.numbers.to_json(), "vocabulary": model.vocabulary.to_json(), "embedded": model.embedded,
        "targets": targets,
    }  # fmt: skip
    files = {f"{target}.ubj": bytes(c.booster.save_raw("ubj")) for target, c in model.corrections.items()}
    return files | {READER: (json.dumps(reader, ensure_ascii=False, sort_keys=True) + "\n").encode()}


def _trees(folder: Path, manifest: Mapping[str, Any], target: str) -> bytes:
    return model_files.read(folder / f"{target}.ubj", manifest["sha256"], MANIFEST)


def _correction(stored: Mapping[str, Any], raw: bytes, target: str) -> Correction:
    start = None if stored["start"] is None else LinearStart.from_json(stored["start"])
    least, most = (np.array(stored[name], dtype=np.float64) for name in ("least", "most"))
    return Correction(booster(raw, target), start, stored["offset"], least, most)


def booster(raw: bytes, target: str) -> Any:
    """Trees from UBJSON, to be asked by one thread.

    Raises:
        PredictorError: these are no trees.
    """
    xgboost = import_xgboost()
    trees = xgboost.Booster({"nthread": 1})
    try:
        trees.load_model(bytearray(raw))
    except xgboost.core.XGBoostError as error:
        raise PredictorError(f"predictor 'xgboost': the model for {target} cannot be read: {error}") from error
    return trees


def import_xgboost() -> Any:
    """The library, or an error that names the extra."""
    try:
        import xgboost
    except ImportError as error:
        raise ConfigError(f"predictor 'xgboost' needs XGBoost: {how_to_install('xgboost')}") from error
    return xgboost
