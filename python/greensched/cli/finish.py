"""``greensched finish`` and ``greensched report``: results of a run folder, however the run ended."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Annotated

import typer

from greensched.cli import codes

Folder = Annotated[Path, typer.Argument(help="Run folder.")]


def finish(
    folder: Folder,
    json_: Annotated[bool, typer.Option("--json", help="Print the summary as JSON on stdout, nothing else.")] = False,
    no_report: Annotated[bool, typer.Option("--no-report", help="Do not write report.html.")] = False,
) -> None:
    """Turn the logs of a run into Parquet tables, summary.json and the report; also after a crash."""
    from greensched.cli import failures
    from greensched.cli.summary_table import warn
    from greensched.results.claims import refuse_live
    from greensched.results.finish import finish as finish_folder

    refuse_live(folder)
    summary = finish_folder(folder)
    _note_world(folder)
    page = None
    if not no_report:
        from greensched.report.page import write_report

        page = write_report(folder)
    warn(summary)
    if json_:
        print(json.dumps({"run_folder": str(folder), "report": str(page) if page else None, **summary}))
    else:
        from greensched.cli.summary_table import print_summary

        print_summary(folder, summary, page)
    failures.say(folder)
    raise typer.Exit(codes.of_summary(summary))


def _note_world(folder: Path) -> None:
    """Add the versions of the world to the metadata of a run that was started from the Java side."""
    from greensched.results import metadata
    from greensched_bridge.java import JavaMissingError, find_jar

    known = metadata.read(folder)["versions"]
    if "cloudsimplus" not in known:
        with contextlib.suppress(JavaMissingError):  # finishing needs no jar; then its version stays unknown
            metadata.update(folder, versions=known | metadata.world_versions(find_jar()))


def report(folder: Folder) -> None:
    """Write report.html of a finished run folder again."""
    from greensched.report.page import write_report

    print(write_report(folder))
