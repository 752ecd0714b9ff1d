"""``greensched generate``: data sets of ours, each a new folder with a datasheet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from greensched.cli.signal import WriteAs

app = typer.Typer(
    name="generate",
    help="Data sets that can be published: written whole into a new folder, with a datasheet.",
    no_args_is_help=True,
)
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
        str | None, typer.Option("--start", metavar="INSTANT", help="First hour, UTC. Default: that of 2022.")
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
    for zone, kind, signal in dataset.write(output, asked):
        print(f"{zone:<14} {kind:<16} {len(signal.values)} hours, mean {signal.values.mean():.4g}")
    print(output / "datasheet.md")
