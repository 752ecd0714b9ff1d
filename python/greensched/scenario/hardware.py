"""Host types: the built-in catalogue with its sources, and the model for one's own."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from greensched.core import limits
from greensched.scenario.base import Model
from greensched.scenario.quantities import Cores, DurationUs, EmbodiedG, Fraction, HostW, MemGb, Mips, Sigma, Speed


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
# memory bandwidth per core (vendor figures; 8280: 5.0 GB/s). ``vector``: assumed, from vector width. GPU figures: A100
# measured by Acme (idle 60 W), the others vendor TDP; GPU speeds relative to A100 by vendor tensor throughput (312,
# 125, 65, 989, 125, 121 TFLOPS, dense half precision).
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
    "a100-node": HostSpec(  # 8 x A100-80GB on 2 x EPYC 7763
        cores=128,
        mem_gb=1024,
        power_w=_curve(104.0, 459.0),
        gpus=8,
        gpu_type="A100",
        gpu_idle_w=60.0,
        gpu_max_w=400.0,
        speed=_speeds(0.92, 0.77, 0.76) | {"gpu": 1.0},
    ),
    "v100-node": HostSpec(  # 8 x V100-SXM2 on 2 x Xeon 8280
        cores=56,
        mem_gb=448,
        power_w=_curve(50.2, 417.0),
        gpus=8,
        gpu_type="V100",
        gpu_idle_w=40.0,
        gpu_max_w=300.0,
        speed=_speeds(1.0, 1.0, 1.0) | {"gpu": 0.40},
    ),
    "t4-node": HostSpec(  # 4 x T4 on 2 x Xeon 8280
        cores=56,
        mem_gb=448,
        power_w=_curve(50.2, 417.0),
        gpus=4,
        gpu_type="T4",
        gpu_idle_w=10.0,
        gpu_max_w=70.0,
        speed=_speeds(1.0, 1.0, 1.0) | {"gpu": 0.21},
    ),
    # Idle power of these GPUs: assumed, a tenth of the vendor's TDP or what others of their kind draw.
    "h100-node": HostSpec(  # 8 x H100-SXM on 2 x Xeon 8380 (DGX H100 has newer ones, without SPECpower results here)
        cores=80,
        mem_gb=640,
        power_w=_curve(120.5, 601.0),
        gpus=8,
        gpu_type="H100",
        gpu_idle_w=70.0,
        gpu_max_w=700.0,
        speed=_speeds(0.97, 0.99, 1.05) | {"gpu": 3.17},
    ),
    "a10-node": HostSpec(  # 4 x A10 on 2 x EPYC 7763
        cores=128,
        mem_gb=1024,
        power_w=_curve(104.0, 459.0),
        gpus=4,
        gpu_type="A10",
        gpu_idle_w=15.0,
        gpu_max_w=150.0,
        speed=_speeds(0.92, 0.77, 0.76) | {"gpu": 0.40},
    ),
    "l4-node": HostSpec(  # 8 x L4 on 2 x EPYC 7763
        cores=128,
        mem_gb=1024,
        power_w=_curve(104.0, 459.0),
        gpus=8,
        gpu_type="L4",
        gpu_idle_w=12.0,
        gpu_max_w=72.0,
        speed=_speeds(0.92, 0.77, 0.76) | {"gpu": 0.39},
    ),
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
