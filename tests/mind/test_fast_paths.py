"""What is decided the quick way is decided the same way as the slow one."""

from __future__ import annotations

import dataclasses
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greensched.core.errors import PolicyError
from greensched.core.types import Decisions
from greensched.optimizers import greedy
from greensched.predictors import queueing
from greensched.predictors.facts import Facts
from greensched.service import checks
from greensched.testing.worlds import datacenter, host, random_world, tasks

ODD = (np.nan, np.inf)


def column(data: st.DataObject, n: int, *values: float) -> np.ndarray[Any, Any]:
    return np.array(data.draw(st.lists(st.sampled_from(values), min_size=n, max_size=n)), dtype=np.float64)


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_all_fit_assigns_as_the_rounds_do(data: st.DataObject) -> None:
    """Ties, full and nearly full datacenters, nothing demanded, impossible pairs, GPUs."""
    n, d = data.draw(st.integers(2, 5)), data.draw(st.integers(1, 4))
    demand, room = (0.0, 0.1, 0.2, 0.3, 1.0, 4.0, 1e-9), (0.0, 0.3, 0.6, 1.0, 4.0, 64.0, 1e12)
    gpus = column(data, n, *demand) if data.draw(st.booleans()) else np.zeros(n)
    priority = column(data, n, 0, 1).astype(np.int32)
    asked = tasks(n, cores=column(data, n, *demand), mem_gb=column(data, n, *demand), gpus=gpus, priority=priority)
    free = greedy.Room(*[column(data, d, *room) for _ in range(5)])
    odd = (*ODD, -np.inf) if data.draw(st.booleans()) else ()
    cost = column(data, n * d, -1.0, 1.0, 1.0, 2.0, *odd).reshape(n, d)
    feasible = column(data, n * d, 1, 1, 1, 0).reshape(n, d) > 0 if data.draw(st.booleans()) else np.ones((n, d), bool)
    rank = np.array(data.draw(st.permutations(range(d))), dtype=np.intp)
    quick = greedy.assign(cost, asked, free, feasible, rank)
    with patch.object(greedy, "_all_fit", lambda *_: False):
        slow = greedy.assign(cost, asked, free, feasible, rank)
    assert quick.dc.tolist() == slow.dc.tolist()
    assert quick.first.tolist() == slow.first.tolist()


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_the_smallest_host_tells_what_every_comparison_does(data: st.DataObject) -> None:
    n, d, k = data.draw(st.integers(0, 4)), data.draw(st.integers(1, 3)), data.draw(st.integers(1, 2))
    size = (0.5, 1.0, 2.0, 4.0, *ODD)
    zero, none = np.zeros((d, k)), np.zeros(d)
    hosts = [column(data, d * k, *values).reshape(d, k) for values in (size, size, (0, 1, 2), (-1, 0, 1))]
    cap = column(data, d, *size)
    facts = Facts(*hosts, *[zero] * 6, cap, none, none, none, np.arange(d), zero)
    asked = tasks(n, cores=column(data, n, *size), mem_gb=column(data, n, *size), gpus=column(data, n, 0, 0, 0.5, 1))
    quick = facts.host_type(asked)
    with patch.object(Facts, "_all_fit", lambda *_: False):
        slow = facts.host_type(asked)
    assert [x.tolist() for x in quick] == [x.tolist() for x in slow]


def test_a_capacity_that_is_unknown_holds_nothing() -> None:
    one = np.ones((1, 1))
    facts = Facts(*[one] * 10, np.array([np.nan]), *[np.ones(1)] * 3, np.arange(1), one)
    feasible, _ = facts.host_type(tasks(1, cores=np.ones(1), mem_gb=np.ones(1)))
    assert not feasible.any()


