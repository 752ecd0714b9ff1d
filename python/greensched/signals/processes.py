"""The luck of all built-in zones of one year: Gaussian series of unit variance that neighbours have in common.

Every zone and part has a stream of its own; :func:`greensched.signals.shapes.mixing` correlates them. All zones are
made together, whatever a scenario lists, so that a zone is the same in every scenario.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from greensched.core.streams import stream
from greensched.core.types import F64
from greensched.signals.shapes import GROUPS, Shape, mixing, shape, shapes
from greensched.signals.zones import zones

DAILY_MEMORY = float(np.exp(-1.0 / (24 * 6)))  # the course of a day is remembered for six days
SMOOTHING = {
    "wind": 0.7,
    "noise": 0.4,
    "price": 0.0,
    "renewable": 0.4,
    "temperature": 0.0,
}  # share and intensity change without a kink
_TEMPERATURE = Shape(0, 0, 0, 0, 0, 0, 0, fast=0.985, slow=0.0, slow_days=1.0, daily=0.0, carbon=0.0, values=())
_BURN_IN_H = 1440
_PARTS = ("fast", "slow", "daily cos", "daily sin")


@lru_cache(maxsize=8)
def processes(seed: int, year: int, hours: int) -> dict[str, F64]:
    """Per process an array (hours, zones in the order of zone_facts.csv)."""
    made: dict[str, F64] = {}
    for group in GROUPS:
        own = {process: _own(seed, year, hours, process) for process in group}
        weights, n = mixing(group), len(zones())
        for k, process in enumerate(group):
            made[process] = np.zeros((hours, n))
            for i in range(n):
                for j in np.flatnonzero(weights[i * len(group) + k]).tolist():
                    # one by one: a product of matrices sums as the machine likes
                    weight = weights[i * len(group) + k, j]
                    made[process][:, i] += weight * own[group[j % len(group)]][:, j // len(group)]
    return made


def _own(seed: int, year: int, hours: int, process: str) -> F64:
    """A process of all zones before they are mixed: hours, weeks and the course of the day, weighted by zone."""
    laws = [law(zone, process) for zone in zones()]
    count = hours + _BURN_IN_H
    luck = [stream(seed, "signals", z, year, process, p).standard_normal(count) for p in _PARTS for z in zones()]
    memory = np.array([_memory(one, part) for part in _PARTS for one in laws])
    smoothing = np.where(np.arange(len(luck)) < len(laws), SMOOTHING[process], 0.0)  # of the part "fast" only
    series = _recall(np.stack(luck, axis=1), memory, smoothing)[_BURN_IN_H:]
    fast, slow, even, odd = (series[:, k * len(laws) : (k + 1) * len(laws)] for k in range(len(_PARTS)))
    of_slow, of_daily = np.array([one.slow for one in laws]), np.array([one.daily for one in laws])
    turn = 2 * np.pi * np.arange(hours)[:, None] / 24.0
    course = even * np.cos(turn) + odd * np.sin(turn)
    result: F64 = np.sqrt(1.0 - of_slow - of_daily) * fast + np.sqrt(of_slow) * slow + np.sqrt(of_daily) * course
    return result


def _memory(one: Shape, part: str) -> float:
    """Lag-1 h autocorrelation of a part."""
    return {"fast": one.fast, "slow": float(np.exp(-1.0 / (24.0 * one.slow_days)))}.get(part, DAILY_MEMORY)


def law(zone: str, process: str) -> Shape:
    """How a process of a zone remembers."""
    if process == "temperature":
        return shapes().get((zone, process), _TEMPERATURE)
    series = "carbon" if process == "noise" else process
    if series == "price" and (zone, series) not in shapes():
        return replace(_TEMPERATURE, fast=0.93)  # a zone without a price: never looked at
    return shape(zone, series)


def _recall(innovations: F64, memory: F64, smoothing: F64) -> F64:
    """Columns of unit variance: x(t) = memory x(t-1) + innovation, and the same again with ``smoothing``."""
    variance = (1 + memory * smoothing) / ((1 - memory**2) * (1 - smoothing**2) * (1 - memory * smoothing))
    first, second = np.zeros(innovations.shape[1]), np.zeros(innovations.shape[1])
    out = np.empty_like(innovations)
    scaled = innovations / np.sqrt(variance)
    for t in range(len(out)):
        first = memory * first + scaled[t]
        second = smoothing * second + first
        out[t] = second
    return out
