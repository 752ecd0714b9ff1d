"""A trained model of ``llm-prompt`` as a folder: ``head.safetensors`` and ``model.json``; data, never code."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from greensched.core.errors import PredictorError
from greensched.core.types import F64
from greensched.predictors import model_files
from greensched.predictors.llm.inputs import HOST, JOB, STATE
from greensched.prompts import VERSION as PROMPTS

FORMAT: Final = 1
FACTS, HEAD = "model.json", "head.safetensors"
INPUTS: Final = {"job": list(JOB), "host": list(HOST), "state": list(STATE), "prompts": PROMPTS}
"""What a model was trained on; another version of this code may tell other things."""
WEIGHTS: Final = ("centre", "scale", "basis", "turns", "phases", "run", "energy")
Order = Literal["shared", "paper"]


@dataclass(frozen=True)
class Reads:
    """What is read, and how.

    Attributes:
        base: name of the base model.
        layers: of it, after which states are pooled.
        precision: of its arithmetic when the head was trained.
        level: of the prompt.
        order: of the prompt: ``paper``, or ``shared``: what all jobs of a slot share comes first, and is read once.
        gpu_names: vocabulary of GPU types.
    """

    base: str
    layers: tuple[int, ...]
    precision: str
    level: str
    order: Order
    gpu_names: tuple[str, ...]


@dataclass(frozen=True)
class PromptModel:
    """A trained model.

    Attributes:
        reads: what is read.
        weights: of the head, by the names of :data:`WEIGHTS`; see :mod:`greensched.predictors.prompted.head`.
        metrics: what it reached when it was trained, by name.
        trained: on what.
    """

    reads: Reads
    weights: Mapping[str, F64]
    metrics: Mapping[str, float] = field(default_factory=dict)
    trained: Mapping[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that stand for everything that decides an answer."""
        parts = hashlib.sha256(json.dumps(asdict(self.reads), sort_keys=True).encode())
        for name in WEIGHTS:
            parts.update(np.ascontiguousarray(self.weights[name], dtype=np.float32).tobytes())
        return parts.hexdigest()[:12]

    def save(self, folder: Path) -> None:
        """Write the folder; an older model in it is replaced at the last step."""
        from safetensors.numpy import save

        folder.mkdir(parents=True, exist_ok=True)
        raw = save({name: np.ascontiguousarray(self.weights[name], dtype=np.float32) for name in WEIGHTS})
        facts = {
            "format": FORMAT, "inputs": INPUTS, "reads": asdict(self.reads), "metrics": dict(self.metrics),
            "trained": dict(self.trained), "sha256": {HEAD: model_files.write(folder / HEAD, raw)},
        }  # fmt: skip
        model_files.write_manifest(folder / FACTS, facts)

    @staticmethod
    def load(folder: Path) -> PromptModel:
        """Read what :meth:`save` wrote.

        Raises:
            ConfigError: no model there.
            PredictorError: it is damaged or of another version.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load

        path = folder / FACTS
        facts = model_files.read_manifest(path, "llm-prompt")
        model_files.require_version(path, facts, format=FORMAT, inputs=INPUTS)
        try:
            told = facts["reads"]
            reads = Reads(**told | {"layers": tuple(told["layers"]), "gpu_names": tuple(told["gpu_names"])})
            tensors = load(model_files.read(folder / HEAD, facts["sha256"], FACTS))
            weights = {name: tensors[name].astype(np.float64) for name in WEIGHTS}
            return PromptModel(reads, weights, facts["metrics"], facts["trained"])
        except (KeyError, TypeError, SafetensorError) as error:
            raise PredictorError(f"{path}: not the facts of a model: {error!r}") from error
