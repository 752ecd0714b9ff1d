"""What a source leaves open: applications and text, origin, data, priority, deadline and the owner's estimate.

Each is drawn from its own seeded stream. What was drawn rather than found is said in the notes of the workload.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from greensched.core import limits
from greensched.core.streams import stream
from greensched.core.types import F64, I32, I64
from greensched.traces.apps import Catalogue
from greensched.traces.laws import choose, normal_cdf
from greensched.traces.table import UNSET_PRIORITY, Jobs


@dataclass(frozen=True)
class DeadlineRule:
    """deadline = arrival + max(min_s, factor x true run time); no public trace has deadlines.

    Attributes:
        distribution: "uniform" (factor in [low, high]) or "lognormal" (median ``low``, sigma ``high``, at least 1.1).
        low: see above.
        high: see above.
        min_s: least time allowed, seconds.
        none_share: share of jobs without a deadline.
    """

    distribution: str
    low: float
    high: float
    min_s: float
    none_share: float

    @property
    def text(self) -> str:
        """For the metadata."""
        if self.distribution == "uniform":
            law = f"uniform({self.low:g}, {self.high:g})"
        else:
            law = f"max(1.1, lognormal(median {self.low:g}, sigma {self.high:g}))"
        return (
            f"arrival + max({self.min_s:g} s, {law} x true run time); none for {self.none_share:.0%} of jobs; "
            "synthetic, so slack carries information about run time, for every predictor alike"
        )

    def apply(self, arrival_s: F64, duration_s: F64, uniform: F64, normal: F64, none: F64) -> F64:
        """Deadlines in seconds, infinite for the share without one.

        Args:
            arrival_s: of every job.
            duration_s: true run times.
            uniform: a draw from [0, 1) per job; of use to the uniform law only.
            normal: a standard normal draw per job; of use to the lognormal law only.
            none: a draw from [0, 1) per job that decides whether it has a deadline.
        """
        if self.distribution == "uniform":
            factor = self.low + (self.high - self.low) * uniform
        else:
            factor = np.maximum(1.1, self.low * np.exp(self.high * normal))
        deadline = np.minimum(arrival_s + np.maximum(self.min_s, factor * duration_s), limits.LATEST_S)
        result: F64 = np.where(none < self.none_share, np.inf, deadline)
        return result


@dataclass(frozen=True)
class OwnerLaw:
    """What owners declare beyond the demand.

    Attributes:
        estimate_sigma: sigma of the lognormal error of the owner's run-time estimate.
        estimate_missing: share of jobs without an estimate.
        data_median_gb: median input data of jobs that have any, GB.
        data_sigma: sigma of log data size.
        data_none: share of jobs without input data.
    """

    estimate_sigma: float
    estimate_missing: float
    data_median_gb: float
    data_sigma: float
    data_none: float


def assign_apps(seed: int, jobs: Jobs, apps: Catalogue) -> Jobs:
    """Give each group of jobs without an application one whose usual run time is near the group's."""
    if (jobs.app >= 0).all():
        return jobs
    group, rank = ranks(seed, jobs)
    count = np.bincount(group)
    gpu = np.bincount(group, weights=jobs.gpus > 0) > 0.5 * count
    app = np.empty(len(count), np.int32)
    for is_gpu in (False, True):
        rows = np.flatnonzero(gpu == is_gpu)
        app[rows] = match(rank[rows], np.flatnonzero((apps.gpu > 0) == is_gpu), apps.longer, apps.popularity)
    return dataclasses.replace(jobs, app=np.where(jobs.app >= 0, jobs.app, app[group]).astype(np.int32))


def ranks(seed: int, jobs: Jobs) -> tuple[I64, F64]:
    """Number of each job's group, and the rank (0..1) of each group's run time, blurred by luck."""
    _, group = np.unique(jobs.group, return_inverse=True)
    log_s = np.log(np.maximum(jobs.duration_s, 1.0))
    spread = float(log_s.std()) or 1.0
    z = np.bincount(group, weights=(log_s - log_s.mean()) / spread) / np.bincount(group)
    rank = normal_cdf(0.8 * z + 0.6 * stream(seed, "enrich", "apps").standard_normal(len(z)))
    return group.astype(np.int64), rank


def match(rank: F64, members: I64, longer: F64, popularity: F64) -> I64:
    """For each rank the application, of ``members``, whose usual run time has that rank; popular ones more often."""
    order = members[np.argsort(longer[members], kind="stable")]
    weight = popularity[order] + 1e-12
    edges = np.cumsum(weight / weight.sum())
    result: I64 = order[np.minimum(np.searchsorted(edges, rank), len(order) - 1)]
    return result


def fill(seed: int, jobs: Jobs, apps: Catalogue, origin_weight: F64, rule: DeadlineRule, owner: OwnerLaw) -> Jobs:
    """Draw everything that is still open; returns a complete table."""
    n = len(jobs)
    jobs = assign_apps(seed, jobs, apps)
    name, labels, user = apps.texts(jobs.app)
    origin = np.where(jobs.origin >= 0, jobs.origin, _origins(seed, jobs, origin_weight)).astype(np.int32)
    priority = np.where(jobs.priority != UNSET_PRIORITY, jobs.priority, apps.priority[jobs.app]).astype(np.int32)
    rng = stream(seed, "enrich", "data")
    drawn = owner.data_median_gb * np.exp(owner.data_sigma * rng.standard_normal(n))
    drawn = np.where(rng.random(n) < owner.data_none, 0.0, np.round(np.minimum(drawn, limits.DATA_GB), 3))
    rng = stream(seed, "enrich", "estimates")
    estimate = jobs.duration_s * np.exp(owner.estimate_sigma * rng.standard_normal(n))
    estimate = np.minimum(estimate, limits.LATEST_S)
    estimate = np.where(rng.random(n) < owner.estimate_missing, np.nan, np.maximum(1.0, np.round(estimate)))
    return dataclasses.replace(
        jobs,
        name=jobs.name or name,
        labels=jobs.labels or labels,
        user=jobs.user or user,
        origin=origin,
        priority=priority,
        data_gb=np.where(np.isnan(jobs.data_gb), drawn, jobs.data_gb),
        expected_s=np.where(np.isnan(jobs.expected_s), estimate, jobs.expected_s),
        deadline_s=np.where(np.isnan(jobs.deadline_s), deadlines(seed, jobs, rule), jobs.deadline_s),
    )


def _origins(seed: int, jobs: Jobs, weight: F64) -> I32:
    """One origin per group: jobs of one submission come from one place."""
    _, group = np.unique(jobs.group, return_inverse=True)
    per_group = choose(stream(seed, "enrich", "origins"), weight, int(group.max()) + 1 if len(group) else 0)
    return per_group[group].astype(np.int32)


def deadlines(seed: int, jobs: Jobs, rule: DeadlineRule) -> F64:
    """Deadlines in seconds; infinite for the share without one."""
    rng = stream(seed, "enrich", "deadlines")
    n = len(jobs)
    unused = np.zeros(n)
    law = rng.random(n) if rule.distribution == "uniform" else rng.standard_normal(n)
    uniform, normal = (law, unused) if rule.distribution == "uniform" else (unused, law)
    return rule.apply(jobs.arrival_s, jobs.duration_s, uniform, normal, rng.random(n))
