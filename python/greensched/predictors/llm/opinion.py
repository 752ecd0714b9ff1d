"""A second opinion: how long a job takes by its owner's estimate, its deadline and its size, without the text.

What a text says is nearly exact in words and combinations that the training has shown, and can be far off in others;
the second opinion is never exact and never far off. Both are joined as Bayes would. How far off the text may be is a
mixture of normal distributions around nothing, whose shares are learned from held-back jobs of each group (Stephens
2017, "False discovery rates: a new deal", Biostatistics 18(2), section 2: adaptive shrinkage); how far off the second
opinion may be, it says itself. So an answer that agrees with the owner is kept, and one that is far from what the owner
expects moves there, the further the less such texts were right before.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from greensched.core.types import F64, I64
from greensched.predictors.llm.head import Answer, most_log_energy
from greensched.predictors.llm.inputs import LONGEST_S

SCALES: Final = (0.0, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
"""Standard deviations of the mixture, in log units, beside the spread that the head itself tells."""
GROUPS: Final = 4
"""Groups of jobs that are calibrated apart, see :func:`group`."""
MOST_SPREAD: Final = 3.0
TOGETHER: Final = 0.9
"""Correlation of how far off the text is in run time and in energy."""
POWER_OFF: Final = 0.5
"""Least standard deviation of the power that the second opinion assumes, in log units: some hold cores and use one."""
_FURTHEST, _TINY = 1e3, 1e-3
_UNFAMILIAR = 2  # the first group of jobs with unfamiliar words


class Opinion(NamedTuple):
    """For each pair: logarithms of run time in s and of energy in kWh, and their standard deviations."""

    log_run: F64
    log_energy: F64
    run_spread: F64
    energy_spread: F64


def group(on_gpu: NDArray[np.bool_], unfamiliar: NDArray[np.bool_]) -> I64:
    """Groups of jobs that are calibrated apart: without and with GPUs, in familiar words and not."""
    return on_gpu.astype(np.int64) + _UNFAMILIAR * unfamiliar


def settled(told: Answer, second: Opinion, row: I64, possible: F64, doubt: F64) -> Answer:
    """What the text says and the second opinion, joined.

    All pairs of a job move by the same factor, so that the second opinion does not choose between datacenters.

    Args:
        told: by the text, (pairs,) each.
        second: the other one.
        row: job of each pair.
        possible: 1 for pairs that count in the means over a job's datacenters, else 0.
        doubt: shares of :data:`SCALES` for each job, (jobs, scales).

    Returns:
        The joint answer; its spreads are those of the posterior.
    """
    n = len(doubt)
    count = np.maximum(np.bincount(row, possible, n), 1.0)

    def mean(run: F64, energy: F64) -> F64:
        """Over the datacenters of each job, (jobs, 2)."""
        return np.stack([np.bincount(row, np.where(possible > 0, v, 0.0), n) / count for v in (run, energy)], axis=1)

    apart = mean(second.log_run - told.log_run, second.log_energy - told.log_energy)
    spread = np.maximum(mean(told.run_spread, told.energy_spread), _TINY)
    theirs = mean(second.run_spread, second.energy_spread)
    move, deviation = _posterior(np.clip(apart, -_FURTHEST, _FURTHEST), spread, theirs, doubt)
    ratio = deviation / spread
    return Answer(
        told.log_run + move[row, 0],
        told.log_energy + move[row, 1],
        told.run_spread * ratio[row, 0],
        told.energy_spread * ratio[row, 1],
    )


def within(told: Answer, core_w: F64, gpu_w: F64, pue: F64) -> Answer:
    """The answer within what can be: run times that somebody may wait for, no more power than what the task holds."""
    log_run = np.clip(told.log_run, 0.0, np.log(LONGEST_S))
    most = most_log_energy(log_run, core_w, gpu_w, pue)
    return told._replace(log_run=log_run, log_energy=np.minimum(told.log_energy + log_run - told.log_run, most))


def off_by(spread: F64) -> F64:
    """Covariance of how far off run time and energy are by the text, (jobs, scales, 2, 2), from its spreads (jobs, 2).

    Energy is run time times power, so who misjudges the work of a job is off in both.
    """
    together = np.array([[1.0, TOGETHER], [TOGETHER, 1.0]])
    own = np.clip(spread, _TINY, MOST_SPREAD)[:, :, None] ** 2 * np.eye(2)
    found: F64 = np.square(SCALES)[:, None, None] * together + own[:, None]
    return found


def log_density(apart: F64, precision: F64) -> F64:
    """Of a normal distribution around nothing, but for a constant; (jobs, 2) and inverse covariances of each scale."""
    square = np.einsum("ji,jkil,jl->jk", apart, precision, apart)
    found: F64 = 0.5 * (np.log(np.linalg.det(precision)) - square)
    return found


def _posterior(apart: F64, spread: F64, theirs: F64, doubt: F64) -> tuple[F64, F64]:
    """How far a text is off, seen from a second opinion that is so far apart from it: mean and deviation, (jobs, 2)."""
    prior = off_by(spread)
    run = np.maximum(theirs[:, 0], _TINY) ** 2
    energy = np.maximum(theirs[:, 1] ** 2, run + POWER_OFF**2)  # it misjudges the run time, and the power besides
    noise = np.stack([run, run, run, energy], axis=1).reshape(-1, 1, 2, 2)
    precision = np.linalg.inv(prior + noise)
    likely = np.log(doubt) + log_density(apart, precision)
    share = np.exp(likely - likely.max(1, keepdims=True))
    share /= share.sum(1, keepdims=True)
    pull = prior @ precision
    each = np.einsum("jkil,jl->jki", pull, apart)
    mean = np.einsum("jk,jki->ji", share, each)
    left = np.diagonal(prior - pull @ prior, axis1=2, axis2=3) + (each - mean[:, None]) ** 2
    return mean, np.sqrt(np.maximum(np.einsum("jk,jki->ji", share, left), 0.0))
