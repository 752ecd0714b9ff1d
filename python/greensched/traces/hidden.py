"""The hidden truth of tasks: work, real utilisation, phases, interference. Only the world may read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from greensched.core.streams import stream
from greensched.core.types import F64, I32, I64
from greensched.traces.apps import WORK_CLASSES, Catalogue
from greensched.traces.laws import CPU_UTIL_QUANTILES, GPU_UTIL_QUANTILES, from_quantiles, normal_cdf
from greensched.traces.table import Jobs

# Slowdown per unit of other tasks' share of the host, by work class: memory-bound work suffers most. Assumed; no public
# trace measures it.
_INTERFERENCE = {"general": 0.08, "memory": 0.30, "vector": 0.12, "gpu": 0.10}


@dataclass(frozen=True)
class HiddenLaw:
    """How the hidden truth is drawn.

    Attributes:
        cpu_util_quantiles: (rank, used / requested) pairs of the CPU utilisation law.
        gpu_util_quantiles: the same for GPUs.
        app_share: share of the variance of the utilisation score that the application explains.
        phased_share: share of tasks (of those longer than ten minutes) whose utilisation changes in phases.
        interference: scale of the interference coefficients; 0: none.
    """

    cpu_util_quantiles: tuple[tuple[float, float], ...] = CPU_UTIL_QUANTILES
    gpu_util_quantiles: tuple[tuple[float, float], ...] = GPU_UTIL_QUANTILES
    app_share: float = 0.7
    phased_share: float = 0.1
    interference: float = 1.0


@dataclass(frozen=True)
class Profiles:
    """What tasks do on each kind of host; the arrays have the shape (profiles, kinds).

    Attributes:
        kinds: host types by name; all of the run, in any order, and as many others as one likes.
        speed: above 0; alone on such a host a task takes ``work_s / speed``.
        cpu_scale: 0 or more; factor on the utilisation of its cores, also in phases. The product is cut at 1.
        gpu_scale: the same for its GPUs.
    """

    kinds: tuple[str, ...]
    speed: F64
    cpu_scale: F64
    gpu_scale: F64


@dataclass(frozen=True)
class Truth:
    """Columns of ``hidden`` and ``phases`` (PROTOCOL.md §2.3), in the order of the jobs given.

    What has a default is optional; without it the world does what the others say, and the file is what it was.

    Attributes:
        profile: row of ``profiles`` that takes the place of the hosts' speeds by work class; -1: none.
        profiles: what profiles mean.
        interference_power: p in slowdown = 1 + interference * share of the host that others hold ^ p, above 0; None: 1.
        heat: how much longer a task takes per degree that its datacenter is too hot when it starts; None: 0.
        throttle_c: by name of a datacenter, the outdoor temperature above which it is too hot; others never are.
    """

    work_s: F64
    work_class: I32
    cpu_util_frac: F64
    gpu_util_frac: F64
    interference: F64
    phase_task: I64
    phase_work_frac: F64
    phase_cpu_util_frac: F64
    phase_gpu_util_frac: F64
    profile: I32 | None = None
    profiles: Profiles | None = None
    interference_power: F64 | None = None
    heat: F64 | None = None
    throttle_c: Mapping[str, float] = field(default_factory=dict)


def draw(seed: int, jobs: Jobs, apps: Catalogue, law: HiddenLaw) -> Truth:
    """Draw the truth of complete jobs (applications assigned); row order is the order of ``jobs``."""
    n = len(jobs)
    rng = stream(seed, "hidden", "utilisation")
    score = np.sqrt(law.app_share) * apps.busier[jobs.app]
    score = score + np.sqrt(1.0 - law.app_share) * rng.standard_normal(n)
    rank = normal_cdf(score)
    cpu = from_quantiles(rank, law.cpu_util_quantiles)
    gpu = np.where(jobs.gpus > 0, from_quantiles(rank, law.gpu_util_quantiles), 0.0)
    work_class = apps.work_class[jobs.app].astype(np.int32)
    by_class = law.interference * np.array([_INTERFERENCE[c] for c in WORK_CLASSES])
    spread = 0.5 + stream(seed, "hidden", "interference").random(n)
    phases = _phases(seed, jobs, cpu, gpu, law)
    return Truth(jobs.duration_s.copy(), work_class, cpu, gpu, by_class[work_class] * spread, *phases)


def _phases(seed: int, jobs: Jobs, cpu: F64, gpu: F64, law: HiddenLaw) -> tuple[I64, F64, F64, F64]:
    """Two to four phases per phased task; their work-weighted mean utilisation is about the task's own."""
    rng = stream(seed, "hidden", "phases")
    phased = np.flatnonzero((rng.random(len(jobs)) < law.phased_share) & (jobs.duration_s > 600.0))
    count = rng.integers(2, 5, size=len(phased))
    owner = np.repeat(np.arange(len(phased)), count)
    share = rng.gamma(2.0, 1.0, size=len(owner)) + 1e-3
    share = share / np.bincount(owner, weights=share, minlength=len(phased))[owner]
    swing = np.exp(0.5 * rng.standard_normal(len(owner)))
    mean = np.bincount(owner, weights=share * swing, minlength=len(phased))
    swing = swing / mean[owner] if len(owner) else swing
    task = phased[owner].astype(np.int64)
    return task, share, np.minimum(1.0, cpu[task] * swing), np.minimum(1.0, gpu[task] * swing)
