"""The XGBoost predictor with the side that learns: from logs of the chosen datacenter, from reports of every one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from greensched.core.errors import FeedbackLogError
from greensched.learning.trees.boosting import Settings, fit_target, rmspe
from greensched.learning.trees.examples import Examples, Source, gather
from greensched.learning.trees.matrices import TextMatrix
from greensched.learning.trees.parts import Parts, split
from greensched.learning.trees.search import Trial, search
from greensched.predictors.features import Numbers
from greensched.predictors.vocabulary import Vocabulary
from greensched.predictors.words import read
from greensched.predictors.xgboost import TARGETS, Correction, Embed, Model, XGBoostPredictor

FEWEST_ROWS = 50


class XGBoostTrainer(XGBoostPredictor):
    """Trains what :class:`XGBoostPredictor` serves.

    Args:
        model: as of the predictor.
        embed: as of the predictor.
        everything: learn from all that it is given, in the end; for those who judge it by what they have not given.

    Attributes:
        trials: what the last search tried, in order.
    """

    def __init__(self, model: str = "", embed: Embed | None = None, everything: bool = False) -> None:
        super().__init__(model, embed)
        self._everything = everything
        self.trials: list[Trial] = []

    def fit(
        self,
        log: Path | Sequence[Path | Source],
        *,
        seed: int,
        settings: Settings | None = None,
        trials: int = 0,
        until_s: float = np.inf,
    ) -> Mapping[str, float]:
        """Train on the earlier part of what the sources tell, stop by the next, judge on the last (``parts``).

        Args:
            log: a feedback log, a run folder or a reports folder, or several of them.
            seed: of the trees, and of the search.
            settings: how to learn.
            trials: number of settings that a search tries before; 0: none.
            until_s: only what had ended by then.

        Returns:
            Numbers of rows, and errors of energy and run time relative to the truth: root mean square
            (``*_rmspe_frac``, which a few tiny tasks can dominate) and median, next to those of the analytic predictor.

        Raises:
            FeedbackLogError: a log is unusable, or there are too few finished placements.
            DataError: a reports folder is unusable.
        """
        sources = [_source(item, until_s) for item in ([log] if isinstance(log, Path) else log)]
        numbers, data = gather(sources, seed, self._embed)
        if len(data) < FEWEST_ROWS:
            raise FeedbackLogError(
                f"{sources[0].path}: {len(data)} finished placements, at least {FEWEST_ROWS} are needed to learn"
            )
        return self.fit_examples(
            numbers, data, seed=seed, settings=settings or Settings(refit=self._everything), trials=trials
        )

    def fit_examples(
        self, numbers: Numbers, data: Examples, *, seed: int, settings: Settings, trials: int = 0
    ) -> Mapping[str, float]:
        """The same, from examples that were gathered before."""
        parts = split(data, seed if self._everything else None)
        vocabulary = choose_vocabulary(data, parts, settings)
        matrix = TextMatrix.of(data, vocabulary)
        chosen = {target: settings for target in TARGETS}
        if trials:
            chosen, self.trials = search(data, parts, vocabulary, matrix, settings, trials, seed)
        fitted = {t: fit_target(data, t, parts, vocabulary, matrix, chosen[t], seed) for t in TARGETS}
        corrections = {target: found.correction for target, found in fitted.items()}
        metrics: dict[str, float] = {
            "training_rows": len(parts.learned), "stopping_rows": len(parts.stopping),
            "validation_rows": len(parts.judged),
        }  # fmt: skip
        for target in TARGETS:
            metrics[f"{target}_trees"] = fitted[target].trees
            metrics |= judge(target, fitted[target].judged, data.take(parts.judged), matrix)
        self.use(Model(numbers, vocabulary, corrections, data.embedded.shape[1]))
        return metrics


def choose_vocabulary(data: Examples, parts: Parts, settings: Settings) -> Vocabulary:
    """Words of the texts that are learned from."""
    if settings.words == 0:
        return Vocabulary()
    texts = np.unique(data.text if settings.refit else data.text[parts.learned])
    return Vocabulary.choose((read(*data.texts[i]) for i in texts), settings.fewest_texts, settings.words)


def judge(target: str, correction: Correction, judged: Examples, matrix: TextMatrix) -> dict[str, float]:
    """Errors of a correction, and of none."""
    truth = np.exp(judged.log_ratio(target))
    said = np.concatenate([_factors(correction, judged.take(rows), matrix) for rows in _chunks(len(judged))])
    errors = {}
    for who, predicted in ((target, said), (f"{target}_analytic", np.ones_like(truth))):
        errors[f"{who}_rmspe_frac"] = rmspe(predicted / truth)
        errors[f"{who}_median_error_frac"] = float(np.median(np.abs(predicted / truth - 1.0)))
    return errors


def _factors(
    correction: Correction, part: Examples, matrix: TextMatrix
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """As in service: dense rows."""
    rows = matrix.rows[part.text].tocoo()
    text = np.full((len(part), matrix.rows.shape[1]), np.nan, dtype=np.float32)
    text[rows.row, rows.col] = rows.data
    return correction.factors(part.numbers, text, part.has_gpu)


def _chunks(n: int, rows: int = 4096) -> list[np.ndarray[tuple[int], np.dtype[np.intp]]]:
    return [np.arange(first, min(first + rows, n)) for first in range(0, max(n, 1), rows)]


def _source(item: Path | Source, until_s: float) -> Source:
    return item if isinstance(item, Source) else Source(item, until_s=until_s)
