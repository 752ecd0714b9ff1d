"""Training of the head: gradient descent on the logarithms of run time and energy.

The paper's loss is λ_E (E' − E)² + λ_s (s' − s)² + λ_a CE(p', p_oracle). Raw units let the largest jobs decide
everything, so the default is the same sum on logarithms, with a loss that stragglers cannot dominate (smooth L1).
``loss="raw"`` is the literal form, for comparison.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from greensched.core.types import I64
from greensched.learning.llm.batches import Batches, Less
from greensched.learning.llm.examples import Table, Texts
from greensched.learning.llm.network import READING, SECOND, WORDS, Batch, Network
from greensched.predictors.llm.inputs import JOB, LEAST_ALLOWED_S, USUAL_ALLOWED_S, USUAL_SLACK

Tell = Callable[[str], None]
_ALLOWED, _NO_DEADLINE = JOB.index("log_allowed_s"), JOB.index("no_deadline")
_MOVES = 1.5  # standard deviation, in log units, of deadlines that are moved
_ESTIMATE, _NO_ESTIMATE = JOB.index("log_expected_s"), JOB.index("no_estimate")


@dataclass(frozen=True)
class Settings:
    """How to train; ``PRESETS`` names some. From nothing, three stages follow each other; an update has only the last.

    Attributes:
        word_epochs: passes in which only words are learned and the base model is silent.
        read_epochs: passes in which words are forgotten at random and the base model, in their place, learns to read
            them.
        second_epochs: passes in which only the second opinion is learned.
        epochs: passes in which everything is learned.
        batch: jobs of a step.
        fewest_steps: more epochs than ``epochs`` where these would be fewer steps than this: small logs need them.
        word_rate, read_rate, second_rate, rate: highest learning rates of the effects of words (and of all in the first
            stage), of reading, of the second opinion, and of the rest; each rises for a tenth of the steps and then
            falls to nothing (one cycle).
        known_share: of ``word_rate`` for words that were known before the last stage: what is new is learned fast.
        weight_decay: of AdamW.
        energy_weight, time_weight: the paper's λ_E and λ_s.
        beta: where the loss turns from squared to absolute, in log units.
        loss: ``log``, or ``raw``: the literal squared error in kWh and s.
        forget_estimate: share of the jobs whose owner's estimate is hidden in a step: it is an easy and inexact answer,
            and who leans on it does not learn to read.
        forget_deadline, forget_owner: the same of deadlines, and of who asks.
        vary_deadline: share of the deadlines that are moved in a step, far up or down: how deadlines are set is another
            thing everywhere, and where none was seen nothing may be concluded.
        forget_words: share of the words that are forgotten in a step while reading is learned.
        forget_pairs: share of the texts whose pairs of words are forgotten in a step while words are learned.
        sparse: how strongly effects of words are drawn to nothing while words are learned, see ``Network.shrink``.
        datacenters: of a job that a step looks at while words are learned; 0: all.
        lora_rank: of the low-rank changes of the base model that are learned, see :mod:`lora`; 0: it stays as it is.
        lora_epochs: passes in which they are learned with reading, in place of ``read_epochs``.
        lora_all: they are learned in the last stage with everything, and not in a stage of their own.
        lora_rate: their highest learning rate.
        lora_four_bit: the weights that they change are held in 4 bits; needs CUDA and bitsandbytes.
        seed: of shuffling and initial weights.
        threads: of torch; None leaves it alone.
    """

    word_epochs: int = 12
    read_epochs: int = 2
    second_epochs: int = 4
    epochs: int = 0
    batch: int = 256
    fewest_steps: int = 0
    word_rate: float = 1e-2
    read_rate: float = 2e-3
    second_rate: float = 3e-3
    rate: float = 1e-3
    known_share: float = 1.0
    weight_decay: float = 0.0
    energy_weight: float = 1.0
    time_weight: float = 1.0
    beta: float = 0.05
    loss: Literal["log", "raw"] = "log"
    forget_estimate: float = 0.5
    forget_deadline: float = 0.1
    vary_deadline: float = 0.15
    forget_owner: float = 0.5
    forget_words: float = 0.2
    forget_pairs: float = 0.3
    sparse: float = 0.05
    datacenters: int = 3
    lora_rank: int = 0
    lora_epochs: int = 2
    lora_all: bool = False
    lora_rate: float = 5e-4
    lora_four_bit: bool = False
    seed: int = 0
    threads: int | None = None

    @property
    def frozen(self) -> Settings:
        """What is left to learn beside a base model as it is, where another stage will change it."""
        if not self.lora_rank:
            return self
        return replace(self, read_epochs=0, epochs=0 if self.lora_all else self.epochs)


_LAST: dict[str, Any] = {
    "word_epochs": 0, "read_epochs": 0, "second_epochs": 0, "epochs": 6, "batch": 64, "fewest_steps": 200,
}  # fmt: skip
PRESETS = {
    "default": Settings(),
    "paper": Settings(
        word_epochs=0,
        read_epochs=0,
        second_epochs=0,
        epochs=10,
        batch=16,
        word_rate=5e-5,
        rate=5e-5,
        forget_estimate=0.0,
        forget_deadline=0.0,
        vary_deadline=0.0,
        forget_owner=0.0,
        lora_rank=8,
        lora_all=True,
        lora_rate=5e-5,
    ),
    "renew": Settings(**_LAST, word_rate=1e-3),
    "update": Settings(**_LAST, word_rate=3e-3, known_share=0.03, rate=1e-4),
}


def standardise(network: Network, texts: Texts, seed: int) -> None:
    """Set centre and scale of what the base model says from quantiles, which huge values do not move."""
    for name, values in (("", texts.states), ("owner_", texts.owners)):
        if not len(values):
            continue
        rows = np.sort(np.random.default_rng(seed).choice(len(values), min(50_000, len(values)), False))
        low, middle, high = np.quantile(values[rows].astype(np.float32), [0.16, 0.5, 0.84], axis=0)
        getattr(network, f"{name}centre").copy_(torch.from_numpy(middle))
        getattr(network, f"{name}scale").copy_(torch.from_numpy(np.maximum((high - low) / 2.0, 1e-3)))


def begin_at_mean(network: Network, table: Table) -> None:
    """Start from the mean run time."""
    with torch.no_grad():
        mean = float(np.mean(np.log(table.run_s)))
        network.work.fill_(mean)
        network.second[-1].bias[0] = mean


def fit(
    network: Network,
    data: Sequence[Batches],
    how: Settings,
    tell: Tell,
    parts: Sequence[str] = (),
    less: Less | None = None,
    sparse: float = 0.0,
    known: int = 0,
) -> None:
    """Train in place, ``how.epochs`` times.

    Args:
        network: to train.
        data: what to learn; every batch is of one of them.
        how: settings.
        tell: called with a line after each epoch.
        parts: of the network that are trained; none: all.
        less: what each step leaves out.
        sparse: as in the settings.
        known: so many words were known before.
    """
    if how.threads is not None:
        torch.set_num_threads(how.threads)
    torch.manual_seed(how.seed)
    rng = np.random.default_rng(how.seed)
    own = [getattr(network, name).weight for name in WORDS]
    steps_each = sum(math.ceil(len(part.table) / how.batch) for part in data)
    epochs = max(how.epochs, math.ceil(how.fewest_steps / steps_each)) if how.epochs else 0
    steps = epochs * steps_each
    groups = _groups(network, data, how, parts)
    weights = [w for group in groups for w in group["params"]]
    optimiser = torch.optim.AdamW(groups, weight_decay=how.weight_decay, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _one_cycle(step, steps))
    began = time.perf_counter()
    network.train()
    for epoch in range(epochs):
        total, batches = 0.0, _shuffled(data, how.batch, rng)
        for part, jobs in batches:
            batch, log_run, log_energy = part.batch(jobs, less)
            batch = _forgetful(batch, network, how)
            loss = _second_loss(network.second_opinion(batch), log_run, log_energy)
            if parts != SECOND:
                loss = loss + _loss(network(batch), log_run, log_energy, how)
            network.zero_grad()
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            before = [w.detach()[:known].clone() for w in own] if how.known_share < 1.0 else []
            optimiser.step()
            with torch.no_grad():
                for w, old in zip(own, before, strict=False):
                    w[:known].lerp_(old, 1.0 - how.known_share)
            if sparse:
                network.shrink(sparse * schedule.get_last_lr()[0])
            schedule.step()
            total += loss.item()
        seconds = time.perf_counter() - began
        tell(f"epoch {epoch + 1}/{epochs}: loss {total / len(batches):.4f}, {seconds:.0f} s")
    network.eval()


def _groups(network: Network, data: Sequence[Batches], how: Settings, parts: Sequence[str]) -> list[dict[str, Any]]:
    """What is trained, each with its highest rate: parts of the network, and of what reads beside it."""
    named = {n: w for n, w in network.named_parameters() if not parts or n.split(".")[0] in parts}
    rates = [how.word_rate if n.split(".")[0] in WORDS else how.rate for n in named]
    own = [{"params": [w], "lr": rate} for w, rate in zip(named.values(), rates, strict=True)]
    return own + [{"params": [w], "lr": how.lora_rate} for part in data for w in part.weights]


def fit_words(network: Network, data: Sequence[Batches], how: Settings, tell: Tell) -> None:
    """The first stage: words alone."""
    less = Less(np.random.default_rng(how.seed), pairs=how.forget_pairs, datacenters=how.datacenters)
    how = replace(how, epochs=how.word_epochs, rate=how.word_rate)
    fit(network, data, how, lambda line: tell(f"words, {line}"), less=less, sparse=how.sparse)


def fit_reading(network: Network, data: Sequence[Batches], how: Settings, tell: Tell) -> None:
    """The second stage: words are forgotten, and the base model stands in for them."""
    less = Less(np.random.default_rng(how.seed), words=how.forget_words)
    how = replace(how, epochs=how.read_epochs, rate=how.read_rate)
    fit(network, data, how, lambda line: tell(f"reading, {line}"), READING, less)


def fit_second(network: Network, data: Sequence[Batches], how: Settings, tell: Tell) -> None:
    """The third stage: the second opinion alone."""
    less = Less(np.random.default_rng(how.seed), datacenters=how.datacenters)
    how = replace(how, epochs=how.second_epochs, rate=how.second_rate)
    fit(network, data, how, lambda line: tell(f"second opinion, {line}"), SECOND, less)


def _shuffled(data: Sequence[Batches], size: int, rng: np.random.Generator) -> list[tuple[Batches, I64]]:
    """All batches of an epoch, in any order."""
    found = []
    for part in data:
        order = rng.permutation(len(part.table))
        found += [(part, np.sort(order[begin : begin + size])) for begin in range(0, len(order), size)]
    return [found[i] for i in rng.permutation(len(found))]


def _one_cycle(step: int, steps: int) -> float:
    """Share of the highest rate: up from a 25th for a tenth of the steps, then down to nothing along a cosine."""
    warm = max(1, steps // 10)
    if step < warm:
        return 0.04 + 0.96 * step / warm
    return 0.5 * (1.0 + math.cos(math.pi * min(1.0, (step - warm) / max(1, steps - warm))))


def predictions(network: Network, data: Batches, batch: int = 512) -> tuple[NDArray[np.float32], ...]:
    """Logarithms of run time and energy of all pairs, and their spreads, each (pairs,).

    Then the same by the second opinion.
    """
    network.eval()
    parts = []
    with torch.inference_mode():
        for begin in range(0, len(data.table), batch):
            jobs = np.arange(begin, min(begin + batch, len(data.table)))
            inputs = data.batch(jobs)[0]
            parts.append((*network(inputs), *network.second_opinion(inputs)))
    return tuple(torch.cat(column).numpy() for column in zip(*parts, strict=True))


def _forgetful(batch: Batch, network: Network, how: Settings) -> Batch:
    """The batch without what is forgotten in this step."""
    shares = (how.forget_estimate, how.forget_owner, how.forget_deadline)
    estimate, owner, deadline = (torch.rand(len(batch.job)) < share for share in shares)
    batch.job[estimate, _ESTIMATE] = 0.0
    batch.job[estimate, _NO_ESTIMATE] = 1.0
    # as ``inputs.job_numbers`` tells jobs without one
    longer = (3.0 * batch.job[:, _ESTIMATE] + math.log(USUAL_SLACK)).clamp_min(math.log(LEAST_ALLOWED_S))
    usual = torch.where(batch.job[:, _NO_ESTIMATE] > 0, math.log(USUAL_ALLOWED_S), longer) / 3.0
    free = deadline | (batch.job[:, _NO_DEADLINE] > 0)
    moved = (torch.rand(len(batch.job)) < how.vary_deadline) * torch.randn(len(batch.job)) * _MOVES / 3.0
    batch.job[:, _ALLOWED] = torch.where(free, usual, batch.job[:, _ALLOWED] + moved)
    batch.job[free, _NO_DEADLINE] = 1.0
    return batch._replace(owner=torch.where(owner[:, None], network.owner_centre, batch.owner))


def _loss(told: tuple[Tensor, Tensor, Tensor, Tensor], log_run: Tensor, log_energy: Tensor, how: Settings) -> Tensor:
    run, energy, run_spread, energy_spread = told
    if how.loss == "raw":
        return how.time_weight * functional.mse_loss(run.exp(), log_run.exp()) + how.energy_weight * (
            functional.mse_loss(energy.exp(), log_energy.exp())
        )
    loss = how.time_weight * functional.smooth_l1_loss(run, log_run, beta=how.beta)
    loss = loss + how.energy_weight * functional.smooth_l1_loss(energy, log_energy, beta=how.beta)
    # how wrong it usually is, learned beside; it may not change what is predicted
    for scale, error in ((run_spread, run - log_run), (energy_spread, energy - log_energy)):
        loss = loss + 0.05 * (error.detach().abs() / scale + scale.log()).mean()
    return loss


def _second_loss(told: tuple[Tensor, Tensor, Tensor, Tensor], log_run: Tensor, log_energy: Tensor) -> Tensor:
    """How unlikely the truth is to the second opinion.

    Under Student's t with 4 degrees of freedom, because owners can be far off.
    """
    run, energy, run_spread, energy_spread = told
    loss = run.new_zeros(())
    for spread, error in ((run_spread, log_run - run), (energy_spread, log_energy - energy)):
        loss = loss + (spread.log() + 2.5 * torch.log1p((error / spread) ** 2 / 4.0)).mean()
    return loss
