"""metadata.json: what a run was, written first thing and replaced atomically ever after.

A reader can trust ``status``: it is ``running`` only while (or after a crash, since) nothing better is known.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import platform
import re
import subprocess
import tempfile
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata as distributions
from pathlib import Path
from typing import Any

from greensched import __version__
from greensched.core.errors import DataError

_log = logging.getLogger("greensched.results")
NAME = "metadata.json"
STATUSES = ("running", "completed", "degraded", "aborted", "interrupted", "failed")
PACKAGES = ("numpy", "pandas", "pyarrow", "pydantic", "py4j", "xgboost")


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Replace ``path`` atomically: a reader sees the old file or the new one, never a half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(content, stream, indent=1, ensure_ascii=False, allow_nan=False)
            stream.write("\n")
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        DataError: the file is missing or not a JSON object.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{path}: not found; expected a file that a run writes (is this a run folder?)") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as JSON ({error})") from error
    if not isinstance(content, dict):
        raise DataError(f"{path}: expected a JSON object, found {type(content).__name__}")
    return content


def begin(folder: Path, **fields: Any) -> dict[str, Any]:
    """Write metadata.json of a run that starts now; ``fields`` say what was asked for."""
    content = {
        "format": 1,
        "status": "running",
        "started_utc": _now(),
        "ended_utc": None,
        **fields,
        "versions": versions(),
        "config": None,
    }
    write_json(folder / NAME, content)
    return content


def update(folder: Path, **fields: Any) -> dict[str, Any]:
    """Change some fields of metadata.json; a status other than ``running`` also notes the end."""
    content = read(folder)
    content.update(fields)
    if fields.get("status", "running") != "running":
        content["ended_utc"] = _now()
    try:
        write_json(folder / NAME, content)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        _write_in_place(folder / NAME, content)
    return content


def _write_in_place(path: Path, content: Mapping[str, Any]) -> None:
    """On a full disk there is no room for a second file, but for a text of about the same length over the old one."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False).encode()
    with path.open("r+b") as stream:
        stream.write(text)
        stream.truncate()


def read(folder: Path) -> dict[str, Any]:
    """The metadata of a run folder; what is known without it when the run was started from the Java side."""
    if (folder / NAME).is_file():
        try:
            known = read_json(folder / NAME)
            if isinstance(known.get("versions"), dict) and "status" in known:
                return known
            _log.warning("%s: lacks what every run notes; written anew", folder / NAME)
        except DataError as error:
            if not (folder / "input" / "run.json").is_file():
                raise
            _log.warning("%s; written anew", error)
    started = datetime.fromtimestamp((folder / "input" / "run.json").stat().st_mtime, UTC)
    provenance = folder / "input" / "provenance.json"
    try:
        asked = read_json(provenance) if provenance.is_file() else {}
    except DataError as error:
        _log.warning("%s; goes without", error)
        asked = {}
    return {
        "format": 1,
        "status": "running",
        "started_utc": started.isoformat(timespec="seconds"),
        "ended_utc": None,
        "scenario_file": asked.get("scenario_file"),
        "overrides": asked.get("overrides", []),
        "data": asked.get("data_folder"),
        "baseline": "none",  # which only `greensched run` has
        "document": asked.get("document"),
        "second": asked.get("second"),
        "versions": versions(),
        "config": None,
    }


def versions(jar: Path | None = None) -> dict[str, str | None]:
    """Versions of everything that a result depends on; None for what is not installed."""
    found: dict[str, str | None] = {
        "greensched": __version__,
        "git_commit": git_commit(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        **{name: _package(name) for name in PACKAGES},
    }
    return found | (world_versions(jar) if jar else {})


def world_versions(jar: Path) -> dict[str, str | None]:
    """Versions of the Java side as recorded by Maven in the shaded ``jar``."""
    wanted = {"greensched_sim": "org.greensched/greensched-sim", "cloudsimplus": "org.cloudsimplus/cloudsimplus"}
    found: dict[str, str | None] = dict.fromkeys(wanted)
    with zipfile.ZipFile(jar) as archive:
        for name, path in wanted.items():
            try:
                text = archive.read(f"META-INF/maven/{path}/pom.properties").decode()
            except KeyError:
                continue
            match = re.search(r"^version=(.+)$", text, re.MULTILINE)
            found[name] = match.group(1).strip() if match else None
    return found


def git_commit() -> str | None:
    """Commit of the checkout that this package runs from, ``+changes`` when it is not clean; None outside one."""
    root = Path(__file__).resolve().parents[3]
    if not (root / ".git").exists():
        return None
    try:
        described = subprocess.run(
            ["git", "-C", str(root), "describe", "--always", "--dirty=+changes", "--abbrev=12", "--exclude=*"],
            capture_output=True, text=True, timeout=10, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return described.stdout.strip() or None


def _package(name: str) -> str | None:
    try:
        return distributions.version(name)
    except distributions.PackageNotFoundError:
        return None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
