"""The contracts that plug-ins implement. Swapping one is one class and one entry point (docs/swap-a-predictor.md).

Some attributes are optional, so that the shortest plug-in stays short; they are read only through the functions here:

* ``requires`` of a predictor: a set of what it needs beyond the basics. The only one so far is ``"truth"``, which the
  world tells in runs marked ``privileged``; other runs refuse such a predictor.
* ``default_predictor`` of a policy class: the name of the predictor that it gets where the scenario names none, or
  ``None`` for a policy that uses no predictor, for which naming one is an error. Without the attribute, the policy gets
  the predictor that the scenario names, if any.
* ``model_is_path`` of a predictor class: ``False`` where its option ``model`` is the name of a model somewhere else and
  not a path that starts at the scenario's folder; or a function of the given options that tells.
* ``metadata`` of a predictor: what it counted so far, for the run's metadata (plain values).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from greensched.core.errors import ConfigError
from greensched.core.types import Decisions, Observation, Options, Predictions, Reports, TaskTable, World


@dataclass(frozen=True)
class Needs:
    """What a policy wants to be told beyond the basics."""

    forecasts: bool = False
    progress: bool = False
    truth: bool = False


@runtime_checkable
class Predictor(Protocol):
    """Predicts energy and service time of tasks at options; may have ``requires``, see :func:`requires_of`."""

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
    """Decides where, and when, tasks run; its class may have ``default_predictor``, see :func:`predictor_for`.

    One that remembers what it decided may have ``revised(observation, decisions)``, which is called after ``decide``
    where exploration has replaced some of its decisions.
    """

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


TRUTH = "truth"


def requires_of(predictor: object) -> frozenset[str]:
    """What a predictor needs beyond the basics; nothing unless it says so.

    Raises:
        ConfigError: it asks for something that nobody can give.
    """
    wanted = getattr(predictor, "requires", ())
    asked = {wanted} if isinstance(wanted, str) else set(wanted)
    if unknown := asked - {TRUTH}:
        name = getattr(predictor, "name", type(predictor).__name__)
        raise ConfigError(f"predictor '{name}': requires {sorted(unknown)}; known: '{TRUTH}'")
    return frozenset(asked)


def model_is_path(predictor_class: object, given: Mapping[str, Any]) -> bool:
    """Whether the option ``model`` among ``given`` is a path; it is unless the predictor's class says no."""
    said = getattr(predictor_class, "model_is_path", True)
    return bool(said(given) if callable(said) else said)


def metadata_of(predictor: object) -> dict[str, Any]:
    """What a predictor counted so far; nothing where it counts nothing."""
    return dict(getattr(predictor, "metadata", {}))


def predictor_for(policy_class: object, wanted: Any) -> Any:
    """The ``policy.predictor`` block that a policy gets: ``wanted`` where the scenario names one, else its default.

    Raises:
        ConfigError: one is named for a policy that uses none.
    """
    default = getattr(policy_class, "default_predictor", wanted)
    if wanted is None:
        return default
    if default is None:
        name = getattr(policy_class, "name", policy_class)
        raise ConfigError(f"policy '{name}' uses no predictor; remove policy.predictor")
    return wanted
