"""``greensched trace``: public job traces, from their native files to one typed Parquet table, and a look at it."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from greensched.core.errors import ConfigError

if TYPE_CHECKING:
    from greensched.traces.importing.contract import Machine, TraceFormat

app = typer.Typer(help="Public job traces: import, describe, plot.", no_args_is_help=True, rich_markup_mode=None)
Table = Annotated[Path, typer.Argument(metavar="JOBS.parquet", help="Output of trace import.")]


@app.command("import")
def import_(
    format_: Annotated[str, typer.Argument(metavar="FORMAT", help="See: greensched trace formats.")],
    files: Annotated[
        list[str], typer.Argument(metavar="FILES...", help="Parts, plain or .gz; patterns may be quoted.")
    ],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="JOBS.parquet", help="File to write.")],
    lenient: Annotated[bool, typer.Option("--lenient", help="Count and skip malformed rows.")] = False,
    deadlines: Annotated[
        Literal["none", "uniform", "lognormal"],
        typer.Option(help="Rule that derives deadlines; none leaves them to the scenario."),
    ] = "none",
    seed: Annotated[int, typer.Option(help="Seed of the deadlines.", min=0)] = 0,
    machine_cores: Annotated[
        float | None, typer.Option(help="Cores of the largest machine, for normalised demand.", min=0.001)
    ] = None,
    machine_mem_gb: Annotated[
        float | None, typer.Option(help="Memory of the largest machine (GB), for normalised demand.", min=0.001)
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; default: by cores and size.", min=1)] = None,
) -> None:
    """Bring the files of a public trace to one typed Parquet table, and say what was dropped and why."""
    from greensched.traces.importing import engine, inputs, registry, tally
    from greensched.traces.importing.contract import Options
    from greensched.traces.importing.deadlines import RULES

    form = registry.load(format_)
    machine = _machine(form, machine_cores, machine_mem_gb)
    options = Options(lenient, machine, RULES.get(deadlines), seed, workers)
    size = sum(path.stat().st_size for path in inputs.expand(files))
    with _bar(size, f"import {format_}") as progress:
        about = engine.import_trace(form, files, out, options, progress)
    for line in tally.lines(about["report"]):
        print(line)
    if about["machine"]:
        print(f"assumption: {about['machine']}")
    print(f"deadlines: {about['deadlines']}")
    print(f"wrote {out}")


def _machine(form: TraceFormat, cores: float | None, mem_gb: float | None) -> Machine | None:
    from greensched.traces.importing.contract import Machine

    if cores is None and mem_gb is None:
        return None
    if form.machine is None:
        raise ConfigError(f"--machine-cores, --machine-mem-gb: {form.name} gives demand in real units; leave them out")
    return Machine("given", cores or form.machine.cores, mem_gb or form.machine.mem_gb)


@contextlib.contextmanager
def _bar(size: int, label: str) -> Iterator[Callable[[int], None]]:
    """A progress bar by bytes read; nothing where nobody sees it."""
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=size)
        yield lambda done: bar.update(task, completed=min(done, size))


@app.command()
def describe(
    file: Table, json_: Annotated[bool, typer.Option("--json", help="Print JSON, nothing else.")] = False
) -> None:
    """Counts, quantiles, burstiness, and what is missing."""
    from greensched.traces import describe as description

    found = description.describe(file)
    print(json.dumps(found, indent=2) if json_ else "\n".join(description.text(found)))


@app.command()
def plot(
    file: Table,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE.svg", help="Default: beside the table.")
    ] = None,
) -> None:
    """Draw arrivals, run times and sizes as one self-contained SVG."""
    from greensched.traces import plot as drawing

    target = out or file.with_suffix(".svg")
    text = drawing.svg(file)
    target.write_text(text, encoding="utf-8")
    print(f"wrote {target}")


@app.command()
def formats(
    name: Annotated[str | None, typer.Argument(metavar="[FORMAT]", help="Only this one, with its details.")] = None,
    example: Annotated[
        Path | None, typer.Option("--example", metavar="DIR", help="Write small files of the format there.")
    ] = None,
) -> None:
    """List the formats that trace import reads, those of installed plug-ins included."""
    from greensched.core.errors import GreenSchedError
    from greensched.traces.importing import registry

    if name is None and example is not None:
        raise ConfigError("--example: name the format whose files to write")
    if name is not None:
        _details(registry.load(name), example)
        return
    names = registry.names()
    width = max(map(len, names))
    for known in names:
        try:
            print(f"{known:<{width}}  {registry.load(known).title}")
        except GreenSchedError as error:  # one broken plug-in must not hide the others
            print(f"{known:<{width}}  (cannot be loaded: {error})", file=sys.stderr)


def _details(form: TraceFormat, example: Path | None) -> None:
    print(f"{form.name}: {form.title}\nfiles: {form.files}\nsource: {form.source}\ntime 0: {form.time_zero}")
    if form.machine is not None:
        print(f"normalised demand, {form.machine.text} (--machine-cores, --machine-mem-gb)")
    if example is not None:
        example.mkdir(parents=True, exist_ok=True)
        for file, content in form.example().items():
            (example / file).write_bytes(content)
            print(f"wrote {example / file}")
