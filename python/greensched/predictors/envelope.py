"""What a prediction can be at most: models and free text may move a prediction only inside physics."""

from __future__ import annotations

from typing import Final

import numpy as np

from greensched.core.types import F64, DatacenterState, TaskTable, World
from greensched.core.units import J_PER_KWH
from greensched.predictors.facts import Facts
from greensched.predictors.pue import MostFacility

ENVELOPE: Final = 10.0  # times the most power that a task's share can draw: noise and co-runners stay far below
LONGEST_S: Final = 10 * 365.25 * 86400.0


class Envelope:
    """The bounds of a world: times up to ten years, and energy by what the reserved share can make a facility draw."""

    def __init__(self, world: World) -> None:
        facts = Facts.of(world)
        self._core_w = float(np.nanmax(facts.max_core_w, initial=0.0))
        self._gpu_w = float(np.nanmax(facts.max_gpu_w, initial=0.0))
        self._most = MostFacility(world)

    def most_kwh_per_s(self, state: DatacenterState, tasks: TaskTable) -> F64:
        """The most kWh for each second of run time, shape (tasks, datacenters).

        ``ENVELOPE`` times what the reserved share of the hungriest host could make the facility draw.
        """
        power_w = tasks.cores * self._core_w + tasks.gpus * self._gpu_w
        most: F64 = self._most.w(state, power_w) * (ENVELOPE / J_PER_KWH)
        return most
