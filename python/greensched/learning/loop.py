"""The learning loop of a run: watches errors, says when to update, and lets better models serve.

*Inline* (simulation): an update that is due at simulated instant t is made at once, while the world waits, and serves
from t + ``train_s`` on, so that equal scenario and seed give equal decisions. *Background* (service): it is made by a
process of its own, is loaded while nobody waits for an answer, and serves from the next decision after that.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from greensched.core import registry
from greensched.core.contracts import Predictor, predictor_for
from greensched.core.errors import ConfigError, GreenSchedError
from greensched.core.registry import FOLDER_KEY
from greensched.core.types import Decisions, Observation, Reports, World
from greensched.learning import disk
from greensched.learning.background import Background
from greensched.learning.drift import Alarm, DriftWatch
from greensched.learning.exploration import Explorer
from greensched.learning.prequential import Prequential
from greensched.learning.served import Served
from greensched.learning.settings import Settings, read_settings
from greensched.learning.trainers import make_trainer, name_and_options, open_version
from greensched.learning.update import BETTER, FAILED, REFUSED, Request, carry_out
from greensched.learning.versions import ModelStore

NAME, STORE = "learning.json", "models"
_log = logging.getLogger("greensched.learning")


class Loop:
    """Of one run.

    Args:
        settings: what the scenario says.
        train: predictor to train; None: that of the policy.
        block: the ``policy`` block, whose predictor serves first.
        log: the feedback log.
        folder: the scenario's.
        given: whether the predictor is an object, which no other process can build.

    Raises:
        ConfigError: there is no log to learn from, the predictor cannot learn, or an extra is missing.
    """

    def __init__(
        self, settings: Settings, train: Any, block: Mapping[str, Any], log: Path | None, folder: Path | None,
        *, given: bool = False,
    ) -> None:  # fmt: skip
        self.settings = settings
        self._folder, self._log, self._given = folder, log, given
        self._first = predictor_for(registry.load("policy", str(block["name"]), folder), block.get("predictor"))
        self._train = train if train is not None else self._first
        self._updates: list[dict[str, Any]] = []
        self._swaps: list[dict[str, Any]] = []
        self._measured: list[dict[str, Any]] = []
        self._drifted: list[dict[str, Any]] = []
        self._watch = None if settings.drift is None else DriftWatch(settings.drift)
        self._background: Background | None = None
        self._pending: tuple[dict[str, Any], Predictor, float] | None = None
        self._champion: str | None = None
        self._former: list[tuple[Predictor, str | None]] = []
        self._store: ModelStore | None = None
        self._new = 0
        self._since_s = -1.0
        self._alarm = Alarm(settings.fewest)
        self._next_s = settings.every_s or 0.0
        self._tasks = 0
        if settings.updates:
            self._require()

    def _require(self) -> None:
        if self._log is None:
            raise ConfigError("policy.learning: update: needs a feedback log, and this mind keeps none")
        if self.settings.trains == "background" and self._given:
            raise ConfigError("policy.learning: trains: background cannot build a predictor object; name one instead")
        make_trainer(self._train, self._folder)
        beside = self._log.parent / STORE
        named, roots = self.settings.store, [Path.cwd()] if self._folder is None else [self._folder, Path.cwd()]
        self._store = ModelStore(beside if named is None else registry.inside(named, roots, "learning.store"))

    def wrap(self, predictor: Predictor) -> Served:
        """Put the predictor that serves first behind an object that stays; a store's serving version goes first."""
        trains = name_and_options(self._train)[0] if self.settings.updates else ""
        self.served = Served(predictor, trains)
        version = None if self._store is None else self._store.serving()
        if version is not None and version.about["predictor"]["name"] == trains:
            self._former.append((predictor, None))
            self.served.swap(open_version(version, self._folder))
            self._champion = version.name
        return self.served

    def start(self, world: World) -> None:
        """Begin a run; the predictor that serves has been started."""
        self._world = world
        self._errors = Prequential([d.name for d in world.datacenters])
        self._explorer = Explorer(world, self.settings.explore_frac)

    def told(self, t_s: float, reports: Reports) -> None:
        """Score reports, each once."""
        energy, service = self._errors.landed(reports)
        self._new += len(reports)
        if self._watch is not None and (what := self._watch.see(energy, service)):
            self._drifted.append({"t_s": t_s, "what": what})
            self._alarm.raise_at(t_s, self._new)

    def before(self, t_s: float, flush: Callable[[], None]) -> None:
        """Between two decisions: swap in what is due to serve, and begin an update that is due.

        Args:
            t_s: now, simulated seconds.
            flush: writes everything known so far to the feedback log.
        """
        if self._pending is not None and t_s >= self._pending[2]:
            self._serve(t_s)
        if not self.settings.updates or self._pending is not None or self._background is not None:
            return
        if (why := self._due(t_s)) is None:
            return
        flush()
        request = self._request(t_s, why)
        if self.settings.trains == "background":
            self._background = Background(request)
            return
        began = time.perf_counter()
        outcome = carry_out(request, self.served.inner)
        self._measured.append({"update": request.number, "wall_s": round(time.perf_counter() - began, 3)})
        self._take(outcome, t_s + self.settings.train_s)

    def _due(self, t_s: float) -> str | None:
        s = self.settings
        if self._new < s.fewest:
            return None
        if s.every_s is not None and t_s >= self._next_s:
            return "schedule"
        if s.reports is not None and self._new >= s.reports:
            return "reports"
        if self._alarm.is_due(self._new):
            return "drift"
        return None

    def _request(self, t_s: float, why: str) -> Request:
        assert self._store is not None
        if self.settings.every_s is not None:
            self._next_s = (t_s // self.settings.every_s + 1) * self.settings.every_s
        number = len(self._updates) + 1
        self._updates.append({"update": number, "t_s": t_s, "why": why, "status": "running", "version": None})
        request = Request(
            str(self._log), str(self._store.folder), number, self._since_s, self._world.seed, self._champion,
            self._first, self._train, None if self._folder is None else str(self._folder),
            self.settings.as_json(), self._alarm.since_s,
        )  # fmt: skip
        self._since_s, self._new = t_s, 0
        self._alarm.tried()
        return request

    def _take(self, outcome: dict[str, Any], serves_from_s: float) -> None:
        """What came of the last update."""
        self._updates[-1] |= outcome
        try:
            if outcome["status"] == BETTER and self._store is not None:
                predictor = open_version(self._store.find(outcome["version"]), self._folder)
                predictor.start(self._world)
                self._updates[-1]["serves_from_s"] = serves_from_s
                self._pending = self._updates[-1], predictor, serves_from_s
            elif outcome["status"] == REFUSED and self._store is not None:
                self._store.refuse(outcome["version"], outcome["reason"], t_s=self._updates[-1]["t_s"])
        except Exception as error:
            self._updates[-1] |= {"status": FAILED, "reason": f"{type(error).__name__}: {error}"}
        if self._updates[-1]["status"] == FAILED:
            _log.warning("update %d failed: %s", self._updates[-1]["update"], self._updates[-1]["reason"])
        self.write()

    def _serve(self, t_s: float) -> None:
        """The swap: the store first, since what it does not know cannot be rolled back."""
        assert self._pending is not None
        assert self._store is not None
        update, predictor, _ = self._pending
        self._pending = None
        try:
            self._store.promote(update["version"], update["reason"], t_s=t_s)
        except (GreenSchedError, OSError) as error:
            update |= {"status": FAILED, "reason": f"could not be promoted: {error}"}
            _log.warning("update %d: %s", update["update"], update["reason"])
            return
        self._former.append((self.served.swap(predictor), self._champion))
        self._champion = update["version"]
        update["status"] = "promoted"
        self._swaps.append({"t_s": t_s, "event": "promoted", "version": update["version"], "model": predictor.version})
        self._watch_anew()
        self.write()

    def _watch_anew(self) -> None:
        """Another model serves: errors of the one before say nothing about it."""
        if self._watch is not None:
            self._watch.reset()
        self._alarm = Alarm(self.settings.fewest)

    def retreat(self, t_s: float, reason: str) -> bool:
        """Go back to the model before, after the one that serves said what cannot be; False if there is none."""
        if not self._former:
            return False
        bad, (predictor, name) = self._champion, self._former.pop()
        predictor.start(self._world)
        self.served.swap(predictor)
        self._champion = name
        swap = {"t_s": t_s, "event": "rolled back", "version": name, "from": bad, "model": predictor.version}
        self._swaps.append(swap | {"reason": reason})
        _log.warning("version %s does not serve any more: %s", bad, reason)
        self._watch_anew()
        try:
            if self._store is not None:
                self._store.rollback(reason, name, t_s=t_s) if name else self._store.withdraw(reason, t_s=t_s)
        except (GreenSchedError, OSError) as error:
            _log.warning("the store could not be told: %s", error)
        self.write()
        return True

    def answered(self, seen: Observation, decisions: Decisions) -> Decisions:
        """Explore, and remember what was predicted; returns the decisions to answer with."""
        decisions = self._explorer.explore(seen, decisions, self.served)
        gpus = dict(zip(seen.tasks.task.tolist(), seen.tasks.gpus.tolist(), strict=True))
        wanted = np.array([gpus[task] for task in decisions.task.tolist()], dtype=np.float64)
        self._errors.placed(seen.seq, seen.t_s, decisions, wanted)
        self._tasks += len(seen.tasks)
        return decisions

    def lost(self, seq: int) -> None:
        """The world went on without answer ``seq``."""
        self._errors.lost(seq)

    def idle(self) -> None:
        """Nobody waits for an answer: see whether a background update is done, and load it."""
        if self._background is None or (outcome := self._background.poll()) is None:
            return
        self._measured.append({"update": len(self._updates), "wall_s": round(self._background.spent_s, 3)})
        self._background = None
        self._take(outcome, float("-inf"))

    def finish(self) -> None:
        """The run is over: stop what still trains, and write what is known."""
        if self._background is not None:
            self._background.stop()
            self._background = None
            self._updates[-1] |= {"status": "stopped", "reason": "the run ended before it was done"}
        if self._pending is not None:
            self._pending[0]["reason"] += "; the run ended before it could serve"
            self._pending = None
        self.write()

    def write(self) -> None:
        """Write learning.json beside the log; a full disk costs that file, not the run."""
        if self._log is None:
            return
        try:
            disk.write_json(self._log.with_name(NAME), self.as_json())
        except OSError as error:
            _log.warning("%s could not be written: %s", self._log.with_name(NAME), error)

    def as_json(self) -> dict[str, Any]:
        """Everything that happened; wall-clock times only in ``measured``."""
        return {
            "format": 1,
            "settings": self.settings.as_json(),
            "serving": {"version": self._champion, "model": self.served.version},
            "updates": [_finite(update) for update in self._updates],
            "swaps": self._swaps,
            "drift": self._drifted,
            "tasks": self._tasks,
            "explored": self._explorer.explored,
            "prequential": self._errors.as_json(),
            "measured": self._measured,
        }


def _finite(update: Mapping[str, Any]) -> dict[str, Any]:
    return {key: None if value == float("-inf") else value for key, value in update.items()}


def make_loop(block: Mapping[str, Any], log: Path | None, *, given: bool) -> Loop | None:
    """The loop of a ``policy`` block; None where it has no ``learning``.

    Raises:
        ConfigError: something in it is wrong.
    """
    found = read_settings(block)
    if found is None:
        return None
    folder = Path(block[FOLDER_KEY]) if FOLDER_KEY in block else None
    return Loop(*found, block, log, folder, given=given)
