"""A trained model as a folder: weights as safetensors, facts as JSON; data, never code.

``head.safetensors`` (half precision), ``words.txt`` (what the head's effects belong to, one a line), perhaps
``adapter.safetensors`` (low-rank changes of the base model), and ``model.json``, which is written last, so that a
folder with one is whole. Checksums tell damage.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from greensched.core.errors import DataError, PredictorError
from greensched.predictors import model_files
from greensched.predictors.llm.head import Sizes
from greensched.predictors.llm.inputs import HOST, JOB, STATE
from greensched.predictors.llm.lexicon import Vocabulary
from greensched.predictors.llm.opinion import GROUPS, SCALES
from greensched.prompts import VERSION as PROMPTS

FORMAT: Final = 4
FACTS, HEAD, ADAPTER, WORDS = "model.json", "head.safetensors", "adapter.safetensors", "words.txt"
INPUTS: Final = {"job": list(JOB), "host": list(HOST), "state": list(STATE), "prompts": PROMPTS}
"""What a model was trained on; another version of this code may tell other things."""


@dataclass(frozen=True)
class Artefact:
    """A trained model.

    Attributes:
        weights: of the head.
        sizes: of the head.
        vocabulary: words that the head knows.
        base: name of the base model.
        layers: of the base model that are read.
        precision: of the base model when the head was trained.
        level: of the prompt.
        gpu_names: vocabulary of GPU types.
        quantiles: level -> {"run": [...], "energy": [...]}: spreads above the prediction, calibrated, of each group
            (``opinion.group``).
        doubts: how far off the text usually is: shares of ``opinion.SCALES`` of each group.
        reads: whether the base model reads words that the vocabulary does not have, or nobody does.
        adapter: changes of the base model; empty for none.
        metrics: what it reached when it was trained, by name.
        trained: on what, how, by which command.
    """

    weights: Mapping[str, NDArray[Any]]
    sizes: Sizes
    vocabulary: Vocabulary
    base: str
    layers: tuple[int, ...]
    precision: str
    level: str
    gpu_names: tuple[str, ...]
    quantiles: Mapping[str, Mapping[str, list[float]]]
    doubts: list[list[float]] = field(default_factory=list)
    reads: bool = True
    adapter: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    trained: Mapping[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that stand for everything that decides an answer."""
        parts = hashlib.sha256()
        for tensors in (self.weights, self.adapter):
            for name in sorted(tensors):
                parts.update(name.encode() + np.ascontiguousarray(tensors[name], dtype=np.float16).tobytes())
        parts.update(hashlib.sha256(self._words()).digest())
        rest = (
            asdict(self.sizes),
            self.base,
            self.layers,
            self.level,
            self.gpu_names,
            self.quantiles,
            self.reads,
            self.doubts,
        )
        parts.update(json.dumps(rest, sort_keys=True).encode())
        return parts.hexdigest()[:12]

    def _words(self) -> bytes:
        return "".join(f"{gram}\n" for gram in self.vocabulary.grams).encode()

    def save(self, folder: Path) -> None:
        """Write the folder; an older model in it is replaced at the last step."""
        from safetensors.numpy import save

        folder.mkdir(parents=True, exist_ok=True)
        sha256 = {WORDS: model_files.write(folder / WORDS, self._words())}
        for name, tensors in ((HEAD, self.weights), (ADAPTER, self.adapter)):
            if tensors:
                raw = save({k: np.ascontiguousarray(v, dtype=np.float16) for k, v in sorted(tensors.items())})
                sha256[name] = model_files.write(folder / name, raw)
        facts = {
            "format": FORMAT, "inputs": INPUTS, "sizes": asdict(self.sizes), "base": self.base,
            "layers": list(self.layers), "precision": self.precision, "level": self.level,
            "gpu_names": list(self.gpu_names), "quantiles": self.quantiles, "doubts": self.doubts,
            "reads": self.reads,
            "metrics": dict(self.metrics), "trained": dict(self.trained), "sha256": sha256,
        }  # fmt: skip
        model_files.write_manifest(folder / FACTS, facts)

    @staticmethod
    def load(folder: Path) -> Artefact:
        """Read what :meth:`save` wrote.

        Raises:
            ConfigError: no model there.
            PredictorError: it is damaged or of another version.
        """
        path = folder / FACTS
        facts = model_files.read_manifest(path, "llm")
        model_files.require_version(path, facts, format=FORMAT, inputs=INPUTS)
        try:
            return Artefact(
                weights=_tensors(folder / HEAD, facts["sha256"]),
                sizes=Sizes(**facts["sizes"]),
                vocabulary=Vocabulary(
                    model_files.read(folder / WORDS, facts["sha256"], FACTS).decode().split("\n")[:-1]
                ),
                base=facts["base"],
                layers=tuple(facts["layers"]),
                precision=facts["precision"],
                level=facts["level"],
                gpu_names=tuple(facts["gpu_names"]),
                quantiles=_quantiles(facts["quantiles"]),
                doubts=_shares(facts["doubts"]),
                reads=facts["reads"],
                adapter=_tensors(folder / ADAPTER, facts["sha256"]) if ADAPTER in facts["sha256"] else {},
                metrics=facts["metrics"],
                trained=facts["trained"],
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise PredictorError(f"{path}: not the facts of a model: {error!r}") from error


def _quantiles(told: Mapping[str, Mapping[str, list[float]]]) -> Mapping[str, Mapping[str, list[float]]]:
    for level, targets in told.items():
        if not 0.0 < float(level) < 1.0:
            raise ValueError(f"quantiles: level {level} is not between 0 and 1")
        for target in ("run", "energy"):
            _numbers(f"quantiles of {target} at {level}", targets[target], (GROUPS,))
    return told


def _shares(told: list[list[float]]) -> list[list[float]]:
    if (_numbers("doubts", told, (GROUPS, len(SCALES))) <= 0.0).any():
        raise ValueError("doubts: every share must be positive")
    return told


def _numbers(name: str, told: object, shape: tuple[int, ...]) -> NDArray[np.float64]:
    found = np.array(told, dtype=np.float64)
    if found.shape != shape or not np.isfinite(found).all():
        raise ValueError(f"{name}: expected finite numbers of shape {shape}, found shape {found.shape}")
    return found


def _tensors(path: Path, sha256: Mapping[str, str]) -> dict[str, NDArray[Any]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    raw = model_files.read(path, sha256, FACTS)
    try:
        found: dict[str, NDArray[Any]] = load(raw)
    except SafetensorError as error:
        raise DataError(f"{path}: not safetensors: {error}") from error
    return found
