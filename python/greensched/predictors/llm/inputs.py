"""What the head is told in numbers: about a job, about the host that would take it, about the datacenter now.

Everything is what operators publish or measure, scaled by fixed constants to about one. A datacenter is known by its
facts, never by its place in a list. What is unknown is 0, which after scaling is near the usual.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from greensched.core.types import F64, I64, DatacenterState, HostType, Observation, TaskTable, World
from greensched.predictors.facts import Facts
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
_MOST_OUTAGES = 1_000  # ways for hosts of a datacenter to be out of service, among which the one that is, is looked for
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
            for i, host in enumerate(sorted(d.hosts, key=lambda h: h.gpus > 0)):
                at = d.index * k + i
                self._speed[at] = speed = _speeds(host, world.work_classes)
                curve_w = _per_core_w(host)
                self._numbers[at] = _host_numbers(host, curve_w, speed)
                self._core_w[at], self._gpu_w[at] = curve_w[-1], host.gpu_max_w - host.gpu_idle_w
                if host.gpus and 0 <= host.gpu_type < len(world.gpu_types):
                    self._gpu[at] = known.get(world.gpu_types[host.gpu_type], 0)
        self._count = _counts(world, k)
        self._has_gpus = np.nan_to_num(self.facts.gpus) > 0
        self._sums, self._gone = _outages(np.nan_to_num(self.facts.cores), self._count)
        self._widest = np.array([[max((h.cores for h in d.hosts), default=1.0)] for d in world.datacenters])[:, 0]

    def pairs(self, observation: Observation, tasks: TaskTable) -> Pairs:
        """Numbers of every task at every datacenter, as things are."""
        out = self._out(observation.state)
        feasible, pick = self.facts.host_type(tasks, out)
        lands = self._lands(observation.state, tasks, pick, out)
        shape = (len(tasks), len(self._widest), len(STATE))
        # the head's correction is that of the usual host: it has seen no task without GPUs on hosts with some
        return Pairs(
            self._numbers[pick], self._gpu[pick], np.broadcast_to(self._state(observation), shape), self._speed[lands],
            tasks.cores[:, None] * self._core_w[lands], tasks.gpus[:, None] * self._gpu_w[pick],
            np.broadcast_to(pue_now(observation.state, observation.world), shape[:2]), feasible,
        )  # fmt: skip

    def _out(self, now: DatacenterState) -> NDArray[np.bool_] | None:
        """Types of hosts that are all out of service, (datacenters, types); None: no type is, as far as can be told.

        The state tells how many cores are out of service: those of which hosts, where only so many of each type have as
        many together.
        """
        if not (now.failed_cores > 0).any():
            return None
        found = np.abs(self._sums - now.failed_cores[:, None]) < 0.5  # (datacenters, outages)
        only = (found.sum(axis=1) == 1)[:, None]
        out: NDArray[np.bool_] = ((found & only)[:, :, None] & self._gone).any(axis=1)
        return out

    def _lands(
        self, now: DatacenterState, tasks: TaskTable, pick: NDArray[np.intp], out: NDArray[np.bool_] | None
    ) -> NDArray[np.intp]:
        """The host type whose cores a task would get now: hosts with GPUs take what has no room on the others.

        The state tells the free cores of all hosts together and of the widest. Which are whose follows from the free
        GPUs, whose tasks hold cores beside them: exactly where there is one host of each kind, else about.
        """
        count = self._count if out is None else np.where(out, 0.0, self._count)
        cores = np.nan_to_num(self.facts.cores)
        plain, with_gpus = ((count * kind).sum(axis=1) for kind in (~self._has_gpus, self._has_gpus))
        mixed = (plain > 0) & (with_gpus > 0)
        if not mixed.any():
            return pick
        plain_widest = np.where(self._has_gpus | (count == 0), 0.0, cores).max(axis=1)
        gpu_cores = (count * cores * self._has_gpus).sum(axis=1)
        gpus = (count * np.nan_to_num(self.facts.gpus)).sum(axis=1)
        expected = gpu_cores * np.minimum(now.free_gpus / np.maximum(gpus, 1.0), 1.0)
        most, rest = now.max_free_cores, np.maximum(now.free_cores - now.max_free_cores, 0.0)
        exact = np.where(np.abs(most - expected) <= np.abs(rest - expected), most, rest)
        about = np.clip(expected, np.where(most > plain_widest, most, 0.0), np.minimum(gpu_cores, now.free_cores))
        beside = np.where((plain == 1) & (with_gpus == 1), exact, about)
        widest = np.minimum(np.maximum(now.free_cores - beside, 0.0), plain_widest)
        full = (tasks.gpus[:, None] <= 0) & (tasks.cores[:, None] > widest + _TINY)
        k = count.shape[1]
        overflow = np.arange(len(count)) * k + (self._has_gpus & (count > 0)).argmax(axis=1)
        mem_gb = self.facts.mem_gb.reshape(-1)[overflow]
        moves = full & mixed & (tasks.cores[:, None] <= most + _TINY) & (tasks.mem_gb[:, None] <= mem_gb)
        lands: NDArray[np.intp] = np.where(moves, overflow, pick)
        return lands

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


def _counts(world: World, k: int) -> F64:
    """How many hosts each type has, (datacenters, types), in the order of the facts; 0 where there is no such type."""
    counts = np.zeros((world.n_datacenters, k))
    for d in world.datacenters:
        for i, host in enumerate(sorted(d.hosts, key=lambda h: h.gpus > 0)):
            counts[d.index, i] = host.count
    return counts


def _outages(cores: F64, count: F64) -> tuple[F64, NDArray[np.bool_]]:
    """Cores of every way in which hosts can be out of service, and which types are all gone then.

    Args:
        cores: of a host of each type, (datacenters, types).
        count: hosts of each type.

    Returns:
        (datacenters, ways) and (datacenters, ways, types); of a datacenter where there are too many ways, none.
    """
    ways: list[NDArray[np.int64]] = []
    for number in count.astype(int):
        few = np.prod(number + 1.0) <= _MOST_OUTAGES
        ways.append(np.array(list(np.ndindex(*(number + 1)))) if few else np.zeros((0, len(number)), dtype=np.int64))
    sums = np.full((len(count), max(map(len, ways))), np.inf)
    gone = np.zeros((*sums.shape, count.shape[1]), dtype=bool)
    for d, lost in enumerate(ways):
        sums[d, : len(lost)] = lost @ cores[d]
        gone[d, : len(lost)] = (lost == count[d]) & (count[d] > 0) & (lost.sum(axis=1) < count[d].sum())[:, None]
    return sums, gone


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
