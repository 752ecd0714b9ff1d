"""Effects of the truth that no predictor's formula has, task by task. docs/generator.md lists them all.

What a job's words mean fixes its work and its speed on every kind of host (:mod:`roofline`, :mod:`cores`); what follows
here depends on circumstances: on neighbours, on the weather, and on bad luck.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from greensched.core.streams import stream
from greensched.core.types import F64

# Dense GPU racks and wide vectors run into thermal limits first. Assumed: public data tell of throttling, not how much.
HEAT_GPU_PER_C, HEAT_VECTOR_PER_C = 0.006, 0.003
GPU_INTERFERENCE, GPU_INTERFERENCE_POWER = 0.06, 2.0
_THROTTLE_C = (24.0, 34.0)
STRAGGLER_SHARE, _STRAGGLER_ALPHA, _STRAGGLER_LEAST = 0.003, 2.5, 0.08


@dataclass(frozen=True)
class NoiseFloor:
    """Sigma of the lognormal luck of run time and of power, so that energy, their product, has the stated noise."""

    time_sigma: float = 0.015
    energy_sigma: float = 0.02

    @property
    def power_sigma(self) -> float:
        """Sigma of the power's luck."""
        return float(np.sqrt(self.energy_sigma**2 - self.time_sigma**2))


def stragglers(seed: int, n: int, share: float) -> F64:
    """Factors on run time: 1, or for the given share of jobs 1.08 and more, with a Pareto tail."""
    rng = stream(seed, "described", "stragglers")
    slow = rng.random(n) < share
    excess = _STRAGGLER_LEAST * (1.0 - rng.random(n)) ** (-1.0 / _STRAGGLER_ALPHA)
    return np.where(slow, 1.0 + np.minimum(excess, 2.0), 1.0)


def throttle_c(seed: int, datacenter: str) -> float:
    """Outdoor temperature from which on a datacenter's hosts throttle, degrees Celsius; by its name."""
    low, high = _THROTTLE_C
    return float(round(stream(seed, "described", "cooling", datacenter).uniform(low, high), 1))
