"""A run that was cut short: what has finished is made readable, and metadata says how it ended."""

from __future__ import annotations

import contextlib
import shutil
import sys
from pathlib import Path

from greensched.core.errors import GreenSchedError
from greensched.results import metadata
from greensched.results.finish import BASELINE, SUMMARY, finish


def salvage(folder: Path, status: str, reason: str) -> None:
    """Make what has finished readable; the world's own word on how it ended goes before ours."""
    for torn in folder.glob(".input.*"):  # prepare was killed
        shutil.rmtree(torn, ignore_errors=True)
    # first of all note it everywhere: an impatient second Ctrl-C may cut off what follows
    cut_short = [part for part in (folder / BASELINE, folder) if _note(part, part == folder, status, reason)]
    for part in cut_short:
        with contextlib.suppress(GreenSchedError, OSError):
            finish(part)
        _note(part, part == folder, status, reason)


def _note(folder: Path, is_main: bool, status: str, reason: str) -> bool:
    """Note how the run ended, unless metadata knows better; returns whether it did not.

    A main run whose world has completed is cut short all the same: something was still to be done.
    """
    try:
        if not (folder / metadata.NAME).is_file():
            return False
        if metadata.read(folder)["status"] not in (("running", "completed") if is_main else ("running",)):
            return False
        metadata.update(folder, status=status, reason=reason)
    except (GreenSchedError, OSError) as error:
        print(f"greensched: {folder / metadata.NAME} could not be written: {error}", file=sys.stderr)
    return True


def what_is_left(folder: Path) -> str:
    """What an interrupted run has left in ``folder``, and what to do."""
    if (folder / SUMMARY).is_file():
        return f"interrupted; what had finished is in {folder}; for the rest run again with another --out"
    if (folder / "input").is_dir():
        return (
            f"interrupted before the first job; {folder} holds the prepared input, no results: remove it and run again"
        )
    if (folder / metadata.NAME).is_file():
        return (
            f"interrupted before the input was prepared; {folder} holds only {metadata.NAME}: remove it and run again"
        )
    return "interrupted before anything was written"
