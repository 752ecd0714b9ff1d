"""No decision depends on what could not be known: corrupt the future, compare the decisions before it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from greensched.core.delta import Delta
from greensched.core.frames import Frame, read_frame, read_frames, write_frame
from greensched.core.types import SIGNAL_KINDS, Action
from greensched.feedback.log import FeedbackLog
from tests.mind.models import trained_model
from tests.worlds import Site, Task, host, jobs_table, play, write_advisories, write_faults, write_world

POLICIES: dict[str, dict[str, Any]] = {
    "local-only": {"name": "local-only"},
    "lowest-carbon": {"name": "lowest-carbon"},
    "performance": {"name": "performance", "predictor": "analytic"},
    "greensched": {"name": "greensched", "predictor": "analytic", "intensity": "forecast"},
    "deferring": {"name": "greensched", "predictor": "analytic", "defer": True},
    "learned": {"name": "greensched", "predictor": "xgboost"},
    "immediate": {"name": "greensched", "predictor": "analytic"},
    "advised": {"name": "advised:Advised"},
}
READER = """
import numpy as np
from greensched.core.contracts import Needs
from greensched.core.types import DecisionStatus
from greensched.policies.answers import place

class Advised:
    name, default_predictor = "advised", None

    def __init__(self, context):
        pass

    def start(self, world):
        return Needs()

    def decide(self, seen):
        n, read = len(seen.tasks), "".join(a.text for a in seen.advisories)
        dc = np.full(n, sum(map(ord, read)) % 3, np.int32)
        return place(seen.tasks, dc, np.full(n, DecisionStatus.HEURISTIC, np.int32), ["read"] * n)

    def learn(self, reports):
        pass
"""
HOURS = 8
CUT_S = 4 * 3600
CHECKPOINT = {"interval_s": 300.0, "write_s": 5.0, "restart_s": 20.0}
CHEAT = """
import numpy as np
from pathlib import Path
from greensched.core.contracts import Needs
from greensched.core.frames import read_frame
from greensched.core.types import DecisionStatus
from greensched.policies.answers import place

