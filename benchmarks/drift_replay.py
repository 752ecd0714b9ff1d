"""The real mind with its real learning loop, told again what a world once told.

The policy ``random`` never looks at predictions, so what the world did would have been the same with any predictor: a
finished feedback log holds everything that a mind would have been told. It is told question by question to a
:class:`~greensched.service.mind.Mind`, which predicts, logs, watches, updates and swaps as in service. Some reports can
be kept from it, so that there are outcomes that no update has ever seen.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from greensched.core.contracts import Needs, PolicyContext
from greensched.core.delta import Delta
from greensched.core.errors import ConfigError
from greensched.core.types import F64, I64, Decisions, Observation, Options, Reports, World
from greensched.feedback.log import FeedbackLog
from greensched.feedback.replay import read_world
from greensched.service.mind import Mind

LOG = "feedback.sqlite"
_PLACED = "SELECT decision_id >> 24, task, action, dc, status FROM decision ORDER BY decision_id"
_SAID = "SELECT decision_id, energy_kwh, service_time_s FROM decision WHERE action = 0 ORDER BY decision_id"
_WHY = "as the log says"


class Replayed:
    """A policy that decides as a log says; its predictor is asked about every task, for the loop to score.

    Options: ``log``, the path of that log.
    """

    name = "replayed"
    default_predictor = "analytic"

    def __init__(self, context: PolicyContext) -> None:
        if context.predictor is None:
            raise ConfigError("policy 'replayed' needs a predictor")
        self.predictor = context.predictor
        with closing(FeedbackLog.open(Path(context.options["log"]))) as log:
            rows = np.array(log.query(_PLACED), dtype=np.int64).reshape(-1, 5)
        seqs, first = np.unique(rows[:, 0], return_index=True)
        self._rows = dict(zip(seqs.tolist(), np.split(rows[:, 1:], first[1:]), strict=True))

    def start(self, world: World) -> Needs:
        """Nothing beyond the basics."""
        return Needs()

    def decide(self, observation: Observation) -> Decisions:
        """What was decided then, with what is predicted now."""
        rows: I64 = self._rows.get(observation.seq, np.zeros((0, 4), dtype=np.int64))
        task, action, dc, status = rows.T
        n, options = len(task), Options.now_everywhere(observation.world.n_datacenters, observation.t_s)
        order = np.argsort(observation.tasks.task, kind="stable")
        tasks = observation.tasks.take(order[np.searchsorted(observation.tasks.task, task, sorter=order)])
        said = self.predictor.predict(observation, tasks, options)
        at = np.arange(n), np.maximum(dc, 0)
        energy_kwh, service_s = (np.where(dc < 0, np.nan, a[at]) for a in (said.energy_kwh, said.service_time_s))
        return Decisions(
            task, action.astype(np.int32), dc.astype(np.int32), np.zeros(n), np.ones(n), status.astype(np.int32),
            energy_kwh, service_s, [_WHY] * n,
        )  # fmt: skip

    def learn(self, reports: Reports) -> None:
        """Nothing to learn."""


def replay(log: Path, folder: Path, policy: Mapping[str, Any], kept_back: I64) -> dict[str, Any]:
    """Tell a mind all that a log holds; returns what the loop says of itself (``learning.json``).

    Args:
        log: of a finished run of the policy ``random``.
        folder: for the mind's own log, its versions and ``learning.json``.
        policy: ``predictor`` and ``learning`` of the policy block.
        kept_back: tasks whose reports the mind never gets.
    """
    mind = Mind(folder / LOG)
    block = {"name": "drift_replay:Replayed", "log": str(log), **policy}
    with closing(FeedbackLog.open(log)) as told:
        answered = {seq for (seq,) in told.query("SELECT seq FROM answer")}
        mind.start(read_world(told), block)
        last: Delta | None = None
        for delta in told.deltas():
            delta = _without(delta, kept_back)
            if delta.seq in answered:
                mind.decide(delta)
                mind.catch_up(lambda: False)
            else:
                last = delta
        mind.finish(last)
    found: dict[str, Any] = json.loads((folder / "learning.json").read_text(encoding="utf-8"))
    return found


def _without(delta: Delta, kept_back: I64) -> Delta:
    keep = ~np.isin(delta.reports.task, kept_back)
    if keep.all():
        return delta
    reports = Reports(**{name: column[keep] for name, column in vars(delta.reports).items()})
    return dataclasses.replace(delta, reports=reports, message=b"")


def told_before(log: Path, until_s: float) -> I64:
    """Tasks whose reports came by an instant, in the order in which they came."""
    parts: list[I64] = []
    with closing(FeedbackLog.open(log)) as told:
        for delta in told.deltas():
            if delta.t_s > until_s:
                break
            parts.append(delta.reports.task)
    return np.concatenate(parts)


def said(folder: Path, decision: I64) -> tuple[F64, F64]:
    """What the mind of a replay predicted when it placed tasks: energy in kWh and service time in s, per decision."""
    with closing(FeedbackLog.open(folder / LOG)) as log:
        rows = np.array(log.query(_SAID), dtype=np.float64)
    at = np.searchsorted(rows[:, 0], decision)
    return rows[at, 1], rows[at, 2]
