"""What an application costs on machines, and how circumstances touch it."""

from __future__ import annotations

import numpy as np

from greensched.truths import cores, effects, roofline
from greensched.truths.applications import Application
from greensched.truths.kinds_of_work import Program
from greensched.truths.machines import REFERENCE, Machine
from greensched.truths.roofline import OnMachines


def on_machines(app: Application, held_cores: float, held_gpus: float, machines: list[Machine]) -> OnMachines:
    """One sample (or unit) of an application's work with these cores and GPUs, on each machine."""
    if app.work is not None:
        return roofline.run(app.work, held_gpus, held_cores, machines)
    assert isinstance(app.kind, Program)
    return cores.run(app.kind.tool, held_cores, machines)


def usual_sample_s(app: Application) -> float:
    """Seconds of one sample on the reference machine at the application's usual size."""
    return float(on_machines(app, app.cores, app.gpus, [REFERENCE]).sample_s[0])


def circumstances(app: Application) -> tuple[float, float, float]:
    """Slowdown by neighbours and its exponent, and by each degree of heat."""
    if isinstance(app.kind, Program):
        return (*cores.interference(app.kind.tool), effects.HEAT_VECTOR_PER_C * app.kind.tool.bound[2])
    return effects.GPU_INTERFERENCE, effects.GPU_INTERFERENCE_POWER, effects.HEAT_GPU_PER_C


def work_class(app: Application) -> str:
    """The coarse class that host types declare a speed for; what bounds a program most."""
    if isinstance(app.kind, Program):
        return ("general", "memory", "vector")[int(np.argmax(app.kind.tool.bound))]
    return "gpu"
