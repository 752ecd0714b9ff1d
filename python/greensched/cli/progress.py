"""A progress bar that watches the world's slot log grow; it asks nobody and costs the run nothing."""

from __future__ import annotations

import contextlib
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

_PREFIX = struct.Struct("<8sIIQ")  # of a frame (PROTOCOL.md §1); the last field is its length in bytes
_PERIOD_S = 0.25


class SlotCounter:
    """Counts the frames of world/datacenters.gsf, going on from where it stopped."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = 0
        self.slots = 0

    def count(self) -> int:
        """Complete frames so far."""
        with contextlib.suppress(OSError), self._path.open("rb") as stream:
            size = stream.seek(0, 2)
            while size - self._at >= _PREFIX.size:
                stream.seek(self._at)
                length = _PREFIX.unpack(stream.read(_PREFIX.size))[3]
                if length < _PREFIX.size or self._at + length > size:
                    break
                self._at += length
                self.slots += 1
        return self.slots


@contextlib.contextmanager
def watch(folder: Path, config: dict[str, Any], label: str, *, enabled: bool) -> Iterator[None]:
    """Show how much of the horizon has been simulated while the body runs."""
    if not enabled:
        yield
        return
    counter = SlotCounter(folder / "world" / "datacenters.gsf")
    total = max(1, config["horizon_us"] // config["slot_us"])
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    stop = threading.Event()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total)

        def poll() -> None:
            while not stop.wait(_PERIOD_S):
                bar.update(task, completed=min(counter.count(), total))

        thread = threading.Thread(target=poll, name="progress", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
