"""The block `faults`: what is drawn, what is refused, and what a run with it does."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greensched.core.frames import read_frame
from greensched.scenario.fault_schedule import NEVER_US, schedule
from greensched.scenario.load import load
from greensched.scenario.prepare import prepare
from greensched.scenario.problems import ScenarioError
from tests.scenario.build import write

H_US = 3_600_000_000
HOSTS = {"frankfurt": 2, "tokyo": 1}


def faults_of(folder: Path, faults: dict[str, Any], **changes: Any) -> Any:
    return schedule(load(write(folder, faults=faults, **changes))).rows


def test_a_schedule_is_taken_as_written(tmp_path: Path) -> None:
    rows = faults_of(
        tmp_path,
        {
            "schedule": [
                {"kind": "host", "datacenter": "frankfurt", "at": "2h", "lasts": "30min", "first": 1},
                {"kind": "datacenter", "datacenter": "tokyo", "at": "1h"},
                {"kind": "signal", "datacenter": "frankfurt", "at": "0s", "lasts": "1h"},
                {"kind": "host", "datacenter": "frankfurt", "at": "3h", "lasts": "1s", "hosts": 2},
            ]
        },
    )
    assert rows.tolist() == [
        [0, H_US, 2, 0, 0, 0],
        [H_US, NEVER_US, 1, 1, 0, 0],
        [2 * H_US, 2 * H_US + H_US // 2, 0, 0, 1, 1],
        [3 * H_US, 3 * H_US + 1_000_000, 0, 0, 0, 2],
    ]


def test_what_begins_after_the_run_is_left_out(tmp_path: Path) -> None:
    late = {"kind": "host", "datacenter": "tokyo", "at": "8h", "lasts": "1h"}  # 6 h and 2 h of drain
    loaded = load(write(tmp_path, faults={"schedule": [late]}))
    assert len(schedule(loaded)) == 0
    assert loaded.problems.warnings == ["1 faults begin after the end of the run (horizon + drain) and never happen"]


def _scheduled(**keys: Any) -> dict[str, Any]:
    return {"schedule": [{"kind": "host", "datacenter": "tokyo", "at": "1h"} | keys]}


def _drawn(**keys: Any) -> dict[str, Any]:
    return {"random": [{"kind": "host", "mtbf": "1h", "repair": "1h"} | keys]}


@pytest.mark.parametrize(
    ("block", "path", "words"),
    [
        (_scheduled(datacenter="tokio"), "faults.schedule[0].datacenter", "tokyo"),
        (_scheduled(first=1), "faults.schedule[0].first", "0 to 0"),
        (_scheduled(kind="signal", hosts=2), "faults.schedule[0]", "belong to kind host"),
        (_scheduled(lasts="0s"), "faults.schedule[0]", "longer than 0"),
        (_scheduled(kind="disk"), "faults.schedule[0].kind", "host"),
        (_drawn(mtbf="0s"), "faults.random[0]", "longer than 0"),
        (_drawn(mtbf="1us", repair="1us"), "faults.random[0]", "longer mtbf"),
        (_drawn(datacenters=["x"]), "faults.random[0].datacenters[0]", "frankfurt"),
        (_drawn(kind="signal", together=2), "faults.random[0].together", "kind host"),
        (_drawn(mtbf=3), "faults.random[0].mtbf", "duration with a unit"),
        ({"checkpoint": {"interval": "0s"}}, "faults.checkpoint", "longer than 0"),
        ({"checkpoint": {"interval": "10min", "write": "10min"}}, "faults.checkpoint", "shorter than interval"),
        ({"max_attempts": -1}, "faults.max_attempts", "0"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, block: dict[str, Any], path: str, words: str) -> None:
    with pytest.raises(ScenarioError) as error:
        prepare(write(tmp_path, faults=block), tmp_path / "out")
    assert [p.path for p in error.value.problems] == [path]
    assert words in str(error.value)
    assert not (tmp_path / "out").exists()


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**40),
    mtbf_h=st.floats(0.2, 20),
    repair_h=st.floats(0.01, 5),
    shape=st.sampled_from([0.7, 1.0, 3.0]),
    sigma=st.sampled_from([0.0, 1.0]),
    together=st.integers(1, 3),
)
def test_drawn_faults_of_one_unit_never_overlap(
    tmp_path_factory: pytest.TempPathFactory,
    seed: int,
    mtbf_h: float,
    repair_h: float,
    shape: float,
    sigma: float,
    together: int,
) -> None:
    folder = tmp_path_factory.mktemp("faults")
    law = {
        "kind": "host", "mtbf": f"{mtbf_h}h", "repair": f"{repair_h}h", "shape": shape, "repair_sigma": sigma,
        "together": together,
    }  # fmt: skip
    rows = faults_of(folder, {"random": [law]}, seed=seed)
    assert np.array_equal(rows, faults_of(folder, {"random": [law]}, seed=seed))
    assert (np.diff(rows[:, 0]) >= 0).all()
    assert (rows[:, 1] > rows[:, 0]).all()
    for dc, hosts in enumerate(HOSTS.values()):
        mine = rows[rows[:, 3] == dc]
        assert (mine[:, 4] + mine[:, 5] <= hosts).all()
        for first in np.unique(mine[:, 4]):
            unit = mine[mine[:, 4] == first]
            assert (unit[1:, 0] > unit[:-1, 1]).all()


def test_drawn_faults_have_the_means_that_were_asked_for(tmp_path: Path) -> None:
    for shape, sigma in ((1.0, 0.0), (0.7, 1.0)):
        law = {"kind": "host", "mtbf": "10h", "repair": "2h", "shape": shape, "repair_sigma": sigma}
        group = [{"name": "a", "zone": "DE", "hosts": [{"type": "epyc-2021", "count": 2000}]}]
        rows = faults_of(tmp_path, {"random": [law]}, datacenters=group, horizon="30d", slot="1h")
        broken_h = (rows[:, 1] - rows[:, 0]) / H_US
        assert broken_h.mean() == pytest.approx(2, rel=0.05)
        # a renewal process breaks once per mtbf + repair in the long run
        assert len(rows) / 2000 == pytest.approx((30 * 24 + 2) / 12, rel=0.05)


def test_another_law_or_datacenter_disturbs_no_stream(tmp_path: Path) -> None:
    law = {"kind": "host", "mtbf": "1h", "repair": "10min", "datacenters": ["tokyo"]}
    alone = faults_of(tmp_path, {"random": [law]})
    blind = {"kind": "signal", "mtbf": "1h", "repair": "10min"}
    beside = faults_of(tmp_path, {"random": [law, blind]})
    assert np.array_equal(alone, beside[beside[:, 2] == 0])
    assert not np.array_equal(alone, faults_of(tmp_path, {"random": [law]}, seed=2))


def test_the_run_folder_hides_the_faults_and_issues_no_forecast_about_a_blind_grid(tmp_path: Path) -> None:
    blind = {"kind": "signal", "datacenter": "frankfurt", "at": "5h", "lasts": "2h"}
    path = write(tmp_path, faults={"schedule": [blind], "checkpoint": {"interval": "10min", "restart": "30 s"}})
    prepare(path, tmp_path / "out")
    folder = tmp_path / "out" / "input"
    assert stat.S_IMODE((folder / "faults.gsf").stat().st_mode) == 0o600
    config = json.loads((folder / "run.json").read_text())
    assert config["faults"] == {"failed_power": "idle", "interrupted": "requeue", "max_attempts": 0}
    assert config["checkpoint"] == {"interval_s": 600.0, "write_s": 0.0, "restart_s": 30.0}
    issues = read_frame(folder / "forecasts.gsf").table("issues")
    # issued at 0, 6 h: the second one falls into the time in which nobody sees the grid
    assert set(issues["issue_us"][issues["datacenter"] == 0].tolist()) == {0}
    assert set(issues["issue_us"][issues["datacenter"] == 1].tolist()) == {0, 6 * H_US}


def test_without_faults_there_is_no_file(tmp_path: Path) -> None:
    prepare(write(tmp_path), tmp_path / "out")
    assert not (tmp_path / "out" / "input" / "faults.gsf").exists()
