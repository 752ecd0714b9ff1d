"""Poisoned reports: told, counted, and no harm to what serves.

Each kind is poured into the later half of a log. The model that serves after the update (the challenger if it was
promoted, else the champion) is scored on a clean log of other tasks, beside the champion: its loss may not be higher by
more than ``MOST_RISE`` (abs(ln(predicted / true)); the noise alone is 0.04).
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from greensched.core.types import Reports, TaskTable
from greensched.learning import champion as contest
from greensched.learning.evidence import Evidence, predict_again, read_evidence
from greensched.learning.poison import cap, sift
from greensched.learning.trainers import open_version
from greensched.learning.update import carry_out
from greensched.learning.versions import ModelStore
from tests.learning.made import Spoil, request, write_log

pytest.importorskip("xgboost")

MOST_RISE = 0.01
FROM = 30  # answer from which on reports are spoilt


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store whose version 1 learned from a clean log and serves; and a clean log of other tasks to score on."""
    folder = tmp_path_factory.mktemp("ground")
    write_log(folder / "before.sqlite", FROM)
    done = carry_out(request(folder / "before.sqlite", folder / "store"))
    assert done["status"] == "better", done
    ModelStore(folder / "store").promote("1", "the first")
    write_log(folder / "clean.sqlite", 10, seed=77)
    return folder


def loss_on_clean(ground: Path, version: str) -> float:
    clean = ground / "clean.sqlite"
    evidence = read_evidence(clean)
    model = open_version(ModelStore(ground / "store").find(version))
    from greensched.feedback.log import FeedbackLog
    from greensched.feedback.replay import read_world

    log = FeedbackLog.open(clean)
    model.start(read_world(log))
    log.close()
    (said,) = predict_again(clean, evidence, [model])
    return contest.score(said, evidence).loss


def some(reports: Reports, rows: Any, **columns: Any) -> Reports:
    """Reports with some columns multiplied, or set to NaN, in some rows."""
    changed = {}
    for name, factor in columns.items():
        values = getattr(reports, name).copy()
        values[rows] = values[rows] * factor if name != "finish_s" else values[rows]
        changed[name] = values
    if "finish_s" in columns:
        finish = reports.finish_s.copy()
        finish[rows] = reports.start_s[rows] + columns["finish_s"] * (reports.finish_s - reports.start_s)[rows]
        changed["finish_s"] = finish
    return dataclasses.replace(reports, **changed)


def nan(seq: int, tasks: TaskTable, sound: Reports) -> Reports:
    return some(sound, slice(None, None, 2), dynamic_kwh=np.nan) if seq > FROM else sound


def absurd(seq: int, tasks: TaskTable, sound: Reports) -> Reports:
    return some(sound, slice(None, None, 2), dynamic_kwh=1e6) if seq > FROM else sound


def negative(seq: int, tasks: TaskTable, sound: Reports) -> Reports:
    return some(sound, slice(None, None, 2), dynamic_kwh=-1.0) if seq > FROM else sound


def lies(seq: int, tasks: TaskTable, sound: Reports) -> Reports:
    """Every third report says three times the energy and a third of the time: possible, and from anybody."""
    return some(sound, slice(None, None, 3), dynamic_kwh=3.0, finish_s=0.33) if seq > FROM else sound


def all_lie(seq: int, tasks: TaskTable, sound: Reports) -> Reports:
    """Every report of all users: those that judge lie too, and only the older ones can object."""
    return some(sound, slice(None), dynamic_kwh=3.0, finish_s=0.33) if seq > FROM else sound


