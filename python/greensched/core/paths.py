"""Files that a scenario names must lie in its own folder or in the data folder, links resolved."""

from __future__ import annotations

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
