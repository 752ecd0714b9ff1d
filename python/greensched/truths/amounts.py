"""How much of its work a job does, as an owner would put it: epochs, steps, items, and what shortens a run.

An amount is chosen so that the job takes about as long as the law of run times (or a trace) says, and then *rounded* to
what people write; the truth follows from what is written.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from greensched.core.types import F64, I32, I64
from greensched.truths.applications import Applications
from greensched.truths.kinds_of_work import Network

EPOCHS, STEPS, ITEMS = 0, 1, 2
DRY_RUN_FRAC = 0.01
"""Part of the work that a dry run does."""
_SAMPLES = np.array([0.5, 0.25, 0.2, 0.1, 0.05, 0.02, 0.01])
_RESUMES = np.array([0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9])
_LONGEST_DRY_S, _SHORTEST_RESUMED_S = 900.0, 900.0
_DRY_SHARE, _RESUME_SHARE, _SAMPLE_SHARE = 0.06, 0.1, 0.12
_MOST_EPOCHS = 300.0


@dataclass(frozen=True)
class Amounts:
    """One entry per job.

    Attributes:
        unit: of ``count``: EPOCHS, STEPS of a whole batch, or ITEMS (samples, or units of a program).
        count: as written.
        resumed_frac: part of the run that a checkpoint has already; 0: none.
        sample_frac: part of the data that is used; 1: all.
        dry: only a dry run.
        samples: samples (units of a program) that the job truly computes.
    """

    unit: I32
    count: F64
    resumed_frac: F64
    sample_frac: F64
    dry: np.ndarray
    samples: F64


def rounded(x: F64) -> F64:
    """Three significant digits; whole numbers from 100 on, and never 0."""
    x = np.maximum(x, 1e-3)
    scale = 10.0 ** (2.0 - np.floor(np.log10(x)))
    return np.round(x * scale) / scale


def choose(
    rng: np.random.Generator, apps: Applications, app: I64, sample_s: F64, target_s: F64, exact: bool
) -> Amounts:
    """Amounts that take about ``target_s``.

    Args:
        rng: a stream of its own.
        apps: applications.
        app: that of each job.
        sample_s: seconds that one sample takes each job on the reference.
        target_s: seconds that each job is to take there.
        exact: only amounts that reach the target within half a percent, for run times that are given.
    """
    n = len(app)
    whole, batch, counted = _facts(apps, app)
    dry = (rng.random(n) < _DRY_SHARE) & (target_s < _LONGEST_DRY_S)
    resumed = (rng.random(n) < _RESUME_SHARE) & (target_s > _SHORTEST_RESUMED_S) & ~dry
    resumed_frac = np.where(resumed, rng.choice(_RESUMES, n), 0.0)
    share = np.where(dry, DRY_RUN_FRAC, 1.0) * (1.0 - resumed_frac)
    wanted = target_s / (sample_s * share)
    sample_frac = np.where(rng.random(n) < _SAMPLE_SHARE, rng.choice(_SAMPLES, n), 1.0)
    # less than an epoch: a sample of the data that makes it one or more
    least = np.searchsorted(-_SAMPLES, -np.minimum(wanted / np.maximum(whole, 1e-9), 0.5))
    few = wanted < whole
    sample_frac = np.where(few, np.minimum(sample_frac, _SAMPLES[np.minimum(least, len(_SAMPLES) - 1)]), sample_frac)
    with np.errstate(invalid="ignore", over="ignore"):
        epochs = np.maximum(np.round(wanted / (whole * sample_frac)), 0.0)
        off = np.abs(epochs * whole * sample_frac / wanted - 1.0)
    by_epoch = counted & (epochs >= 1) & (epochs <= _MOST_EPOCHS) & (off < (0.005 if exact else 0.35))
    by_epoch &= exact | (rng.random(n) < 0.75)
    steps = np.maximum(1.0, np.round(rounded(wanted / batch)))
    by_step = counted & ~by_epoch & (steps >= (200 if exact else 10)) & (rng.random(n) < 0.6)
    items = rounded(wanted)
    unit = np.where(by_epoch, EPOCHS, np.where(by_step, STEPS, ITEMS)).astype(np.int32)
    items = np.where(_whole_items(apps)[app], np.maximum(1.0, np.round(items)), items)
    count = np.where(by_epoch, epochs, np.where(by_step, steps, items))
    sample_frac = np.where(by_epoch, sample_frac, 1.0)
    samples = count * np.where(by_epoch, whole * sample_frac, np.where(by_step, batch, 1.0)) * share
    return Amounts(unit, count, resumed_frac, sample_frac, dry, samples)


def _facts(apps: Applications, app: I64) -> tuple[F64, F64, np.ndarray]:
    """Samples of the data set and of a batch, and whether the application's work is counted in epochs at all."""
    whole, batch, counted = np.ones(len(apps)), np.ones(len(apps)), np.zeros(len(apps), bool)
    for i, row in enumerate(apps.rows):
        if row.work is not None:
            whole[i], batch[i] = row.work.dataset.samples, row.work.batch
            counted[i] = row.work.mode.flop_factor > 1
    return whole[app], batch[app], counted[app]


def _whole_items(apps: Applications) -> np.ndarray:
    """Whether items come in whole numbers: samples do, and frames; gigabytes do not."""
    return np.array([isinstance(r.kind, Network) or r.kind.tool.unit != "GB" for r in apps.rows])
