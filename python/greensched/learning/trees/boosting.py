"""Boosting one target: linear start, trees on what it leaves, and the constant that makes the mean right.

Errors are squared in the logarithm, where a factor of two up and down weigh the same and no large job outweighs the
others. That finds the middle, which promises too little where the truth is noisy; ``aim`` says what the constant makes
right: the ``mean`` of true / predicted (predictions add up to the truth), or the least mean square of
predicted / true - 1 (``relative``), by which predictors are compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from greensched.core.types import F64
from greensched.learning.trees.examples import Examples
from greensched.learning.trees.linear import fit_start
from greensched.learning.trees.matrices import TextMatrix
from greensched.learning.trees.parts import Parts
from greensched.predictors.linear import FURTHEST, LinearStart
from greensched.predictors.vocabulary import Vocabulary
from greensched.predictors.xgboost import ESTIMATE, Correction, booster, import_xgboost

Aim = Literal["mean", "relative"]
BEYOND = 0.3  # a logarithm of true / analytic may leave the range of the training by this much
RARE_FRAC = 0.001  # on either side of that range, so that stragglers do not make it
ENOUGH = 200  # pairs of a kind for a range of its own


@dataclass(frozen=True)
class Settings:
    """How to learn; the defaults come from a few runs by hand, not from a search.

    Attributes:
        depth, eta, subsample, columns, fewest, l2: of the trees (columns: share per tree; fewest: weight of a leaf).
        rounds: at most so many trees.
        patience: stop after so many without a gain.
        linear: start from the linear model.
        words: at most so many words, slots and pairs each; 0: read nothing.
        fewest_texts: that must have a word for it to count.
        aim: what the constant makes right.
        refit: learn once more from everything, with the number of trees that was found.
        threads: of the training; the trees depend on it only in the last bits.
    """

    depth: int = 6
    eta: float = 0.1
    subsample: float = 0.8
    columns: float = 0.5
    fewest: float = 4.0
    l2: float = 1.0
    rounds: int = 1000
    patience: int = 100
    linear: bool = True
    words: int = 2000
    fewest_texts: int = 6
    aim: Aim = "mean"
    refit: bool = False
    threads: int = 1

    def parameters(self, seed: int) -> dict[str, Any]:
        """For XGBoost."""
        return {
            "objective": "reg:squarederror", "tree_method": "hist", "max_depth": self.depth, "eta": self.eta,
            "subsample": self.subsample, "colsample_bytree": self.columns, "min_child_weight": self.fewest,
            "lambda": self.l2, "nthread": self.threads, "seed": seed, "base_score": 0.0,
        }  # fmt: skip


@dataclass(frozen=True)
class Fitted:
    """A correction and what is known of it.

    Attributes:
        correction: to be served.
        judged: the one that the errors are of: it has not seen the part that judges.
        trees: their number.
        stopping_rmspe_frac: error on the part that says when to stop.
        strengths: of the linear start, for the kinds of task that have one.
    """

    correction: Correction
    judged: Correction
    trees: int
    stopping_rmspe_frac: float
    strengths: dict[str, float]


def fit_target(
    data: Examples, target: str, parts: Parts, vocabulary: Vocabulary, matrix: TextMatrix, settings: Settings, seed: int
) -> Fitted:
    """Learn from the first part until the second says to stop; the third is not looked at, unless ``refit``."""
    learned, stopping = data.take(parts.learned), data.take(parts.stopping)
    truth = stopping.log_ratio(target)
    start, trees, strengths = _boost(learned, stopping, target, vocabulary, matrix, settings, seed, None)
    said = _says(start, trees, stopping, matrix)
    offset = constant(said, truth, stopping.weight, settings.aim)
    error = rmspe(np.exp(said + offset - truth), stopping.weight)
    correction = judged = _correction(trees, start, offset, learned, target)
    if settings.refit:
        rounds = trees.num_boosted_rounds()
        start, trees, strengths = _boost(data, None, target, vocabulary, matrix, settings, seed, rounds)
        correction = _correction(trees, start, offset, data, target)
    return Fitted(correction, judged, trees.num_boosted_rounds(), error, strengths)


def _correction(trees: Any, start: LinearStart | None, offset: float, learned: Examples, target: str) -> Correction:
    least, most = _range(learned, target)
    return Correction(booster(bytes(trees.save_raw("ubj")), target), start, offset, least - BEYOND, most + BEYOND)


def _range(learned: Examples, target: str) -> tuple[F64, F64]:
    """Logarithms of true / analytic that were seen, by kind of task: see :class:`Correction`."""
    seen, told = learned.log_ratio(target), ~np.isnan(learned.numbers[:, ESTIMATE])
    least, most = np.empty((2, 2)), np.empty((2, 2))
    for gpu in (0, 1):
        for known in (0, 1):
            mine = seen[(learned.has_gpu == bool(gpu)) & (told == bool(known))]
            few = len(mine) < ENOUGH
            least[gpu, known], most[gpu, known] = np.quantile(seen if few else mine, [RARE_FRAC, 1.0 - RARE_FRAC])
    return least, most


def _boost(
    learned: Examples, later: Examples | None, target: str, vocabulary: Vocabulary, matrix: TextMatrix,
    settings: Settings, seed: int, rounds: int | None,
) -> tuple[Any, Any, dict[str, float]]:  # fmt: skip
    xgboost = import_xgboost()
    log_ratio = learned.log_ratio(target)
    start: LinearStart | None = None
    said, strengths = np.zeros(len(learned)), dict[str, float]()
    if settings.linear:
        start, said, strengths = fit_start(learned, matrix, log_ratio, _slots(vocabulary))
    known = xgboost.DMatrix(matrix.features(learned), log_ratio, weight=learned.weight, base_margin=said)
    if later is None:
        return start, xgboost.train(settings.parameters(seed), known, rounds), strengths
    base = np.zeros(len(later)) if start is None else _start(start, later, matrix)
    unseen = xgboost.DMatrix(matrix.features(later), later.log_ratio(target), weight=later.weight, base_margin=base)
    trees = xgboost.train(
        settings.parameters(seed), known, settings.rounds, evals=[(unseen, "later")],
        early_stopping_rounds=settings.patience, verbose_eval=False,
    )  # fmt: skip
    return start, trees[: trees.best_iteration + 1], strengths


def _says(start: Any, trees: Any, examples: Examples, matrix: TextMatrix) -> F64:
    """The logarithm of true / analytic before the constant."""
    base = np.zeros(len(examples)) if start is None else _start(start, examples, matrix)
    data = import_xgboost().DMatrix(matrix.features(examples), base_margin=base)
    said: F64 = trees.predict(data, output_margin=True).astype(np.float64)
    return said


def _start(start: LinearStart, examples: Examples, matrix: TextMatrix) -> F64:
    rows = matrix.linear(examples, start.center, start.spread, start.usual, FURTHEST)
    both = rows @ start.weights.T
    base: F64 = np.where(examples.has_gpu, both[:, 1], both[:, 0])
    return base


def _slots(vocabulary: Vocabulary) -> range:
    """Where numbers are. Pairs behind them are for the trees: with them a sum learns combinations by heart."""
    return range(len(vocabulary.words), len(vocabulary.words) + len(vocabulary.slots))


def constant(said: F64, truth: F64, weight: F64, aim: Aim) -> float:
    """What is to be added to the logarithms."""
    if aim == "mean":
        return float(np.log(np.average(np.exp(truth - said), weights=weight)))
    factor = np.exp(said - truth)
    return float(np.log(np.average(factor, weights=weight) / np.average(factor**2, weights=weight)))


def rmspe(factor: F64 | NDArray[Any], weight: F64 | None = None) -> float:
    """Root of the mean square of predicted / true - 1."""
    return float(np.sqrt(np.average((factor - 1.0) ** 2, weights=weight)))
