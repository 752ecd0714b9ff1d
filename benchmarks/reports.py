"""What predictors learn from a feedback log: errors after no, 1,000, 4,000, 16,000 and 64,000 reports.

python benchmarks/reports.py [--quick] [--llm MODEL] [--rival]

One unseen world of the split ``test`` goes on for months (``testbed.long_world``). Its log was written by the policy
``random``, which gives every datacenter the same chance (exploration 100 %), and tells of the chosen datacenter only.
Predictors learn from the first N reports and are scored on the newest jobs: on all datacenters, and on the chosen ones
apart. ``llm`` begins with the model that comes with GreenSched, or with nothing; so does XGBoost, whose pre-training is
``rival.py`` (``--rival``: trained on the same worlds and the log together, a quarter of an hour for each number).
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from pathlib import Path

import numpy as np
import testbed
from harness import Report
from predictor import serving
from rival import FIRST
from scores import FLOOR, add_error, add_root, errors

from greensched.core.contracts import Predictor
from greensched.feedback.outcomes import Outcomes, outcomes
from greensched.learning.llm import trainer
from greensched.learning.llm.examples import Table, table
from greensched.learning.trees.trainer import Source, XGBoostTrainer
from greensched.predictors.analytic import AnalyticPredictor
from greensched.predictors.xgboost import XGBoostPredictor

COUNTS, SCORED = (1_000, 4_000, 16_000, 64_000), 2_000
QUICK_COUNTS, QUICK_SCORED = (300,), 300
RIVAL_COUNTS = (4_000, 64_000)
PAIRS = 1  # of a job of the training worlds, where the rival learns from these and the log


@dataclasses.dataclass(frozen=True)
class Log:
    """What can be learned and what is scored.

    Attributes:
        path: of the log.
        known: its reports that had come before the scored jobs, in order of decision.
        until_s: when the first so many had come, by number.
        scored: the newest jobs at every datacenter.
        chosen: the same where they ran.
    """

    path: Path
    known: Table
    until_s: dict[int, float]
    scored: list[Outcomes]
    chosen: list[Outcomes]


def read_log(world: Path, counts: tuple[int, ...], scored: int) -> Log:
    """The log of a world, cut where the newest jobs begin."""
    path = world / "feedback.sqlite"
    every, jobs = [], 0
    for o in reversed(list(outcomes(world))):
        every.append(o)
        jobs += len(o.tasks)
        if jobs >= scored:
            break
    every.reverse()
    begins_s = every[0].decided_s
    ran = {
        (o.decided_s, task, dc)
        for o in outcomes(path)
        for task, dc in zip(o.tasks.task[o.row].tolist(), o.dc.tolist(), strict=True)
    }
    told = table([path], trainer.GPU_NAMES, trainer.LEVEL)
    ended_s = told.finished_s[told.first[:-1]]
    in_time = np.sort(ended_s[ended_s <= begins_s])
    until_s = {min(n, len(in_time)): float(in_time[min(n, len(in_time)) - 1]) for n in counts}
    known = told.take(np.flatnonzero(ended_s <= begins_s))
    return Log(path, known, until_s, every, [only(o, ran) for o in every])


def only(o: Outcomes, ran: set[tuple[float, int, int]]) -> Outcomes:
    """The pairs of tasks and the datacenters where they ran."""
    kept = np.array(
        [(o.decided_s, o.tasks.task[r], int(d)) in ran for r, d in zip(o.row, o.dc, strict=True)], dtype=bool
    )
    pairs = {f: getattr(o, f)[kept] for f in ("row", "dc", "energy_kwh", "run_s", "wait_s", "finished_s")}
    return dataclasses.replace(o, **pairs)


def score(report: Report, case: str, predictor: Predictor, log: Log, *, aim: bool = False) -> None:
    """Errors on all datacenters and on the chosen."""
    for where, found in (("", log.scored), (", chosen", log.chosen)):
        told = errors(predictor, found)
        for target in ("energy", "run time"):
            wanted = {"energy": 5.0, "run time": 3.0}[target] if aim and not where else None
            add_error(report, case, f"{target}{where}", told[target], wanted)
            add_root(report, case, f"{target}{where}", told[f"{target}, off"])


def learned(known: Table, until_s: float) -> Table:
    """The reports that had come."""
    return known.take(np.flatnonzero(known.finished_s[known.first[:-1]] <= until_s))


def of_llm(report: Report, model: str, log: Log) -> None:
    """``llm`` after each number of reports, pre-trained and not."""
    score(report, "llm pre-trained, 0 reports", serving(model), log)
    for count, until_s in log.until_s.items():
        known = learned(log.known, until_s)
        began = time.perf_counter()
        tuned = trainer.LLMTrainer(model)
        tuned.learn_tables([known], [str(log.path)], seed=0)
        case = f"llm pre-trained, {count} reports"
        report.add(case, "training", time.perf_counter() - began, "s")
        score(report, case, tuned, log, aim=count == max(log.until_s))
        told = tuned.artefact
        begin = trainer.new(told.sizes, told.base, told.layers, told.precision)
        cut = round(len(known) * (1 - trainer.HELD_FRAC))
        parts = known.take(np.arange(cut)), known.take(np.arange(cut, len(known)))
        fresh, _ = trainer.train(*parts, tuned.encoder, begin, "default", 0)
        score(report, f"llm from nothing, {count} reports", serving(model, fresh), log)


def of_xgboost(report: Report, log: Log, together: tuple[int, ...]) -> None:
    """The rival after each number of reports; ``together`` with what it was pre-trained on."""
    settings = dataclasses.replace(FIRST, refit=True)
    if testbed.rival():
        score(report, "xgboost pre-trained, 0 reports", XGBoostPredictor(testbed.rival()), log)
    for count, until_s in log.until_s.items():
        mine = Source(log.path, until_s=until_s)
        alone = XGBoostTrainer()
        alone.fit([mine], seed=0, settings=dataclasses.replace(settings, fewest_texts=5))
        score(report, f"xgboost from nothing, {count} reports", alone, log)
        if count in together:
            usual = [testbed.train_world(seed) for seed in testbed.TRAIN_SEEDS]
            folders = [*usual, *map(testbed.gpu_world, testbed.GPU_SEEDS), *map(testbed.busy_world, testbed.BUSY_SEEDS)]
            both = XGBoostTrainer()
            both.fit([*(Source(f, most_pairs=PAIRS) for f in folders), mine], seed=0, settings=settings)
            score(report, f"xgboost pre-trained, {count} reports", both, log)


def main() -> int:
    """All of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--llm", default="")
    parser.add_argument("--rival", action="store_true")
    asked = parser.parse_args()
    report = Report("reports", asked.quick)
    world = testbed.test_world("test", testbed.TEST_SEEDS[0]) if asked.quick else testbed.long_world()
    log = read_log(world, *((QUICK_COUNTS, QUICK_SCORED) if asked.quick else (COUNTS, SCORED)))
    for target, floor in FLOOR.items():
        report.add("floor", target, 100 * floor, "%")
    score(report, "analytic", AnalyticPredictor(), log)
    of_llm(report, asked.llm, log)
    of_xgboost(report, log, RIVAL_COUNTS if asked.rival else ())
    return report.write()


if __name__ == "__main__":
    sys.exit(main())
