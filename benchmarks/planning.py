"""What planning together, and ahead, is worth where predictions are perfect: greedy, deferring, batch, batch ahead.

python benchmarks/planning.py [--quick] [--data DIR] [--seeds N]

``scenarios/real-10dc-2022.yml`` (with ``--quick`` a day of ``demo.yml``) with the predictor ``oracle``, so that only
the choice differs; carbon with and without idle machines, deadlines missed, and the objective of the policy: the carbon
of the jobs and 10 g for each minute that one is late. ``oracle`` knows what each option would come to if nothing else
arrived; who arrives later, and what forecasts err by, nobody knows.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from harness import Report

REPO = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(REPO / "python"), str(REPO / "bridge" / "python")]
import greensched  # noqa: E402

WAYS: dict[str, dict[str, Any]] = {
    "greedy": {},
    "greedy, defer": {"defer": True},
    "batch": {"optimizer": "batch"},
    "batch, 12 h ahead": {"optimizer": "batch", "ahead_h": 12.0, "step_min": 60.0},
}
LATE_G_PER_S = 10.0 / 60.0


def main() -> int:
    """Run, compare, write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--data", type=Path, default=REPO.parent / "shared" / "data")
    parser.add_argument("--seeds", type=int, default=2)
    asked = parser.parse_args()
    report = Report("planning", asked.quick)
    if not asked.quick and not asked.data.is_dir():
        print(f"{asked.data}: no such folder; name it with --data, or try --quick", file=sys.stderr)
        return 2
    for name, options in WAYS.items():
        rows = [one(asked, options, seed) for seed in range(1, 2 if asked.quick else asked.seeds + 1)]
        for metric, unit in UNITS.items():
            values = [row[metric] for row in rows]
            report.add(name, metric, statistics.mean(values), unit)
            if len(values) > 1:
                report.add(name, f"{metric}, range of seeds", max(values) - min(values), unit)
    return report.write()


UNITS = {
    "carbon, idle machines included": "kg",
    "carbon of the jobs": "kg",
    "objective of the policy": "kg",
    "deadlines missed": "% of jobs",
    "time of the run": "s",
}


def one(asked: argparse.Namespace, options: dict[str, Any], seed: int) -> dict[str, float]:
    """Figures of a run."""
    policy = {"name": "greensched", "predictor": "oracle", **options}
    values: dict[str, Any] = {"seed": seed, "privileged": True}
    scenario, data = REPO / "scenarios" / "real-10dc-2022.yml", asked.data
    if asked.quick:
        scenario, data = REPO / "scenarios" / "demo.yml", None
        values |= {"horizon": "1d", "drain": "1d", "workload.jobs": 600}
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        run = greensched.simulate(scenario, policy, data=data, overrides=values, out=Path(folder) / "run")
        jobs = run.jobs
    jobs_g = float((jobs["dynamic_g"] + jobs["transfer_g"]).sum())
    return {
        "carbon, idle machines included": run.summary["carbon_kg"],
        "carbon of the jobs": jobs_g / 1e3,
        "objective of the policy": (jobs_g + LATE_G_PER_S * float(jobs["late_s"].sum())) / 1e3,
        "deadlines missed": 100 * run.summary["sla_violation_rate"],
        "time of the run": time.perf_counter() - began,
    }


if __name__ == "__main__":
    sys.exit(main())
