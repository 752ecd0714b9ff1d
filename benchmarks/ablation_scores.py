"""How ``ablations.py`` scores a variant: errors, what its choices cost, and what the base model's precision changes."""

from __future__ import annotations

import dataclasses

import numpy as np
import testbed
from harness import Report
from scores import errors, some

from greensched.core.types import F64, I64
from greensched.feedback.outcomes import outcomes
from greensched.learning.llm import fit, judging
from greensched.learning.llm.batches import Batches
from greensched.learning.llm.examples import Table, Texts
from greensched.learning.llm.needs_torch import network_of
from greensched.predictors.llm.artefact import Artefact
from greensched.predictors.llm.head import Answer
from greensched.predictors.llm.predictor import LLMPredictor

DRAWS, INTENSITY_SPREAD, NEAR = 5, 0.5, 0.05


def score(report: Report, case: str, split: str, found: Artefact, told: Table, texts: Texts) -> None:
    """Errors of run time and energy over all pairs of a split, and what its choices cost."""
    batches = Batches(told, texts, found.vocabulary)
    alone = fit.predictions(network_of(found), batches)
    served = judging.joint(told, batches, alone, found)
    if not all(np.isfinite(column).all() for column in alone[:2]):
        print(f"{case} on {split}: no finite answers", flush=True)
        return
    text = judging.errors(told, Answer(*(column.astype(np.float64) for column in alone[:4])), "")
    for name, value in judging.errors(told, served, "").items():
        if name.endswith("_frac"):
            metric = name.removesuffix("_frac").replace("_rmspe", ", RMSPE").replace("_median_error", ", median error")
            report.add(case, f"{split}: {metric.replace('_', ' ')}", 100 * value, "%")
    report.add(case, f"{split}: energy, median error, text alone", 100 * text["energy_median_error_frac"], "%")
    for of, value in regrets(told, served.log_energy).items():
        report.add(case, f"{split}: carbon beyond the oracle's, {of}", 100 * value, "%")


def regrets(told: Table, log_energy: F64) -> dict[str, float]:
    """By how much the carbon of the choices by predicted energy exceeds the oracle's, mean over jobs.

    Of near ties the two best differ by less than 5 %. Intensities are drawn, for all variants alike.
    """
    rng, first = np.random.default_rng(0), told.first[:-1]
    row, size = np.repeat(np.arange(len(told)), np.diff(told.first)), np.diff(told.first)
    extra, near = [], []

    def ranked(value: F64) -> I64:
        return np.lexsort((value, row))  # pairs of a job stay together, the best of them first

    for _ in range(DRAWS):
        drawn = INTENSITY_SPREAD * rng.standard_normal(len(row))
        true = np.log(told.energy_kwh) + drawn
        order, chosen = ranked(true), ranked(log_energy + drawn)[first]
        best, next_best = order[first], order[np.minimum(first + 1, len(row) - 1)]
        extra.append(np.expm1(true[chosen] - true[best]))
        near.append((size > 1) & (true[next_best] - true[best] < np.log1p(NEAR)))
    every, tied = np.concatenate(extra), np.concatenate(near)
    return {"all": float(every.mean()), "near ties": float(every[tied].mean()) if tied.any() else 0.0}


def precision(report: Report, jobs: int) -> None:
    """The shipped head where the base model is served in either precision."""
    for split in testbed.SPLITS:
        found = some(outcomes(testbed.test_world(split, testbed.TEST_SEEDS[0])), jobs)
        for reads in (False, True):
            rmspe: dict[str, dict[str, float]] = {}
            for kind in ("fp32", "int8"):
                made = LLMPredictor("", kind)  # type: ignore[arg-type]
                made.artefact = dataclasses.replace(made.artefact, reads=reads)
                made._use()
                told = errors(made, found)
                rmspe[kind] = {t: 100 * float(np.sqrt(np.mean(told[t] ** 2))) for t in ("energy", "run time")}
            case = f"shipped, base model {'reads' if reads else 'is silent'}"
            for target, value in rmspe["fp32"].items():
                apart = abs(rmspe["int8"][target] - value)
                report.add(case, f"{split}: {target}, RMSPE, fp32", value, "%")
                report.add(case, f"{split}: {target}, RMSPE, int8 apart from it", apart, "points", 0.2)
