"""How well predictors predict, how sure they may be, and how long they take.

python benchmarks/predictor.py [--quick] [--xgboost MODEL] [--llm MODEL]

* Errors over all (job, datacenter) pairs of unseen worlds (``testbed.py``): energy, run time, service time. RMSPE is
  sqrt(mean((predicted / true - 1)²)); a few tiny jobs can decide it, so the median error stands beside it. The floor is
  the luck that the generator states: 2 % of energy, 1.5 % of run time, plus stragglers.
* Fine-tuning: the newest jobs of an unseen world, after learning from its first N reports (of the chosen datacenter
  only; the log was written by the policy ``random``, which gives every datacenter the same chance), beginning with the
  model that comes with GreenSched, or with nothing.
* Quantiles: how often the truth lies in the central 50, 80 and 95 %.
* Latency on this machine: one new job, batches, remembered ones, ten datacenters each; in familiar words, and with one
  that the base model has to read; without contention only.
* The rival is XGBoost that reads, trained by ``rival.py`` on the same worlds; without it that part is left out.
"""

from __future__ import annotations

import argparse
import dataclasses
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import testbed
from harness import Report

from greensched.core.types import F64, Observation, Options, Predictions, TaskTable
from greensched.feedback.outcomes import Outcomes, outcomes
from greensched.predictors.analytic import AnalyticPredictor
from greensched.predictors.llm.opinion import SCALES
from greensched.predictors.llm.predictor import GROUPS, LLMPredictor
from greensched.predictors.xgboost import XGBoostPredictor
from greensched.testing.worlds import random_observation, tasks

_Z90 = 1.2816  # standard deviations from the median to the 90 % quantile of a normal distribution
FLOOR = {"energy": 0.02, "run time": 0.015}


