"""A mind that failed: its tracebacks go to a file of the run folder, one line on the terminal says what matters."""

from __future__ import annotations

import contextlib
import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from greensched.core.errors import DataError
from greensched.core.units import clock
from greensched.results.finish import BASELINE
from greensched.results.folder import RunFolder

LOG = "mind.log"
_LOGGER = "greensched.bridge"
_FORMAT = "%(levelname)s %(name)s: %(message)s"  # the same as that of a mind which the world started (bridge: serve.py)
_FALLBACK = 2  # in the column source, PROTOCOL.md §2.6
_LOGGED = ("mind_error", "protocol")  # what the mind itself notices; of the others it may know nothing, or later things
_TRACEBACK = "Traceback (most recent call last):\n"
_SHOWN_CHARACTERS = 300
_READ_BYTES = 1 << 16
_ADVICE = {
    "mind_error": "mend the policy or predictor and run again",
    "config": "mend the scenario and run again",
    "timeout": "give it longer (mind.start_timeout_s, mind.decide_timeout_s) or make it faster",
}


class _MindLog(logging.FileHandler):
    """Writes the first failure with its traceback, later ones with a line each; the file is made when there is one."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, mode="w", encoding="utf-8", delay=True)
        self.setFormatter(logging.Formatter(_FORMAT))
        self._first = True

    def emit(self, record: logging.LogRecord) -> None:
        """Failures to the file, what else the bridge has to say to the terminal."""
        error = record.exc_info[1] if record.exc_info else None
        if error is None:
            print(f"greensched: {record.getMessage()}", file=sys.stderr)
            return
        if not self._first:
            text = f"{record.getMessage()}: {type(error).__name__}: {error}".splitlines()[0]
            record = logging.makeLogRecord({"name": record.name, "levelname": record.levelname, "msg": text})
        self._first = False
        try:
            super().emit(record)
        except OSError:  # a full disk must not cost the mind its answer
            self.handleError(record)


@contextlib.contextmanager
def kept(folder: Path) -> Iterator[None]:
    """Keep the failures of the mind that the body runs in ``folder``/mind.log."""
    logger, handler = logging.getLogger(_LOGGER), _MindLog(folder / LOG)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        handler.close()


def say(folder: Path) -> None:
    """Say on stderr how the mind failed in a run and in its baseline: a line each, none where it did not."""
    if text := line(folder):
        print(f"greensched: {text}", file=sys.stderr)
    other = RunFolder(folder / BASELINE)
    if other.world["status"] == "degraded" and (text := line(other.path)):
        print(f"greensched: baseline {other.config['policy']['name']}: {text}", file=sys.stderr)


def line(folder: Path) -> str | None:
    """What failed first, when, how often, what was done instead, where to read on, and what to do.

    Returns:
        One line; None if the mind answered every question.
    """
    run = RunFolder(folder)
    unanswered: dict[str, int] = run.world.get("fallbacks") or {}
    if not unanswered:
        return None
    aborted = run.world["status"] == "aborted"
    log = folder / LOG
    first_s, code, instead = _first_fallback(run)
    code = code or next(iter(unanswered))
    what = (code in _LOGGED and _first_error(log)) or (
        str(run.world.get("reason")).split("\n", 1)[0] if aborted else code
    )
    counts = ", ".join(f"{count} x {name.replace('_', ' ')}" for name, count in unanswered.items())
    return "; ".join(
        (
            f"the mind failed first at {clock(first_s)}: {what[:_SHOWN_CHARACTERS]}",
            "the run was ended there"
            if aborted
            else f"{sum(unanswered.values())} questions went without an answer ({counts}); {instead}",
            f"details: {log if log.is_file() else folder / 'world.log'}",
            _ADVICE.get(code, "run again; if it comes back, report it with that file"),
        )
    )


def _first_fallback(run: RunFolder) -> tuple[float | None, str, str]:
    """When the fallback decided first, why, and how often; the end of the run if it did not."""
    try:
        decisions: dict[str, Any] = run.decisions
    except DataError:  # damaged, which is said elsewhere
        decisions = {}
    rows = np.flatnonzero(decisions.get("source", np.array([])) == _FALLBACK)
    instead = f"the world's fallback made {len(rows)} of {len(decisions.get('source', ()))} decisions"
    if not len(rows):
        return run.world.get("sim_time_s"), "", instead
    reason = str(decisions["reason"][int(rows[0])])
    return float(decisions["t_us"][rows[0]]) / 1e6, reason.partition("mind failed: ")[2], instead


def _first_error(log: Path) -> str:
    """What the first traceback came to, in one line without the name of its module; empty if there is none."""
    if not log.is_file():
        return ""
    with log.open("rb") as stream:
        text = stream.read(_READ_BYTES).decode(errors="replace")
    records = re.split(r"^(?=[A-Z]+ greensched\.)", text, flags=re.MULTILINE)
    first = next((record for record in records if _TRACEBACK in record), "")
    # of an exception that came of another one, the last; below its frames, which are indented
    error = re.search(r"^\S.*", first.rpartition(_TRACEBACK)[2], flags=re.MULTILINE)
    return re.sub(r"^(?:\w+\.)+(?=\w)", "", error[0]) if error else ""
