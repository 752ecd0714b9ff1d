"""From the workload block to the task tables of the run folder, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from greensched.core.errors import DataError
from greensched.core.paths import safe_path
from greensched.core.types import I64, NO_DEADLINE_US
from greensched.scenario import described
from greensched.scenario.load import Loaded
from greensched.scenario.origins import Origins
from greensched.scenario.workload import (
    CloudsimWorkload,
    Deadlines,
    DrawnWorkload,
    FileWorkload,
    HybridWorkload,
    SyntheticWorkload,
    TraceWorkload,
)
from greensched.traces import enrich, files, generator, hidden, normalized
from greensched.traces.apps import Catalogue, catalogue
from greensched.traces.arrivals import ArrivalLaw
from greensched.traces.laws import DEFAULT_SIZES, DurationLaw, Sizes
from greensched.traces.presets import presets
from greensched.traces.table import Jobs
from greensched.truths import hybrid
from greensched.truths.described import Meanings


@dataclass
class Tasks:
    """Complete jobs in the order of the task ids, their hidden truth, and how they came about."""

    jobs: Jobs
    truth: hidden.Truth
    deadline_rule: str
    synthetic_text: bool
    never_fit: int
    hidden: dict[str, dict[str, Any]] = field(default_factory=dict)  # more tables of hidden.gsf: VMs and cloudlets


def gpu_types(loaded: Loaded) -> list[str]:
    """GPU types of all hosts, in the order of their names: jobs draw theirs by number. Those to come stand last."""
    first = _first_gpu_types(loaded)
    later = {loaded.host(g.type).gpu_type for groups in loaded.to_come.values() for g in groups}
    return first + sorted(n for n in later if n is not None and n not in first)


def _first_gpu_types(loaded: Loaded) -> list[str]:
    """Those that are there from the start: what jobs are drawn does not depend on what will come."""
    names = {loaded.host(g.type).gpu_type for dc in loaded.scenario.datacenters for g in dc.hosts}
    return sorted(n for n in names if n is not None)


def build(loaded: Loaded, where: Origins, warm: frozenset[int] = frozenset()) -> Tasks | None:
    """All tasks of the run; None when problems were found (they go to ``loaded.problems``).

    Args:
        loaded: the scenario.
        where: origins.
        warm: datacenters of which the temperature is known, where heat can slow jobs in words down.
    """
    scenario, spec = loaded.scenario, _drawn(loaded)
    types, first = gpu_types(loaded), _first_gpu_types(loaded)
    gpu_share = spec.gpu_share if isinstance(spec, SyntheticWorkload) and first else (0.08 if first else 0.0)
    apps = catalogue(scenario.seed, spec.owners.apps, gpu_share)
    meanings = None
    try:
        if isinstance(spec, HybridWorkload) or (isinstance(spec, SyntheticWorkload) and spec.text is not None):
            jobs, meanings = _with_text(loaded, spec, where, types, gpu_share)
        else:
            jobs = _known_types(_source(loaded, spec, where, types, gpu_share), types)
    except DataError as error:
        loaded.problems.add(("workload", "file" if getattr(spec, "file", None) else "source"), str(error))
        return None
    rule, owner = deadline_rule(spec.deadlines), owner_law(loaded)
    synthetic_text = jobs.name is None or meanings is not None
    jobs = enrich.fill(scenario.seed, jobs, apps, where.weight, rule, owner)
    jobs = jobs.take(np.argsort(arrival_us(jobs), kind="stable"))
    if _reads(scenario.options().get("predictor")) and not _described(jobs):
        loaded.problems.warnings.append(
            "policy.predictor llm reads what owners wrote, and no job has a description: it predicts from their "
            "numbers alone; generated jobs get words with workload.text (docs/llm.md)"
        )
    truth = _truth(loaded, jobs, apps) if meanings is None else described.truth_of(loaded, meanings, warm)
    never = int((~fits(loaded, jobs)).sum())
    if never:
        loaded.problems.warnings.append(
            f"{never} of {len(jobs)} tasks fit no host of any datacenter and will be rejected"
        )
    return Tasks(jobs, truth, rule.text, synthetic_text, never)


def _reads(predictor: Any) -> bool:
    """Whether the predictor of a policy is the one that learned words."""
    return (predictor.get("name") if isinstance(predictor, Mapping) else predictor) == "llm"


def _described(jobs: Jobs) -> bool:
    """Whether anybody wrote anything about a job."""
    return jobs.description is not None and any(jobs.description.pool)


def _drawn(loaded: Loaded) -> DrawnWorkload:
    spec = loaded.scenario.workload
    assert not isinstance(spec, CloudsimWorkload)  # its tasks are made in scenario/cloudsim
    return spec


def _with_text(
    loaded: Loaded, spec: SyntheticWorkload | HybridWorkload, where: Origins, types: list[str], gpu_share: float
) -> tuple[Jobs, Meanings]:
    """Jobs in words, sorted by arrival, and what they mean."""
    if isinstance(spec, SyntheticWorkload):
        law = synthetic_law(spec, types, gpu_share)
        return described.jobs(loaded, spec, law, where.lon, where.weight)
    jobs = _known_types(_source(loaded, spec.without_text(), where, types, gpu_share), types)
    jobs = jobs.take(np.argsort(arrival_us(jobs), kind="stable"))
    return hybrid.give_text(loaded.scenario.seed, jobs, spec.text, spec.owners.apps)


def _source(loaded: Loaded, spec: DrawnWorkload, where: Origins, types: list[str], gpu_share: float) -> Jobs:
    scenario = loaded.scenario
    horizon_s = scenario.horizon / 1e6
    if isinstance(spec, SyntheticWorkload):
        law = synthetic_law(spec, _first_gpu_types(loaded), gpu_share)
        return generator.generate(scenario.seed, spec.jobs, horizon_s, scenario.start, law, where.lon, where.weight)
    if isinstance(spec, TraceWorkload):
        assert loaded.data is not None  # checked when the scenario was loaded
        longest = float("inf") if spec.max_duration is None else spec.max_duration / 1e6
        cut = normalized.Cut(spec.window.start / 1e6, horizon_s, spec.window.compress, longest)
        jobs = normalized.load(loaded.data, spec.source, cut, scenario.seed)
    else:
        assert isinstance(spec, FileWorkload)  # of a hybrid workload the text comes later
        homes = {dc.name: where.of_datacenter[i] for i, dc in enumerate(scenario.datacenters)}
        jobs = files.load(safe_path(spec.file, loaded.roots), homes, scenario.seed, types)
        loaded.problems.warnings.extend(jobs.notes)
        jobs = _windowed(loaded, spec, jobs)
        if len(jobs) == 0:
            raise DataError(f"{spec.file}: no job arrives within the horizon of {horizon_s:g} s")
    return jobs if spec.jobs is None else normalized.sample(jobs, spec.jobs, scenario.seed)


def _windowed(loaded: Loaded, spec: FileWorkload, jobs: Jobs) -> Jobs:
    """Jobs of a file that arrive in the scenario's part of it, with arrivals and deadlines from its start."""
    start_s, warnings = spec.window.start / 1e6, loaded.problems.warnings
    allowed_s = jobs.deadline_s - jobs.arrival_s  # compressed arrivals leave a job as long as it had
    if start_s or spec.window.compress != 1.0:
        jobs.arrival_s = (jobs.arrival_s - start_s) / spec.window.compress
        jobs.deadline_s = jobs.arrival_s + allowed_s
    longest_s = np.inf if spec.max_duration is None else spec.max_duration / 1e6
    for out, why in (
        (jobs.arrival_s < 0, "arrive before the window"),
        (arrival_us(jobs) >= loaded.scenario.horizon, "arrive after the horizon"),
        (jobs.duration_s > longest_s, "run longer than max_duration"),
    ):
        if out.any():
            warnings.append(f"{int(out.sum())} jobs of {spec.file} {why} and were left out")
    inside = (jobs.arrival_s >= 0) & (arrival_us(jobs) < loaded.scenario.horizon) & (jobs.duration_s <= longest_s)
    return jobs if inside.all() else jobs.take(np.flatnonzero(inside))


