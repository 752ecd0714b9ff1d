"""What it is worth to hold deadlines at a confidence: carbon and deadlines missed by `sla_confidence`.

python benchmarks/confidence.py [--quick] [--seeds N]

``scenarios/demo.yml`` with the shipped ``llm``, which has quantiles, and ``analytic``, which has none, so that reports
alone say how far it errs. "carbon" is that of the whole run, as a share of what `local-only` emits.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from harness import Report

REPO = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(REPO / "python"), str(REPO / "bridge" / "python")]
import greensched  # noqa: E402

WAYS: dict[str, dict[str, Any]] = {
    "greedy": {},
    "greedy, defer": {"defer": True},
    "batch, 12 h ahead": {"optimizer": "batch", "ahead_h": 12.0, "step_min": 60.0},
}
LEVELS = {"llm": (0.0, 0.8, 0.9, 0.95), "analytic": (0.0, 0.9)}


def main() -> int:
    """Run, compare, write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seeds", type=int, default=2)
    asked = parser.parse_args()
    report = Report("confidence", asked.quick)
    seeds = range(1, 2 if asked.quick else asked.seeds + 1)
    local = [one({"name": "local-only"}, seed, asked.quick) for seed in seeds]
    report.add("local-only", "deadlines missed", statistics.mean(late for _, late in local), "%")
    for predictor in ("llm",) if asked.quick else ("llm", "analytic"):
        for way, options in list(WAYS.items())[1:2] if asked.quick else WAYS.items():
            for level in (0.0, 0.9) if asked.quick else LEVELS[predictor]:
                policy = {"name": "greensched", "predictor": predictor, **options, "sla_confidence": level}
                runs = [one(policy, seed, asked.quick) for seed in seeds]
                carbon = [100 * kg / base for (kg, _), (base, _) in zip(runs, local, strict=True)]
                case = f"{predictor}, {way}, confidence {level:g}"
                report.add(case, "carbon, of local-only", statistics.mean(carbon), "%")
                report.add(case, "deadlines missed", statistics.mean(late for _, late in runs), "%")
    return report.write()


def one(policy: dict[str, Any], seed: int, quick: bool) -> tuple[float, float]:
    """Carbon in kg, and deadlines missed in % of jobs."""
    values: dict[str, Any] = {"seed": seed}
    if quick:
        values |= {"horizon": "1d", "drain": "1d", "workload.jobs": 600}
    with tempfile.TemporaryDirectory() as folder:
        run = greensched.simulate(REPO / "scenarios" / "demo.yml", policy, overrides=values, out=Path(folder) / "run")
        return float(run.summary["carbon_kg"]), 100 * float(run.summary["sla_violation_rate"])


if __name__ == "__main__":
    sys.exit(main())
