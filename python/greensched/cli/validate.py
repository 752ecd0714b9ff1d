"""``greensched validate``: say everything that is wrong with a scenario, without running it."""

from __future__ import annotations

import sys

from greensched.cli.prepare import Data, Scenario, Set


def validate(scenario: Scenario, overrides: Set = None, data: Data = None) -> None:
    """Check a scenario and the data that it needs; exit code 2 and every problem if it cannot run."""
    from greensched.scenario import prepare as preparation

    loaded = preparation.validate(scenario, overrides, data)
    for warning in loaded.problems.warnings:
        print(f"greensched: warning: {warning}", file=sys.stderr)
    print(f"{scenario}: valid ({len(loaded.scenario.datacenters)} datacenters)")
