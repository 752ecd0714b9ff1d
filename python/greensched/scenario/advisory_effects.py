"""What the events that operators announce do to a run: hosts, caps, temperatures; and the texts that announce them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np

from greensched.core.streams import stream
from greensched.core.types import F64, I64
from greensched.scenario.advisory_events import NEVER_US, Event
from greensched.scenario.fault_schedule import COLUMNS, KINDS
from greensched.scenario.hardware import HostGroup
from greensched.scenario.heat import Wave
from greensched.scenario.load import Loaded
from greensched.truths.advisories.notice import Notice, announce, call_off


def hosts_to_come(events: list[Event]) -> dict[int, tuple[HostGroup, ...]]:
    """The groups that refreshes add to each datacenter, in the order of the events."""
    groups: dict[int, tuple[HostGroup, ...]] = {}
    for event in events:
        if event.happens and event.comes is not None:
            groups[event.dc] = (*groups.get(event.dc, ()), event.comes)
    return groups


def withdrawals_and_caps(loaded: Loaded, events: list[Event]) -> tuple[I64, F64]:
    """Rows of faults.gsf (PROTOCOL.md §2.12) and their shares of cores, NaN where there is no cap."""
    rows: list[tuple[int, ...]] = []
    caps: list[float] = []
    hosts = [sum(group.count for group in dc.hosts) for dc in loaded.scenario.datacenters]
    for event in (e for e in events if e.happens):
        if event.kind == "curtailment":
            rows.append((event.start_us, event.end_us, KINDS.index("capped"), event.dc, 0, 0))
            caps.append(event.cap_frac)
        gone = [(event.start_us, event.end_us, first, count) for first, count in event.hosts]
        if event.comes is not None:  # not there until then
            gone += [(0, event.start_us, hosts[event.dc], event.comes.count)] if event.start_us > 0 else []
            hosts[event.dc] += event.comes.count
        for start_us, end_us, first, count in gone:
            rows.append((start_us, end_us, KINDS.index("withdrawn"), event.dc, first, count))
            caps.append(np.nan)
    return np.array(rows, dtype=np.int64).reshape(-1, len(COLUMNS)), np.array(caps, dtype=np.float64)


def heat_waves(events: list[Event]) -> list[Wave]:
    """Those that happen."""
    return [Wave(e.dc, e.start_us, e.end_us, e.by_c, e.path) for e in events if e.kind == "heat_wave" and e.happens]


def texts(loaded: Loaded, events: list[Event]) -> dict[str, Any]:
    """Table of advisories.gsf (PROTOCOL.md §2.13): what is said, and when."""
    said: list[tuple[int, int, str]] = []
    forms = loaded.scenario.advisories.forms
    for event in events:
        notice = _notice(loaded, event)
        # by what it is about, not by its number, so that another event changes no word of this one
        luck = stream(
            loaded.scenario.seed,
            "advisories",
            "text",
            event.kind,
            notice.datacenter,
            event.start_us,
            *map(str, event.path),
        )
        said.append((event.issue_us, event.dc, announce(notice, forms, luck) if event.text is None else event.text))
        if event.cancel_us is not None:
            said.append((event.cancel_us, event.dc, call_off(notice, forms, luck)))
    said.sort(key=lambda row: row[:2])
    return {
        "issue_us": np.array([row[0] for row in said], dtype=np.int64),
        "dc": np.array([row[1] for row in said], dtype=np.int32),
        "text": [row[2] for row in said],
    }


def _notice(loaded: Loaded, event: Event) -> Notice:
    begin = loaded.scenario.start
    end_us = event.start_us if event.end_us == NEVER_US else event.end_us
    return Notice(
        event.kind,
        loaded.scenario.datacenters[event.dc].name,
        begin + timedelta(microseconds=event.issue_us),
        begin + timedelta(microseconds=event.start_us),
        begin + timedelta(microseconds=end_us),
        hosts=event.count,
        of_hosts=event.of_hosts,
        cap_frac=event.cap_frac,
        by_c=event.by_c,
        old=event.old,
        new="" if event.comes is None else event.comes.type,
    )
