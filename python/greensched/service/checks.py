"""What an answer must look like before it leaves the mind."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from greensched.core.contracts import Predictor, metadata_of, requires_of
from greensched.core.errors import PolicyError, PredictorError
from greensched.core.types import (
    F64,
    I64,
    Action,
    Decisions,
    DecisionStatus,
    Observation,
    Options,
    Predictions,
    TaskTable,
    World,
)
from greensched.predictors.envelope import ENVELOPE, LONGEST_S, Envelope

__all__ = ["ENVELOPE", "LONGEST_S", "CheckedPredictor", "check_decisions"]

_LAST_ACTION, _LAST_STATUS = max(Action), max(DecisionStatus)
_COLUMNS = ("action", "dc", "until_s", "scale", "status", "energy_kwh", "service_time_s", "reason", "propensity")


class CheckedPredictor:
    """A predictor whose every answer is checked against physics, and timed.

    Free text and models may move a prediction only inside the envelope: times finite and at least the wait, energy
    between 0 and ``ENVELOPE`` times what the reserved share of the hungriest host could make the facility draw.
    """

    def __init__(self, inner: Predictor) -> None:
        self.inner = inner
        self.name, self.version = inner.name, inner.version
        self.spent_s = 0.0

    @property
    def requires(self) -> frozenset[str]:
        """What the predictor inside needs beyond the basics."""
        return requires_of(self.inner)

    @property
    def metadata(self) -> dict[str, Any]:
        """What the predictor inside counted so far."""
        return metadata_of(self.inner)

    def start(self, world: World) -> None:
        """Start the predictor and compute the envelope."""
        self.inner.start(world)
        self._envelope = Envelope(world)

    def predict(self, observation: Observation, tasks: TaskTable, options: Options) -> Predictions:
        """Predict and check.

        Raises:
            PredictorError: wrong shapes, negative or infinite values, or outside the physical envelope.
        """
        began = time.perf_counter()
        predictions = self.inner.predict(observation, tasks, options)
        self.version = self.inner.version
        self.spent_s += time.perf_counter() - began
        shape = (len(tasks), len(options))
        for field in ("energy_kwh", "service_time_s", "wait_s"):
            got = getattr(predictions, field)
            if not isinstance(got, np.ndarray) or got.shape != shape:
                raise PredictorError(f"predictor '{self.name}': {field} has shape {np.shape(got)}, expected {shape}")
        most_kwh_per_s = self._envelope.most_kwh_per_s(observation.state, tasks)[:, options.dc]
        self._check(predictions, most_kwh_per_s, tasks, options)
        self._check_quantiles(predictions, shape)
        return predictions

    def _check_quantiles(self, predictions: Predictions, shape: tuple[int, int]) -> None:
        for level, told in predictions.quantiles.items():
            if not (isinstance(level, float) and 0.0 < level < 1.0):
                raise PredictorError(f"predictor '{self.name}': quantile level {level!r} is no float between 0 and 1")
            for values in told:
                if not isinstance(values, np.ndarray) or values.shape != shape:
                    got = np.shape(values)
                    raise PredictorError(f"predictor '{self.name}': quantile {level} has shape {got}, expected {shape}")
                if ((values < 0) | np.isinf(values)).any():
                    raise PredictorError(f"predictor '{self.name}': quantile {level} is negative or infinite somewhere")

    def _check(self, predictions: Predictions, most_kwh_per_s: F64, tasks: TaskTable, options: Options) -> None:
        energy_kwh, service_s, wait_s = predictions.energy_kwh, predictions.service_time_s, predictions.wait_s
        run_s = service_s - wait_s
        # comparisons with NaN are false, so impossible options are judged by the last line alone
        wrong = (energy_kwh < 0) | (wait_s < 0) | (run_s < 0) | (service_s > LONGEST_S)
        wrong |= energy_kwh > most_kwh_per_s * run_s
        wrong |= np.isnan(energy_kwh) != np.isnan(run_s)
        if wrong.any():
            i, j = np.argwhere(wrong)[0]
            raise PredictorError(
                f"predictor '{self.name}': task {tasks.task[i]} at datacenter {options.dc[j]}: energy_kwh = "
                f"{energy_kwh[i, j]:g}, service_time_s = {service_s[i, j]:g}, wait_s = {wait_s[i, j]:g} is outside the "
                f"physical envelope (0 <= wait_s <= service_time_s <= 10 years, 0 <= energy_kwh <= "
                f"{most_kwh_per_s[i, j] * max(run_s[i, j], 0.0):g}, all NaN or none); {int(wrong.sum())} such pairs"
            )


def check_decisions(decisions: Decisions, asked: I64, world: World, now_s: float, policy: str) -> None:
    """Refuse an answer that the world could not execute or log.

    Raises:
        PolicyError: the policy's name, the first row that is wrong, and what was expected.
    """
    d, n = decisions, len(decisions.task)
    for field in _COLUMNS:
        if len(getattr(d, field)) != n:
            raise PolicyError(f"policy '{policy}': {field} has {len(getattr(d, field))} rows, expected {n}")
    if n == 0:
        return
    if _usual(d, world.n_datacenters) and (n == 1 or np.array_equal(d.task, asked)):
        return  # nearly every answer; the rules below find out what is wrong with the others
    is_place, is_defer = d.action == Action.PLACE, d.action == Action.DEFER
    rules = (
        ((d.action < 0) | (d.action > _LAST_ACTION), "action is none of 0..6"),
        ((d.status < 0) | (d.status > _LAST_STATUS), "status is none of 0..6"),
        (is_place & ((d.dc < 0) | (d.dc >= world.n_datacenters)), f"dc is not in 0..{world.n_datacenters - 1}"),
        (is_defer & ~(np.isfinite(d.until_s) & (d.until_s > now_s)), f"until_s is not after now ({now_s:g} s)"),
        (~np.isfinite(d.scale) | (d.scale <= 0), "scale is not a positive number"),
        (np.isinf(d.energy_kwh) | np.isinf(d.service_time_s), "a prediction is infinite"),
        ((d.propensity <= 0) | (d.propensity > 1), "propensity is not in (0, 1]"),
    )
    for wrong, what in rules:
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise PolicyError(f"policy '{policy}': row {row}, task {d.task[row]}: {what}")
    if n > 1 and not np.array_equal(d.task, asked) and len(np.unique(d.task)) != n:
        raise PolicyError(f"policy '{policy}': a task is decided twice")


def _usual(d: Decisions, n_datacenters: int) -> bool:
    """All rows of a batch of placements are in order."""
    return bool(
        not d.action.any()
        and d.dc.min() >= 0
        and d.dc.max() < n_datacenters
        and d.status.min() >= 0
        and d.status.max() <= _LAST_STATUS
        and (d.scale == 1.0).all()
        and not np.isinf(d.energy_kwh).any()
        and not np.isinf(d.service_time_s).any()
        and not ((d.propensity <= 0) | (d.propensity > 1)).any()
    )
