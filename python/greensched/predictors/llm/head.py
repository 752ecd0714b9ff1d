"""The head: from what the language model read, and from numbers, to energy and run time. In numpy, for serving.

It is *structured*: the network predicts the factors of a physical formula whose known terms stay known.

    run time = work(text) × slowness(kind of code, host) × exp(correction)
    power    = cores' dynamic power × use(text, host) + GPUs' dynamic power × use(text, host)
    energy   = run time × power × PUE × exp(correction)

``work`` is multiplicative in the numbers of the text (a learned share of their logarithms), ``use`` lies between 0 and
1, so that no text can promise more power than what the task holds can draw (corrections are bounded too).

:mod:`greensched.learning.llm.network` is the same in torch, for training; a test holds both together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from greensched.core.types import F64
from greensched.core.units import J_PER_KWH
from greensched.predictors.llm.inputs import JOB, Pairs
from greensched.predictors.llm.numbers import VALUES

F32 = NDArray[np.float32]

CLIP = 5.0
"""Standardised states are cut here: a few dimensions of every base model take huge values at some tokens."""
LEAST_SPREAD = 0.003
"""Of a prediction, in log units: nothing is known better than luck allows."""
MOST_CORRECTION = 0.7
"""Bound of the correction of energy, in log units: a factor of two."""
NUMBER, AMOUNT, PERCENT, LEFT = range(VALUES)
OWNER_WEIGHT = 0.3
"""Of the token that stands for owner and name, in the additive terms."""
USUAL_AMOUNT = 12.0
"""Logarithm from which amounts are counted: with all of it, the least change of a gate would move everything."""
GATE_SCALE, ADD_SCALE = 0.1, 0.1
"""Gates begin near an equal share, so that work is proportional to the numbers; sums over tokens are scaled down."""
_ABSENT = -1e9  # an attention weight of nothing
_LN_EPS = 1e-5


@dataclass(frozen=True)
class Sizes:
    """Sizes of the network."""

    state: int  # of the base model's states
    d: int = 96
    queries: int = 6
    heads: int = 4
    blocks: int = 1
    z: int = 128
    host: int = 48
    gpu_types: int = 8  # without the unknown one
    layers: int = 1  # of the base model, mixed by learned weights

    @property
    def pooled(self) -> int:
        """Length of a text's vector: pooled tokens, their sum, numbers read, and 4 additive terms."""
        return self.queries * self.d + self.d + self.queries * VALUES + 4


class Answer(NamedTuple):
    """For each pair, (tasks, datacenters): logarithms of run time in s and of energy in kWh, and their spreads."""

    log_run: F64
    log_energy: F64
    run_spread: F64
    energy_spread: F64


