"""The demonstration's savings: the figures of README's picture.

python benchmarks/demo.py [--quick]

Runs ``scenarios/demo.yml`` with its baseline, as ``./greensched demo`` does; ``--quick`` is the same, it takes seconds.
"""

from __future__ import annotations

import sys
from pathlib import Path

from harness import Report

REPO = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(REPO / "python"), str(REPO / "bridge" / "python")]
import greensched  # noqa: E402


def main() -> int:
    """Measure, print, write."""
    report = Report("demo", "--quick" in sys.argv[1:])
    scenario = REPO / "scenarios" / "demo.yml"
    ours_first = {"greensched": None, "local-only": "local-only"}  # None: what the scenario says, its predictor too
    runs = {name: greensched.simulate(scenario, policy).summary for name, policy in ours_first.items()}
    for name, summary in runs.items():
        report.add(f"demo, {name}", "carbon, idle machines included", summary["carbon_kg"], "kg")
        report.add(f"demo, {name}", "deadlines missed", 100 * summary["sla_violation_rate"], "% of jobs")
    ours, theirs = (summary["carbon_kg"] for summary in runs.values())
    report.add("demo", "carbon saved against local-only", 100 * (1 - ours / theirs), "%")
    return report.write()


if __name__ == "__main__":
    raise SystemExit(main())
