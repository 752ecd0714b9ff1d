"""The mind: mirrors the world from deltas, asks the policy, logs, answers."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from greensched import __version__
from greensched.core.contracts import Needs, Policy, Predictor, metadata_of
from greensched.core.delta import Delta, StateChanges
from greensched.core.errors import ConfigError, GreenSchedError, PolicyError, PredictorError
from greensched.core.registry import policy_from_block
from greensched.core.task_store import TaskStore
from greensched.core.types import AdvisoryBook, Decisions, ForecastBook, Observation, Reports, TaskState, Truth, World
from greensched.feedback.behind import WriteBehind
from greensched.feedback.log import FeedbackLog
from greensched.feedback.worlds import world_to_json
from greensched.learning.loop import Loop, make_loop
from greensched.service import latency
from greensched.service.checks import CheckedPredictor, check_decisions
from greensched.service.latency import Latency

LATENCY_FILE = "mind-latency.json"
PREDICTOR_FILE = "mind-predictor.json"
_log = logging.getLogger("greensched.mind")


class Mind:
    """One run's judgement. Methods are called one at a time, in the order start, decide..., finish.

    Args:
        log: where the feedback log goes; None keeps none.
        predictor: an object to use instead of the one that the scenario names.

    Attributes:
        truth: set by the bridge during a decision of a privileged run, else None.
    """

    def __init__(self, log: Path | None = None, predictor: Predictor | None = None) -> None:
        self.truth: Truth | None = None
        self.latency = Latency()
        self._path = log
        self._given = predictor
        self._log: FeedbackLog | None = None
        self._behind: WriteBehind | None = None
        self._policy: Policy | None = None
        self._predictor: CheckedPredictor | None = None
        self._answered: tuple[int, Decisions] | None = None
        self._loop: Loop | None = None

    @property
    def names(self) -> dict[str, str | None]:
        """Names of policy and predictor, and the version of the model that answers."""
        policy, predictor = self._policy, self._predictor
        return {
            "policy": None if policy is None else policy.name,
            "predictor": None if predictor is None else predictor.name,
            "model": None if predictor is None else predictor.version,
        }

    def start(self, world: World, policy_block: Mapping[str, Any]) -> Needs:
        """Build policy and predictor from the scenario's ``policy`` block and open the log; starting again is harmless.

        Raises:
            ConfigError: the block is wrong, or the predictor needs the truth in a run that is not privileged.
            FeedbackLogError: the log is there but cannot be continued.
        """
        self._world = world
        self._loop = make_loop(policy_block, self._path, given=self._given is not None)
        self._policy, predictor = policy_from_block(policy_block, wrap=self._wrap, predictor=self._given)
        self._predictor = predictor if isinstance(predictor, CheckedPredictor) else None
        if self._predictor is not None:
            if "truth" in self._predictor.requires and not world.privileged:
                raise ConfigError(
                    f"predictor '{self._predictor.name}' needs the truth; set `privileged: true` in the scenario"
                )
            self._predictor.start(world)
        if self._loop is not None:
            if self._predictor is None:
                raise ConfigError(
                    f"policy '{self._policy.name}' uses no predictor, so nothing can learn; remove learning"
                )
            self._loop.start(world)
        needs = self._policy.start(world)
        self._store, self._forecasts, self._progress = TaskStore(), ForecastBook(), dict[int, float]()
        self._advisories = AdvisoryBook()
        self._answered = None
        if self._path is not None and self._log is None:
            self._log = FeedbackLog.create(self._path, _meta(world, policy_block, self.names))
            self._behind = WriteBehind(self._log)
        truth = needs.truth or (self._predictor is not None and "truth" in self._predictor.requires)
        return Needs(needs.forecasts, needs.progress, truth)

    def decide(self, delta: Delta) -> Decisions:
        """Apply a delta and decide what it asks about; committed to the log before it is returned.

        The same delta again gets the same answer and changes nothing.

        Raises:
            PredictorError: predictions outside the physical envelope.
            PolicyError: an answer that the world could not execute.
        """
        if self._answered is not None and self._answered[0] == delta.seq:
            return self._answered[1]
        began = time.perf_counter()
        self._mirror(delta)
        if self._loop is not None:
            self._loop.before(delta.t_s, self._flush)
        observation = self._observe(delta)
        mirrored = time.perf_counter()
        decisions, predict_s = self._decide(observation)
        decided = time.perf_counter()
        self._record(delta, decisions)
        self._answered = (delta.seq, decisions)
        logged = time.perf_counter()
        self.latency.add(len(delta.ask), mirrored - began, predict_s, decided - mirrored, logged - decided)
        return decisions

    def finish(self, delta: Delta | None = None) -> None:
        """Apply the last delta, close the log safely, and write latencies and what the predictor counted beside it."""
        if delta is not None:
            self._mirror(delta)
            self._record(delta, None)
        if self._loop is not None:
            self._loop.finish()
            self._loop = None
        if self._log is not None and self._behind is not None:
            self._behind.close()
            self._log.finish()
            self._log = self._behind = None
            if self._path is not None:
                self._write(self._path.with_name(LATENCY_FILE), self.latency.summary())
                if counted := metadata_of(self._predictor):
                    self._write(self._path.with_name(PREDICTOR_FILE), counted)

    def _write(self, path: Path, figures: Mapping[str, Any]) -> None:
        """A full disk or a folder that has gone costs these figures, not the run or the word on how it ended."""
        try:
            latency.write(path, figures)
        except OSError as error:
            _log.warning("%s could not be written: %s", path, error)

    def catch_up(self, asked: Callable[[], bool]) -> None:
        """Write to the log what could wait, until ``asked`` says that the world asks again; to be called in between."""
        if self._behind is not None:
            self._behind.catch_up(asked)
        if self._loop is not None:
            self._loop.idle()

    def _flush(self) -> None:
        """Write everything that the log waits for, so that it can be learned from."""
        if self._behind is not None:
            self._behind.close()

    def _wrap(self, predictor: Predictor) -> CheckedPredictor:
        return CheckedPredictor(predictor if self._loop is None else self._loop.wrap(predictor))

    def _mirror(self, delta: Delta) -> None:
        self._store.add(delta.new_tasks)
        for issue in delta.issues:
            self._forecasts.add(issue)
        self._advisories.add(delta.advisories)
        if len(delta.progress):
            self._progress.update(zip(delta.progress.task.tolist(), delta.progress.done_frac.tolist(), strict=True))
        self._resume(delta.states)
        self._learn(delta.t_s, delta.reports)

    def _resume(self, states: StateChanges) -> None:
        """Tasks that are pending again begin with what their checkpoints kept, whatever they had reached."""
        if not self._progress and len(states.saved_frac) == 0:
            return
        saved_frac = states.saved_frac if len(states.saved_frac) else np.zeros(len(states))
        for row in np.flatnonzero(states.state == TaskState.PENDING).tolist():
            self._progress[int(states.task[row])] = float(saved_frac[row])

    def _learn(self, t_s: float, reports: Reports) -> None:
        """Forget tasks that ended, and tell the policy of each once: a resend repeats those since the last ack."""
        if len(reports) == 0 or self._policy is None:
            return
        fresh = self._store.forget(reports.task)
        if self._progress:
            for task in reports.task.tolist():
                self._progress.pop(task, None)
        if not fresh.any():
            return
        if not fresh.all():
            reports = Reports(**{name: column[fresh] for name, column in vars(reports).items()})
        self._policy.learn(reports)
        if self._loop is not None:
            self._loop.told(t_s, reports)

    def _observe(self, delta: Delta) -> Observation:
        # in slots mode what is asked is mostly what is new: no need to look it up
        new = delta.new_tasks
        asked = new if np.array_equal(delta.ask, new.task) else self._store.take(delta.ask)
        return Observation(
            delta.seq, delta.t_s, self._world, asked, delta.state, self._forecasts, self._progress, self.truth,
            self._advisories.issued,
        )  # fmt: skip

    def _decide(self, observation: Observation) -> tuple[Decisions, float]:
        """Ask the policy; where a learned model says what cannot be, ask again with the one that served before."""
        try:
            decisions, predict_s = self._ask_policy(observation)
        except PredictorError as error:
            if self._loop is None or not self._loop.retreat(observation.t_s, str(error)):
                raise
            return self._decide(observation)
        if self._loop is not None:
            decided = decisions.dc.copy()
            decisions = self._loop.answered(observation, decisions)
            revised = getattr(self._policy, "revised", None)
            if revised is not None and not np.array_equal(decided, decisions.dc):
                revised(observation, decisions)
            check_decisions(decisions, observation.tasks.task, self._world, observation.t_s, self.names["policy"] or "")
        return decisions, predict_s

    def _ask_policy(self, observation: Observation) -> tuple[Decisions, float]:
        if self._policy is None:
            raise PolicyError("decide before start")
        before_s = 0.0 if self._predictor is None else self._predictor.spent_s
        try:
            decisions = self._policy.decide(observation)
        except GreenSchedError:
            raise
        except Exception as error:
            raise PolicyError(f"policy '{self._policy.name}' failed: {type(error).__name__}: {error}") from error
        check_decisions(decisions, observation.tasks.task, self._world, observation.t_s, self._policy.name)
        return decisions, (0.0 if self._predictor is None else self._predictor.spent_s - before_s)

    def _record(self, delta: Delta, decisions: Decisions | None) -> None:
        if self._log is None or self._behind is None:
            return
        with self._log.transaction():
            if self._answered is not None and delta.ack < self._answered[0]:
                self._log.mark_lost(self._answered[0])
                if self._loop is not None:
                    self._loop.lost(self._answered[0])
            self._log.add_refusals(delta.refusals)
            if decisions is not None:
                self._log.add_answer(delta.seq, delta.t_s, len(delta.ask), self.names["model"])
                self._log.add_decisions(delta.seq, decisions)
        if decisions is not None:  # also if the next line fails: that answer is lost, and the log is to say so
            self._answered = (delta.seq, decisions)
        self._behind.note(delta)


def _meta(world: World, block: Mapping[str, Any], names: Mapping[str, str | None]) -> dict[str, Any]:
    return {
        "run_id": world.run_id,
        "scenario": world.scenario,
        "start_utc": world.start_utc,
        "seed": world.seed,
        "greensched": __version__,
        "policy_block": dict(block),
        **names,
        "world": world_to_json(world),
    }
