"""Jobs whose cost follows from what their text means."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from greensched.core.streams import stream
from greensched.core.types import F64, I64
from greensched.traces.arrivals import ArrivalLaw, arrive
from greensched.traces.generator import scores
from greensched.traces.laws import DurationLaw, choose
from greensched.traces.table import UNSET_PRIORITY, Jobs, blank
from greensched.truths import amounts, applications, effects
from greensched.truths.amounts import Amounts
from greensched.truths.applications import Applications
from greensched.truths.costs import on_machines
from greensched.truths.machines import REFERENCE
from greensched.truths.splits import SPLITS
from greensched.truths.wording.describe import describe

SOURCE = "GreenSched generator, described jobs"
_LATE_SHARE = 0.4  # of the applications, and of the jobs of the second half


@dataclass(frozen=True)
class Law:
    """Parameters: as for the plain generator, with applications from a split.

    Attributes:
        split: see :mod:`greensched.truths.splits`.
        apps: number of recurring applications.
        app_share: share of the variance of log run time that the application explains.
        gpu_share: share of jobs that use GPUs.
        host_gpus: GPUs of the largest host.
        duration: law of run times on the reference machine.
        arrivals: law of arrivals.
        straggler_share: share of jobs that straggle.
    """

    split: str
    apps: int
    app_share: float
    gpu_share: float
    host_gpus: float
    duration: DurationLaw
    arrivals: ArrivalLaw
    straggler_share: float = effects.STRAGGLER_SHARE


@dataclass(frozen=True)
class Meanings:
    """What each job means, in the order of the jobs.

    Attributes:
        apps: applications.
        app: that of each job.
        amounts: how much of its work it does.
        sample_s: seconds that one sample (or unit) of a job's work takes on the reference machine.
        work_s: true run time on the reference machine, alone, in seconds.
        configuration: number of its (application, cores, GPUs).
        configurations: these, as (application, cores, GPUs).
    """

    apps: Applications
    app: I64
    amounts: Amounts
    sample_s: F64
    work_s: F64
    configuration: I64
    configurations: tuple[tuple[int, float, float], ...]


def generate(
    seed: int, n: int, horizon_s: float, start: datetime, law: Law, origin_lon: F64, origin_weight: F64
) -> tuple[Jobs, Meanings]:
    """``n`` described jobs, sorted by arrival.

    Args:
        seed: of the scenario.
        n: number of jobs.
        horizon_s: they arrive in [0, horizon_s) seconds after ``start``.
        start: UTC.
        law: parameters.
        origin_lon: longitude per origin, degrees.
        origin_weight: expected share of jobs per origin.
    """
    split = SPLITS[law.split]
    apps = applications.draw(
        seed, law.split, law.apps, law.gpu_share, law.host_gpus, _LATE_SHARE if split.drifts else 0.0
    )
    arrival_s, batch, origin = arrive(seed, n, horizon_s, start, law.arrivals, origin_lon, origin_weight)
    order = np.argsort(arrival_s, kind="stable")
    arrival_s, batch = arrival_s[order], batch[order]
    app_of_batch = _apps(seed, apps, len(origin), _first_arrival(arrival_s, batch, len(origin)) >= horizon_s / 2)
    app = app_of_batch[batch]
    own = stream(seed, "described", law.split, "durations").standard_normal(n)
    z = scores(apps, law.app_share, app, own)
    rows = apps.rows
    held = np.array([(row.cores, row.mem_gb, row.gpus) for row in rows])[app]
    columns = blank(n)
    columns |= {"gpus": held[:, 2], "group": batch.astype(np.int64), "origin": origin[batch].astype(np.int32)}
    jobs = Jobs(
        arrival_s=arrival_s,
        duration_s=law.duration.at(z),
        cores=held[:, 0],
        mem_gb=held[:, 1],
        source=SOURCE,
        **columns,
    )
    return put_into_words(seed, jobs, apps, app, law.split, law.straggler_share, exact=False)


def put_into_words(
    seed: int, jobs: Jobs, apps: Applications, app: I64, split: str, straggler_share: float, exact: bool
) -> tuple[Jobs, Meanings]:
    """Amounts and texts for jobs of known sizes and (intended) run times.

    Args:
        seed: of the scenario.
        jobs: with cores, GPUs and the run time that each is to have on the reference.
        apps: applications.
        app: that of each job.
        split: whose sentence forms are used.
        straggler_share: share of jobs that straggle.
        exact: the run times are given and stay; texts agree with them within half a percent. Otherwise they follow from
            the texts, stragglers included.
    """
    configurations, configuration = _configurations(app, jobs.cores, jobs.gpus)
    each_s = [
        on_machines(apps.rows[a], held_cores, held_gpus, [REFERENCE]).sample_s[0]
        for a, held_cores, held_gpus in configurations
    ]
    sample_s = np.array(each_s)[configuration]
    rng = stream(seed, "described", split, "amounts")
    done = amounts.choose(rng, apps, app, sample_s, jobs.duration_s, exact)
    work_s = jobs.duration_s
    if not exact:
        work_s = done.samples * sample_s * effects.stragglers(seed, len(jobs), straggler_share)
    texts = describe(stream(seed, "described", split, "wording"), apps, app, done, SPLITS[split].forms)
    usual = np.array([row.stage == "prod" for row in apps.rows])[app]
    jobs = dataclasses.replace(
        jobs,
        app=app.astype(np.int32),
        duration_s=work_s,
        priority=np.where(jobs.priority != UNSET_PRIORITY, jobs.priority, usual).astype(np.int32),
        name=texts.name,
        labels=texts.labels,
        user=texts.user,
        description=texts.description,
    )
    return jobs, Meanings(apps, app, done, sample_s, work_s, configuration, configurations)


def _configurations(app: I64, held_cores: F64, held_gpus: F64) -> tuple[tuple[tuple[int, float, float], ...], I64]:
    rows, index = np.unique(np.column_stack([app, held_cores, held_gpus]), axis=0, return_inverse=True)
    return tuple((int(a), float(c), float(g)) for a, c, g in rows), index.ravel()


def _apps(seed: int, apps: Applications, batches: int, late: np.ndarray) -> I64:
    """The application of each batch; late ones have part of the second half to themselves."""
    rng = stream(seed, "described", "apps")
    usual = choose(rng, np.where(apps.late, 0.0, apps.popularity), batches)
    if not apps.late.any():
        return usual
    newcomers = choose(rng, np.where(apps.late, apps.popularity, 0.0), batches)
    return np.where(late & (rng.random(batches) < _LATE_SHARE), newcomers, usual)


def _first_arrival(arrival_s: F64, batch: I64, batches: int) -> F64:
    first = np.full(batches, np.inf)
    np.minimum.at(first, batch, arrival_s)
    return first
