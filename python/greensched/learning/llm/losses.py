"""Losses of the head: on logarithms, the paper's literal one, and of choices.

The paper's loss is λ_E (E' − E)² + λ_s (s' − s)² + λ_a CE(p', p_oracle). Raw units let the largest jobs decide
everything, so the default is the same sum on logarithms, with a loss that stragglers cannot dominate (smooth L1).
``loss="raw"`` is the literal form, for comparison.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from greensched.learning.llm.presets import Settings

_INTENSITY_SPREAD, _TEMPERATURE = 0.5, 0.1
"""Of the choices that are imitated: standard deviation of intensities, and temperature, both in log units."""


def text_loss(
    told: tuple[Tensor, Tensor, Tensor, Tensor], log_run: Tensor, log_energy: Tensor, row: Tensor, how: Settings
) -> Tensor:
    """What the text says against the truth; all (pairs,), ``row`` is the job of each."""
    loss = _loss(told, log_run, log_energy, how)
    return loss + how.action_weight * action_loss(told[1], log_energy, row) if how.action_weight else loss


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


def action_loss(energy: Tensor, log_energy: Tensor, row: Tensor) -> Tensor:
    """Cross-entropy of the choice of a datacenter, softmax of −log(energy × carbon intensity) / temperature.

    The oracle takes the least by the true energy. Intensities are drawn, the same for both, so that no choice is always
    right; their mean does not matter.

    Args:
        energy: predicted, log kWh, (pairs,).
        log_energy: true.
        row: job of each pair, in order; every job has one.
    """
    drawn = _INTENSITY_SPREAD * torch.randn(len(row))
    jobs = int(row[-1]) + 1
    scores, cost = -(energy + drawn) / _TEMPERATURE, log_energy + drawn
    most, least = (row.new_zeros(jobs, dtype=cost.dtype).scatter_reduce(0, row, values, how, include_self=False)
                   for values, how in ((scores.detach(), "amax"), (cost, "amin")))  # fmt: skip
    total = torch.zeros_like(most).index_add(0, row, (scores - most[row]).exp()).log() + most
    best = cost <= least[row]
    return (total[row[best]] - scores[best]).mean()


def second_loss(told: tuple[Tensor, Tensor, Tensor, Tensor], log_run: Tensor, log_energy: Tensor) -> Tensor:
    """How unlikely the truth is to the second opinion.

    Under Student's t with 4 degrees of freedom, because owners can be far off.
    """
    run, energy, run_spread, energy_spread = told
    loss = run.new_zeros(())
    for spread, error in ((run_spread, log_run - run), (energy_spread, log_energy - energy)):
        loss = loss + (spread.log() + 2.5 * torch.log1p((error / spread) ** 2 / 4.0)).mean()
    return loss
