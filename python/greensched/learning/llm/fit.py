"""Training of the head: gradient descent, in stages (:mod:`presets`), on :mod:`losses`."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from greensched.core.types import I64
from greensched.learning.llm.batches import Batches, Less
from greensched.learning.llm.examples import Table, Texts
from greensched.learning.llm.losses import second_loss, text_loss
from greensched.learning.llm.network import READING, SECOND, WORDS, Batch, Network
from greensched.learning.llm.presets import Settings
from greensched.predictors.llm.inputs import JOB, LEAST_ALLOWED_S, USUAL_ALLOWED_S, USUAL_SLACK

Tell = Callable[[str], None]
_ALLOWED, _NO_DEADLINE = JOB.index("log_allowed_s"), JOB.index("no_deadline")
_MOVES = 1.5  # standard deviation, in log units, of deadlines that are moved
_ESTIMATE, _NO_ESTIMATE = JOB.index("log_expected_s"), JOB.index("no_estimate")


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
    epochs = _epochs(how, steps_each)
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
            loss = second_loss(network.second_opinion(batch), log_run, log_energy)
            if parts != SECOND:
                loss = loss + text_loss(network(batch), log_run, log_energy, batch.row, how)
            network.zero_grad()
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            before = [w.detach()[:known].clone() for w in own] if how.known_share < 1.0 else []
            optimiser.step()
            if sparse:
                network.shrink(sparse * schedule.get_last_lr()[0])
            with torch.no_grad():
                for w, old in zip(own, before, strict=False):
                    w[:known].lerp_(old, 1.0 - how.known_share)
            schedule.step()
            total += loss.item()
        seconds = time.perf_counter() - began
        tell(f"epoch {epoch + 1}/{epochs}: loss {total / len(batches):.4f}, {seconds:.0f} s")
    network.eval()


def _epochs(how: Settings, steps_each: int) -> int:
    """Passes over the data: as asked for, unless that were too few steps or too many."""
    if how.epochs == 0:
        return 0
    most = how.most_steps // steps_each if how.most_steps else how.epochs
    return max(1, min(how.epochs, most), math.ceil(how.fewest_steps / steps_each))


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