def synthetic_law(spec: SyntheticWorkload, types: list[str], gpu_share: float) -> generator.WorkloadLaw:
    """The generator's parameters from the scenario."""
    d, a = spec.durations, spec.arrivals
    quantiles = tuple((rank, time_us / 1e6) for rank, time_us in d.quantiles)
    return generator.WorkloadLaw(
        duration=DurationLaw(d.median / 1e6, d.sigma, d.tail_share, d.tail_alpha, d.min / 1e6, d.max / 1e6, quantiles),
        arrivals=ArrivalLaw(
            a.diurnal, a.weekend, a.burstiness, a.batch_alpha, a.batch_cap, a.burst_shares, a.peak_hour, a.profile
        ),
        apps=spec.owners.apps,
        app_share=d.app_share,
        gpu_share=gpu_share,
        gpu_typed_share=spec.gpu_typed_share,
        gpu_types=tuple(types),
        sizes=_sizes_like(spec.like),
        size_corr=d.size_corr,
    )


def _sizes_like(trace: str | None) -> Sizes:
    """Sizes of a trace; the default ones for tasks without GPUs, or with them, where the trace has none such."""
    own = (presets()[trace].sizes if trace is not None else None) or ()
    return own + tuple(row for row in DEFAULT_SIZES if not any((row[2] > 0) == (other[2] > 0) for other in own))


