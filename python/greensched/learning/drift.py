"""Detectors of drift on the error of predictions as reports come in (river, the extra ``learn``).

They watch abs(ln(predicted / true)) of energy and of service time. A detector that fires because the error has fallen
(after a promotion) is no reason to learn.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from greensched.core.errors import ConfigError, how_to_install
from greensched.core.types import F64

Detector = Literal["adwin", "page-hinkley"]
_MOST = 10.0  # times the mean: one straggler is no drift
_RECENT = 1 / 50  # weight of the newest error in the running mean that tells a rise from a fall


def make_detector(name: Detector) -> Any:
    """A detector of river.

    Raises:
        ConfigError: river is not installed.
    """
    try:
        from river import drift
    except ImportError as error:
        raise ConfigError(f"learning: update: drift: {name} needs river: {how_to_install('learn')}") from error
    detectors: Any = drift  # untyped
    if name == "adwin":
        return detectors.ADWIN(delta=0.002)
    return detectors.PageHinkley(min_instances=50, delta=0.1, threshold=30.0, mode="up")


class Alarm:
    """A drift that was told and that no promotion has answered yet.

    A detector tells of a rise once and then gets used to it. So an update that is refused, or fails, does not end the
    alarm: another is due, after twice as many reports each time.

    Args:
        fewest: reports from the drift to the first update.

    Attributes:
        since_s: when it was told, simulated seconds; None: all is quiet.
    """

    def __init__(self, fewest: int) -> None:
        self.since_s: float | None = None
        self._from, self._patience = 0, fewest

    def raise_at(self, t_s: float, reports: int) -> None:
        """A detector tells of a drift after so many reports since the last update; only the first one counts."""
        if self.since_s is None:
            self.since_s, self._from = t_s, reports

    def is_due(self, reports: int) -> bool:
        """Whether an update is, so many reports after the last one."""
        return self.since_s is not None and reports - self._from >= self._patience

    def tried(self) -> None:
        """An update has begun, for whatever reason."""
        self._from = 0
        if self.since_s is not None:
            self._patience *= 2


class DriftWatch:
    """Two detectors, of energy and service time.

    Attributes:
        fired: how often each of them has told of a rise.
    """

    def __init__(self, name: Detector) -> None:
        self.name = name
        self.fired = {"energy": 0, "service": 0}
        self.reset()

    def reset(self) -> None:
        """Begin anew, as after another model has begun to serve."""
        self._detectors = {what: make_detector(self.name) for what in self.fired}
        self._all = dict.fromkeys(self.fired, (0, 0.0))  # number and mean
        self._recent: dict[str, float] = {}

    def see(self, energy: F64, service: F64) -> list[str]:
        """Take the errors of reports in the order in which they came; returns what has drifted."""
        drifted = []
        for what, errors in (("energy", energy), ("service", service)):
            if any([self._one(what, float(error)) for error in errors[np.isfinite(errors)]]):
                self.fired[what] += 1
                drifted.append(what)
        return drifted

    def _one(self, what: str, error: float) -> bool:
        n, mean = self._all[what]
        self._all[what] = n + 1, mean + (error - mean) / (n + 1)
        recent = self._recent.get(what, error)
        self._recent[what] = recent + _RECENT * (error - recent)
        detector = self._detectors[what]
        # in units of the mean so far, so that the threshold means the same for good predictors and bad ones
        detector.update(min(error / max(self._all[what][1], 1e-9), _MOST))
        return bool(detector.drift_detected) and self._recent[what] > self._all[what][1]