class Peek:
    name, default_predictor = "peek", None

    def __init__(self, context):
        self.input = Path(context.options["input"])

    def start(self, world):
        return Needs()

    def decide(self, seen):
        n = len(seen.tasks)
        if self.what == "signals":
            columns = read_frame(self.input / "signals.gsf").table("signals")
            soon = int(seen.t_s // 300) + 12
            best = min(range(3), key=lambda d: columns[f"{d}.carbon_gpkwh"][soon])
            dc = np.full(n, best, np.int32)
        else:
            work_s = read_frame(self.input / "hidden.gsf").table("hidden")["work_s"]  # of tasks to come, too
            dc = ((seen.tasks.task + int(work_s.sum())) % 3).astype(np.int32)
        return place(seen.tasks, dc, np.full(n, DecisionStatus.HEURISTIC, np.int32), ["peeked"] * n)

    def learn(self, reports):
        pass

class Signals(Peek):
    what = "signals"

class Hidden(Peek):
    what = "hidden"
"""


def _world(folder: Path, policy: dict[str, Any], **run: Any) -> Path:
    rng = np.random.default_rng(7)

    def hourly(low: float, high: float) -> list[float]:
        return list(rng.uniform(low, high, HOURS))

    sites = [
        Site(
            f"dc{i}",
            [host(2, cores=8, gpus=2, gpu_type=0, gpu_idle_w=20.0, gpu_max_w=200.0, speed=[1.0, 1.3])],
            hourly(50, 600),
            pue={"model": "temperature", "base": 1.1, "t0_c": 10.0, "slope_per_c": 0.02},
            signals={
                "marginal_gpkwh": hourly(300, 900), "wind_frac": hourly(0, 1), "solar_frac": hourly(0, 1),
                "renewable_frac": hourly(0, 1), "price_per_kwh": hourly(0.05, 0.4), "temperature_c": hourly(5, 35),
            },
        )
        for i in range(3)
    ]  # fmt: skip
    tasks = [
        Task(
            round(float(a), 3),
            float(rng.uniform(300, 5000)),
            cores=int(rng.integers(1, 5)),
            gpus=float(rng.choice([0, 0, 0, 1])),
            deadline_s=round(float(a), 3) + 14400,
            data_gb=float(rng.uniform(0, 5)),
            origin=int(rng.integers(0, 3)),
            cpu_util_frac=float(rng.uniform(0.1, 1)),
            gpu_util_frac=float(rng.uniform(0.1, 1)),
            interference=float(rng.uniform(0, 0.5)),
        )
        for a in np.sort(rng.uniform(0, HOURS * 3600 - 1, 150))
    ]
    classes = {"work_classes": ["even", "odd"], "gpu_types": ["g"]}
    write_world(folder, sites, tasks, hours=HOURS, policy=policy, **(classes | run))
    _alter(folder, "hidden.gsf", _classes_and_phases, mode=0o600)
    _write_forecasts(folder, rng)
    write_advisories(folder, [(k * 1500.0, k % 3, f"notice {k}: half of dc{k % 3} is drained") for k in range(15)])
    return folder


def _classes_and_phases(tables: dict[str, Any]) -> None:
    """Two classes of work, and two phases for every second task."""
    n = len(tables["hidden"]["work_s"])
    tables["hidden"]["work_class"][:] = np.arange(n) % 2
    phased = np.repeat(np.arange(0, n, 2), 2)
    tables["phases"] = {
        "task": phased.astype(np.int64),
        "work_frac": np.tile([0.3, 0.7], len(phased) // 2),
        "cpu_util_frac": np.tile([0.9, 0.2], len(phased) // 2),
        "gpu_util_frac": np.tile([0.1, 0.8], len(phased) // 2),
    }


def _write_forecasts(folder: Path, rng: np.random.Generator) -> None:
    issues: dict[str, list[int]] = {
        k: [] for k in ("issue_us", "datacenter", "kind", "first_us", "step_us", "offset", "count")
    }
    values: list[float] = []
    for hour in range(0, HOURS, 2):
        for dc in range(3):
            row = (hour * 3_600_000_000, dc, 0, hour * 3_600_000_000, 3_600_000_000, len(values), 24)
            for key, value in zip(issues, row, strict=True):
                issues[key].append(value)
            values += list(rng.uniform(50, 600, 24))
    types = {"datacenter": np.int32, "kind": np.int32, "count": np.int32}
    columns = {k: np.array(v, dtype=types.get(k, np.int64)) for k, v in issues.items()}
    meta = {"kinds": ["carbon_gpkwh"], "synthetic": True, "model": "test"}
    write_frame(
        folder / "input" / "forecasts.gsf",
        "forecasts",
        meta,
        {"issues": columns, "values": {"value": np.array(values)}},
    )


def _decisions(folder: Path, until_s: float) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    for frame in read_frames(folder / "world" / "decisions.gsf"):
        table = frame.table("decisions")
        if not table:
            continue
        columns = [
            table[c]
            for c in ("decision", "t_us", "seq", "task", "action", "dc", "until_us", "source", "status", "code")
        ]
        rows += [tuple(int(x) for x in row) for row in zip(*columns, strict=True)]
    return [r for r in rows if r[1] <= until_s * 1e6]


def _told(folder: Path) -> Iterator[Delta]:
    """Everything that the mind was told, question by question."""
    log = FeedbackLog.open(folder / "feedback.sqlite")
    try:
        yield from log.deltas()
    finally:
        log.close()


def _questions(folder: Path, until_s: float) -> list[bytes]:
    """The same, as it came, up to an instant."""
    return [delta.message for delta in _told(folder) if delta.t_s <= until_s]


def _alter(folder: Path, name: str, alter: Any, mode: int = 0o644) -> None:
    frame: Frame = read_frame(folder / "input" / name)
    tables = {t: {c: np.array(v) for c, v in columns.items()} for t, columns in frame.tables.items()}
    alter(tables)
    write_frame(folder / "input" / name, frame.kind, frame.meta, tables, mode=mode)


def _future(tables: dict[str, Any]) -> None:
    """Every signal of every kind, from the slot after the cut on."""
    first = CUT_S // 300 + 1
    kinds = set()
    for column, values in tables["signals"].items():
        kinds.add(column.split(".")[1])
        is_share = column.endswith("_frac")
        values[first:] = values[first:][::-1] * 0.5 + (0.0 if is_share else 1.0)
    assert kinds == set(SIGNAL_KINDS)


def _later_forecasts(tables: dict[str, Any]) -> None:
    issues = tables["issues"]
    for issue_us, offset, count in zip(issues["issue_us"], issues["offset"], issues["count"], strict=True):
        if issue_us > CUT_S * 1e6:
            tables["values"]["value"][offset : offset + count] *= 0.1


def _change_later_advisories(folder: Path) -> None:
    """Other texts about other places after the cut; one more, and one of them earlier."""
    table = read_frame(folder / "input" / "advisories.gsf").table("advisories")
    rows = list(zip((table["issue_us"] / 1e6).tolist(), table["dc"].tolist(), table["text"], strict=True))
    later = [(at - 100.0, (dc + 1) % 3, f"{text}, or all of it") for at, dc, text in rows if at > CUT_S + 100]
    assert len(later) > 4
    write_advisories(folder, [row for row in rows if row[0] <= CUT_S] + later + [(CUT_S + 1.0, 0, "and this!")])


def _hidden(not_started: Any) -> Any:
    def corrupt(tables: dict[str, Any]) -> None:
        """All that is hidden about the tasks that have not started at the cut."""
        hidden, phases = tables["hidden"], tables["phases"]
        hidden["work_s"][not_started] *= 3.0
        hidden["cpu_util_frac"][not_started] = 0.01
        hidden["gpu_util_frac"][not_started] = 0.97
        hidden["interference"][not_started] = 0.9
        hidden["work_class"][not_started] = 1 - hidden["work_class"][not_started]
        rows = not_started[phases["task"]]
        for column in ("work_frac", "cpu_util_frac", "gpu_util_frac"):
            phases[column][rows] = 1.0 - phases[column][rows]
        assert set(hidden) == {"work_s", "work_class", "cpu_util_frac", "gpu_util_frac", "interference"}

    return corrupt


def _copy(source: Path, target: Path) -> Path:
    """The same input, for a run of its own; a path in the policy's options follows."""
    shutil.copytree(source / "input", target / "input")
    config = target / "input" / "run.json"
    config.write_text(config.read_text().replace(str(source / "input"), str(target / "input")))
    return target


def _with_another_future(base: Path, target: Path) -> Path:
    other = _copy(base, target)
    _alter(other, "signals.gsf", _future)
    _alter(other, "forecasts.gsf", _later_forecasts)
    _change_later_advisories(other)
    return other


def _with_another_truth(base: Path, target: Path) -> Path:
    other = _copy(base, target)
    _alter(other, "hidden.gsf", _hidden(~(jobs_table(base)["start_s"] <= CUT_S)), mode=0o600)
    return other


def _assert_same_until_the_cut(base: Path, other: Path, metered: str) -> None:
    """The comparison: the same decisions up to the cut, though the corruption did reach the world's meters."""
    assert play(other) == "completed"
    assert not np.array_equal(jobs_table(base)[metered], jobs_table(other)[metered], equal_nan=True)
    before = _decisions(base, CUT_S)
    assert len(before) > 50
    assert _decisions(other, CUT_S) == before, "decisions differ before the cut"
    told = _questions(base, CUT_S)
    assert len(told) > 25
    assert _questions(other, CUT_S) == told, "the mind is told something else before the cut, used or not"


@pytest.fixture(scope="module", params=POLICIES)
def base(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of each policy."""
    policy = POLICIES[request.param]
    if request.param == "learned":
        pytest.importorskip("xgboost")
        model = trained_model(tmp_path_factory)
        policy = policy | {"predictor": {"name": "xgboost", "model": str(model)}, "plugin_folder": str(model.parent)}
    if request.param == "advised":
        code = tmp_path_factory.mktemp("code")
        (code / "advised.py").write_text(READER)
        policy = policy | {"plugin_folder": str(code)}
    mode = "immediate" if request.param == "immediate" else "slots"
    folder = _world(tmp_path_factory.mktemp(request.param) / request.param, policy, mode=mode)
    assert play(folder) == "completed"
    return folder


def test_the_future_changes_no_decision(base: Path, tmp_path: Path) -> None:
    other = _with_another_future(base, tmp_path / "other")
    _assert_same_until_the_cut(base, other, "dynamic_g")
    for metered in ("marginal_g", "cost", "dynamic_kwh"):  # the last through temperature and PUE
        assert not np.array_equal(jobs_table(base)[metered], jobs_table(other)[metered])
    if base.name in ("lowest-carbon", "greensched", "deferring", "advised"):
        assert _decisions(other, 1e9) != _decisions(base, 1e9), "who reads notices it afterwards"
    if base.name == "deferring":
        assert any(row[4] == Action.DEFER for row in _decisions(base, CUT_S)), "something was deferred"


def test_no_question_tells_of_what_is_still_to_come(base: Path) -> None:
    """Whether a policy uses it or not: arrivals, issues, changes and reports lie before; signals are those of now."""
    signals = read_frame(base / "input" / "signals.gsf").table("signals")
    rows = dict.fromkeys(("new_tasks", "states", "reports", "issues", "advisories"), 0)
    for delta in _told(base):
        after = delta.t_s + 1e-6
        for name, instants in (
            ("new_tasks", delta.new_tasks.arrival_s),
            ("states", delta.states.t_s),
            ("reports", delta.reports.finish_s),
            ("issues", np.array([issue.issue_s for issue in delta.issues])),
            ("advisories", np.array([advisory.issue_s for advisory in delta.advisories])),
        ):
            rows[name] += len(instants)
            assert not (instants > after).any(), f"{name} of later than {delta.t_s} s"
        now = min(int(after // 300), len(signals["0.carbon_gpkwh"]) - 1)  # the last values stay
        for kind in SIGNAL_KINDS:
            told, true = getattr(delta.state, kind), [signals[f"{d}.{kind}"][now] for d in range(3)]
            assert np.array_equal(told, true), f"{kind} at {delta.t_s} s"
    assert rows["new_tasks"] == 150
    assert rows["states"] > 300
    assert rows["reports"] == 150
    assert rows["advisories"] == 15
    if base.name in ("greensched", "deferring"):
        assert rows["issues"] == 3 * HOURS // 2


def test_hidden_truth_of_tasks_not_started_changes_no_decision(base: Path, tmp_path: Path) -> None:
    _assert_same_until_the_cut(base, _with_another_truth(base, tmp_path / "other"), "finish_s")


@pytest.mark.parametrize("name", ["lowest-carbon", "greensched", "deferring", "immediate"])
def test_what_will_break_and_when_it_is_repaired_changes_no_decision(tmp_path: Path, name: str) -> None:
    """A host, a whole datacenter and a grid's signals are out at the cut: until then nobody can tell for how long."""
    soon, late = CUT_S + 300.0, CUT_S + 9000.0
    before = [(6000.0, 7000.0, 0, 1, 0, 2), (9000.0, 9600.0, 1, 2, 0, 0)]
    folders = []
    for label, back_s, after in (("one", soon, []), ("other", late, [(CUT_S + 900.0, late, 0, 0, 0, 2)])):
        mode = "immediate" if name == "immediate" else "slots"
        folder = _world(tmp_path / label, POLICIES[name], mode=mode, checkpoint=CHECKPOINT, run_id="same")
        lasting = [(12_000.0, back_s, 0, 0, 1, 1), (13_000.0, back_s, 1, 1, 0, 0), (13_500.0, back_s, 2, 2, 0, 0)]
        write_faults(folder, before + lasting + after)
        folders.append(folder)
    assert play(folders[0]) == "completed"
    states = [s for d in _told(folders[0]) for s in d.states.saved_frac.tolist()]
    assert any(saved > 0 for saved in states), "some task went on from a checkpoint"
    _assert_same_until_the_cut(folders[0], folders[1], "finish_s")
    assert _decisions(folders[0], 1e9) != _decisions(folders[1], 1e9), "afterwards everybody notices"


@pytest.mark.parametrize(
    ("cheat", "corrupt", "metered"),
    [("Signals", _with_another_future, "dynamic_g"), ("Hidden", _with_another_truth, "finish_s")],
)
def test_who_peeks_is_caught(tmp_path: Path, cheat: str, corrupt: Any, metered: str) -> None:
    """The negative control: a policy that reads the world's files must fail the same comparison."""
    (tmp_path / "cheat.py").write_text(CHEAT)
    folder = tmp_path / "peeking"
    policy = {"name": f"cheat:{cheat}", "input": str(folder / "input"), "plugin_folder": str(tmp_path)}
    assert play(_world(folder, policy)) == "completed"
    other = corrupt(folder, tmp_path / "other")
    with pytest.raises(AssertionError, match="decisions differ before the cut"):
        _assert_same_until_the_cut(folder, other, metered)
