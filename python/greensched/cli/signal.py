"""``greensched signal``: grid, price and weather signals from files of others and from APIs, as folders and plots."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from greensched.signals.folder_writer import Written
    from greensched.signals.ingest.batch import Options
    from greensched.signals.live.contract import Issue, Request


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


@app.command("fetch")
def fetch(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A source; `signal sources` lists them.")],
    output: Folder,
    zone: Annotated[str, typer.Option("--zone", help="Zone, as the scenario calls it.")],
    start: Annotated[str, typer.Option("--from", metavar="INSTANT", help="Start of the window, UTC.")] = "",
    end: Annotated[str, typer.Option("--to", metavar="INSTANT", help="End of the window, UTC, exclusive.")] = "",
    forecast: Annotated[bool, typer.Option("--forecast", help="What is expected now, instead of what was.")] = False,
    factors: Factors = WhichFactors.LIFECYCLE,
    lat: Annotated[float | None, typer.Option("--lat", help="Latitude of the site, degrees.")] = None,
    lon: Annotated[float | None, typer.Option("--lon", help="Longitude of the site, degrees.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Ask nobody; use what the cache has.")] = False,
    write_as: As = None,
    overwrite: Overwrite = False,
) -> None:
    """Fetch signals from a service into a folder that scenarios read; keys come from the environment."""
    import os

    from greensched.signals import folder_writer
    from greensched.signals.live import fetching

    asked = _request(zone, start, end, forecast, factors, (lat, lon))
    opened = fetching.open_source(source)
    web = fetching.web_of(opened, offline=offline, test_server=os.environ.get("GREENSCHED_SIGNAL_TEST_SERVER"))
    if forecast:
        issues, _ = fetching.forecast(opened, web, asked)
        _report_issues(output, issues)
        return
    found, origins = fetching.fetch(opened, web, asked)
    units = fetching.units(opened, found.series)
    suffix = None if write_as is None else f".{write_as.value}"
    written = folder_writer.write(output, found.series, origins, suffix=suffix, overwrite=overwrite, units=units)
    print(f"{found.rows} readings in {len(origins)} repl{'y' if len(origins) == 1 else 'ies'} of {opened.title}")
    report(written, found.notes)


def _request(
    zone: str, start: str, end: str, forecast: bool, factors: WhichFactors, site: tuple[float | None, float | None]
) -> Request:
    from datetime import UTC, datetime, timedelta

    from greensched.core.errors import ConfigError
    from greensched.signals.ingest.values import instant
    from greensched.signals.live.contract import Request

    if forecast and (start or end):
        raise ConfigError("--forecast is about now; leave out --from and --to")
    if not forecast and not (start and end):
        raise ConfigError("expected --from and --to, e.g. --from 2022-06-06T00:00Z --to 2022-06-13T00:00Z")
    now = datetime.now(UTC)
    window = (now, now + timedelta(hours=96))
    if not forecast:
        window = (
            datetime.fromtimestamp(instant(start, "--from"), UTC),
            datetime.fromtimestamp(instant(end, "--to"), UTC),
        )
    return Request(zone, window[0], window[1], _options(zone, factors).factors, *site)


def _report_issues(output: Path, issues: list[Issue]) -> None:
    """Write forecasts, which have to fit into one grid per zone and issue, and say what there is."""
    from greensched.signals import issued
    from greensched.signals.series import utc_text

    for one in issues:
        rows = issued.IssuedRows(
            int(one.issued.timestamp()),
            int(one.signal.start.timestamp()),
            int(one.signal.step_s),
            {one.kind: one.signal.values},
        )
        path = issued.add(output, one.zone, [rows])
        print(
            f"{one.zone:<14} {one.kind:<16} issued {utc_text(one.issued)}, to {utc_text(one.signal.end)}, every "
            f"{one.signal.step_s:g} s: {path}"
        )


@app.command("sources")
def sources() -> None:
    """List the sources that `signal fetch` knows, and which can be used with the keys that are set."""
    from greensched.cli.sources import lines

    for line in lines():
        print(line)


@app.command("plot")
def plot(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder of signals.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The picture, SVG.")],
    zone: Annotated[list[str] | None, typer.Option("--zone", help="Only this zone; may be given again.")] = None,
    kind: Annotated[list[str] | None, typer.Option("--kind", help="Only this kind; may be given again.")] = None,
) -> None:
    """Draw the signals of a folder as one SVG file: a panel per kind, a line per zone, gaps where missing."""
    from greensched.core.errors import UnknownNameError
    from greensched.signals.csv_folder import CsvFolder
    from greensched.signals.plot import svg
    from greensched.signals.provenance import replace_text
    from greensched.signals.provider import ZoneSignals

    source = CsvFolder(folder)
    drawn = []
    for name in zone or source.zones():
        everything = source.everything(name)
        chosen = ZoneSignals(name)
        for one, signal in everything.series.items():
            if kind is None or not kind or one in kind:
                chosen.add(one, signal, everything.labels[one])
        drawn.append(chosen)
    there = {one for zone_signals in drawn for one in zone_signals.series}
    for wanted in kind or ():
        if wanted not in there:
            raise UnknownNameError("kind", wanted, there, where=str(folder))
    replace_text(output, svg(drawn, {k: entry.unit for (_, k), entry in source.entries.items() if entry.unit}))
    print(output)
