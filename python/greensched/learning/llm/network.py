"""The head of ``llm`` in torch, for training: the same network as :mod:`greensched.predictors.llm.head`.

Names of modules are names of weights there. A test holds both to the same answers.
"""

from __future__ import annotations

import itertools
import math
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from greensched.core.units import J_PER_KWH
from greensched.predictors.llm.head import (
    ADD_SCALE,
    AMOUNT,
    CLIP,
    GATE_SCALE,
    LEAST_SPREAD,
    LEFT,
    MOST_CORRECTION,
    NUMBER,
    OWNER_WEIGHT,
    USUAL_AMOUNT,
    Sizes,
)
from greensched.predictors.llm.inputs import HOST, JOB, STATE
from greensched.predictors.llm.numbers import VALUES

_ABSENT = -1e9
_HAS_GPUS = JOB.index("has_gpus")


class Batch(NamedTuple):
    """Some jobs and their pairs.

    Attributes:
        states: (jobs, tokens, state), padded.
        values: (jobs, tokens, VALUES).
        real: (jobs, tokens), False where padded.
        owner: (jobs, state).
        job: (jobs, len(JOB)).
        row: job of each pair, (pairs,).
        host, gpu, state, speed, core_w, gpu_w, pue: of each pair, as in :class:`inputs.Pairs`.
    """

    states: Tensor
    values: Tensor
    real: Tensor
    owner: Tensor
    job: Tensor
    row: Tensor
    host: Tensor
    gpu: Tensor
    state: Tensor
    speed: Tensor
    core_w: Tensor
    gpu_w: Tensor
    pue: Tensor


