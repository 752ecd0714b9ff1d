"""The numbers that must always hold (design: architecture), on random worlds through the whole chain.

The meters are compared with :mod:`recompute`, an implementation of its own that knows only who ran where and when.
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

from greensched.core.frames import read_frames
from greensched.core.types import TaskState
from tests.properties.recompute import recompute
from tests.worlds import Site, Task, host, jobs_table, play, write_world

HOURS = 6
REL = 1e-9


def close(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=REL, abs_tol=1e-12)


@st.composite
def sites(draw: st.DrawFn, index: int) -> Site:
    blocks = []
    for _ in range(draw(st.integers(1, 2))):
        steps = draw(st.lists(st.floats(0, 150), min_size=2, max_size=6))
        power_w = list(np.cumsum([draw(st.floats(20, 120)), *steps]))
        gpus = draw(st.sampled_from([0, 0, 4]))
        blocks.append(
            host(
                draw(st.integers(1, 3)),
                draw(st.sampled_from([2, 4, 8])),
                power_w,
                gpus=gpus,
                gpu_type=-1 if gpus == 0 else 0,
                gpu_idle_w=30.0 if gpus else 0.0,
                gpu_max_w=300.0 if gpus else 0.0,
                speed=[draw(st.floats(0.5, 2.0))],
            )
        )
    pue = draw(
        st.sampled_from(
            [
                {"model": "static", "value": 1.25},
                {"model": "temperature", "base": 1.1, "t0_c": 15.0, "slope_per_c": 0.013},
                {"model": "load", "fixed_w": 75.0, "slope": 1.08},
            ]
        )
    )
    hourly = st.lists(st.floats(10, 900), min_size=HOURS, max_size=HOURS)
    temperatures = draw(st.lists(st.floats(-5, 40), min_size=HOURS, max_size=HOURS))
    return Site(
        f"dc{index}", blocks, draw(hourly), pue, {"temperature_c": temperatures}, draw(st.sampled_from([1.0, 0.8]))
    )


@st.composite
def tasks_of(draw: st.DrawFn, n_sites: int) -> list[Task]:
    def one() -> Task:
        gpus = draw(st.sampled_from([0, 0, 0, 1, 0.5]))
        arrival_s = draw(st.floats(0, HOURS * 3600 - 1))
        work_s = draw(st.floats(1, 7200))
        return Task(
            round(arrival_s, 6),
            work_s,
            cores=draw(st.sampled_from([0.5, 1, 2, 4])),
            gpus=gpus,
            deadline_s=round(arrival_s + 2 * work_s, 6) if draw(st.booleans()) else None,
            mem_gb=draw(st.floats(0.1, 64)),
            data_gb=draw(st.floats(0, 50)),
            origin=draw(st.integers(0, n_sites - 1)),
            priority=draw(st.integers(0, 2)),
            cpu_util_frac=draw(st.floats(0, 1)),
            gpu_util_frac=draw(st.floats(0, 1)) if gpus else 0.0,
            interference=draw(st.sampled_from([0.0, 0.5])),
        )

    return sorted([one() for _ in range(draw(st.integers(1, 25)))], key=lambda t: t.arrival_s)


@st.composite
def scenario(draw: st.DrawFn) -> tuple[list[Site], list[Task], dict[str, Any]]:
    places = [draw(sites(i)) for i in range(draw(st.integers(1, 3)))]
    n = len(places)
    network = {
        "kwh_per_gb": 0.01,
        "rtt_ms": [[0.0 if i == j else 80.0 for j in range(n)] for i in range(n)],
        "gbps": [[1.0] * n] * n,
    }
    mode = draw(st.sampled_from(["slots", "immediate"]))
    policy = draw(st.sampled_from(["local-only", "performance", "lowest-carbon", "greensched"]))
    block = {"name": policy} if policy in ("local-only", "lowest-carbon") else {"name": policy, "predictor": "analytic"}
    return places, draw(tasks_of(n)), {"network": network, "mode": mode, "policy": block, "gpu_types": ["g"]}


# no shrinking: every attempt starts a JVM, and a random world is small enough to read
@settings(
    max_examples=20,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(scenario())
def test_meters_attribution_and_conservation(case: tuple[list[Site], list[Task], dict[str, Any]]) -> None:
    places, tasks, run = case
    with TemporaryDirectory() as temporary:
        folder = write_world(Path(temporary) / "w", places, tasks, hours=HOURS, **run)
        assert play(folder) == "completed"
        status = json.loads((folder / "world" / "world.json").read_text())
        jobs = jobs_table(folder)
        _check_tasks(tasks, jobs, status)
        _check_capacity(places, tasks, jobs)
        slots = [f.table("datacenters") for f in read_frames(folder / "world" / "datacenters.gsf")]
        for d, site in enumerate(places):
            _check_meters(site, d, tasks, jobs, {k: np.concatenate([s[k] for s in slots]) for k in slots[0]})


def _check_tasks(tasks: list[Task], jobs: Any, status: dict[str, Any]) -> None:
    assert sum(status["tasks"].values()) == len(tasks)
    assert set(np.unique(jobs["state"])) <= {TaskState.FINISHED, TaskState.REJECTED}
    done = jobs["state"] == TaskState.FINISHED
    arrival = np.array([t.arrival_s for t in tasks])
    assert np.all(jobs["placed_s"][done] >= arrival[done] - 1e-9)
    assert np.all(jobs["queued_s"][done] >= jobs["placed_s"][done])
    assert np.all(jobs["start_s"][done] >= jobs["queued_s"][done])
    assert np.all(jobs["finish_s"][done] > jobs["start_s"][done])


def _check_capacity(places: list[Site], tasks: list[Task], jobs: Any) -> None:
    for d, site in enumerate(places):
        hosts = [h for h in site.hosts for _ in range(h["count"])]
        on = [i for i in range(len(tasks)) if jobs["dc"][i] == d and np.isfinite(jobs["start_s"][i])]
        for t in sorted({float(jobs["start_s"][i]) for i in on}):
            now = [i for i in on if jobs["start_s"][i] <= t < jobs["finish_s"][i]]
            total = sum(tasks[i].cores for i in now)
            assert total <= site.utilisation_cap_frac * sum(h["cores"] for h in hosts) + 1e-9
            for k, block in enumerate(hosts):
                here = [tasks[i] for i in now if jobs["host"][i] == k]
                assert sum(x.cores for x in here) <= block["cores"] + 1e-9
                assert sum(x.mem_gb for x in here) <= block["mem_gb"] + 1e-9
                assert sum(x.gpus for x in here) <= block["gpus"] + 1e-9


def _check_meters(site: Site, d: int, tasks: list[Task], jobs: Any, slots: dict[str, Any]) -> None:
    mine = slots["dc"] == d
    end_s = float(slots["t_us"][mine].max()) / 1e6
    expected = recompute(site, d, tasks, jobs, end_s)
    here = jobs["dc"] == d
    for name in ("dynamic_kwh", "idle_kwh", "dynamic_g", "idle_g"):
        np.testing.assert_allclose(jobs[name][here], getattr(expected, name)[here], rtol=REL, atol=1e-12, err_msg=name)
    facility_kwh, carbon_g = slots["facility_kwh"][mine].sum(), slots["carbon_g"][mine].sum()
    assert close(facility_kwh, expected.facility_kwh)
    assert close(carbon_g, expected.carbon_g)
    assert close(facility_kwh, slots["attributed_kwh"][mine].sum() + slots["idle_kwh"][mine].sum())
    assert close(carbon_g, slots["attributed_g"][mine].sum() + slots["idle_g"][mine].sum())
    assert close(slots["attributed_kwh"][mine].sum(), (jobs["dynamic_kwh"] + jobs["idle_kwh"])[here].sum())
    assert close(slots["attributed_g"][mine].sum(), (jobs["dynamic_g"] + jobs["idle_g"])[here].sum())


@pytest.mark.parametrize("mode", ["slots", "immediate"])
def test_scaling_the_intensity_scales_the_carbon(tmp_path: Path, mode: str) -> None:
    tasks = [Task(60.0 * i, 500 + 37 * i, cores=1 + i % 3, cpu_util_frac=0.7) for i in range(20)]
    totals = []
    for factor in (1.0, 3.0):
        places = [Site("a", [host(3)], [factor * g for g in (100, 250, 80)], {"model": "static", "value": 1.3})]
        folder = write_world(tmp_path / f"k{factor}", places, tasks, hours=3, mode=mode)
        assert play(folder) == "completed"
        totals.append(json.loads((folder / "world" / "world.json").read_text())["totals"])
    assert close(totals[1]["carbon_g"], 3 * totals[0]["carbon_g"])
    assert close(totals[1]["facility_kwh"], totals[0]["facility_kwh"])
