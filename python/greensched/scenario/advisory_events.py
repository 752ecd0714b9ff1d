"""What operators will do in a run, and when they say so, drawn before it begins: the same for all policies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from dataclasses import replace as changed
from itertools import pairwise
from typing import Any

import numpy as np

from greensched.core.streams import stream
from greensched.scenario.advisories import Curtailment, HeatWave, Maintenance, RandomAdvisories, Refresh
from greensched.scenario.drawn_hardware import drawn_from
from greensched.scenario.hardware import HOST_TYPES, HostGroup
from greensched.scenario.heat import heat_matters
from greensched.scenario.load import Loaded
from greensched.scenario.problems import Path

MONTH_US = 30 * 86_400_000_000
MOST_ADVISORIES = 100_000
NEVER_US = 2**63 - 1


@dataclass(frozen=True)
class Event:
    """One thing that an operator announces. Times are microseconds since the start of the run.

    Attributes:
        kind: maintenance, heat_wave, curtailment or refresh.
        dc: index of the datacenter.
        start_us: when it begins.
        end_us: when it is over; ``NEVER_US`` for a refresh.
        issue_us: when it is announced.
        path: where the scenario says so.
        hosts: first host and number of hosts that go, per stretch of neighbours.
        of_hosts: how many hosts there are, of their type for a refresh.
        old: refresh: type of the hosts that go.
        comes: refresh: the hosts that come.
        cap_frac: curtailment: share of the cores that may be in use.
        by_c: heat wave: degrees Celsius at its peak.
        text: what is said; None: it is made up.
        happens: False: it is announced and no more.
        cancel_us: when it is called off.
    """

    kind: str
    dc: int
    start_us: int
    end_us: int
    issue_us: int
    path: Path
    hosts: tuple[tuple[int, int], ...] = ()
    of_hosts: int = 0
    old: str = ""
    comes: HostGroup | None = None
    cap_frac: float = 1.0
    by_c: float = 0.0
    text: str | None = None
    happens: bool = True
    cancel_us: int | None = None

    @property
    def count(self) -> int:
        """How many hosts go."""
        return sum(count for _, count in self.hosts)


def events(loaded: Loaded) -> list[Event]:
    """All events of a run, scheduled ones first; problems go to ``loaded.problems``."""
    book = _Book(loaded)
    found = [event for i, entry in enumerate(loaded.scenario.advisories.schedule) for event in book.scheduled(i, entry)]
    late = sum(event.start_us >= book.end_us for event in found)
    if late:
        loaded.problems.warnings.append(
            f"{late} advisories are about a time after the end of the run (horizon + drain): they never happen and are "
            "not issued"
        )
    for i, law in enumerate(loaded.scenario.advisories.random):
        found += book.drawn(i, law)
    return [event for event in found if event.start_us < book.end_us]


class _Book:
    """Turns entries into events and remembers which hosts a refresh has taken."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded
        scenario = loaded.scenario
        self.end_us = scenario.horizon + scenario.drain
        self._names = [dc.name for dc in scenario.datacenters]
        self._taken: dict[int, set[int]] = {}

    def scheduled(self, index: int, entry: Maintenance | HeatWave | Curtailment | Refresh) -> list[Event]:
        """The event of an entry; none where it is wrong."""
        here: Path = ("advisories", "schedule", index)
        if entry.datacenter not in self._names:
            self._loaded.problems.unknown((*here, "datacenter"), "datacenter", entry.datacenter, self._names)
            return []
        end_us = NEVER_US if isinstance(entry, Refresh) else entry.at + entry.lasts
        issue_us = max(0, entry.at - entry.notice)
        off_us = None if entry.cancelled is None else max(issue_us, entry.at - entry.cancelled)
        event = Event(
            entry.kind, self._names.index(entry.datacenter), entry.at, end_us, issue_us, here, text=entry.text,
            happens=entry.happens and off_us is None, cancel_us=off_us,
        )  # fmt: skip
        completed = self._completed(event, entry)
        return [] if completed is None else [completed]

    def _completed(self, event: Event, entry: Maintenance | HeatWave | Curtailment | Refresh) -> Event | None:
        if isinstance(entry, Curtailment):
            return changed(event, cap_frac=entry.cap)
        if isinstance(entry, HeatWave):
            if event.happens and not heat_matters(self._loaded, self._loaded.scenario.datacenters[event.dc]):
                self._loaded.problems.add(event.path, _NO_HEAT.format(entry.datacenter))
            return changed(event, by_c=entry.by_c)
        if isinstance(entry, Refresh):
            return self._refreshed(event, entry)
        hosts = len(self._types(event.dc))
        if entry.first + entry.hosts > hosts:
            self._loaded.problems.add(
                (*event.path, "first"),
                f"expected hosts of {entry.datacenter} (0 to {hosts - 1}), got {entry.first} to "
                f"{entry.first + entry.hosts - 1}",
            )
        return changed(event, hosts=((entry.first, entry.hosts),), of_hosts=hosts)

    def _refreshed(self, event: Event, entry: Refresh) -> Event | None:
        there = self._types(event.dc)
        old = next((t for t in there if drawn_from(t, entry.old, entry.datacenter)), None)
        if old is None:
            self._loaded.problems.unknown((*event.path, "from"), "type of host there", entry.old, set(there))
            return None
        if not self._knows(entry.new, (*event.path, "to")):
            return None
        left = self._left(event.dc, old)
        count = len(left) if entry.count is None else entry.count
        if not 0 < count <= len(left):
            self._loaded.problems.add(
                (*event.path, "count"),
                f"expected 1 to {len(left)}, the {entry.old} hosts of {entry.datacenter} that no refresh above takes, "
                f"got {count}"
                if left
                else f"the refreshes above take all {entry.old} hosts of {entry.datacenter}; take this one out",
            )
            return None
        return self._take(event, old, entry.new, left[:count])

    def _take(self, event: Event, old: str, new: str, hosts: list[int]) -> Event:
        if event.happens:
            self._taken.setdefault(event.dc, set()).update(hosts)
        groups = self._loaded.scenario.datacenters[event.dc].hosts
        sleep = next(group.sleep for group in groups if group.type == old)
        comes = HostGroup(type=new, count=len(hosts), sleep=sleep)
        return changed(event, hosts=_stretches(hosts), of_hosts=self._types(event.dc).count(old), old=old, comes=comes)

    def _types(self, dc: int) -> list[str]:
        """The type of every host that is there from the start."""
        return [group.type for group in self._loaded.scenario.datacenters[dc].hosts for _ in range(group.count)]

    def _left(self, dc: int, old: str) -> list[int]:
        taken = self._taken.get(dc, set())
        return [h for h, kind in enumerate(self._types(dc)) if kind == old and h not in taken]

    def _knows(self, name: str, path: Path) -> bool:
        known = {*HOST_TYPES, *self._loaded.scenario.host_types}
        if name not in known:
            self._loaded.problems.unknown(path, "host type", name, known)
        return name in known

    def drawn(self, index: int, law: RandomAdvisories) -> list[Event]:
        """The events of a law, datacenter by datacenter."""
        here: Path = ("advisories", "random", index)
        if law.new is not None and not self._knows(law.new, (*here, "to")):
            return []
        where = self._where(here, law)
        expected = len(where) * self.end_us / MONTH_US * law.per_month
        if expected > MOST_ADVISORIES:
            self._loaded.problems.add(
                (*here, "per_month"), f"about {expected:,.0f} advisories, expected at most {MOST_ADVISORIES:,}"
            )
            return []
        return [event for dc in where for event in self._at(here, law, dc)]

    def _where(self, here: Path, law: RandomAdvisories) -> list[int]:
        datacenters = self._loaded.scenario.datacenters
        for k, name in enumerate(law.datacenters or ()):
            if name not in self._names:
                self._loaded.problems.unknown((*here, "datacenters", k), "datacenter", name, self._names)
        wanted = [d for d, name in enumerate(self._names) if law.datacenters is None or name in law.datacenters]
        if law.kind != "heat_wave":
            return wanted
        feel = [d for d in wanted if heat_matters(self._loaded, datacenters[d])]
        if (law.datacenters is not None and len(feel) < len(wanted)) or not feel:
            cold = ", ".join(self._names[d] for d in wanted if d not in feel)
            self._loaded.problems.add(here, _NO_HEAT.format(cold))
        return feel

    def _at(self, here: Path, law: RandomAdvisories, dc: int) -> Iterator[Event]:
        rules = self._loaded.scenario.advisories
        # named by the datacenter, not numbered, so that another one in the list changes nothing here
        luck = stream(self._loaded.scenario.seed, "advisories", here[-1], law.kind, self._names[dc])
        at = 0.0
        while (at := at + luck.exponential(MONTH_US / law.per_month)) < self.end_us:
            lasts = max(1, round(law.lasts * float(np.exp(law.lasts_sigma * luck.standard_normal()))))
            size = float(luck.uniform(*law.size))
            start_us, notice_us = round(at), round(law.notice * luck.uniform(0.25, 1.0))
            false, off, early, place = luck.random(4).tolist()
            issue_us = max(0, start_us - notice_us)
            happens = false >= rules.false_alarms
            cancels = happens and off < rules.cancellations
            event = Event(
                law.kind, dc, start_us, NEVER_US if law.kind == "refresh" else start_us + lasts, issue_us, here,
                happens=happens and not cancels,
                cancel_us=issue_us + round(0.9 * early * (start_us - issue_us)) if cancels else None,
            )  # fmt: skip
            sized = _SIZED[law.kind](self, event, law, size, place)
            if sized is not None:
                yield sized

    def _drain(self, event: Event, law: RandomAdvisories, size: float, place: float) -> Event:
        hosts = len(self._types(event.dc))
        count = max(1, round(size * hosts))
        return changed(event, hosts=((int(place * (hosts - count + 1)), count),), of_hosts=hosts)

    def _replace(self, event: Event, law: RandomAdvisories, size: float, place: float) -> Event | None:
        assert law.new is not None  # checked by the model
        old = next((t for t in self._types(event.dc) if t != law.new and self._left(event.dc, t)), None)
        if old is None:
            return None  # everything has been replaced
        left = self._left(event.dc, old)
        return self._take(event, old, law.new, left[: max(1, round(size * self._types(event.dc).count(old)))])


def _stretches(hosts: list[int]) -> tuple[tuple[int, int], ...]:
    """Ascending numbers as first and count of neighbours."""
    cuts = [0, *(i for i in range(1, len(hosts)) if hosts[i] != hosts[i - 1] + 1), len(hosts)]
    return tuple((hosts[a], b - a) for a, b in pairwise(cuts))


_NO_HEAT = (
    "a heat wave changes nothing at {}: nothing there depends on the temperature; give its datacenter a pue with model "
    "temperature, or take the heat wave out"
)
_SIZED: dict[str, Callable[[Any, Event, RandomAdvisories, float, float], Event | None]] = {
    "maintenance": _Book._drain,
    "refresh": _Book._replace,
    "curtailment": lambda book, event, law, size, place: changed(event, cap_frac=size),
    "heat_wave": lambda book, event, law, size, place: changed(event, by_c=size),
}