class Block(nn.Module):  # type: ignore[misc] # mypy does not read torch
    """A transformer block, norms first."""

    def __init__(self, d: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.qkv, self.out = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.mlp = _mlp(d, 2 * d, d)
        self.heads = heads

    def forward(self, x: Tensor, real: Tensor) -> Tensor:
        """(jobs, tokens, d) to the same."""
        jobs, tokens, d = x.shape
        parts = self.qkv(self.norm1(x)).view(jobs, tokens, 3, self.heads, d // self.heads)
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(q, k, v, attn_mask=real[:, None, None, :])
        x = x + self.out(seen.transpose(1, 2).reshape(jobs, tokens, d))
        result: Tensor = x + self.mlp(self.norm2(x))
        return result


class Network(nn.Module):  # type: ignore[misc]
    """What is trained. ``centre`` and ``scale`` standardise the base model's states; they are set from data."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        d, q = sizes.d, sizes.queries
        self.register_buffer("centre", torch.zeros(sizes.state))
        self.register_buffer("scale", torch.ones(sizes.state))
        self.project, self.number = nn.Linear(sizes.state, d), _mlp(VALUES, 32, d)
        self.owner = nn.Parameter(0.1 * torch.randn(d))
        self.blocks = nn.ModuleList(Block(d, sizes.heads) for _ in range(sizes.blocks))
        self.token_norm = nn.LayerNorm(d)
        self.query = nn.Parameter(0.5 * torch.randn(q, d))
        self.update = _mlp(2 * d, 2 * d, d)
        self.keys1, self.values1, self.keys2, self.values2 = (nn.Linear(d, d) for _ in range(4))
        self.number_query, self.number_keys = nn.Linear(d, d), nn.Linear(d, d)
        self.no_number = nn.Parameter(torch.zeros(q))
        self.mean, self.add = nn.Linear(d, d), nn.Linear(d, 4)
        self.z = _mlp(sizes.pooled - 4 + len(JOB), 2 * sizes.z, sizes.z)
        self.z_norm = nn.LayerNorm(sizes.z)
        self.work, self.gate = _mlp(sizes.z, sizes.z, 1), nn.Linear(sizes.z, 2 * q)
        self.gpu = nn.Embedding(sizes.gpu_types + 1, 8)
        self.host = _mlp(len(HOST) + 8, 96, sizes.host)
        self.join = nn.Linear(sizes.z, sizes.host)
        self.bound, self.gpu_bound = nn.Linear(sizes.z, 3), nn.Linear(sizes.z, 1)
        self.pair = _mlp(3 * sizes.host + len(STATE), 160, 96, 6)

    def pool(self, states: Tensor, values: Tensor, real: Tensor, owner: Tensor) -> Tensor:
        """A vector per text, (jobs, sizes.pooled)."""
        x = self.project(self._standard(states)) + self.number(values) * values[..., NUMBER : NUMBER + 1]
        owned = self.project(self._standard(owner)) + self.owner
        # the owner's token stands after the padding; attention does not know places
        x = torch.cat([x, owned[:, None]], dim=1)
        last = torch.ones_like(real[:, :1])
        real = torch.cat([real, last], dim=1)
        for block in self.blocks:
            x = block(x, real)
        x = self.token_norm(x)
        query = self.query.expand(len(x), -1, -1)
        query = query + self.update(torch.cat([query, self._attend(query, x, real, "1")], dim=-1))
        second = self._attend(query, x, real, "2")
        read = self._read(query, x, functional.pad(values, (0, 0, 0, 1)))
        total = (self.mean(x) * real[..., None]).sum(1) / 20.0
        weight = torch.cat([real[:, :-1].to(x.dtype), OWNER_WEIGHT * last], dim=1)
        added = ADD_SCALE * (self.add(x) * weight[..., None]).sum(1)
        return torch.cat([second.flatten(1), total, read.flatten(1), added], dim=1)

    def forward(self, b: Batch) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Logarithms of run time (s) and energy (kWh) of each pair, and their spreads."""
        return self.predict(self.pool(b.states, b.values, b.real, b.owner), b)

    def predict(self, pooled: Tensor, b: Batch) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The same from vectors of texts."""
        q, d = self.sizes.queries, self.sizes.d
        seen, read, added = pooled.split([q * d + d, q * VALUES, 4], dim=1)
        scaled = read * read.new_tensor([1.0, 0.1, 1.0, 1.0]).repeat(q)
        z = self.z_norm(self.z(torch.cat([seen, scaled, b.job], dim=1)))
        numbers = read.view(-1, q, VALUES)
        amounts = torch.stack([numbers[..., AMOUNT] - USUAL_AMOUNT * numbers[..., NUMBER], numbers[..., LEFT]], dim=-1)
        gates = 1.0 / q + GATE_SCALE * self.gate(z).view(-1, q, 2)
        work = self.work(z)[:, 0] + (gates * amounts).sum((1, 2)) + added[:, 0]
        h = self.host(torch.cat([b.host, self.gpu(b.gpu)], dim=-1))
        joined = self.join(z)[b.row]
        out = self.pair(torch.cat([joined, h, joined * h, b.state], dim=-1))
        use = out[:, 1:4] + added[b.row, 1:4]
        bound = self.bound(z).softmax(-1)[b.row]
        cores = (bound / b.speed[:, :3]).sum(-1).log()
        gpus = -self.gpu_bound(z)[b.row, 0].sigmoid() * b.speed[:, 3].log()
        log_run = work[b.row] + torch.where(b.job[b.row, _HAS_GPUS] > 0, gpus, cores) + out[:, 0]
        power_w = b.core_w * use[:, 0].sigmoid() + b.gpu_w * use[:, 1].sigmoid()
        correction = MOST_CORRECTION * torch.tanh(use[:, 2] / MOST_CORRECTION)
        log_energy = log_run + (power_w.clamp_min(1e-3) * b.pue / J_PER_KWH).log() + correction
        spread = LEAST_SPREAD + functional.softplus(out[:, 4:])
        return log_run, log_energy, spread[:, 0], spread[:, 1]

    def _standard(self, states: Tensor) -> Tensor:
        return ((states - self.centre) / self.scale).clamp(-CLIP, CLIP)

    def _attend(self, query: Tensor, x: Tensor, real: Tensor, round_: str) -> Tensor:
        keys, values = getattr(self, f"keys{round_}")(x), getattr(self, f"values{round_}")(x)
        return functional.scaled_dot_product_attention(query, keys, values, attn_mask=real[:, None, :])

    def _read(self, query: Tensor, x: Tensor, values: Tensor) -> Tensor:
        weights = self.number_query(query) @ self.number_keys(x).transpose(1, 2) / math.sqrt(self.sizes.d)
        weights = weights.masked_fill(values[:, None, :, NUMBER] <= 0, _ABSENT)
        none = self.no_number[None, :, None].expand(len(x), -1, 1)
        weights = torch.cat([weights, none], dim=-1).softmax(-1)
        result: Tensor = weights[..., :-1] @ values
        return result

    def weights(self) -> dict[str, Any]:
        """All weights as arrays, by the names that the serving head knows."""
        return {name: value.detach().cpu().numpy() for name, value in self.state_dict().items()}


def _mlp(*widths: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for i, (a, b) in enumerate(itertools.pairwise(widths)):
        layers += [nn.SiLU()] if i else []
        layers.append(nn.Linear(a, b))
    return nn.Sequential(*layers)
