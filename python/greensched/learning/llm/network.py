"""The head in torch, for training: the same arithmetic as :mod:`greensched.predictors.llm.head`, which serves it."""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from greensched.core.units import J_PER_KWH
from greensched.predictors.llm.head import (
    AMOUNT_SCALE,
    CLIP,
    ESTIMATE_SCALE,
    LEAST_SPREAD,
    MOST_CORRECTION,
    MOST_DELAY,
    OWN,
    POWERS,
    READ_SCALE,
    USE,
    Sizes,
)
from greensched.predictors.llm.inputs import CLASSES, HOST, JOB, STATE

_HAS_GPUS, _GPU = JOB.index("has_gpus"), CLASSES.index("gpu")
_ESTIMATE, _NO_ESTIMATE = JOB.index("log_expected_s"), JOB.index("no_estimate")
_NO_COST = [JOB.index(name) for name in ("log_expected_s", "no_estimate", "log_allowed_s", "priority")]
NO_DOUBT = -4.0  # logit of the share of the way to the owner's estimate, before it is learned
READING = ("project", "read", "query", "at")
DOUBTING = ("doubt", "estimate")
"""Parts that only matter where the language model reads; and those that say how far to believe it."""


class Batch(NamedTuple):
    """Some jobs, what is read of their texts, and their pairs; ``*_job`` is the row of ``job`` that a thing belongs to.

    Attributes:
        grams, gram_job: known words and pairs of words, (grams,).
        states, token_job: of the tokens that the base model read, (tokens, state); none, if it did not read.
        following, before: words beside each number, (numbers,).
        amount, left: of each number, as in :class:`lexicon.Known`.
        token, number_job: where each number is read, −1: nowhere; (numbers,).
        owner: (jobs, owner).
        job: (jobs, len(JOB)).
        row: job of each pair, (pairs,).
        host, gpu, state, speed, core_w, gpu_w, pue: of each pair, as in :class:`inputs.Pairs`.
    """

    grams: Tensor
    gram_job: Tensor
    states: Tensor
    token_job: Tensor
    following: Tensor
    before: Tensor
    amount: Tensor
    left: Tensor
    token: Tensor
    number_job: Tensor
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


