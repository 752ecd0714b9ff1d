"""The head: from what is read in a text, and from numbers, to energy and run time. In numpy, for serving.

It is *structured*: the network predicts the factors of a physical formula whose known terms stay known.

    run time = work × ‖demand of each resource / supply of the host‖ × small correction
    power    = cores' dynamic power × use + GPUs' dynamic power × use
    energy   = run time × power × PUE × correction

Work and demands are products: every known word contributes a factor, and so does what the language model reads at each
token, and every number in the text, to a power of −1, 0 or 1 that depends on the words beside it; a number counts the
work, or else changes what a unit of it needs. Who holds no GPU needs none. The norm lies between
a sum, where resources are used one after the other, and a maximum, where they overlap (Williams et al. 2009,
"Roofline"). No text can promise more power than what the task holds can draw.

:mod:`greensched.learning.llm.network` is the same in torch, for training; a test holds both together.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from greensched.core.types import F64, I64
from greensched.core.units import J_PER_KWH
from greensched.predictors.llm.inputs import CLASSES, JOB, Pairs
from greensched.predictors.llm.lexicon import UNKNOWN, Known

F32 = NDArray[np.float32]

CLIP = 5.0
"""Standardised states are cut here: a few dimensions of every base model take huge values at some tokens."""
LEAST_SPREAD = 0.003
"""Of a prediction, in log units: nothing is known better than luck allows."""
MOST_CORRECTION, MOST_DELAY = 0.7, 0.3
"""Bounds of the corrections of energy and of run time, in log units."""
READ_SCALE = 0.1
"""Of what the language model adds at a token: texts have many."""
AMOUNT_SCALE = 0.2
"""Of summed logarithms of numbers where they are inputs of a network."""
POWERS, NOTHING, LEFT = 4, 1, 3
"""Choices for a number: divides, does not matter, multiplies; of a percentage also: its rest to 100 % multiplies."""
USE = 3  # of cores, of GPUs, and a correction of energy
OWN = tuple(JOB.index(name) for name in ("log_cores", "log1p_gpus", "log_gpus", "has_gpus"))
POWER_SCALE = 5.0
"""Of logarithms of power where they are inputs of a network."""
SECOND_LOG_SPREAD = (-1.4, 1.5)
"""Bounds of the logarithms of the second opinion's spreads."""
LEAST_FREE, LEAST_UNTOLD = 0.5, 2.5
"""Least spread of the second opinion on a job without a deadline, and so much more without an estimate."""
_NO_DEADLINE, _NO_ESTIMATE = JOB.index("no_deadline"), JOB.index("no_estimate")
_HAS_GPUS, _GPU = JOB.index("has_gpus"), CLASSES.index("gpu")
IDLE = -30.0
"""Logarithm of the time that a resource is needed which a job does not hold."""
_LN_EPS = 1e-5


