"""Trains the rival of ``llm``: XGBoost that reads, on the same worlds.

python benchmarks/rival.py [--quick] [--trials N] [--pairs N] [--out DIR]

It gets the numbers that ``llm`` gets, the words of the text, pairs of them and the numbers in it, the same physics as a
beginning, and every datacenter's outcome of the same worlds (``testbed.py``; of each job a few datacenters, which say
much the same about it). Its settings come from a random search on some of the worlds. ``predictor.py`` compares both.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import random
import sys
import tempfile
import time
from pathlib import Path

import testbed
from harness import Report

from greensched.learning.trees.boosting import Settings
from greensched.learning.trees.trainer import Source, XGBoostTrainer

SEARCHED_WORLDS = 8
FIRST = Settings(
    depth=5, eta=0.15, subsample=1.0, columns=0.1, fewest=4.0, l2=3.0, linear=False,
    words=2000, rounds=1200, refit=True, patience=50, fewest_texts=30, aim="relative",
    threads=len(os.sched_getaffinity(0)),
)  # fmt: skip
"""The best of a search of six (at a lower rate, with more trees); with ``--trials`` the beginning of another.

In the end it learns from every world, as ``llm`` does."""


def main() -> int:
    """Search, train, save."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--trials", type=int, default=1)
    parser.add_argument("--pairs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=testbed.cache() / "rival")
    asked = parser.parse_args()
    if asked.quick:
        testbed.JOBS, testbed.APPS, testbed.TRAIN_SEEDS, testbed.GPU_SEEDS = 1_000, 500, testbed.TRAIN_SEEDS[:1], ()
        testbed.BUSY_SEEDS = ()
    with tempfile.TemporaryDirectory() as scratch:
        return run(asked, Path(scratch) if asked.quick else asked.out)


def run(asked: argparse.Namespace, out: Path) -> int:
    """All of it."""
    report = Report("rival", asked.quick)
    usual = [testbed.train_world(seed, testbed.APPS, testbed.JOBS) for seed in testbed.TRAIN_SEEDS]
    folders = [
        *usual,
        *(testbed.gpu_world(seed) for seed in testbed.GPU_SEEDS),
        *(testbed.busy_world(seed) for seed in testbed.BUSY_SEEDS[:-1]),
    ]
    random.Random(0).shuffle(folders)  # what stops and what judges are parts of this list
    first = dataclasses.replace(FIRST, rounds=50) if asked.quick else FIRST
    began = time.perf_counter()
    best = first
    if asked.trials > 1 and not asked.quick:
        scout = XGBoostTrainer()
        scout.fit(
            [Source(f, most_pairs=1) for f in usual[:SEARCHED_WORLDS]], seed=0, settings=first, trials=asked.trials
        )
        for trial in scout.trials:
            report.add(f"trial {trial.settings}", f"{trial.target}, RMSPE", 100 * trial.rmspe_frac, "%")
        # run time is hidden in energy too, so its settings serve both
        of_run_time = [t for t in scout.trials if t.target == "run_time"] or scout.trials
        best = min(of_run_time, key=lambda trial: trial.rmspe_frac).settings
        best = dataclasses.replace(best, rounds=first.rounds, aim=first.aim)
        report.add("search", "time", time.perf_counter() - began, "s")
    trainer = XGBoostTrainer()
    metrics = trainer.fit([Source(folder, most_pairs=asked.pairs) for folder in folders], seed=0, settings=best)
    trainer.save(out)
    for name, value in metrics.items():
        report.add("rival", name, value, "")
    report.add("rival", "time", time.perf_counter() - began, "s")
    return report.write()


if __name__ == "__main__":
    sys.exit(main())
