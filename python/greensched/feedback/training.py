"""Training the XGBoost predictor on a feedback log: learn from the earlier placements, be judged on the later ones.

What is learned is the mean of true / analytic: a gamma loss with a logarithmic link, whose optimum is the mean whatever
the spread. The mean of log(true / analytic) would promise too little wherever the truth is noisy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from greensched.core.errors import FeedbackLogError
from greensched.core.types import F64, I32, Options, Predictions
from greensched.feedback.outcomes import outcomes
from greensched.predictors.analytic import AnalyticPredictor
from greensched.predictors.features import pairs
from greensched.predictors.xgboost import TARGETS, XGBoostPredictor, factors, import_xgboost

FEWEST_ROWS = 50
STOP_FRAC, VALIDATION_FRAC = 0.2, 0.2  # what says when to stop boosting has been seen, so it may not judge
PARAMETERS = {
    "objective": "reg:gamma", "tree_method": "hist", "max_depth": 6, "eta": 0.1, "subsample": 0.8,
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

    def ratio(self, target: str) -> F64:
        """What is learned: true / analytic."""
        true, prior = (self.true_kwh, self.prior_kwh) if target == "energy" else (self.true_run_s, self.prior_run_s)
        ratio: F64 = true / prior
        return ratio


def examples(log: Path) -> Examples:
    """The finished placements of a feedback log, as they looked when they were decided.

    Raises:
        FeedbackLogError: the log is unusable, or holds too few finished placements.
    """
    prior = AnalyticPredictor()
    parts: list[tuple[F64, ...]] = []
    for part in outcomes(log):
        seen = part.observation
        if not parts:
            prior.start(seen.world)
        everywhere = prior.predict(seen, seen.tasks, Options.now_everywhere(seen.world.n_datacenters, seen.t_s))
        chosen = _chosen(everywhere, part.row, part.dc)
        features = pairs(seen, seen.tasks, part.dc, chosen, prior.facts, part.row)
        run_s = (chosen.service_time_s - chosen.wait_s)[:, 0]
        parts.append((features, chosen.energy_kwh[:, 0], run_s, part.energy_kwh, part.run_s))
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
        """Train on the first 60 % of the placements of a log, stop by the next 20 %; errors are those on the rest.

        Returns:
            Numbers of rows, and errors of energy and run time relative to the truth: root mean square
            (``*_rmspe_frac``, which a few tiny tasks can dominate) and median, next to those of the analytic predictor.

        Raises:
            FeedbackLogError: the log is unusable, or holds too few finished placements.
        """
        data = examples(log)
        parts = learned, stopping, judged = split(len(data))
        metrics: dict[str, float] = {
            "training_rows": learned.stop, "stopping_rows": stopping.stop - stopping.start,
            "validation_rows": judged.stop - judged.start,
        }  # fmt: skip
        raw = {}
        for target in TARGETS:
            booster = fit_target(data, target, parts, seed)
            raw[target] = bytes(booster.save_raw("ubj"))
            true = data.ratio(target)[judged]
            for who, predicted in (
                (target, factors(booster, data.features[judged])),
                (f"{target}_analytic", np.ones_like(true)),
            ):
                error_frac = np.abs(predicted / true - 1.0)
                metrics[f"{who}_rmspe_frac"] = float(np.sqrt(np.mean(error_frac**2)))
                metrics[f"{who}_median_error_frac"] = float(np.median(error_frac))
        self.use(raw)
        return metrics


def _chosen(everywhere: Predictions, row: I32, dc: I32) -> Predictions:
    """One option per task, as arrays of shape (tasks, 1)."""
    energy_kwh, service_s, wait_s = everywhere.energy_kwh, everywhere.service_time_s, everywhere.wait_s
    return Predictions(energy_kwh[row, dc][:, None], service_s[row, dc][:, None], wait_s[row, dc][:, None])


def split(rows: int) -> tuple[slice, slice, slice]:
    """Rows in order of time: to learn from, to stop by, to be judged on."""
    judged, stop = int(rows * (1 - VALIDATION_FRAC)), int(rows * (1 - VALIDATION_FRAC - STOP_FRAC))
    return slice(0, stop), slice(stop, judged), slice(judged, rows)


def fit_target(data: Examples, target: str, parts: tuple[slice, slice, slice], seed: int) -> Any:
    """Boost on the first part until the second says to stop; the third is not looked at."""
    xgboost = import_xgboost()
    learned, stopping, _ = parts
    ratio = data.ratio(target)
    known = xgboost.DMatrix(data.features[learned], ratio[learned])
    later = xgboost.DMatrix(data.features[stopping], ratio[stopping])
    # starting at the mean, so that a constant factor is right before the first tree
    parameters = {**PARAMETERS, "seed": seed, "base_score": float(ratio[learned].mean())}
    booster = xgboost.train(
        parameters, known, ROUNDS, evals=[(later, "later")], early_stopping_rounds=PATIENCE, verbose_eval=False
    )
    return booster[: booster.best_iteration + 1]
