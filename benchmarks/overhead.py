"""What a decision costs, stage by stage: observation, bridge, prompt, prediction, choice, log, answer.

python benchmarks/overhead.py [--quick]

The real path, with `greensched` and the shipped `llm`: the world asks over a bridge, the mind decodes, mirrors, writes
the job's text, reads it, predicts, chooses, commits to the feedback log on disk and answers, the world decodes. One job
or a batch, with texts that nobody has read or that are remembered, ten datacenters, greedy or all together (`batch`).
The first questions of a case do not count. With py4j world and mind are two processes; with JPype the virtual machine
is in the mind's. `the rest` is what no stage explains. The machine is shared: its load stands in the report; what the
mind spends beside its time on a processor it waits, mostly for one; and a run without clocks shows what these cost.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pandas as pd
from harness import Report

REPO = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(REPO / "python"), str(REPO / "bridge" / "python")]

from overhead_clock import BACK, PROGRAM, STAGES, THERE, Clock, joined, timed_jar  # noqa: E402
from overhead_worlds import Case, jobs_in_words, run_folder  # noqa: E402

from greensched_bridge import inside  # noqa: E402
from greensched_bridge.inside import run_world_inside  # noqa: E402
from greensched_bridge.launch import WorldEnd, run_world  # noqa: E402

BRIDGES: dict[str, Callable[[Path], WorldEnd]] = {"py4j": run_world, "jpype": run_world_inside}
OPTIMIZERS = ("greedy", "batch")
ONE_NEW = "one new job"
NAMES = {"mind": "in the mind", "busy": "in the mind, on a processor"}
ONE_MS, BATCH_MS = 10.0, 1_000.0  # targets
TARGETS_MS = {(ONE_NEW, "greedy"): ONE_MS, ("300 new jobs", "batch"): BATCH_MS}
TARGETS_MS |= {("1000 remembered jobs", "batch"): BATCH_MS}


def cases(quick: bool) -> list[Case]:
    """One and many, new and remembered."""
    one, many = (250, 5) if quick else (2_000, 40)
    return [
        Case(ONE_NEW, 1, True, 50, one),
        Case("one remembered job", 1, False, 50, one),
        Case("300 new jobs", 300, True, 2, many),
        Case("1000 remembered jobs", 1_000, False, 2, many),
    ]


@contextmanager
def world_of(jar: Path) -> Iterator[None]:
    """Worlds are those of the jar with clocks; its program takes the place of the one that is run inside."""
    with mock.patch.dict(os.environ, GREENSCHED_JAR=str(jar)), mock.patch.object(inside, "_PROGRAM", PROGRAM):
        yield


def measured(run: Path, case: Case, bridge: str, jar: Path) -> pd.DataFrame:
    """A row per question of the case, the warm ones left out.

    Raises:
        RuntimeError: it is another case than it says: not so many jobs at once, or texts that are not new.
    """
    clock = Clock()
    with world_of(jar), clock.running():
        end = BRIDGES[bridge](run)
    if end.exit_code != 0:
        raise RuntimeError(f"{run}: {end.status}")
    table = joined(clock, run)
    table = table[table["asked"] == case.at_once][case.warm :]  # without what asks again, or only tells
    if len(table) < 0.9 * case.counted:
        raise RuntimeError(f"{case.name}: {len(table)} questions of {case.counted} are about {case.at_once} jobs")
    if (table["read"] != (case.at_once if case.new else 0)).any():
        raise RuntimeError(f"{case.name}: texts that were read: {sorted(table['read'].unique())}")
    return table


def told(report: Report, case: Case, optimizer: str, bridge: str, table: pd.DataFrame) -> None:
    """Rows of one case; of the second bridge only what differs."""
    name = f"{case.name}, {optimizer}, {bridge}"
    report.add(name, "questions", len(table), "")
    report.add(name, "texts read per question", table["read"].mean(), "")
    report.add(name, "there and back, p50", table["total"].median(), "ms")
    target = TARGETS_MS.get((case.name, optimizer))
    report.add(name, "there and back, p99", table["total"].quantile(0.99), "ms", target)
    report.add(name, "there and back, longest", table["total"].max(), "ms")
    for stage in ("mind", "busy", *(STAGES if bridge == "py4j" else (THERE, BACK))):
        for quantile, q in (("p50", 0.5), ("p99", 0.99)):
            report.add(name, f"{NAMES.get(stage, stage)}, {quantile}", table[stage].quantile(q), "ms")


def without_clocks(report: Report, run: Path, case: Case) -> None:
    """The same with the world's own clock alone, over all of its questions."""
    end = run_world(run)
    if end.exit_code != 0:
        raise RuntimeError(f"{run}: {end.status}")
    latency_us = json.loads((run / "world" / "world.json").read_text())["latency_us"]
    for quantile in ("p50", "p99"):
        name = f"{case.name}, greedy, py4j, without clocks, first questions included"
        report.add(name, f"there and back, {quantile}", latency_us[quantile] / 1e3, "ms")


def load(report: Report, when: str) -> None:
    """How busy the machine was with this and all else."""
    report.add("machine", f"load, mean of a minute, {when}", os.getloadavg()[0], "processes")


def main() -> int:
    """Measure and write the report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="fewer questions")
    asked = parser.parse_args()
    report = Report("overhead", asked.quick)
    load(report, "before")
    todo = cases(asked.quick)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        jar, jobs = timed_jar(folder), jobs_in_words(folder, max(case.texts for case in todo))
        for case in todo:
            for optimizer in OPTIMIZERS:
                policy = {"name": "greensched", "predictor": "llm", "optimizer": optimizer}
                made = run_folder(folder / f"{case.at_once}-{case.new}-{optimizer}", case, jobs, policy)
                for bridge in BRIDGES if case.name == ONE_NEW or not asked.quick else ("py4j",):
                    run = made.with_name(bridge)
                    shutil.copytree(made, run)
                    told(report, case, optimizer, bridge, measured(run, case, bridge, jar))
        plain = run_folder(folder / "plain", todo[0], jobs, {"name": "greensched", "predictor": "llm"})
        without_clocks(report, plain, todo[0])
    load(report, "after")
    return report.write()


if __name__ == "__main__":
    raise SystemExit(main())
