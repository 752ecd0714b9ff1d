"""Examples: the vector of each job's prompt, numbers of its pairs, and by what factor physics was wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from greensched.core.errors import DataError
from greensched.core.types import F64, I64, Options
from greensched.feedback.outcomes import Outcomes, outcomes
from greensched.language.tensors import F32
from greensched.predictors.analytic import AnalyticPredictor
from greensched.predictors.llm.inputs import Hosts, job_numbers
from greensched.predictors.prompted.artefact import Reads
from greensched.predictors.prompted.head import MOST_LOG
from greensched.predictors.prompted.reader import PromptReader, Prompts


@dataclass(frozen=True)
class Examples:
    """Jobs in the order of their decisions, and their pairs.

    Attributes:
        pooled: vectors of prompts, (jobs, width).
        job: numbers of jobs, (jobs, ..).
        row: job of each pair, ascending, (pairs,).
        host, state: numbers of pairs, (pairs, ..).
        log_run, log_energy: of the truth over ``analytic``, (pairs,).
    """

    pooled: F32
    job: F64
    row: I64
    host: F64
    state: F64
    log_run: F64
    log_energy: F64

    def __len__(self) -> int:
        return len(self.pooled)

    def part(self, begin: int, end: int) -> Examples:
        """The jobs from ``begin`` to before ``end``."""
        first, last = np.searchsorted(self.row, [begin, end])
        pairs = (a[first:last] for a in (self.host, self.state, self.log_run, self.log_energy))
        return Examples(self.pooled[begin:end], self.job[begin:end], self.row[first:last] - begin, *pairs)


def examples(sources: Sequence[Path], reads: Reads, reader: PromptReader, most_jobs: int) -> Examples:
    """Read feedback logs, runs and folders of reports.

    Args:
        sources: as :func:`greensched.feedback.outcomes.outcomes` takes them.
        reads: what is read.
        reader: reads it.
        most_jobs: of each source, the newest; 0: all.

    Raises:
        DataError: there is nothing to learn from.
    """
    parts = [part for source in sources for part in _source(list(outcomes(source)), reads, reader, most_jobs)]
    if not parts:
        raise DataError(f"{', '.join(map(str, sources))}: no finished placement to learn from")
    return joined(parts)


def joined(parts: Sequence[Examples]) -> Examples:
    """One table of several."""
    offsets = np.cumsum([0, *map(len, parts)])
    row = np.concatenate([part.row + offset for part, offset in zip(parts, offsets[:-1], strict=True)])

    def column(name: str) -> F64:
        found: F64 = np.concatenate([getattr(part, name) for part in parts])
        return found

    pooled: F32 = np.concatenate([part.pooled for part in parts])
    return Examples(pooled, column("job"), row, *map(column, ("host", "state", "log_run", "log_energy")))


def _source(found: list[Outcomes], reads: Reads, reader: PromptReader, most_jobs: int) -> Iterable[Examples]:
    """The newest answers that hold so many jobs, oldest first."""
    begin, jobs = len(found), 0
    while begin > 0 and (jobs < most_jobs or not most_jobs):
        begin -= 1
        jobs += len(found[begin].tasks)
    known, prompts, hosts, prior = None, None, None, AnalyticPredictor()
    for outcome in found[begin:]:
        world = outcome.observation.world
        if prompts is None or hosts is None or world is not known:
            known, prompts, hosts = world, Prompts(world, reads), Hosts(world, reads.gpu_names)
            prior.start(world)
        part = _part(outcome, reader, prompts, hosts, prior)
        if part is not None:
            yield part


def _part(
    outcome: Outcomes, reader: PromptReader, prompts: Prompts, hosts: Hosts, prior: AnalyticPredictor
) -> Examples | None:
    """What is usable of one answer: finished, with a positive energy and run time, where physics says something."""
    seen = outcome.observation
    told = prior.predict(seen, outcome.tasks, Options.now_everywhere(seen.world.n_datacenters, seen.t_s))
    at = outcome.row, outcome.dc
    physics_kwh, physics_s = told.energy_kwh[at], (told.service_time_s - told.wait_s)[at]
    usable = np.isfinite(outcome.energy_kwh) & (outcome.energy_kwh > 0) & (outcome.run_s > 0)
    usable &= np.isfinite(physics_kwh) & (physics_kwh > 0) & (physics_s > 0)
    if not usable.any():
        return None
    order = np.flatnonzero(usable)[np.argsort(outcome.row[usable], kind="stable")]
    jobs, row = np.unique(outcome.row[order], return_inverse=True)
    asked, dc = outcome.tasks.take(jobs.astype(np.intp)), outcome.dc[order]
    pairs = hosts.pairs(seen, asked)
    run, energy = outcome.run_s[order] / physics_s[order], outcome.energy_kwh[order] / physics_kwh[order]
    return Examples(
        reader.pooled(*prompts.parted(seen, asked)), job_numbers(asked), row.astype(np.int64), pairs.host[row, dc],
        np.asarray(pairs.state[row, dc]), *(np.clip(np.log(x), -MOST_LOG, MOST_LOG) for x in (run, energy)),
    )  # fmt: skip