class Network(nn.Module):  # type: ignore[misc] # mypy does not read torch
    """What is trained. ``centre`` and ``scale`` standardise the base model's states; they are set from data."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        d, terms, demands = sizes.d, sizes.terms, sizes.terms + 1
        for name, width in (("", sizes.state), ("owner_", sizes.owner)):
            self.register_buffer(f"{name}centre", torch.zeros(width))
            self.register_buffer(f"{name}scale", torch.ones(width))
        self.effects = nn.Embedding(sizes.words, sizes.effects)
        self.following, self.before = (nn.Embedding(sizes.words, POWERS * demands) for _ in range(2))
        self.role, self.at = (nn.Linear(width, POWERS * demands, bias=False) for width in (sizes.roles, d))
        self.power = nn.Parameter(_usual_powers(demands))
        self.project, self.query = nn.Linear(sizes.state, d), nn.Linear(d, sizes.queries)
        self.read = nn.Linear(d, sizes.effects)
        self.doubt, self.estimate = nn.Linear(sizes.queries * d + 1, 1), nn.Parameter(torch.zeros(2))
        self.owner = nn.Linear(sizes.owner, sizes.owners)
        self.term, self.work = nn.Parameter(torch.linspace(-1.0, 1.0, terms)), nn.Parameter(torch.zeros(1))
        self.direct, mask = nn.Linear(len(JOB), demands), torch.ones(len(JOB))
        mask[_NO_COST] = 0.0
        self.register_buffer("direct_mask", mask)
        self.z, self.z_norm = _mlp(sizes.pooled + len(JOB), 2 * sizes.z, sizes.z), nn.LayerNorm(sizes.z)
        self.speed = nn.Parameter(_usual_supplies(terms))
        self.gpu_supply = nn.Parameter(torch.zeros(sizes.gpu_types + 1, terms))
        self.code = nn.Parameter(0.1 * torch.randn(sizes.gpu_types + 1, sizes.kinds, terms))
        self.sharpness = nn.Parameter(torch.zeros(2))
        self.gpu = nn.Embedding(sizes.gpu_types + 1, 8)
        self.host, self.join = _mlp(len(HOST) + 8, 64, sizes.host), nn.Linear(sizes.z, sizes.host)
        self.pair = _mlp(3 * sizes.host + len(STATE) + terms + len(OWN) + len(CLASSES), 96, 64, 6)
        nn.init.normal_(self.effects.weight, 0.0, 0.02)
        # what the words beside and the language model add begins with nothing
        for part in (self.following, self.before, self.at, self.read, self.direct):
            nn.init.zeros_(part.weight)
        nn.init.zeros_(self.doubt.weight)
        nn.init.constant_(self.doubt.bias, NO_DOUBT)
        nn.init.zeros_(self.read.bias)
        nn.init.zeros_(self.direct.bias)

    def pool(self, b: Batch) -> Tensor:
        """A vector per text, (jobs, sizes.pooled)."""
        jobs, sizes = len(b.job), self.sizes
        x = functional.silu(self.project(((b.states - self.centre) / self.scale).clamp(-CLIP, CLIP)))
        effects = self.effects.weight.new_zeros(jobs, sizes.effects)
        effects = effects.index_add(0, b.gram_job, self.effects(b.grams))
        effects = effects.index_add(0, b.token_job, READ_SCALE * self.read(x))
        seen = self._seen(x, b.token_job, jobs)
        roles = self.role(effects[:, -sizes.roles :])
        powers = self.following(b.following) + self.before(b.before) + roles[b.number_job] + self.power
        if len(x):
            powers = powers + self.at(x[b.token.clamp_min(0)]) * (b.token >= 0)[:, None]
        chosen = powers.view(-1, sizes.terms + 1, POWERS).softmax(-1)
        basis = torch.stack([-b.amount, torch.zeros_like(b.amount), b.amount, b.left], dim=-1)
        amounts = effects.new_zeros(jobs, sizes.terms + 1)
        amounts = amounts.index_add(0, b.number_job, (chosen * basis[:, None]).sum(-1))
        owned = self.owner(((b.owner - self.owner_centre) / self.owner_scale).clamp(-CLIP, CLIP))
        return torch.cat([effects, amounts, seen, owned], dim=1)

    def forward(self, b: Batch) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Logarithms of run time (s) and energy (kWh) of each pair, and their spreads."""
        return self.predict(self.pool(b), b)

    def predict(self, pooled: Tensor, b: Batch) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The same from vectors of texts."""
        sizes, terms, row = self.sizes, self.sizes.terms, b.row
        effects, amounts, rest = pooled.split(
            [sizes.effects, terms + 1, pooled.shape[1] - sizes.effects - terms - 1], dim=1
        )
        z = self.z_norm(self.z(torch.cat([effects, AMOUNT_SCALE * amounts, rest, b.job], dim=1)))
        demand = effects[:, : terms + 1] + amounts + self.direct(b.job * self.direct_mask)
        kind = effects[:, terms + 1 + USE : terms + 1 + USE + sizes.kinds]
        on_gpu = (b.job[:, _HAS_GPUS] > 0)[row]
        log_speed = b.speed.log()
        log_speed = torch.cat([log_speed[:, :_GPU], log_speed[:, _GPU:] * on_gpu[:, None]], dim=1)
        code = torch.einsum("pk,pkt->pt", kind[row], self.code[b.gpu])
        supply = log_speed @ self.speed.T + (self.gpu_supply[b.gpu] + code) * on_gpu[:, None]
        norm = (1.0 + functional.softplus(self.sharpness))[on_gpu.long()]
        needed = norm[:, None] * ((self.term + demand[:, :terms])[row] - supply)
        slowest = needed.logsumexp(1) / norm
        h = self.host(torch.cat([b.host, self.gpu(b.gpu)], dim=-1))
        joined = self.join(z)[row]
        parts = [joined, h, joined * h, b.state, needed.softmax(1), b.job[row][:, list(OWN)], log_speed]
        out = self.pair(torch.cat(parts, dim=-1))
        use = out[:, 1 : 1 + USE] + effects[row, terms + 1 : terms + 1 + USE]
        log_work = self.work + demand[:, terms]
        log_run = (log_work + self._doubt(rest, b.job, log_work, demand))[row] + slowest
        log_run = log_run + MOST_DELAY * torch.tanh(out[:, 0] / MOST_DELAY)
        power_w = b.core_w * use[:, 0].sigmoid() + b.gpu_w * use[:, 1].sigmoid()
        correction = MOST_CORRECTION * torch.tanh(use[:, 2] / MOST_CORRECTION)
        log_energy = log_run + (power_w.clamp_min(1e-3) * b.pue / J_PER_KWH).log() + correction
        spread = LEAST_SPREAD + functional.softplus(out[:, 4:])
        return log_run, log_energy, spread[:, 0], spread[:, 1]

    def _doubt(self, rest: Tensor, job: Tensor, log_work: Tensor, demand: Tensor) -> Tensor:
        """How far to move towards the owner's estimate, (jobs,)."""
        seen = rest[:, : self.sizes.queries * self.sizes.d]
        on_gpu = (job[:, _HAS_GPUS] > 0).long()
        norm = (1.0 + functional.softplus(self.sharpness))[on_gpu]
        reference = log_work + (norm[:, None] * (self.term + demand[:, : self.sizes.terms])).logsumexp(1) / norm
        away = ESTIMATE_SCALE * job[:, _ESTIMATE] + self.estimate[on_gpu] - reference
        share = self.doubt(torch.cat([seen, away.abs()[:, None]], dim=1))[:, 0].sigmoid()
        return torch.where(job[:, _NO_ESTIMATE] <= 0, share * away, 0.0)

    def _seen(self, x: Tensor, token_job: Tensor, jobs: int) -> Tensor:
        """What each query finds in a text, (jobs, queries × d): weighted means of its tokens."""
        queries, d = self.sizes.queries, self.sizes.d
        if not len(x):
            return x.new_zeros(jobs, queries * d)
        scores = self.query(x)
        # any constant of a text cancels; its largest score keeps the exponentials in range
        most = scores.new_full((jobs, queries), -torch.inf).scatter_reduce(
            0, token_job[:, None].expand_as(scores), scores.detach(), "amax"
        )
        grown = (scores - most[token_job]).exp()
        total = grown.new_zeros(jobs, queries).index_add(0, token_job, grown)
        weighted = (grown / total[token_job])[:, :, None] * x[:, None, :]
        return x.new_zeros(jobs, queries, d).index_add(0, token_job, weighted).flatten(1)

    def weights(self) -> dict[str, Any]:
        """All weights as arrays, by the names that the serving head knows."""
        return {name: value.detach().cpu().numpy() for name, value in self.state_dict().items()}


def _usual_powers(demands: int) -> Tensor:
    """Numbers multiply work and do not matter to single resources, until words say otherwise."""
    powers = torch.zeros(demands, POWERS)
    powers[:-1, 1], powers[-1, 2] = 2.0, 2.0
    return powers.flatten()


def _usual_supplies(terms: int) -> Tensor:
    """Each resource is supplied at the speed of one class of work: cores of each kind, and several parts of a GPU."""
    supplies = torch.zeros(terms, len(CLASSES))
    for term in range(terms):
        supplies[term, term if term < _GPU else (0 if term % 4 == 2 else _GPU)] = 1.0
    return supplies


def _mlp(*widths: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for i, (a, b) in enumerate(itertools.pairwise(widths)):
        layers += [nn.SiLU()] if i else []
        layers.append(nn.Linear(a, b))
    return nn.Sequential(*layers)
