"""What broke in a run, for a table of the page."""

from __future__ import annotations

from typing import Any

import numpy as np

from greensched.core.frames import read_frame
from greensched.core.types import I64
from greensched.results.folder import RunFolder

_HOST, _DATACENTER, _SIGNAL = range(3)  # PROTOCOL.md §2.12
_US_PER_H = 3.6e9


def broken(run: RunFolder) -> list[dict[str, Any]]:
    """A row per datacenter in which something broke: how often hosts, power and signals failed, and for how long."""
    path = run.path / "input" / "faults.gsf"
    if not path.is_file():
        return []
    faults = read_frame(path).table("faults")
    end_us = round(run.world.get("sim_time_s", 0.0) * 1e6)
    rows = []
    for index, name in enumerate(run.datacenter_names):
        mine = (faults["dc"] == index) & (faults["start_us"] < end_us)
        if not mine.any():
            continue
        here = {column: np.asarray(values)[mine] for column, values in faults.items()}
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


def _hours(faults: dict[str, Any], kind: int, end_us: int) -> float:
    """Hours in which at least one fault of a kind lasted; overlapping faults count once."""
    rows = faults["kind"] == kind
    start: I64 = faults["start_us"][rows]
    end = np.minimum(faults["end_us"][rows], end_us)
    reached = np.concatenate([[0], np.maximum.accumulate(end)[:-1]]) if len(end) else end
    return float(np.maximum(end - np.maximum(start, reached), 0).sum()) / _US_PER_H
