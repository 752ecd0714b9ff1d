"""Run folders and minds of the tests that let real processes meet."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from greensched.core.delta import Delta
from greensched.core.types import Decisions
from tests.bridge.rawclient import EchoMind
from tests.worlds import Site, Task, host, jobs_table, write_world

SLOTS = 24
FINISHED = 7
MIND, FALLBACK = 1, 2


def world_folder(folder: Path, tasks_per_slot: int = 1, hours: int = 2, **run: Any) -> Path:
    """Hours with tasks in each five-minute slot, and room for all of them."""
    sites = [Site("a", [host(8, cores=64)], [100.0, 300.0]), Site("b", [host(8, cores=64)], [200.0])]
    tasks = [Task(slot * 300.0 + 1, 100.0) for slot in range(12 * hours) for _ in range(tasks_per_slot)]
    return write_world(folder, sites, tasks, hours=hours, **({"on_mind_failure": "fallback"} | run))


class Scripted(EchoMind):
    """Does ``trouble`` at its n-th observation, given the delta; answers like the others if that returns."""

    def __init__(self, trouble: Callable[[int, Delta], None]) -> None:
        super().__init__()
        self._trouble = trouble

    def decide(self, delta: Delta) -> Decisions:
        self._trouble(len(self.deltas) + 1, delta)
        return super().decide(delta)


def sources(folder: Path) -> list[int]:
    """Who decided each task: mind or fallback."""
    table = jobs_table(folder)
    assert table["state"].tolist() == [FINISHED] * len(table["state"]), "no task is lost"
    return [int(s) for s in table["source"]]


def status(folder: Path) -> str:
    """What the world wrote about its end."""
    return str(json.loads((folder / "world" / "world.json").read_text())["status"])
