"""The world's luck, number for number (Java: ``TaskLuck``): what a task meets depends on seed, task and stream only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from greensched.core.types import F64, I64
from greensched.optimizers.problem import Index

_GAMMA = np.uint64(0x9E3779B97F4A7C15)


def luck_factor(seed: int, task: I64 | Index, stream: int, sigma_frac: float) -> F64:
    """Factors with mean 1, log-normal; exactly 1 for sigma 0."""
    if sigma_frac == 0:
        return np.ones(len(task))
    factor: F64 = np.exp(sigma_frac * _gaussian(seed, task, stream) - sigma_frac * sigma_frac / 2.0)
    return factor


def _gaussian(seed: int, task: I64 | Index, stream: int) -> F64:
    """Standard normal numbers, by Box and Muller."""
    with np.errstate(over="ignore"):
        key = _mix(np.array([seed & (2**64 - 1)], dtype=np.uint64) + _GAMMA)
        counter = _mix(key + _GAMMA * (task.astype(np.uint64) + np.uint64(1))) + _GAMMA * np.uint64(2 * stream + 1)
        u1, u2 = _uniform(_mix(counter)), _uniform(_mix(counter + _GAMMA))
    normal: F64 = np.sqrt(-2.0 * np.log(u1)) * np.cos(2.0 * np.pi * u2)
    return normal


def _mix(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def _uniform(bits: NDArray[np.uint64]) -> F64:
    uniform: F64 = ((bits >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
    return uniform
