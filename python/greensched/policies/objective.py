"""The objective that ``greensched`` minimises, per (task, option), in grams.

``carbon_weight * E * I + sla_weight_g_per_min * max(0, lateness in minutes)``

*E* is the predicted energy in kWh, *I* the intensity in g/kWh that the run will meet, lateness what start + service
time exceed the deadline by. Two weights, because the paper that proposes E * I + alpha * max(0, s - tau) calls
alpha = 0 the ablation "without the carbon term", while alpha multiplies the term of the deadline: here each ablation
sets the weight that it names to 0, and the second weight has a unit, the grams that one minute of lateness is worth
(docs/decisions/0006).
"""

from __future__ import annotations

import numpy as np

from greensched.core.types import F64, Predictions
from greensched.core.units import S_PER_MIN


def lateness_s(predictions: Predictions, start_s: F64, deadline_s: F64) -> F64:
    """Predicted lateness in s, shape (tasks, options); 0 without a deadline.

    Args:
        predictions: of shape (tasks, options).
        start_s: start of every option.
        deadline_s: deadline of every task, infinite where it has none.
    """
    late: F64 = np.maximum(predictions.service_time_s + start_s - deadline_s[:, None], 0.0)
    return late


def objective_g(
    predictions: Predictions, intensity_gpkwh: F64, late_s: F64, carbon_weight: float, sla_weight_g_per_min: float
) -> F64:
    """The objective in g, shape (tasks, options); NaN where the option is impossible."""
    grams: F64 = predictions.energy_kwh * intensity_gpkwh
    grams *= carbon_weight
    grams += late_s * (sla_weight_g_per_min / S_PER_MIN)
    return grams
