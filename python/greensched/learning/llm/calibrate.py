"""Quantiles by split-conformal prediction: how many spreads lie between prediction and truth, on data held back.

For a level q the factor is the q-quantile of (log true − log predicted) / spread over held-back pairs, with the
correction for a finite sample (Lei et al. 2018, "Distribution-free predictive inference for regression", section 2.2,
one-sided). It is taken for jobs with and without GPUs apart, whose errors differ.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from greensched.core.types import F64

LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
"""Central intervals of 50, 80 and 95 %, and the median."""


def factors(
    error: F64, spread: F64, on_gpu: NDArray[np.bool_], levels: tuple[float, ...] = LEVELS
) -> list[list[float]]:
    """Spreads above the prediction, per level for jobs without and with GPUs.

    Args:
        error: log true − log predicted of held-back pairs.
        spread: predicted beside.
        on_gpu: which class a pair belongs to.
        levels: in (0, 1).
    """
    score = error / spread
    return [[_quantile(score[on_gpu == gpu], level) for gpu in (False, True)] for level in levels]


def table(
    run: tuple[F64, F64], energy: tuple[F64, F64], on_gpu: NDArray[np.bool_]
) -> dict[str, dict[str, list[float]]]:
    """The ``quantiles`` of an artefact, from (error, spread) of run time and of energy."""
    found = {"run": factors(*run, on_gpu), "energy": factors(*energy, on_gpu)}
    return {str(level): {name: found[name][i] for name in found} for i, level in enumerate(LEVELS)}


def _quantile(score: F64, level: float) -> float:
    n = len(score)
    if n == 0:
        return 0.0
    # the rank rounds away from the median, so that coverage is at least what is promised
    rank = np.ceil(level * (n + 1)) if level >= 0.5 else np.floor(level * (n + 1))
    return float(np.sort(score)[int(np.clip(rank, 1, n)) - 1])
