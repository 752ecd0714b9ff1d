"""The clairvoyant bound: worked out by hand, against who looks at everything, and against the world itself."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import greensched
from greensched.core.errors import ConfigError
from greensched.core.types import TaskState
from greensched.core.units import J_PER_KWH, S_PER_HOUR
from greensched.optimizers.clairvoyant import clairvoyant_bound
from greensched.optimizers.clairvoyant_starts import Deadlines
from greensched.optimizers.foresight import Foresight
from greensched.optimizers.power_line import power_line
from greensched.results.folder import RunFolder
from greensched.results.foresight import foresight_at
from tests.conftest import ROOT, Cli
from tests.worlds import Site, Task, host, play, write_world

LATE_G_PER_S = 10.0 / 60.0


def seen(
    rate_gpkwh: list[list[float]],
    run_h: list[float],
    capacity: float = 1.0,
    due_h: list[float] | None = None,
    **more: Any,
) -> Foresight:
    """Jobs of 1 kW and one core that are all there at once, in as many datacenters as there are rates."""
    rates, n = np.array(rate_gpkwh), len(run_h)
    run_s = np.repeat(np.array(run_h)[:, None] * S_PER_HOUR, len(rates), axis=1)
    made = Foresight(
        slot_s=S_PER_HOUR, end_s=S_PER_HOUR * rates.shape[1], rate_gpkwh=rates, grid_gpkwh=rates,
        dc=np.arange(len(rates)), capacity=np.full((len(rates), 1), capacity), demand=np.ones((n, 1)),
        home=np.zeros(n, dtype=np.intp), release_s=np.zeros(n), ready_s=np.zeros(run_s.shape), run_s=run_s,
        power_w=np.full(run_s.shape, 1000.0), transfer_kwh=np.zeros(run_s.shape),
        deadline_s=np.full(n, np.inf) if due_h is None else np.array(due_h) * S_PER_HOUR,
    )  # fmt: skip
    return dataclasses.replace(made, **more)


def test_one_job_takes_the_cleanest_stretch_wherever_it_begins() -> None:
    assert clairvoyant_bound(seen([[300.0, 100.0, 200.0]], [1.0]), 0.0).value_g == pytest.approx(100.0)
    # an hour and a half: from the second hour on 100 + 200 / 2; to its end 300 / 2 + 100
    assert clairvoyant_bound(seen([[300.0, 100.0, 200.0]], [1.5]), 0.0).value_g == pytest.approx(200.0)
    # it may not end later than after two hours, so it begins in the middle of the first: no grid of hours has that
    due = seen([[300.0, 100.0, 200.0]], [1.5], due_h=[2.0])
    assert clairvoyant_bound(due, 0.0, Deadlines.HARD).value_g == pytest.approx(250.0)
    # for a gram a second it would rather be on time; for a gram an hour rather half an hour late
    assert clairvoyant_bound(due, 1.0).value_g == pytest.approx(250.0)
    assert clairvoyant_bound(due, 1.0 / S_PER_HOUR).value_g == pytest.approx(200.5)
    assert clairvoyant_bound(due, 1.0, Deadlines.NONE).value_g == pytest.approx(200.0)
    assert clairvoyant_bound(due, 1.0, waits=False).value_g == pytest.approx(350.0)


def test_two_jobs_cannot_have_the_same_core() -> None:
    # the clean hour for one, the next best for the other: 100 + 200, and without capacity 100 + 100
    bound = clairvoyant_bound(seen([[300.0, 100.0, 200.0]], [1.0, 1.0]), 0.0)
    assert bound.unlimited_g == pytest.approx(200.0)
    assert bound.value_g == pytest.approx(300.0, rel=2e-3)
    assert bound.value_g <= 300.0
    assert bound.value_g <= bound.most_g == pytest.approx(300.0, rel=5e-3)
    # another place, dirtier, that still beats the third hour
    bound = clairvoyant_bound(seen([[300.0, 100.0, 200.0], [150.0, 900.0, 900.0]], [1.0, 1.0]), 0.0)
    assert bound.value_g == pytest.approx(250.0, rel=2e-3)
    assert bound.of(np.array([True, False])) <= 100.0 + 1e-6  # who finishes but one of them


def test_data_is_moved_at_the_cleanest_moment_before_the_start() -> None:
    # home 0, run at 1: a kWh of data, half at either end; sums of both grids 400, 900, 250
    rates = [[300.0, 800.0, 150.0], [100.0, 100.0, 100.0]]
    one = seen(rates, [1.0], transfer_kwh=np.array([[0.0, 1.0]]), run_s=np.array([[np.inf, S_PER_HOUR]]))
    assert clairvoyant_bound(one, 0.0).value_g == pytest.approx(100.0 + 125.0)
    early = dataclasses.replace(one, deadline_s=np.array([2 * S_PER_HOUR - 60.0]))
    assert clairvoyant_bound(early, 1.0).value_g == pytest.approx(100.0 + 200.0)


def test_nothing_to_do_costs_nothing() -> None:
    assert clairvoyant_bound(seen([[1.0]], []), 0.0).value_g == 0.0
    nowhere = clairvoyant_bound(seen([[1.0]], [2.0]), 0.0)  # it would take longer than the run
    assert (nowhere.value_g, np.isinf(nowhere.job_g).all()) == (0.0, True)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([1.0, 2.0]), st.sampled_from(list(Deadlines)))
def test_it_is_never_above_the_best_of_all_schedules(seed: int, room: float, deadlines: Deadlines) -> None:
    rng = np.random.default_rng(seed)
    rates = rng.uniform(50, 800, (2, 4)).round()
    quarter = S_PER_HOUR / 4
    run_s = rng.integers(2, 9, (3, 2)) * quarter
    ready_s = rng.integers(0, 5, (3, 2)) * quarter
    made = seen(
        rates.tolist(), [1.0] * 3, room, run_s=run_s, ready_s=ready_s, release_s=ready_s.min(axis=1),
        power_w=rng.uniform(100, 1000, (3, 2)), transfer_kwh=rng.uniform(0, 0.1, (3, 2)) * [0, 1],
        deadline_s=ready_s.min(axis=1) + run_s.min(axis=1) + rng.integers(0, 5, 3) * quarter,
    )  # fmt: skip
    late_g_per_s = 0.05 if deadlines is Deadlines.SOFT else 0.0
    bound = clairvoyant_bound(made, late_g_per_s, deadlines)
    best_g, free_g = looked_at_all(made, late_g_per_s, deadlines, quarter)
    assert bound.unlimited_g <= free_g * (1 + 1e-9) and bound.value_g <= best_g * (1 + 1e-9)
    assert bound.unlimited_g <= bound.value_g
    again = clairvoyant_bound(made, late_g_per_s, deadlines, like=bound)
    assert bound.value_g * (1 - 1e-9) <= again.value_g <= best_g * (1 + 1e-9)
    # run times and times are quarters, so the grid holds every breakpoint: without capacity nothing is lost
    assert bound.unlimited_g == pytest.approx(free_g, rel=1e-6)


def looked_at_all(made: Foresight, late_g_per_s: float, deadlines: Deadlines, step_s: float) -> tuple[float, float]:
    """The least cost of all starts on a fine grid: within the capacity at every instant, and without."""
    moments = np.arange(0.0, made.end_s, step_s)
    options = []
    for j in range(len(made.demand)):
        meets = made.fits[j] & (made.ready_s[j] + made.run_s[j] <= made.deadline_s[j])
        mine = []
        for site in np.flatnonzero(made.fits[j]):
            starts = moments[(moments >= made.ready_s[j, site]) & (moments + made.run_s[j, site] <= made.end_s)]
            ends = starts + made.run_s[j, site]
            hard = deadlines is Deadlines.HARD and meets.any()
            rows = np.full(len(starts), j), np.full(len(starts), site)
            cost_g = by_hand_g(made, *rows, starts) + late_g_per_s * np.maximum(0.0, ends - made.deadline_s[j])
            mine += [
                (c, site, a, b)
                for c, a, b in zip(cost_g, starts, ends, strict=True)
                if not (hard and b > made.deadline_s[j])
            ]
        options.append(mine)
    options = [mine for mine in options if mine]
    best_g = np.inf
    for together in itertools.product(*options):
        cost_g = sum(one[0] for one in together)
        if cost_g < best_g and all(
            sum(s == site and a <= t < b for _, s, a, b in together) <= made.capacity[site, 0]
            for _, site, t, _ in together
        ):
            best_g = cost_g
    return best_g, sum(min(mine)[0] for mine in options)


def by_hand_g(made: Foresight, job: Any, site: Any, start_s: Any) -> Any:
    """Carbon of runs, hour by hour, and of the transfer at the cleanest hour that begins before the start."""
    hours = np.arange(made.steps) * S_PER_HOUR
    end_s = start_s + made.run_s[job, site]
    inside_s = np.minimum(end_s[:, None], hours + S_PER_HOUR) - np.maximum(start_s[:, None], hours)
    run_g = (np.maximum(0.0, inside_s) * made.rate_gpkwh[site]).sum(axis=1) * made.power_w[job, site] / J_PER_KWH
    before = (hours <= start_s[:, None]) & (hours + S_PER_HOUR > made.release_s[job][:, None])
    grid = np.where(before, made.grid_gpkwh[0] + made.grid_gpkwh[site], np.inf).min(axis=1)
    return run_g + made.transfer_kwh[job, site] / 2 * grid


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_the_power_line_is_below_what_a_host_draws(seed: int, bent: bool) -> None:
    rng = np.random.default_rng(seed)
    power_w = 100 + np.append(0.0, rng.uniform(0, 50, 4).cumsum())
    power_w = power_w if bent else 100 + np.sort(rng.uniform(0, 50, 4))[::-1].cumsum() - 50 * (seed % 2)
    power_w = np.maximum(power_w, power_w[0])
    least, most = np.sort(rng.uniform(0, 1, 2)).tolist()
    held_w, busy_w = power_line(power_w, least, most, rng.uniform(least, most))
    assert held_w >= 0 and busy_w >= 0
    for _ in range(50):
        cores = rng.dirichlet(np.ones(4))[: rng.integers(1, 4)]
        busy = rng.uniform(least, most, len(cores)) if rng.random() < 0.8 else rng.choice([least, most], len(cores))
        drawn_w = np.interp((cores * busy).sum(), np.linspace(0, 1, len(power_w)), power_w) - power_w[0]
        assert (cores * (held_w + busy_w * busy)).sum() <= drawn_w + 1e-9


def test_a_straight_curve_loses_nothing() -> None:
    held_w, busy_w = power_line(np.array([100.0, 150.0, 200.0]), 0.2, 0.9, 0.5)
    assert held_w + busy_w * 0.5 == pytest.approx(50.0)


# the world itself

POLICIES: dict[str, dict[str, Any]] = {
    "performance": {"name": "performance"},
    "local": {"name": "local-only", "predictor": None},
    "greedy": {"name": "greensched"},
    "careless": {"name": "greensched", "sla_weight_g_per_min": 0.0, "defer": True},
    "batch": {"name": "greensched", "optimizer": "batch"},
    "ahead": {"name": "greensched", "optimizer": "batch", "ahead_h": 8.0, "step_min": 60.0},
}


@pytest.mark.java
def test_no_policy_is_below_it_in_the_demonstration(tmp_path: Any) -> None:
    """Half a day of the demonstration, crowded, with noise, heat, several kinds of hosts, GPUs and data that moves."""
    values = {"horizon": "12h", "drain": "3d", "workload.jobs": 240, "privileged": True, "seed": 5}
    bounds, made = {}, None
    for name, policy in POLICIES.items():
        folder = tmp_path / name
        told = {"predictor": "oracle"} | policy
        told = {key: value for key, value in told.items() if value is not None}
        greensched.simulate(ROOT / "scenarios" / "demo.yml", told, overrides=values, out=folder)
        if made is None:
            made = foresight_at(folder)
            bounds = {kind: clairvoyant_bound(made, LATE_G_PER_S, kind) for kind in Deadlines}
        jobs = RunFolder(folder).jobs
        done = np.asarray(jobs["state"]) == TaskState.FINISHED
        carbon_g = float((jobs["dynamic_g"] + jobs["transfer_g"]).sum())
        late_s = np.maximum(0.0, np.asarray(jobs["finish_s"])[done] - made.deadline_s[done])
        assert carbon_g >= bounds[Deadlines.NONE].of(done), name
        assert carbon_g + LATE_G_PER_S * late_s.sum() >= bounds[Deadlines.SOFT].of(done), name
        if not late_s.any():
            assert carbon_g >= bounds[Deadlines.HARD].of(done), name
    assert bounds[Deadlines.NONE].value_g <= bounds[Deadlines.HARD].value_g * 1.01
    assert bounds[Deadlines.SOFT].unlimited_g < bounds[Deadlines.SOFT].value_g


def crowded(folder: Any, **run: Any) -> Any:
    """Two datacenters with bent power curves, GPUs, two models of PUE, noise, checkpoints and a cap on utilisation."""
    rng = np.random.default_rng(11)
    gpu = host(1, cores=8, gpus=2, gpu_type=0, gpu_idle_w=20.0, gpu_max_w=200.0, power_w=[80.0, 130.0, 150.0, 160.0])
    nap = {"after_s": 600.0, "power_w": 5.0, "wake_s": 30.0, "wake_power_w": 150.0}
    temperature = {"model": "temperature", "base": 1.1, "t0_c": 15.0, "slope_per_c": 0.02}
    sites = [
        Site("a", [host(1, power_w=[100.0, 180.0, 200.0], sleep=nap), gpu], list(rng.uniform(50, 600, 24)),
             pue=temperature, signals={"temperature_c": list(rng.uniform(5, 35, 24))}),
        Site("b", [host(2, power_w=[100.0, 110.0, 200.0])], list(rng.uniform(50, 600, 24)),
             pue={"model": "load", "fixed_w": 30.0, "slope": 1.2}, utilisation_cap_frac=0.75),
    ]  # fmt: skip
    tasks = [
        Task(float(rng.uniform(0, 12 * 3600)), float(rng.uniform(300, 9000)), cores=int(rng.integers(1, 4)),
             interference=0.5, data_gb=float(rng.uniform(0, 20)), origin=i % 2,
             cpu_util_frac=float(rng.uniform(0.1, 1)),
             gpus=[0.0, 0.5, 2.0][i % 3] if i % 4 == 0 else 0.0, gpu_util_frac=float(rng.uniform(0, 1)))
        for i in range(60)
    ]  # fmt: skip
    return write_world(
        folder, sites, tasks, hours=24, gpu_types=["G"], noise={"time_sigma_frac": 0.1, "power_sigma_frac": 0.1},
        network={"kwh_per_gb": 0.02, "rtt_ms": [[0.0, 90.0], [90.0, 0.0]], "gbps": [[1.0] * 2] * 2},
        checkpoint={"interval_s": 600.0, "write_s": 30.0, "restart_s": 10.0},
        faults={"failed_power": "idle", "interrupted": "requeue", "max_attempts": 0}, **run,
    )  # fmt: skip


@pytest.mark.java
@pytest.mark.parametrize("mode", ["slots", "immediate"])
@pytest.mark.parametrize("policy", [{"name": "local-only"}, {"name": "greensched", "predictor": "oracle"}])
def test_it_knows_what_the_world_charges(tmp_path: Any, mode: str, policy: dict[str, Any]) -> None:
    folder = crowded(tmp_path / "run", privileged=True, mode=mode, policy=policy)
    assert play(folder) == "completed"
    made, run = foresight_at(folder), RunFolder(folder)
    jobs = {name: np.asarray(column) for name, column in run.jobs.items()}
    assert (jobs["state"] == TaskState.FINISHED).all()
    job, site = np.arange(len(made.demand)), np.where(jobs["dc"] == 1, 2, jobs["host"])
    took_s = jobs["finish_s"] - jobs["start_s"]
    least_s = made.run_s[job, site]
    assert (took_s >= least_s).all() and np.isclose(took_s, least_s, rtol=1e-8).any()  # who was alone
    assert (jobs["start_s"] >= made.ready_s[job, site] - 1e-6).all()
    assert (jobs["start_s"] <= made.ready_s[job, site] + 1e-6).any()
    # site by site, since the line holds for the sum over those who share a host
    for one in range(3):
        here = site == one
        drawn_g = made.cost_g(job[here], site[here], jobs["start_s"][here], 0.0).sum()
        charged_g = (jobs["dynamic_g"] + jobs["transfer_g"])[here].sum()
        assert 0.4 * charged_g < drawn_g <= charged_g  # bent curves and crowds are what it does not see
    bound = clairvoyant_bound(made, LATE_G_PER_S)
    assert bound.unlimited_g <= bound.value_g <= (jobs["dynamic_g"] + jobs["transfer_g"]).sum()


@pytest.mark.java
def test_the_command_says_what_was_and_what_could_have_been(tmp_path: Any, cli: Cli) -> None:
    folder = crowded(tmp_path / "run", privileged=True)
    assert play(folder) == "completed"
    said = cli("bound", "run").stdout.splitlines()
    assert said[0] == "60 of 60 jobs finished, 0 of them late"  # no deadlines
    carbon, carbon_least, objective, least, free = (float(line.split()[-2]) for line in said[1:6])
    assert free <= least <= objective == carbon >= carbon_least > 0.2 * carbon
    assert "10 g per minute late" in said[3] and "% more" in said[6]


def test_it_is_for_privileged_runs_only(tmp_path: Any) -> None:
    with pytest.raises(ConfigError, match="privileged"):
        foresight_at(crowded(tmp_path / "run"))
    odd = [Site("a", [host(power_w=[100.0, 90.0])], [1.0])]
    with pytest.raises(ConfigError, match="less at work than idle"):
        foresight_at(write_world(tmp_path / "odd", odd, [Task(0.0, 60.0)], hours=1, privileged=True))


@pytest.mark.java
def test_faults_only_add_to_it_unless_they_split_a_run(tmp_path: Any) -> None:
    scenario = {
        "greensched": 1, "name": "stormy", "start": "2022-06-06T00:00:00Z", "horizon": "1d", "drain": "2d", "seed": 3,
        "privileged": True, "policy": {"name": "greensched"},
        "datacenters": [
            {"name": "toronto", "zone": "CA-ON", "hosts": [{"type": "epyc-2021", "count": 1}]},
            {"name": "tokyo", "zone": "JP-TK", "hosts": [{"type": "xeon-2019", "count": 2}]},
        ],
        "workload": {"source": "synthetic", "jobs": 300},
        "faults": {
            "schedule": [{"kind": "datacenter", "datacenter": "toronto", "at": "12h", "lasts": "4h"}],
            "random": [{"kind": "host", "mtbf": "8h", "repair": "1h"}],
        },
    }  # fmt: skip
    result = greensched.simulate(scenario, out=tmp_path / "run")
    jobs, made = result.jobs, foresight_at(tmp_path / "run")
    assert (jobs["attempts"] > 1).sum() > 10
    done = np.asarray(jobs["state"] == "finished")
    cost_g = (jobs["dynamic_g"] + jobs["transfer_g"]).sum() + LATE_G_PER_S * jobs["late_s"].sum()
    assert 0 < clairvoyant_bound(made, LATE_G_PER_S).of(done) <= cost_g
    # with checkpoints a task may do half its work here and half there, which is no start
    kept = dict(scenario, faults=scenario["faults"] | {"checkpoint": {"interval": "15min", "write": "10s"}})  # type: ignore[operator]
    greensched.simulate(kept, out=tmp_path / "kept")
    with pytest.raises(ConfigError, match="keep part of their work"):
        foresight_at(tmp_path / "kept")
