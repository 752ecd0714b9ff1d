"""All that will break in a run, drawn before it begins (faults.gsf, PROTOCOL.md §2.12): the same for all policies."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from greensched.core.streams import stream
from greensched.core.types import F64, I64
from greensched.scenario.faults import Faults, RandomFaults, ScheduledFault
from greensched.scenario.load import Loaded

NEVER_US = 2**63 - 1
KINDS = ("host", "datacenter", "signal", "withdrawn", "capped")  # their codes
MOST_FAULTS = 5_000_000
COLUMNS = ("start_us", "end_us", "kind", "dc", "first", "count")


@dataclass(frozen=True)
class FaultSchedule:
    """Rows (start, end, kind, datacenter, first host, hosts) in order of their start; times in microseconds.

    ``cap_frac`` has the share of the cores of every row, NaN where it is no cap; None where there are no caps at all.
    """

    rows: I64
    cap_frac: F64 | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def table(self) -> dict[str, Any]:
        """The columns of faults.gsf."""
        wide = {"start_us", "end_us"}
        columns: dict[str, Any] = {
            name: np.ascontiguousarray(self.rows[:, c]).astype(np.int64 if name in wide else np.int32)
            for c, name in enumerate(COLUMNS)
        }
        return columns if self.cap_frac is None else columns | {"cap_frac": self.cap_frac}

    def with_planned(self, rows: I64, cap_frac: F64) -> FaultSchedule:
        """The same with withdrawn hosts and capped cores; ``cap_frac`` is NaN for rows that are no cap."""
        if not len(rows):
            return self
        caps = np.concatenate([np.full(len(self.rows), np.nan), cap_frac])
        every = np.concatenate([self.rows, rows])
        order = np.lexsort([np.nan_to_num(caps), *every.T[::-1]])
        return FaultSchedule(every[order], None if np.isnan(caps).all() else caps[order])

    def is_blind(self, datacenter: int, at_us: int) -> bool:
        """Whether nobody can see the grid of a datacenter at an instant."""
        r = self._blind
        return bool(((r[:, 3] == datacenter) & (r[:, 0] <= at_us) & (at_us < r[:, 1])).any())

    @cached_property
    def _blind(self) -> I64:
        blind: I64 = self.rows[self.rows[:, 2] == KINDS.index("signal")]
        return blind


def schedule(loaded: Loaded) -> FaultSchedule:
    """Draw the faults of a run; problems go to ``loaded.problems``."""
    faults: Faults = loaded.scenario.faults
    parts = [_scheduled(loaded, i, fault) for i, fault in enumerate(faults.schedule)]
    for i, law in enumerate(faults.random):
        parts += _drawn(loaded, i, law)
    rows = np.concatenate(parts) if parts else np.zeros((0, len(COLUMNS)), dtype=np.int64)
    end_us = loaded.scenario.horizon + loaded.scenario.drain
    late = sum(fault.at >= end_us for fault in faults.schedule)
    if late:
        loaded.problems.warnings.append(
            f"{late} faults begin after the end of the run (horizon + drain) and never happen"
        )
    rows = rows[rows[:, 0] < end_us]
    # a stable order whatever the order in which they were drawn
    return FaultSchedule(rows[np.lexsort(rows.T[::-1])])


def _hosts(loaded: Loaded, datacenter: int) -> int:
    return sum(group.count for group in loaded.groups(datacenter))


def _scheduled(loaded: Loaded, index: int, fault: ScheduledFault) -> I64:
    names = [dc.name for dc in loaded.scenario.datacenters]
    here = ("faults", "schedule", index)
    if fault.datacenter not in names:
        loaded.problems.unknown((*here, "datacenter"), "datacenter", fault.datacenter, names)
        return np.zeros((0, len(COLUMNS)), dtype=np.int64)
    dc = names.index(fault.datacenter)
    is_host, hosts = fault.kind == "host", _hosts(loaded, dc)
    if is_host and fault.first + fault.hosts > hosts:
        loaded.problems.add(
            (*here, "first"),
            f"expected hosts of {fault.datacenter} (0 to {hosts - 1}), got {fault.first} to "
            f"{fault.first + fault.hosts - 1}",
        )
    if not is_host and {"first", "hosts"} & fault.model_fields_set:
        loaded.problems.add(here, f"first and hosts belong to kind host, not to kind {fault.kind}")
    end_us = NEVER_US if fault.lasts is None else fault.at + fault.lasts
    first, count = (fault.first, fault.hosts) if is_host else (0, 0)
    return np.array([[fault.at, end_us, KINDS.index(fault.kind), dc, first, count]], dtype=np.int64)


def _drawn(loaded: Loaded, index: int, law: RandomFaults) -> list[I64]:
    scenario = loaded.scenario
    names = [dc.name for dc in scenario.datacenters]
    here = ("faults", "random", index)
    for k, name in enumerate(law.datacenters or ()):
        if name not in names:
            loaded.problems.unknown((*here, "datacenters", k), "datacenter", name, names)
    if law.kind != "host" and "together" in law.model_fields_set:
        loaded.problems.add((*here, "together"), f"belongs to kind host, not to kind {law.kind}")
    units = {
        d: _units(_hosts(loaded, d), law)
        for d, n in enumerate(names)
        if law.datacenters is None or n in law.datacenters
    }
    end_us = scenario.horizon + scenario.drain
    expected = sum(len(u) for u in units.values()) * end_us / (law.mtbf + law.repair)
    if expected > MOST_FAULTS:
        loaded.problems.add(here, f"about {expected:,.0f} faults, expected at most {MOST_FAULTS:,}: give a longer mtbf")
        return []
    return [_renewals(scenario.seed, index, law, d, names[d], hosts, end_us) for d, hosts in units.items()]


def _units(hosts: int, law: RandomFaults) -> I64:
    """First host and number of hosts of every unit, shape (units, 2)."""
    if law.kind != "host":
        return np.zeros((1, 2), dtype=np.int64)
    first = np.arange(0, hosts, law.together, dtype=np.int64)
    return np.stack([first, np.minimum(law.together, hosts - first)], axis=1)


def _renewals(seed: int, index: int, law: RandomFaults, dc: int, name: str, units: I64, end_us: int) -> I64:
    """Working and broken times of all units of a datacenter in turn, until the end of the run."""
    luck = stream(seed, "faults", index, law.kind, name)
    scale_us = law.mtbf / math.gamma(1.0 + 1.0 / law.shape)
    shift = law.repair_sigma**2 / 2  # so that the mean is the mean
    alive = np.arange(len(units))
    now_us = np.zeros(len(units))
    rows = []
    while len(alive):
        works_us = scale_us * luck.weibull(law.shape, len(alive))
        broken_us = law.repair * np.exp(law.repair_sigma * luck.standard_normal(len(alive)) - shift)
        start_us = now_us + works_us
        keep = start_us < end_us
        alive, start_us, broken_us = alive[keep], np.rint(start_us[keep]), np.rint(broken_us[keep])
        now_us = start_us + np.maximum(broken_us, 1.0)
        block = np.empty((len(alive), len(COLUMNS)), dtype=np.int64)
        block[:, 0], block[:, 1] = start_us, now_us
        block[:, 2], block[:, 3], block[:, 4:] = KINDS.index(law.kind), dc, units[alive]
        rows.append(block)
    return np.concatenate(rows)
