"""Seconds and utilisation of neural networks on each kind of GPU.

A step takes its compute, its memory traffic or its input pipeline, whichever is longest, where the three run into each
other near the ridge (a p-norm, after the roofline of Williams et al. 2009), and an overhead that no GPU shortens. So
small batches are slow everywhere, bandwidth decides decoding, cores decide training on images, and a faster GPU helps
less than its peak says. None of this is in the formula of any predictor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from greensched.core.types import F64
from greensched.truths.facts import Dataset, Model
from greensched.truths.machines import Machine, core_speeds
from greensched.truths.modes import (
    BYTES,
    DECODE_CORE_S,
    DECODE_CORE_S_PER_GB,
    DECODED,
    DEFAULT_INTENSITY,
    INTENSITY,
    LONGEST,
    TOUCHED,
    Mode,
)

_SHARPNESS = 4.0  # of the roofline's ridge
_BANDWIDTH_FRAC = 0.8  # of the published bandwidth that a stream attains
_SCALING_LOSS = 0.04  # for every doubling of GPUs
_GPU_GB = 40.0  # that a job may count on per GPU; a larger model takes more GPUs
_POWER = (0.95, 0.6, 0.1)  # share of the dynamic power drawn while compute, memory or input is waited for; assumed


@dataclass(frozen=True)
class GpuWork:
    """What a job does in every step: see :class:`greensched.truths.modes.Mode`. ``inner``: 0, or steps per sample."""

    model: Model
    mode: Mode
    dataset: Dataset
    precision: str
    batch: int
    inner: int

    @property
    def units_per_sample(self) -> float:
        """Units that are computed for one sample: tokens (up to the usual length), images, seconds, sampling steps."""
        if self.inner:
            return float(self.inner)
        return min(self.dataset.units_per_sample, LONGEST.get(self.model.family, np.inf))


class OnMachines(NamedTuple):
    """Arrays of shape (machines,): seconds per sample; utilisation of the cores and of the GPUs that are held."""

    sample_s: F64
    cpu_util_frac: F64
    gpu_util_frac: F64


def run(work: GpuWork, gpus: float, cores: float, machines: list[Machine]) -> OnMachines:
    """One sample on each kind of machine; infinite seconds where there is no GPU.

    Args:
        work: what is computed.
        gpus: held; below 1 a share of one.
        cores: held.
        machines: kinds of hosts.
    """
    scale = gpus / (1.0 + _SCALING_LOSS * np.log2(gpus)) if gpus >= 1.0 else gpus
    general = core_speeds(machines)[:, 0]
    compute_s, memory_s = np.full(len(machines), np.inf), np.full(len(machines), np.inf)
    flop, traffic = step(work)
    for k, machine in enumerate(machines):
        gpu = machine.gpu()
        if gpu is not None:
            compute_s[k] = flop / (gpu.peak[work.precision] * work.mode.attainable * scale)
            memory_s[k] = traffic / (gpu.bandwidth * _BANDWIDTH_FRAC * scale)
    input_s = work.batch * _input_core_s(work) / (cores * general)
    parts = np.array([compute_s, memory_s, np.where(np.isfinite(compute_s), input_s, 0.0)]) ** _SHARPNESS
    busy_s = parts.sum(axis=0) ** (1.0 / _SHARPNESS)
    step_s = busy_s + work.mode.overhead_s * max(1, work.inner)  # every new token, and sampling step, is a pass
    with np.errstate(invalid="ignore"):
        waited = parts / parts.sum(axis=0)  # for what, while the step is not overhead
        gpu_util = np.array(_POWER) @ waited * busy_s / step_s
    cpu_util = 0.04 + input_s / step_s + gpus / cores * 0.8  # one core drives each GPU
    return OnMachines(step_s / work.batch, np.clip(cpu_util, 0.0, 1.0), np.clip(np.nan_to_num(gpu_util), 0.02, 1.0))


def step(work: GpuWork) -> tuple[float, float]:
    """FLOP, and bytes moved, of one step of a whole batch on any number of GPUs."""
    model, mode = work.model, work.mode
    decoding = mode.name == "generate"
    units = work.batch * work.units_per_sample
    flop = units * model.flop_per_unit * mode.flop_factor
    per_unit = model.bytes_per_unit or model.flop_per_unit / INTENSITY.get(model.family, DEFAULT_INTENSITY)
    width = BYTES[work.precision] / BYTES["fp16"]
    weights = model.params * TOUCHED.get(model.family, 1.0) * BYTES[work.precision] * mode.weight_passes
    # each step of decoding or of sampling reads all weights again
    weights *= work.inner if work.inner else 1.0
    activations = 0.0 if decoding else units * per_unit * mode.flop_factor * width
    return flop, weights + activations


def needed_gb(model: Model, mode: Mode) -> float:
    """Memory of GPUs that the job needs, GB."""
    return model.params / 1e9 * mode.gb_per_gparam + 1.0


def needed_gpus(model: Model, mode: Mode) -> float:
    """GPUs, or the share of one, that hold the model."""
    return needed_gb(model, mode) / _GPU_GB


def _input_core_s(work: GpuWork) -> float:
    """Seconds of one core that read, decode and augment a sample."""
    data = work.dataset
    if work.inner or data.modality not in DECODED:
        return 0.0
    return DECODE_CORE_S + DECODE_CORE_S_PER_GB * data.size_gb / data.samples
