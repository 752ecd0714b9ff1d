"""An independent, slow re-computation of the meters from who ran where and when.

Shares nothing with the world's implementation: it sweeps over every breakpoint of every host (task starts and ends,
slot boundaries) and multiplies power by time. Hosts never sleep here.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.worlds import Site, Task


@dataclass
class Meters:
    """Energies in kWh, carbon in g; per task arrays in the order of the tasks."""

    facility_kwh: float
    carbon_g: float
    dynamic_kwh: np.ndarray[Any, Any]
    idle_kwh: np.ndarray[Any, Any]
    dynamic_g: np.ndarray[Any, Any]
    idle_g: np.ndarray[Any, Any]


def _curve_w(points: list[float], u: float) -> float:
    return float(np.interp(u, np.linspace(0.0, 1.0, len(points)), points))


def _pue(model: dict[str, Any], t_s: float, it_w: float, site: Site) -> float:
    if model["model"] == "static":
        return float(model["value"])
    if model["model"] == "temperature":
        temperature = site.signals["temperature_c"][int(t_s // 3600) % len(site.signals["temperature_c"])]
        return float(model["base"] + model["slope_per_c"] * max(0.0, temperature - model["t0_c"]))
    return float((model["fixed_w"] + model["slope"] * it_w) / it_w)


def recompute(site: Site, index: int, tasks: list[Task], jobs: Any, end_s: float) -> Meters:
    """Meters of datacenter ``index`` over [0, end_s] from the ``jobs`` table of the world."""
    n = len(tasks)
    result = Meters(0.0, 0.0, np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n))
    mine = [i for i in range(n) if jobs["dc"][i] == index and np.isfinite(jobs["start_s"][i])]
    hosts = [h for h in site.hosts for _ in range(h["count"])]
    cuts = {0.0, end_s, *np.arange(0.0, end_s, 3600.0)}
    for i in mine:
        cuts |= {float(jobs["start_s"][i]), float(jobs["finish_s"][i])}
    ordered = sorted(c for c in cuts if c <= end_s)
    for a, b in itertools.pairwise(ordered):
        _segment(site, a, b, tasks, jobs, mine, hosts, result)
    return result


def _segment(
    site: Site,
    a: float,
    b: float,
    tasks: list[Task],
    jobs: Any,
    mine: list[int],
    hosts: list[dict[str, Any]],
    out: Meters,
) -> None:
    dt_h = (b - a) / 3600.0
    middle = (a + b) / 2
    running = [i for i in mine if jobs["start_s"][i] <= middle < jobs["finish_s"][i]]
    used = np.zeros(len(hosts))
    for i in running:
        used[jobs["host"][i]] += tasks[i].cores * tasks[i].cpu_util_frac
    power = [_curve_w(h["power_w"], used[k] / h["cores"]) + h["gpus"] * h["gpu_idle_w"] for k, h in enumerate(hosts)]
    gpu_w = {i: tasks[i].gpus * tasks[i].gpu_util_frac * _gpu_span_w(hosts[jobs["host"][i]]) for i in running}
    it_w = sum(power) + sum(gpu_w.values())
    pue = _pue(site.pue, middle, it_w, site)
    intensity = site.carbon_gpkwh[int(middle // 3600) % len(site.carbon_gpkwh)]
    out.facility_kwh += pue * it_w * dt_h / 1000
    out.carbon_g += pue * it_w * dt_h / 1000 * intensity
    for i in running:
        k = int(jobs["host"][i])
        host, task = hosts[k], tasks[i]
        above_idle = power[k] - host["power_w"][0] - host["gpus"] * host["gpu_idle_w"]
        share = task.cores * task.cpu_util_frac / used[k] if used[k] > 0 else 0.0
        dynamic_w = above_idle * share + gpu_w[i]
        idle_w = (host["power_w"][0] + host["gpus"] * host["gpu_idle_w"]) * task.cores / host["cores"]
        out.dynamic_kwh[i] += pue * dynamic_w * dt_h / 1000
        out.idle_kwh[i] += pue * idle_w * dt_h / 1000
        out.dynamic_g[i] += pue * dynamic_w * dt_h / 1000 * intensity
        out.idle_g[i] += pue * idle_w * dt_h / 1000 * intensity


def _gpu_span_w(host: dict[str, Any]) -> float:
    return float(host["gpu_max_w"] - host["gpu_idle_w"])
