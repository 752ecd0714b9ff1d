"""A base model that remembers keys and values of what it has read, so that texts which begin alike are read on from.

Texts are read in blocks whose borders are fixed places, and only whole blocks are read on from. So each number is
computed in one and the same way whatever was read before, and equal texts have results of equal bits.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from greensched.core.errors import DataError
from greensched.language.base import BaseModel
from greensched.language.graph import INPUT, PAST, TOTAL, Graph
from greensched.language.runtime import InPlace, Session, require_exact_int8
from greensched.language.tensors import F32

BLOCK = 64  # tokens read at once; longer ones are hardly faster, and on average half of one is read again


class OutOfTimeError(Exception):
    """Reading took longer than it may. What was read until then stays read."""


class Reading:
    """One text at a time, for one thread.

    Args:
        model: whose layers are in the graph.
        graph: caching, complete.
        outputs: names of its results.
        precision: ``fp32`` or ``int8``, as the graph's.
        threads: None for as many as there are cores.

    Attributes:
        computed: tokens that went through the model so far.
        positions: most tokens of a text.
    """

    def __init__(
        self, model: BaseModel, graph: Graph, outputs: list[str], precision: str, threads: int | None = None
    ) -> None:
        if precision == "int8":
            require_exact_int8()
        self._model, self._outputs = model, outputs
        self.positions, self.computed = graph.positions, 0
        shape = model.shape
        self._memory = InPlace(graph.remembered, (1, shape.kv_heads, self.positions, shape.head_dim))
        self._session = Session(graph, outputs, threads)
        self._read: list[int] = []
        self._solid = 0  # how many of these were read in whole blocks

    @property
    def length(self) -> int:
        """Tokens that have been read and are remembered."""
        return len(self._read)

    def forget(self) -> None:
        """Begin as if nothing had ever been read."""
        self._read, self._solid = [], 0

    def anew(self, ids: Sequence[int], needed: int, until_s: float | None = None) -> Iterator[tuple[int, list[F32]]]:
        """Read a text from its beginning, block by block.

        Args:
            ids: its tokens; at least one.
            needed: results of tokens from this one on are needed, those before it only if they were not read before.
            until_s: the instant on ``time.monotonic`` (s) after which no further block is begun.

        Yields:
            Of every block that is computed the place of its first token, and the results.

        Raises:
            DataError: no token, one that the vocabulary does not have, or more than the model has positions.
            OutOfTimeError: the instant has passed.
        """
        text = list(ids)
        self._check(text, 0)
        begin = min(_common(self._read[: self._solid], text), needed) // BLOCK * BLOCK
        del self._read[begin:]
        self._solid = begin
        while self.length < len(text):
            if until_s is not None and time.monotonic() > until_s:
                raise OutOfTimeError
            at = self.length
            results = self._advance(text[at : at + BLOCK])
            if self.length % BLOCK == 0:
                self._solid = self.length
            yield at, results

    def on(self, ids: Sequence[int]) -> list[F32]:
        """Read on: at least one token, all at once; raises ``DataError`` as :meth:`anew`."""
        self._check(ids, self.length)
        return self._advance(list(ids))

    def _advance(self, ids: list[int]) -> list[F32]:
        total = self.length + len(ids)
        inputs: dict[str, Any] = {
            INPUT: self._model.embed(np.array(ids))[None],
            PAST: np.array([total - 1], np.int32),
            TOTAL: np.array(total, np.int32),
        }
        results = self._session.run_in_place(inputs, self._memory, self._outputs)
        self._read += ids
        self.computed += len(ids)
        return results

    def _check(self, ids: Sequence[int], before: int) -> None:
        most = self._model.shape.vocabulary - 1
        if not ids or min(ids) < 0 or max(ids) > most:
            raise DataError(f"tokens to read: expected one or more, each from 0 to {most}")
        if before + len(ids) > self.positions:
            raise DataError(f"a text of {before + len(ids)} tokens; this base model reads at most {self.positions}")


def _common(a: Sequence[int], b: Sequence[int]) -> int:
    """How many tokens two texts have in common at their beginning."""
    for index, (x, y) in enumerate(zip(a, b, strict=False)):
        if x != y:
            return index
    return min(len(a), len(b))
