"""What physics allows at most: the fence around every prediction, and around every report that is learned from."""

from __future__ import annotations

import numpy as np

from greensched.core.types import F64, DatacenterState, TaskTable, World
from greensched.core.units import J_PER_KWH
from greensched.predictors.facts import Facts
from greensched.predictors.pue import MostFacility

ENVELOPE = 10.0  # times the most power that a task's share can draw: noise and co-runners stay far below
LONGEST_S = 10 * 365.25 * 86400.0


class Envelope:
    """The most energy of a task: ``ENVELOPE`` times what its share of the hungriest host could draw."""

    def __init__(self, world: World) -> None:
        facts = Facts.of(world)
        self._core_w = float(np.nanmax(facts.max_core_w, initial=0.0))
        self._gpu_w = float(np.nanmax(facts.max_gpu_w, initial=0.0))
        self._most = MostFacility(world)

    def kwh_per_s(self, state: DatacenterState, tasks: TaskTable) -> F64:
        """Bound of the energy per second of execution, shape (tasks, datacenters)."""
        power_w = tasks.cores * self._core_w + tasks.gpus * self._gpu_w
        bound: F64 = self._most.w(state, power_w) * (ENVELOPE / J_PER_KWH)
        return bound
