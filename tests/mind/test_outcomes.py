"""The reader of outcomes: what was seen, what came of it, and nothing before it was known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from greensched.core.errors import DataError, FeedbackLogError
from greensched.core.types import World
from greensched.feedback.outcomes import Outcomes, outcomes
from greensched.predictors.analytic import AnalyticPredictor
from greensched.testing.worlds import random_tasks
from tests.mind.models import ENERGY_FACTOR, RUN_FACTOR, write_log


def test_a_log_tells_of_the_chosen_datacenters(tmp_path: Path) -> None:
    """The fake world makes every run take 1.5 x and use 0.5 x what the analytic predictor says of what was seen."""
    world = write_log(tmp_path / "feedback.sqlite", answers=4)
    told = list(outcomes(tmp_path))
    assert [part.observation.seq for part in told] == [1, 2, 3, 4]
    assert told[0].observation.world.datacenters == world.datacenters
    for part in told:
        assert len(part.tasks) == len(part) > 10
        seen = random_tasks(part.observation.seq, 20, world, part.decided_s, first=(part.observation.seq - 1) * 20)
        known = {int(task): i for i, task in enumerate(seen.task)}
        index = [known[int(task)] for task in part.tasks.task]
        np.testing.assert_array_equal(part.tasks.expected_s, seen.expected_s[index])
        said = _physics(part, world)
        np.testing.assert_allclose(part.energy_kwh, ENERGY_FACTOR * said[0])
        np.testing.assert_allclose(part.run_s, RUN_FACTOR * said[1])
        np.testing.assert_allclose(part.wait_s, said[2], atol=1e-6)
        np.testing.assert_allclose(part.finished_s, part.decided_s + part.service_time_s)


def _physics(part: Outcomes, world: World) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    from greensched.core.types import Options

    physics = AnalyticPredictor()
    physics.start(world)
    every = physics.predict(part.observation, part.tasks, Options.now_everywhere(6, part.decided_s))
    energy_kwh, wait_s = every.energy_kwh[part.row, part.dc], every.wait_s[part.row, part.dc]
    return energy_kwh, every.service_time_s[part.row, part.dc] - wait_s, wait_s


def test_what_had_not_ended_is_not_told(tmp_path: Path) -> None:
    write_log(tmp_path / "feedback.sqlite", answers=4)
    all_s = np.concatenate([part.finished_s for part in outcomes(tmp_path)])
    until_s = float(np.median(all_s))
    early = np.concatenate([part.finished_s for part in outcomes(tmp_path, until_s)])
    np.testing.assert_array_equal(np.sort(early), np.sort(all_s[all_s <= until_s]))
    assert 0 < len(early) < len(all_s)
    assert list(outcomes(tmp_path, 0.0)) == []


def _reports(folder: Path, world: World, rows: list[tuple[int, str, float, float, float, float]]) -> None:
    names = ["task", "datacenter", "t_s", "energy_kwh", "service_time_s", "wait_s"]
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    pq.write_table(pa.table(columns), folder / "reports.parquet")


def test_reports_tell_of_every_datacenter(tmp_path: Path) -> None:
    """By hand: in any order of rows, two questions of one log, a pair that is impossible, one that ends too late."""
    world = write_log(tmp_path / "feedback.sqlite", answers=2)
    a, b = (world.datacenters[i].name for i in (0, 4))
    slot_s, none = world.slot_s, float("nan")
    rows = [
        (23, b, 2 * slot_s, 4.0, 40.0, 10.0),
        (5, b, slot_s, 2.0, 9000.0, 0.0),
        (5, a, slot_s, 1.0, 20.0, 5.0),
        (3, a, slot_s, none, none, none),
    ]
    _reports(tmp_path, world, rows)
    first, second = outcomes(tmp_path)
    assert (first.decided_s, second.decided_s) == (slot_s, 2 * slot_s)
    assert first.tasks.task.tolist() == [3, 5]
    assert first.row.tolist() == [0, 1, 1]
    assert first.dc.tolist() == [0, 0, 4]
    np.testing.assert_array_equal(first.energy_kwh, [none, 1.0, 2.0])
    np.testing.assert_array_equal(first.run_s, [none, 15.0, 9000.0])
    np.testing.assert_array_equal(first.wait_s, [none, 5.0, 0.0])
    assert second.finished_s.tolist() == [2 * slot_s + 40.0]
    (early,) = outcomes(tmp_path, until_s=slot_s + 30.0)
    assert early.tasks.task.tolist() == [3, 5]
    assert early.dc.tolist() == [0, 0]


def test_reports_that_do_not_belong_to_the_log_are_refused(tmp_path: Path) -> None:
    world = write_log(tmp_path / "feedback.sqlite", answers=2)
    name = world.datacenters[0].name
    _reports(tmp_path, world, [(5, name, 7.0, 1.0, 20.0, 5.0)])
    with pytest.raises(DataError, match=r"tells of tasks at 7 s .* make the folder again"):
        list(outcomes(tmp_path))
    _reports(tmp_path, world, [(5, "atlantis", world.slot_s, 1.0, 20.0, 5.0)])
    with pytest.raises(DataError, match="datacenter 'atlantis' is not in the world"):
        list(outcomes(tmp_path))
    (tmp_path / "reports.parquet").write_bytes(b"no table")
    with pytest.raises(DataError, match="not reports of"):
        list(outcomes(tmp_path))
    (tmp_path / "feedback.sqlite").unlink()
    with pytest.raises(FeedbackLogError, match="generate reports` again"):
        list(outcomes(tmp_path))
