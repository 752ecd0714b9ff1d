"""On which host a task would land now, and that every predictor knows."""

from __future__ import annotations

import numpy as np
import pytest

from greensched.core.types import Options, Predictions
from greensched.predictors.analytic import AnalyticPredictor
from greensched.predictors.facts import Facts
from greensched.predictors.features import Numbers
from greensched.predictors.landing import Landings
from greensched.predictors.llm.inputs import Hosts
from greensched.testing.worlds import datacenter, host, idle_state, observation, tasks, world

PLAIN = host(count=1, cores=48.0, power_w=(100.0, 580.0), speed=(1.0, 1.0))  # 10 W a core
NODE = host(
    type="a100", count=1, cores=96.0, gpus=8, gpu_type=0, power_w=(300.0, 780.0), speed=(2.0, 2.0), gpu_max_w=400.0
)  # 5 W a core
W = world([datacenter(0, "us", [PLAIN, NODE])], gpu_types=("A100",), work_classes=("general", "gpu"))


def core_w(w=W, cores=8.0, gpus=0.0, **state):
    """W of each core where a task would land, and the speed there; the head of ``llm`` is told the same."""
    table = tasks(1, cores=cores, gpus=gpus)
    seen = observation(w, table, idle_state(w, **state))
    facts = Facts.of(w, cpu_utilisation_frac=1.0)
    now = Landings(w, facts).of(seen.state, table).now[0, 0]
    found = float(facts.core_w.ravel()[now]), 1.0 / float(facts.slowness.ravel()[now])
    told = Hosts(w, ("A100",)).pairs(seen, table)
    assert (told.core_w[0, 0] / cores, told.speed[0, 0, 0]) == pytest.approx(found)
    return found


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


def test_physics_and_xgboost_know_it_too():
    table = tasks(1, cores=8.0, expected_s=np.array([3600.0]))
    physics, numbers = AnalyticPredictor(), Numbers().world(W)
    physics.start(W)
    first = np.zeros(1, np.int32)
    found = []
    for state in ({}, {"free_cores": 100.0, "max_free_cores": 96.0}):
        seen = observation(W, table, idle_state(W, **state))
        said = physics.predict(seen, table, Options.now_everywhere(1, seen.t_s))
        pair = Predictions(*(column.ravel() for column in (said.energy_kwh, said.service_time_s, said.wait_s)))
        columns = numbers.pairs(seen, table, pair, physics.landings, first, first)[0]
        host_cores = np.exp(columns[Numbers().names.index("log_host_cores")])
        found.append((said.energy_kwh[0, 0], said.service_time_s[0, 0] - said.wait_s[0, 0], host_cores))
    # the node is twice as fast, and a core of it draws half as much
    assert found[0][1:] == pytest.approx((3600.0, PLAIN.cores))
    assert found[1] == pytest.approx((found[0][0] / 4, 1800.0, NODE.cores))


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


OLD = host(type="old", count=1, cores=32.0, power_w=(100.0, 740.0))  # 20 W a core
OLD_NODE = host(type="v100", count=1, cores=80.0, gpus=8, gpu_type=0, power_w=(300.0, 1100.0), gpu_max_w=300.0)
ALL = [OLD, PLAIN, OLD_NODE, NODE]
RENEWED = world([datacenter(0, "us", ALL)], gpu_types=("A100",), work_classes=("general", "gpu"))


@pytest.mark.parametrize(
    ("failed_cores", "expected"),
    [
        (0.0, (20.0, 10.0)),  # nothing is out of service: the first that fits
        (PLAIN.cores + NODE.cores, (20.0, 10.0)),  # the new ones, which are not there yet
        (OLD.cores + OLD_NODE.cores, (10.0, 5.0)),  # the old ones: all that is left is new
        (OLD.cores, (10.0, 10.0)),
        (7.0, (20.0, 10.0)),  # some cores of some host: nobody can tell
    ],
)
def test_hosts_that_are_out_of_service_take_nothing(failed_cores, expected):
    free = sum(h.cores for h in ALL) - failed_cores
    gone = NODE.cores + PLAIN.cores == failed_cores
    state = {"failed_cores": failed_cores, "free_cores": free, "max_free_cores": 80.0 if gone else 96.0}
    found = core_w(RENEWED, **state)[0], core_w(RENEWED, gpus=1.0, **state)[0]
    assert found == pytest.approx(expected)


def test_hosts_that_fail_one_by_one_are_not_taken_for_a_type():
    """One of ten hosts of a type has as many cores as the only one of another."""
    a = host(type="a", count=1, cores=64.0, power_w=(100.0, 1380.0))  # 20 W a core
    b = host(type="b", count=10, cores=64.0, power_w=(100.0, 420.0))
    w = world([datacenter(0, "us", [a, b])], work_classes=("general", "gpu"))
    assert core_w(w, failed_cores=64.0, free_cores=640.0, max_free_cores=64.0)[0] == pytest.approx(20.0)


def test_too_many_hosts_and_none_at_all():
    many = world([datacenter(0, "us", [host(count=900), host(type="b", count=900, cores=32.0)])])
    assert core_w(many, failed_cores=64.0)[0] == pytest.approx(5.0)  # of the first
    gone = {"failed_cores": sum(h.cores for h in ALL), "free_cores": 0.0, "max_free_cores": 0.0}
    assert core_w(RENEWED, **gone)[0] == pytest.approx(20.0)  # it waits for the first that comes back


def test_what_does_not_fit_does_not_overflow():
    small = host(**{**vars(NODE), "mem_gb": 16.0})
    w = world([datacenter(0, "us", [PLAIN, small])], gpu_types=("A100",), work_classes=("general", "gpu"))
    table = tasks(1, cores=8.0, gpus=0.0, mem_gb=64.0)
    seen = observation(w, table, idle_state(w, free_cores=100.0, max_free_cores=96.0))
    assert Hosts(w, ("A100",)).pairs(seen, table).core_w[0, 0] / 8.0 == pytest.approx(10.0)


def test_two_types_with_as_many_cores_cannot_be_told_apart():
    alike = world([datacenter(0, "us", [OLD, host(**{**vars(PLAIN), "cores": 32.0})])], work_classes=("general", "gpu"))
    assert core_w(alike, failed_cores=32.0, free_cores=32.0, max_free_cores=32.0)[0] == pytest.approx(20.0)


SMALL_NODE = host(type="g1", count=1, cores=64.0, gpus=8, gpu_type=0, power_w=(300.0, 620.0), speed=(2.0, 2.0))
LARGE_NODE = host(type="g2", count=1, cores=128.0, gpus=8, gpu_type=1, power_w=(300.0, 2860.0), speed=(0.5, 0.5))
NODES = world(
    [datacenter(0, "us", [PLAIN, SMALL_NODE, LARGE_NODE])], gpu_types=("A100", "H100"), work_classes=("general", "gpu")
)


@pytest.mark.parametrize(
    ("cores", "state", "expected"),
    [
        (100.0, {}, (20.0, 0.5)),  # it fits the large node alone, and lands there
        (60.0, {}, (5.0, 2.0)),  # the first that it fits
        (
            8.0,
            {"free_cores": 100.0, "max_free_cores": 100.0, "free_gpus": 6.0},
            (20.0, 0.5),
        ),  # only that one is so free
    ],
)
def test_nobody_lands_on_a_host_that_cannot_hold_them(cores, state, expected):
    assert core_w(NODES, cores=cores, **state) == pytest.approx(expected)
