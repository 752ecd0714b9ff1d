"""The contracts that plug-ins implement. Swapping one is one class and one entry point (docs/swap-a-predictor.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from greensched.core.types import Decisions, Observation, Options, Predictions, Reports, TaskTable, World


@dataclass(frozen=True)
class Needs:
    """What a policy wants to be told beyond the basics."""

    forecasts: bool = False
    progress: bool = False
    truth: bool = False


@runtime_checkable
class Predictor(Protocol):
    """Predicts energy and service time of tasks at options."""

    name: str
    version: str  # changes whenever the same question may get another answer

    def start(self, world: World) -> None:
        """Called once before the first prediction with the static part of the run."""

    def predict(self, observation: Observation, tasks: TaskTable, options: Options) -> Predictions:
        """Predict every (task, option) pair; arrays of shape (len(tasks), len(options)), see :class:`Predictions`.

        Must not change its arguments, must be deterministic, and must treat datacenters by their facts, not by their
        position.
        """


@runtime_checkable
class TrainablePredictor(Predictor, Protocol):
    """A predictor that learns from a feedback log."""

    def fit(self, log: Path, *, seed: int) -> Mapping[str, float]:
        """Train from scratch on the log; returns validation metrics (names carry units)."""

    def save(self, folder: Path) -> None:
        """Write the model (no pickle)."""

    def load(self, folder: Path) -> None:
        """Read what :meth:`save` wrote."""


@runtime_checkable
class Policy(Protocol):
    """Decides where, and when, tasks run."""

    name: str

    def start(self, world: World) -> Needs:
        """Called once with the static part of the run; says what the policy needs."""

    def decide(self, observation: Observation) -> Decisions:
        """Decide the tasks of the observation; deterministic, must not change its argument."""

    def learn(self, reports: Reports) -> None:
        """Told of every task that ended, once."""


@dataclass(frozen=True)
class PolicyContext:
    """What a policy factory gets: its block of the scenario and the predictor, if it names one."""

    options: Mapping[str, Any]
    predictor: Predictor | None
