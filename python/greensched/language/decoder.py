"""Scores of the next token after what a base model has read."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from greensched.language.adapters import Adapter
from greensched.language.base import BaseModel
from greensched.language.default import NAME
from greensched.language.graph import INPUT, Graph
from greensched.language.reading import BLOCK, Reading
from greensched.language.tensors import F32
from greensched.language.tokens import Tokenizer

VERSION = 1  # of the arithmetic


class Decoder:
    """A causal language model that goes on from what it has read. Deterministic; one text at a time, one thread.

    Texts that begin alike are read on from where they part, and equal texts have scores of equal bits, whatever was
    read before (see :mod:`greensched.language.reading`).

    Args:
        model: all of its layers.
        precision: ``fp32`` or ``int8``.
        threads: None for as many as there are cores.
    """

    def __init__(self, model: BaseModel, precision: str = "fp32", threads: int | None = None) -> None:
        self._model = model
        self.precision = precision
        self.tokenizer: Tokenizer = model.tokenizer
        self.vocabulary = model.shape.vocabulary
        graph = Graph(model, precision, caching=True)
        states = INPUT
        for index in range(model.layers):
            states = graph.layer(index, states)
        last = graph.norm(graph.last_token(states), model.last_norm(), "last")
        scores = graph.matrix(last, model.head(), "scores")
        self._reading = Reading(model, graph, [scores], precision, threads)

    @classmethod
    def open(
        cls,
        base: str | Path = NAME,
        precision: str = "fp32",
        adapter: Adapter | None = None,
        threads: int | None = None,
        *,
        allow_network: bool = False,
    ) -> Decoder:
        """Open a base model for writing.

        Args:
            base: its name; see :func:`greensched.language.sources.find`.
            precision: ``fp32``, or ``int8``: half as fast again, scores slightly perturbed.
            adapter: low-rank changes of the weights; see :mod:`greensched.language.adapters`.
            threads: None for as many as there are cores.
            allow_network: a name on the Hugging Face hub may be fetched.

        Raises:
            ConfigError: no such model or precision; an adapter that does not fit.
            DataError: files are missing or damaged.
        """
        return cls(BaseModel.open(base, None, adapter, allow_network=allow_network), precision, threads)

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits, equal for two decoders that give equal scores: model, precision, adapter."""
        parts = [self._model.identity, self.precision, self._model.adapter_digest, BLOCK, VERSION]
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]

    @property
    def positions(self) -> int:
        """Most tokens of a text."""
        return self._reading.positions

    @property
    def length(self) -> int:
        """Tokens that have been read and are remembered."""
        return self._reading.length

    @property
    def computed(self) -> int:
        """Tokens that went through the model so far; those that were remembered do not count."""
        return self._reading.computed

    def forget(self) -> None:
        """Begin as if nothing had ever been read."""
        self._reading.forget()

    def prefill(self, ids: Sequence[int], until_s: float | None = None) -> F32:
        """Read a text from its beginning.

        Args:
            ids: its tokens; at least one.
            until_s: the instant on ``time.monotonic`` (s) after which no further block of it is begun.

        Returns:
            Scores of what comes next, float32 (vocabulary,).

        Raises:
            DataError: no token, one that the vocabulary does not have, or more than the model has positions.
            OutOfTimeError: the instant has passed.
        """
        scores = np.zeros(0, np.float32)
        for _, (found,) in self._reading.anew(ids, len(ids) - 1, until_s):
            scores = found
        return scores.reshape(-1)

    def step(self, ids: Sequence[int]) -> F32:
        """Read on.

        Args:
            ids: at least one token; all of them are read at once.

        Returns:
            As :meth:`prefill`, and raises its ``DataError``.
        """
        (scores,) = self._reading.on(ids)
        return scores.reshape(-1)
