"""Recurring applications: what each one does, at what size, for whom, and how its owner writes.

An application's jobs share model or tool, data, precision, batch and owner; from run to run the amount of work and the
wording change. Drawn from streams of their own, so that neither the number of jobs nor their arrivals matters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from greensched.core.streams import stream
from greensched.core.types import F64, I64
from greensched.traces.laws import ALIBABA_GPUS, AZURE_SIZES, CORES_PER_GPU, GB_PER_GPU_TASK_CORE
from greensched.truths import cores
from greensched.truths.kinds_of_work import Network, Program, networks, programs
from greensched.truths.machines import REFERENCE
from greensched.truths.modes import DEFAULT_PRECISION
from greensched.truths.roofline import GpuWork, needed_gpus

_LONGEST_UNIT_S = 7200.0  # that a single build or frame may take: nobody puts longer ones on so few cores
_USUAL_BATCH = 0.5  # share of applications that keep the usual batch size of their model
_TEAMS = ("atlas", "borealis", "cobalt", "delta", "ember", "fjord", "granite", "helix", "iris", "juniper", "kestrel")
_PEOPLE = ("amara", "bo", "chen", "dana", "elif", "farid", "gita", "hugo", "ines", "jonas", "kofi", "lena", "mina")
_PROJECTS = ("aurora", "basalt", "citadel", "dune", "echo", "falcon", "gale", "harbor", "isle", "jade", "karst", "loom")
_STAGES = ("prod", "staging", "research")


@dataclass(frozen=True)
class Application:
    """One recurring application.

    Attributes:
        kind: what it does.
        work: the same for a neural network, with precision and batch; None for a program of CPUs.
        cores, mem_gb, gpus: usually held.
        longer: its usual run time, in standard deviations of log run time.
        user, team, project, stage: who owns it.
        alias: which of the ways to write its model or tool, and its data, its owner uses.
        form: the sentence form that its owner prefers.
    """

    kind: Network | Program
    work: GpuWork | None
    cores: float
    mem_gb: float
    gpus: float
    longer: float
    user: str
    team: str
    project: str
    stage: str
    alias: tuple[int, int]
    form: int


@dataclass(frozen=True)
class Applications:
    """All applications of a workload; ``popularity`` sums to 1, ``late`` tells those of the second half of a drift."""

    rows: tuple[Application, ...]
    popularity: F64
    late: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def gpu(self) -> F64:
        """1.0 where an application uses GPUs."""
        return np.array([row.work is not None for row in self.rows], dtype=np.float64)

    @property
    def longer(self) -> F64:
        """Usual run times, in standard deviations; popularity-weighted mean 0 and variance 1 in each half."""
        return np.array([row.longer for row in self.rows])


def draw(seed: int, split: str, n: int, gpu_share: float, host_gpus: float, late_share: float = 0.0) -> Applications:
    """``n`` applications of a split with Zipf popularity (exponent 0.9).

    Args:
        seed: of the workload.
        split: see :mod:`greensched.truths.splits`.
        n: number of applications.
        gpu_share: share of all jobs that use GPUs.
        host_gpus: GPUs of the largest host; larger jobs are not drawn.
        late_share: share of the applications that are latecomers.
    """
    rng = stream(seed, "described", split, "applications")
    late = rng.random(n) < late_share
    gpu = rng.random(n) < (0.35 if gpu_share > 0 else 0.0)
    rows = [_draw_one(rng, split, bool(g), bool(lt), host_gpus) for g, lt in zip(gpu, late, strict=True)]
    popularity = rng.permutation(np.arange(1, n + 1) ** -0.9)
    gpu = np.array([row.work is not None for row in rows])
    for half in (late, ~late):
        popularity = _shares(popularity, half, gpu, gpu_share)
    longer = np.array([row.longer for row in rows])
    for half in (late, ~late):
        if half.any():
            weight = popularity[half] / popularity[half].sum()
            centred = longer[half] - weight @ longer[half]
            longer[half] = centred / max(float(np.sqrt(weight @ centred**2)), 1e-9)
    rows = [Application(**(vars(row) | {"longer": float(z)})) for row, z in zip(rows, longer, strict=True)]
    return Applications(tuple(rows), popularity / popularity.sum(), late)


def _shares(popularity: F64, half: np.ndarray, gpu: np.ndarray, gpu_share: float) -> F64:
    """Popularity scaled so that the GPU applications of one half have their share of its jobs."""
    result = popularity.copy()
    for members, share in ((half & gpu, gpu_share), (half & ~gpu, 1.0 - gpu_share)):
        if members.any():
            result[members] *= share * popularity[half].sum() / popularity[members].sum()
    return result


def _draw_one(rng: np.random.Generator, split: str, gpu: bool, late: bool, host_gpus: float) -> Application:
    pool: tuple[Network | Program, ...] = networks(split, late) if gpu else programs(split, late)
    kind = pool[int(rng.integers(len(pool)))]
    work, longer = None, 0.7 * float(rng.standard_normal())
    if isinstance(kind, Network):
        for _ in range(20):
            if rng.random() < kind.mode.weight / 2.0 and _gpus(kind, host_gpus).size:
                break
            kind = pool[int(rng.integers(len(pool)))]
            assert isinstance(kind, Network)
        work = _work(rng, kind)
        choices = _gpus(kind, host_gpus)
        if not choices.size:
            return _draw_one(rng, split, gpu, late, host_gpus)
        shares = np.array([share for count, share in ALIBABA_GPUS if count in choices])
        gpus = float(choices[_pick(rng, shares)])
        held = max(1.0, float(round(CORES_PER_GPU * gpus)))
        mem_gb = round(GB_PER_GPU_TASK_CORE * held, 2)
        longer += 0.5 if kind.mode.flop_factor > 1 else -0.4
    else:
        size = _pick(rng, np.array([share for _, _, share in AZURE_SIZES]))
        held, mem_gb, gpus = AZURE_SIZES[size][0], AZURE_SIZES[size][1], 0.0
        if cores.run(kind.tool, held, [REFERENCE]).sample_s[0] > _LONGEST_UNIT_S:
            return _draw_one(rng, split, gpu, late, host_gpus)
    alias = int(rng.integers(1 << 16)), int(rng.integers(1 << 16))
    team = _TEAMS[int(rng.integers(len(_TEAMS)))]
    return Application(
        kind=kind,
        work=work,
        cores=float(held),
        mem_gb=float(mem_gb),
        gpus=gpus,
        longer=longer,
        user=f"{_PEOPLE[int(rng.integers(len(_PEOPLE)))]}.{team}",
        team=team,
        project=_PROJECTS[int(rng.integers(len(_PROJECTS)))],
        stage=_STAGES[_pick(rng, np.array([0.6, 0.2, 0.2]))],
        alias=alias,
        form=int(rng.integers(1 << 16)),
    )


def _work(rng: np.random.Generator, kind: Network) -> GpuWork:
    mode = kind.mode
    names, shares = list(mode.precisions), np.array(list(mode.precisions.values()))
    precision = names[_pick(rng, shares)] if rng.random() < 0.85 else DEFAULT_PRECISION
    batch = kind.model.batch
    if rng.random() >= _USUAL_BATCH:
        batch = max(1, round(batch * 2.0 ** int(rng.integers(-2, 3))))
    inner = int(mode.inner[int(rng.integers(len(mode.inner)))]) if mode.inner else 0
    return GpuWork(kind.model, mode, kind.dataset, precision, batch, inner)


def _gpus(kind: Network, host_gpus: float) -> F64:
    """GPU counts and shares that hold the model and that a host has."""
    need = needed_gpus(kind.model, kind.mode)
    return np.array([count for count, _ in ALIBABA_GPUS if need <= count <= host_gpus])


def _pick(rng: np.random.Generator, weights: F64 | I64) -> int:
    edges = np.cumsum(weights / weights.sum())
    found = int(np.searchsorted(edges, rng.random(), side="right"))
    return min(found, len(edges) - 1)
