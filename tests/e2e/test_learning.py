"""The whole loop, for real: run, learn from the log that it left, run again, be nearer to what is reported."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.worlds import Site, Task, host, play, write_world

pytest.importorskip("xgboost")
from greensched.learning.trees.examples import Source, gather
from greensched.learning.trees.trainer import XGBoostTrainer

pytestmark = pytest.mark.java


def busy_world(folder: Path, seed: int, policy: dict[str, Any], **run: Any) -> Path:
    """Two sites and 400 tasks; big tasks use far less of their cores than small ones."""
    rng = np.random.default_rng(seed)
    sites = [
        Site("old", [host(6, cores=16, power_w=[100.0, 300.0, 400.0])], list(rng.uniform(50, 600, 12))),
        Site("new", [host(6, cores=16, power_w=[80.0, 150.0, 350.0])], list(rng.uniform(50, 600, 12))),
    ]
    tasks = []
    for arrival_s in np.sort(rng.uniform(0, 12 * 3600 - 1, 400)):
        cores = int(rng.choice([1, 2, 4, 8]))
        tasks.append(
            Task(
                round(float(arrival_s), 3),
                float(rng.lognormal(6.5, 0.8)),
                cores=cores,
                data_gb=float(rng.uniform(0, 2)),
                origin=int(rng.integers(0, 2)),
                cpu_util_frac=float(rng.uniform(0.8, 1.0)) if cores < 4 else float(rng.uniform(0.1, 0.3)),
                interference=0.3,
            )
        )
    noise = {"time_sigma_frac": 0.1, "power_sigma_frac": 0.1}
    return write_world(folder, sites, tasks, hours=12, policy=policy, noise=noise, seed=seed, **run)


def test_a_model_learned_from_one_run_beats_physics_in_the_next(tmp_path: Path) -> None:
    first = busy_world(tmp_path / "first", 1, {"name": "lowest-carbon"})
    assert play(first) == "completed"
    trainer = XGBoostTrainer(model="")
    metrics = trainer.fit(first / "feedback.sqlite", seed=0)
    assert metrics["training_rows"] + metrics["stopping_rows"] + metrics["validation_rows"] == 400
    trainer.save(tmp_path / "model")
    predictor = {"name": "xgboost", "model": "model"}
    policy = {"name": "greensched", "predictor": predictor, "plugin_folder": str(tmp_path)}
    second = busy_world(tmp_path / "second", 2, policy)
    assert play(second) == "completed"

    log = second / "feedback.sqlite"
    with sqlite3.connect(log) as db:
        rows = db.execute(
            "SELECT predicted_energy_kwh, dynamic_kwh FROM outcome WHERE action = 0 ORDER BY decision_id"
        ).fetchall()
        model = db.execute("SELECT DISTINCT model FROM answer WHERE model IS NOT NULL").fetchall()
    db.close()
    assert model == [(trainer.version,)]
    said_kwh, true_kwh = np.array(rows, dtype=float).T
    _, physics = gather([Source(log)])
    assert physics.true_kwh == pytest.approx(true_kwh)
    assert np.abs(said_kwh - true_kwh).sum() < 0.5 * np.abs(physics.prior_kwh - true_kwh).sum()
    assert said_kwh.sum() == pytest.approx(true_kwh.sum(), rel=0.05)
