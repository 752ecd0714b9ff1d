"""The objective that ``greensched`` minimises, per (task, option), in grams.

``carbon_weight * (E * I + transfer) + sla_weight_g_per_min * max(0, lateness in minutes)``

*E* is the predicted energy in kWh, *I* the intensity in g/kWh that the run will meet, transfer the carbon of moving the
input data, exactly as the world charges it (0 at home), lateness what start + service time exceed the deadline by.

Two weights, because the paper that proposes E * I + alpha * max(0, s - tau) calls alpha = 0 the ablation "without the
carbon term", while alpha multiplies the term of the deadline: here each ablation sets the weight that it names to 0,
and the second weight has a unit, the grams that one minute of lateness is worth (docs/decisions/0006).
"""

from __future__ import annotations

import numpy as np

from greensched.core.types import F64, Predictions, TaskTable, World
from greensched.core.units import S_PER_MIN


def lateness_s(predictions: Predictions, start_s: F64, deadline_s: F64) -> F64:
    """Predicted lateness in s, shape (tasks, options); 0 without a deadline.

    Args:
        predictions: of shape (tasks, options).
        start_s: start of every option.
        deadline_s: deadline of every task, infinite where it has none.
    """
    return late_s(predictions.service_time_s + start_s, deadline_s)


def late_s(ends_s: F64, deadline_s: F64) -> F64:
    """The same for ends, (tasks, options)."""
    late: F64 = np.maximum(ends_s - deadline_s[:, None], 0.0)
    return late


def transfer_g(tasks: TaskTable, world: World, now_gpkwh: F64) -> F64:
    """Carbon of moving each task's input data to each datacenter, in g, shape (tasks, datacenters).

    Half of the energy is charged at the intensity of the task's home, half at the destination's (PROTOCOL.md §2.1).

    Args:
        tasks: with ``data_gb`` and ``origin``.
        world: energy per gigabyte and the home datacenter of every origin.
        now_gpkwh: intensity of every datacenter now.
    """
    home = world.home[tasks.origin]
    grams: F64 = (0.5 * world.kwh_per_gb) * tasks.data_gb[:, None] * (now_gpkwh[home][:, None] + now_gpkwh[None, :])
    grams[np.arange(len(tasks)), home] = 0.0
    return grams


def objective_g(
    predictions: Predictions,
    intensity_gpkwh: F64,
    moved_g: F64 | float,
    late_s: F64,
    carbon_weight: float,
    sla_weight_g_per_min: float,
) -> F64:
    """The objective in g, shape (tasks, options); NaN where the option is impossible."""
    grams: F64 = predictions.energy_kwh * intensity_gpkwh
    grams += moved_g
    grams *= carbon_weight
    grams += late_s * (sla_weight_g_per_min / S_PER_MIN)
    return grams
