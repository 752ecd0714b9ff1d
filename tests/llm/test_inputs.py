"""Numbers that the head is told: on which host a task would land."""

from __future__ import annotations

import numpy as np
import pytest

from greensched.predictors.llm.inputs import Hosts
from greensched.testing.worlds import datacenter, host, idle_state, observation, tasks, world

PLAIN = host(count=1, cores=48.0, power_w=(100.0, 580.0), speed=(1.0, 1.0))  # 10 W a core
NODE = host(
    type="a100", count=1, cores=96.0, gpus=8, gpu_type=0, power_w=(300.0, 780.0), speed=(2.0, 2.0), gpu_max_w=400.0
)  # 5 W a core
W = world([datacenter(0, "us", [PLAIN, NODE])], gpu_types=("A100",), work_classes=("general", "gpu"))


def core_w(w=W, cores=8.0, gpus=0.0, **state):
    """W of each core where a task would land, and the speed there."""
    table = tasks(1, cores=cores, gpus=gpus)
    pairs = Hosts(w, ("A100",)).pairs(observation(w, table, idle_state(w, **state)), table)
    return float(pairs.core_w[0, 0] / cores), float(pairs.speed[0, 0, 0])


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ({}, (10.0, 1.0)),  # all is free: hosts without GPUs first
        ({"free_cores": 100.0, "max_free_cores": 96.0}, (5.0, 2.0)),  # four cores are left there
        ({"free_cores": 104.0, "max_free_cores": 96.0}, (10.0, 1.0)),  # eight are
        ({"free_cores": 58.0, "max_free_cores": 48.0, "free_gpus": 1.0}, (10.0, 1.0)),  # the other one is full
        ({"free_cores": 54.0, "max_free_cores": 50.0, "free_gpus": 4.0}, (5.0, 2.0)),
        ({"free_cores": 8.0, "max_free_cores": 4.0}, (10.0, 1.0)),  # no room anywhere: it waits
    ],
)
def test_what_has_no_room_lands_on_hosts_with_gpus(state, expected):
    assert core_w(**state) == pytest.approx(expected)


def test_tasks_for_gpus_do_not_move():
    assert core_w(gpus=1.0, free_cores=20.0, max_free_cores=16.0, free_gpus=2.0) == pytest.approx((5.0, 2.0))


def test_of_many_hosts_it_is_estimated():
    hosts = [host(count=4, cores=48.0, power_w=(100.0, 580.0)), host(**{**vars(NODE), "count": 2})]
    many = world([datacenter(0, "us", hosts)], gpu_types=("A100",), work_classes=("general", "gpu"))
    assert core_w(many)[0] == pytest.approx(10.0)
    assert core_w(many, free_cores=196.0, max_free_cores=96.0)[0] == pytest.approx(5.0)  # both nodes idle
    assert core_w(many, free_cores=292.0, max_free_cores=96.0)[0] == pytest.approx(10.0)


def test_where_all_hosts_are_alike_nothing_moves():
    alike = world([datacenter(0, "us", [PLAIN])], work_classes=("general", "gpu"))
    assert core_w(alike, free_cores=2.0, max_free_cores=2.0)[0] == pytest.approx(10.0)
    assert np.isfinite(core_w(alike)).all()
