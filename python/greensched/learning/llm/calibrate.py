"""Quantiles by split-conformal prediction: how many spreads lie between prediction and truth, on data held back.

For a level q the factor is the q-quantile of (log true − log predicted) / spread over held-back pairs, with the
correction for a finite sample (Lei et al. 2018, "Distribution-free predictive inference for regression", section 2.2,
one-sided). It is taken for each group of jobs apart, because their errors differ: without and with GPUs, in familiar
words and not (``predictors.llm.predictor.group``).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from greensched.core.types import F64, I64

LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
"""Central intervals of 50, 80 and 95 %, and the median."""


GROUPS = 4
FEWEST = 200  # pairs that calibrate a group


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


def _quantile(score: F64, level: float) -> float:
    n = len(score)
    if n == 0:
        return 0.0
    # the rank rounds away from the median, so that coverage is at least what is promised
    rank = np.ceil(level * (n + 1)) if level >= 0.5 else np.floor(level * (n + 1))
    return float(np.sort(score)[int(np.clip(rank, 1, n)) - 1])
