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
    IDLE,
    LEAST_FREE,
    LEAST_SPREAD,
    LEAST_UNTOLD,
    LEFT,
    MOST_CORRECTION,
    MOST_DELAY,
    NOTHING,
    OWN,
    POWER_SCALE,
    POWERS,
    READ_SCALE,
    SECOND_LOG_SPREAD,
    USE,
    Sizes,
    of_gpu,
)
from greensched.predictors.llm.inputs import CLASSES, HOST, JOB, STATE
from greensched.predictors.llm.lexicon import UNKNOWN

_HAS_GPUS, _GPU = JOB.index("has_gpus"), CLASSES.index("gpu")
_NO_DEADLINE, _NO_ESTIMATE = JOB.index("no_deadline"), JOB.index("no_estimate")
_NO_COST = [JOB.index(name) for name in ("log_expected_s", "no_estimate", "log_allowed_s", "priority", "no_deadline")]
_FREE = 0.2  # norm of an effect from which on it is shrunk by less than half the step
WORDS = ("effects", "following", "before")
"""What each word has of its own."""
SECOND = ("second", "second_gpu")
"""The second opinion."""
READING = ("project", "read", "at")
"""Parts that only matter where the language model reads."""


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
        self.project, self.read = nn.Linear(sizes.state, d), nn.Linear(d, sizes.effects)
        self.owner = nn.Linear(sizes.owner, sizes.owners)
        self.term, self.work = nn.Parameter(torch.linspace(-0.2, 0.2, terms)), nn.Parameter(torch.zeros(1))
        self.register_buffer("of_gpu", torch.tensor([of_gpu(t) for t in range(terms)]), persistent=False)
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
        self.second_gpu = nn.Embedding(sizes.gpu_types + 1, 4)
        self.second = _mlp(len(JOB) + len(CLASSES) + 2 + 4, 48, 48, 5)
        nn.init.normal_(self.effects.weight, 0.0, 0.02)
        # what the words beside and the language model add begins with nothing
        for part in (self.following, self.before, self.at, self.read, self.direct):
            nn.init.zeros_(part.weight)
        nn.init.zeros_(self.read.bias)
        nn.init.zeros_(self.direct.bias)

    def pool(self, b: Batch) -> Tensor:
        """A vector per text, (jobs, sizes.pooled)."""
        jobs, sizes = len(b.job), self.sizes
        x = functional.silu(self.project(((b.states - self.centre) / self.scale).clamp(-CLIP, CLIP)))
        effects = self.effects.weight.new_zeros(jobs, sizes.effects)
        effects = effects.index_add(0, b.gram_job, self.effects(b.grams))
        effects = effects.index_add(0, b.token_job, READ_SCALE * self.read(x))
        roles = self.role(effects[:, -sizes.roles :])
        powers = self.following(b.following) + self.before(b.before) + roles[b.number_job] + self.power
        if len(x):
            powers = powers + self.at(x[b.token.clamp_min(0)]) * (b.token >= 0)[:, None]
        powers = powers.view(-1, sizes.terms + 1, POWERS)
        chosen = powers.masked_fill(_senseless(b), -torch.inf).softmax(-1)
        basis = torch.stack([-b.amount, torch.zeros_like(b.amount), b.amount, b.left], dim=-1)
        worth = (chosen * basis[:, None]).sum(-1)
        worth = torch.cat([worth[:, :-1] * chosen[:, -1:, NOTHING], worth[:, -1:]], dim=1)
        amounts = effects.new_zeros(jobs, sizes.terms + 1)
        amounts = amounts.index_add(0, b.number_job, worth)
        owned = self.owner(((b.owner - self.owner_centre) / self.owner_scale).clamp(-CLIP, CLIP))
        return torch.cat([effects, amounts, owned], dim=1)

    def forward(self, b: Batch) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Logarithms of run time (s) and energy (kWh) of each pair, and their spreads."""
        return self.predict(self.pool(b), b)

    def predict(self, pooled: Tensor, b: Batch) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The same from vectors of texts."""
        sizes, terms, row = self.sizes, self.sizes.terms, b.row
        effects, amounts, owned = pooled.split([sizes.effects, terms + 1, sizes.owners], dim=1)
        z = self.z_norm(self.z(torch.cat([effects, AMOUNT_SCALE * amounts, owned, b.job], dim=1)))
        demand = effects[:, : terms + 1] + amounts + self.direct(b.job * self.direct_mask)
        kind = effects[:, terms + 1 + USE : terms + 1 + USE + sizes.kinds]
        on_gpu = (b.job[:, _HAS_GPUS] > 0)[row]
        log_speed = b.speed.log()
        log_speed = torch.cat([log_speed[:, :_GPU], log_speed[:, _GPU:] * on_gpu[:, None]], dim=1)
        code = torch.einsum("pk,pkt->pt", kind[row], self.code[b.gpu])
        supply = log_speed @ self.speed.T + (self.gpu_supply[b.gpu] + code) * on_gpu[:, None]
        norm = (1.0 + functional.softplus(self.sharpness))[on_gpu.long()]
        needed = norm[:, None] * ((self.term + demand[:, :terms])[row] - supply)
        needed = needed.masked_fill(self.of_gpu & ~on_gpu[:, None], IDLE)
        slowest = needed.logsumexp(1) / norm
        h = self.host(torch.cat([b.host, self.gpu(b.gpu)], dim=-1))
        joined = self.join(z)[row]
        parts = [joined, h, joined * h, b.state, needed.softmax(1), b.job[row][:, list(OWN)], log_speed]
        out = self.pair(torch.cat(parts, dim=-1))
        use = out[:, 1 : 1 + USE] + effects[row, terms + 1 : terms + 1 + USE]
        log_work = self.work + demand[row, terms] + slowest
        log_run = log_work + MOST_DELAY * torch.tanh(out[:, 0] / MOST_DELAY)
        power_w = b.core_w * use[:, 0].sigmoid() + b.gpu_w * use[:, 1].sigmoid()
        correction = MOST_CORRECTION * torch.tanh(use[:, 2] / MOST_CORRECTION)
        log_energy = log_run + (power_w.clamp_min(1e-3) * b.pue / J_PER_KWH).log() + correction
        spread = LEAST_SPREAD + functional.softplus(out[:, 4:])
        return log_run, log_energy, spread[:, 0], spread[:, 1]

    def second_opinion(self, b: Batch) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The same without the text."""
        on_gpu = (b.job[:, _HAS_GPUS] > 0)[b.row]
        log_speed = b.speed.log()
        log_speed = torch.cat([log_speed[:, :_GPU], log_speed[:, _GPU:] * on_gpu[:, None]], dim=1)
        power = torch.stack([b.core_w, b.gpu_w], dim=1).log1p() / POWER_SCALE
        out = self.second(torch.cat([b.job[b.row], log_speed, power, self.second_gpu(b.gpu * on_gpu)], dim=1))
        power_w = b.core_w * out[:, 1].sigmoid() + b.gpu_w * out[:, 2].sigmoid()
        log_energy = out[:, 0] + (power_w.clamp_min(1e-3) * b.pue / J_PER_KWH).log()
        least = (b.job[:, [_NO_DEADLINE]] > 0) * (LEAST_FREE + LEAST_UNTOLD * (b.job[:, [_NO_ESTIMATE]] > 0))
        spread = out[:, 3:].clamp(*SECOND_LOG_SPREAD).exp().maximum(least[b.row])
        return out[:, 0], log_energy, spread[:, 0], spread[:, 1]

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def shrink(self, step: float) -> None:
        """Move the effects of every word towards nothing: the demands together, use together, and so on.

        What a word says of a number beside it, demand by demand: most numbers multiply the work and nothing else.

        A proximal step of the group lasso (Yuan & Lin 2006, "Model selection and estimation in regression with grouped
        variables"), the smaller the larger an effect is already (Candès, Wakin & Boyd 2008, "Enhancing sparsity by
        reweighted l1 minimization"): the lasso alone does not mind how words that always stand together share an
        effect; so one of them is made responsible, and what it does holds without the others.
        """
        for weight, blocks in (
            (self.effects.weight, self.sizes.blocks),
            (self.following.weight, (POWERS,) * (self.sizes.terms + 1)),
            (self.before.weight, (POWERS,) * (self.sizes.terms + 1)),
        ):
            for part in weight.split(blocks, dim=1):
                norm = part.norm(dim=1, keepdim=True).clamp_min(1e-9)
                part.mul_((1.0 - step * _FREE / (norm + _FREE) / norm).clamp_min(0.0))

    def weights(self) -> dict[str, Any]:
        """All weights as arrays, by the names that the serving head knows."""
        return {name: value.detach().cpu().numpy() for name, value in self.state_dict().items()}


def _senseless(b: Batch) -> Tensor:
    """Which choices a number does not have, (numbers, 1, POWERS).

    Only of a percentage is there a rest; and a number in company that nobody understands means nothing.
    """
    senseless = torch.zeros(len(b.left), 1, POWERS, dtype=torch.bool)
    senseless[:, 0, LEFT] = b.left == 0.0
    alone = (b.following == UNKNOWN) & (b.before == UNKNOWN) & (b.token < 0)
    senseless |= alone[:, None, None] & (torch.arange(POWERS) != NOTHING)
    return senseless


def _usual_powers(demands: int) -> Tensor:
    """Numbers multiply work and do not matter to single resources, until words say otherwise."""
    powers = torch.zeros(demands, POWERS)
    powers[:-1, 1], powers[-1, 2] = 2.0, 2.0
    return powers.flatten()


def _usual_supplies(terms: int) -> Tensor:
    """Each resource is supplied at the speed of one class of work: cores of each kind, and several parts of a GPU."""
    supplies = torch.zeros(terms, len(CLASSES))
    for term in range(terms):
        supplies[term, _GPU if of_gpu(term) else (term if term < _GPU else 0)] = 1.0
    return supplies


def _mlp(*widths: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for i, (a, b) in enumerate(itertools.pairwise(widths)):
        layers += [nn.SiLU()] if i else []
        layers.append(nn.Linear(a, b))
    return nn.Sequential(*layers)
