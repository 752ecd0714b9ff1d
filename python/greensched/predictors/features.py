"""Numbers of (task, datacenter) pairs: what the owner declared, the hosts, the state now, what physics says.

Datacenters and kinds of GPU count by name, never by position: a model applies to a world in any order, and to
datacenters that it never saw, whose columns are all 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greensched.core.types import F64, I32, HostType, Observation, Predictions, TaskTable, World
from greensched.predictors.facts import in_order
from greensched.predictors.landing import Landings

OWNER = (
    "log_cores", "log_gpus", "log_mem_gb", "log_data_gb", "log_expected_s", "log_slack_s", "priority", "any_gpu_type",
)  # fmt: skip
HOST = (
    "log_host_cores", "core_share", "idle_w_per_core", "dynamic_w_per_core", "host_gpus", "gpu_idle_w", "gpu_max_w",
    "slowness", "core_w",
)  # fmt: skip
STATE = (
    "utilisation_frac", "free_cores", "free_gpus", "max_free_cores", "running", "queued", "queued_cores", "queued_gpus",
    "it_w", "pue", "temperature_c", "failed_cores",
)  # fmt: skip
PHYSICS = ("log_prior_run_s", "log_prior_kwh", "log_prior_wait_s")


@dataclass(frozen=True)
class Numbers:
    """The columns of a model: those above, speeds per work class, and one per known name."""

    work_classes: tuple[str, ...] = ()
    gpu_types: tuple[str, ...] = ()
    datacenters: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return [
            *OWNER, *HOST, *STATE, *PHYSICS,
            *(f"log_speed:{c}" for c in self.work_classes),
            *(f"gpu:{g}" for g in self.gpu_types),
            *(f"datacenter:{d}" for d in self.datacenters),
        ]  # fmt: skip

    def to_json(self) -> dict[str, Any]:
        """Plain values; :meth:`from_json` gives back an equal object."""
        return {k: list(v) for k, v in vars(self).items()}

    @staticmethod
    def from_json(stored: Mapping[str, Any]) -> Numbers:
        """The inverse of :meth:`to_json`."""
        return Numbers(*(tuple(stored[k]) for k in ("work_classes", "gpu_types", "datacenters")))

    def world(self, world: World) -> WorldNumbers:
        """These columns in a world; computed once per run."""
        return WorldNumbers(self, world)


class WorldNumbers:
    """The columns of :class:`Numbers` for pairs of one world."""

    def __init__(self, numbers: Numbers, world: World) -> None:
        k = max((len(d.hosts) for d in world.datacenters), default=1)
        width = len(HOST) - 2 + len(numbers.work_classes) + len(numbers.gpu_types)  # slowness and core_w: see `pairs`
        table = np.full((world.n_datacenters, max(k, 1), width), np.nan)
        for d in world.datacenters:
            for i, host in enumerate(in_order(d)):
                table[d.index, i] = _host_row(host, world, numbers)
        self._host: F64 = table.reshape(-1, width)
        self._where = np.array(
            [[d.name == name for name in numbers.datacenters] for d in world.datacenters], np.float64
        )
        self._where = self._where.reshape(world.n_datacenters, len(numbers.datacenters))

    def pairs(
        self, observation: Observation, tasks: TaskTable, prior: Predictions, landings: Landings, row: I32, dc: I32
    ) -> F64:
        """The matrix, one row per pair.

        Args:
            observation: what is known.
            tasks: the tasks.
            prior: what the analytic predictor says of each pair, shape (pairs,).
            landings: of the world.
            row: task of every pair.
            dc: datacenter of every pair.
        """
        state, facts = observation.state, landings.facts
        pick = landings.of(state, tasks).now[row, dc]
        host = self._host[pick]
        has_gpu = tasks.gpus[row] > 0
        with np.errstate(invalid="ignore", divide="ignore"):
            owner = np.stack(_owner(tasks, observation.t_s), axis=1)[row]
            physics = (np.log(prior.service_time_s - prior.wait_s), np.log(prior.energy_kwh), np.log1p(prior.wait_s))
        site = host[:, : len(HOST) - 2]
        gpu_only = site[:, 4:7]
        gpu_only[~has_gpu] = np.nan
        site = np.column_stack([site, facts.slowness.ravel()[pick], facts.core_w.ravel()[pick]])
        site[:, 1] = tasks.cores[row] / site[:, 1]
        named = host[:, len(HOST) - 2 :]
        seen = np.column_stack([getattr(state, name)[dc] for name in STATE])
        return np.column_stack([owner, site, seen, *physics, named, self._where[dc]])


def _owner(tasks: TaskTable, now_s: float) -> tuple[NDArray[Any], ...]:
    slack_s = np.where(np.isfinite(tasks.deadline_s), tasks.deadline_s - now_s, np.nan)
    return (
        np.log(tasks.cores), np.log1p(tasks.gpus), np.log1p(tasks.mem_gb), np.log1p(tasks.data_gb),
        np.log(tasks.expected_s), np.log1p(np.maximum(slack_s, 0.0)), tasks.priority.astype(np.float64),
        np.where(tasks.gpus > 0, (tasks.gpu_type < 0).astype(np.float64), np.nan),
    )  # fmt: skip


def _host_row(host: HostType, world: World, numbers: Numbers) -> list[float]:
    cores, idle_w = host.cores, host.power_w[0]
    speed = dict(zip(world.work_classes, host.speed, strict=False))
    kind = world.gpu_types[host.gpu_type] if 0 <= host.gpu_type < len(world.gpu_types) else None
    return [
        np.log(cores), cores, idle_w / cores, (host.power_w[-1] - idle_w) / cores,
        host.gpus, host.gpu_idle_w, host.gpu_max_w,
        *(np.log(speed[c]) if speed.get(c, 0.0) > 0 else np.nan for c in numbers.work_classes),
        *(float(kind == name) for name in numbers.gpu_types),
    ]  # fmt: skip
