"""`llm-prompt`: learns from a log what physics gets wrong, serves what it saved, and reads what is shared once."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from greensched.cli.train import train
from greensched.core.errors import ConfigError, DataError, PredictorError, UnknownNameError
from greensched.core.registry import make_predictor
from greensched.core.types import Options, Predictions
from greensched.learning.prompted.trainer import PromptTrainer
from greensched.learning.trainers import make_trainer
from greensched.predictors.analytic import AnalyticPredictor
from greensched.predictors.prompted.predictor import PromptPredictor
from greensched.predictors.prompted.reader import _shared
from greensched.testing.worlds import random_observation
from tests.mind.models import ENERGY_FACTOR, RUN_FACTOR, WORDS, long_llama, trained_on_prompts, write_log


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A world in which tasks need half the energy and 1.5 times the time that physics says."""
    path = tmp_path_factory.mktemp("log") / "feedback.sqlite"
    write_log(path, answers=8)
    return path


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(long_llama(tmp_path_factory.mktemp("base")))


def told(made: Any, seed: int = 3, jobs: int = 12) -> tuple[Predictions, Predictions]:
    """What it says of some jobs, and what physics does."""
    seen, physics = random_observation(seed, jobs, 6), AnalyticPredictor()
    here = Options.now_everywhere(6, seen.t_s)
    made.start(seen.world)
    physics.start(seen.world)
    return made.predict(seen, seen.tasks, here), physics.predict(seen, seen.tasks, here)


def test_it_learns_by_what_factor_physics_is_wrong(log: Path, base: str, tmp_path: Path) -> None:
    trainer = PromptTrainer(base=base, level=WORDS, threads=1)
    metrics = trainer.fit(log, seed=0)
    for target in ("energy", "run_time"):
        assert metrics[f"{target}_median_error_frac"] < 0.2 * metrics[f"{target}_analytic_median_error_frac"]
    trainer.save(tmp_path / "model")
    served = PromptPredictor(str(tmp_path / "model"), threads=1)
    assert served.version == trainer.version
    (mine, physics), (trained, _) = told(served), told(trainer)
    ratio = mine.energy_kwh / physics.energy_kwh
    assert np.nanmedian(ratio) == pytest.approx(ENERGY_FACTOR, rel=0.1)
    run = (mine.service_time_s - mine.wait_s) / (physics.service_time_s - physics.wait_s)
    assert np.nanmedian(run) == pytest.approx(RUN_FACTOR, rel=0.1)
    np.testing.assert_allclose(mine.energy_kwh, trained.energy_kwh, rtol=1e-4)  # single precision on disk
    assert served.model.metrics == metrics
    again = PromptTrainer(base=base, level=WORDS, threads=2)
    assert again.fit(log, seed=0) == metrics and again.version == trainer.version


@pytest.mark.parametrize("order", ["shared", "paper"])
def test_the_whole_prompt_is_read(log: Path, base: str, order: Any) -> None:
    """Words and signals alike are in it, whatever comes first; what is shared is read once."""
    trainer = PromptTrainer(base=base, order=order, threads=1, layers="1,3", jobs=60, level="+text-hardware")
    trainer.fit(log, seed=0)
    seen = random_observation(4, 8, 6)
    greener = dataclasses.replace(seen, state=dataclasses.replace(seen.state, carbon_gpkwh=seen.state.carbon_gpkwh / 2))
    worded = dataclasses.replace(seen, tasks=dataclasses.replace(seen.tasks, description=["train bert"] * 8))
    trainer.start(seen.world)
    here, answers = Options.now_everywhere(6, seen.t_s), []
    for case in (seen, greener, worded):
        before = trainer.metadata["tokens_read"]
        answers.append(trainer.predict(case, case.tasks, here).energy_kwh)
        read = trainer.metadata["tokens_read"] - before
    assert not np.allclose(answers[0], answers[2], rtol=1e-6, equal_nan=True)
    if order == "paper":  # the grid stands after the job, and is part of what is averaged
        assert not np.allclose(answers[0], answers[1], rtol=1e-6, equal_nan=True)
    whole = sum(map(len, trainer._prompts.parted(seen, seen.tasks)[1]))
    shared = len(trainer._prompts.parted(seen, seen.tasks)[0])
    assert read < (1.2 * (shared + whole) if order == "shared" else np.inf)


def test_a_model_that_cannot_be_used(log: Path, base: str, tmp_path: Path, tmp_path_factory: Any) -> None:
    folder = tmp_path / "model"
    with pytest.raises(ConfigError, match="train one: greensched train llm-prompt"):
        PromptPredictor(str(folder))
    good = trained_on_prompts(tmp_path_factory)
    folder.mkdir()
    for name in ("model.json", "head.safetensors"):
        (folder / name).write_bytes((good / name).read_bytes())
    made = make_predictor("llm-prompt", {"model": "model"}, tmp_path)
    assert isinstance(made, PromptPredictor)
    (folder / "head.safetensors").write_bytes(b"x")
    with pytest.raises(PredictorError, match="checksum differs"):
        PromptPredictor(str(folder))
    facts = json.loads((good / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps(facts | {"format": 0}))
    with pytest.raises(PredictorError, match="another version"):
        PromptPredictor(str(folder))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"order": "reverse"}, "expected shared or paper"),
        ({"layers": "three"}, "expected numbers"),
        ({"level": "all"}, "prompt level"),
        ({"precision": "fp16"}, "expected auto, int8 or fp32"),
        ({"threads": -1}, "expected 0 or more"),
    ],
)
def test_options_that_are_wrong(options: dict[str, Any], message: str) -> None:
    with pytest.raises((ConfigError, ValueError, UnknownNameError), match=message):
        PromptTrainer(**options)


def test_too_few_jobs(log: Path, base: str) -> None:
    with pytest.raises(DataError, match="at least 50 are needed"):
        PromptTrainer(base=base, level=WORDS, threads=1, jobs=20).fit(log, seed=0)


def test_it_is_trained_by_its_name(log: Path, base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(make_trainer({"name": "llm-prompt", "base": base, "level": WORDS}), PromptTrainer)
    monkeypatch.setattr("greensched.learning.prompted.trainer.NAME", base)
    monkeypatch.setattr(PromptTrainer.__init__, "__defaults__", ("", "auto", 1, base, "3", WORDS, "shared", 0))
    app = typer.Typer()
    app.command()(train)
    done = CliRunner().invoke(app, ["llm-prompt", "--log", str(log), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.exception
    said = done.output
    assert "energy: median error" in said and "better than analytic" in said
    assert "predictor: {name: llm-prompt, model: " in said
    assert PromptPredictor(str(tmp_path / "out")).model.reads.level == WORDS


def test_models_of_one_process_share_the_base_model(log: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = str(trained_on_prompts(tmp_path_factory))
    one, two = PromptPredictor(folder, threads=1), PromptPredictor(folder, threads=1)
    assert one._reader is two._reader
    assert _shared.cache_info().hits > 0
