"""What planning together, and ahead, is worth where predictions are perfect: greedy, deferring, batch, batch ahead.

python benchmarks/planning.py [--quick] [--data DIR] [--seeds N]

``scenarios/real-10dc-2022.yml`` (with ``--quick`` a day of ``demo.yml``) with the predictor ``oracle``, so that only
the choice differs; carbon with and without idle machines, deadlines missed, and the objective of the policy: the carbon
of the jobs and 10 g for each minute that one is late. ``oracle`` knows what each option would come to if nothing else
arrived; who arrives later, and what forecasts err by, nobody knows.

The clairvoyant bound knows: nobody can do better under the same capacities (docs/optimizer.md). ``performance`` knows
nothing of carbon. Between the two lies all the saving there could be; each way reaches a share of it, of the objective
under its bound for whoever is late or not, and of the carbon of the jobs under the bound with deadlines kept (whoever
misses some might save a little more than that bound allows). The bound takes every job to run as fast as it does alone,
which in a crowd nobody reaches, so no share comes to 100 %. A job that a way has not finished counts with the carbon
that it has where nothing is known of carbon, and as late as the run is long, or putting off would look like saving.
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
from greensched.optimizers.clairvoyant import clairvoyant_bound  # noqa: E402
from greensched.optimizers.clairvoyant_starts import Deadlines  # noqa: E402
from greensched.optimizers.foresight import Foresight  # noqa: E402
from greensched.results.foresight import foresight_at  # noqa: E402

BLIND = "performance"
GREENSCHED: dict[str, Any] = {"name": "greensched"}
WAYS: dict[str, dict[str, Any]] = {
    BLIND: {"name": BLIND},
    "greedy": GREENSCHED,
    "greedy, defer": GREENSCHED | {"defer": True},
    "batch": GREENSCHED | {"optimizer": "batch"},
    "batch, 12 h ahead": GREENSCHED | {"optimizer": "batch", "ahead_h": 12.0, "step_min": 60.0},
    "batch, 12 h ahead, confidence 0.9": GREENSCHED
    | {"optimizer": "batch", "ahead_h": 12.0, "step_min": 60.0, "sla_confidence": 0.9},
}
LATE_G_PER_S = 10.0 / 60.0
CARBON, OBJECTIVE = "carbon of the jobs", "objective of the policy"
UNITS = {
    "carbon, idle machines included": "kg",
    CARBON: "kg",
    OBJECTIVE: "kg",
    "deadlines missed": "% of jobs",
    "jobs not finished": "jobs",
    "share of the saving, carbon": "%",
    "share of the saving, objective": "%",
    "time of the run": "s",
    "without capacity": "kg",
    "without waiting, carbon": "kg",
    "better prices would add at most": "%",
    "time of the bound": "s",
}
Rows = dict[str, dict[str, float]]


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
    seeds = [of_seed(asked, seed) for seed in range(1, 2 if asked.quick else asked.seeds + 1)]
    for name in seeds[0]:
        for metric in (metric for metric in UNITS if metric in seeds[0][name]):
            values = [rows[name][metric] for rows in seeds]
            report.add(name, metric, statistics.mean(values), UNITS[metric])
            if len(values) > 1:
                report.add(name, f"{metric}, range of seeds", max(values) - min(values), UNITS[metric])
    return report.write()


def of_seed(asked: argparse.Namespace, seed: int) -> Rows:
    """Figures of all ways and of the bound, on the same jobs."""
    rows: Rows = {}
    with tempfile.TemporaryDirectory() as folder:
        blind = None
        for name, policy in WAYS.items():
            rows[name], jobs = one(asked, policy, seed, Path(folder) / name, blind)
            blind = jobs if blind is None else blind
        seen = foresight_at(Path(folder) / BLIND)  # the input is the same for all
    lower = rows["clairvoyant bound"] = bounds(seen)
    for name in WAYS:
        for metric, of in (("carbon", CARBON), ("objective", OBJECTIVE)):
            saving = rows[BLIND][of] - lower[of]
            rows[name][f"share of the saving, {metric}"] = 100.0 * (rows[BLIND][of] - rows[name][of]) / saving
    return rows


def bounds(seen: Foresight) -> dict[str, float]:
    """What nobody can do better than: the objective of whoever is late or not, the carbon of whoever is not."""
    began = time.perf_counter()
    soft = clairvoyant_bound(seen, LATE_G_PER_S)
    took_s = time.perf_counter() - began
    hard = clairvoyant_bound(seen, LATE_G_PER_S, Deadlines.HARD, like=soft)
    at_once = clairvoyant_bound(seen, LATE_G_PER_S, Deadlines.HARD, waits=False)
    return {
        CARBON: hard.value_g / 1e3,
        OBJECTIVE: soft.value_g / 1e3,
        "without capacity": soft.unlimited_g / 1e3,
        "without waiting, carbon": at_once.value_g / 1e3,
        "better prices would add at most": 100.0 * (soft.most_g / soft.value_g - 1.0),
        "time of the bound": took_s,
    }


def one(
    asked: argparse.Namespace, policy: dict[str, Any], seed: int, out: Path, blind: Any = None
) -> tuple[dict[str, float], Any]:
    """Figures of a run, and its jobs; ``blind``: those of the scheduler that knows nothing of carbon."""
    values: dict[str, Any] = {"seed": seed, "privileged": True}
    scenario, data = REPO / "scenarios" / "real-10dc-2022.yml", asked.data
    if asked.quick:
        scenario, data = REPO / "scenarios" / "demo.yml", None
        values |= {"horizon": "1d", "drain": "4d", "workload.jobs": 600}
    began = time.perf_counter()
    run = greensched.simulate(scenario, policy | {"predictor": "oracle"}, data=data, overrides=values, out=out)
    jobs = run.jobs
    grams, late_s = jobs["dynamic_g"] + jobs["transfer_g"], jobs["late_s"]
    undone = jobs["finish_s"].isna()
    late_s = late_s.where(~undone, (run.summary["simulated_s"] - jobs["deadline_s"]).clip(lower=0.0))
    if blind is not None:
        grams = grams.where(~undone, blind["dynamic_g"] + blind["transfer_g"])
    jobs_g = float(grams.sum())
    figures = {
        "carbon, idle machines included": run.summary["carbon_kg"],
        CARBON: jobs_g / 1e3,
        OBJECTIVE: (jobs_g + LATE_G_PER_S * float(late_s.sum())) / 1e3,
        "deadlines missed": 100 * run.summary["sla_violation_rate"],
        "jobs not finished": run.summary["jobs_unfinished"],
        "time of the run": time.perf_counter() - began,
    }
    return figures, jobs


if __name__ == "__main__":
    sys.exit(main())
