"""``greensched signal``: grid, price and weather signals from files of others and from APIs, as folders and plots."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from greensched.signals.folder_writer import Written
    from greensched.signals.ingest.batch import Options


class WhichFactors(StrEnum):
    """Emission factors."""

    LIFECYCLE = "lifecycle"
    DIRECT = "direct"


class WriteAs(StrEnum):
    """Formats of zone files."""

    CSV = "csv"
    PARQUET = "parquet"


app = typer.Typer(
    name="signal",
    help="Carbon, renewables, prices and weather: import files, fetch from APIs, plot, list sources.",
    no_args_is_help=True,
)
Folder = Annotated[Path, typer.Option("-o", "--output", metavar="FOLDER", help="Folder that scenarios read.")]
Zone = Annotated[str | None, typer.Option("--zone", help="Zone of the files, where they do not name it.")]
Factors = Annotated[WhichFactors, typer.Option("--factors", help="Emission factors of the intensity.")]
As = Annotated[WriteAs | None, typer.Option("--as", help="Format of the zone files. Default: as they are, else csv.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Where old and new values differ, the new ones win.")]


def _options(zone: str | None, factors: WhichFactors, naive_is_utc: bool = False) -> Options:
    from greensched.signals.ingest.batch import Options

    return Options(zone, factors.value, naive_is_utc)


@app.command("import")
def import_(
    file_format: Annotated[
        str, typer.Argument(metavar="FORMAT", help="Format of the files; `signal formats` lists them.")
    ],
    files: Annotated[list[Path], typer.Argument(metavar="FILES", help="Files, also .gz, in any order.")],
    output: Folder,
    zone: Zone = None,
    factors: Factors = WhichFactors.LIFECYCLE,
    assume_utc: Annotated[bool, typer.Option("--assume-utc", help="Times without a time zone are UTC.")] = False,
    write_as: As = None,
    overwrite: Overwrite = False,
) -> None:
    """Read files of a published format and write the folder that `signals: {source: csv}` reads, with provenance."""
    from hashlib import sha256

    from greensched.signals import folder_writer
    from greensched.signals.ingest import formats
    from greensched.signals.provenance import Origin

    found = formats.read(file_format, files, _options(zone, factors, assume_utc))
    origins = tuple(Origin(path.name, sha256(path.read_bytes()).hexdigest()) for path in files)
    suffix = None if write_as is None else f".{write_as.value}"
    written = folder_writer.write(output, found.series, origins, suffix=suffix, overwrite=overwrite)
    print(f"{found.rows} rows read from {len(files)} file{'s' if len(files) > 1 else ''}")
    report(written, found.notes)


def report(written: list[Written], notes: list[str]) -> None:
    """What was written, and what was noticed."""
    import numpy as np

    from greensched.signals.series import utc_text

    for one in written:
        values = one.signal.values
        missing = int(np.isnan(values).sum())
        print(
            f"{one.zone:<14} {one.kind:<16} {utc_text(one.signal.start)} to {utc_text(one.signal.end)}, every "
            f"{one.signal.step_s:g} s, mean {np.nanmean(values):.4g}, {missing} missing"
        )
    for note in notes:
        print(f"note: {note}")


@app.command("formats")
def formats_() -> None:
    """List the file formats that `signal import` reads."""
    from greensched.signals.ingest.formats import FORMATS

    for name, known in FORMATS.items():
        print(f"{name:<20} {known.meaning}")
