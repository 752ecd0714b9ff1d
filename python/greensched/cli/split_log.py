"""The log of who used the split ``new-words``: it is for one score per release, and every use is on record.

The log lies with the user (``$XDG_STATE_HOME/greensched``), not with the code; who publishes a score publishes it too.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from greensched import __version__
from greensched.core.errors import ConfigError

LOGGED = "new-words"


def path() -> Path:
    """Where the log is.

    Raises:
        RuntimeError: the user has no home.
    """
    asked = Path(os.environ.get("XDG_STATE_HOME", ""))
    home = asked if asked.is_absolute() else Path.home() / ".local/state"  # as the specification has it
    return home / "greensched" / "new-words.jsonl"


def tell(split: str | None) -> None:
    """Say on standard error that this use is logged, if it is one of those."""
    if split == LOGGED:
        print(f"split {LOGGED} is for one score per release: this use is logged in {path()}", file=sys.stderr)


def note(split: str | None, what: str) -> None:
    """Add a line if this is the split of which every use is logged, and say so on standard error.

    Raises:
        ConfigError: it cannot be logged, so it must not be used.
    """
    if split != LOGGED:
        return
    line = {"time": datetime.now(UTC).isoformat(timespec="seconds"), "version": __version__, "use": what}
    try:
        file = path()
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")  # one write, so that several at once mix no lines
    except (OSError, RuntimeError) as error:
        raise ConfigError(
            f"split {LOGGED}: every use of it is logged, and this one cannot be ({error}); set XDG_STATE_HOME to a "
            "folder that can be written"
        ) from error
    tell(split)
