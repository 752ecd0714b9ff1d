"""A mind that learns while it decides: when it swaps, what it forgets to break, and that it can be repeated."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from greensched.core.errors import ConfigError
from greensched.core.types import Observation, Options, Predictions, TaskTable, World
from greensched.learning.drift import DriftWatch
from greensched.learning.loop import make_loop
from greensched.learning.update import carry_out
from greensched.learning.versions import ModelStore
from greensched.predictors.analytic import AnalyticPredictor
from greensched.service.mind import Mind
from tests.learning.made import SITES, Made, request, write_log

pytest.importorskip("xgboost")


def block(**learning: Any) -> dict[str, Any]:
    return {"name": "greensched", "learning": {"train": "xgboost", "train_s": 900.0, **learning}}


def told(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "learning.json").read_text())
    return content


def test_an_update_serves_from_when_it_was_due_and_its_duration_and_errors_fall(tmp_path: Path) -> None:
    run = Made(tmp_path / "f.sqlite", block(every_s=6000.0)).go(40).finish()  # slots of 300 s
    learned = told(tmp_path)
    first = learned["updates"][0]
    assert (first["t_s"], first["serves_from_s"], first["status"], first["why"]) == (6000, 6900, "promoted", "schedule")
    served = [i + 1 for i, model in enumerate(run.models) if model != AnalyticPredictor.version]
    assert served[0] * 300 == 6900
    assert learned["swaps"][0] | {"version": 0, "model": 0} == {
        "t_s": 6900, "event": "promoted", "version": 0, "model": 0,
    }  # fmt: skip
    assert len(learned["measured"]) == len(learned["updates"])
    store = ModelStore(tmp_path / "models")
    assert store.serving() is not None
    assert first["judged"]["newest"]["challenger"]["loss"] < 0.2 * first["judged"]["newest"]["champion"]["loss"]
    assert learned["prequential"]["all"]["reports"] == sum(
        learned["prequential"][g]["reports"] for g in ("cpu", "gpu") if g in learned["prequential"]
    )


def test_two_runs_decide_alike(tmp_path: Path) -> None:
    answers = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        run = Made(tmp_path / name / "f.sqlite", block(reports=200, explore_frac=0.1)).go(30).finish()
        answers.append(run)
    for one, two in zip(answers[0].decided, answers[1].decided, strict=True):
        for column in ("dc", "energy_kwh", "service_time_s", "propensity"):
            assert np.array_equal(getattr(one, column), getattr(two, column), equal_nan=True)
    assert answers[0].models == answers[1].models
    assert len(set(answers[0].models)) > 1
    a, b = told(tmp_path / "a"), told(tmp_path / "b")
    assert a["explored"] == b["explored"] > 20
    for key in ("updates", "swaps", "prequential"):
        assert a[key] == b[key]


def test_drift_starts_an_update_that_undoes_the_damage(tmp_path: Path) -> None:
    """Energy doubles everywhere after answer 10: the first update after that makes good more than half of the damage.

    A version of before serves at the start. Errors are those of the loop's own update, on reports that it held back.
    """
    pytest.importorskip("river")
    Made(tmp_path / "f.sqlite", block(every_s=6000.0), seed=9).go(30).finish()
    (tmp_path / "two").mkdir()
    policy = block(drift="page-hinkley", store="models", fewest=800) | {"plugin_folder": str(tmp_path)}
    run = Made(tmp_path / "two" / "f.sqlite", policy, seed=10, energy=lambda seq, dc: 1.0 if seq > 10 else 0.5)
    run.go(90).finish()
    learned = told(tmp_path / "two")
    drift, update = learned["drift"][0], learned["updates"][0]
    assert 10 * 300 < drift["t_s"] < 20 * 300
    assert drift["what"] == ["energy"]
    assert (update["why"], update["status"]) == ("drift", "promoted"), update
    newest = update["judged"]["newest"]
    static, updated = (newest[who]["energy_loss"] for who in ("champion", "challenger"))
    assert static == pytest.approx(np.log(2), rel=0.2)  # some were placed before it drifted
    assert (static - updated) / (static - 0.05) > 0.5
    assert len(set(run.models)) == 2


def test_an_update_soon_after_a_drift_learns_of_it(tmp_path: Path) -> None:
    """A fifth of all since the last update is more than what has come since the drift: it may not all be held back."""
    pytest.importorskip("river")
    policy = block(drift="page-hinkley", fewest=150)
    run = Made(tmp_path / "f.sqlite", policy, seed=9, energy=lambda seq, dc: 1.0 if seq <= 60 else 3.0)
    run.go(80).finish()
    learned = told(tmp_path)
    assert 60 * 300 < learned["drift"][0]["t_s"]
    update = learned["updates"][0]
    assert update["why"] == "drift"
    assert update["held_back"] < 150 < 0.2 * update["reports"], "of those since the drift, not of all"
    about = ModelStore(tmp_path / "models").find(update["version"]).about
    assert about["data"]["to_s"] > learned["drift"][0]["t_s"], "the newest that it learned from"
    assert update["status"] == "promoted", update


def test_a_drift_that_a_refused_update_did_not_answer_is_tried_again_less_and_less_often(tmp_path: Path) -> None:
    """Detectors tell of a rise, once; what stays wrong afterwards they get used to."""
    pytest.importorskip("river")
    policy = block(drift="page-hinkley", fewest=100, train="tests.learning.test_loop:Stubborn")
    Made(tmp_path / "f.sqlite", policy, seed=9, energy=lambda seq, dc: 1.0 if seq <= 20 else 3.0).go(80).finish()
    updates = told(tmp_path)["updates"]
    assert [update["status"] for update in updates[:3]] == ["refused"] * 3
    assert {update["why"] for update in updates} == {"drift"}
    waits = np.diff([update["t_s"] for update in updates[:3]]) / 300 * 20  # tasks; a few are never placed
    assert 200 <= waits[0] <= 240
    assert 400 <= waits[1] <= 480


class Stubborn(AnalyticPredictor):
    """Learns nothing."""

    name = "stubborn"

    def fit(self, log: Path, *, seed: int) -> dict[str, float]:
        return {}

    def save(self, folder: Path) -> None:
        (folder / "nothing").write_text("")

    def load(self, folder: Path) -> None:
        pass


class Counting(AnalyticPredictor):
    """Learns how often it has learned."""

    name = "counting"

    def __init__(self, model: str = "") -> None:
        super().__init__()
        self.times = 0

    def fit(self, log: Path, *, seed: int) -> dict[str, float]:
        self.times = 1
        return {}

    def update(self, log: Path, *, seed: int) -> dict[str, float]:
        self.times += 1
        return {}

    def save(self, folder: Path) -> None:
        (folder / "times").write_text(str(self.times))

    def load(self, folder: Path) -> None:
        self.times = int((folder / "times").read_text())


def test_the_first_update_goes_on_from_the_model_that_the_scenario_names(tmp_path: Path) -> None:
    """Else what somebody has tuned for months would be lost at the first update of the first run."""
    write_log(tmp_path / "f.sqlite")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "times").write_text("41")
    name = "tests.learning.test_loop:Counting"
    mine = {"name": name, "model": "mine"}
    for number, (serves, train, times) in enumerate(
        [(mine, mine, 42), (mine, name, 42), ("analytic", mine, 42), ("analytic", name, 1)], start=1
    ):
        asked = request(
            tmp_path / "f.sqlite", tmp_path / "models", policy_predictor=serves, train=train, folder=str(tmp_path)
        )
        done = carry_out(asked)
        assert done["status"] == "refused", done
        version = ModelStore(tmp_path / "models").find(str(number))
        assert int((version.folder / "times").read_text()) == times


class Broken(AnalyticPredictor):
    """Learns to say what cannot be, or fails to learn."""

    name = "broken"
    version = "0"
    how = "absurd"

    def fit(self, log: Path, *, seed: int) -> dict[str, float]:
        if self.how == "raises":
            raise ZeroDivisionError("that went wrong")
        if self.how == "dies":
            import os

            os._exit(7)
        return {}

    def save(self, folder: Path) -> None:
        (folder / "nothing").write_text(self.how)

    def load(self, folder: Path) -> None:
        self.version = "learned"

    def predict(self, observation: Observation, tasks: TaskTable, options: Options) -> Predictions:
        got = super().predict(observation, tasks, options)
        return Predictions(
            got.energy_kwh * (0.5 if observation.t_s < 7200 else -1),
            got.wait_s + 1.5 * (got.service_time_s - got.wait_s),
            got.wait_s,
        )


@pytest.mark.parametrize("how", ["raises", "absurd"])
def test_an_update_that_fails_never_harms_the_run(tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Broken, "how", how)
    policy = block(every_s=6000.0, train="tests.learning.test_loop:Broken")
    run = Made(tmp_path / "f.sqlite", policy).go(35).finish()
    assert sum(len(d) for d in run.decided) == 35 * 20, "every task is decided"
    learned = told(tmp_path)
    assert run.models[-1] == AnalyticPredictor.version, "physics serves again, or still"
    if how == "raises":
        assert learned["updates"][0]["status"] == "failed"
        assert learned["updates"][0]["reason"] == "ZeroDivisionError: that went wrong"
        assert learned["swaps"] == []
        return
    assert [swap["event"] for swap in learned["swaps"]] == ["promoted", "rolled back"]
    assert "outside the physical envelope" in learned["swaps"][1]["reason"]
    store = ModelStore(tmp_path / "models")
    assert store.serving() is None
    assert [line["event"] for line in store.history()] == ["promoted", "rolled back"]


def test_after_a_rollback_the_errors_of_what_was_rolled_back_say_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("river")
    anew: list[DriftWatch] = []
    reset = DriftWatch.reset
    monkeypatch.setattr(DriftWatch, "reset", lambda watch: (anew.append(watch), reset(watch))[1])
    policy = block(every_s=6000.0, drift="page-hinkley", train="tests.learning.test_loop:Broken")
    Made(tmp_path / "f.sqlite", policy).go(30).finish()
    assert [swap["event"] for swap in told(tmp_path)["swaps"]] == ["promoted", "rolled back"]
    assert len(anew) == 3, "at the start, and whenever another model began to serve"


@pytest.mark.parametrize("how", ["learns", "dies"])
def test_in_the_background_no_decision_waits(tmp_path: Path, how: str) -> None:
    """The process takes seconds; meanwhile answers go out, and the model is swapped in between two of them."""
    train: Any = "xgboost"
    if how == "dies":
        (tmp_path / "mortal.py").write_text(
            "from tests.learning.test_loop import Broken\n\n\nclass Mortal(Broken):\n    name, how = 'mortal', 'dies'\n"
        )
        train = "mortal:Mortal"
    policy = block(every_s=6000.0, trains="background", train=train) | {"plugin_folder": str(tmp_path)}
    run = Made(tmp_path / "f.sqlite", policy)
    run.go(20)
    until = time.monotonic() + 100
    went = 0
    while told_status(tmp_path) in (None, "running", "better") and time.monotonic() < until and went < 600:
        began = time.perf_counter()
        run.go(1, tasks_each=2)
        assert time.perf_counter() - began < 5, "a decision waited"
        went += 1
        time.sleep(0.2)
    run.finish()
    learned = told(tmp_path)
    assert went > 1, "answers went out while it trained"
    if how == "dies":
        assert learned["updates"][0]["status"] == "failed"
        assert "ended with exit code 7" in learned["updates"][0]["reason"]
        assert set(run.models) == {AnalyticPredictor.version}
    else:
        assert learned["updates"][0]["status"] == "promoted", learned["updates"]
        assert len(set(run.models)) == 2
        assert learned["measured"][0]["wall_s"] > 0


def told_status(folder: Path) -> str | None:
    if not (folder / "learning.json").is_file():
        return None
    updates = told(folder)["updates"]
    return str(updates[0]["status"]) if updates else None


def test_a_store_s_model_serves_from_the_start(tmp_path: Path) -> None:
    Made(tmp_path / "f.sqlite", block(every_s=6000.0)).go(30).finish()
    (tmp_path / "two").mkdir()
    policy = block(every_s=60000.0, store="models") | {"plugin_folder": str(tmp_path)}
    run = Made(tmp_path / "two" / "f.sqlite", policy, seed=8).go(5).finish()
    assert run.models[0] not in (None, AnalyticPredictor.version)
    assert told(tmp_path / "two")["prequential"]["all"]["energy_rmspe_frac"] < 0.2


def test_what_is_wrong_is_said_at_the_start(tmp_path: Path) -> None:
    log = tmp_path / "f.sqlite"
    for learning, message in (
        ({"every_s": 60.0, "train": "analytic"}, "predictor 'analytic' cannot learn .*train: xgboost"),
        ({"every_s": 60.0}, "cannot learn"),
        ({"evry_s": 60.0}, "Did you mean 'every_s'"),
        ({"every_s": 60.0, "train": "xgboost", "store": "../elsewhere"}, "leads out of"),
    ):  # fmt: skip
        given = {"name": "greensched", "learning": learning, "plugin_folder": str(tmp_path)}
        with pytest.raises(ConfigError, match=message):
            make_loop(given, log, given=False)
    with pytest.raises(ConfigError, match="needs a feedback log"):
        make_loop(block(every_s=60.0), None, given=False)
    world: World = Made(log, {"name": "greensched"}).world
    assert world.n_datacenters == SITES
    with pytest.raises(ConfigError, match="uses no predictor, so nothing can learn"):
        Mind(tmp_path / "g.sqlite").start(world, {"name": "local-only", "learning": {"explore_frac": 0.1}})
