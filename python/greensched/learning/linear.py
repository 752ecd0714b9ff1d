"""Fitting the linear start: ridge regression whose strength is chosen, and whose predictions are made, out of fold.

The trees must see at training what they will see in service: what the linear model says of tasks (with many sources:
of worlds) that it was not fitted on.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from greensched.core.types import F64
from greensched.learning.examples import Examples
from greensched.learning.matrices import TextMatrix
from greensched.predictors.linear import FURTHEST, LinearStart

FOLDS = 5
STRENGTHS = (3.0, 10.0, 30.0, 100.0, 300.0)
FEWEST = 100  # pairs of a kind; with fewer the weights stay 0
ENOUGH_SOURCES = 4  # to leave whole worlds out


def fit_start(
    examples: Examples, matrix: TextMatrix, log_ratio: F64, text_columns: int
) -> tuple[LinearStart, F64, dict[str, float]]:
    """The start, what it says of each example out of fold, and the strengths that were chosen.

    Args:
        examples: to learn from.
        matrix: of their texts.
        log_ratio: the target.
        text_columns: so many of the first text columns are used.
    """
    center, spread = _scale(examples.numbers)
    rows = matrix.linear(examples, center, spread, text_columns, FURTHEST)
    weights, said = np.zeros((2, rows.shape[1])), np.zeros(len(examples))
    folds, strengths = _folds(examples), {}
    for kind in (0, 1):
        mine = np.flatnonzero(examples.has_gpu == bool(kind))
        if len(mine) < FEWEST:
            continue
        weights[kind], said[mine], strengths[("cpu", "gpu")[kind]] = _fit(
            rows[mine], log_ratio[mine], examples.weight[mine], folds[mine]
        )
    return LinearStart(center, spread, weights), said, strengths


def _fit(rows: Any, target: F64, weight: F64, fold: NDArray[Any]) -> tuple[F64, F64, float]:
    """Weights, predictions out of fold and the strength with the least error out of fold."""
    grams, sums = [], []
    for f in range(FOLDS):
        part = rows[fold == f].astype(np.float64)
        weighted = part.multiply(weight[fold == f][:, None]).tocsr()
        grams.append((part.T @ weighted).toarray())
        sums.append(weighted.T @ target[fold == f])
    gram, total = np.sum(grams, axis=0), np.sum(sums, axis=0)
    best: tuple[float, F64, float] | None = None
    for strength in STRENGTHS:
        said = np.zeros(len(target))
        for f in range(FOLDS):
            held = fold == f
            if held.any():
                said[held] = rows[held] @ _solve(gram - grams[f], total - sums[f], strength)
        error = float(np.average((said - target) ** 2, weights=weight))
        if best is None or error < best[0]:
            best = error, said, strength
    assert best is not None
    return _solve(gram, total, best[2]), best[1], best[2]


def _solve(gram: F64, total: F64, strength: float) -> F64:
    penalty = np.full(len(total), strength)
    penalty[0] = 1e-6  # of the constant
    return np.asarray(np.linalg.solve(gram + np.diag(penalty), total), dtype=np.float64)


def _folds(examples: Examples) -> NDArray[Any]:
    """By source where there are enough, else by text: a recurring job is never on both sides."""
    sources = np.unique(examples.source)
    if len(sources) >= ENOUGH_SOURCES:
        return np.searchsorted(sources, examples.source) % FOLDS
    return examples.text % FOLDS


def _scale(numbers: F64) -> tuple[F64, F64]:
    known = ~np.isnan(numbers)
    count = np.maximum(known.sum(axis=0), 1)
    center = np.where(known, numbers, 0.0).sum(axis=0) / count
    spread: F64 = np.sqrt(np.where(known, (numbers - center) ** 2, 0.0).sum(axis=0) / count)
    return center, np.where(spread > 1e-9, spread, 1.0)
