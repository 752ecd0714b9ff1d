"""Quantiles for a predictor that has none: split-conformal, with one spread for all jobs without and with GPUs.

So a rival that predicts numbers alone can be asked how sure it may be, on the same held-back worlds as ``llm``.
"""

from __future__ import annotations

import numpy as np

from greensched.core.contracts import Predictor
from greensched.core.types import F64, Observation, Options, Predictions, TaskTable, World
from greensched.feedback.outcomes import Outcomes

LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)


class Conformal:
    """A predictor with quantiles; see Lei et al. 2018, section 2.2.

    Args:
        inner: predicts.
        held: outcomes that calibrate.
    """

    def __init__(self, inner: Predictor, held: list[Outcomes]) -> None:
        self.inner, self.name, self.version = inner, inner.name, f"{inner.version}-conformal"
        self._up = self._factors(held)

    def start(self, world: World) -> None:
        """As the predictor."""
        self.inner.start(world)

    def predict(self, observation: Observation, tasks: TaskTable, options: Options) -> Predictions:
        """With quantiles."""
        told = self.inner.predict(observation, tasks, options)
        on_gpu = (tasks.gpus > 0).astype(int)[:, None]
        run_s = told.service_time_s - told.wait_s
        for k, level in enumerate(LEVELS):
            energy, run = (factor[k][on_gpu] for factor in self._up)
            told.quantiles[level] = (told.energy_kwh * energy, told.wait_s + run_s * run)
        return told

    def _factors(self, held: list[Outcomes]) -> tuple[F64, F64]:
        """True / predicted at each level, of energy and run time, (levels, without and with GPUs)."""
        parts: list[F64] = []
        started = None
        for o in held:
            if started is not o.observation.world:
                started = o.observation.world
                self.inner.start(started)
            everywhere = Options.now_everywhere(started.n_datacenters, o.observation.t_s)
            told = self.inner.predict(o.observation, o.tasks, everywhere)
            usable = np.isfinite(o.energy_kwh) & (o.energy_kwh > 0)
            at = o.row[usable], o.dc[usable]
            run_s = (told.service_time_s - told.wait_s)[at]
            ratios = (o.energy_kwh[usable] / told.energy_kwh[at], o.run_s[usable] / run_s)
            parts.append(np.stack([*ratios, o.tasks.gpus[at[0]] > 0]))
        energy, run, on_gpu = np.concatenate(parts, axis=1)

        def at_levels(ratio: F64) -> F64:
            return np.stack([np.quantile(ratio[on_gpu == g], LEVELS) for g in (0, 1)], axis=1)

        return at_levels(energy), at_levels(run)
