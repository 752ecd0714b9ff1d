"""Files that a scenario names must lie in its own folder or in the data folder, links resolved; folders for runs."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

from greensched.core.errors import ConfigError


def safe_path(name: str, roots: list[Path], *, folder: bool = False) -> Path:
    """The existing file (or ``folder``) ``name`` below one of ``roots``.

    Args:
        name: relative path from a scenario file.
        roots: folders that may be read, in order of preference.
        folder: a folder is asked for, not a file.

    Raises:
        ConfigError: absolute, climbing, leaving the folders through a link, absent, or not a plain file: a pipe or a
            device may never end.
    """
    asked = Path(name)
    kind = "folder" if folder else "file"
    where = " or ".join(str(r) for r in roots)
    if not name or "\0" in name or asked.is_absolute() or ".." in asked.parts:
        raise ConfigError(
            f"path '{name}' leaves the scenario's folder; expected a relative path without '..' inside {where}"
        )
    for root in roots:
        candidate = (root / asked).resolve()
        if not candidate.exists():
            continue
        if not candidate.is_relative_to(root.resolve()):
            raise ConfigError(f"path '{name}' is a link that leads out of {root}, to {candidate}")
        if not (candidate.is_dir() if folder else candidate.is_file()):
            raise ConfigError(f"'{name}' is not a {kind}: expected a plain {kind}")
        return candidate
    raise ConfigError(f"no {kind} '{name}' inside {where}")


def require_unused(folder: Path) -> None:
    """Refuse a folder for a run in which something lies already.

    Raises:
        ConfigError: it is not empty, or no folder.
    """
    try:
        used = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    except OSError as error:
        raise ConfigError(f"--out {folder}: cannot be read ({error.strerror}); name another") from error
    if used:
        raise ConfigError(
            f"--out {folder}: exists and is not an empty folder; name another, a run is never overwritten"
        )


@contextlib.contextmanager
def making(folder: Path, option: str = "--out") -> Iterator[None]:
    """Blame what goes wrong while the body makes ``folder`` on the name that was given for it, if that is the cause.

    Raises:
        ConfigError: no such folder can be made.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOSPC, errno.EDQUOT, errno.EIO):
            raise
        raise ConfigError(f"{option} {folder}: no folder can be made there ({error.strerror}); name another") from error
