"""Training of the head: gradient descent on the logarithms of run time and energy.

The paper's loss is λ_E (E' − E)² + λ_s (s' − s)² + λ_a CE(p', p_oracle). Raw units let the largest jobs decide
everything, so the default is the same sum on logarithms, with a loss that stragglers cannot dominate (smooth L1).
``loss="raw"`` is the literal form, for comparison.
"""

from __future__ import annotations

import math
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from greensched.core.types import I64
from greensched.learning.llm.batches import Batches, Forget
from greensched.learning.llm.examples import Table, Texts
from greensched.learning.llm.network import DOUBTING, READING, Batch, Network
from greensched.predictors.llm.inputs import JOB
from greensched.predictors.llm.lexicon import Vocabulary

Tell = Callable[[str], None]
Fold = NDArray[np.bool_] | None
_BELIEVING = 6  # passes over the little that was held back, for each of reading
_ESTIMATE, _NO_ESTIMATE = JOB.index("log_expected_s"), JOB.index("no_estimate")


@dataclass(frozen=True)
class Settings:
    """How to train; ``PRESETS`` names some. From nothing, three stages follow each other; an update has only the last.

    Attributes:
        word_epochs: passes in which only words are learned and the base model is silent.
        read_epochs: passes in which words are forgotten at random and the base model, in their place, learns to read
            them; then, with other words and held-back data, how far all this is to be believed.
        epochs: passes in which everything is learned.
        batch: jobs of a step.
        fewest_steps: more epochs than ``epochs`` where these would be fewer steps than this: small logs need them.
        word_rate, read_rate, rate: highest learning rates of these; each rises for a tenth of the steps and then falls
            to nothing (one cycle).
        weight_decay: of AdamW.
        energy_weight, time_weight: the paper's λ_E and λ_s.
        beta: where the loss turns from squared to absolute, in log units.
        loss: ``log``, or ``raw``: the literal squared error in kWh and s.
        forget_estimate: share of the jobs whose owner's estimate is hidden in a step: it is an easy and inexact answer,
            and who leans on it does not learn to read.
        forget_owner: the same of who asks.
        forget_words: share of the words that are forgotten in a step while reading is learned.
        seed: of shuffling and initial weights.
        threads: of torch; None leaves it alone.
    """

    word_epochs: int = 12
    read_epochs: int = 2
    epochs: int = 0
    batch: int = 256
    fewest_steps: int = 0
    word_rate: float = 1e-2
    read_rate: float = 2e-3
    rate: float = 1e-3
    weight_decay: float = 0.005
    energy_weight: float = 1.0
    time_weight: float = 1.0
    beta: float = 0.05
    loss: Literal["log", "raw"] = "log"
    forget_estimate: float = 0.5
    forget_owner: float = 0.5
    forget_words: float = 0.2
    seed: int = 0
    threads: int | None = None


PRESETS = {
    "default": Settings(),
    "paper": Settings(0, 0, 10, batch=16, rate=5e-5, forget_estimate=0.0, forget_owner=0.0),
    "update": Settings(0, 0, 6, batch=64, fewest_steps=200, rate=1e-3),
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
        network.work.fill_(float(np.mean(np.log(table.run_s))))


def fit(
    network: Network, data: Sequence[Batches], how: Settings, tell: Tell, parts: Sequence[str] = (), fold: Fold = None
) -> None:
    """Train in place, ``how.epochs`` times.

    Args:
        network: to train.
        data: what to learn; every batch is of one of them.
        how: settings.
        tell: called with a line after each epoch.
        parts: of the network that are trained; none: all.
        fold: which words may be forgotten, by number.
    """
    if how.threads is not None:
        torch.set_num_threads(how.threads)
    torch.manual_seed(how.seed)
    rng = np.random.default_rng(how.seed)
    forget = None if fold is None else Forget(fold, how.forget_words, rng)
    steps_each = sum(math.ceil(len(part.table) / how.batch) for part in data)
    epochs = max(how.epochs, math.ceil(how.fewest_steps / steps_each)) if how.epochs else 0
    steps = epochs * steps_each
    weights = [w for name, w in network.named_parameters() if not parts or name.split(".")[0] in parts]
    optimiser = torch.optim.AdamW(weights, lr=how.rate, weight_decay=how.weight_decay)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _one_cycle(step, steps))
    began = time.perf_counter()
    network.train()
    for epoch in range(epochs):
        total, batches = 0.0, _shuffled(data, how.batch, rng)
        for part, jobs in batches:
            batch, log_run, log_energy = part.batch(jobs, forget)
            loss = _loss(network(_forgetful(batch, network, how)), log_run, log_energy, how)
            network.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            optimiser.step()
            schedule.step()
            total += loss.item()
        seconds = time.perf_counter() - began
        tell(f"epoch {epoch + 1}/{epochs}: loss {total / len(batches):.4f}, {seconds:.0f} s")
    network.eval()


def fit_words(network: Network, data: Sequence[Batches], how: Settings, tell: Tell) -> None:
    """The first stage: words alone."""
    fit(network, data, replace(how, epochs=how.word_epochs, rate=how.word_rate), lambda line: tell(f"words, {line}"))


def fit_reading(network: Network, data: Sequence[Batches], vocabulary: Vocabulary, how: Settings, tell: Tell) -> None:
    """The second stage: the base model stands in for words."""
    how = replace(how, epochs=how.read_epochs, rate=how.read_rate)
    fit(network, data, how, lambda line: tell(f"reading, {line}"), READING, ~kept_back(vocabulary))


def fit_believing(network: Network, data: Sequence[Batches], vocabulary: Vocabulary, how: Settings, tell: Tell) -> None:
    """After it: how far all this is believed against the owner's estimate; on data and words that were held back."""
    epochs = _BELIEVING * how.read_epochs
    how = replace(how, epochs=epochs, rate=how.read_rate, forget_estimate=0.0, forget_words=how.forget_words / 4)
    fit(network, data, how, lambda line: tell(f"believing, {line}"), DOUBTING, kept_back(vocabulary))


def kept_back(vocabulary: Vocabulary) -> NDArray[np.bool_]:
    """Words whose reading is never learned, by number: a fifth of all, chosen by their letters."""
    return np.array([False, *(zlib.crc32(gram.encode()) % 5 == 0 for gram in vocabulary.grams)])


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
    """Logarithms of run time and energy of all pairs, and their spreads, each (pairs,)."""
    network.eval()
    parts = []
    with torch.inference_mode():
        for begin in range(0, len(data.table), batch):
            jobs = np.arange(begin, min(begin + batch, len(data.table)))
            parts.append(network(data.batch(jobs)[0]))
    return tuple(torch.cat(column).numpy() for column in zip(*parts, strict=True))


def _forgetful(batch: Batch, network: Network, how: Settings) -> Batch:
    """The batch without what is forgotten in this step."""
    estimate, owner = (torch.rand(len(batch.job)) < share for share in (how.forget_estimate, how.forget_owner))
    batch.job[estimate, _ESTIMATE] = 0.0
    batch.job[estimate, _NO_ESTIMATE] = 1.0
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
