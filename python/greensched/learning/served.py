"""The predictor that serves, behind an object that stays: swapped between two decisions, never within one."""

from __future__ import annotations

from greensched.core.contracts import Predictor, requires_of
from greensched.core.types import Observation, Options, Predictions, TaskTable, World


class Served:
    """Predicts as the model that serves now.

    Attributes:
        inner: that model.
        name: of what served first, and of what is trained if that is another.
        version: of that model.
    """

    def __init__(self, inner: Predictor, trains: str) -> None:
        self.inner = inner
        self.name = inner.name if trains in (inner.name, "") else f"{inner.name}, then {trains}"
        self.version = inner.version

    @property
    def requires(self) -> frozenset[str]:
        """What it needs beyond the basics."""
        return requires_of(self.inner)

    def start(self, world: World) -> None:
        """Start the model that serves."""
        self.inner.start(world)
        self.version = self.inner.version

    def predict(self, observation: Observation, tasks: TaskTable, options: Options) -> Predictions:
        """Ask the model that serves."""
        predictions = self.inner.predict(observation, tasks, options)
        self.version = self.inner.version
        return predictions

    def swap(self, predictor: Predictor) -> Predictor:
        """Let another model serve, which has been started; returns the one before."""
        before, self.inner = self.inner, predictor
        self.version = predictor.version
        return before