class Head:
    """A trained head.

    Args:
        weights: as :mod:`greensched.learning.llm.network` names them.
        sizes: of the network.
    """

    def __init__(self, weights: Mapping[str, NDArray[Any]], sizes: Sizes) -> None:
        self._w = {name: np.ascontiguousarray(value, dtype=np.float32) for name, value in weights.items()}
        self.sizes = sizes

    def pool(self, states: F32, owner: F32, values: F64, starts: NDArray[np.int64]) -> F32:
        """A vector per text; what follows needs no token any more, so this is what is remembered of a text.

        Args:
            states: of the tokens of all descriptions, (tokens, state).
            owner: mean state of who asks and what it is called, (texts, state).
            values: numbers at tokens, (tokens, VALUES).
            starts: text i has the tokens ``starts[i]:starts[i + 1]``.
        """
        lengths = np.diff(starts)
        pooled = np.empty((len(lengths), self.sizes.pooled), np.float32)
        for length in np.unique(lengths):  # texts of one length need no padding, so they never depend on each other
            texts = np.flatnonzero(lengths == length)
            rows = starts[texts][:, None] + np.arange(length)
            pooled[texts] = self._pool_equal(states[rows], owner[texts], values[rows].astype(np.float32))
        return pooled

    def predict(self, pooled: F32, job: F64, pairs: Pairs) -> Answer:
        """Energy and run time of every task at every datacenter."""
        w, sizes = self._w, self.sizes
        job32 = job.astype(np.float32)
        cut = np.cumsum([sizes.queries * sizes.d + sizes.d, sizes.queries * VALUES])
        seen, read, added = np.split(pooled, cut, axis=1)
        scaled = read * np.tile(np.array([1.0, 0.1, 1.0, 1.0], np.float32), sizes.queries)
        z = self._norm(self._mlp("z", np.concatenate([seen, scaled, job32], axis=1)), "z_norm")
        gates = 1.0 / sizes.queries + GATE_SCALE * self._linear("gate", z).reshape(len(z), sizes.queries, 2)
        numbers = read.reshape(len(z), sizes.queries, VALUES)
        amounts = np.stack([numbers[..., AMOUNT] - USUAL_AMOUNT * numbers[..., NUMBER], numbers[..., LEFT]], axis=-1)
        work = self._mlp("work", z)[:, 0] + (gates * amounts).sum((1, 2)) + added[:, 0]
        host = np.concatenate([pairs.host.astype(np.float32), w["gpu.weight"][pairs.gpu]], axis=-1)
        h = self._mlp("host", host)
        joined = np.broadcast_to(self._linear("join", z)[:, None], h.shape)
        out = self._mlp("pair", np.concatenate([joined, h, joined * h, pairs.state.astype(np.float32)], axis=-1))
        out[..., 1:4] += added[:, None, 1:4]
        return self._physics(z, work, out, job, pairs)

    def _physics(self, z: F32, work: F32, out: F32, job: F64, pairs: Pairs) -> Answer:
        on_gpu = job[:, JOB.index("has_gpus")][:, None] > 0
        bound = _softmax(self._linear("bound", z))
        cores = np.log((bound[:, None, :] / pairs.speed[..., :3]).sum(-1))
        gpus = -_sigmoid(self._linear("gpu_bound", z)) * np.log(pairs.speed[..., 3])
        log_run = (work[:, None] + np.where(on_gpu, gpus, cores) + out[..., 0]).astype(np.float64)
        power_w = pairs.core_w * _sigmoid(out[..., 1]) + pairs.gpu_w * _sigmoid(out[..., 2])
        correction = MOST_CORRECTION * np.tanh(out[..., 3] / MOST_CORRECTION)
        log_energy: F64 = log_run + np.log(np.maximum(power_w, 1e-3) * pairs.pue / J_PER_KWH) + correction
        return Answer(log_run, log_energy, LEAST_SPREAD + _softplus(out[..., 4]), LEAST_SPREAD + _softplus(out[..., 5]))

    def _pool_equal(self, states: F32, owner: F32, values: F32) -> F32:
        """Texts of equal length: (texts, tokens, ...)."""
        w = self._w
        x = self._linear("project", self._standard(states)) + self._mlp("number", values) * values[..., :1]
        owned = self._linear("project", self._standard(owner)) + w["owner"]
        x = np.concatenate([x, owned[:, None]], axis=1)
        for block in range(self.sizes.blocks):
            x = self._block(f"blocks.{block}", x)
        x = self._norm(x, "token_norm")
        query = np.broadcast_to(w["query"], (len(x), *w["query"].shape))
        query = query + self._mlp("update", np.concatenate([query, self._attend(query, x, "1")], axis=-1))
        second = self._attend(query, x, "2")
        read = self._read(query, x, np.concatenate([values, np.zeros((len(x), 1, VALUES), np.float32)], axis=1))
        parts = (second.reshape(len(x), -1), self._linear("mean", x).sum(1) / 20.0, read.reshape(len(x), -1))
        weight = np.ones((x.shape[1], 1), np.float32)
        weight[-1] = OWNER_WEIGHT
        added = ADD_SCALE * (self._linear("add", x) * weight).sum(1)
        return np.concatenate([*parts, added], axis=1)

    def _standard(self, states: F32) -> F32:
        cut: F32 = np.clip((states - self._w["centre"]) / self._w["scale"], -CLIP, CLIP)
        return cut

    def _attend(self, query: F32, x: F32, round_: str) -> F32:
        keys, found = self._linear(f"keys{round_}", x), self._linear(f"values{round_}", x)
        weights = _softmax(query @ keys.transpose(0, 2, 1) / np.float32(np.sqrt(self.sizes.d)))
        result: F32 = weights @ found
        return result

    def _read(self, query: F32, x: F32, values: F32) -> F32:
        """Numbers that each query points at; with no number in the text, or none that matters, zeros."""
        keys = self._linear("number_keys", x)
        weights = self._linear("number_query", query) @ keys.transpose(0, 2, 1) / np.float32(np.sqrt(self.sizes.d))
        weights = np.where(values[:, None, :, NUMBER] > 0, weights, np.float32(_ABSENT))
        none = np.broadcast_to(self._w["no_number"][:, None], (*weights.shape[:2], 1))
        weights = _softmax(np.concatenate([weights, none], axis=-1))
        result: F32 = weights[..., :-1] @ values
        return result

    def _block(self, name: str, x: F32) -> F32:
        """A transformer block, norms first."""
        sizes = self.sizes
        normed = self._norm(x, f"{name}.norm1")
        shape = (len(x), x.shape[1], sizes.heads, sizes.d // sizes.heads)
        q, k, v = (part.reshape(shape).swapaxes(1, 2) for part in np.split(self._linear(f"{name}.qkv", normed), 3, -1))
        weights = _softmax(q @ k.swapaxes(-1, -2) / np.float32(np.sqrt(shape[-1])))
        x = x + self._linear(f"{name}.out", (weights @ v).swapaxes(1, 2).reshape(x.shape))
        return x + self._mlp(f"{name}.mlp", self._norm(x, f"{name}.norm2"))

    def _linear(self, name: str, x: F32) -> F32:
        result: F32 = x @ self._w[f"{name}.weight"].T + self._w[f"{name}.bias"]
        return result

    def _mlp(self, name: str, x: F32) -> F32:
        """Linear layers with SiLU between them, numbered 0, 2, ... as torch's Sequential does."""
        layer = 0
        while f"{name}.{layer}.weight" in self._w:
            if layer:
                x = x * _sigmoid(x)
            x = self._linear(f"{name}.{layer}", x)
            layer += 2
        return x

    def _norm(self, x: F32, name: str) -> F32:
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + np.float32(_LN_EPS))
        result: F32 = scaled * self._w[f"{name}.weight"] + self._w[f"{name}.bias"]
        return result


def _sigmoid(x: F32) -> F32:
    result: F32 = 0.5 * (1.0 + np.tanh(0.5 * x))
    return result


def _softplus(x: F32) -> F64:
    result: F64 = np.logaddexp(0.0, x.astype(np.float64))
    return result


def _softmax(x: F32) -> F32:
    grown = np.exp(x - x.max(-1, keepdims=True))
    result: F32 = grown / grown.sum(-1, keepdims=True)
    return result
