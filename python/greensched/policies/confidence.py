"""Service times that hold with a chosen probability: quantiles of the predictor, mended by what came true.

Split-conformal (Romano, Patterson & Candes 2019, "Conformalized quantile regression", eq. 8, with the ratio as score,
since errors of run times grow with them): the quantile is multiplied by the factor that would have held for the share
asked for of the newest reports. Without quantiles the prediction itself is multiplied. A prediction counts as the
median where none is told.
"""

from __future__ import annotations

from collections import deque
from statistics import NormalDist
from typing import Final

import numpy as np

from greensched.core.types import F64, Decisions, Predictions, Reports, TaskState

_MEDIAN: Final = 0.5
NEWEST: Final = 1_000
"""Reports that count: errors of long ago say little of today's."""
FEWEST: Final = 20
OWN: Final = 100
"""So many reports of the model that serves now are enough to forget those of others."""


class Confidence:
    """Factors on predicted service times.

    Args:
        level: the probability with which the service time should hold, in (0, 1).
    """

    def __init__(self, level: float) -> None:
        self.level = level
        self._version = ""
        self._expected: dict[int, tuple[float, int, str]] = {}
        self._scores: deque[tuple[float, str]] = deque(maxlen=NEWEST)

    @property
    def factor(self) -> float:
        """What quantiles are multiplied by; 1 until something has been reported.

        Too few reports for a high level: the largest of them, which is as sure as they allow.
        """
        own = [score for score, version in self._scores if version == self._version]
        scores = own if len(own) >= OWN else [score for score, _ in self._scores]
        n = len(scores)
        if n < FEWEST:
            return 1.0
        rank = min(int(np.ceil((n + 1) * self.level - 1e-9)), n)
        return float(np.exp(np.partition(np.array(scores), rank - 1)[rank - 1]))

    def sure_s(self, predictions: Predictions, version: str = "") -> F64:
        """Service times that hold at the level, (tasks, options); ``version`` is of the model that predicted."""
        self._version = version
        sure: F64 = self.factor * self._told_s(predictions)
        return sure

    def remember(self, decisions: Decisions, sure_s: F64) -> None:
        """What was expected of placed tasks: of each decision's datacenter, as from :meth:`sure_s`."""
        expected_s = sure_s / self.factor
        for task, dc, seconds in zip(decisions.task.tolist(), decisions.dc.tolist(), expected_s.tolist(), strict=True):
            if dc >= 0 and seconds > 0:
                self._expected[task] = seconds, dc, self._version

    def learn(self, reports: Reports) -> None:
        """Score what has ended where it was expected: undisturbed runs only, since no predictor knows of failures."""
        whole = (reports.state == TaskState.FINISHED) & (reports.attempts == 1)
        took_s = reports.finish_s - reports.placed_s
        rows = zip(reports.task.tolist(), reports.dc.tolist(), whole.tolist(), took_s.tolist(), strict=True)
        for task, dc, fine, seconds in rows:
            expected_s, where, version = self._expected.pop(task, (0.0, -1, ""))
            if fine and dc == where and seconds > 0:
                self._scores.append((float(np.log(seconds / expected_s)), version))

    def _told_s(self, predictions: Predictions) -> F64:
        """What the predictor's quantiles say, at the level or between its neighbours; the prediction without them."""
        service_s = predictions.service_time_s
        told = {level: s for level, (_, s) in predictions.quantiles.items() if level >= _MEDIAN}
        if not told:
            return service_s
        told.setdefault(_MEDIAN, service_s)
        levels = sorted(told)
        at = [NormalDist().inv_cdf(level) for level in levels]
        with np.errstate(invalid="ignore", divide="ignore"):
            logs = [np.log(told[level]) for level in levels]
        wanted = float(np.clip(NormalDist().inv_cdf(self.level), at[0], at[-1]))
        high = int(np.clip(np.searchsorted(at, wanted), 1, len(at) - 1))
        share = (wanted - at[high - 1]) / (at[high] - at[high - 1])
        between = np.exp((1.0 - share) * logs[high - 1] + share * logs[high])
        return np.where(np.isnan(between), service_s, between)
