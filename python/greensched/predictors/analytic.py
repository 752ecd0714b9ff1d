"""Physics from published parameters: no learning, no text.

* Run time: the owner's estimate on reference hardware, else half of the time left to the deadline, else
  ``typical_run_s``; times the mean slowness (1 / speed) over work classes of the host where it would land now.
* Power: the host's SPECpower curve at ``cpu_utilisation_frac`` of what the task reserved, per allocated core, plus its
  GPUs' dynamic power at ``gpu_utilisation_frac``. The CPU default 0.6 is the mean used/requested ratio of Google's 2019
  trace; the GPU default 0.4 is the mean of the distribution of A100 power published for the Acme clusters.
* Energy: that power over the run time, times the PUE of now. Where PUE depends on load it is the one with the task's
  own power added, and with the idle power of the host that the task wakes: all of it where so little power is drawn
  that every such host must be asleep, the task's share of it where only some can be.
  A task that was interrupted has left what its last checkpoint did not keep.
* Wait: the longer of staging (round trip + data / throughput) and the queue (see ``queueing``), which overlap.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from greensched.core.types import F64, DatacenterState, Observation, Options, Predictions, TaskTable, World
from greensched.core.units import J_PER_KWH
from greensched.predictors.facts import Facts, left_frac
from greensched.predictors.landing import Landings
from greensched.predictors.pue import has_load_pue, pue_now, pue_with
from greensched.predictors.queueing import queue_s, staging_s

SHORTEST_RUN_S = 1.0


class AnalyticPredictor:
    """Predicts from published facts alone.

    Args:
        cpu_utilisation_frac: share of the reserved cores that a task keeps busy.
        gpu_utilisation_frac: share of the reserved GPUs' dynamic power that a task draws.
        typical_run_s: run time in s where neither an estimate nor a deadline tells, and the turn-over of queues.
    """

    name = "analytic"
    version = "3"

    def __init__(
        self, cpu_utilisation_frac: float = 0.6, gpu_utilisation_frac: float = 0.4, typical_run_s: float = 3600.0
    ) -> None:
        for option, value in (("cpu", cpu_utilisation_frac), ("gpu", gpu_utilisation_frac)):
            if not 0 < value <= 1:
                raise ValueError(f"option '{option}_utilisation_frac': expected a fraction in (0, 1], got {value!r}")
        if not typical_run_s > 0:
            raise ValueError(f"option 'typical_run_s': expected more than 0, got {typical_run_s!r}")
        self.cpu_utilisation_frac = cpu_utilisation_frac
        self.gpu_utilisation_frac = gpu_utilisation_frac
        self.typical_run_s = typical_run_s

    def start(self, world: World) -> None:
        """Compute the facts of the world once."""
        self.facts = Facts.of(world, self.cpu_utilisation_frac, self.gpu_utilisation_frac)
        self.landings = Landings(world, self.facts)
        self.load_pue = has_load_pue(world)

    def predict(self, observation: Observation, tasks: TaskTable, options: Options) -> Predictions:
        """Predict every (task, option) pair; NaN where no host of the datacenter could ever hold the task."""
        state, world = observation.state, observation.world
        feasible, usual, pick = self.landings.of(state, tasks)
        reference_s = self.reference_s(tasks, observation.t_s)
        run_s = reference_s[:, None] * self.facts.slowness.ravel()[pick]
        if observation.progress:
            run_s *= left_frac(observation, tasks)[:, None]
        power_w = tasks.cores[:, None] * self.facts.core_w.ravel()[pick]
        if (tasks.gpus > 0).any():
            gpu_w = np.nan_to_num(self.facts.gpu_w.ravel())[usual]
            power_w += tasks.gpus[:, None] * gpu_w
        if self.load_pue:
            pue = pue_with(state, world, power_w + self.woken_w(tasks, state, pick))
        else:
            pue = pue_now(state, world)
        energy_kwh = power_w * run_s * (pue / J_PER_KWH)
        run_s[~feasible] = np.nan
        energy_kwh[~feasible] = np.nan
        staging = staging_s(tasks, world)
        queueing = queue_s(tasks, state, self.facts, self.typical_run_s)
        if _is_now_everywhere(options, world.n_datacenters, observation.t_s):
            wait_s = np.where(feasible, np.maximum(staging, queueing), np.nan)
            return Predictions(energy_kwh, wait_s + run_s, wait_s)
        dc, later_s = options.dc, options.start_s - observation.t_s
        waits = np.maximum(staging[:, dc], queueing[:, dc] - later_s)
        wait_s = np.where(feasible[:, dc], waits, np.nan)
        return Predictions(energy_kwh[:, dc], wait_s + run_s[:, dc], wait_s)

    def woken_w(self, tasks: TaskTable, state: DatacenterState, pick: NDArray[np.intp]) -> F64:
        """Idle W that each task adds by waking a host, shape (tasks, datacenters); ``pick`` as in :class:`Facts`."""
        idle_w, share = self.facts.idle_w.ravel()[pick], tasks.cores[:, None] / self.facts.cores.ravel()[pick]
        some_asleep = state.it_w < self.facts.all_idle_w
        woken_w: F64 = np.where(state.it_w < idle_w, idle_w, np.where(some_asleep, share * idle_w, 0.0))
        return woken_w

    def reference_s(self, tasks: TaskTable, now_s: float) -> F64:
        """Run time in s on reference hardware: told by the owner, or guessed from the deadline, or typical."""
        expected_s = tasks.expected_s
        unknown = np.isnan(expected_s)
        if not unknown.any():
            return expected_s
        half_s = 0.5 * (tasks.deadline_s - now_s)
        guess_s = np.where(np.isfinite(half_s), np.maximum(half_s, SHORTEST_RUN_S), self.typical_run_s)
        known: F64 = np.where(unknown, guess_s, expected_s)
        return known


def _is_now_everywhere(options: Options, n: int, now_s: float) -> bool:
    return len(options) == n and bool((options.start_s == now_s).all()) and bool((options.dc == np.arange(n)).all())
