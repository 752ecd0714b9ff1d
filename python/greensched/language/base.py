"""A base model, opened: its shape and its weights as float32, adapters merged, whatever files it came from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greensched.core.errors import ConfigError, DataError
from greensched.language.adapters import WHERE, Adapter, check, digest, merged
from greensched.language.convert import EMBEDDING, HEAD, NORM
from greensched.language.shape import Shape
from greensched.language.sources import Source, find
from greensched.language.tensors import F32, Tensors
from greensched.language.tokens import Tokenizer

BARE = "model."  # absent from files of a LlamaModel without its output matrix


class BaseModel:
    """The first ``layers`` layers of a Llama and what surrounds them.

    Args:
        source: its files.
        layers: how many layers, None for all.
        adapter: merged into the projections.

    Raises:
        ConfigError: another architecture, more layers than there are, an adapter that does not fit.
        DataError: files are missing, damaged, or of another shape than the configuration says.
    """

    def __init__(self, source: Source, layers: int | None = None, adapter: Adapter | None = None) -> None:
        self.shape = Shape.read(source.config)
        self.layers = self.shape.layers if layers is None else layers
        if not 0 <= self.layers <= self.shape.layers:
            raise ConfigError(f"layer {self.layers} was asked for; this base model has layers 0 to {self.shape.layers}")
        self.tokenizer = Tokenizer(source.tokenizer)
        self.identity = source.identity
        self._tensors = Tensors(source.weights(self.layers))
        self._bare = BARE + "embed_tokens.weight" not in self._tensors
        self._adapter = adapter
        self.adapter_digest = digest(adapter)
        if adapter is not None:
            check(adapter, self.layers)
        found = self._tensors.shape(self._name(EMBEDDING))
        if found != (self.shape.vocabulary, self.shape.hidden):
            raise DataError(f"{source.path}: embeddings of shape {found}, not as the configuration says")

    @classmethod
    def open(
        cls, base: str | Path, layers: int | None = None, adapter: Adapter | None = None, *, allow_network: bool = False
    ) -> BaseModel:
        """Find and open a base model; see :func:`greensched.language.sources.find` for its names."""
        return cls(find(base, allow_network=allow_network), layers, adapter)

    def embed(self, ids: NDArray[np.integer[Any]]) -> F32:
        """Embeddings of tokens, float32 (tokens, hidden)."""
        return self._tensors.rows(self._name(EMBEDDING), ids)

    def projection(self, layer: int, name: str) -> F32:
        """A matrix of a layer, (out, in), adapter merged; ``name`` is q_proj, ..., down_proj."""
        weight = self._array(f"model.layers.{layer}.{WHERE[name]}.{name}.weight")
        return merged(self._adapter, layer, name, weight)

    def bias(self, layer: int, name: str) -> F32 | None:
        """The bias of a projection, (out,); None where the architecture has none."""
        there = self.shape.biased if WHERE[name] == "self_attn" else self.shape.mlp_biased
        return self._array(f"model.layers.{layer}.{WHERE[name]}.{name}.bias") if there else None

    def norm(self, layer: int, name: str) -> F32:
        """The gain of a norm of a layer, (hidden,); ``name`` is input_layernorm or post_attention_layernorm."""
        return self._array(f"model.layers.{layer}.{name}.weight")

    def last_norm(self) -> F32:
        """The gain of the norm after the last layer, (hidden,)."""
        return self._array(NORM)

    def head(self) -> F32:
        """The output matrix, (vocabulary, hidden)."""
        return self._array(EMBEDDING) if self.shape.tied else self._tensors.array(HEAD)

    def _array(self, name: str) -> F32:
        return self._tensors.array(self._name(name))

    def _name(self, name: str) -> str:
        return name.removeprefix(BARE) if self._bare else name
