"""``greensched validate``: say everything that is wrong with a scenario, without running it."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from greensched.cli.learning_check import check_learning
from greensched.cli.prepare import Data, Document, Scenario, Set, With, documents, grouped, named, warn


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
    warnings: list[tuple[int | None, list[str]]] = []
    try:
        for number in numbers:
            with named(number if len(numbers) > 1 else None):
                loaded = preparation.validate(scenario, overrides, data, number, second)
                check_learning(loaded.scenario, scenario.parent)
            warnings.append((number, loaded.problems.warnings))
            if not json_:
                which = f", document {number}" if number is not None else ""
                print(f"{scenario}{which}: valid ({len(loaded.scenario.datacenters)} datacenters)")
    finally:
        if not json_:
            warn(grouped(warnings))
    if json_:
        print(json.dumps({"documents": len(numbers), "warnings": grouped(warnings)}))
