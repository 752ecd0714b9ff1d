"""``finish``: turn the logs of a run folder into its results, also after a crash."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from greensched.core.errors import DataError
from greensched.results import cloudlets, learned, metadata, tables
from greensched.results.compare import compare
from greensched.results.folder import RunFolder
from greensched.results.summary import status_of, summarise

SUMMARY = "summary.json"
PREDICTOR = "mind-predictor.json"
BASELINE = "baseline"
_log = logging.getLogger("greensched.results")


def finish(folder: Path) -> dict[str, Any]:
    """Write the Parquet tables and summary.json of ``folder`` and settle its metadata; may be repeated.

    Returns:
        The summary; its ``damaged`` names the tables that had to be left out.

    Raises:
        DataError: ``folder`` is no run folder, or the world's word on jobs or datacenters is missing or damaged.
    """
    if not (folder / "input" / "run.json").is_file():
        raise DataError(f"{folder}: no input/run.json here; expected the folder of a run")
    run = RunFolder(folder)
    more = {"cloudlets": cloudlets.cloudlets, "prequential": learned.prequential}
    for name, build in (tables.BUILDERS | more).items():
        try:
            if name == "cloudlets" and not run.cloudlets:
                continue
            table = build(run)
        except DataError as error:
            if name not in run.OPTIONAL:
                raise
            run.damaged[name] = str(error)
        else:
            if name != "prequential" or len(table):  # of a run that predicted
                tables.write(name, table, folder)
    summary = summarise(run)
    summary |= compare(summary, _baseline_summary(folder))
    metadata.write_json(folder / SUMMARY, summary)
    metadata.update(
        folder, status=summary["status"], reason=summary["reason"], damaged=run.damaged, config=run.config,
        learning_measured=learned.learning(run).get("measured", []), **_counted(folder),
    )  # fmt: skip
    return summary


def world_status(folder: Path) -> str:
    """How the world of ``folder`` ended."""
    return status_of(RunFolder(folder))


def read_summary(folder: Path) -> dict[str, Any]:
    """summary.json of a run folder.

    Raises:
        DataError: it is missing; the message says which command writes it.
    """
    if not (folder / SUMMARY).is_file():
        raise DataError(f"{folder}: no {SUMMARY}; write it with: greensched finish {folder}")
    return metadata.read_json(folder / SUMMARY)


def _counted(folder: Path) -> dict[str, Any]:
    """What the predictor counted, where it counts anything and the mind could still write it."""
    path = folder / PREDICTOR
    try:
        return {"predictor": metadata.read_json(path)} if path.is_file() else {}
    except DataError as error:
        _log.warning("%s; goes without", error)
        return {}


def _baseline_summary(folder: Path) -> dict[str, Any] | None:
    path = folder / BASELINE / SUMMARY
    return metadata.read_json(path) if path.is_file() else None
