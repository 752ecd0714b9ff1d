"""A random search for settings, judged by what says when to stop; the budget is the number of trials."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from greensched.learning.trees.boosting import Settings, fit_target
from greensched.learning.trees.examples import Examples
from greensched.learning.trees.matrices import TextMatrix
from greensched.learning.trees.parts import Parts
from greensched.predictors.vocabulary import Vocabulary
from greensched.predictors.xgboost import TARGETS

SPACE = {
    "depth": (4, 5, 6, 7, 8, 10), "eta": (0.03, 0.05, 0.1), "subsample": (0.6, 0.8, 1.0),
    "columns": (0.1, 0.2, 0.3, 0.5),
    "fewest": (1.0, 4.0, 16.0, 64.0), "l2": (0.3, 1.0, 3.0, 10.0), "linear": (True, True, False),
}  # fmt: skip


@dataclass(frozen=True)
class Trial:
    """One setting, the trees that it took, and its error on the part that says when to stop."""

    target: str
    settings: Settings
    trees: int
    rmspe_frac: float


def search(
    data: Examples, parts: Parts, vocabulary: Vocabulary, matrix: TextMatrix, first: Settings, trials: int, seed: int
) -> tuple[dict[str, Settings], list[Trial]]:
    """The best settings per target; the first trial is ``first`` itself, ties go to the earlier one.

    Errors are compared under the aim ``relative``, the one by which predictors are compared.
    """
    rng = np.random.default_rng([seed, 17])
    candidates = [first, *(_draw(first, rng) for _ in range(trials - 1))]
    tried: list[Trial] = []
    for settings in candidates:
        compared = dataclasses.replace(settings, aim="relative", refit=False)
        for target in TARGETS:
            found = fit_target(data, target, parts, vocabulary, matrix, compared, seed)
            tried.append(Trial(target, settings, found.trees, found.stopping_rmspe_frac))
    best = {
        target: min((t for t in tried if t.target == target), key=lambda t: t.rmspe_frac).settings for target in TARGETS
    }
    return best, tried


def _draw(like: Settings, rng: np.random.Generator) -> Settings:
    drawn = {name: values[int(rng.integers(len(values)))] for name, values in SPACE.items()}
    return dataclasses.replace(like, **drawn)  # type: ignore[arg-type]