def flood(seq: int, tasks: TaskTable, sound: Reports) -> Reports:
    """Nearly all reports are from one user, who lies."""
    if seq <= FROM:
        return sound
    rows = [i for i in range(len(tasks)) if tasks.user[i] not in ("user-1", "user-2")]
    for i in rows:
        tasks.user[i] = "mallory"
    return some(sound, rows, dynamic_kwh=3.0, finish_s=0.33)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [(nan, "missing"), (absurd, "absurd"), (negative, "absurd"), (lies, None), (all_lie, None), (flood, None)],
    ids=lambda x: getattr(x, "__name__", str(x)),
)
def test_poison_does_not_reach_what_serves(ground: Path, tmp_path: Path, spoil: Spoil, reason: str | None) -> None:
    log = tmp_path / "spoilt.sqlite"
    world = write_log(log, 2 * FROM, spoil=spoil)
    since_s = FROM * world.slot_s
    asked = request(
        log, ground / "store", number=2, champion=ModelStore(ground / "store").find("1").name, since_s=since_s
    )
    done = carry_out(asked)
    assert done["status"] in ("better", "refused"), done
    serving = done["version"] if done["status"] == "better" else "1"
    assert loss_on_clean(ground, serving) <= loss_on_clean(ground, "1") + MOST_RISE, done
    if reason is not None:
        assert done["left_out"][reason] > 200
        assert sum(done["left_out"].values()) == done["left_out"][reason]
    about = ModelStore(ground / "store").find(done["version"]).about
    assert about["data"]["left_out"] == done["left_out"]
    if spoil is all_lie:
        assert done["status"] == "refused"


def evidence(n: int, **columns: Any) -> Evidence:
    ones = np.ones(n)
    values: dict[str, Any] = {
        "decision": np.arange(n), "seq": np.arange(n), "task": np.arange(n), "dc": np.zeros(n, np.int32),
        "decided_s": 0 * ones, "landed_s": 100 * ones, "energy_kwh": ones, "run_s": 60 * ones, "service_s": 100 * ones,
        "most_kwh": 10 * ones, "user": np.array([f"u{i}" for i in range(n)]), "twin": np.arange(n),
        "gpu": np.zeros(n, bool),
    }  # fmt: skip
    return Evidence(**(values | columns))


def test_each_rule_by_hand() -> None:
    energy = np.array([1.0, np.nan, np.inf, 0.0, -1.0, 11.0, 1.0, 1.0])
    run_s = np.array([60.0, 60.0, 60.0, 60.0, 60.0, 60.0, 0.0, 200.0])  # the last began before it was placed
    done = sift(evidence(8, energy_kwh=energy, run_s=run_s), 1.0, 0)
    assert done.left_out == {"missing": 2, "absurd": 5, "contradictory": 0, "flood": 0}
    assert done.kept.task.tolist() == [0]


def test_twins_that_disagree_by_hand() -> None:
    """Twins 0: 1, 1.1, 9: the third is out. Twins 1: 1 and 9: nobody knows. Twins 2: 1, 2, 3 agree well enough."""
    energy = np.array([1.0, 1.1, 9.0, 1.0, 9.0, 1.0, 2.0, 3.0])
    done = sift(evidence(8, energy_kwh=energy, twin=np.array([0, 0, 0, 1, 1, 2, 2, 2])), 1.0, 0)
    # the middle of the logarithms of 1 and 9 is that of 3, from which both are a factor of 3 away: they agree as well
    assert done.left_out["contradictory"] == 1
    assert 2 not in done.kept.task
    energy[3], energy[4] = 0.5, 9.9  # a factor of 4.4 from their middle: of two that disagree nobody knows who is right
    done = sift(evidence(8, energy_kwh=energy, twin=np.array([0, 0, 0, 1, 1, 2, 2, 2])), 1.0, 0)
    assert done.kept.task.tolist() == [0, 1, 5, 6, 7]


def test_the_cap_by_hand() -> None:
    """900 against ten users of 10: at a quarter of what is kept c = (c + 100) / 4, so 33. Alone: everything."""
    counts = np.array([900, *[10] * 10])
    assert cap(counts, 0.25) == 33
    assert cap(np.array([500]), 0.25) == 500
    assert cap(np.array([100, 900]), 0.25) == 100
    users = np.repeat([f"u{i}" for i in range(11)], counts)
    done = sift(evidence(1000, user=users), 0.25, 1)
    assert done.left_out == {"missing": 0, "absurd": 0, "contradictory": 0, "flood": 867}
    assert np.unique(done.kept.user, return_counts=True)[1].max() == 33
    again = sift(evidence(1000, user=users), 0.25, 1)
    assert (
        again.kept.task.tolist()
        == done.kept.task.tolist()
        != sift(evidence(1000, user=users), 0.25, 2).kept.task.tolist()
    )
