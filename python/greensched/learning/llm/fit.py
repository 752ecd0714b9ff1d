"""Training of the head: gradient descent on the logarithms of run time and energy.

The paper's loss is λ_E (E' − E)² + λ_s (s' − s)² + λ_a CE(p', p_oracle). Raw units let the largest jobs decide
everything, so the default is the same sum on logarithms, with a loss that stragglers cannot dominate (smooth L1).
``loss="raw"`` is the literal form, for comparison.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from greensched.learning.llm.examples import Table, Texts
from greensched.learning.llm.network import Batch, Network
from greensched.predictors.llm.inputs import JOB

_ESTIMATE, _NO_ESTIMATE = JOB.index("log_expected_s"), JOB.index("no_estimate")


@dataclass(frozen=True)
class Settings:
    """How to train; ``PRESETS`` names some.

    Attributes:
        epochs: passes over the jobs.
        batch: jobs of a step.
        rate: highest learning rate; it rises for a tenth of the steps and then falls to nothing (one cycle).
        weight_decay: of AdamW.
        energy_weight, time_weight: the paper's λ_E and λ_s.
        beta: where the loss turns from squared to absolute, in log units.
        loss: ``log``, or ``raw``: the literal squared error in kWh and s.
        forget_estimate: share of the jobs whose owner's estimate is hidden in a step: it is an easy and inexact answer,
            and who leans on it does not learn to read.
        seed: of shuffling and initial weights.
        threads: of torch; None leaves it alone.
    """

    epochs: int = 8
    batch: int = 64
    rate: float = 2e-3
    weight_decay: float = 0.01
    energy_weight: float = 1.0
    time_weight: float = 1.0
    beta: float = 0.05
    loss: Literal["log", "raw"] = "log"
    forget_estimate: float = 0.5
    seed: int = 0
    threads: int | None = None


PRESETS = {
    "default": Settings(),
    "paper": Settings(epochs=10, batch=16, rate=5e-5, forget_estimate=0.0),
    "update": Settings(epochs=3, rate=3e-4),
}


class Batches:
    """Makes batches of a table and of what was read in its texts."""

    def __init__(self, table: Table, texts: Texts) -> None:
        self.table, self.texts = table, texts
        self._pair = {name: torch.from_numpy(np.ascontiguousarray(c)) for name, c in table.pair.items()}
        self._log_run = torch.from_numpy(np.log(table.run_s)).float()
        self._log_energy = torch.from_numpy(np.log(table.energy_kwh)).float()

    def batch(self, jobs: NDArray[np.int64]) -> tuple[Batch, Tensor, Tensor]:
        """Inputs, and logarithms of run time and energy, of some jobs."""
        texts, table = self.texts, self.table
        which = texts.description[jobs]
        lengths = (texts.starts[which + 1] - texts.starts[which]).astype(np.int64)
        place = np.arange(lengths.max())
        real = place < lengths[:, None]
        rows = np.where(real, texts.starts[which][:, None] + place, 0)
        values = texts.values[rows] * real[..., None]
        counts = np.diff(table.first)[jobs]
        row = np.repeat(np.arange(len(jobs)), counts)
        begin = np.cumsum(counts) - counts
        pairs = torch.from_numpy(np.repeat(table.first[jobs] - begin, counts) + np.arange(counts.sum()))
        batch = Batch(
            states=torch.from_numpy(texts.states[rows]).float(),
            values=torch.from_numpy(values),
            real=torch.from_numpy(real),
            owner=torch.from_numpy(texts.owners[texts.owner[jobs]]).float(),
            job=torch.from_numpy(table.job[jobs]),
            row=torch.from_numpy(row),
            **{name: column[pairs] for name, column in self._pair.items()},
        )
        return batch, self._log_run[pairs], self._log_energy[pairs]


def standardise(network: Network, texts: Texts, seed: int) -> None:
    """Set centre and scale of the base model's states from quantiles, which huge values do not move."""
    rows = np.sort(np.random.default_rng(seed).choice(len(texts.states), min(50_000, len(texts.states)), False))
    low, middle, high = np.quantile(texts.states[rows].astype(np.float32), [0.16, 0.5, 0.84], axis=0)
    network.centre.copy_(torch.from_numpy(middle))
    network.scale.copy_(torch.from_numpy(np.maximum((high - low) / 2.0, 1e-3)))


def begin_at_mean(network: Network, table: Table) -> None:
    """Start from the mean run time."""
    with torch.no_grad():
        network.work[-1].bias.fill_(float(np.mean(np.log(table.run_s))))


def fit(
    network: Network,
    data: Batches,
    settings: Settings,
    tell: Callable[[int, float, float], None] | None = None,
) -> None:
    """Train in place.

    Args:
        network: to train.
        data: what to learn.
        settings: how.
        tell: called after each epoch with its number, mean loss, and seconds so far.
    """
    if settings.threads is not None:
        torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    n = len(data.table)
    steps = settings.epochs * math.ceil(n / settings.batch)
    optimiser = torch.optim.AdamW(network.parameters(), lr=settings.rate, weight_decay=settings.weight_decay)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _one_cycle(step, steps))
    began = time.perf_counter()
    network.train()
    for epoch in range(settings.epochs):
        order, total = rng.permutation(n), 0.0
        for begin in range(0, n, settings.batch):
            batch, log_run, log_energy = data.batch(np.sort(order[begin : begin + settings.batch]))
            _hide_estimates(batch, settings.forget_estimate)
            loss = _loss(network(batch), log_run, log_energy, settings)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            total += loss.item()
        if tell is not None:
            tell(epoch, total / math.ceil(n / settings.batch), time.perf_counter() - began)
    network.eval()


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


def _hide_estimates(batch: Batch, share: float) -> None:
    hidden = torch.rand(len(batch.job)) < share
    batch.job[hidden, _ESTIMATE] = 0.0
    batch.job[hidden, _NO_ESTIMATE] = 1.0


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
