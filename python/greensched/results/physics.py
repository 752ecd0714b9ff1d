"""The least that tasks can take and be charged on each group of hosts (Java: ``TaskPhysics``, ``HostPower``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from greensched.core.types import F64
from greensched.optimizers.power_line import power_line
from greensched.optimizers.problem import SLACK, Bool, Index
from greensched.results.luck import luck_factor

JUST: Final = 1e-9
"""Share by which run times and powers are lowered, and capacities raised: this and the world round differently."""

_TIME, _POWER = 0, 1  # streams of luck


@dataclass(frozen=True)
class Site:
    """A group of hosts: its datacenter, what run.json says of it, and what profiles of tasks call it."""

    dc: int
    spec: dict[str, Any]
    kind: int


class Physics:
    """Of all tasks.

    Args:
        config: run.json.
        tasks: columns of tasks.gsf.
        hidden: columns of the table of this name.
        tables: all of hidden.gsf.
        signals: columns of signals.gsf.
        sites: groups of hosts.
    """

    def __init__(
        self, config: Mapping[str, Any], tasks: Mapping[str, Any], hidden: Mapping[str, Any],
        tables: Mapping[str, Mapping[str, Any]], signals: Mapping[str, Any], sites: list[Site],
    ) -> None:  # fmt: skip
        self._config, self._tasks, self._hidden, self._tables = config, tasks, hidden, tables
        self._signals, self._sites, self._n = signals, sites, len(tasks["cores"])

    def runs_and_powers(self, usable_cores: F64) -> tuple[F64, F64]:
        """(tasks, sites) of both; an infinite run where the task never fits, with so many cores of each site usable."""
        config, rows = self._config, np.arange(self._n)
        noise, checkpoint = config["noise"], config.get("checkpoint") or {}
        every_s = checkpoint.get("interval_s") or 0.0
        stretch = 1.0 + checkpoint["write_s"] / every_s if every_s > 0 else 1.0
        alone_s = self._hidden["work_s"] * luck_factor(config["seed"], rows, _TIME, noise["time_sigma_frac"]) * stretch
        power_luck = luck_factor(config["seed"], rows, _POWER, noise["power_sigma_frac"])
        run_s, power_w = np.full((self._n, len(usable_cores)), np.inf), np.zeros((self._n, len(usable_cores)))
        for s, site in enumerate(self._sites):
            fits = self._fit(site, usable_cores[s])
            speed = self._scale("speed", site)
            run_s[fits, s] = (alone_s / speed * self._heat(site.dc))[fits] * (1 - JUST)
            power_w[fits, s] = self._power_w(site, power_luck, fits, run_s[:, s])[fits] * (1 - JUST)
        return run_s, power_w

    def _fit(self, site: Site, usable_cores: float) -> Bool:
        spec, tasks = site.spec, self._tasks
        cores = min(spec["cores"], usable_cores)
        right = (tasks["gpu_type"] < 0) | (tasks["gpu_type"] == spec["gpu_type"])
        fits: Bool = (tasks["gpus"] <= 0) | (right & (np.ceil(tasks["gpus"] - SLACK) <= spec["gpus"]))
        fits &= (tasks["cores"] <= cores + SLACK) & (tasks["mem_gb"] <= spec["mem_gb"] + SLACK)
        return fits

    def _scale(self, name: str, site: Site) -> F64:
        """What the profile of each task says of this kind of host; without one, its class's speed, or 1."""
        work_class = self._hidden["work_class"]
        plain = np.asarray(site.spec["speed"], dtype=np.float64)[work_class] if name == "speed" else np.ones(self._n)
        profile = self._hidden.get("profile")
        table = self._tables.get("profiles", {}).get(name)
        if profile is None or table is None or len(table) == 0:
            return plain
        kinds = 1 + max(one.kind for one in self._sites)
        scale: F64 = np.where(profile >= 0, np.asarray(table)[np.maximum(profile, 0) * kinds + site.kind], plain)
        return scale

    def _heat(self, dc: int) -> F64:
        """How much longer each task takes at the coolest moment."""
        cooling, heat = self._tables.get("cooling", {}), self._hidden.get("heat")
        row = np.flatnonzero(np.asarray(cooling.get("dc", ())) == dc)
        if heat is None or len(row) == 0:
            return np.ones(self._n)
        coolest_c = float(np.min(self._signals[f"{dc}.temperature_c"]))
        longer: F64 = 1.0 + heat * max(0.0, coolest_c - float(cooling["throttle_c"][row[0]]))
        return longer

    def _power_w(self, site: Site, luck: F64, fits: Bool, run_s: F64) -> F64:
        """What each task is charged at least."""
        spec, tasks = site.spec, self._tasks
        curve_w = np.asarray(spec["power_w"], dtype=np.float64)
        if not fits.any():
            return np.zeros(self._n)
        busy = [self._busy(name, site, luck) for name in ("cpu", "gpu")]
        (task, cpu), (_, gpu) = busy
        inside = fits[task]
        weight = (tasks["cores"] * np.where(np.isfinite(run_s), run_s, 0.0))[task][inside]
        usual = float(np.average(cpu[inside], weights=weight)) if weight.sum() > 0 else float(cpu[inside].mean())
        held_w, busy_w = power_line(curve_w, float(cpu[inside].min()), float(cpu[inside].max()), usual)
        watts = tasks["cores"][task] / spec["cores"] * (held_w + busy_w * cpu)
        watts += tasks["gpus"][task] * gpu * (spec["gpu_max_w"] - spec["gpu_idle_w"])
        least_w = np.full(self._n, np.inf)
        np.minimum.at(least_w, task, watts)
        return least_w

    def _busy(self, what: str, site: Site, luck: F64) -> tuple[Index, F64]:
        """(task, share of its cores or GPUs that is busy), a row per phase."""
        phases, name = self._tables.get("phases", {}), f"{what}_util_frac"
        in_phases = np.asarray(phases.get("task", np.zeros(0, np.int64))).astype(np.intp)
        plain = np.setdiff1d(np.arange(self._n), in_phases)
        task = np.concatenate([plain, in_phases])
        own = np.asarray(self._hidden[name])[plain]
        frac = np.concatenate([own, np.asarray(phases[name])]) if len(in_phases) else own
        return task, np.minimum(1.0, np.minimum(1.0, frac * self._scale(f"{what}_scale", site)[task]) * luck[task])
