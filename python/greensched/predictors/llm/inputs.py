"""What the head is told in numbers: about a job, about the host that would take it, about the datacenter now.

Everything is what operators publish or measure, scaled by fixed constants to about one. A datacenter is known by its
facts, never by its place in a list. What is unknown is 0, which after scaling is near the usual.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from greensched.core.types import F64, I64, DatacenterState, HostType, Observation, TaskTable, World
from greensched.predictors.facts import Facts, in_order
from greensched.predictors.landing import Landings
from greensched.predictors.pue import pue_now

JOB: Final = (
    "log_cores", "log1p_gpus", "log1p_mem_gb", "log1p_data_gb", "log_expected_s", "no_estimate", "log_allowed_s",
    "priority", "log_gpus", "has_gpus", "no_deadline",
)  # fmt: skip
HOST: Final = (
    "log_cores", "log_idle_w", "log_core_w_25", "log_core_w_50", "log_core_w_75", "log_core_w_100", "log1p_gpus",
    "log1p_gpu_idle_w", "log1p_gpu_max_w", "log_general", "log_memory", "log_vector", "log_gpu",
)  # fmt: skip
STATE: Final = (
    "utilisation_frac", "free_cores", "widest_cores", "free_gpus", "widest_gpus", "log1p_running", "log1p_queued",
    "log1p_it_w", "temperature", "log_pue",
)  # fmt: skip
CLASSES: Final = ("general", "memory", "vector", "gpu")
"""Classes of work that the head knows; a world that has others tells it their mean."""

_SPEED_SCALE = 3.0
_USUAL_C, _SPREAD_C = 20.0, 10.0
_TINY = 1e-6
_SHORTEST_ALLOWED_S = 100.0  # training saw none shorter
_SMALLEST_SHARE = 0.3  # of a GPU: training saw none smaller, and its logarithm leads far away
LONGEST_S = 366 * 86_400.0  # of an estimate, of what a deadline allows, of a prediction
USUAL_SLACK, LEAST_ALLOWED_S, USUAL_ALLOWED_S = 3.0, 600.0, 6_000.0
"""Of a job without a deadline: so many times its estimate, at least so long; without an estimate either, so long."""


@dataclass(frozen=True)
class Pairs:
    """Numbers of (task, datacenter) pairs, shape (tasks, datacenters, ...); of an impossible pair they mean nothing.

    Attributes:
        host: (.., len(HOST)).
        gpu: number of the GPU type in the vocabulary of the model, 0: none or unknown.
        state: (.., len(STATE)).
        speed: of the host for general, memory-bound, vector code and GPUs, (.., 4).
        core_w: dynamic W of the cores that the task holds, all of them busy.
        gpu_w: dynamic W of the GPUs that it holds, all of them busy.
        pue: now.
        feasible: whether any host there could ever hold the task.
    """

    host: F64
    gpu: I64
    state: F64
    speed: F64
    core_w: F64
    gpu_w: F64
    pue: F64
    feasible: np.ndarray


def job_numbers(tasks: TaskTable) -> F64:
    """Shape (tasks, len(JOB))."""
    told = np.isfinite(tasks.expected_s) & (tasks.expected_s >= 1.0)
    expected_s = np.minimum(np.where(told, tasks.expected_s, 1.0), LONGEST_S)
    # a deadline says roughly how long its owner thinks that the job takes; without one it is taken as usual
    usual_s = np.where(told, np.fmax(USUAL_SLACK * expected_s, LEAST_ALLOWED_S), USUAL_ALLOWED_S)
    allowed_s = tasks.deadline_s - tasks.arrival_s
    free = ~(np.isfinite(allowed_s) & (allowed_s > 0))
    allowed_s = np.clip(np.where(free, usual_s, allowed_s), _SHORTEST_ALLOWED_S, LONGEST_S)
    return np.stack(
        [
            _log(tasks.cores), np.log1p(tasks.gpus), np.log1p(tasks.mem_gb), np.log1p(tasks.data_gb),
            np.where(told, _log(expected_s) / 3.0, 0.0), (~told).astype(float),
            _log(allowed_s) / 3.0,
            tasks.priority.astype(float), _log(np.where(tasks.gpus > 0, np.maximum(tasks.gpus, _SMALLEST_SHARE), 1.0)),
            (tasks.gpus > 0).astype(float), free.astype(float),
        ],
        axis=1,
    )  # fmt: skip


class Hosts:
    """The hosts of a world, tabulated once."""

    def __init__(self, world: World, gpu_names: tuple[str, ...]) -> None:
        self.facts = Facts.of(world)
        n, k = self.facts.cores.shape
        self._numbers, self._speed = np.zeros((n * k, len(HOST))), np.ones((n * k, len(CLASSES)))
        self._gpu = np.zeros(n * k, dtype=np.int64)
        self._core_w, self._gpu_w = np.zeros(n * k), np.zeros(n * k)
        known = {name: number for number, name in enumerate(gpu_names, start=1)}
        for d in world.datacenters:
            for i, host in enumerate(in_order(d)):
                at = d.index * k + i
                self._speed[at] = speed = _speeds(host, world.work_classes)
                curve_w = _per_core_w(host)
                self._numbers[at] = _host_numbers(host, curve_w, speed)
                self._core_w[at], self._gpu_w[at] = curve_w[-1], host.gpu_max_w - host.gpu_idle_w
                if host.gpus and 0 <= host.gpu_type < len(world.gpu_types):
                    self._gpu[at] = known.get(world.gpu_types[host.gpu_type], 0)
        self._landings = Landings(world, self.facts)
        self._widest = np.array([[max((h.cores for h in d.hosts), default=1.0)] for d in world.datacenters])[:, 0]

    def pairs(self, observation: Observation, tasks: TaskTable) -> Pairs:
        """Numbers of every task at every datacenter, as things are."""
        feasible, usual, now = self._landings.of(observation.state, tasks)
        shape = (len(tasks), len(self._widest), len(STATE))
        # the head's correction is that of the usual host: it has seen no task without GPUs on hosts with some
        return Pairs(
            self._numbers[usual], self._gpu[usual], np.broadcast_to(self._state(observation), shape), self._speed[now],
            tasks.cores[:, None] * self._core_w[now], tasks.gpus[:, None] * self._gpu_w[usual],
            np.broadcast_to(pue_now(observation.state, observation.world), shape[:2]), feasible,
        )  # fmt: skip

    def _state(self, observation: Observation) -> F64:
        """Shape (datacenters, len(STATE))."""
        now: DatacenterState = observation.state
        facts = self.facts
        columns = [
            now.utilisation_frac,
            now.free_cores / facts.capacity_cores,
            now.max_free_cores / self._widest,
            now.free_gpus / np.maximum(facts.capacity_gpus, 1.0),
            now.max_free_gpus / 8.0,
            np.log1p(now.running),
            np.log1p(now.queued),
            np.log1p(np.maximum(now.it_w, 0.0)) / 5.0,
            (now.temperature_c - _USUAL_C) / _SPREAD_C,
            np.log(pue_now(now, observation.world)),
        ]
        state: F64 = np.nan_to_num(np.stack(columns, axis=1), posinf=0.0, neginf=0.0)
        return state


def _host_numbers(host: HostType, curve_w: F64, speed: F64) -> list[float]:
    power = [np.log1p(host.gpus), np.log1p(host.gpu_idle_w) / 2.0, np.log1p(host.gpu_max_w) / 2.0]
    speeds = (np.log(speed) * _SPEED_SCALE).tolist()
    return [*_log(np.array([host.cores, host.power_w[0], *curve_w])).tolist(), *map(float, power), *speeds]


def _per_core_w(host: HostType) -> F64:
    """Dynamic W of each core at 25, 50, 75 and 100 % use of the host."""
    grid = np.linspace(0.0, 1.0, len(host.power_w))
    dynamic_w: F64 = (np.interp([0.25, 0.5, 0.75, 1.0], grid, host.power_w) - host.power_w[0]) / host.cores
    return dynamic_w


def _speeds(host: HostType, classes: tuple[str, ...]) -> F64:
    told = dict(zip(classes, host.speed, strict=True))
    usual = float(np.mean(host.speed))
    return np.array([told.get(name, usual) for name in CLASSES])


def _log(values: F64) -> F64:
    logarithms: F64 = np.log(np.maximum(values, _TINY))
    return logarithms
