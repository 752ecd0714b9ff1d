"""Seconds and utilisation of applications of CPUs on each kind of host."""

from __future__ import annotations

import numpy as np

from greensched.truths.facts import Tool
from greensched.truths.machines import Machine, core_speeds
from greensched.truths.roofline import OnMachines


def run(tool: Tool, cores: float, machines: list[Machine]) -> OnMachines:
    """One unit of work on ``cores`` cores: Amdahl's law, and what bounds the code on each kind of core.

    Cores that wait for the serial part are held and idle, so utilisation falls as cores are added. Less than one core
    is a share of it.
    """
    parallel = tool.serial_frac + (1.0 - tool.serial_frac) / cores if cores >= 1.0 else 1.0 / cores
    slowness = (np.array(tool.bound) / core_speeds(machines)).sum(axis=1)
    unit_s = slowness * parallel / tool.units_per_core_s
    busy = 1.0 / (cores * parallel) if cores >= 1.0 else 1.0
    used = np.full(len(machines), np.clip(tool.cpu_util_frac * busy, 0.01, 1.0))
    return OnMachines(unit_s, used, np.zeros(len(machines)))


def interference(tool: Tool) -> tuple[float, float]:
    """Slowdown per share of the host that others hold, and its exponent: memory-bound code suffers most, and late.

    Assumed: no public trace measures it. Bandwidth is contended for only when much of the host is in use.
    """
    _, memory, _ = tool.bound
    return 0.05 + 0.30 * memory, 1.0 + 1.5 * memory