def errors(predictor: object, found: list[Outcomes]) -> dict[str, F64]:
    """Relative errors of every pair, by target; and whether each interval holds the truth."""
    parts: dict[str, list[F64]] = {}
    started = None
    for o in found:
        seen = o.observation
        if started is not seen.world:
            predictor.start(seen.world)  # type: ignore[attr-defined]
            started = seen.world
        told = predictor.predict(seen, o.tasks, Options.now_everywhere(seen.world.n_datacenters, seen.t_s))  # type: ignore[attr-defined]
        usable = np.isfinite(o.energy_kwh) & (o.energy_kwh > 0)
        at = (o.row[usable], o.dc[usable])
        true_kwh, true_run_s, true_s = o.energy_kwh[usable], o.run_s[usable], o.service_time_s[usable]
        run_s = (told.service_time_s - told.wait_s)[at]
        parts.setdefault("energy", []).append(told.energy_kwh[at] / true_kwh - 1)
        parts.setdefault("run time", []).append(run_s / true_run_s - 1)
        parts.setdefault("service time", []).append(told.service_time_s[at] / true_s - 1)
        levels = sorted(told.quantiles)
        if levels:
            aimed = aimed_at_rmspe(told)
            parts.setdefault("energy, aimed at RMSPE", []).append(aimed.energy_kwh[at] / true_kwh - 1)
            aimed_s = (aimed.service_time_s - aimed.wait_s)[at]
            parts.setdefault("run time, aimed at RMSPE", []).append(aimed_s / true_run_s - 1)
        for low, high in zip(levels[: len(levels) // 2], reversed(levels), strict=False):
            bounds = told.quantiles[low], told.quantiles[high]
            share = f"{100 * (high - low):g} %"
            wait_s = told.wait_s[at]
            for k, target, true in ((0, "energy", true_kwh), (1, "run time", true_run_s)):
                a, b = (bound[k][at] - (wait_s if k else 0.0) for bound in bounds)
                parts.setdefault(f"{target} in {share}", []).append(((a <= true) & (true <= b)).astype(float))
    return {name: np.concatenate(values) for name, values in parts.items()}


def aimed_at_rmspe(told: Predictions) -> Predictions:
    """Smaller predictions, the more unsure the smaller: those of the least mean square of predicted / true - 1.

    Of a lognormal truth that is exp(mean - 1.5 spread²). The rival's constant has the same aim; nobody should decide by
    it, since it promises too little.
    """
    (low_kwh, low_s), (high_kwh, high_s) = told.quantiles[0.1], told.quantiles[0.9]
    run_s = told.service_time_s - told.wait_s
    energy, run = (
        np.exp(-1.5 * (np.log(high / low) / (2 * _Z90)) ** 2)
        for low, high in ((low_kwh, high_kwh), (low_s - told.wait_s, high_s - told.wait_s))
    )
    return Predictions(told.energy_kwh * energy, told.wait_s + run_s * run, told.wait_s)


def add_error(report: Report, case: str, target: str, error: F64, wanted: float | None = None) -> None:
    """Root mean square and median of relative errors."""
    report.add(case, f"{target}, RMSPE", 100 * float(np.sqrt(np.mean(error**2))), "%", wanted)
    report.add(case, f"{target}, median error", 100 * float(np.median(np.abs(error))), "%")


def one_by_one(predictor: object, seen: Observation) -> Iterator[float]:
    """Seconds that each task of an observation takes, one after the other; the predictor has been started."""
    everywhere = Options.now_everywhere(seen.world.n_datacenters, seen.t_s)
    for row in range(len(seen.tasks)):
        table = seen.tasks.take(np.array([row]))
        began = time.perf_counter()
        predictor.predict(dataclasses.replace(seen, tasks=table), table, everywhere)  # type: ignore[attr-defined]
        yield time.perf_counter() - began


def accuracy(report: Report, name: str, predictor: object, split: str, found: list[Outcomes]) -> None:
    """Rows of one predictor on one split."""
    for target, error in errors(predictor, found).items():
        case = f"{name} on {split}"
        if " in " in target:
            nominal = float(target.split()[-2])
            wrong = 100 * error.mean() - nominal
            report.add(case, f"{target}: covered", 100 * error.mean(), "%")
            if name == "llm":
                least = split.startswith("new-words")
                report.add(case, f"{target}: off nominal", wrong if least else abs(wrong), "points",
                           *((0.0, False) if least else (1.0, True)))  # fmt: skip
            continue
        wanted = {"energy": 5.0, "run time": 3.0}.get(target) if name == "llm" and split == "test" else None
        add_error(report, case, target, error, wanted)


def fine_tuned(report: Report, model: str, counts: tuple[int, ...], world: Path, scored: int) -> None:
    """Errors on the newest jobs of a world after learning from its first reports."""
    from greensched.learning.llm import trainer
    from greensched.learning.llm.examples import read, table

    base = trainer.LLMTrainer(model)
    told = base.artefact
    chosen, every = (table([s], told.gpu_names, told.level) for s in (world / "feedback.sqlite", world))
    newest = every.take(np.arange(len(every) - scored, len(every)))
    encoder = base.encoder
    texts = read(encoder, newest.said, descriptions=told.reads)
    begins = float(newest.decided_s.min())
    for count in counts:
        known = chosen.take(np.flatnonzero(chosen.finished_s[chosen.first[:-1]] <= begins)[:count])
        for name, begin in (
            ("pre-trained", told),
            ("from nothing", trainer.new(told.sizes, told.base, told.layers, told.precision)),
        ):
            if count == 0 and not begin.weights:
                continue
            if count == 0:
                metrics = trainer.judged(told, newest, texts)
            else:
                preset = "update" if begin.weights else "default"
                _, metrics = trainer.train(known, newest, encoder, begin, preset, 0)
            for target in ("energy", "run_time"):
                for kind, shown in (("rmspe", "RMSPE"), ("median_error", "median error")):
                    report.add(
                        f"llm {name}, {len(known)} reports",
                        f"{target}, {shown}",
                        100 * metrics[f"{target}_{kind}_frac"],
                        "%",
                    )


def latency(report: Report, predictor: LLMPredictor, repeats: int) -> None:
    """Times of predictions for ten datacenters, of jobs in familiar words and of jobs with one that nobody has met."""
    words = "Fine-tune resnet50 on imagenet, 3 epochs, bs 64, fp16, resume from checkpoint at 60% please".split()
    seen = random_observation(1, 4, 10)
    predictor.start(seen.world)
    counter = iter(range(10**9))

    def batch(n: int, length: int, word: str) -> TaskTable:
        told = [" ".join([*(words * 9)[: length - 1], f"{word}{next(counter)}"]) for _ in range(n)]
        return tasks(n, description=told, name=[f"job-{i}" for i in range(n)])

    def timed(table: TaskTable) -> float:
        began = time.perf_counter()
        predictor.predict(seen, table, Options.now_everywhere(10, seen.t_s))
        return 1000 * (time.perf_counter() - began)

    for kind, word in (("familiar", ""), ("unfamiliar", "zq")):
        for _ in range(3):
            timed(batch(1, 15, word))
        for length, about in ((15, 20), (38, 50), (150, 200)):
            took = np.array([timed(batch(1, length, word)) for _ in range(repeats)])
            case = f"one new {kind} job, {about} tokens"
            report.add(case, "p50", float(np.median(took)), "ms")
            report.add(case, "p99", float(np.quantile(took, 0.99)), "ms", 10.0 if about == 20 else None)
        for n in (64, 1000):
            table = batch(n, 15, word)
            report.add(f"{n} new {kind} jobs", "per job", timed(table) / n, "ms", 2.0)
            again = [timed(table) / n for _ in range(5)]
            report.add(f"{n} remembered {kind} jobs", "per job", float(np.median(again)), "ms", 0.1)
    one = batch(1, 15, "zq")
    timed(one)
    report.add("one remembered job", "p50", float(np.median([timed(one) for _ in range(repeats)])), "ms")
    report.add("process", "most memory", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MB")


def variants(model: str) -> Iterator[tuple[str, LLMPredictor]]:
    """The same model with one thing changed."""
    usual = LLMPredictor(model).artefact
    base_model = "is silent" if usual.reads else "reads"
    certain = 1e-9 + np.eye(len(SCALES))
    trusted, doubted = ([certain[at].tolist()] * GROUPS for at in (0, -1))
    for name, changed in (
        (f"llm, base model {base_model}", {"reads": not usual.reads}),
        ("llm, text trusted", {"doubts": trusted}),  # but for its own spread
        ("llm, second opinion alone", {"doubts": doubted}),
    ):
        made = LLMPredictor(model)
        made.artefact = dataclasses.replace(usual, **changed)
        made._use()
        yield name, made


def some(found: Iterator[Outcomes], most: int) -> list[Outcomes]:
    """Outcomes of the first so many jobs."""
    kept, jobs = [], 0
    for o in found:
        kept.append(o)
        jobs += len(o.tasks)
        if jobs >= most:
            break
    return kept


def main() -> int:
    """All of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--xgboost", default="")
    parser.add_argument("--llm", default="")
    asked = parser.parse_args()
    report = Report("predictor", asked.quick)
    llm = LLMPredictor(asked.llm)
    latency(report, llm, 30 if asked.quick else 300)
    rivals: dict[str, object] = {"analytic": AnalyticPredictor(), "llm": llm, **dict(variants(asked.llm))}
    if rival := asked.xgboost or testbed.rival():
        rivals["xgboost"] = XGBoostPredictor(rival)
    for target, floor in FLOOR.items():
        report.add("floor", target, 100 * floor, "%")
    for split in testbed.SPLITS:
        found = some(outcomes(testbed.test_world(split, testbed.TEST_SEEDS[0])), 300 if asked.quick else 5_000)
        texts = {text for o in found for text in o.tasks.description}
        unfamiliar = llm.artefact.vocabulary.known(sorted(texts)).unfamiliar
        report.add(f"texts of {split}", "with words that llm has not met", 100 * float(unfamiliar.mean()), "%")
        for name, predictor in rivals.items():
            accuracy(report, name, predictor, split, found)
    if not asked.quick:
        fine_tuned(report, asked.llm, (0, 1_000, 4_000), testbed.test_world("test", testbed.TEST_SEEDS[1]), 1_000)
    return report.write()


if __name__ == "__main__":
    sys.exit(main())
