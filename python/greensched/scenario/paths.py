"""Files that a scenario names must lie in its own folder or in the data folder, links resolved."""

from __future__ import annotations

from pathlib import Path

from greensched.core.errors import ConfigError


def safe_path(name: str, roots: list[Path]) -> Path:
    """The existing file or folder ``name`` below one of ``roots``.

    Args:
        name: relative path from a scenario file.
        roots: folders that may be read, in order of preference.

    Raises:
        ConfigError: absolute, climbing, leaving the folders through a link, or absent.
    """
    asked = Path(name)
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
        return candidate
    raise ConfigError(f"no file '{name}' inside {where}")
