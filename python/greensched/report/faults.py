"""What broke in a run, and what its operators announced and did, for tables of the page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from greensched.core.frames import read_frame
from greensched.core.types import I64
from greensched.results.folder import RunFolder

_HOST, _DATACENTER, _SIGNAL, _WITHDRAWN, _CAPPED = range(5)  # PROTOCOL.md §2.12
_US_PER_H = 3.6e9


def broken(run: RunFolder) -> list[dict[str, Any]]:
    """A row per datacenter in which something broke: how often hosts, power and signals failed, and for how long."""
    rows = []
    for index, name, here, end_us in _per_datacenter(run, (_HOST, _DATACENTER, _SIGNAL)):
        down_s = run.hosts["down_s"][run.hosts["dc"] == index] if run.hosts else None
        rows.append(
            {
                "name": name,
                "hosts": int(here["count"][here["kind"] == _HOST].sum()),
                "down_h": None if down_s is None else float(down_s.sum()) / 3600,
                "outages": int(np.count_nonzero(here["kind"] == _DATACENTER)),
                "outage_h": _hours(here, _DATACENTER, end_us),
                "blind": int(np.count_nonzero(here["kind"] == _SIGNAL)),
                "blind_h": _hours(here, _SIGNAL, end_us),
            }
        )
    return rows


def planned(run: RunFolder) -> list[dict[str, Any]]:
    """A row per datacenter of which hosts were withdrawn or cores capped: how many, and for how long."""
    return [
        {
            "name": name,
            "withdrawn": int(here["count"][here["kind"] == _WITHDRAWN].sum()),
            "caps": int(np.count_nonzero(here["kind"] == _CAPPED)),
            "capped_h": _hours(here, _CAPPED, end_us),
        }
        for _, name, here, end_us in _per_datacenter(run, (_WITHDRAWN, _CAPPED))
    ]


def announced(run: RunFolder) -> list[dict[str, Any]]:
    """What operators announced until the end of the run: when, where and in which words."""
    path = run.path / "input" / "advisories.gsf"
    if not path.is_file():
        return []
    table = read_frame(path).table("advisories")
    begin = datetime.fromisoformat(run.config["start_utc"])
    end_us = round(run.world.get("sim_time_s", 0.0) * 1e6)
    return [
        {
            "issued": f"{begin + timedelta(microseconds=at):%Y-%m-%d %H:%M}",
            "name": run.datacenter_names[dc],
            "text": text,
        }
        for at, dc, text in zip(table["issue_us"].tolist(), table["dc"].tolist(), table["text"], strict=True)
        if at < end_us
    ]


def _per_datacenter(run: RunFolder, kinds: tuple[int, ...]) -> Iterator[tuple[int, str, dict[str, Any], int]]:
    """Number, name, faults of these kinds, and the end of the run (us) of every datacenter that had any."""
    path = run.path / "input" / "faults.gsf"
    if not path.is_file():
        return
    faults = read_frame(path).table("faults")
    end_us = round(run.world.get("sim_time_s", 0.0) * 1e6)
    for index, name in enumerate(run.datacenter_names):
        mine = (faults["dc"] == index) & (faults["start_us"] < end_us) & np.isin(faults["kind"], kinds)
        if mine.any():
            yield index, name, {column: np.asarray(values)[mine] for column, values in faults.items()}, end_us


def _hours(faults: dict[str, Any], kind: int, end_us: int) -> float:
    """Hours in which at least one fault of a kind lasted; overlapping faults count once."""
    rows = faults["kind"] == kind
    start: I64 = faults["start_us"][rows]
    end = np.minimum(faults["end_us"][rows], end_us)
    reached = np.concatenate([[0], np.maximum.accumulate(end)[:-1]]) if len(end) else end
    return float(np.maximum(end - np.maximum(start, reached), 0).sum()) / _US_PER_H