def test_a_virtual_machine_needs_cores_of_its_mips() -> None:
    """Where hosts differ; a label that is no number, and tasks that are no VM, ask for nothing."""
    slow, fast = host(mips=1000.0), host(mips=2500.5)
    world = random_world(1)
    sites = (datacenter(0, "a", [slow]), datacenter(1, "b", [fast]), datacenter(2, "c", [slow, fast]))
    facts = Facts.of(dataclasses.replace(world, datacenters=sites))
    labels = ["kind=vm;mips=2500.5;scheduler=TimeShared", "kind=vm;mips=1e+03", "kind=vm;mips=fast", "mips=9e9", ""]
    asked = tasks(5, cores=np.ones(5), mem_gb=np.ones(5), labels=labels)
    feasible, pick = facts.host_type(asked)
    assert feasible.tolist() == [[False, True, True], *[[True] * 3] * 4]
    assert pick[:, 2].tolist() == [5, 4, 4, 4, 4]
    alike = Facts.of(dataclasses.replace(world, datacenters=(sites[0], datacenter(1, "b", [slow]))))
    assert alike.host_type(asked)[0].all()


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_room_for_everything_means_no_turnover(data: st.DataObject) -> None:
    n, d = data.draw(st.integers(0, 4)), data.draw(st.integers(1, 3))
    demand, capacity = column(data, n, 0.0, 1.0, 2.0, np.nan), column(data, d, 0.0, 2.0, 4.0, np.inf)
    room = column(data, d, -1.0, 0.0, 1.0, 2.0, *ODD)
    widest = np.inf if data.draw(st.booleans()) else column(data, d, 0.0, 1.0, 2.0, *ODD)
    got = queueing._turnovers(demand, room, widest, capacity)
    missing = np.maximum(demand[:, None] - room, 0.0)
    missing = np.where(demand[:, None] > widest, np.maximum(missing, demand[:, None]), missing)
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = np.where(capacity > 0, missing / capacity, np.inf)
    assert np.array_equal(got, expected, equal_nan=True)


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_the_usual_answer_is_one_that_the_rules_accept(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 4))
    good = data.draw(st.booleans())

    def values(usual: float, *others: float) -> np.ndarray[Any, Any]:
        return column(data, n, *[usual] * 8, *(() if good else others))

    d = Decisions(
        column(data, n, 0, 1, 2, 3).astype(np.int64), values(0, 1, 2, -1, 7).astype(np.int32),
        values(1, 0, 3, -1).astype(np.int32), values(0.0, np.nan, 1e9), values(1.0, 0.0, 2.0, *ODD),
        values(0, 6, 7, -1).astype(np.int32), values(1.0, *ODD), values(1.0, *ODD), ["why"] * n,
    )  # fmt: skip
    asked = d.task if data.draw(st.booleans()) else np.arange(n)

    def verdict() -> str:
        try:
            checks.check_decisions(d, asked, random_world(1, 3), 100.0, "p")
        except PolicyError as error:
            return str(error)
        return "fine"

    quick = verdict()
    with patch.object(checks, "_usual", lambda *_: False):
        assert quick == verdict()


@pytest.mark.parametrize("broken", ["room", "widest"])
def test_the_comparison_notices_a_quick_way_that_does_not_look(broken: str) -> None:
    """The negative control: a datacenter that is full, or whose hosts are, and a quick way that says all fit."""
    full, free = np.array([1.0, 9.0]), np.full(2, 9.0)
    room = greedy.Room(full if broken == "room" else free, free, free, full if broken == "widest" else free, free)
    asked = tasks(2, cores=np.full(2, 2.0))
    cost, feasible = np.array([[1.0, 2.0]] * 2), np.ones((2, 2), dtype=bool)
    honest = greedy.assign(cost, asked, room, feasible, np.arange(2))
    with patch.object(greedy, "_all_fit", lambda *_: True):
        careless = greedy.assign(cost, asked, room, feasible, np.arange(2))
    assert honest.dc.tolist() == [1, 1]
    assert careless.dc.tolist() == [0, 0]
