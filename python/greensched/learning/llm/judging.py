"""How good a trained model is, and how sure it may be: as it will be served, on jobs that it has not learned."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greensched.core.types import F64, I64
from greensched.learning.llm import calibrate
from greensched.learning.llm.examples import Table, Texts
from greensched.learning.llm.needs_torch import network_of, torch_and_fit
from greensched.predictors.llm.artefact import Artefact
from greensched.predictors.llm.head import Answer
from greensched.predictors.llm.inputs import JOB
from greensched.predictors.llm.opinion import Opinion, group, settled, within

FORGETTING = 5  # times that data are read with words forgotten
_ON_GPU = JOB.index("has_gpus")


def calibrated(artefact: Artefact, data: Sequence[tuple[Table, Texts]], forget: float = 0.0) -> Artefact:
    """With doubts and quantiles from other data than those that training held back.

    Args:
        artefact: trained.
        data: jobs and what was read of them.
        forget: if positive, the first of the data also tell how far off texts with unfamiliar words are: they are read
            a few times as if nobody had met this share of the words, others each time.
    """
    _, fitting = torch_and_fit()
    silent = [(held, texts if artefact.reads else texts.unread()) for held, texts in data]
    parts = [fitting.Batches(*part, artefact.vocabulary) for part in silent]
    rng = np.random.default_rng(0)
    for _ in range(FORGETTING if forget else 0):
        held, texts = silent[0]
        words = sorted({word for gram in artefact.vocabulary.grams for word in gram.split(" ")})
        less = artefact.vocabulary.without({w for w in words if rng.random() < forget})
        lost = np.flatnonzero(less.known(texts.descriptions).unfamiliar[texts.description])
        some = dataclasses.replace(texts, description=texts.description[lost], owner=texts.owner[lost])
        parts.append(fitting.Batches(held.take(lost), some, less))
    return on_batches(artefact, parts, fitting)[0]


def on_batches(
    artefact: Artefact, parts: Sequence[Any], fitting: Any, before: Artefact | None = None
) -> tuple[Artefact, list[Answer]]:
    """The artefact, calibrated on batches, and its answers to them; groups with too few jobs keep what was before."""
    network = network_of(artefact)  # as it will be served: after rounding
    told = [fitting.predictions(network, part) for part in parts]
    groups = [_groups(part.table, part) for part in parts]
    of = np.concatenate(groups)
    jobs = [_by_job(part.table, found) for part, found in zip(parts, told, strict=True)]
    error, spread = (np.concatenate(column) for column in zip(*jobs, strict=True))
    described = np.concatenate([_described(part.table) for part in parts])  # of the others the text is not asked
    doubts = calibrate.doubts(
        error[described], spread[described], of[described], before.doubts or None if before else None
    )
    artefact = dataclasses.replace(artefact, doubts=doubts)
    answers = [joint(part.table, part, found, artefact) for part, found in zip(parts, told, strict=True)]
    scores = [_scores(part.table, answer) for part, answer in zip(parts, answers, strict=True)]
    runs, energies = zip(*scores, strict=True)
    size = np.concatenate([np.diff(part.table.first) for part in parts])
    kept = np.repeat(described, size)
    run, energy = ((error[kept], spread[kept]) for error, spread in (_joined(runs), _joined(energies)))
    quantiles = calibrate.table(run, energy, np.repeat(of, size)[kept], before.quantiles or None if before else None)
    return dataclasses.replace(artefact, quantiles=quantiles), answers


def joint(held: Table, batches: Any, told: tuple[Any, ...], artefact: Artefact) -> Answer:
    """Answers of all pairs as they are served: text and second opinion together, or the second opinion alone.

    Serving joins both over all datacenters of a job; here over those that the table has, of a log one.

    Args:
        held: jobs and their pairs.
        batches: the same, for training.
        told: by ``fit.predictions``.
        artefact: whose doubts decide.
    """
    columns = [column.astype(np.float64) for column in told]
    text, second = Answer(*columns[:4]), Opinion(*columns[4:])
    row = np.repeat(np.arange(len(held)), np.diff(held.first))
    found = settled(text, second, row, np.ones(len(row)), np.array(artefact.doubts)[_groups(held, batches)])
    described = _described(held)[row]
    found = Answer(*(np.where(described, a, b) for a, b in zip(found, second, strict=True)))
    return within(found, *(held.pair[name].astype(np.float64) for name in ("core_w", "gpu_w", "pue")))


def judged(artefact: Artefact, held: Table, texts: Texts) -> dict[str, float]:
    """Errors of a model on some jobs."""
    _, fitting = torch_and_fit()
    batches = fitting.Batches(held, texts if artefact.reads else texts.unread(), artefact.vocabulary)
    return errors(held, joint(held, batches, fitting.predictions(network_of(artefact), batches), artefact), "")


def _by_job(held: Table, told: tuple[Any, ...]) -> tuple[F64, F64]:
    """Mean error by the text alone, and its mean spread, of run time and energy; each (jobs, 2)."""
    size = np.diff(held.first)
    row = np.repeat(np.arange(len(held)), size)
    run, energy, *spreads = (column.astype(np.float64) for column in told[:4])

    def mean(*columns: F64) -> F64:
        return np.stack([np.bincount(row, column, len(held)) / size for column in columns], axis=1)

    return mean(np.log(held.run_s) - run, np.log(held.energy_kwh) - energy), mean(*spreads)


def _joined(scores: Sequence[tuple[F64, F64]]) -> tuple[F64, F64]:
    return np.concatenate([error for error, _ in scores]), np.concatenate([spread for _, spread in scores])


def _scores(held: Table, found: Answer) -> tuple[tuple[F64, F64], tuple[F64, F64]]:
    """Errors and spreads of run time and of energy, in log units."""
    return (
        (np.log(held.run_s) - found.log_run, found.run_spread),
        (np.log(held.energy_kwh) - found.log_energy, found.energy_spread),
    )


def _described(held: Table) -> NDArray[np.bool_]:
    """Whether each job has a description: what else there is of text is not read without (``predictor``)."""
    return np.array([bool(said.description) for said in held.said], dtype=bool)


def _groups(held: Table, batches: Any) -> I64:
    """The group of each job."""
    return group(held.job[:, _ON_GPU] > 0, batches.known.unfamiliar[batches.texts.description])


def errors(held: Table, found: Answer, prefix: str) -> dict[str, float]:
    """Root mean square and median of relative errors."""
    told = {f"{prefix}log_error": 0.0}
    for name, predicted, true in (
        ("energy", found.log_energy, held.energy_kwh),
        ("run_time", found.log_run, held.run_s),
    ):
        told[f"{prefix}log_error"] += float(np.mean(np.abs(predicted - np.log(true))))
        error_frac = np.exp(predicted) / true - 1.0
        told[f"{prefix}{name}_rmspe_frac"] = float(np.sqrt(np.mean(error_frac**2)))
        told[f"{prefix}{name}_median_error_frac"] = float(np.median(np.abs(error_frac)))
    return told
