"""``greensched prepare``: validate a scenario and write the input of its run folder."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from greensched.cli import split_log
from greensched.cli.learning_check import check_learning
from greensched.core.errors import ConfigError, GreenSchedError
from greensched.core.paths import require_unused

if TYPE_CHECKING:
    from greensched.scenario.schema import Scenario as ScenarioModel

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
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Run folder; must be new or empty.")],
    overrides: Set = None,
    data: Data = None,
    document: Document = None,
    second: With = None,
    claimed: Annotated[bool, typer.Option("--claimed", hidden=True)] = False,  # by the run that asks, which also warns
    beside: Annotated[Path | None, typer.Option("--beside", hidden=True)] = None,  # as in load()
) -> None:
    """Write the input of a run folder; the last line of the output is JSON with its path.

    A CloudSim file of several documents gets a folder for each, DIR/1, DIR/2 ..., and a line for each.
    """
    from greensched.scenario import prepare as preparation

    if not claimed:
        require_unused(out)
    numbers = documents(scenario, document)
    if len(numbers) > 1:  # all or nothing
        warnings = []
        for number in numbers:
            with named(number):
                loaded = preparation.validate(scenario, overrides, data, number, second)
                check_learning(loaded.scenario, scenario.parent)
            warnings.append((number, loaded.problems.warnings))
        warn(grouped(warnings))
    for number in numbers:
        folder = out if len(numbers) == 1 else out / str(number)
        before = partial(_before, beside or scenario)
        prepared = preparation.prepare(scenario, folder, overrides, data, number, second, beside, before)
        if len(numbers) == 1 and not claimed:
            warn(grouped([(number, prepared.warnings)]))
        print(preparation.as_json(prepared))


def _before(file: Path, scenario: ScenarioModel) -> None:
    """What has to be right, or done, before anything is written."""
    check_learning(scenario, file.parent)
    _note_split(scenario)


def _note_split(scenario: ScenarioModel) -> None:
    """Jobs in words of the split that is to be scored once leave a trace, before anything else of them is there."""
    split_log.note(getattr(scenario.workload, "text", None), f"prepare {scenario.name}, seed {scenario.seed}")


def documents(scenario: Path, asked: int | None) -> list[int | None]:
    """Numbers of the documents that are meant; one None where a file has only one."""
    from greensched.scenario.cloudsim.nodes import count_documents

    count = 1 if asked is not None else count_documents(scenario)
    return [asked] if count == 1 else list(range(1, count + 1))


def grouped(warnings: Iterable[tuple[int | None, list[str]]]) -> list[str]:
    """Warnings by document as texts that name their documents, each once."""
    about: dict[str, list[str]] = {}
    for number, texts in warnings:
        for text in dict.fromkeys(texts):
            about.setdefault(text, []).extend([] if number is None else [str(number)])
    return [f"{_listed(numbers)}{text}" for text, numbers in about.items()]


def _listed(numbers: list[str]) -> str:
    if len(numbers) < 2:
        return f"document {numbers[0]}: " if numbers else ""
    return f"documents {', '.join(numbers[:-1])} and {numbers[-1]}: "


def warn(warnings: list[str]) -> None:
    """Say warnings on stderr."""
    for warning in warnings:
        print(f"greensched: warning: {warning}", file=sys.stderr)


@contextlib.contextmanager
def named(number: int | None) -> Iterator[None]:
    """Errors of the body say which document they are about."""
    try:
        yield
    except GreenSchedError as error:
        if number is None:
            raise
        raise ConfigError(f"document {number}: {error}") from error
