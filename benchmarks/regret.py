"""What accuracy is worth on real traces: errors of the predictors, and their regret in the co-simulation.

python benchmarks/regret.py [--quick] [--data DIR] [--seeds N] [--only TEXT] [--xgboost MODEL] [--llm MODEL]

Jobs of Google 2011, Azure V1 and Alibaba GPU v2023 in ten datacenters on real grids (``regret_worlds.py``), decided by
``greensched`` with each predictor. Recorded: run times, arrivals, and what the rows say. Modelled: energy, speed at
other sites, contention and luck. Made: deadlines, always, as a random factor on the recorded run time, so that they
tell every predictor something about it; estimates and text where a case says so. Alibaba has few jobs a day: six days
of it are one of the run. No trace has text; its empty names are not filled up. There ``llm`` reads nothing: what it
gains over ``analytic`` comes from numbers, mostly from the made deadlines, by whose rule it was trained ("other
deadlines" are by another rule).

* Run time is judged where machines have reference speed, against what the trace has recorded; energy at all sites
  against the model. All predictors are asked about the same jobs in the same states: those of a run that is placed at
  random.
* Regret: how much more carbon, and how many more violations, than deciding by the truth (``oracle``). ``oracle`` knows
  what each option would come to if nothing else arrived; it too decides job by job, so regret can be negative. The
  carbon of the jobs (of their own energy, and of moving their data) is what the policy makes least. Of idle machines it
  takes no account, and who spreads jobs over more places keeps more machines awake. The objective is the carbon of the
  jobs and 10 g for each minute that one is late.
* Two predictors have learned ("+ log") from one log: earlier days of the same trace, placed by the policy ``random``,
  where every datacenter with room is equally likely. The log ends as the days begin on which all are judged. The others
  learned from generated worlds only (usual run time and spread in them were fitted to all of Azure V1): ``llm``
  as shipped, ``xgboost`` as ``rival.py`` trains it, if it is there.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import regret_worlds as worlds
import testbed
from harness import Report
from numpy.typing import NDArray
from regret_scores import LARGEST, Cost, cost, errors, told
from regret_worlds import Case, Length, Part

import greensched
from greensched.cli import reports
from greensched.cli.report_sheet import ReportOrder
from greensched.core.contracts import Predictor
from greensched.core.errors import ConfigError
from greensched.core.types import TaskTable
from greensched.feedback.outcomes import LOG_FILE, Outcomes, outcomes
from greensched.predictors.analytic import AnalyticPredictor
from greensched.predictors.llm.predictor import LLMPredictor
from greensched.predictors.xgboost import XGBoostPredictor

CASES = (
    Case("google2011", 6_000),
    Case("azure-v1", 2_000),
    Case("alibaba-gpu-2023", 2_000, compress=6.0),
    Case("azure-v1", 2_000, deadlines="others"),
    Case("azure-v1", 2_000, estimates=True),
    Case("azure-v1", 2_000, estimates=True, text="test"),
)
LENGTH, SEEDS = Length(2.0, 1.0, 2.0, 1.5), 2
QUICK_LENGTH, QUICK_JOBS, QUICK_CASES = Length(0.25, 0.25, 0.25, 0.25), 150, CASES[-1:]
INPUTS: dict[str, Callable[[TaskTable], NDArray[np.bool_]]] = {
    "text": lambda tasks: np.array([bool(text) for text in tasks.description]),
    "a name": lambda tasks: np.array([bool(text) for text in tasks.name]),
    "labels": lambda tasks: np.array([bool(text) for text in tasks.labels]),
    "an estimate": lambda tasks: np.isfinite(tasks.expected_s),
    "a deadline": lambda tasks: np.isfinite(tasks.deadline_s),
    "cores and memory": lambda tasks: tasks.cores > 0,
    "GPUs": lambda tasks: tasks.gpus > 0,
}
RECORDED = {
    "google2011": (),
    "azure-v1": ("cores and memory",),
    "alibaba-gpu-2023": ("cores and memory", "GPUs", "labels"),
}
"""Of these inputs, what a trace has itself. Run times and arrivals all three have, Azure V1 to five minutes."""
Values = dict[tuple[str, str, str], list[float]]


@dataclass
class Found:
    """Figures of one case: by predictor, metric and unit, one for each seed."""

    values: Values = field(default_factory=dict)

    def add(self, who: str, metric: str, unit: str, value: float) -> None:
        """Of the next seed."""
        self.values.setdefault((who, metric, unit), []).append(value)

    def tell(self, report: Report, case: str) -> None:
        """Means over the seeds; of regret also its range."""
        for (who, metric, unit), values in self.values.items():
            report.add(f"{case}: {who}" if who else case, metric, float(np.mean(values)), unit)
            if metric.startswith("regret") and len(values) > 1:
                report.add(f"{case}: {who}", f"{metric}, range of seeds", float(np.ptp(values)), unit)


def learned(log: Path, seed: int, llm: str) -> dict[str, Callable[[], Predictor]]:
    """Those that learn from the log."""
    from greensched.learning.llm.trainer import LLMTrainer
    from greensched.learning.trees.trainer import XGBoostTrainer

    def trees() -> Predictor:
        made = XGBoostTrainer(everything=True)
        made.fit(log, seed=seed)
        return made

    def language() -> Predictor:
        made = LLMTrainer(llm)
        made.learn([log], seed=seed)
        return made

    return {"xgboost + log": trees, "llm + log": language}


def predictors(asked: argparse.Namespace, log: Path, seed: int) -> dict[str, Predictor]:
    """All that are compared with the truth; what cannot be had is left out, and said."""
    rival = asked.xgboost or testbed.rival()
    wanted: dict[str, Callable[[], Predictor]] = {
        "analytic": AnalyticPredictor,
        "llm": lambda: LLMPredictor(asked.llm),
        **learned(log, seed, asked.llm),
    }
    if rival:
        wanted["xgboost"] = lambda: XGBoostPredictor(rival)
    else:
        print("xgboost: left out; train it with python benchmarks/rival.py", flush=True)
    made: dict[str, Predictor] = {}
    for name, make in wanted.items():
        began = time.perf_counter()
        try:
            made[name] = make()
        except ConfigError as error:  # a library that is not installed
            print(f"{name}: left out; {error}", flush=True)
        else:
            print(f"{name}: ready after {time.perf_counter() - began:.0f} s", flush=True)
    return made


def logged(part: Part, data: Path, folder: Path) -> Path:
    """The feedback log of the days to learn from: placed at random, until the days begin that are scored."""
    ran = greensched.simulate(part.scenario, "random", data=data, out=folder)
    if ran.summary["status"] != "completed":
        raise RuntimeError(f"{part.scenario}: the run ended {ran.summary['status']}: {ran.summary['reason']}")
    return folder / LOG_FILE


def one_seed(asked: argparse.Namespace, case: Case, length: Length, seed: int, scratch: Path, found: Found) -> None:
    """Learn, judge and let decide, once."""
    data = asked.pack
    early, late = worlds.parts(case, data, length, seed, scratch)
    log = logged(early, data, scratch / "log")
    order = ReportOrder(seed, case.text or "none", len(late.recorded_s), 1, late.scenario, data)
    reports.write(scratch / "reports", order)
    every = list(outcomes(scratch / "reports"))
    add_inputs(found, case, every)
    found.add("", "jobs scored", "jobs", len(late.recorded_s))
    found.add("", "jobs that the log tells of", "jobs", sum(len(o) for o in outcomes(log)))
    found.add("", "cores that the jobs want", "% of all", 100 * late.offered_frac)
    truth = cost(late.scenario, data, None)
    add_cost(found, "oracle", truth, truth)
    found.add("oracle", f"share of the {LARGEST} dearest jobs in it", "%", 100 * truth.largest_frac)
    for name, predictor in predictors(asked, log, seed).items():
        said = told(predictor, every, late.recorded_s)
        for (metric, unit), value in errors(said.run_s, said.recorded_s, "s").items():
            found.add(name, f"run time (recorded), {metric}", unit, value)
        for (metric, unit), value in errors(said.energy_wh, said.modelled_wh, "Wh").items():
            found.add(name, f"energy (modelled), {metric}", unit, value)
        add_cost(found, name, cost(late.scenario, data, predictor), truth)


def add_inputs(found: Found, case: Case, every: Sequence[Outcomes]) -> None:
    """What predictors are told of the jobs, and whether the trace has it or it is made."""
    for name, has in INPUTS.items():
        share = np.concatenate([has(o.tasks) for o in every]).mean()
        kind = ", recorded" if name in RECORDED[case.trace] else ", made" if share else ""
        found.add("", f"jobs with {name}{kind}", "%", 100 * share)


def add_cost(found: Found, name: str, mine: Cost, truth: Cost) -> None:
    """What deciding by a predictor has cost, and its regret."""
    found.add(name, "carbon of the jobs", "g", mine.jobs_g)
    found.add(name, "carbon, idle machines included", "g", mine.all_g)
    found.add(name, "objective of the policy", "g", mine.objective_g)
    found.add(name, "SLA violations", "% of jobs", 100 * mine.violations)
    if mine is not truth:
        found.add(name, "regret, carbon of the jobs", "%", 100 * (mine.jobs_g / truth.jobs_g - 1))
        found.add(name, "regret, idle machines included", "%", 100 * (mine.all_g / truth.all_g - 1))
        found.add(name, "regret, objective of the policy", "%", 100 * (mine.objective_g / truth.objective_g - 1))
        found.add(name, "regret, SLA violations", "points", 100 * (mine.violations - truth.violations))


def main() -> int:
    """All of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one case, few jobs, one seed")
    parser.add_argument("--data", default="", help="the data pack; by default ../shared/data")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--only", default="", help="cases with this in their name")
    parser.add_argument("--xgboost", default="", help="the rival's folder")
    parser.add_argument("--llm", default="", help="folder of a model instead of the one that is shipped")
    asked = parser.parse_args()
    asked.pack = worlds.data_of(asked.data)
    if asked.pack is None:
        print("regret: skipped; there is no data pack with real traces and grids (give --data DIR)", file=sys.stderr)
        return 2
    report = Report("regret", asked.quick)
    cases = QUICK_CASES if asked.quick else CASES
    for case in (case for case in cases if asked.only in case.name):
        if asked.quick:
            case = dataclasses.replace(case, jobs=QUICK_JOBS)
        found, began, busy = Found(), time.perf_counter(), time.process_time()
        seeds = 1 if asked.quick else asked.seeds
        for seed in range(1, 1 + seeds):
            with tempfile.TemporaryDirectory(prefix="regret-") as scratch:
                one_seed(asked, case, QUICK_LENGTH if asked.quick else LENGTH, seed, Path(scratch), found)
        report.add(case.name, "seeds, figures are means of", seeds, "")
        found.tell(report, case.name)
        print(
            f"{case.name}: {time.perf_counter() - began:.0f} s, {time.process_time() - busy:.0f} s of them at work",
            flush=True,
        )
    return report.write()


if __name__ == "__main__":
    sys.exit(main())
