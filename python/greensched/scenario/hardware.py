"""Host types: the built-in catalogue with its sources, and the model for one's own."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from greensched.core import limits
from greensched.scenario.base import Model
from greensched.scenario.quantities import Cores, DurationUs, EmbodiedG, Fraction, HostW, MemGb, Mips, Sigma, Speed
from greensched.truths.facts import gpus as published_gpus
from greensched.truths.machines import nominal_speed


class Sleep(Model):
    """Idle hosts go to sleep."""

    after: DurationUs = 600_000_000
    """Idle time before a host goes to sleep."""
    power_w: HostW = 15.0
    """Power while asleep (W)."""
    wake: DurationUs = 60_000_000
    """Time to wake up."""
    wake_power_w: HostW = 200.0
    """Power while waking up (W)."""


class HostSpec(Model):
    """A kind of host. Power is at the wall, of the host without its GPUs."""

    cores: Cores
    """CPU cores of one host."""
    mem_gb: MemGb
    """Memory of one host (10^9 bytes)."""
    power_w: Annotated[tuple[HostW, ...], Field(strict=False, min_length=2)]
    """Power (W) at evenly spaced CPU utilisations from 0 to 1; two or more values."""
    gpus: Annotated[int, Field(ge=0, le=limits.HOST_GPUS)] = 0
    """GPUs of one host."""
    gpu_type: str | None = None
    """Name of the GPU type; required with gpus."""
    gpu_idle_w: HostW = 0.0
    """Power of one idle GPU (W)."""
    gpu_max_w: HostW = 0.0
    """Power of one fully used GPU (W)."""
    speed: dict[str, Speed] = Field(default={})
    """Speed per work class (general, memory, vector, gpu) relative to the reference host; 1 where not given."""
    embodied_g_per_core_h: EmbodiedG = 0.0
    """Embodied carbon per core and hour of use (g CO2eq)."""
    sleep: Sleep | None = None
    """Sleep of idle hosts; absent: hosts stay on."""
    mips: Mips = 1000.0
    """Million instructions per second of one core; only VMs (workload source cloudsim) ask for them."""
    vm_scheduler: Literal["space", "time", "oversubscribe"] = "space"
    """How a host shares itself among VMs: its cores whole, its MIPS, or more MIPS than it has."""

    @model_validator(mode="after")
    def _consistent(self) -> HostSpec:
        if (self.gpus > 0) != (self.gpu_type is not None):
            raise ValueError("gpus and gpu_type belong together: give both or neither")
        if self.gpu_max_w < self.gpu_idle_w:
            raise ValueError(f"gpu_max_w ({self.gpu_max_w:g}) must be at least gpu_idle_w ({self.gpu_idle_w:g})")
        if any(b < a for a, b in zip(self.power_w, self.power_w[1:], strict=False)):
            raise ValueError("power_w must not fall with utilisation")
        return self


# Utilisation -> share of the dynamic power, 0 to 100 % in steps of 10 %. From the CPU derating curve of the Azure
# GreenSKU carbon model (fraction of TDP .20 at 10 % .. .95 at 100 %, .12 at 0 by extrapolation), normalised.
_SHAPE = (0.0, 0.096, 0.193, 0.289, 0.386, 0.494, 0.602, 0.699, 0.807, 0.916, 1.0)


def _curve(idle_w: float, peak_w: float) -> tuple[float, ...]:
    return tuple(round(idle_w + (peak_w - idle_w) * s, 1) for s in _SHAPE)


def _speeds(general: float, memory: float, vector: float) -> dict[str, float]:
    return {"general": general, "memory": memory, "vector": vector, "gpu": 1.0}


# Idle and peak power: medians of the SPECpower_ssj2008 results of the two-socket machine named. ``general`` speed:
# median ssj_ops per core relative to the Xeon Platinum 8280 (104,708). ``memory``: geometric mean of that and of
# memory bandwidth per core (vendor figures; 8280: 5.0 GB/s). ``vector``: assumed, from vector width.
# Memory: 8 GB per core, so that cores bind before memory for common job shapes; the SPECpower machines had 2 to 4 GB
# per core, and the power of the difference (at most about 0.4 W/GB) is not included.
HOST_TYPES: dict[str, HostSpec] = {
    "xeon-2016": HostSpec(  # 2 x Xeon E5-2699 v4: 44 cores, 44.8 / 253.5 W (10 results)
        cores=44, mem_gb=352, power_w=_curve(44.8, 253.5), speed=_speeds(0.75, 0.72, 0.60)
    ),
    "xeon-2019": HostSpec(  # 2 x Xeon Platinum 8280: 56 cores, 50.2 / 417 W (12 results); the reference host
        cores=56, mem_gb=448, power_w=_curve(50.2, 417.0), speed=_speeds(1.0, 1.0, 1.0)
    ),
    "xeon-2021": HostSpec(  # 2 x Xeon Platinum 8380: 80 cores, 120.5 / 601 W (6 results)
        cores=80, mem_gb=640, power_w=_curve(120.5, 601.0), speed=_speeds(0.97, 0.99, 1.05)
    ),
    "epyc-2019": HostSpec(  # 2 x EPYC 7742: 128 cores, 92.9 / 400 W (11 results)
        cores=128, mem_gb=1024, power_w=_curve(92.9, 400.0), speed=_speeds(0.90, 0.76, 0.72)
    ),
    "epyc-2021": HostSpec(  # 2 x EPYC 7763: 128 cores, 104 / 459 W (7 results)
        cores=128, mem_gb=1024, power_w=_curve(104.0, 459.0), speed=_speeds(0.92, 0.77, 0.76)
    ),
}


def _gpu_node(base: str, gpu_type: str, gpus: int) -> HostSpec:
    """A host of a built-in type with GPUs, whose power and half-precision speed are those of the catalogue."""
    gpu = published_gpus()[gpu_type]
    host = HOST_TYPES[base]
    return host.model_copy(
        update={
            "gpus": gpus,
            "gpu_type": gpu_type,
            "gpu_idle_w": gpu.idle_w,
            "gpu_max_w": gpu.tdp_w,
            "speed": host.speed | {"gpu": round(nominal_speed(gpu_type), 2)},
        }
    )


HOST_TYPES |= {
    "a100-node": _gpu_node("epyc-2021", "A100", 8),
    "v100-node": _gpu_node("xeon-2019", "V100", 8),
    "t4-node": _gpu_node("xeon-2019", "T4", 4),
    "h100-node": _gpu_node("xeon-2021", "H100", 8),  # DGX H100 has newer processors, without SPECpower results here
    "a10-node": _gpu_node("epyc-2021", "A10", 4),
    "l4-node": _gpu_node("epyc-2021", "L4", 8),
}


class HostGroup(Model):
    """Some hosts of one type in a datacenter."""

    type: str
    """A built-in type or one of `host_types`."""
    count: Annotated[int, Field(ge=1, le=1_000_000)]
    """Number of hosts."""
    sleep: Sleep | None = None
    """Sleep of idle hosts, instead of what the type says."""


class DrawnHardware(Model):
    """Hardware that the seed draws (docs/generator.md): each group of hosts gets a type of its own."""

    swap_share: Fraction = 0.3
    """Share of host groups of built-in types that become another built-in type of their sort (with GPUs or without)."""
    power_sigma: Sigma = 0.08
    """Sigma of the lognormal factors on idle power, dynamic power and GPU power."""
    speed_sigma: Sigma = 0.05
    """Sigma of the lognormal factors on each speed."""
