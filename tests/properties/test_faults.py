"""What must hold whatever breaks: random faults, every policy, both modes, both execution models, both bridges.

What each interruption costs is worked out by hand in JUnit (FaultsTest); here nothing may be lost or counted twice.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from greensched.core.frames import read_frame, read_frames
from greensched.core.types import TaskState
from greensched_bridge.inside import run_world_inside
from greensched_bridge.launch import run_world
from tests.properties.test_invariants import HOURS, scenario
from tests.worlds import Site, Task, host, jobs_table, write_faults, write_world

pytestmark = pytest.mark.java
REL = 1e-9
HOST, DATACENTER, SIGNAL, WITHDRAWN, CAPPED = range(5)
Fault = tuple[float, ...]
Case = tuple[list[Site], list[Task], dict[str, Any]]
RANDOM_WORLDS = {
    "deadline": None,
    "phases": [Phase.explicit, Phase.reuse, Phase.generate],
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large],
}


@st.composite
def faulty(draw: st.DrawFn) -> tuple[Case, list[Fault]]:
    places, tasks, run = draw(scenario())
    rules = {
        "failed_power": draw(st.sampled_from(["idle", "off"])),
        "interrupted": draw(st.sampled_from(["requeue", "requeue", "fail"])),
        "max_attempts": draw(st.sampled_from([0, 0, 2])),
    }
    checkpoint = {
        "interval_s": draw(st.floats(1, 2000)),
        "write_s": draw(st.floats(0, 30)),
        "restart_s": draw(st.floats(0, 90)),
    }
    execution = draw(st.sampled_from(["exact", "cloudsim"]))
    run |= {"faults": rules, "checkpoint": draw(st.sampled_from([None, checkpoint])), "execution": execution}
    return (places, tasks, run), [draw(fault(places)) for _ in range(draw(st.integers(1, 10)))]


@st.composite
def fault(draw: st.DrawFn, places: list[Site]) -> Fault:
    start_s = round(draw(st.floats(0, HOURS * 3600)), 6)
    end_s = start_s + 1 + round(draw(st.one_of(st.floats(0, 100), st.floats(0, 8000))), 6)
    dc = draw(st.integers(0, len(places) - 1))
    kind = draw(st.sampled_from([HOST, HOST, HOST, DATACENTER, SIGNAL, WITHDRAWN, WITHDRAWN, CAPPED]))
    if kind == CAPPED:
        return (start_s, end_s, kind, dc, 0, 0, draw(st.sampled_from([0.0, 0.25, 0.5, 0.9])))
    if kind not in (HOST, WITHDRAWN):
        return (start_s, end_s, kind, dc, 0, 0)
    hosts = sum(block["count"] for block in places[dc].hosts)
    first = draw(st.integers(0, hosts - 1))
    return (start_s, end_s, kind, dc, first, draw(st.integers(1, hosts - first)))


def write(folder: Path, case: Case, faults: list[Fault]) -> Path:
    places, tasks, run = case
    write_world(folder, places, tasks, hours=HOURS, **run)
    write_faults(folder, faults)
    return folder


@settings(max_examples=60, **RANDOM_WORLDS)  # type: ignore[arg-type]
@given(faulty())
def test_nothing_is_lost_or_counted_twice(case: tuple[Case, list[Fault]]) -> None:
    with TemporaryDirectory() as temporary:
        folder = write(Path(temporary) / "w", *case)
        assert run_world_inside(folder).exit_code == 0
        check(folder, case[0][1], case[0][2])


@settings(max_examples=6, **RANDOM_WORLDS)  # type: ignore[arg-type]
@given(faulty())
def test_both_bridges_decide_the_same_to_the_byte(case: tuple[Case, list[Fault]]) -> None:
    with TemporaryDirectory() as temporary:
        folders = [write(Path(temporary) / name, *case) for name in ("one", "two")]
        assert run_world_inside(folders[0]).exit_code == run_world(folders[1]).exit_code == 0
        for name in ("decisions.gsf", "jobs.gsf", "datacenters.gsf", "hosts.gsf"):
            one, two = ((folder / "world" / name).read_bytes() for folder in folders)
            assert one == two, name


def check(folder: Path, tasks: list[Task], run: dict[str, Any]) -> None:
    """Every task is somewhere, every joule and gram is somebody's, and time is not used twice."""
    world = json.loads((folder / "world" / "world.json").read_text())
    jobs = jobs_table(folder)
    hosts = read_frame(folder / "world" / "hosts.gsf").table("hosts")
    slots = [f.table("datacenters") for f in read_frames(folder / "world" / "datacenters.gsf")]
    assert sum(world["tasks"].values()) == world["arrived"] == len(tasks)
    _check_tasks(jobs, run, world["interruptions"])
    totals = world["totals"]
    charged_kwh = jobs["dynamic_kwh"].sum() + jobs["idle_kwh"].sum()
    charged_g = jobs["dynamic_g"].sum() + jobs["idle_g"].sum()
    free_kwh = hosts["idle_kwh"].sum() + totals["fixed_overhead_kwh"]
    for one, other in (
        (totals["it_kwh"], hosts["it_kwh"].sum()),
        (totals["facility_kwh"], hosts["facility_kwh"].sum() + totals["fixed_overhead_kwh"]),
        (totals["facility_kwh"], charged_kwh + free_kwh),
        (totals["attributed_kwh"], charged_kwh),
        (totals["attributed_g"], charged_g),
        (totals["carbon_g"], charged_g + totals["idle_g"]),
        (totals["facility_kwh"], sum(float(s["facility_kwh"].sum()) for s in slots)),
        (totals["carbon_g"], sum(float(s["carbon_g"].sum()) for s in slots)),
        (totals["transfer_kwh"], jobs["transfer_kwh"].sum()),
    ):
        assert math.isclose(one, other, rel_tol=REL, abs_tol=1e-12)
    np.testing.assert_allclose(hosts["on_s"] + hosts["asleep_s"] + hosts["down_s"], world["sim_time_s"], rtol=1e-12)


