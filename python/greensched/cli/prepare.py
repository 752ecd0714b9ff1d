"""``greensched prepare``: validate a scenario and write the input of its run folder."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from greensched.core.errors import ConfigError, GreenSchedError

Scenario = Annotated[Path, typer.Argument(metavar="SCENARIO", help="Scenario file (YAML), or a CloudSim file.")]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Override a value, e.g. workload.jobs=1000.")
]
Data = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="Folder with real data, in the layout of the data pack.")
]
Document = Annotated[
    int | None,
    typer.Option("--document", metavar="N", help="Only this document of a CloudSim file, from 1; default: all."),
]
With = Annotated[
    Path | None,
    typer.Option(
        "--with",
        metavar="FILE",
        help="Second file with zones, PUE, policy ... for a CloudSim file; default: <stem>.greensched.yml beside it.",
    ),
]


def prepare(
    scenario: Scenario,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Run folder; must not hold an input yet.")],
    overrides: Set = None,
    data: Data = None,
    document: Document = None,
    second: With = None,
) -> None:
    """Write the input of a run folder; the last line of the output is JSON with its path.

    A CloudSim file of several documents gets a folder for each, DIR/1, DIR/2 ..., and a line for each.
    """
    from greensched.scenario import prepare as preparation

    numbers = documents(scenario, document)
    if len(numbers) > 1:  # all or nothing
        for number in numbers:
            with named(number):
                preparation.validate(scenario, overrides, data, number, second)
    for number in numbers:
        folder = out if len(numbers) == 1 else out / str(number)
        prepared = preparation.prepare(scenario, folder, overrides, data, number, second)
        for warning in prepared.warnings:
            print(f"greensched: warning: {warning}", file=sys.stderr)
        print(preparation.as_json(prepared))


def documents(scenario: Path, asked: int | None) -> list[int | None]:
    """Numbers of the documents that are meant; one None where a file has only one."""
    from greensched.scenario.cloudsim.nodes import count_documents

    count = 1 if asked is not None else count_documents(scenario)
    return [asked] if count == 1 else list(range(1, count + 1))


@contextlib.contextmanager
def named(number: int | None) -> Iterator[None]:
    """Errors of the body say which document they are about."""
    try:
        yield
    except GreenSchedError as error:
        if number is None:
            raise
        raise ConfigError(f"document {number}: {error}") from error
