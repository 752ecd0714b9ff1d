"""``greensched prepare``: validate a scenario and write the input of its run folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

Scenario = Annotated[Path, typer.Argument(metavar="SCENARIO", help="Scenario file (YAML).")]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Override a value, e.g. workload.jobs=1000.")
]
Data = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="Folder with real data, in the layout of the data pack.")
]


def prepare(
    scenario: Scenario,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Run folder; must not hold an input yet.")],
    overrides: Set = None,
    data: Data = None,
) -> None:
    """Write the input of a run folder; the last line of the output is JSON with its path."""
    from greensched.scenario import prepare as preparation

    prepared = preparation.prepare(scenario, out, overrides, data)
    for warning in prepared.warnings:
        print(f"greensched: warning: {warning}", file=sys.stderr)
    print(preparation.as_json(prepared))
