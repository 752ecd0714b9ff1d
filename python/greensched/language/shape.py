"""The shape of a Llama: what of ``config.json`` decides the arithmetic, and a refusal of everything else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greensched.core.errors import ConfigError, DataError

SUPPORTED = "llama"  # SmolLM2, LLaMA 1 to 3, TinyLlama and others that are stored as LlamaForCausalLM
ROPES = ("default", "linear", "llama3")


@dataclass(frozen=True)
class Shape:
    """Sizes and constants of a model of the Llama architecture.

    Attributes:
        hidden, feed_forward, layers, heads, kv_heads, head_dim, vocabulary, positions: counts.
        norm_epsilon: added to the mean square.
        rope_inverse: rotation per position of each pair, float64 (head_dim / 2,), radians.
        biased, mlp_biased: projections of attention, of the feed-forward net, have a bias.
        tied: the output matrix is the embedding.
    """

    hidden: int
    feed_forward: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    positions: int
    norm_epsilon: float
    rope_inverse: NDArray[np.float64]
    biased: bool
    mlp_biased: bool
    tied: bool

    @classmethod
    def of(cls, config: Mapping[str, Any], where: str) -> Shape:
        """Read ``config`` (as Hugging Face writes ``config.json``).

        Args:
            config: its content.
            where: the file, for errors.

        Raises:
            ConfigError: another architecture, or a variation that is not computed here.
            DataError: an entry is missing or no number.
        """
        _supported(config, where)
        try:
            heads = int(config["num_attention_heads"])
            hidden = int(config["hidden_size"])
            head_dim = _head_dim(config, hidden // heads, where)
            return cls(
                hidden=hidden,
                feed_forward=int(config["intermediate_size"]),
                layers=int(config["num_hidden_layers"]),
                heads=heads,
                kv_heads=int(config.get("num_key_value_heads") or heads),
                head_dim=head_dim,
                vocabulary=int(config["vocab_size"]),
                positions=int(config.get("max_position_embeddings", 2048)),
                norm_epsilon=float(config.get("rms_norm_eps", 1e-6)),
                rope_inverse=_rope(config, head_dim, where),
                biased=bool(config.get("attention_bias", False)),
                mlp_biased=bool(config.get("mlp_bias", False)),
                tied=bool(config.get("tie_word_embeddings", False)),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"{where}: not the configuration of a Llama ({type(error).__name__}: {error})") from error

    @classmethod
    def read(cls, path: Path) -> Shape:
        """Read a file ``config.json``; raises as :meth:`of` does."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DataError(f"{path}: expected the JSON that Hugging Face writes beside a model ({error})") from error
        if not isinstance(content, dict):
            raise DataError(f"{path}: expected a JSON object, found {type(content).__name__}")
        return cls.of(content, str(path))


def _supported(config: Mapping[str, Any], where: str) -> None:
    kind = config.get("model_type")
    if kind != SUPPORTED:
        raise ConfigError(
            f"{where}: a model of type '{kind}' cannot be served; supported is '{SUPPORTED}' "
            "(LlamaForCausalLM: SmolLM2, LLaMA 2 and 3, TinyLlama). Name such a model as base"
        )
    if config.get("hidden_act", "silu") != "silu":
        raise ConfigError(f"{where}: hidden_act '{config['hidden_act']}' cannot be served; supported is 'silu'")


def _head_dim(config: Mapping[str, Any], default: int, where: str) -> int:
    head_dim = int(config.get("head_dim") or default)
    if head_dim % 16:
        raise ConfigError(f"{where}: heads of {head_dim} numbers cannot be served; the runtime wants a multiple of 16")
    return head_dim


def _rope(config: Mapping[str, Any], head_dim: int, where: str) -> NDArray[np.float64]:
    """Rotations per position; the entry is spelled `rope_theta` and `rope_scaling`, or `rope_parameters`."""
    entry = {**(config.get("rope_scaling") or {}), **(config.get("rope_parameters") or {})}
    theta = float(entry.get("rope_theta", config.get("rope_theta", 10000.0)))
    kind = entry.get("rope_type", entry.get("type", "default"))
    if kind not in ROPES:
        raise ConfigError(f"{where}: rotary positions of type '{kind}' cannot be served; supported: {', '.join(ROPES)}")
    inverse = theta ** (-np.arange(0, head_dim, 2, dtype=np.float64) / head_dim)
    if "factors" in entry:  # a GGUF file holds what llama3 comes to, one divisor per pair
        return np.asarray(inverse / np.asarray(entry["factors"], dtype=np.float64))
    if kind == "linear":
        return np.asarray(inverse / float(entry["factor"]))
    return _llama3(inverse, entry) if kind == "llama3" else np.asarray(inverse)


def _llama3(inverse: NDArray[np.float64], entry: Mapping[str, Any]) -> NDArray[np.float64]:
    """Long waves are slowed by ``factor``, short ones kept, those between blended (Llama 3.1)."""
    low, high = float(entry["low_freq_factor"]), float(entry["high_freq_factor"])
    turns = float(entry["original_max_position_embeddings"]) * inverse / (2 * np.pi)  # within the context of training
    kept = np.clip((turns - low) / (high - low), 0.0, 1.0)
    return np.asarray(inverse * (kept + (1 - kept) / float(entry["factor"])))
