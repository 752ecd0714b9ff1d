"""Policies ready to decide, and reports of what came of it, for the tests of ``greensched``."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from greensched.core.registry import policy_from_block
from greensched.core.types import Reports, TaskState
from greensched.policies.greensched import GreenSchedPolicy
from greensched.testing.worlds import datacenter, host, world

TWO = world([datacenter(0, "a", [host()]), datacenter(1, "b", [host()])])
SAME = {"carbon_gpkwh": np.array([100.0, 100.0])}


def started(there: Any = TWO, **block: Any) -> GreenSchedPolicy:
    policy, predictor = policy_from_block({"name": "greensched", "intensity": "now", **block})
    assert isinstance(policy, GreenSchedPolicy) and predictor is not None
    predictor.start(there)
    policy.start(there)
    return policy


def reported(n: int, ran_s: np.ndarray, **columns: Any) -> Reports:
    """Reports of tasks 0, 1, ... that were placed at 0 s."""
    values: dict[str, Any] = {f.name: np.zeros(n) for f in dataclasses.fields(Reports)}
    ids = {"task": np.arange(n), "state": np.full(n, TaskState.FINISHED), "attempts": np.ones(n)}
    whole = {name: values[name].astype(np.int64) for name in ("decision", "dc")}
    return Reports(**(values | whole | ids | {"finish_s": ran_s} | columns))
