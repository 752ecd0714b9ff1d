"""Learning under drift: what a model loses when the world changes, and how much of it the first update brings back.

python benchmarks/learning.py [--quick] [--llm MODEL]

Four worlds drift half-way: hardware is replaced in two datacenters, families of work appear that nobody has seen, late
summer becomes autumn (PUE falls), or all of it at once (``drift_worlds.py``: the last has hardware replaced in more).
The predictor is told reports of the datacenters that were chosen only, by the policy ``random`` (exploration 100 %).

The real mind and learning loop are told all of it (``drift_replay.py``) and update after every so many reports: once
before the drift, which gives the *static* model, and once after it, which gives the *updated* one. Each is trained,
judged and promoted, or not, as in service; *continual* is what served. About half of the reports from before the drift
are kept from both updates.

* damage = static after − static before. *Before* is the error on the reports that were kept back; *after* is on all
  reports of tasks decided once the update serves.
* undone = (static − what serves after the update) / damage; there is none to undo where the damage is less than a tenth
  of the error before.
* forgotten: relative rise of RMSPE on the reports that were kept back.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any

import drift_picture
import drift_worlds
import numpy as np
from drift_course import TARGETS, Course, course
from harness import RESULTS, Report

from greensched.core.types import F64

JOBS, COUNT = 8_000, 2_000
QUICK_JOBS, QUICK_COUNT = 1_600, 300
_LEAST_DAMAGE = 0.1  # of the error before


def rmspe(error: F64) -> float:
    """Root mean square, in %."""
    return 100 * float(np.sqrt(np.mean(error**2)))


def median(error: F64) -> float:
    """Median of what is left of the sign, in %."""
    return 100 * float(np.median(np.abs(error)))


MEASURES = {"RMSPE": rmspe, "median error": median}


def rows(report: Report, case: str, found: Course) -> None:
    """All figures of one predictor and one drift."""
    promoted = found.updates[1]["status"] == "promoted"
    for when, update in zip(("before the drift", "after it"), found.updates, strict=True):
        report.add(case, f"update {when}: reports trained on", update["trained_on"], "reports")
        report.add(case, f"update {when}: promoted", update["status"] == "promoted", "(1: yes)")
    report.add(case, "reports scored before", len(found.before["energy"]), "reports")
    report.add(case, "reports scored after", len(found.static["energy"]), "reports")
    for target in TARGETS:
        for name, measure in MEASURES.items():
            before, static, updated = (measure(e[target]) for e in (found.before, found.static, found.updated))
            what = f"{target}, {name}"
            report.add(case, f"{what}: before", before, "%")
            report.add(case, f"{what}: static after", static, "%")
            report.add(case, f"{what}: updated after", updated, "%")
            if static - before >= _LEAST_DAMAGE * before:
                now = updated if promoted else static
                wanted = 50.0 if name == "RMSPE" else None
                report.add(case, f"{what}: undone", 100 * (static - now) / (static - before), "%", wanted, False)
        kept = rmspe(found.before_updated[target]) / rmspe(found.before[target]) - 1
        report.add(case, f"{target}: forgotten", 100 * kept if promoted else 0.0, "%", 2.0)


def where(report: Report, case: str, found: Course) -> None:
    """Where hardware was replaced, apart from where it was not."""
    names = [d["name"] for d in drift_worlds.CASES["hardware"]()["datacenters"]]
    renewed = np.isin(found.places, [names.index(name) for name in drift_worlds.RENEWED])
    for place, here in (("renewed", renewed), ("the others", ~renewed)):
        for target in TARGETS:
            for name, errors in (("static", found.static), ("updated", found.updated)):
                report.add(case, f"{target}, RMSPE: {name}, {place}", rmspe(errors[target][here]), "%")


def windows(report: Report, case: str, found: Course) -> None:
    """Error over time: medians, which no single job can move."""
    for w, (begin, end) in enumerate(zip(found.edges_day[:-1], found.edges_day[1:], strict=True)):
        for model in ("static", "continual"):
            error_frac = found.course["energy", model][w]
            if np.isfinite(error_frac):
                metric = f"energy, median error, days {begin:.3g} to {end:.3g}: {model}"
                report.add(case, metric, 100 * error_frac, "%")


def predictors(llm: str) -> dict[str, dict[str, Any]]:
    """By what is trained: what serves first."""
    return {
        "llm": {"name": "llm", **({"model": llm} if llm else {})},
        "xgboost": {"name": "analytic"},
    }


def main() -> int:
    """All of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--llm", default="")
    asked = parser.parse_args()
    cases = ("hardware",) if asked.quick else tuple(drift_worlds.CASES)
    jobs, count = (QUICK_JOBS, QUICK_COUNT) if asked.quick else (JOBS, COUNT)
    os.environ["OMP_NUM_THREADS"] = "1"  # two processes beside each other, a core each
    report = Report("learning", asked.quick)
    shown: dict[tuple[str, str], Course] = {}
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        list(pool.map(drift_worlds.world, cases, [jobs] * len(cases)))
        at_work: dict[tuple[str, str], Future[Course]] = {
            (train, case): pool.submit(course, case, block, train, jobs, count)
            for train, block in predictors(asked.llm).items()
            for case in cases
        }
        for (train, case), future in at_work.items():
            shown[train, case] = found = future.result()
            rows(report, f"{train}, {case}", found)
            if case == "hardware":
                where(report, f"{train}, {case}", found)
            windows(report, f"{train}, {case}", found)
    if not asked.quick:
        (RESULTS / "learning.svg").write_text(drift_picture.svg(shown), encoding="utf-8")
    return report.write()


if __name__ == "__main__":
    sys.exit(main())
