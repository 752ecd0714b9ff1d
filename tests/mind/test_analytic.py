"""The analytic predictor against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from greensched.core.types import Options, Predictions
from greensched.predictors.analytic import AnalyticPredictor
from greensched.predictors.facts import Facts
from greensched.predictors.queueing import queue_s
from greensched.testing.worlds import datacenter, host, idle_state, observation, tasks, world

# 64 cores, 100..420 W linear: at 0.6 utilisation 292 W, so 192 W dynamic over 64 cores = 3 W per allocated core
CPU = host()
GPU = host(type="gpu", gpus=8, gpu_type=0, gpu_idle_w=60.0, gpu_max_w=400.0)  # 0.4 * 340 = 136 W per GPU


def predict(w: object, t: object, options: Options | None = None, **other: object) -> Predictions:
    seen = observation(w, t, **other)  # type: ignore[arg-type]
    predictor = AnalyticPredictor()
    predictor.start(seen.world)
    return predictor.predict(seen, seen.tasks, options or Options.now_everywhere(seen.world.n_datacenters, seen.t_s))


def test_energy_and_time_of_a_cpu_task() -> None:
    """4 cores * 3 W * 1800 s = 21,600 J; times PUE 1.2 = 25,920 J = 0.0072 kWh."""
    got = predict(world([datacenter(0, "a", [CPU])]), tasks(1, cores=4, expected_s=1800))
    assert got.energy_kwh[0, 0] == pytest.approx(0.0072, rel=1e-12)
    assert got.service_time_s[0, 0] == pytest.approx(1800.0)
    assert got.wait_s[0, 0] == 0.0


def test_speed_is_the_mean_of_the_times_over_work_classes() -> None:
    """Speeds 2 and 0.5: mean of 1/2 and 2 is 1.25, so an hour takes 4,500 s and 1.25 x the energy."""
    got = predict(world([datacenter(0, "a", [host(speed=(2.0, 0.5))])]), tasks(1, expected_s=3600))
    assert got.service_time_s[0, 0] == pytest.approx(4500.0)
    assert got.energy_kwh[0, 0] == pytest.approx(3.0 * 4500 * 1.2 / 3.6e6)


def test_gpu_task_runs_on_the_gpu_host_and_cpu_task_does_not() -> None:
    """1 GPU and 8 cores: (136 + 24) W * 3600 s * 1.2 = 0.192 kWh; the CPU host cannot hold it."""
    w = world([datacenter(0, "a", [GPU, CPU]), datacenter(1, "b", [CPU])])
    got = predict(w, tasks(2, cores=8, gpus=[1.0, 0.0]))
    assert got.energy_kwh[0, 0] == pytest.approx(0.192)
    assert np.isnan(got.energy_kwh[0, 1])
    assert np.isnan(got.service_time_s[0, 1])
    assert got.energy_kwh[1, 0] == pytest.approx(8 * 3 * 3600 * 1.2 / 3.6e6)


@pytest.mark.parametrize(("kind", "fits"), [(-1, True), (0, True), (1, False)])
def test_gpu_type_must_match(kind: int, fits: bool) -> None:
    got = predict(world([datacenter(0, "a", [GPU])]), tasks(1, gpus=1.0, gpu_type=kind))
    assert np.isfinite(got.energy_kwh[0, 0]) == fits


def test_data_travels_at_the_published_throughput() -> None:
    """10 GB = 80 Gbit at 1 Gbit/s = 80 s, after a round trip of 20 ms; nothing travels at home."""
    w = world([datacenter(0, "a", [CPU]), datacenter(1, "b", [CPU])])
    got = predict(w, tasks(1, data_gb=10.0))
    assert got.wait_s[0].tolist() == pytest.approx([0.0, 80.02])
    assert got.service_time_s[0].tolist() == pytest.approx([3600.0, 3680.02])
    assert got.energy_kwh[0, 0] == got.energy_kwh[0, 1]


def test_a_full_datacenter_turns_over_once_per_typical_run() -> None:
    """256 cores, 2 free, 30 queued: a 4-core task lacks 4 - (2 - 30) = 32 cores, an eighth of 3600 s = 450 s."""
    w = world([datacenter(0, "a", [CPU])])
    state = idle_state(w, free_cores=2.0, max_free_cores=2.0, used_cores=254.0, queued_cores=30.0)
    assert predict(w, tasks(1, cores=4), state=state).wait_s[0, 0] == pytest.approx(450.0)


def test_no_single_host_with_room_means_waiting_for_ones_own_size() -> None:
    """64 cores are free but no host has more than 2: a 4-core task waits 4 / 256 of 3600 s."""
    w = world([datacenter(0, "a", [CPU])])
    state = idle_state(w, free_cores=64.0, max_free_cores=2.0, used_cores=192.0)
    assert predict(w, tasks(1, cores=4), state=state).wait_s[0, 0] == pytest.approx(56.25)


def test_the_cap_counts_as_full() -> None:
    """Cap 0.5 of 256 = 128 cores, all used: a 1-core task lacks one of 128."""
    w = world([datacenter(0, "a", [CPU], cap=0.5)])
    state = idle_state(w, free_cores=128.0, used_cores=128.0)
    assert predict(w, tasks(1), state=state).wait_s[0, 0] == pytest.approx(3600 / 128)


def test_without_an_estimate_half_of_the_time_that_is_left() -> None:
    w = world([datacenter(0, "a", [CPU])])
    t = tasks(3, expected_s=np.nan, deadline_s=[4100.0, np.inf, 50.0])
    got = predict(w, t, t_s=100.0)
    assert got.service_time_s[:, 0].tolist() == pytest.approx([2000.0, 3600.0, 1.0])


def test_a_later_start_shortens_the_queue() -> None:
    w = world([datacenter(0, "a", [CPU])])
    state = idle_state(w, free_cores=0.0, max_free_cores=0.0, used_cores=256.0, queued_cores=64.0)
    later = Options(np.array([0, 0, 0], dtype=np.int32), np.array([0.0, 600.0, 7200.0]), np.ones(3))
    assert predict(w, tasks(1, cores=64), later, state=state).wait_s[0].tolist() == pytest.approx([1800.0, 1200.0, 0.0])


def test_pue_from_the_published_model_where_none_is_reported() -> None:
    """1.1 + 0.01 * (25 - 15) = 1.2."""
    w = world([datacenter(0, "a", [CPU])])
    w.datacenters[0].pue.update({"model": "temperature", "base": 1.1, "t0_c": 15.0, "slope_per_c": 0.01})
    got = predict(w, tasks(1), state=idle_state(w, pue=np.nan, temperature_c=25.0))
    assert got.energy_kwh[0, 0] == pytest.approx(3 * 3600 * 1.2 / 3.6e6)


@pytest.mark.parametrize(
    ("it_w", "pue"),
    [
        (0.0, 1.3 + 1000 / (0 + 100 + 12)),  # everything is off: the task wakes a whole host of 100 W
        (20.0, 1.3 + 1000 / (20 + 100 + 12)),  # 4 hosts asleep at 5 W each
        (250.0, 1.3 + 1000 / (250 + 4 / 64 * 100 + 12)),  # some sleep: its 4 of 64 cores' share of the idle power
        (900.0, 1.3 + 1000 / (900 + 12)),  # all 4 are awake
    ],
)
def test_a_pue_that_depends_on_load_counts_the_tasks_own(it_w: float, pue: float) -> None:
    """4 cores * 3 W = 12 W more than now, whatever PUE is reported now."""
    w = world([datacenter(0, "a", [CPU])])
    w.datacenters[0].pue.update({"model": "load", "fixed_w": 1000.0, "slope": 1.3})
    got = predict(w, tasks(1, cores=4), state=idle_state(w, pue=51.3, it_w=it_w))
    assert got.energy_kwh[0, 0] == pytest.approx(12 * 3600 * pue / 3.6e6, rel=1e-12)


def test_waiting_counts_what_is_queued_and_on_its_way() -> None:
    """Per turn-over of 3,600 s, the scarcest resource decides.

    4 GPUs, 1 free, 5 queued and 2 inbound; a task of 2 GPUs: (2 + 5 + 2 - 1) / 4 turns = 2 h. A task without GPUs
    does not care. Memory: 64 GB, 8 free, 40 queued; a task of 32 GB: (32 + 40 - 8) / 64 = 1 h.
    """
    there = world([datacenter(0, "a", [host(count=1, mem_gb=64.0, gpus=4, gpu_type=0)])])
    facts = Facts.of(there)
    state = idle_state(there, free_gpus=1, max_free_gpus=1, queued_gpus=5, inbound_gpus=2, queued=5)
    assert queue_s(tasks(1, gpus=2.0), state, facts, 3600.0)[0, 0] == pytest.approx(7200.0)
    assert queue_s(tasks(1), state, facts, 3600.0)[0, 0] == 0.0
    state = idle_state(there, free_mem_gb=8, queued_mem_gb=40, queued=2)
    assert queue_s(tasks(1, mem_gb=32.0), state, facts, 3600.0)[0, 0] == pytest.approx(3600.0)


def test_of_an_interrupted_task_only_the_rest_is_predicted() -> None:
    """A quarter is kept by a checkpoint: 1,350 of 1,800 s at 12 W and PUE 1.2 are left."""
    w = world([datacenter(0, "a", [CPU])])
    got = predict(w, tasks(2, cores=4, expected_s=1800), progress={1: 0.25})
    assert got.service_time_s[:, 0].tolist() == pytest.approx([1800.0, 1350.0])
    assert got.energy_kwh[:, 0].tolist() == pytest.approx([0.0072, 0.0054])


def test_failed_hosts_are_no_capacity_and_no_power_is_worst_of_all() -> None:
    """64 of 128 cores have failed and the others are taken: 64 missing cores turn over once, not half."""
    w = world([datacenter(i, name, [host(count=2)]) for i, name in enumerate("abc")])
    state = idle_state(
        w,
        free_cores=np.zeros(3),
        max_free_cores=np.zeros(3),
        used_cores=np.array([128.0, 64.0, 0.0]),
        failed_cores=np.array([0.0, 64.0, 128.0]),
        down=np.array([0, 0, 1], dtype=np.int32),
    )
    wait_s = queue_s(tasks(1, cores=64.0), state, Facts.of(w), 3600.0)[0]
    assert wait_s.tolist() == pytest.approx([1800.0, 3600.0, 1800.0 + 86400.0])
