"""What published facts say about running a task in a datacenter: which hosts can hold it, how fast, at what power.

Arrays have shape (datacenters, K), K the largest number of host types in one datacenter; missing entries can hold
nothing. Host types stand in the order of ``in_order``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from greensched.core.types import F64, Datacenter, DatacenterState, HostType, Observation, TaskTable, World

Bool = NDArray[np.bool_]
_VM_MIPS = re.compile(r"(?:^|;)mips=([0-9.]+(?:e[+-]?[0-9]+)?)(?:;|$)")
_SAME = 1e-9


def curve_w(power_w: tuple[float, ...], utilisation_frac: float) -> float:
    """Power in W of a host at a CPU utilisation, by linear interpolation of its evenly spaced curve."""
    grid = np.linspace(0.0, 1.0, len(power_w))
    return float(np.interp(utilisation_frac, grid, power_w))


def in_order(datacenter: Datacenter) -> list[HostType]:
    """Host types in the order in which the world fills them: without GPUs first, then as listed."""
    return sorted(datacenter.hosts, key=lambda host: host.gpus > 0)


@dataclass(frozen=True)
class Facts:
    """Static facts of a world, computed once.

    ``slowness``: mean over work classes of 1 / speed. ``core_w``: dynamic W per allocated core at the assumed
    utilisation. ``gpu_w``: dynamic W per allocated GPU at the assumed utilisation. ``max_core_w``: the largest dynamic
    W that one utilised core can cause. ``idle_w``: of one host, GPUs included. ``capacity_cores``: cores under the
    utilisation cap, ``all_idle_w``: idle W of all hosts together, both of shape (datacenters,).
    """

    cores: F64
    mem_gb: F64
    gpus: F64
    gpu_type: F64
    slowness: F64
    core_w: F64
    gpu_w: F64
    max_core_w: F64
    max_gpu_w: F64
    idle_w: F64
    capacity_cores: F64
    capacity_gpus: F64
    capacity_mem_gb: F64
    all_idle_w: F64
    name_rank: NDArray[np.intp]
    embodied_g_per_core_h: F64
    mips: F64 | None = None  # of one core, for virtual machines; None: the same everywhere

    @staticmethod
    def of(world: World, cpu_utilisation_frac: float = 0.6, gpu_utilisation_frac: float = 0.4) -> Facts:
        """The facts of ``world`` under assumed utilisations of what a task has reserved."""
        n, k = world.n_datacenters, max((len(d.hosts) for d in world.datacenters), default=1)
        table = np.full((12, n, max(k, 1)), np.nan)
        for d in world.datacenters:
            for i, host in enumerate(in_order(d)):
                table[:, d.index, i] = _host_row(host, cpu_utilisation_frac, gpu_utilisation_frac)
        names = [d.name for d in world.datacenters]
        rank = np.empty(n, dtype=np.intp)
        rank[sorted(range(n), key=lambda i: names[i])] = np.arange(n)
        capacity = np.array([d.cores * d.utilisation_cap_frac for d in world.datacenters])
        return Facts(
            cores=table[0], mem_gb=table[1], gpus=table[2], gpu_type=table[3], slowness=table[4], core_w=table[5],
            gpu_w=table[6], max_core_w=table[7], max_gpu_w=table[8], idle_w=table[9],
            capacity_cores=capacity, capacity_gpus=np.array([d.gpus for d in world.datacenters]),
            capacity_mem_gb=np.array([sum(h.count * h.mem_gb for h in d.hosts) for d in world.datacenters]),
            all_idle_w=np.array([sum(h.count * _idle_w(h) for h in d.hosts) for d in world.datacenters]),
            name_rank=rank, embodied_g_per_core_h=table[11],
            mips=table[10] if len(np.unique(table[10][~np.isnan(table[10])])) > 1 else None,
        )  # fmt: skip

    def host_type(self, tasks: TaskTable, out: Bool | None = None) -> tuple[Bool, NDArray[np.intp]]:
        """Which datacenters can ever hold each task, and the flat index of the host type that would take it.

        Args:
            tasks: what asks.
            out: types that are out of service, (datacenters, types): another that can hold the task is preferred.

        Returns:
            ``feasible`` and ``pick``, both of shape (tasks, datacenters); index the flattened facts with ``pick``.
        """
        n, k = self.cores.shape
        # the world rejects a VM that fits nowhere when it arrives: where all hosts are alike nothing is left to ask
        vm_mips = np.zeros(0) if self.mips is None else _vm_mips(tasks.labels)
        if k == 1 and not vm_mips.any() and self._all_fit(tasks):
            everywhere: Bool = np.ones((len(tasks), n), dtype=bool)
            return everywhere, np.broadcast_to(np.arange(n), (len(tasks), n))
        fits: Bool = (tasks.cores[:, None, None] <= self.cores) & (tasks.mem_gb[:, None, None] <= self.mem_gb)
        # the utilisation cap binds an empty datacenter too
        fits &= tasks.cores[:, None, None] <= self.capacity_cores[None, :, None] + 1e-9
        if (tasks.gpus > 0).any():
            gpus, kind = tasks.gpus[:, None, None], tasks.gpu_type[:, None, None]
            fits &= (gpus <= self.gpus) & ((gpus == 0) | (kind < 0) | (kind == self.gpu_type))
        if self.mips is not None and vm_mips.any():
            fits &= (vm_mips[:, None, None] <= self.mips * (1 + _SAME)) | (vm_mips == 0)[:, None, None]
        if k == 1:
            only: Bool = fits[:, :, 0]
            return only, np.broadcast_to(np.arange(n), (len(tasks), n))
        some: Bool = np.any(fits, axis=2)
        if out is not None:
            there = fits & ~out
            fits = np.where(there.any(axis=2, keepdims=True), there, fits)
        return some, fits.argmax(axis=2) + np.arange(n) * k

    def _all_fit(self, tasks: TaskTable) -> bool:
        """The usual case, told from two maxima: every task fits the smallest host of all."""
        smallest_cores, smallest_gb = self._smallest
        cores, mem_gb = tasks.cores.max(initial=0.0), tasks.mem_gb.max(initial=0.0)
        return bool(cores <= smallest_cores and mem_gb <= smallest_gb) and not tasks.gpus.any()

    @cached_property
    def _smallest(self) -> tuple[float, float]:
        """Cores (under the cap) and GB that every datacenter offers on one host; NaN, unknown, fits nothing."""
        # not the built-in min, which forgets a NaN
        return float(np.minimum(self.cores.min(), self.capacity_cores.min())), float(self.mem_gb.min())

    def room_cores(self, state: DatacenterState) -> F64:
        """Cores that a newcomer may count on now: free, under the cap, less what is queued or on its way."""
        under_cap = self.capacity_cores - state.used_cores
        room: F64 = np.minimum(state.free_cores, under_cap) - state.queued_cores - state.inbound_cores
        return room

    def room_gpus(self, state: DatacenterState) -> F64:
        """GPUs that a newcomer may count on now: free, less what is queued or on its way."""
        room: F64 = state.free_gpus - state.queued_gpus - state.inbound_gpus
        return room

    def room_mem_gb(self, state: DatacenterState) -> F64:
        """Memory that a newcomer may count on now: free, less what is queued or on its way."""
        room: F64 = state.free_mem_gb - state.queued_mem_gb - state.inbound_mem_gb
        return room


def left_frac(observation: Observation, tasks: TaskTable) -> F64:
    """Share of each task's work that no checkpoint has kept, shape (tasks,)."""
    saved = observation.progress
    return np.array([1.0 - saved.get(task, 0.0) for task in tasks.task.tolist()])


def _host_row(host: HostType, cpu_frac: float, gpu_frac: float) -> tuple[float, ...]:
    steepest = max(np.diff(host.power_w)) * (len(host.power_w) - 1) / host.cores
    return (
        host.cores,
        host.mem_gb,
        host.gpus,
        host.gpu_type,
        float(np.mean(1.0 / np.asarray(host.speed))),
        (curve_w(host.power_w, cpu_frac) - host.power_w[0]) / host.cores,
        gpu_frac * (host.gpu_max_w - host.gpu_idle_w),
        max(float(steepest), 0.0),
        host.gpu_max_w - host.gpu_idle_w,
        _idle_w(host),
        host.mips,
        host.embodied_g_per_core_h,
    )


def _vm_mips(labels: Sequence[str]) -> F64:
    """MIPS of a core that virtual machines ask for; 0 for other tasks."""
    known: dict[str, float] = {}
    for label in labels:
        if label not in known:
            found = _VM_MIPS.search(label) if "kind=vm" in label else None
            known[label] = float(found[1]) if found else 0.0
    return np.array([known[label] for label in labels], dtype=np.float64)


def _idle_w(host: HostType) -> float:
    return host.power_w[0] + host.gpus * host.gpu_idle_w