@dataclass(frozen=True)
class Sizes:
    """Sizes of the network."""

    state: int  # of the base model's states
    owner: int  # of the base model's embeddings
    words: int = 1  # of the vocabulary, the unknown word included
    d: int = 96
    terms: int = 8  # resources
    kinds: int = 6  # of code for a GPU
    roles: int = 6  # of numbers
    owners: int = 16
    z: int = 64
    host: int = 32
    gpu_types: int = 8  # without the unknown one
    layers: int = 1  # of the base model, side by side in a state

    @property
    def blocks(self) -> tuple[int, int, int, int]:
        """Effects of a word or token: on the demand of each resource and on work, on use, on kind of code, on roles."""
        return self.terms + 1, USE, self.kinds, self.roles

    @property
    def effects(self) -> int:
        """Number of effects of a word or token."""
        return sum(self.blocks)

    @property
    def pooled(self) -> int:
        """Length of a text's vector: summed effects, summed numbers, and its owner."""
        return self.effects + self.terms + 1 + self.owners


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
        self._of_gpu = [term for term in range(sizes.terms) if of_gpu(term)]

    def pool(self, known: Known, states: F32, starts: I64, token: I64, owner: F32) -> F32:
        """A vector per text; what follows needs no token any more, so this is what is remembered of a text.

        Args:
            known: what the vocabulary knows of the texts.
            states: of the tokens that the language model reads, (tokens, state).
            starts: text i has the tokens ``starts[i]:starts[i + 1]``.
            token: at which each number is read, −1: at none; (numbers,).
            owner: mean embedding of who asks and what it is called, (texts, owner).
        """
        w, sizes = self._w, self.sizes
        x = _silu(self._linear("project", self._standard(states)))
        effects = _sums(w["effects.weight"][known.grams], known.gram_first)
        effects += READ_SCALE * _sums(self._linear("read", x), starts)
        roles = effects[:, -sizes.roles :] @ w["role.weight"].T
        text = np.repeat(np.arange(len(starts) - 1), np.diff(known.number_first))
        following, before = known.word(known.following), known.word(known.before)
        powers = w["following.weight"][following] + w["before.weight"][before] + roles[text] + w["power"]
        read = token >= 0
        powers[read] += x[token[read]] @ w["at.weight"].T
        amount, left = known.amount.astype(np.float32), known.left.astype(np.float32)
        powers = powers.reshape(-1, sizes.terms + 1, POWERS)
        powers[left == 0.0, :, LEFT] = -np.inf  # only of a percentage is there a rest
        alone = (following == UNKNOWN) & (before == UNKNOWN) & ~read
        powers[np.ix_(alone, np.arange(sizes.terms + 1), np.arange(POWERS) != NOTHING)] = -np.inf
        chosen = _softmax(powers)
        basis = np.stack([-amount, np.zeros_like(amount), amount, left], axis=-1)
        worth = (chosen * basis[:, None]).sum(-1)
        worth[:, :-1] *= chosen[:, -1:, NOTHING]
        amounts = _sums(worth, known.number_first)
        owned = self._linear("owner", np.clip((owner - w["owner_centre"]) / w["owner_scale"], -CLIP, CLIP))
        return np.concatenate([effects, amounts, owned], axis=1)

    def predict(self, pooled: F32, job: F64, pairs: Pairs) -> Answer:
        """Energy and run time of every task at every datacenter."""
        w, sizes = self._w, self.sizes
        job32, terms = job.astype(np.float32), sizes.terms
        cut = np.cumsum([sizes.effects, terms + 1])
        effects, amounts, owned = np.split(pooled, cut, axis=1)
        z = self._norm(
            self._mlp("z", np.concatenate([effects, AMOUNT_SCALE * amounts, owned, job32], axis=1)), "z_norm"
        )
        demand = effects[:, : terms + 1] + amounts + self._linear("direct", job32 * w["direct_mask"])
        kind = effects[:, terms + 1 + USE : terms + 1 + USE + sizes.kinds]
        on_gpu = job32[:, _HAS_GPUS] > 0
        log_speed = np.log(pairs.speed).astype(np.float32)
        log_speed[..., _GPU] *= on_gpu[:, None]
        code = (kind[:, None, None, :] @ w["code"][pairs.gpu])[..., 0, :]
        supply = log_speed @ w["speed"].T + np.where(on_gpu[:, None, None], w["gpu_supply"][pairs.gpu] + code, 0.0)
        norm = (1.0 + np.logaddexp(0.0, w["sharpness"]))[on_gpu.astype(int)][:, None, None].astype(np.float32)
        needed = norm * ((w["term"] + demand[:, :terms])[:, None] - supply)
        needed[..., self._of_gpu] = np.where(on_gpu[:, None, None], needed[..., self._of_gpu], np.float32(IDLE))
        most = needed.max(-1, keepdims=True)
        grown = np.exp(needed - most)
        total = grown.sum(-1, keepdims=True)
        slowest = ((np.log(total) + most) / norm)[..., 0]
        h = self._mlp("host", np.concatenate([pairs.host.astype(np.float32), w["gpu.weight"][pairs.gpu]], axis=-1))
        joined = np.broadcast_to(self._linear("join", z)[:, None], h.shape)
        own = np.broadcast_to(job32[:, None, OWN], (*h.shape[:2], len(OWN)))
        parts = [joined, h, joined * h, pairs.state.astype(np.float32), grown / total, own, log_speed]
        out = self._mlp("pair", np.concatenate(parts, axis=-1))
        out[..., 1 : 1 + USE] += effects[:, None, terms + 1 : terms + 1 + USE]
        return self._physics((w["work"] + demand[:, terms])[:, None] + slowest, out, pairs)

    def second(self, job: F64, pairs: Pairs) -> tuple[F64, F64, F64, F64]:
        """What numbers alone say, as an :class:`Answer` (see :mod:`opinion`): no text is read."""
        job32 = job.astype(np.float32)
        on_gpu = (job32[:, _HAS_GPUS] > 0)[:, None]
        log_speed = np.log(pairs.speed).astype(np.float32)
        log_speed[..., _GPU] *= on_gpu
        power = np.stack([np.log1p(pairs.core_w), np.log1p(pairs.gpu_w)], axis=-1).astype(np.float32) / POWER_SCALE
        gpu = self._w["second_gpu.weight"][np.where(on_gpu, pairs.gpu, 0)]
        own = np.broadcast_to(job32[:, None], (*pairs.gpu.shape, job32.shape[1]))
        out = self._mlp("second", np.concatenate([own, log_speed, power, gpu], axis=-1))
        log_run = out[..., 0].astype(np.float64)
        power_w = pairs.core_w * _sigmoid(out[..., 1]) + pairs.gpu_w * _sigmoid(out[..., 2])
        log_energy: F64 = log_run + np.log(np.maximum(power_w, 1e-3) * pairs.pue / J_PER_KWH)
        least = (job[:, _NO_DEADLINE] > 0) * (LEAST_FREE + LEAST_UNTOLD * (job[:, _NO_ESTIMATE] > 0))
        spread = np.exp(np.clip(out[..., 3:], *SECOND_LOG_SPREAD)).astype(np.float64)
        spread = np.maximum(spread, least[:, None, None])
        return log_run, log_energy, spread[..., 0], spread[..., 1]

    def _physics(self, log_work: F32, out: F32, pairs: Pairs) -> Answer:
        log_run = (log_work + MOST_DELAY * np.tanh(out[..., 0] / MOST_DELAY)).astype(np.float64)
        power_w = pairs.core_w * _sigmoid(out[..., 1]) + pairs.gpu_w * _sigmoid(out[..., 2])
        correction = MOST_CORRECTION * np.tanh(out[..., 3] / MOST_CORRECTION)
        log_energy: F64 = log_run + np.log(np.maximum(power_w, 1e-3) * pairs.pue / J_PER_KWH) + correction
        return Answer(log_run, log_energy, LEAST_SPREAD + _softplus(out[..., 4]), LEAST_SPREAD + _softplus(out[..., 5]))

    def _standard(self, states: F32) -> F32:
        cut: F32 = np.clip((states - self._w["centre"]) / self._w["scale"], -CLIP, CLIP)
        return cut

    def _linear(self, name: str, x: F32) -> F32:
        result: F32 = x @ self._w[f"{name}.weight"].T + self._w[f"{name}.bias"]
        return result

    def _mlp(self, name: str, x: F32) -> F32:
        """Linear layers with SiLU between them, numbered 0, 2, ... as torch's Sequential does."""
        layer = 0
        while f"{name}.{layer}.weight" in self._w:
            x = self._linear(f"{name}.{layer}", _silu(x) if layer else x)
            layer += 2
        return x

    def _norm(self, x: F32, name: str) -> F32:
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + np.float32(_LN_EPS))
        result: F32 = scaled * self._w[f"{name}.weight"] + self._w[f"{name}.bias"]
        return result


def of_gpu(term: int) -> bool:
    """Whether a resource is a part of a GPU: the first ones are kinds of cores, one more is cores that feed a GPU."""
    return term >= _GPU and term % 4 != 2


def most_log_energy(log_run: F64, core_w: F64, gpu_w: F64, pue: F64) -> F64:
    """Logarithm of the most energy in kWh that a run so long can need with what the task holds, all of it busy."""
    most: F64 = log_run + np.log(np.maximum(core_w + gpu_w, 1e-3) * pue / J_PER_KWH) + MOST_CORRECTION
    return most


def _sums(rows: F32, first: I64) -> F32:
    """Sums of ``rows[first[i]:first[i + 1]]``, each computed alone, so that no text depends on its neighbours."""
    found = np.zeros((len(first) - 1, *rows.shape[1:]), np.float32)
    for i, (begin, end) in enumerate(itertools.pairwise(first)):
        if end > begin:
            found[i] = rows[begin:end].sum(axis=0)
    return found


def _silu(x: F32) -> F32:
    return x * _sigmoid(x)


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
