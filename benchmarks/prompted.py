"""The whole prompt read as one sequence (`llm-prompt`): how long it takes, and what it learns from a few jobs.

python benchmarks/prompted.py [--quick] [--paper]

* Time per job of a slot with ten datacenters, in both orders of the prompt; nothing is remembered from other slots.
* Errors over all (job, datacenter) pairs of the first jobs of an unseen world, after training on the newest jobs of a
  training world, beside those of `analytic`. With --paper also in the paper's order, where nearly all of a prompt is
  read again for every job.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import testbed
from generate import first_jobs
from harness import Report
from predictor import one_by_one
from scores import UNITS, add_error, errors

from greensched.learning.prompted.trainer import LEVEL, PromptTrainer
from greensched.predictors.analytic import AnalyticPredictor
from greensched.predictors.prompted.predictor import PromptPredictor
from greensched.testing.worlds import random_observation

SITES = 10


def latency(report: Report, model: Path, order: str, jobs: int) -> None:
    """Time of jobs of one slot, one after the other; the model decides nothing but what is computed."""
    made = PromptPredictor(str(model))
    made._use(dataclasses.replace(made.model, reads=dataclasses.replace(made.model.reads, order=order)))
    seen = random_observation(11, jobs, SITES)
    made.start(seen.world)
    before = made.metadata["tokens_read"]
    took_s = list(one_by_one(made, seen))
    case = f"one job, ten datacenters, order {order}"
    report.add(case, "first of a slot", 1000 * took_s[0], "ms")
    report.add(case, "further, p50", 1000 * float(np.median(took_s[1:])), "ms")
    report.add(case, "tokens read per job", (made.metadata["tokens_read"] - before) / jobs, "")


def main() -> int:
    """Measure and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few jobs")
    parser.add_argument("--paper", action="store_true", help="errors in the paper's order too")
    options = parser.parse_args()
    report = Report("prompted", options.quick)
    report.add("machine", "processes that want to run, per core, before", os.getloadavg()[0] / os.cpu_count(), "")  # type: ignore[operator]
    learned, judged = (150, 30) if options.quick else (1500, 200)
    log = testbed.train_world(testbed.VALIDATION_SEEDS[0])
    # the other test world was looked at when the head was chosen
    found = list(first_jobs(testbed.test_world("test", testbed.TEST_SEEDS[1]), judged))
    jobs = sum(len(o.tasks) for o in found)
    named: dict[str, object] = {"analytic": AnalyticPredictor()}
    for order in ("shared", "paper") if options.paper else ("shared",):
        trainer = PromptTrainer(order=order, level=LEVEL, jobs=learned)  # type: ignore[arg-type]
        began = time.perf_counter()
        metrics = trainer.learn([log], seed=0)
        case = f"llm-prompt, order {order}, {metrics['training_jobs']:.0f} jobs"
        report.add(case, "training", time.perf_counter() - began, "s")
        named[case] = trainer
    for name, predictor in named.items():
        told = errors(predictor, found)
        for target in UNITS:
            add_error(report, f"{name}, on {jobs} of test", target, told[target])
    with tempfile.TemporaryDirectory() as folder:
        trainer.save(Path(folder))
        for order in ("shared", "paper"):
            latency(report, Path(folder), order, 6 if options.quick else 40)
    return report.write()


if __name__ == "__main__":
    sys.exit(main())
