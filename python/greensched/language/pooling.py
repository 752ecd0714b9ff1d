"""A long text as one vector: states of some layers, their mean over its own part and that of its last token.

What a text shares with the one before is read once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from greensched.core.errors import ConfigError, DataError
from greensched.language.base import BaseModel
from greensched.language.default import NAME
from greensched.language.graph import INPUT, Graph
from greensched.language.reading import BLOCK, Reading
from greensched.language.tensors import F32
from greensched.language.tokens import Tokenizer

LEAST = 32  # tokens that must be left for a text's own part


class Pooler:
    """The first layers of a base model, which read long texts one after the other.

    Deterministic: a text's vectors have the same bits whatever was read before.

    Args:
        model: its first layers, up to the deepest of ``layers``.
        layers: after which states are wanted, 1 or more each; after the last layer of all stands the final norm.
        precision: ``fp32`` or ``int8``.
        threads: None for as many as there are cores.
    """

    def __init__(
        self, model: BaseModel, layers: Sequence[int], precision: str = "fp32", threads: int | None = None
    ) -> None:
        self.layers, self.precision = tuple(layers), precision
        self.tokenizer: Tokenizer = model.tokenizer
        self._model = model
        graph = Graph(model, precision, caching=True)
        names, states = {}, INPUT
        for index in range(model.layers):
            names[index + 1] = states = graph.layer(index, states)
        if model.layers == model.shape.layers:
            names[model.layers] = graph.norm(states, model.last_norm(), "last")
        self._reading = Reading(model, graph, [names[layer] for layer in self.layers], precision, threads)

    @classmethod
    def open(
        cls, base: str | Path = NAME, layers: Sequence[int] = (3,), precision: str = "fp32", threads: int | None = None
    ) -> Pooler:
        """Open a base model for reading long texts; see :meth:`greensched.language.Encoder.open`.

        Raises:
            ConfigError: no such model, layer or precision.
            DataError: files are missing or damaged.
        """
        if not layers or len(set(layers)) != len(layers) or min(layers) < 1:
            raise ConfigError(f"layers {tuple(layers)}: expected one or more from 1 on, each once")
        return cls(BaseModel.open(base, max(layers)), layers, precision, threads)

    @property
    def width(self) -> int:
        """Length of a text's vector: 2 × hidden × layers."""
        return 2 * self._model.shape.hidden * len(self.layers)

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits, equal for two that give equal vectors: model, layers, precision."""
        parts = [self._model.identity, self.layers, self.precision, BLOCK]
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]

    @property
    def computed(self) -> int:
        """Tokens that went through the model so far; those that were remembered do not count."""
        return self._reading.computed

    def pooled(self, shared: str, own: str) -> F32:
        """The vector of a text, float32 (width,): for each layer the mean over ``own``, then the last token's state.

        Args:
            shared: how the text begins; read once for all texts that follow each other and begin so.
            own: how it goes on; of one that is too long for the model, begin and end are read.

        Raises:
            DataError: the model cannot even read the shared part and a little more.
        """
        before = [*self.tokenizer.beginning(), *self.tokenizer.within(shared)]
        first = len(before)
        if first + LEAST > self._reading.positions:
            raise DataError(
                f"a text that begins with {first} tokens; this base model reads at most {self._reading.positions}, "
                "and some must be left for what follows"
            )
        ids = [*before, *_ends(self.tokenizer.within(own) or before[-1:] or [0], self._reading.positions - first)]
        sums = np.zeros((len(self.layers), self._model.shape.hidden))
        last = sums
        for at, states in self._reading.anew(ids, first):
            skipped = max(0, first - at)
            sums += np.stack([layer[0, skipped:].sum(axis=0, dtype=np.float64) for layer in states])
            last = np.stack([layer[0, -1] for layer in states])
        parts = np.concatenate([sums / (len(ids) - first), last], axis=1)
        return parts.reshape(-1).astype(np.float32)


def _ends(ids: list[int], most: int) -> list[int]:
    """Begin and end of a text that has more tokens."""
    return ids if len(ids) <= most else ids[: most - most // 2] + ids[len(ids) - most // 2 :]