def _check_tasks(jobs: Any, run: dict[str, Any], interruptions: int) -> None:
    state, attempts = jobs["state"], jobs["attempts"]
    finished, failed = state == TaskState.FINISHED, state == TaskState.FAILED
    assert (attempts[finished] >= 1).all()
    assert (jobs["done_frac"][finished] == 1).all()
    assert np.isfinite(jobs["finish_s"][finished | failed]).all()
    assert (attempts[state == TaskState.REJECTED] == 0).all()
    # every start but the last of each task ended in an interruption, and so did the last one of those that failed
    again = int(np.maximum(attempts - 1, 0).sum()) + int(failed.sum())
    assert interruptions >= again
    if run["faults"]["interrupted"] == "fail":
        assert (attempts <= 1).all()
    if most := run["faults"]["max_attempts"]:
        assert (attempts <= most).all()


def test_the_failure_case_of_opendc(tmp_path: Path) -> None:
    """Ten minutes at 150 W on a host that idles at 100 W and fails at 5 min for 5 min: 20 min and exactly 165,000 J."""
    site = Site("a", [host(1, 1, [100.0, 200.0])], [100.0])
    for name, faults, minutes, joules in (
        ("failed", [(300.0, 600.0, HOST, 0, 0, 1)], 20, 165_000),
        ("not", [], 10, 90_000),
    ):
        folder = write_world(
            tmp_path / name, [site], [Task(0, 600, cpu_util_frac=0.5)], hours=1, horizon_us=minutes * 60_000_000
        )
        write_faults(folder, faults)
        end = run_world_inside(folder)
        assert jobs_table(folder)["finish_s"].tolist() == [minutes * 60.0]
        assert end.status["totals"]["it_kwh"] * 3.6e6 == joules
