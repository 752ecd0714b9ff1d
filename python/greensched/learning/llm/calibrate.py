"""Quantiles by split-conformal prediction: how many spreads lie between prediction and truth, on data held back.

For a level q the factor is the q-quantile of (log true − log predicted) / spread over held-back pairs, with the
correction for a finite sample (Lei et al. 2018, "Distribution-free predictive inference for regression", section 2.2,
one-sided). It is taken for each group of jobs apart, because their errors differ: without and with GPUs, in familiar
words and not (``predictors.llm.opinion.group``).

Before that, on the same data: how far off the text usually is, the shares of ``opinion.SCALES``, by expectation and
maximisation (Dempster, Laird & Rubin 1977).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from greensched.core.types import F64, I64
from greensched.predictors.llm.opinion import GROUPS, SCALES, log_density, off_by

LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
"""Central intervals of 50, 80 and 95 %, and the median."""

FEWEST = 200  # pairs that calibrate a group
_PASSES = 300
_LEAST_SHARE = 0.001  # of each scale: what was never seen may happen


def factors(error: F64, spread: F64, group: I64, levels: tuple[float, ...] = LEVELS) -> list[list[float]]:
    """Spreads above the prediction, per level for each group; 0 of a group that has nothing.

    Args:
        error: log true − log predicted of held-back pairs.
        spread: predicted beside.
        group: which one a pair belongs to, in [0, GROUPS).
        levels: in (0, 1).
    """
    score = error / spread
    return [[_quantile(score[group == g], level) for g in range(GROUPS)] for level in levels]


def table(
    run: tuple[F64, F64],
    energy: tuple[F64, F64],
    group: I64,
    known: Mapping[str, Mapping[str, list[float]]] | None = None,
) -> dict[str, dict[str, list[float]]]:
    """The ``quantiles`` of an artefact.

    Args:
        run: error and spread of run time.
        energy: the same of energy.
        group: of each pair.
        known: quantiles of before, which groups with too few pairs keep. Without them such a group is taken for as
            sure as the familiar one with or without GPUs.
    """
    found = {"run": factors(*run, group), "energy": factors(*energy, group)}
    few = np.flatnonzero(np.bincount(group, minlength=GROUPS) < FEWEST)
    for name, rows in found.items():
        for row, level in zip(rows, LEVELS, strict=True):
            for g in few.tolist():
                row[g] = known[str(level)][name][g] if known else row[g % 2]
    return {str(level): {name: found[name][i] for name in found} for i, level in enumerate(LEVELS)}


def doubts(error: F64, spread: F64, group: I64, known: list[list[float]] | None = None) -> list[list[float]]:
    """How far off the text usually is: shares of the scales for each group, (GROUPS, scales).

    Args:
        error: mean of log true − log predicted of each held-back job, of run time and of energy, (jobs, 2).
        spread: the head's, of the same.
        group: of each job.
        known: shares of before, which groups with too few jobs keep; without them as in :func:`table`.
    """
    likely = log_density(error, np.linalg.inv(off_by(spread)).astype(np.float64))
    likely = np.exp(likely - likely.max(1, keepdims=True))
    found: list[list[float]] = []
    for g in range(GROUPS):
        mine = likely[group == g]
        share = np.full(len(SCALES), 1.0 / len(SCALES))
        for _ in range(_PASSES if len(mine) else 0):
            belongs = mine * share
            belongs /= belongs.sum(1, keepdims=True)
            share = belongs.mean(0) + _LEAST_SHARE
            share /= share.sum()
        if len(mine) < FEWEST:
            share = np.array(known[g] if known else (found[g % 2] if g > 1 else share))
        found.append([round(float(s), 6) for s in share])
    return found


def _quantile(score: F64, level: float) -> float:
    n = len(score)
    if n == 0:
        return 0.0
    # the rank rounds away from the median, so that coverage is at least what is promised
    rank = np.ceil(level * (n + 1)) if level >= 0.5 else np.floor(level * (n + 1))
    return float(np.sort(score)[int(np.clip(rank, 1, n)) - 1])
