"""Feedback logs and running minds in a made-up world whose truth is known: physics times a factor, with some luck."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from greensched.core.delta import Delta, no_reports, no_tasks
from greensched.core.types import F64, Decisions, Options, Reports, TaskState, TaskTable, World
from greensched.learning.update import Request
from greensched.predictors.analytic import AnalyticPredictor
from greensched.service.mind import Mind
from greensched.testing.worlds import delta, observation, random_state, random_tasks, random_world

SITES = 6
Spoil = Callable[[int, TaskTable, Reports], Reports]
"""Number of the answer, its placed tasks and their sound reports; returns what is reported."""


class Made:
    """A world of which every task needs 1.5 x the time and half the energy that physics says, give or take ``noise``.

    Args:
        seed: of world and tasks.
        block: the mind's policy block.
        spoil: changes reports before the mind hears them.
        energy: the true factor of energy at answer ``seq``, per task, given where it ran.
    """

    def __init__(
        self, path: Path, block: dict[str, Any], seed: int = 5, spoil: Spoil | None = None,
        energy: Callable[[int, Any], F64 | float] = lambda seq, dc: 0.5, noise: float = 0.05, **run: Any,
    ) -> None:  # fmt: skip
        self.world = dataclasses.replace(random_world(5, SITES), seed=seed, run_id=f"made-{seed}", **run)
        self.seed, self._spoil, self._energy, self._noise = seed, spoil, energy, noise
        self._physics = AnalyticPredictor()
        self._physics.start(self.world)
        self.mind = Mind(path)
        self.mind.start(self.world, block)
        self.seq, self._reports = 0, no_reports()
        self.decided: list[Decisions] = []
        self.models: list[str | None] = []

    def go(self, answers: int, tasks_each: int = 20) -> Made:
        for _ in range(answers):
            self.seq += 1
            now_s = self.seq * self.world.slot_s
            new = random_tasks(1000 * self.seed + self.seq, tasks_each, self.world, now_s, (self.seq - 1) * tasks_each)
            new.user = [f"user-{i % 10}" for i in range(tasks_each)]
            seen = delta(self.seq, self.world, new, state=random_state(self.seq, self.world), reports=self._reports)
            decisions = self.mind.decide(seen)
            self.decided.append(decisions)
            self.models.append(self.mind.names["model"])
            self._reports = self._true(seen, new, decisions)
            self.mind.catch_up(lambda: False)
        return self

    def finish(self) -> Made:
        self.mind.finish(delta(self.seq + 1, self.world, no_tasks(), reports=self._reports))
        return self

    def _true(self, seen: Delta, new: TaskTable, decisions: Decisions) -> Reports:
        rows = np.flatnonzero(decisions.dc >= 0)
        place = new.take(rows)
        options = Options.now_everywhere(SITES, seen.t_s)
        known = self._physics.predict(observation(self.world, new, seen.state, t_s=seen.t_s), new, options)
        dc = decisions.dc[rows]
        energy_kwh, service_s, wait_s = (a[rows, dc] for a in (known.energy_kwh, known.service_time_s, known.wait_s))
        luck = np.exp(np.random.default_rng([self.seed, self.seq]).normal(0, self._noise, (2, len(rows))))
        start_s, run_s = seen.t_s + wait_s, 1.5 * luck[0] * (service_s - wait_s)
        true_kwh = energy_kwh * luck[1] * self._energy(self.seq, dc)
        zeros = np.zeros(len(rows))
        sound = Reports(
            task=place.task, decision=rows.astype(np.int64) + self.seq * 2**24, dc=dc,
            state=np.full(len(rows), TaskState.FINISHED, dtype=np.int32), placed_s=zeros + seen.t_s,
            queued_s=zeros + seen.t_s, start_s=start_s, finish_s=start_s + run_s, it_kwh=true_kwh, dynamic_kwh=true_kwh,
            idle_kwh=zeros, transfer_kwh=zeros, dynamic_g=zeros, idle_g=zeros, transfer_g=zeros, cost=zeros,
            attempts=np.ones(len(rows), dtype=np.int32),
        )  # fmt: skip
        return sound if self._spoil is None else self._spoil(self.seq, place, sound)


def write_log(path: Path, answers: int = 30, **made: Any) -> World:
    """A finished log."""
    run = Made(path, {"name": "random"}, **made).go(answers).finish()
    return run.world


def request(log: Path, store: Path, **changed: Any) -> Request:
    values: dict[str, Any] = {
        "log": str(log), "store": str(store), "number": 1, "since_s": -1.0, "seed": 5, "champion": None,
        "policy_predictor": "analytic", "train": "xgboost", "folder": None, "settings": {"every_s": 1.0},
    }  # fmt: skip
    return Request(**(values | changed))
