"""A feedback log with known truth, and a model trained on it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from greensched.core.delta import Delta, no_reports, no_tasks
from greensched.core.types import I64, Decisions, Options, Reports, TaskState, TaskTable, World
from greensched.predictors.analytic import AnalyticPredictor
from greensched.service.mind import Mind
from greensched.testing.worlds import delta, observation, random_state, random_tasks, random_world
from tests.language.models import write_folder, write_gguf

WORDS = "+text-paper-declared-hardware-network-state-forecasts"  # the demand and the owner's words
ENERGY_FACTOR, RUN_FACTOR = 0.5, 1.5  # what is true, over what physics says


def write_log(path: Path, answers: int = 30, tasks_each: int = 20, seed: int = 5) -> World:
    """Run a mind for some slots in a world where tasks need 1.5 x the time and half the energy that physics says."""
    world = random_world(seed, 6)
    physics = AnalyticPredictor()
    physics.start(world)
    mind = Mind(path)
    mind.start(world, {"name": "lowest-carbon"})
    reports = no_reports()
    for seq in range(1, answers + 1):
        now_s = seq * world.slot_s
        new = random_tasks(seq, tasks_each, world, now_s, first=(seq - 1) * tasks_each)
        seen = delta(seq, world, new, state=random_state(seq, world), reports=reports)
        decisions = mind.decide(seen)
        reports = true_reports(seen, new, decisions, physics, world)
    mind.finish(delta(answers + 1, world, no_tasks(), reports=reports))
    return world


def true_reports(
    seen: Delta, new: TaskTable, decisions: Decisions, physics: AnalyticPredictor, world: World
) -> Reports:
    """What the world would report about the placed tasks."""
    rows = np.flatnonzero(decisions.dc >= 0)
    known = physics.predict(observation(world, new, seen.state, t_s=seen.t_s), new, Options.now_everywhere(6, seen.t_s))
    dc = decisions.dc[rows]
    energy_kwh, service_s, wait_s = (a[rows, dc] for a in (known.energy_kwh, known.service_time_s, known.wait_s))
    start_s = seen.t_s + wait_s
    run_s = RUN_FACTOR * (service_s - wait_s)
    zeros = np.zeros(len(rows))
    return Reports(
        task=new.task[rows], decision=_ids(seen.seq, rows), dc=dc,
        state=np.full(len(rows), TaskState.FINISHED, dtype=np.int32),
        placed_s=zeros + seen.t_s, queued_s=zeros + seen.t_s, start_s=start_s, finish_s=start_s + run_s,
        it_kwh=ENERGY_FACTOR * energy_kwh, dynamic_kwh=ENERGY_FACTOR * energy_kwh, idle_kwh=zeros, transfer_kwh=zeros,
        dynamic_g=zeros, idle_g=zeros, transfer_g=zeros, cost=zeros,
        attempts=np.ones(len(rows), dtype=np.int32),
    )  # fmt: skip


def _ids(seq: int, rows: I64) -> I64:
    return rows.astype(np.int64) + seq * 2**24


def long_llama(folder: Path) -> Path:
    """A tiny random Llama that reads long prompts, without torch."""
    base = write_folder(folder / "tiny", write_gguf(folder / "tiny.gguf"), folder / "tiny.tokenizer.json")
    config = json.loads((base / "config.json").read_text())
    (base / "config.json").write_text(json.dumps(config | {"max_position_embeddings": 8192}))
    return base


def trained_on_prompts(factory: pytest.TempPathFactory) -> Path:
    """The folder of a model of `llm-prompt` trained on :func:`write_log`, made once per session."""
    from greensched.learning.prompted.trainer import PromptTrainer

    folder = factory.getbasetemp() / "prompt-model"
    if not (folder / "model.json").exists():
        log = factory.mktemp("log") / "feedback.sqlite"
        write_log(log, answers=10)
        trainer = PromptTrainer(base=str(long_llama(factory.mktemp("base"))), level=WORDS, threads=1)
        trainer.fit(log, seed=0)
        trainer.save(folder)
    return folder


def trained_model(factory: pytest.TempPathFactory) -> Path:
    """The folder of a model trained on :func:`write_log`, made once per session."""
    from greensched.learning.trees.trainer import XGBoostTrainer

    folder = factory.getbasetemp() / "xgboost-model"
    if not (folder / "manifest.json").exists():
        log = factory.mktemp("log") / "feedback.sqlite"
        write_log(log)
        trainer = XGBoostTrainer(model="")
        trainer.fit(log, seed=0)
        trainer.save(folder)
    return folder
