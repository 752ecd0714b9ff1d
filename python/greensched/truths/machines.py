"""The kinds of hosts of a run, as the truth sees them: published facts of their parts, and how this copy deviates."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from greensched.core.types import F64
from greensched.truths.facts import Gpu, gpus

REFERENCE_GPU = "A100"
_LIKE_A100 = ("fp32", "tf32", "fp16", "bf16", "int8")


@dataclass(frozen=True)
class Machine:
    """One kind of host.

    Attributes:
        name: of the host type.
        speed: of one core relative to the reference core, for general, memory-bound and vector code.
        gpu_type: its GPUs, or None.
        gpu_speed: their speed relative to one A100, as the host type declares it.
    """

    name: str
    speed: tuple[float, float, float]
    gpu_type: str | None = None
    gpu_speed: float = 1.0

    def gpu(self) -> Gpu | None:
        """Facts of its GPUs; of a type that nobody published those of an A100, slower or faster in everything."""
        if self.gpu_type is None:
            return None
        known = gpus().get(self.gpu_type)
        if known is not None:
            return _scaled(known, self.gpu_speed / nominal_speed(self.gpu_type))
        return _scaled(gpus()[REFERENCE_GPU], self.gpu_speed)


def nominal_speed(gpu_type: str) -> float:
    """Dense half-precision peak relative to an A100: what host types declare as their ``gpu`` speed."""
    facts = gpus()
    return facts[gpu_type].peak["fp16"] / facts[REFERENCE_GPU].peak["fp16"]


def _scaled(gpu: Gpu, factor: float) -> Gpu:
    peak = {name: value * factor for name, value in gpu.peak.items()}
    return replace(gpu, peak=peak, bandwidth=gpu.bandwidth * factor)


REFERENCE = Machine("reference", (1.0, 1.0, 1.0), REFERENCE_GPU, 1.0)
"""A core of a Xeon Platinum 8280 and an A100: hidden ``work_s`` is the run time here."""


def core_speeds(machines: list[Machine]) -> F64:
    """Speeds of a core, shape (machines, 3): general, memory, vector."""
    result: F64 = np.array([m.speed for m in machines], dtype=np.float64)
    return result
