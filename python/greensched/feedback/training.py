"""Training the XGBoost predictor on a feedback log: learn from the earlier placements, be judged on the later ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from greensched.core.errors import FeedbackLogError
from greensched.core.types import F64, I32, Options, Predictions
from greensched.feedback.replay import lessons
from greensched.predictors.analytic import AnalyticPredictor
from greensched.predictors.features import pairs
from greensched.predictors.xgboost import TARGETS, XGBoostPredictor, import_xgboost

FEWEST_ROWS = 50
VALIDATION_FRAC = 0.2
PARAMETERS = {
    "objective": "reg:squarederror", "tree_method": "hist", "max_depth": 6, "eta": 0.1, "subsample": 0.8,
    "min_child_weight": 4, "nthread": 1,
}  # fmt: skip
ROUNDS, PATIENCE = 600, 30


@dataclass(frozen=True)
class Examples:
    """Rows in order of decision: features, the analytic prior and the truth of the chosen option."""

    features: F64
    prior_kwh: F64
    prior_run_s: F64
    true_kwh: F64
    true_run_s: F64

    def __len__(self) -> int:
        return len(self.true_kwh)

    def log_ratio(self, target: str) -> F64:
        """What is learned: log(true / analytic)."""
        true, prior = (self.true_kwh, self.prior_kwh) if target == "energy" else (self.true_run_s, self.prior_run_s)
        ratio: F64 = np.log(true / prior)
        return ratio


def examples(log: Path) -> Examples:
    """The finished placements of a feedback log, as they looked when they were decided.

    Raises:
        FeedbackLogError: the log is unusable, or holds too few finished placements.
    """
    prior = AnalyticPredictor()
    parts: list[tuple[F64, ...]] = []
    for lesson in lessons(log):
        seen = lesson.observation
        if not parts:
            prior.start(seen.world)
        everywhere = prior.predict(seen, seen.tasks, Options.now_everywhere(seen.world.n_datacenters, seen.t_s))
        row = np.arange(len(seen.tasks), dtype=np.int32)
        chosen = _chosen(everywhere, row, lesson.dc)
        features = pairs(seen, seen.tasks, lesson.dc, chosen, prior.facts, row)
        run_s = (chosen.service_time_s - chosen.wait_s)[:, 0]
        parts.append((features, chosen.energy_kwh[:, 0], run_s, lesson.dynamic_kwh, lesson.run_s))
    if not parts:
        raise FeedbackLogError(f"{log}: no finished placement to learn from")
    columns = [np.concatenate(c) for c in zip(*parts, strict=True)]
    usable = np.all([np.isfinite(c) & (c > 0) for c in columns[1:]], axis=0)
    found = Examples(*(c[usable] for c in columns))
    if len(found) < FEWEST_ROWS:
        raise FeedbackLogError(f"{log}: {len(found)} finished placements, at least {FEWEST_ROWS} are needed to learn")
    return found


class XGBoostTrainer(XGBoostPredictor):
    """The predictor with the side that learns; it lives here because predictors may not know the log."""

    def fit(self, log: Path, *, seed: int) -> Mapping[str, float]:
        """Train on the first 80 % of the placements of a log; errors are those on the rest.

        Returns:
            Numbers of rows, and errors of energy and run time relative to the truth: root mean square
            (``*_rmspe_frac``, which a few tiny tasks can dominate) and median, next to those of the analytic predictor.

        Raises:
            FeedbackLogError: the log is unusable, or holds too few finished placements.
        """
        data = examples(log)
        cut = int(len(data) * (1 - VALIDATION_FRAC))
        metrics: dict[str, float] = {"training_rows": cut, "validation_rows": len(data) - cut}
        raw = {}
        for target in TARGETS:
            ratio = data.log_ratio(target)
            booster = _boost(data.features, ratio, cut, seed)
            raw[target] = bytes(booster.save_raw("ubj"))
            predicted = booster.inplace_predict(data.features[cut:])
            for who, log_error in ((target, predicted - ratio[cut:]), (f"{target}_analytic", -ratio[cut:])):
                error_frac = np.abs(np.expm1(log_error))
                metrics[f"{who}_rmspe_frac"] = float(np.sqrt(np.mean(error_frac**2)))
                metrics[f"{who}_median_error_frac"] = float(np.median(error_frac))
        self.use(raw)
        return metrics


def _chosen(everywhere: Predictions, row: I32, dc: I32) -> Predictions:
    """One option per task, as arrays of shape (tasks, 1)."""
    energy_kwh, service_s, wait_s = everywhere.energy_kwh, everywhere.service_time_s, everywhere.wait_s
    return Predictions(energy_kwh[row, dc][:, None], service_s[row, dc][:, None], wait_s[row, dc][:, None])


def _boost(features: F64, log_ratio: F64, cut: int, seed: int) -> Any:
    """Boost on the rows before ``cut``; those after it say when to stop."""
    xgboost = import_xgboost()
    known = xgboost.DMatrix(features[:cut], log_ratio[:cut])
    later = xgboost.DMatrix(features[cut:], log_ratio[cut:])
    booster = xgboost.train(
        {**PARAMETERS, "seed": seed}, known, ROUNDS, evals=[(later, "later")], early_stopping_rounds=PATIENCE,
        verbose_eval=False,
    )  # fmt: skip
    return booster[: booster.best_iteration + 1]
