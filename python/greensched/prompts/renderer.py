"""The renderer: an observation and jobs become text, as parts for a reader that remembers them, or as a whole.

The parts hold the same sentences as the whole prompt, so that the three ways of reading it (parts, whole, generation)
know the same. What is the same for all jobs of a slot is written once per slot, and a job's text once per distinct job.
Simulated time only; no clock, no randomness.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, NamedTuple

from greensched.core.types import Advisory, DatacenterState, ForecastIssue, Observation, TaskTable, World
from greensched.prompts import ahead, headers, job, sites
from greensched.prompts.levels import Level, Section
from greensched.prompts.numbers import NONE, UNKNOWN, instant
from greensched.prompts.untrusted import field, place

VERSION: Final = "1"
"""Changes whenever the same question may be written otherwise; a trained model belongs to one."""

_REMEMBERED = 8_192  # distinct jobs
_CAPS = job.Caps()
_STATE_FIELDS = tuple(f.name for f in dataclasses.fields(DatacenterState))


class _Slot(NamedTuple):
    """The sentences that all jobs of a slot share; empty where the level does not tell them."""

    time: str
    paper: str
    state: str
    forecasts: str


class PromptRenderer:
    """Writes prompts at one level of context about one world.

    Args:
        world: the static part of the run; a predictor makes its renderer in ``start``.
        level: a name of :data:`levels.LEVELS`, possibly with sections left out (``full-text``).
        caps: how long free text may be.

    Raises:
        ConfigError: no such level.
    """

    def __init__(self, world: World, level: str = "full", caps: job.Caps = _CAPS) -> None:
        self.world = world
        self.level = Level.of(level)
        self.caps = caps
        self.version = f"{VERSION}/{level}"
        self._names = tuple(place(d.name) for d in world.datacenters)
        self._words = job.Words.of(world.gpu_types, world.origins)
        self._hardware = self._if(Section.HARDWARE, lambda: sites.hardware(self._names, world))
        self._network: Callable[[int], str] = lru_cache(None)(
            lambda origin: self._if(Section.NETWORK, lambda: sites.network(self._names, world, origin))
        )
        self._demand: Callable[..., str] = lru_cache(_REMEMBERED)(job.demand)
        self._declared: Callable[..., str] = lru_cache(_REMEMBERED)(job.declared)
        self._texts: Callable[..., str] = lru_cache(_REMEMBERED)(job.texts)
        self._slot_key: tuple[Any, ...] = ()
        self._issues: tuple[ForecastIssue, ...] = ()
        self._slot = _Slot("", "", "", "")
        self._told: tuple[tuple[Advisory, ...], str] | None = None

    def job_texts(self, tasks: TaskTable) -> list[str]:
        """Demand, what else is declared, and the owner's words, a text per task: the key to remember a job by.

        Equal jobs have equal texts, whenever they come: no id, no arrival, no now.
        """
        columns = zip(self._demands(tasks), self._declareds(tasks), self.words(tasks), strict=True)
        return [_joined(*parts) for parts in columns]

    def words(self, tasks: TaskTable) -> list[str]:
        """Only the owner's words, a text per task: the end of its job text, and the shorter key.

        Deadlines differ between runs of the same job, its words do not; numbers can reach a model as numbers.
        """
        if Section.TEXT not in self.level:
            return [""] * len(tasks)
        return list(map(self._words_of, tasks.user, tasks.name, tasks.labels, tasks.description))

    def slot_context(self, observation: Observation) -> str:
        """What is the same for every job now: time, datacenters, forecasts."""
        slot = self._slot_of(observation)
        return _joined(slot.time, slot.paper, self._hardware, slot.state, slot.forecasts)

    def advisories(self, observation: Observation) -> str:
        """What operators have announced so far: one sentence, which changes only when something is announced."""
        told = observation.advisories
        if self._told is None or self._told[0] != told:
            self._told = told, self._if(Section.ADVISORIES, lambda: self._advisories(told))
        return self._told[1]

    def networks(self, tasks: TaskTable) -> list[str]:
        """Ways from each task's origin to the datacenters; static, one text per origin."""
        return [self._network(origin) for origin in tasks.origin.tolist()]

    def so_far(self, observation: Observation, tasks: TaskTable) -> list[str]:
        """How long each task has waited and what its checkpoints have kept; part of the level ``+state``."""
        if Section.STATE not in self.level:
            return [""] * len(tasks)
        saved = observation.progress
        arrivals = zip(tasks.task.tolist(), (observation.t_s - tasks.arrival_s).tolist(), strict=True)
        return [job.so_far(waited_s, saved.get(task, 0.0)) for task, waited_s in arrivals]

    def parted(self, observation: Observation, tasks: TaskTable, *, shared_first: bool) -> tuple[str, list[str]]:
        """The whole prompt of each task in two parts: how all of them begin, and how each goes on.

        Args:
            observation: what is known.
            tasks: whom to ask about.
            shared_first: another order than the paper's, of the same sentences: what never changes, what all tasks
                share now, then the task's own. A reader that remembers how a text began reads the shared part once. In
                the paper's order tasks share the time alone.
        """
        slot, told = self._slot_of(observation), self.advisories(observation)
        if not shared_first:
            begin = slot.time
            return begin, [prompt.removeprefix(begin) for prompt in self.whole(observation, tasks)]
        begin = _joined(self._hardware, slot.time, slot.paper, slot.state, slot.forecasts, told)
        rows = zip(
            self._demands(tasks), self._declareds(tasks), self.networks(tasks), self.so_far(observation, tasks),
            self.words(tasks), strict=True,
        )  # fmt: skip
        return begin, [" " * bool(begin) + _joined(*row, headers.QUESTION) for row in rows]

    def shared_first(self, observation: Observation, tasks: TaskTable) -> list[str]:
        """The whole prompt for each task, beginning with what all of them share; see :meth:`parted`."""
        begin, own = self.parted(observation, tasks, shared_first=True)
        return [begin + rest for rest in own]

    def whole(self, observation: Observation, tasks: TaskTable) -> list[str]:
        """The whole prompt for each task: the paper's form, with the level's other sentences before its question."""
        slot = self._slot_of(observation)
        told = self.advisories(observation)
        rows = zip(
            self._demands(tasks), self._declareds(tasks), self.networks(tasks), self.so_far(observation, tasks),
            self.words(tasks), strict=True,
        )  # fmt: skip
        return [
            _joined(
                slot.time, demand, slot.paper, declared, self._hardware, network, slot.state, so_far, slot.forecasts,
                words, told, headers.QUESTION,
            )
            for demand, declared, network, so_far, words in rows
        ]  # fmt: skip

    def _if(self, section: Section, write: Callable[[], str]) -> str:
        return write() if section in self.level else ""

    def _demands(self, tasks: TaskTable) -> list[str]:
        allowed_s = tasks.deadline_s - tasks.arrival_s
        columns = (tasks.cores, tasks.gpus, tasks.mem_gb, allowed_s)
        return list(map(self._demand, *(c.tolist() for c in columns)))

    def _declareds(self, tasks: TaskTable) -> list[str]:
        if Section.DECLARED not in self.level:
            return [""] * len(tasks)
        columns = (tasks.gpus, tasks.gpu_type, tasks.data_gb, tasks.origin)
        # None for NaN, because no NaN equals another and none would be remembered
        estimates = [None if math.isnan(s) else s for s in tasks.expected_s.tolist()]
        rows = zip(*(c.tolist() for c in columns), estimates, tasks.priority.tolist(), strict=True)
        return [self._declared(*row, self._words) for row in rows]

    def _words_of(self, user: str, name: str, labels: str, description: str) -> str:
        caps = self.caps
        too_long = len(user) > caps.user or len(name) > caps.name or len(labels) > caps.labels
        # what is cut is not remembered: keys of any length would let one user fill the memory
        write = job.texts if too_long or len(description) > caps.description else self._texts
        return write(user, name, labels, description, caps)

    def _slot_of(self, observation: Observation) -> _Slot:
        """The slot's sentences, written anew only when something in them may have changed."""
        state, issues = observation.state, tuple(observation.forecasts.newest.values())
        # by content, because states are arrays that somebody may write to; issues are frozen, and held so that ids last
        columns = (getattr(state, name).tobytes() for name in _STATE_FIELDS)
        key = (observation.t_s, *map(id, issues), *columns)
        if key != self._slot_key:
            self._slot = self._write_slot(observation)
            self._slot_key, self._issues = key, issues
        return self._slot

    def _write_slot(self, observation: Observation) -> _Slot:
        names, state, t_s = self._names, observation.state, observation.t_s
        now = instant(self.world.start_utc, t_s)
        return _Slot(
            self._if(Section.PAPER, lambda: f"{headers.TIME}: {now}."),
            self._if(Section.PAPER, lambda: sites.paper(names, state)),
            self._if(Section.STATE, lambda: sites.state_now(names, state)),
            self._if(Section.FORECASTS, lambda: ahead.forecasts(names, observation.forecasts, t_s)),
        )

    def _advisories(self, told: tuple[Advisory, ...]) -> str:
        """The newest ones, oldest first, with the instant of their issue: an age would change in every slot."""
        if not told:
            return f"{headers.ADVISORIES}: {NONE}."
        rows = "; ".join(self._advisory(a) for a in told[-self.caps.advisories :])
        older = len(told) - self.caps.advisories
        return f"{headers.ADVISORIES}: [{rows}]{f' (+{older} older ones cut)' if older > 0 else ''}."

    def _advisory(self, told: Advisory) -> str:
        where = self._names[told.dc] if 0 <= told.dc < len(self._names) else UNKNOWN
        return f"{instant(self.world.start_utc, told.issue_s)} {where}: {field(told.text, self.caps.advisory)}"


def _joined(*sentences: str) -> str:
    return " ".join(filter(None, sentences))
