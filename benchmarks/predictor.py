"""How well predictors predict, how sure they may be, and how long they take.

python benchmarks/predictor.py [--quick] [--xgboost MODEL] [--llm MODEL] [--new-words]

* Errors over all (job, datacenter) pairs of unseen worlds (``testbed.py``): energy, run time, service time. RMSPE is
  sqrt(mean((predicted / true - 1)²)); a few tiny jobs can decide it, so the median error stands beside it. The floor is
  the luck that the generator states: 2 % of energy, 1.5 % of run time, plus stragglers.
* Quantiles: how often the truth lies in the central 50, 80 and 95 %, how wide these are, and the pinball loss;
  the rival's are split-conformal on a held-back world (``conformal.py``).
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

import numpy as np
import testbed
from conformal import Conformal
from harness import Report
from scores import FLOOR, UNITS, add_error, add_quantiles, add_root, errors, some

from greensched.core.contracts import Predictor
from greensched.core.types import Observation, Options, TaskTable
from greensched.feedback.outcomes import Outcomes, outcomes
from greensched.predictors.analytic import AnalyticPredictor
from greensched.predictors.llm.artefact import Artefact
from greensched.predictors.llm.opinion import GROUPS, SCALES
from greensched.predictors.llm.predictor import LLMPredictor
from greensched.predictors.xgboost import XGBoostPredictor
from greensched.testing.worlds import random_observation, tasks


def one_by_one(predictor: Predictor, seen: Observation) -> Iterator[float]:
    """Seconds that each task of an observation takes, one after the other; the predictor has been started."""
    everywhere = Options.now_everywhere(seen.world.n_datacenters, seen.t_s)
    for row in range(len(seen.tasks)):
        table = seen.tasks.take(np.array([row]))
        began = time.perf_counter()
        predictor.predict(dataclasses.replace(seen, tasks=table), table, everywhere)
        yield time.perf_counter() - began


def accuracy(report: Report, name: str, predictor: Predictor, split: str, found: list[Outcomes]) -> None:
    """Rows of one predictor on one split."""
    case, told = f"{name} on {split}", errors(predictor, found)
    for target in UNITS:
        wanted = {"energy": 5.0, "run time": 3.0}.get(target) if name == "llm" and split == "test" else None
        add_error(report, case, target, told[target], wanted)
        add_root(report, case, target, told[f"{target}, off"])
    for target in (t for t in told if t.endswith("aimed at RMSPE") and name != "xgboost"):  # it is already
        add_error(report, case, target, told[target])
    add_quantiles(report, case, told, split.startswith("new-words") if name == "llm" else None)


def serving(model: str, artefact: Artefact | None = None) -> LLMPredictor:
    """The predictor with another artefact than the one of its folder."""
    made = LLMPredictor(model)
    if artefact is not None:
        made.artefact = artefact
        made._use()
    return made


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
        yield name, serving(model, dataclasses.replace(usual, **changed))


def main() -> int:
    """All of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--xgboost", default="")
    parser.add_argument("--llm", default="")
    parser.add_argument("--new-words", action="store_true", help="also the split that nothing may be chosen by")
    asked = parser.parse_args()
    report = Report("predictor", asked.quick)
    llm = LLMPredictor(asked.llm)
    latency(report, llm, 30 if asked.quick else 300)
    rivals: dict[str, Predictor] = {"analytic": AnalyticPredictor(), "llm": llm, **dict(variants(asked.llm))}
    if rival := asked.xgboost or testbed.rival():
        held = some(outcomes(testbed.train_world(testbed.VALIDATION_SEEDS[0])), 300 if asked.quick else 3_000)
        rivals["xgboost"] = Conformal(XGBoostPredictor(rival), held)
    for target, floor in FLOOR.items():
        report.add("floor", target, 100 * floor, "%")
    for split in (*testbed.SPLITS, *(["new-words"] if asked.new_words else [])):
        found = some(outcomes(testbed.test_world(split, testbed.TEST_SEEDS[0])), 300 if asked.quick else 5_000)
        texts = {text for o in found for text in o.tasks.description}
        unfamiliar = llm.artefact.vocabulary.known(sorted(texts)).unfamiliar
        report.add(f"texts of {split}", "with words that llm has not met", 100 * float(unfamiliar.mean()), "%")
        for name, predictor in rivals.items():
            accuracy(report, name, predictor, split, found)
    return report.write()


if __name__ == "__main__":
    sys.exit(main())
