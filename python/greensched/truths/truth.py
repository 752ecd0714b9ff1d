"""The hidden truth of described jobs on the machines of a run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from greensched.core.types import F64, I32, I64
from greensched.truths.costs import circumstances, on_machines, work_class
from greensched.truths.described import Meanings
from greensched.truths.machines import REFERENCE, Machine


@dataclass(frozen=True)
class Truth:
    """What is hidden about each job, and about its configuration on each kind of machine.

    ``speed``, ``cpu_scale``, ``gpu_scale``: shape (configurations, machines), relative to the reference machine.
    """

    configuration: I64
    work_class: I32
    cpu_util_frac: F64
    gpu_util_frac: F64
    interference: F64
    interference_power: F64
    heat: F64
    speed: F64
    cpu_scale: F64
    gpu_scale: F64


def truth(meanings: Meanings, machines: list[Machine], work_classes: tuple[str, ...]) -> Truth:
    """The truth of all jobs on the machines of a run."""
    rows = [(meanings.apps.rows[app], cores, gpus) for app, cores, gpus in meanings.configurations]
    on = [on_machines(row, cores, gpus, [REFERENCE, *machines]) for row, cores, gpus in rows]
    seconds, cpu, gpu = (np.array(column) for column in zip(*on, strict=True))
    usable = np.isfinite(seconds[:, 1:])
    speed = np.where(usable, seconds[:, :1] / np.where(usable, seconds[:, 1:], 1.0), 1.0)
    one = meanings.configuration
    neighbours = np.array([circumstances(row) for row, _, _ in rows])
    classes = np.array([work_classes.index(work_class(row)) for row, _, _ in rows], np.int32)
    return Truth(
        configuration=one,
        work_class=classes[one],
        cpu_util_frac=cpu[one, 0],
        gpu_util_frac=gpu[one, 0],
        interference=neighbours[one, 0],
        interference_power=neighbours[one, 1],
        heat=neighbours[one, 2],
        speed=speed,
        cpu_scale=cpu[:, 1:] / cpu[:, :1],
        gpu_scale=np.where(usable & (gpu[:, :1] > 0), gpu[:, 1:] / np.maximum(gpu[:, :1], 1e-9), 1.0),
    )
