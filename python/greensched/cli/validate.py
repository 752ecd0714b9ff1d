"""``greensched validate``: say everything that is wrong with a scenario, without running it."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from greensched.cli.prepare import Data, Document, Scenario, Set, With, documents, named


def validate(
    scenario: Scenario,
    overrides: Set = None,
    data: Data = None,
    document: Document = None,
    second: With = None,
    json_: Annotated[bool, typer.Option("--json", help="Print documents and warnings as JSON, nothing else.")] = False,
) -> None:
    """Check a scenario and the data that it needs; exit code 2 and every problem if it cannot run."""
    from greensched.scenario import prepare as preparation

    numbers = documents(scenario, document)
    warnings = []
    for number in numbers:
        with named(number):
            loaded = preparation.validate(scenario, overrides, data, number, second)
        warnings += loaded.problems.warnings
        if json_:
            continue
        for warning in loaded.problems.warnings:
            print(f"greensched: warning: {warning}", file=sys.stderr)
        which = f", document {number}" if number is not None else ""
        print(f"{scenario}{which}: valid ({len(loaded.scenario.datacenters)} datacenters)")
    if json_:
        print(json.dumps({"documents": len(numbers), "warnings": warnings}))
