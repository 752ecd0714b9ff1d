"""Exit codes of the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from greensched.core.errors import ConfigError, DataError, GreenSchedError

OK = 0
FAILED = 1
BAD_INPUT = 2
NO_JAVA = 3
DEGRADED = 4
INTERRUPTED = 130

BY_STATUS = {
    "completed": OK,
    "degraded": DEGRADED,
    "aborted": FAILED,
    "failed": FAILED,
    "running": FAILED,
    "interrupted": INTERRUPTED,
}


def of_summary(summary: Mapping[str, Any]) -> int:
    """The exit code of a run with this summary: results that lack a table are no success."""
    return BY_STATUS[summary["status"]] or (FAILED if summary["damaged"] else OK)


_FROM_BEST = (OK, DEGRADED, FAILED, NO_JAVA, BAD_INPUT, INTERRUPTED)


def worst(one: int, other: int) -> int:
    """The worse of two exit codes; one that is not of ours counts as a failed run."""
    return max(one, other, key=lambda code: _FROM_BEST.index(code if code in _FROM_BEST else FAILED))


class Interrupted(GreenSchedError):
    """Ctrl-C or a polite kill; the message says what is there and what to do."""

    exit_code = INTERRUPTED

    def __init__(self, message: str = "interrupted") -> None:
        super().__init__(message)


def of(error: GreenSchedError) -> int:
    """The exit code that an error asks for; an error class may carry its own as ``exit_code``."""
    own = getattr(error, "exit_code", None)
    if isinstance(own, int):
        return own
    return BAD_INPUT if isinstance(error, (ConfigError, DataError)) else FAILED
