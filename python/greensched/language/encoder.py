"""States of the tokens of texts after some layers of a base model."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from greensched.core.errors import ConfigError
from greensched.language.adapters import Adapter
from greensched.language.base import BaseModel
from greensched.language.default import NAME
from greensched.language.graph import INPUT, PAST, TOTAL, Graph
from greensched.language.runtime import Session, require_exact_int8
from greensched.language.tensors import F32
from greensched.language.tokens import Tokenised, Tokenizer

LAYERS = (3,)
PAD_TO = 8  # tokens; a text is padded to a multiple, whatever else is in the batch: then its states are the same bits
TOKENS_AT_ONCE = 1024  # some 20 MB of activations; more gains nothing


@dataclass(frozen=True)
class Encoded(Tokenised):
    """Tokens of several texts and their states.

    Attributes:
        states: float32 (tokens, hidden × layers asked for), the layers side by side.
    """

    states: F32


class Encoder:
    """A frozen base model that reads texts. Deterministic; safe to use from several threads.

    A text's states do not depend on what else is encoded with it.
    """

    def __init__(self, model: BaseModel, layers: Sequence[int], precision: str, threads: int | None) -> None:
        self.layers, self.precision = tuple(layers), precision
        self.tokenizer: Tokenizer = model.tokenizer
        self.hidden = model.shape.hidden
        self._model = model
        graph = Graph(model, precision)
        if precision == "int8":
            require_exact_int8()
        self._outputs = _add_layers(graph, model, self.layers)
        self.positions = graph.positions
        self._session = Session(graph, self._outputs, threads) if self._outputs else None

    @classmethod
    def open(
        cls,
        base: str | Path = NAME,
        layers: Sequence[int] = LAYERS,
        precision: str = "fp32",
        adapter: Adapter | None = None,
        threads: int | None = None,
        *,
        allow_network: bool = False,
    ) -> Encoder:
        """Open a base model for reading.

        Args:
            base: its name; see :func:`greensched.language.sources.find`.
            layers: after which layers states are wanted, in the order of the result. 0 are the embeddings; after
                the last layer stands the final norm.
            precision: ``fp32``, or ``int8``: about twice as fast, states slightly perturbed.
            adapter: low-rank changes of the weights; see :mod:`greensched.language.adapters`.
            threads: None for as many as there are cores.
            allow_network: a name on the Hugging Face hub may be fetched.

        Raises:
            ConfigError: no such model, layer or precision; an adapter that does not fit.
            DataError: files are missing or damaged.
        """
        if not layers or len(set(layers)) != len(layers):
            raise ConfigError(f"layers {tuple(layers)}: expected one or more, each once")
        return cls(BaseModel.open(base, max(layers), adapter, allow_network=allow_network), layers, precision, threads)

    @property
    def width(self) -> int:
        """Length of a token's state: hidden × layers."""
        return self.hidden * len(self.layers)

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits, equal for two encoders that give equal states: model, layers, precision, adapter."""
        parts = [self._model.identity, self.layers, self.precision, self._model.adapter_digest]
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]

    def encode(self, texts: Sequence[str], max_tokens: int = 256) -> Encoded:
        """Tokens and states of each text.

        Args:
            texts: any strings.
            max_tokens: of a longer text the begin and the end are read (``cut_chars`` says so); at least 2.
        """
        tokens = self.tokenizer.encode(texts, min(max_tokens, self.positions))
        states = np.empty((len(tokens.ids), self.width), np.float32)
        for group in _groups(tokens.lengths):
            self._fill(states, tokens, group)
        return Encoded(tokens.ids, tokens.spans, tokens.starts, tokens.cut_chars, states)

    def embed(self, texts: Sequence[str], max_tokens: int = 256) -> F32:
        """The mean embedding of each text's tokens, (texts, hidden): no layer reads them, so it costs next to nothing.

        Args:
            texts: any strings; one without tokens is all zeros.
            max_tokens: as of :meth:`encode`.
        """
        tokens = self.tokenizer.encode(texts, min(max_tokens, self.positions))
        embedded = self._model.embed(tokens.ids)
        means = np.zeros((len(texts), self.hidden), np.float32)
        for i, (begin, end) in enumerate(zip(tokens.starts[:-1], tokens.starts[1:], strict=True)):
            if end > begin:
                means[i] = embedded[begin:end].mean(axis=0)
        return means

    def _fill(self, states: F32, tokens: Tokenised, group: NDArray[np.int64]) -> None:
        """Compute the states of the texts ``group``, which are padded to one length."""
        lengths, longest = tokens.lengths[group], int(_padded(tokens.lengths[group[:1]])[0])
        place = np.arange(longest)[None, :]
        real = place < lengths[:, None]
        rows = np.where(real, tokens.starts[group][:, None] + place, 0)
        embedded = self._model.embed(tokens.ids[rows[real]])
        inputs = np.zeros((len(group), longest, self.hidden), np.float32)
        inputs[real] = embedded
        results = self._run(inputs)
        for index, layer in enumerate(self.layers):
            part = slice(index * self.hidden, (index + 1) * self.hidden)
            states[rows[real], part] = embedded if layer == 0 else results[layer][real]

    def _run(self, inputs: F32) -> dict[int, F32]:
        if self._session is None:
            return {}
        count, longest = inputs.shape[:2]
        past = np.full(count, longest - 1, np.int32)
        found = self._session.run({INPUT: inputs, PAST: past, TOTAL: np.array(longest, np.int32)}, self._outputs)
        return dict(zip([layer for layer in self.layers if layer], found, strict=True))


def _add_layers(graph: Graph, model: BaseModel, layers: tuple[int, ...]) -> list[str]:
    """Build all layers up to the deepest; returns the names of the states after ``layers`` (not of layer 0)."""
    names, states = {}, INPUT
    for index in range(model.layers):
        states = graph.layer(index, states)
        names[index + 1] = states
    if model.layers and model.layers == model.shape.layers:
        names[model.layers] = graph.norm(states, model.last_norm(), "last")
    return [names[layer] for layer in layers if layer]


def _padded(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    return -(-lengths // PAD_TO) * PAD_TO


def _groups(lengths: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Texts of equal padded length, at most ``TOKENS_AT_ONCE`` tokens together."""
    padded = _padded(lengths)
    for length in np.unique(padded):
        members = np.flatnonzero(padded == length)
        size = max(1, TOKENS_AT_ONCE // int(length))
        for begin in range(0, len(members), size):
            yield members[begin : begin + size]
