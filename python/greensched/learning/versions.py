"""Versions of a model on disk: immutable folders, a pointer to the one that serves, and the history of both.

::

    STORE/
      versions/0001-3fa4c2d1e0/   what the predictor saved, and version.json; the name holds number and content
      serving.json                which version serves; replaced atomically
      history.jsonl               a line per promotion, refusal and rollback

A version appears whole or not at all: it is written beside the others under a name that starts with a dot, forced to
the disk, and renamed. A process that is killed meanwhile leaves such a folder, which the next writer removes.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from greensched.core.errors import ConfigError, DataError, UnknownNameError
from greensched.learning import disk

VERSION = "version.json"
_POINTER, _HISTORY, _LOCK, _FOLDER = "serving.json", "history.jsonl", ".lock", "versions"
_NAME = re.compile(r"(\d{4,})-([0-9a-f]{10})")
FORMAT = 1


@dataclass(frozen=True)
class Version:
    """One version.

    Attributes:
        name: number and hash of the content: ``0001-3fa4c2d1e0``.
        folder: where its files are; never changed.
        about: what ``version.json`` holds: parent, predictor, data, metrics, seed, command, created, files.
    """

    name: str
    folder: Path
    about: Mapping[str, Any]

    @property
    def number(self) -> int:
        """Counts from 1 in the order in which versions were added."""
        return int(self.name.split("-")[0])

    def check(self) -> None:
        """Compare its files with their checksums.

        Raises:
            DataError: a file is missing, was added, or has changed.
        """
        found, known = disk.checksums(self.folder, VERSION), self.about.get("files")
        if found != known:
            differs = sorted(set(found.items()) ^ set((known or {}).items()))
            raise DataError(
                f"{self.folder / differs[0][0] if differs else self.folder}: differs from what {VERSION} says; "
                "the version is damaged: roll back to another (greensched model rollback)"
            )


class ModelStore:
    """A folder of versions. Any number of processes may use it; those that change it take turns.

    Args:
        folder: made when the first version is added.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def versions(self) -> list[Version]:
        """All versions, in the order of their numbers; what is no whole version is passed over."""
        parent, found = self.folder / _FOLDER, []
        for path in parent.iterdir() if parent.is_dir() else ():
            if _NAME.fullmatch(path.name) and (path / VERSION).is_file():
                found.append(Version(path.name, path, disk.read_json(path / VERSION)))
        return sorted(found, key=lambda v: v.number)

    def find(self, wanted: str) -> Version:
        """A version by its name, its number, or the beginning of its hash.

        Raises:
            UnknownNameError: there is none such, or several.
            DataError: its ``version.json`` is damaged.
        """
        known = self.versions()
        matching = [v for v in known if wanted in (v.name, str(v.number), v.name.split("-")[0])]
        matching = matching or [v for v in known if len(wanted) >= 4 and v.name.split("-")[1].startswith(wanted)]
        if len(matching) != 1:
            names = [v.name for v in known] or ["(none yet)"]
            raise UnknownNameError("version", wanted, names, str(self.folder))
        return matching[0]

    def serving(self) -> Version | None:
        """The version that serves; None before the first promotion.

        Raises:
            DataError: the pointer is damaged or leads to a version that is gone.
        """
        name = self._pointer().get("version")
        if name is None:
            return None
        try:
            return self.find(str(name))
        except UnknownNameError as error:
            raise DataError(f"{self.folder / _POINTER}: points to a version that is not there: {error}") from error

    def history(self) -> list[dict[str, Any]]:
        """Promotions, refusals and rollbacks, the oldest first; also one of which only the pointer knows."""
        lines, last = disk.read_lines(self.folder / _HISTORY), self._pointer()
        return [*lines, last] if last and last not in lines else lines

    def add(self, save: Callable[[Path], None], about: Mapping[str, Any]) -> Version:
        """Add a version: ``save`` writes the predictor's files into the empty folder that it is given.

        Args:
            save: usually ``predictor.save``.
            about: for ``version.json``; ``files``, ``created`` and ``format`` are added.
        """
        parent = self.folder / _FOLDER
        parent.mkdir(parents=True, exist_ok=True)
        with disk.alone(self.folder / _LOCK):
            for left in parent.glob(".new-*"):
                shutil.rmtree(left, ignore_errors=True)  # of a process that was killed: whoever adds has the lock
            folder = Path(tempfile.mkdtemp(dir=parent, prefix=".new-"))
            try:
                return self._fill(folder, save, about)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise

    def _fill(self, folder: Path, save: Callable[[Path], None], about: Mapping[str, Any]) -> Version:
        save(folder)
        files = disk.checksums(folder)
        if not files:
            raise DataError(f"{self.folder}: the predictor has saved no file; nothing to keep")
        content = hashlib.sha256("".join(f"{name}\0{sha}\n" for name, sha in files.items()).encode()).hexdigest()[:10]
        numbers = [int(m[1]) for p in folder.parent.iterdir() if (m := _NAME.fullmatch(p.name))]
        target = folder.parent / f"{max(numbers, default=0) + 1:04d}-{content}"
        full = {"format": FORMAT, **about, "created": _now(), "files": files}
        disk.write_json(folder / VERSION, full)
        folder.chmod(0o755)
        disk.sync_tree(folder)
        folder.rename(target)
        disk.sync_folder(target.parent)
        return Version(target.name, target, full)

    def promote(self, wanted: str, reason: str, *, event: str = "promoted", **more: Any) -> Version:
        """Let a version serve from now on.

        Args:
            wanted: which, see :meth:`find`.
            reason: why, for the history.
            event: what to call it there.
            more: further JSON values for the history.

        Raises:
            UnknownNameError: no such version.
            DataError: its files are damaged.
        """
        version = self.find(wanted)
        version.check()
        with disk.alone(self.folder / _LOCK):
            before = self._settle()
            line = {"event": event, "version": version.name, "from": before, "reason": reason, "at": _now(), **more}
            disk.write_json(self.folder / _POINTER, line)  # this is the promotion; the history follows it
            disk.append_line(self.folder / _HISTORY, line)
        return version

    def refuse(self, version: str, reason: str, **more: Any) -> None:
        """Note that a version was judged and does not serve."""
        with disk.alone(self.folder / _LOCK):
            self._settle()
            line = {"event": "refused", "version": version, "reason": reason, "at": _now(), **more}
            disk.append_line(self.folder / _HISTORY, line)

    def rollback(self, reason: str, to: str | None = None, **more: Any) -> Version:
        """Let an earlier version serve again: ``to``, or the one that served before the present one.

        Raises:
            ConfigError: none has served before.
            UnknownNameError: no such version.
        """
        if to is None:
            to = self._before()
        return self.promote(to, reason, event="rolled back", **more)

    def withdraw(self, reason: str, **more: Any) -> None:
        """Let no version serve: what the scenario names does again."""
        with disk.alone(self.folder / _LOCK):
            before = self._settle()
            line = {"event": "rolled back", "version": None, "from": before, "reason": reason, "at": _now(), **more}
            disk.write_json(self.folder / _POINTER, line)
            disk.append_line(self.folder / _HISTORY, line)

    def _before(self) -> str:
        """The version that was serving when the present one was promoted (not one that was rolled back from)."""
        stack: list[str] = []
        for line in self.history():
            name = line.get("version")
            if line.get("event") == "promoted":
                stack.append(str(name))
            elif line.get("event") == "rolled back":
                while stack and stack[-1] != name:
                    stack.pop()
                stack = stack or ([] if name is None else [str(name)])
        if len(stack) < 2:
            raise ConfigError(f"{self.folder}: no version has served before; name one: --to VERSION")
        return stack[-2]

    def _pointer(self) -> dict[str, Any]:
        path = self.folder / _POINTER
        return disk.read_json(path) if path.is_file() else {}

    def _settle(self) -> str | None:
        """Under the lock: write into the history what a process that was killed could not; returns who serves."""
        pointer = self._pointer()
        if pointer and pointer not in disk.read_lines(self.folder / _HISTORY):
            disk.append_line(self.folder / _HISTORY, pointer)
        name = pointer.get("version")
        return None if name is None else str(name)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
