"""What it costs to have answers written in this process, and what an untuned model's answers are worth.

python benchmarks/generate.py [--quick] [--model BASE]

* Tokens: ms for one read with 512 others, and for one written after 512.
* Answers about five datacenters: the first of a slot, which reads everything, and those after it, in both orders of the
  prompt. Nothing is remembered from other slots.
* Errors over all (job, datacenter) pairs of the first jobs of an unseen world, beside those of `analytic`.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import testbed
from harness import Report
from predictor import one_by_one
from scores import UNITS, add_error, errors

from greensched.feedback.outcomes import Outcomes, outcomes
from greensched.language.runtime import int8_is_exact
from greensched.predictors.analytic import AnalyticPredictor
from greensched.predictors.generate.predictor import GeneratePredictor
from greensched.predictors.generate.writing import BaseWriter
from greensched.testing.worlds import random_observation

SITES, LONG = 5, 512
LEVEL = "+text-hardware-network-state-forecasts"  # the paper's prompt, what is declared, and the owner's words


def tokens(report: Report, model: str, precision: str, rounds: int) -> None:
    """Time of a token that is read, and of one that is written."""
    writer = BaseWriter(model, precision)  # type: ignore[arg-type]
    ids = np.random.default_rng(0).integers(100, 10_000, LONG).tolist()
    writer.open()
    read_s, step_s = [], []
    for _ in range(rounds):
        writer.open()  # forgets
        began = time.perf_counter()
        writer.prefill(ids, began + 1e9)
        read_s.append((time.perf_counter() - began) / LONG)
        for token in ids[:10]:
            began = time.perf_counter()
            writer.step([token])
            step_s.append(time.perf_counter() - began)
    report.add(f"{precision}", "a token read, p50", 1000 * float(np.median(read_s)), "ms")
    report.add(f"{precision}", "a token written, p50", 1000 * float(np.median(step_s)), "ms")


def answers(report: Report, model: str, precision: str, level: str, order: str, jobs: int) -> None:
    """Time of answers of one slot."""
    made = GeneratePredictor(model=model, precision=precision, level=level, order=order, budget_s=1e6)
    seen = random_observation(7, jobs, SITES)
    made.start(seen.world)
    took_s, done = [], 0
    for spent_s in one_by_one(made, seen):
        if made.metadata["backend"]["answers"] > done:
            took_s.append(spent_s)
            done += 1
    case = f"{precision}, {level}, order {order}"
    report.add(case, "first answer of a slot", 1000 * took_s[0], "ms")
    report.add(case, "further answer, p50", 1000 * float(np.median(took_s[1:])), "ms")
    counts = made.metadata["backend"]
    report.add(case, "tokens read and written per answer", counts["tokens_read"] / counts["answers"], "")


def first_jobs(world: Path, jobs: int) -> Iterator[Outcomes]:
    """The outcomes of so many jobs from the beginning of a world."""
    for found in outcomes(world):
        if jobs <= 0:
            return
        keep = np.flatnonzero(found.row < jobs)
        told = dataclasses.replace(found.observation, tasks=found.tasks.take(np.arange(min(jobs, len(found.tasks)))))
        columns = (found.energy_kwh, found.run_s, found.wait_s, found.finished_s)
        yield Outcomes(told, found.row[keep], found.dc[keep], *(column[keep] for column in columns))
        jobs -= len(found.tasks)


def accuracy(report: Report, model: str, level: str, jobs: int) -> None:
    """Errors of answers, and of physics on the same pairs."""
    found = list(first_jobs(testbed.test_world("test", testbed.TEST_SEEDS[0]), jobs))
    made = GeneratePredictor(model=model, level=level, budget_s=1e6)
    for name, predictor in (("llm-generate", made), ("analytic", AnalyticPredictor())):
        told = errors(predictor, found)
        for target in UNITS:
            case = f"{name}, {sum(len(o.tasks) for o in found)} jobs of test"
            add_error(report, case, target, told[target])
    counts = made.metadata
    report.add("llm-generate", "pairs that analytic had to fill", counts["pairs_analytic"], "")


def main() -> int:
    """Measure and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one precision, few jobs")
    parser.add_argument("--model", default="local", help="base model in this process")
    options = parser.parse_args()
    report = Report("generate", options.quick)
    report.add("machine", "processes that want to run, per core, before", os.getloadavg()[0] / os.cpu_count(), "")  # type: ignore[operator]
    precisions = ["int8"] * int8_is_exact() + ["fp32"]
    for precision in precisions[:1] if options.quick else precisions:
        tokens(report, options.model, precision, 3 if options.quick else 15)
    for level in ("paper",) if options.quick else ("paper", "full"):
        for order in ("shared", "paper"):
            answers(report, options.model, precisions[0], level, order, 4 if options.quick else 8)
    accuracy(report, options.model, LEVEL, 5 if options.quick else 30)
    return report.write()


if __name__ == "__main__":
    sys.exit(main())
