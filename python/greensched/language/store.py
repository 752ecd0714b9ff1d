"""Parts of models on disk, outside of the checkout: made once, whole or not at all, and checked when they are opened.

A part is a folder with files and a ``manifest.json`` that holds the size and the SHA-256 of each. It is made in a
folder of its own and renamed when it is complete, under a lock that the kernel drops when its holder dies: who is
killed leaves a folder that nobody reads and the next maker removes, and of two who come at once, one makes and the
other waits.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from greensched.core.errors import DataError

MANIFEST = "manifest.json"
FORMAT = 1


def models_folder() -> Path:
    """Where models are kept: ``models`` in $GREENSCHED_CACHE, else in ``greensched`` of $XDG_CACHE_HOME or ~/.cache."""
    named = os.environ.get("GREENSCHED_CACHE")
    cache = Path(named) if named else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "greensched"
    return cache.absolute() / "models"


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fault(part: Path) -> str | None:
    """What is wrong with a part, in a few words; None if every file is there and is what was written."""
    try:
        files = json.loads((part / MANIFEST).read_text(encoding="utf-8"))["files"]
        for name, said in files.items():
            path = part / name
            if path.stat().st_size != said["bytes"]:
                return f"{name} has {path.stat().st_size} bytes instead of {said['bytes']}"
            if sha256_of(path) != said["sha256"]:
                return f"the SHA-256 of {name} is not the one in {MANIFEST}"
    except FileNotFoundError as error:
        return f"{Path(error.filename).name} is missing"
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return f"{MANIFEST} cannot be read ({error})"
    return None


def ensure(part: Path, make: Callable[[Path], None]) -> Path:
    """The folder ``part``, made by ``make`` if it is not there or damaged.

    Args:
        part: its place in the store.
        make: writes the files into the empty folder that it is given; what it raises leaves the store as it was.

    Raises:
        DataError: the store cannot be written.
    """
    if fault(part) is None:
        return part
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        with _lock(part):
            if fault(part) is None:  # somebody else made it while this process waited
                return part
            _remake(part, make)
    except OSError as error:
        raise DataError(
            f"{part}: cannot be written ({error.strerror or error}); models take up to 1 GB there, "
            "GREENSCHED_CACHE names another folder"
        ) from error
    return part


def _remake(part: Path, make: Callable[[Path], None]) -> None:
    fresh = part.with_name(f".{part.name}.making")  # one name: under the lock it can only be the rest of a dead maker
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    try:
        make(fresh)
        _seal(fresh)
        if part.exists():
            shutil.rmtree(part)
        fresh.rename(part)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _seal(folder: Path) -> None:
    """Write the manifest, after the files have reached the disk."""
    files = {}
    for path in sorted(p for p in folder.iterdir() if p.is_file()):
        with path.open("rb") as file:
            os.fsync(file.fileno())
        files[path.name] = {"bytes": path.stat().st_size, "sha256": sha256_of(path)}
    (folder / MANIFEST).write_text(json.dumps({"format": FORMAT, "files": files}, indent=1) + "\n", encoding="utf-8")


@contextlib.contextmanager
def _lock(part: Path) -> Iterator[None]:
    with part.with_name(f".{part.name}.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
