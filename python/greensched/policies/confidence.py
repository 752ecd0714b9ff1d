"""Service times that hold with a chosen probability: quantiles of the predictor, mended by what came true.

Split-conformal (Romano, Patterson & Candes 2019, "Conformalized quantile regression", eq. 8, with the ratio as score,
since errors of run times grow with them): the quantile is multiplied by the factor that would have held for the share
asked for of the newest reports. Without quantiles the prediction itself is multiplied.
"""

from __future__ import annotations

from collections import deque
from statistics import NormalDist
from typing import Final

import numpy as np

from greensched.core.types import F64, Decisions, Predictions, Reports, TaskState

NEWEST: Final = 1_000
"""Reports that count: errors of long ago say little of a model that has learned since."""
FEWEST: Final = 20


class Confidence:
    """Factors on predicted service times.

    Args:
        level: the probability with which the service time should hold, in (0, 1).
    """

    def __init__(self, level: float) -> None:
        self.level = level
        self._expected_s: dict[int, float] = {}
        self._scores: deque[float] = deque(maxlen=NEWEST)

    @property
    def factor(self) -> float:
        """What quantiles are multiplied by; 1 until enough has been reported for this level."""
        n = len(self._scores)
        rank = int(np.ceil((n + 1) * self.level - 1e-9))
        if n < FEWEST or rank > n:
            return 1.0
        return float(np.exp(np.partition(np.array(self._scores), rank - 1)[rank - 1]))

    def stretch(self, predictions: Predictions) -> F64:
        """Service time at the level, over the predicted one, (tasks, options)."""
        return self.factor * self._told(predictions)

    def remember(self, decisions: Decisions, stretch: F64) -> None:
        """What was expected of placed tasks; ``stretch`` of each decision's datacenter, as from :meth:`stretch`."""
        expected_s = decisions.service_time_s * stretch / self.factor
        for task, seconds in zip(decisions.task.tolist(), expected_s.tolist(), strict=True):
            if seconds > 0:
                self._expected_s[task] = seconds

    def learn(self, reports: Reports) -> None:
        """Score what has ended: undisturbed runs only, since no predictor knows of failures."""
        whole = (reports.state == TaskState.FINISHED) & (reports.attempts == 1)
        took_s = reports.finish_s - reports.placed_s
        for task, fine, seconds in zip(reports.task.tolist(), whole.tolist(), took_s.tolist(), strict=True):
            expected_s = self._expected_s.pop(task, None)
            if expected_s is not None and fine and seconds > 0:
                self._scores.append(float(np.log(seconds / expected_s)))

    def _told(self, predictions: Predictions) -> F64:
        """What the predictor's quantiles say, at the level or between its neighbours; 1 where there are none."""
        service_s, levels = predictions.service_time_s, sorted(predictions.quantiles)
        if not levels:
            return np.ones_like(service_s)
        at = [NormalDist().inv_cdf(level) for level in levels]
        with np.errstate(invalid="ignore", divide="ignore"):
            logs = [np.log(predictions.quantiles[level][1] / service_s) for level in levels]
        wanted = float(np.clip(NormalDist().inv_cdf(self.level), at[0], at[-1]))
        high = int(np.clip(np.searchsorted(at, wanted), 1, len(at) - 1)) if len(at) > 1 else 0
        if high == 0:
            between = logs[0]
        else:
            share = (wanted - at[high - 1]) / (at[high] - at[high - 1])
            between = (1.0 - share) * logs[high - 1] + share * logs[high]
        return np.where(np.isfinite(between), np.exp(between), 1.0)
