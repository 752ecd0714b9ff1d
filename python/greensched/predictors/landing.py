"""Which host a task would get now: the usual one, or another because that one is full or out of service.

The state of a datacenter sums over its hosts, so some of this is inferred; where it cannot be told, the usual host
stands. All predictors ask here, so that none knows more than another.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from greensched.core.types import F64, DatacenterState, TaskTable, World
from greensched.predictors.facts import Bool, Facts, in_order

_TINY: Final = 1e-6
_MOST_OUTAGES: Final = 1_000
"""Ways for hosts of a datacenter to be out of service, among which the one that is, is looked for."""

Types = NDArray[np.intp]


class Landing(NamedTuple):
    """Where tasks would go, each of shape (tasks, datacenters); index the flattened :class:`Facts` with the types.

    Attributes:
        feasible: whether any host there could ever hold the task.
        usual: the host type that takes it while there is room everywhere.
        now: the host type whose cores it would get now.
    """

    feasible: Bool
    usual: Types
    now: Types


class Landings:
    """Finds them in a world, tabulated once."""

    def __init__(self, world: World, facts: Facts) -> None:
        self.facts = facts
        self._cores, self._gpus = np.nan_to_num(facts.cores), np.nan_to_num(facts.gpus)
        self._has_gpus = self._gpus > 0
        self._count: F64 = np.zeros(facts.cores.shape)
        for d in world.datacenters:
            self._count[d.index, : len(d.hosts)] = [host.count for host in in_order(d)]
        self._mixed = bool((self._has_gpus.any(axis=1) & ((self._count > 0) & ~self._has_gpus).any(axis=1)).any())
        self._sums, self._gone = _outages(self._cores, self._count)
        self._all_cores = (self._count * self._cores).sum(axis=1)
        plain_cores = np.where(self._has_gpus | (self._count == 0), 0.0, self._cores).max(axis=1)
        self._narrowest = float(plain_cores.min(initial=np.inf))
        self._known_out: tuple[bytes, Bool | None] = (b"", None)

    def of(self, state: DatacenterState, tasks: TaskTable) -> Landing:
        """Of every task at every datacenter."""
        out = self._out(state)
        feasible, usual = self.facts.host_type(tasks, out)
        return Landing(feasible, usual, self._now(state, tasks, usual, out) if self._mixed else usual)

    def _out(self, state: DatacenterState) -> Bool | None:
        """Types of hosts that are all out of service, (datacenters, types); None: no type is, as far as can be told.

        The state tells how many cores are out of service: those of which hosts, where only so many of each type have as
        many together. A cap on use that holds back as many cores as hosts have looks the same.
        """
        if self._count.shape[1] == 1 or not (state.failed_cores > 0).any():
            return None
        told = state.failed_cores.tobytes()
        if told != self._known_out[0]:
            found = np.abs(self._sums - state.failed_cores[:, None]) < 0.5  # (datacenters, outages)
            only = (found.sum(axis=1) == 1)[:, None]
            out: Bool = ((found & only)[:, :, None] & self._gone).any(axis=1)
            self._known_out = told, out if out.any() else None
        return self._known_out[1]

    def _now(self, state: DatacenterState, tasks: TaskTable, usual: Types, out: Bool | None) -> Types:
        """Hosts with GPUs take what has no room on the others.

        The state tells the free cores of all hosts together and of the widest. Which are whose follows from the free
        GPUs, whose tasks hold cores beside them: exactly where there is one host of each kind, else about.
        """
        if tasks.gpus.all() or float(tasks.cores.max(initial=0.0)) <= self._surely_cores(state):
            return usual
        count = self._count if out is None else np.where(out, 0.0, self._count)
        plain, with_gpus = ((count * kind).sum(axis=1) for kind in (~self._has_gpus, self._has_gpus))
        mixed = (plain > 0) & (with_gpus > 0)
        plain_widest = np.where(self._has_gpus | (count == 0), 0.0, self._cores).max(axis=1)
        gpu_cores = (count * self._cores * self._has_gpus).sum(axis=1)
        gpus = (count * self._gpus).sum(axis=1)
        expected = gpu_cores * np.minimum(state.free_gpus / np.maximum(gpus, 1.0), 1.0)
        most, rest = state.max_free_cores, np.maximum(state.free_cores - state.max_free_cores, 0.0)
        exact = np.where(np.abs(most - expected) <= np.abs(rest - expected), most, rest)
        about = np.clip(expected, np.where(most > plain_widest, most, 0.0), np.minimum(gpu_cores, state.free_cores))
        beside = np.where((plain == 1) & (with_gpus == 1), exact, about)
        widest = np.minimum(np.maximum(state.free_cores - beside, 0.0), plain_widest)
        plainly = ~self._has_gpus.reshape(-1)[usual]
        full = mixed & plainly & (tasks.gpus[:, None] <= 0) & (tasks.cores[:, None] > widest + _TINY)
        full &= tasks.cores[:, None] <= most + _TINY
        if not full.any():
            return usual
        # the first type with GPUs that could have that much free, and holds the task
        wide = self._has_gpus & (count > 0) & (self._cores >= most[:, None] - _TINY)
        mem_gb = np.nan_to_num(self.facts.mem_gb)
        holds = wide & (tasks.mem_gb[:, None, None] <= mem_gb) & (tasks.cores[:, None, None] <= self._cores + _TINY)
        node = np.arange(len(count)) * count.shape[1] + holds.argmax(axis=2)
        now: Types = np.where(full & holds.any(axis=2), node, usual)
        return now

    def _surely_cores(self, state: DatacenterState) -> float:
        """Cores that a host without GPUs has free everywhere, whatever runs: all is free."""
        idle = bool((state.free_cores >= self._all_cores - _TINY).all())
        return self._narrowest if idle else 0.0


def _outages(cores: F64, count: F64) -> tuple[F64, Bool]:
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
