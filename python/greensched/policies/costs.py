"""What every (task, datacenter) pair costs, term by term: the objective of ``greensched`` (see ``objective``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from greensched.core.types import F64, Observation, Predictions, TaskTable, World
from greensched.core.units import S_PER_HOUR, S_PER_MIN
from greensched.policies.answers import Bool, known_or_worst
from greensched.policies.objective import late_s, transfer_g
from greensched.policies.outlook import Outlook
from greensched.predictors.facts import Facts

Terms = dict[str, F64]
"""What a choice costs by name, in g, each of shape (tasks, datacenters); NaN where it is impossible."""

EARLY = 1e-5
"""Of the price of lateness, per second until the end, where carbon counts for nothing: who is not late ends early."""


@dataclass(frozen=True)
class Weights:
    """What the terms of the objective are worth; 0: the term is left out.

    Attributes:
        carbon: of the grams of CO2eq of energy and of moving data.
        sla_g_per_min: of a minute of lateness.
        price_g_per_currency: of one unit of currency that the electricity costs.
        embodied: of the grams of embodied carbon of the cores while they are used.
        migration_g: of moving a task that had been placed elsewhere.
        hard: whether a start that misses its deadline is taken only where the task has no other.
    """

    carbon: float = 1.0
    sla_g_per_min: float = 10.0
    price_g_per_currency: float = 0.0
    embodied: float = 0.0
    migration_g: float = 0.0
    hard: bool = False


class Costs:
    """The terms of a world's tasks.

    Args:
        world: of the run.
        facts: of the world.
        weights: of the terms.
        intensity: ``forecast`` or ``now``, see the options of the policy.
    """

    def __init__(self, world: World, facts: Facts, weights: Weights, intensity: Literal["forecast", "now"]) -> None:
        self._world, self._facts, self._weights, self._intensity = world, facts, weights, intensity
        self.outlook = Outlook()
        self._embodied_g_per_core_h = facts.embodied_g_per_core_h.ravel()
        self._placed: dict[int, int] = {}

    def terms(
        self, seen: Observation, tasks: TaskTable, predictions: Predictions, start_s: float, sure_s: F64 | None = None
    ) -> Terms:
        """Of starting at ``start_s``.

        Args:
            seen: what is known now.
            tasks: to start.
            predictions: of such a start.
            start_s: now, or later: then NaN where no forecast covers any of the run.
            sure_s: service times that deadlines are held by, (tasks, datacenters); None: the predicted ones.
        """
        now_gpkwh = known_or_worst(seen.state.carbon_gpkwh)
        run_gpkwh = self.intensity_gpkwh(seen, predictions, start_s)
        move_gpkwh = now_gpkwh if start_s <= seen.t_s else self.moving_gpkwh(seen, start_s, now_gpkwh)
        return self.under(seen, tasks, predictions, run_gpkwh, move_gpkwh, start_s, sure_s)

    def under(
        self,
        seen: Observation,
        tasks: TaskTable,
        predictions: Predictions,
        run_gpkwh: F64,
        move_gpkwh: F64,
        start_s: float,
        sure_s: F64 | None,
    ) -> Terms:
        """The terms under given intensities of the run and of moving the data."""
        w = self._weights
        ends_s = start_s + (predictions.service_time_s if sure_s is None else sure_s)
        terms = {"carbon": (w.carbon * predictions.energy_kwh) * run_gpkwh}
        if tasks.data_gb.any() and self._world.kwh_per_gb > 0 and w.carbon > 0:
            terms["transfer"] = w.carbon * transfer_g(tasks, self._world, move_gpkwh)
        terms["lateness"] = late_s(ends_s, tasks.deadline_s) * (w.sla_g_per_min / S_PER_MIN)
        if w.carbon == 0:
            after_s = predictions.service_time_s + (start_s - seen.t_s)
            terms["finish"] = after_s * (EARLY * w.sla_g_per_min / S_PER_MIN)
        return terms | self._optional(seen, tasks, predictions)

    def _optional(self, seen: Observation, tasks: TaskTable, predictions: Predictions) -> Terms:
        """Terms that are left out unless they are asked for."""
        w, terms = self._weights, Terms()
        if w.price_g_per_currency > 0:
            price = seen.state.price_per_kwh
            known = np.zeros_like(price) if np.isnan(price).all() else known_or_worst(price)
            terms["price"] = w.price_g_per_currency * predictions.energy_kwh * known
        if w.embodied > 0:
            hours = (predictions.service_time_s - predictions.wait_s) / S_PER_HOUR
            per_core_h = self._embodied_g_per_core_h[self._facts.host_type(tasks)[1]]
            terms["embodied"] = w.embodied * per_core_h * tasks.cores[:, None] * hours
        if w.migration_g > 0 and self._placed:  # only who was interrupted has made progress
            ids = tasks.task.tolist()
            before = np.array([self._placed.get(task, -1) if task in seen.progress else -1 for task in ids])[:, None]
            elsewhere = (before >= 0) & (before != np.arange(self._world.n_datacenters))
            if elsewhere.any():
                terms["migration"] = w.migration_g * elsewhere.astype(np.float64)
        return terms

    def add_hard(self, terms: Terms, tasks: TaskTable, ends_s: F64, possible: Bool) -> None:
        """Where deadlines are hard, add the term ``deadline``; where they are not, nothing.

        Who has a start in time pays for any other more than all tasks together could save by it.

        Args:
            terms: of every start that a task has, (tasks, ...); NaN where it is impossible.
            tasks: to start.
            ends_s: when they end, of the same shape, at the confidence asked for.
            possible: starts that can be had at all, of the same shape.
        """
        if not self._weights.hard:
            return
        axes = tuple(range(1, ends_s.ndim))
        cost_g = np.where(possible, total_g(terms), np.nan)
        known = np.isfinite(cost_g)
        least_g = np.where(known, cost_g, np.inf).min(axis=axes, initial=np.inf)
        most_g = np.where(known, cost_g, -np.inf).max(axis=axes, initial=-np.inf)
        differ_g = float(np.maximum(most_g - least_g, 0.0)[known.any(axis=axes)].sum())
        with np.errstate(invalid="ignore"):
            late = ends_s > np.expand_dims(tasks.deadline_s, axes)
        in_time = (~late & known).any(axis=axes, keepdims=True)
        terms["deadline"] = np.where(late & in_time, 1.0 + differ_g, 0.0)

    def placed(self, tasks: list[int], dc: list[int]) -> None:
        """Where tasks have been placed; to move them costs something from now on."""
        if self._weights.migration_g > 0:
            self._placed |= {task: d for task, d in zip(tasks, dc, strict=True) if d >= 0}

    def ended(self, tasks: list[int]) -> None:
        """These will not be placed again."""
        for task in tasks if self._placed else ():
            self._placed.pop(task, None)

    def intensity_gpkwh(self, seen: Observation, predictions: Predictions, start_s: float) -> F64:
        """Intensity in g/kWh that every (task, datacenter) pair will meet if it starts at ``start_s``.

        Where no forecast covers any of the run it is that of now; of a later start it is NaN, since nobody should wait
        for what nobody knows.
        """
        now = known_or_worst(seen.state.carbon_gpkwh)
        if start_s <= seen.t_s and (self._intensity == "now" or not seen.forecasts.newest):
            return np.broadcast_to(now, predictions.energy_kwh.shape)
        begin_s, end_s = start_s + predictions.wait_s, start_s + predictions.service_time_s
        ahead = self.outlook.mean_gpkwh(seen.forecasts, len(now), begin_s, end_s)
        return ahead if start_s > seen.t_s else np.where(np.isnan(ahead), now, ahead)

    def moving_gpkwh(self, seen: Observation, start_s: float, now_gpkwh: F64) -> F64:
        """Intensity of every datacenter when data are moved there for a later start."""
        from_s = np.full((1, len(now_gpkwh)), start_s)
        ahead = self.outlook.mean_gpkwh(seen.forecasts, len(now_gpkwh), from_s, from_s + seen.world.slot_s)[0]
        known: F64 = np.where(np.isnan(ahead), now_gpkwh, ahead)
        return known


def total_g(terms: Terms) -> F64:
    """All terms together, in the order in which they stand."""
    columns = iter(terms.values())
    total: F64 = next(columns).copy()
    for column in columns:
        total += column
    return total
