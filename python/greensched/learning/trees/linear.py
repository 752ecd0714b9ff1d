"""Fitting the linear start: ridge regression whose strength, and whether it is used at all, are decided out of fold.

The trees then learn what the model itself leaves of the examples that it was fitted on. Giving them what it says out of
fold was worse: words that one fold alone has are unknown to its model, so the trees learned them too, and in service
they counted twice (measured: no tree was ever kept).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from greensched.core.types import F64
from greensched.learning.trees.examples import Examples
from greensched.learning.trees.matrices import TextMatrix
from greensched.predictors.linear import FURTHEST, LinearStart

FOLDS = 5
STRENGTHS = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
WORTH_FRAC = 0.4  # of the variance is explained out of fold, or the trees do better without: for a kind of task
FEWEST = 1000  # pairs of a kind; with fewer the weights stay 0, and trees alone are as good
ENOUGH_TEXTS = 50
ENOUGH_SOURCES = 4  # to leave whole worlds out


def fit_start(
    examples: Examples, matrix: TextMatrix, log_ratio: F64, slots: range
) -> tuple[LinearStart, F64, dict[str, float]]:
    """The start, what it says of each example, and the strengths of the kinds of task for which it is used.

    Args:
        examples: to learn from.
        matrix: of their texts.
        log_ratio: the target.
        slots: text columns that hold numbers; those before hold words, those behind are not used.
    """
    center, spread = _scale(examples.numbers)
    usual = matrix.usual(examples, slots)
    rows = matrix.linear(examples, center, spread, usual, FURTHEST)
    weights, said = np.zeros((2, rows.shape[1])), np.zeros(len(examples))
    folds, strengths = _folds(examples), {}
    for kind in (0, 1):
        mine = np.flatnonzero(examples.has_gpu == bool(kind))
        if len(mine) < FEWEST:
            continue
        fitted, explained_frac, strength = _fit(rows[mine], log_ratio[mine], examples.weight[mine], folds[mine])
        if explained_frac >= WORTH_FRAC:
            weights[kind], strengths[("cpu", "gpu")[kind]] = fitted, strength
            said[mine] = rows[mine] @ fitted
    return LinearStart(center, spread, usual, weights), said, strengths


def _fit(rows: Any, target: F64, weight: F64, fold: NDArray[Any]) -> tuple[F64, float, float]:
    """Weights, the share of the variance that they explain out of fold, and the strength that explains most."""
    grams, sums = [], []
    for f in range(FOLDS):
        part = rows[fold == f].astype(np.float64)
        weighted = part.multiply(weight[fold == f][:, None]).tocsr()
        grams.append((part.T @ weighted).toarray())
        sums.append(weighted.T @ target[fold == f])
    gram, total = np.sum(grams, axis=0), np.sum(sums, axis=0)
    best = (np.inf, STRENGTHS[-1])
    for strength in STRENGTHS:
        said = np.zeros(len(target))
        for f in range(FOLDS):
            held = fold == f
            if held.any():
                said[held] = rows[held] @ _solve(gram - grams[f], total - sums[f], strength)
        error = float(np.average((said - target) ** 2, weights=weight))
        best = min(best, (error, strength))
    variance = float(np.average((target - np.average(target, weights=weight)) ** 2, weights=weight))
    explained_frac = 1.0 - best[0] / variance if variance > 0 else 0.0
    return _solve(gram, total, best[1]), explained_frac, best[1]


def _solve(gram: F64, total: F64, strength: float) -> F64:
    penalty = np.full(len(total), strength)
    penalty[0] = 1e-6  # of the constant
    return np.asarray(np.linalg.solve(gram + np.diag(penalty), total), dtype=np.float64)


def _folds(examples: Examples) -> NDArray[Any]:
    """By source where there are enough, else by text (a recurring job is never on both sides), else by time."""
    sources = np.unique(examples.source)
    if len(sources) >= ENOUGH_SOURCES:
        return np.searchsorted(sources, examples.source) % FOLDS
    if len(np.unique(examples.text)) >= ENOUGH_TEXTS:
        return examples.text % FOLDS
    return np.arange(len(examples)) * FOLDS // len(examples)


def _scale(numbers: F64) -> tuple[F64, F64]:
    known = ~np.isnan(numbers)
    count = np.maximum(known.sum(axis=0), 1)
    center = np.where(known, numbers, 0.0).sum(axis=0) / count
    spread: F64 = np.sqrt(np.where(known, (numbers - center) ** 2, 0.0).sum(axis=0) / count)
    return center, np.where(spread > 1e-9, spread, 1.0)
