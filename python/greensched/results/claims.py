"""Who works in a run folder: one run at a time, and nobody tidies up behind a run that still goes on.

Locks of the operating system end with their process, however it ends. The world locks ``world/world.lock`` in the same
way (Java's file locks and ``lockf`` are the same kind).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from greensched.core.errors import ConfigError
from greensched.core.paths import making

LOCK = ".run.lock"
_LOCKS = (LOCK, "world/world.lock")


@contextlib.contextmanager
def claimed(folder: Path) -> Iterator[Path]:
    """Have ``folder``, new or empty, for this process alone; a new one goes again if nothing was put into it.

    Raises:
        ConfigError: another run has claimed it, or something lies in it.
    """
    lock = folder / LOCK
    try:
        with making(folder):
            made = _make(folder)
            descriptor = os.open(lock, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o644)
    except FileExistsError:
        raise ConfigError(f"{folder}: another run has just begun here; name another --out") from None
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.listdir(folder) != [LOCK]:
            raise ConfigError(f"{folder}: is not empty any more; name another --out, a run is never overwritten")
        yield folder
    finally:
        lock.unlink(missing_ok=True)
        os.close(descriptor)
        if made:
            with contextlib.suppress(OSError):  # not empty
                folder.rmdir()


def _make(folder: Path) -> bool:
    """Make a folder; whether it was not there."""
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        return False
    return True


def refuse_live(folder: Path) -> None:
    """Refuse a folder in which a run or its world is still at work; not for use by the process that runs it.

    Raises:
        ConfigError: it is still running.
    """
    for name in _LOCKS:
        try:
            descriptor = os.open(folder / name, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            continue  # nobody runs here
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(f"{folder}: still running; wait for its end, or stop it (Ctrl-C there)") from None
        except OSError:
            continue  # a file system without locks
        finally:
            os.close(descriptor)
