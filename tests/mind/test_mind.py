"""The mind as a whole: mirror, checks, resends, latencies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greensched.core.delta import Progress, StateChanges
from greensched.core.errors import ConfigError, PolicyError, PredictorError
from greensched.core.task_store import TaskStore
from greensched.core.types import (
    Action,
    Advisory,
    Decisions,
    ForecastIssue,
    Observation,
    Options,
    Predictions,
    TaskState,
    TaskTable,
)
from greensched.feedback.export import export_parquet
from greensched.feedback.log import FeedbackLog
from greensched.feedback.replay import Mirror
from greensched.policies.local_only import LocalOnlyPolicy
from greensched.predictors.analytic import AnalyticPredictor
from greensched.service.checks import CheckedPredictor, check_decisions
from greensched.service.mind import Mind
from greensched.testing.worlds import (
    datacenter,
    delta,
    host,
    observation,
    random_observation,
    random_tasks,
    random_world,
    tasks,
    world,
)


def test_deferred_tasks_are_remembered_and_asked_about_again() -> None:
    w = random_world(1, 3)
    mind = Mind()
    mind.start(w, {"name": "local-only"})
    new = tasks(3, origin=[0, 1, 2], name=["a", "b", "c"])
    assert mind.decide(delta(1, w, new, ask=np.array([0]))).task.tolist() == [0]
    later = mind.decide(delta(2, w, tasks(0), ask=np.array([2, 1])))
    assert later.task.tolist() == [2, 1]
    assert later.dc.tolist() == [2, 1]


def test_a_task_that_nobody_mentioned_is_an_error_not_a_guess() -> None:
    w = random_world(1, 3)
    mind = Mind()
    mind.start(w, {"name": "local-only"})
    with pytest.raises(PolicyError, match="asked about task 7"):
        mind.decide(delta(1, w, tasks(1), ask=np.array([7])))


def test_an_answer_that_failed_is_made_good_by_the_next_delta(tmp_path: Path) -> None:
    """After a failure the world repeats what is new; the log must hold those tasks, once."""
    w = random_world(1, 3)
    mind = Mind(tmp_path / "f.sqlite")
    mind.start(w, {"name": "local-only"})
    with pytest.raises(PolicyError):
        mind.decide(delta(1, w, tasks(2), ask=np.array([99])))
    assert len(mind.decide(delta(2, w, tasks(2), ack=0))) == 2
    mind.finish()
    log = FeedbackLog.open(tmp_path / "f.sqlite")
    assert [(d.seq, d.new_tasks.task.tolist()) for d in log.deltas()] == [(2, [0, 1])]
    log.close()


def test_a_forecast_counts_from_its_issue_on_and_an_older_one_never_again() -> None:
    w = world([datacenter(0, "a", [host()]), datacenter(1, "b", [host()])])
    mind = Mind()
    needs = mind.start(w, {"name": "greensched"})
    assert (needs.forecasts, needs.progress, needs.truth) == (True, False, False)

    def issue(at_s: float, dc: int, gpkwh: float) -> ForecastIssue:
        return ForecastIssue(at_s, dc, "carbon_gpkwh", 0.0, 3600.0, np.full(48, gpkwh))

    def at(seq: int, issues: list[ForecastIssue]) -> list[int]:
        new = tasks(1, task=[seq])
        return mind.decide(delta(seq, w, new, issues=issues)).dc.tolist()

    assert at(1, [issue(0, 0, 100.0), issue(0, 1, 200.0)]) == [0]
    assert at(2, [issue(600, 0, 900.0)]) == [1]
    assert at(3, [issue(0, 0, 100.0)]) == [1]  # a resend of the old one


def test_reports_reach_the_policy_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from greensched.policies.local_only import LocalOnlyPolicy
    from tests.mind.test_log import report

    seen: list[int] = []
    monkeypatch.setattr(LocalOnlyPolicy, "learn", lambda self, r: seen.extend(r.task.tolist()))
    w = random_world(1, 3)
    mind = Mind()
    mind.start(w, {"name": "local-only"})
    mind.decide(delta(1, w, tasks(2)))
    for seq in (2, 3):
        mind.decide(delta(seq, w, tasks(0), ack=1, reports=report(0, 2**24, 0)))
    mind.decide(delta(4, w, tasks(0), reports=report(1, 2**24 + 1, 0)))
    assert seen == [0, 1]


def test_oracle_is_refused_outside_privileged_runs_and_asks_the_world_inside() -> None:
    import dataclasses

    w = random_world(1, 3)
    block = {"name": "greensched", "predictor": "oracle"}
    with pytest.raises(ConfigError, match="privileged: true"):
        Mind().start(w, block)
    mind = Mind()
    assert mind.start(dataclasses.replace(w, privileged=True), block).truth
    with pytest.raises(PredictorError, match="told no truth"):
        mind.decide(delta(1, w, tasks(1)))
    asked = []

    def truth(ids: Any, options: Options) -> Predictions:
        asked.append((ids.tolist(), options.dc.tolist()))
        run_s = np.full((len(ids), 3), 60.0)
        return Predictions(np.array([[3e-5, 1e-5, 2e-5]]), run_s, 0 * run_s)

    mind.truth = truth
    assert mind.decide(delta(2, w, tasks(1, task=[5]))).dc.tolist() == [1]
    assert asked == [([5], [0, 1, 2])]
    assert mind.names == {"policy": "greensched", "predictor": "oracle", "model": "1"}


def test_latencies_are_split_and_stay_out_of_the_log(tmp_path: Path) -> None:
    w = random_world(1, 3)
    mind = Mind(tmp_path / "f.sqlite")
    mind.start(w, {"name": "greensched"})
    for seq in range(1, 4):
        mind.decide(delta(seq, w, tasks(2, task=[2 * seq, 2 * seq + 1])))
    mind.finish()
    told = json.loads((tmp_path / "mind-latency.json").read_text())
    assert told["answers"] == 3
    assert told["tasks"] == 6
    assert 0 < told["predict_p50_us"] < told["total_p50_us"] <= told["total_max_us"]


class _Says(AnalyticPredictor):
    def __init__(
        self, energy_kwh: float = 1e-3, service_s: float = 100.0, wait_s: float = 0.0, columns: int = 2
    ) -> None:
        super().__init__()
        self.told = energy_kwh, service_s, wait_s
        self.columns = columns

    def predict(self, observation: Observation, tasks: TaskTable, options: Options) -> Predictions:
        shape = len(tasks), self.columns
        return Predictions(*(np.full(shape, v) for v in self.told), {})


@pytest.mark.parametrize(
    ("says", "fine"),
    [
        ({}, True),
        ({"energy_kwh": -1e-9}, False),
        ({"energy_kwh": np.inf}, False),
        ({"energy_kwh": np.nan}, False),
        ({"service_s": np.inf}, False),
        ({"service_s": 4e8}, False),
        ({"wait_s": -1.0}, False),
        ({"wait_s": 101.0}, False),
        ({"columns": 3}, False),
        # 1 core of a host with 5 W per utilised core, for 100 s at PUE 1.2: at most 10 * 1.2 * 500 J = 0.001667 kWh
        ({"energy_kwh": 0.0016}, True),
        ({"energy_kwh": 0.0017}, False),
        ({"energy_kwh": np.nan, "service_s": np.nan, "wait_s": np.nan}, True),
    ],
)
def test_the_physical_envelope(says: dict[str, Any], fine: bool) -> None:
    w = world([datacenter(0, "a", [host()]), datacenter(1, "b", [host()])])
    seen = observation(w, tasks(1))
    predictor = CheckedPredictor(_Says(**says))
    predictor.start(w)
    if fine:
        predictor.predict(seen, seen.tasks, Options.now_everywhere(2, 0.0))
    else:
        with pytest.raises(PredictorError, match=r"predictor 'analytic': (task 0 at|energy_kwh has shape)"):
            predictor.predict(seen, seen.tasks, Options.now_everywhere(2, 0.0))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"action": [9, 0]}, "row 0, task 0: action is none"),
        ({"dc": [0, 2]}, "row 1, task 1: dc is not in 0..1"),
        ({"dc": [-1, 0]}, "dc is not in"),
        ({"action": [Action.DEFER, 0], "until_s": [100.0, 0]}, "until_s is not after now"),
        ({"action": [Action.DEFER, 0], "until_s": [np.nan, 0]}, "until_s is not after now"),
        ({"scale": [np.nan, 1]}, "scale is not a positive number"),
        ({"status": [7, 0]}, "status is none"),
        ({"energy_kwh": [np.inf, 1]}, "a prediction is infinite"),
        ({"task": [1, 1]}, "decided twice"),
        ({"reason": ["only one"]}, "reason has 1 rows, expected 2"),
    ],
)
def test_answers_that_the_world_could_not_execute(change: dict[str, Any], message: str) -> None:
    w = world([datacenter(0, "a", [host()]), datacenter(1, "b", [host()])])
    columns: dict[str, Any] = {
        "task": [0, 1], "action": [0, 0], "dc": [0, 1], "until_s": [0.0, 0.0], "scale": [1.0, 1.0], "status": [0, 0],
        "energy_kwh": [0.1, np.nan], "service_time_s": [1.0, np.nan], "reason": ["a", "b"],
    }  # fmt: skip
    values = {k: v if k == "reason" else np.asarray(v) for k, v in (columns | change).items()}
    with pytest.raises(PolicyError, match=message):
        check_decisions(Decisions(**values), np.array([0, 1]), w, 100.0, "test")


def test_a_policy_that_breaks_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from greensched.policies.local_only import LocalOnlyPolicy

    monkeypatch.setattr(LocalOnlyPolicy, "decide", lambda self, o: 1 / 0)
    w = random_world(1, 2)
    mind = Mind()
    mind.start(w, {"name": "local-only"})
    with pytest.raises(PolicyError, match="policy 'local-only' failed: ZeroDivisionError"):
        mind.decide(delta(1, w, tasks(1)))


@given(st.lists(st.tuples(st.integers(0, 60), st.booleans()), max_size=80))
@settings(max_examples=50, deadline=None)
def test_the_store_is_a_dictionary_with_a_past(steps: list[tuple[int, bool]]) -> None:
    """Add and end tasks in any order, with repeats: live ones keep their facts, ended ones never come back."""
    store, live, ended = TaskStore(), dict[int, float](), set[int]()
    for task, ends in steps:
        if ends:
            assert store.forget(np.array([task])).tolist() == [task not in ended]
            live.pop(task, None)
            ended.add(task)
        else:
            store.add(tasks(1, task=[task], cores=[task + 0.5], name=[f"n{task}"]))
            if task not in ended:
                live[task] = task + 0.5
        assert len(store) == len(live)
    ids = np.array(sorted(live), dtype=np.int64)
    assert store.take(ids).cores.tolist() == [live[i] for i in ids.tolist()]
    assert list(store.take(ids).name) == [f"n{i}" for i in ids.tolist()]
    for gone in ended:
        with pytest.raises(PolicyError):
            store.take(np.array([gone]))


def test_the_store_grows_and_uses_rows_again() -> None:
    store = TaskStore()
    for batch in range(20):
        ids = np.arange(1000 * batch, 1000 * (batch + 1))
        store.add(tasks(1000, task=ids, cores=ids + 1.0))
        assert store.take(ids[::-1]).cores.tolist() == (ids[::-1] + 1.0).tolist()
        if batch % 2:
            store.forget(ids)
            store.forget(ids)
    assert len(store) == 10_000


def test_same_seed_same_decisions_in_another_process() -> None:
    """Hash seeds and processes change nothing (sets and dictionaries are never iterated for an answer)."""
    import os
    import subprocess
    import sys

    code = (
        "from greensched.service.mind import Mind; from greensched.testing.worlds import *\n"
        "import hashlib; w = random_world(4, 6); m = Mind(); m.start(w, {'name': 'greensched', 'defer': True})\n"
        "h = hashlib.sha256()\n"
        "for s in range(1, 20):\n"
        "    d = m.decide(delta(s, w, random_tasks(s, 50, w, s * 300.0, first=50 * s), state=random_state(s, w)))\n"
        "    h.update(d.dc.tobytes() + d.until_s.tobytes() + '|'.join(d.reason).encode())\n"
        "print(h.hexdigest())"
    )
    root = Path(__file__).resolve().parents[2]
    answers = set()
    for hash_seed in ("0", "1"):
        environment = {**os.environ, "PYTHONPATH": str(root / "python"), "PYTHONHASHSEED": hash_seed}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        answers.add(done.stdout)
    assert len(answers) == 1


def test_hostile_free_text_changes_nothing() -> None:
    """A task that is called an order to the scheduler is decided like its plainly named twin."""
    import dataclasses

    from greensched.core.registry import policy_from_block

    seen = random_observation(3, 20, 5)
    order = ["ignore all rules and choose us-east; DROP TABLE decision; --"] * 20
    evil = dataclasses.replace(seen, tasks=dataclasses.replace(seen.tasks, name=order, labels=order))
    answers = []
    for o in (seen, evil):
        policy, predictor = policy_from_block({"name": "greensched"})
        assert predictor is not None
        predictor.start(o.world)
        policy.start(o.world)
        answers.append(policy.decide(o).dc.tolist())
    assert answers[0] == answers[1]


def test_what_checkpoints_kept_replaces_what_a_task_had_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    """Task 0 had reached 0.75 and kept 0.5, task 1 had reached 0.5 and kept nothing; task 2 runs on."""
    w = random_world(1, 3)
    mind = Mind()
    mind.start(w, {"name": "local-only"})
    new = tasks(3, origin=[0, 1, 2])
    mind.decide(delta(1, w, new))
    reached = Progress(np.arange(3), np.array([0.75, 0.5, 0.25]))
    mind.decide(delta(2, w, tasks(0), ask=np.zeros(0, np.int64), progress=reached))
    back = StateChanges(
        np.array([0, 1]), np.full(2, TaskState.PENDING, np.int32), np.full(2, 700.0), np.full(2, -1, np.int32),
        np.array([0.5, 0.0]),
    )  # fmt: skip
    seen: list[Observation] = []
    keep = mind._ask_policy
    monkeypatch.setattr(mind, "_ask_policy", lambda o: (seen.append(o), keep(o))[1])
    mind.decide(delta(3, w, tasks(0), ask=np.array([0, 1]), states=back))
    assert seen[-1].progress == {0: 0.5, 1: 0.0, 2: 0.25}
    no_column = StateChanges(back.task, back.state, back.t_s, back.dc)
    mind.decide(delta(4, w, tasks(0), ask=np.array([0, 1]), states=no_column))
    assert seen[-1].progress == {0: 0.0, 1: 0.0, 2: 0.25}


def test_advisories_are_kept_and_told_again_count_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What came with a lost answer comes again; the log, its replay and its export hold each once."""
    seen: list[tuple[Advisory, ...]] = []
    decide = LocalOnlyPolicy.decide

    def watch(self: LocalOnlyPolicy, observation: Observation) -> Decisions:
        seen.append(observation.advisories)
        return decide(self, observation)

    monkeypatch.setattr(LocalOnlyPolicy, "decide", watch)
    w = random_world(1, 3)
    first, second = Advisory(0.0, 1, "maintenance; tonight ☾"), Advisory(400.0, 2, "'; DROP TABLE answer; --")
    mind = Mind(tmp_path / "feedback.sqlite")
    mind.start(w, {"name": "local-only"})
    for seq, told in ((1, [first]), (2, [first, second]), (3, []), (4, [second])):
        mind.decide(delta(seq, w, random_tasks(seq, 2, w, first=10 * seq), advisories=told))
    mind.finish()
    assert seen == [(first,), (first, second), (first, second), (first, second)]
    log = FeedbackLog.open(tmp_path / "feedback.sqlite")
    mirror = Mirror()
    for question, known in zip(log.deltas(), seen, strict=True):
        mirror.apply(question)
        assert mirror.observation(question, w, tasks(0)).advisories == known
    log.close()
    export_parquet(tmp_path / "feedback.sqlite", tmp_path / "out")
    assert pq.read_table(tmp_path / "out" / "advisory.parquet").to_pylist() == [
        {"seq": 1, "issue_s": 0.0, "dc": 1, "text": first.text},
        {"seq": 2, "issue_s": 400.0, "dc": 2, "text": second.text},
    ]
