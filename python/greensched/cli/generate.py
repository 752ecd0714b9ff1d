"""``greensched generate``: data sets of ours, each a new folder with a datasheet."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from greensched.cli import split_log
from greensched.cli.interrupts import signals_as_interrupt
from greensched.cli.signal import WriteAs
from greensched.core.errors import ConfigError


class Split(StrEnum):
    """Named splits of jobs in words."""

    TRAIN = "train"
    TEST = "test"
    NEW_WORDS_DEV = "new-words-dev"
    NEW_WORDS = "new-words"
    NEW_PHRASING = "new-phrasing"
    DRIFT = "drift"


app = typer.Typer(
    name="generate",
    no_args_is_help=True,
)


@app.callback()
def group(context: typer.Context) -> None:
    """Data sets that can be published: written whole into a new folder, with a datasheet."""
    context.with_resource(signals_as_interrupt())  # whatever ends it, nothing half-written stays


Folder = Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="New folder.")]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**63 - 1, help="Equal seeds give equal bytes.")]


@app.command("grid")
def grid(
    output: Folder,
    seed: Seed,
    zones: Annotated[
        str | None, typer.Option("--zones", metavar="A,B", help="Built-in zones. Default: all of them.")
    ] = None,
    start: Annotated[
        str | None, typer.Option("--start", metavar="INSTANT", help="First hour, UTC. Default: 2022-01-01T00:00Z.")
    ] = None,
    days: Annotated[int | None, typer.Option("--days", help="Length. Default: a year.")] = None,
    year: Annotated[int | None, typer.Option("--year", help="A calendar year, instead of --start and --days.")] = None,
    write_as: Annotated[WriteAs, typer.Option("--as", help="Format of the zone files.")] = WriteAs.CSV,
) -> None:
    """Hourly carbon, renewables, prices and weather of synthetic grids, as the folder that scenarios read."""
    from datetime import UTC, datetime

    from greensched.signals import dataset
    from greensched.signals.ingest.values import instant

    begin = None if start is None else datetime.fromtimestamp(instant(start, "--start"), UTC)
    asked = dataset.order(seed, zones, begin, days, year, f".{write_as.value}")
    with signals_as_interrupt():
        written = dataset.write(output, asked)
    for zone, kind, signal in written:
        print(f"{zone:<14} {kind:<16} {len(signal.values)} hours, mean {signal.values.mean():.4g}")
    print(output / "datasheet.md")


@app.command("jobs")
def jobs(
    output: Folder,
    seed: Seed,
    split: Annotated[Split, typer.Option("--split", help="Which words and sentence forms (docs/generator.md).")] = (
        Split.TRAIN
    ),
    count: Annotated[int, typer.Option("--jobs", min=1, max=100_000_000, help="Number of jobs.")] = 10_000,
    start: Annotated[
        str | None, typer.Option("--start", metavar="INSTANT", help="First instant, UTC. Default: 2022-01-01T00:00Z.")
    ] = None,
    days: Annotated[int, typer.Option("--days", min=1, max=3660, help="Jobs arrive in so many days.")] = 7,
    gpu_share: Annotated[float, typer.Option("--gpu-share", min=0.0, max=1.0, help="Share that uses GPUs.")] = 0.3,
) -> None:
    """Jobs in words: a job table, and apart from it what the words mean and cost."""
    from datetime import UTC, datetime

    from greensched.scenario import job_dataset
    from greensched.signals.ingest.values import instant

    begin = datetime(2022, 1, 1, tzinfo=UTC)
    if start is not None:
        begin = datetime.fromtimestamp(instant(start, "--start"), UTC)
    asked = job_dataset.JobOrder(seed, split.value, count, begin, days, gpu_share)
    split_log.note(split.value, f"generate jobs, seed {seed}")
    with signals_as_interrupt():
        written = job_dataset.write(output, asked)
    print(f"{len(written)} jobs of split {split.value}, {int((written.gpus > 0).sum())} with GPUs")
    print(output / "datasheet.md")


@app.command("reports")
def reports(
    output: Folder,
    seed: Seed,
    split: Annotated[
        Split | None,
        typer.Option("--split", help="Which words and sentence forms (docs/generator.md). Default: train."),
    ] = None,
    count: Annotated[
        int | None, typer.Option("--jobs", min=1, max=10_000_000, help="Number of jobs. Default: 5000.")
    ] = None,
    days: Annotated[
        int | None, typer.Option("--days", min=1, max=366, help="Jobs arrive in so many days. Default: 7.")
    ] = None,
    scenario: Annotated[
        Path | None,
        typer.Option(
            "--scenario", metavar="FILE", help="Your own world and jobs, which says what --split, --jobs and --days do."
        ),
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", help="Folder with real data, if the scenario needs it.")
    ] = None,
) -> None:
    """What every job would cost in every datacenter, and what it did cost where it ran: a run of the real world."""
    from greensched.cli import reports as making
    from greensched.cli.report_sheet import ReportOrder

    for option, given in (("--split", split), ("--jobs", count), ("--days", days)):
        if scenario is not None and given is not None:
            raise ConfigError(f"{option}: not with --scenario, {scenario.name} says it; leave {option} out")
    asked = ReportOrder(seed, (split or Split.TRAIN).value, count or 5000, days or 7, scenario, data)
    with signals_as_interrupt():
        rows = making.write(output, asked)
    print(f"{rows} outcomes of jobs in datacenters")
    print(output / "datasheet.md")
