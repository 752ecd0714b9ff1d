"""Scores of the next token after what a base model has read, with a memory of keys and values.

What was read stays read: a text that begins like the one before is read from where they part. Texts are read in blocks
whose borders are fixed places, and only whole blocks are read on from. So each number is computed in one and the same
way whatever was read before, and equal texts have scores of equal bits.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from greensched.core.errors import DataError
from greensched.language.adapters import Adapter
from greensched.language.base import BaseModel
from greensched.language.default import NAME
from greensched.language.graph import INPUT, PAST, TOTAL, Graph
from greensched.language.runtime import InPlace, Session, require_exact_int8
from greensched.language.tensors import F32
from greensched.language.tokens import Tokenizer

BLOCK = 64  # tokens read at once; longer ones are hardly faster, and on average half of one is read again
VERSION = 1  # of the arithmetic


class OutOfTimeError(Exception):
    """Reading took longer than it may. What was read until then stays read."""


class Decoder:
    """A causal language model that goes on from what it has read. Deterministic; one text at a time, one thread.

    Args:
        model: all of its layers.
        precision: ``fp32`` or ``int8``.
        threads: None for as many as there are cores.
    """

    def __init__(self, model: BaseModel, precision: str = "fp32", threads: int | None = None) -> None:
        if precision == "int8":
            require_exact_int8()
        self._model = model
        self.precision = precision
        self.tokenizer: Tokenizer = model.tokenizer
        self.vocabulary = model.shape.vocabulary
        self.computed = 0
        graph = Graph(model, precision, caching=True)
        self.positions = graph.positions
        states = INPUT
        for index in range(model.layers):
            states = graph.layer(index, states)
        last = graph.norm(graph.last_token(states), model.last_norm(), "last")
        self._scores = graph.matrix(last, model.head(), "scores")
        self._session = Session(graph, [self._scores], threads)
        sizes = (1, model.shape.kv_heads, self.positions, model.shape.head_dim)
        self._memory = InPlace(graph.remembered, sizes)
        self._read: list[int] = []
        self._solid = 0  # how many of these were read in whole blocks

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
            precision: ``fp32``, or ``int8``: more than twice as fast, scores slightly perturbed.
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
    def length(self) -> int:
        """Tokens that have been read and are remembered."""
        return len(self._read)

    def forget(self) -> None:
        """Begin as if nothing had ever been read; what is computed from then on does not depend on what was."""
        self._read, self._solid = [], 0

    def prefill(self, ids: Sequence[int], until_s: float | None = None) -> F32:
        """Read a text from its beginning.

        Args:
            ids: its tokens; at least one.
            until_s: the instant on ``time.monotonic`` (s) after which no further block is begun.

        Returns:
            Scores of what comes next, float32 (vocabulary,).

        Raises:
            DataError: no token, one that the vocabulary does not have, or more than the model has positions.
            OutOfTimeError: the instant has passed.
        """
        text = list(ids)
        self._check(text, 0)
        # of the last block at least one token is computed: its scores are asked for
        begin = min(_common(self._read[: self._solid], text), len(text) - 1) // BLOCK * BLOCK
        del self._read[begin:]
        self._solid = begin
        while True:
            if until_s is not None and time.monotonic() > until_s:
                raise OutOfTimeError
            scores = self._advance(text[self.length : self.length + BLOCK])
            if self.length % BLOCK == 0:
                self._solid = self.length
            if self.length == len(text):
                return scores

    def step(self, ids: Sequence[int]) -> F32:
        """Read on.

        Args:
            ids: at least one token; all of them are read at once.

        Returns:
            As :meth:`prefill`, and raises as it does.
        """
        self._check(ids, self.length)
        return self._advance(list(ids))

    def _advance(self, ids: list[int]) -> F32:
        total = self.length + len(ids)
        inputs: dict[str, Any] = {
            INPUT: self._model.embed(np.array(ids))[None],
            PAST: np.array([total - 1], np.int32),
            TOTAL: np.array(total, np.int32),
        }
        (scores,) = self._session.run_in_place(inputs, self._memory, [self._scores])
        self._read += ids
        self.computed += len(ids)
        return np.asarray(scores.reshape(-1))

    def _check(self, ids: Sequence[int], before: int) -> None:
        if not ids or min(ids) < 0 or max(ids) >= self.vocabulary:
            raise DataError(f"tokens to read: expected one or more, each from 0 to {self.vocabulary - 1}")
        if before + len(ids) > self.positions:
            raise DataError(f"a text of {before + len(ids)} tokens; this base model reads at most {self.positions}")


def _common(a: Sequence[int], b: Sequence[int]) -> int:
    """How many tokens two texts have in common at their beginning."""
    for index, (x, y) in enumerate(zip(a, b, strict=False)):
        if x != y:
            return index
    return min(len(a), len(b))
