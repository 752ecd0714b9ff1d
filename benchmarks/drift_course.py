"""What one predictor makes of one drift: before it, with the old model after it, and after the first update."""

from __future__ import annotations

import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import drift_replay
import drift_worlds
import numpy as np

from greensched.core import registry
from greensched.core.contracts import Predictor
from greensched.core.types import F64, I64
from greensched.feedback.log import FeedbackLog
from greensched.feedback.replay import read_world
from greensched.learning.evidence import Evidence, predict_again, read_evidence
from greensched.learning.poison import sift
from greensched.learning.trainers import open_version
from greensched.learning.versions import ModelStore

DAY_S = 86_400.0
WINDOWS = 12
TARGETS = ("energy", "service time")
_SPARE = 1.02  # the update before the drift is to be due before the drift
_LATE_KEPT_BACK = 0.15  # so that a third update is never due
_TRAIN_S = 600.0
Errors = dict[str, F64]
"""Relative errors (predicted / true - 1) by target, a value per report."""


@dataclass(frozen=True)
class Course:
    """Errors of the old model (static) and of what serves later, and what became of the two updates.

    Attributes:
        before: static model, on reports from before the drift that no update was told.
        before_updated: updated model, on the same.
        static, updated: on reports of tasks decided after the update has begun to serve.
        places: number of the datacenter, of the reports that ``static`` and ``updated`` are about.
        course: by target and model (``static``, ``continual``), the median error of each window of time.
        edges_day: bounds of the windows.
        drift_day, update_day: when it drifted, and when the update after that began to serve, or would have.
        updates: of the loop, the first two: what they were trained on and whether they were promoted.
    """

    before: Errors
    before_updated: Errors
    static: Errors
    updated: Errors
    places: I64
    course: dict[tuple[str, str], F64]
    edges_day: F64
    drift_day: float
    update_day: float
    updates: list[dict[str, Any]]


def course(case: str, block: dict[str, Any], train: str, jobs: int, count: int) -> Course:
    """Replay one world to one predictor.

    Args:
        case: kind of drift.
        block: predictor that serves first.
        train: predictor that is trained.
        jobs: of the world, half of them before the drift.
        count: reports until each update.
    """
    log = drift_worlds.world(case, jobs) / drift_replay.LOG
    drift_s = drift_worlds.days(case) * DAY_S / 2
    kept_back = _kept_back(log, drift_s, count)
    policy = {"predictor": block, "learning": {"train": train, "reports": count, "train_s": _TRAIN_S}}
    with tempfile.TemporaryDirectory(prefix="greensched-drift-") as temporary:
        folder = Path(temporary)
        told = drift_replay.replay(log, folder, policy, kept_back)
        updates = told["updates"][:2]
        if len(updates) < 2 or updates[0]["t_s"] > drift_s or updates[1]["version"] is None:
            raise SystemExit(f"{case}: expected an update before the drift and a model after it, found {updates}")
        evidence = sift(read_evidence(log), 1.0, 0).kept
        models = _models(ModelStore(folder / "models"), updates, block, log)
        static, updated = (_errors(s, evidence) for s in predict_again(log, evidence, models))
        served = _errors(drift_replay.said(folder, evidence.decision), evidence)
    return _course(evidence, kept_back, drift_s, (static, updated, served), updates, drift_worlds.days(case))


def _kept_back(log: Path, drift_s: float, count: int) -> I64:
    """Tasks whose reports the mind never gets: as many from before the drift as leave it just those for an update."""
    rng = np.random.default_rng(0)
    early, every = (drift_replay.told_before(log, until_s) for until_s in (drift_s, np.inf))
    late = every[len(early) :]
    late = late[rng.random(len(late)) < _LATE_KEPT_BACK]
    return np.concatenate([rng.permutation(early)[: max(0, len(early) - round(_SPARE * count))], late])


def _models(store: ModelStore, updates: list[dict[str, Any]], block: dict[str, Any], log: Path) -> list[Predictor]:
    """What served when the drift came, and what the update after it made; both started."""
    old: Predictor | None = registry.predictor_from_block(block)
    assert old is not None
    if updates[0]["status"] == "promoted":
        old = open_version(store.find(updates[0]["version"]))
    found = [old, open_version(store.find(updates[1]["version"]))]
    with closing(FeedbackLog.open(log)) as opened:
        for model in found:
            model.start(read_world(opened))
    return found


def _errors(said: tuple[F64, F64], evidence: Evidence) -> Errors:
    true = evidence.energy_kwh, evidence.service_s
    return {name: s / t - 1.0 for name, s, t in zip(TARGETS, said, true, strict=True)}


def _course(
    evidence: Evidence, kept_back: I64, drift_s: float, errors: tuple[Errors, Errors, Errors],
    updates: list[dict[str, Any]], days: int,
) -> Course:  # fmt: skip
    static, updated, served = errors
    update_s = updates[1]["t_s"] + _TRAIN_S
    early = np.isin(evidence.task, kept_back) & (evidence.landed_s <= drift_s)
    late = evidence.decided_s >= update_s
    edges_day = np.linspace(0.0, days, WINDOWS + 1)
    window = np.digitize(evidence.decided_s / DAY_S, edges_day[1:-1])
    learned = updates[0]["t_s"] + _TRAIN_S  # until then another model served, and it has nothing to do with the drift
    shown = (evidence.decided_s >= learned) | np.isin(evidence.task, kept_back)
    curves = {}
    for target in TARGETS:
        continual = np.where(evidence.decided_s >= drift_s, served[target], static[target])
        for name, error in (("static", static[target]), ("continual", continual)):
            parts = [np.abs(error[(window == w) & shown]) for w in range(WINDOWS)]
            curves[target, name] = np.array([np.median(p) if len(p) else np.nan for p in parts])

    def some(of: Errors, rows: np.ndarray) -> Errors:
        return {name: error[rows] for name, error in of.items()}

    return Course(
        some(static, early), some(updated, early), some(static, late), some(updated, late),
        evidence.dc[late].astype(np.int64), curves, edges_day, drift_s / DAY_S, update_s / DAY_S, updates,
    )  # fmt: skip