def deadline_rule(spec: Deadlines) -> enrich.DeadlineRule:
    """The deadline rule from the scenario."""
    low, high = (spec.low, spec.high) if spec.distribution == "uniform" else (spec.median, spec.sigma)
    return enrich.DeadlineRule(spec.distribution, low, high, spec.min / 1e6, spec.none_share)


def owner_law(loaded: Loaded) -> enrich.OwnerLaw:
    """What owners declare, from the scenario."""
    o = _drawn(loaded).owners
    return enrich.OwnerLaw(o.estimate_sigma, o.estimate_missing, o.data_median_gb, o.data_sigma, o.data_none)


def _truth(loaded: Loaded, jobs: Jobs, apps: Catalogue) -> hidden.Truth:
    t = _drawn(loaded).truth
    law = hidden.HiddenLaw(
        t.cpu_util_quantiles, t.gpu_util_quantiles, phased_share=t.phased_share, interference=t.interference
    )
    return hidden.draw(loaded.scenario.seed, jobs, apps, law)


def _known_types(jobs: Jobs, types: list[str]) -> Jobs:
    """GPU type numbers of the run instead of those of the source; a type that no datacenter has is a problem."""
    unknown = [t for t in jobs.gpu_types if t not in types]
    if unknown:
        raise DataError(
            f"GPU type {', '.join(unknown)} of the workload is in no datacenter; they have {', '.join(types) or 'none'}"
        )
    if jobs.gpu_types:
        table = np.array([*(types.index(t) for t in jobs.gpu_types), -1], np.int32)
        jobs.gpu_type = table[jobs.gpu_type]
    return jobs


def fits(loaded: Loaded, jobs: Jobs) -> np.ndarray:
    """Whether some host of some datacenter could hold each task when empty."""
    types = gpu_types(loaded)
    result = np.zeros(len(jobs), dtype=bool)
    for name in {g.type for i in range(len(loaded.scenario.datacenters)) for g in loaded.groups(i)}:
        h = loaded.host(name)
        type_index = types.index(h.gpu_type) if h.gpu_type is not None else -2
        right = (jobs.gpus == 0) | (jobs.gpu_type == -1) | (jobs.gpu_type == type_index)
        result |= right & (jobs.cores <= h.cores) & (jobs.mem_gb <= h.mem_gb) & (jobs.gpus <= h.gpus)
    return result


def arrival_us(jobs: Jobs) -> I64:
    """Arrival as the world sees it: whole microseconds, so that the last half of one rounds up to the horizon."""
    return np.round(jobs.arrival_s * 1e6).astype(np.int64)


def declared(jobs: Jobs) -> dict[str, Any]:
    """Columns of tasks.gsf (PROTOCOL.md §2.2)."""
    n = len(jobs)
    finite = np.isfinite(jobs.deadline_s)
    deadline_us = np.where(finite, np.round(np.where(finite, jobs.deadline_s, 0.0) * 1e6), 0.0).astype(np.int64)
    assert jobs.name is not None
    assert jobs.labels is not None
    assert jobs.user is not None
    columns = {
        "job": np.arange(n, dtype=np.int64),
        "index": np.zeros(n, np.int32),
        "arrival_us": arrival_us(jobs),
        "deadline_us": np.where(finite, deadline_us, NO_DEADLINE_US),
        "cores": jobs.cores,
        "gpus": jobs.gpus,
        "gpu_type": jobs.gpu_type,
        "mem_gb": jobs.mem_gb,
        "data_gb": jobs.data_gb,
        "origin": jobs.origin,
        "priority": jobs.priority,
        "expected_s": jobs.expected_s,
        "name": jobs.name.decode(),
        "labels": jobs.labels.decode(),
        "user": jobs.user.decode(),
    }
    if jobs.description is not None:
        columns["description"] = jobs.description.decode()
    return columns
