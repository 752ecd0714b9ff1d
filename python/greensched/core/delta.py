"""What the world tells the mind at one instant, since the last answer that it took (PROTOCOL.md §4, ``observe``).

The mind keeps a mirror of the world and applies deltas to it. A delta may repeat rows of an earlier one (the answer to
that one was lost, or came late): applying the same row twice must change nothing.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

import numpy as np

from greensched.core.types import F64, I32, I64, Advisory, DatacenterState, ForecastIssue, Reports, TaskTable

_STRING_FIELDS = frozenset({"name", "labels", "user", "description"})
_INT32_FIELDS = frozenset({"gpu_type", "origin", "priority", "state", "dc", "attempts"})
_INT64_FIELDS = frozenset({"task", "job", "decision"})


def _empty(name: str) -> object:
    if name in _STRING_FIELDS:
        return []
    dtype = np.int64 if name in _INT64_FIELDS else np.int32 if name in _INT32_FIELDS else np.float64
    return np.zeros(0, dtype=dtype)


def no_tasks() -> TaskTable:
    """A task table without rows."""
    return TaskTable(**{f.name: _empty(f.name) for f in dataclasses.fields(TaskTable)})  # type: ignore[arg-type]


def no_reports() -> Reports:
    """Reports without rows."""
    return Reports(**{f.name: _empty(f.name) for f in dataclasses.fields(Reports)})  # type: ignore[arg-type]


def _no_i64() -> I64:
    return np.zeros(0, dtype=np.int64)


def _no_i32() -> I32:
    return np.zeros(0, dtype=np.int32)


def _no_f64() -> F64:
    return np.zeros(0, dtype=np.float64)


@dataclass
class StateChanges:
    """Tasks that changed state, in the order in which it happened; ``state`` holds :class:`TaskState` codes."""

    task: I64 = field(default_factory=_no_i64)
    state: I32 = field(default_factory=_no_i32)
    t_s: F64 = field(default_factory=_no_f64)
    dc: I32 = field(default_factory=_no_i32)  # -1: none
    saved_frac: F64 = field(default_factory=_no_f64)  # of tasks pending again, what checkpoints kept; empty: 0 for all

    def __len__(self) -> int:
        return len(self.task)


@dataclass
class Progress:
    """Live tasks and the fraction of their work that is done; empty unless the policy needs progress."""

    task: I64 = field(default_factory=_no_i64)
    done_frac: F64 = field(default_factory=_no_f64)

    def __len__(self) -> int:
        return len(self.task)


@dataclass
class Refusals:
    """Decisions of the last answer that the world did not carry out; ``code`` indexes ``codes``."""

    decision: I64 = field(default_factory=_no_i64)
    task: I64 = field(default_factory=_no_i64)
    code: I32 = field(default_factory=_no_i32)
    codes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.decision)


@dataclass
class Delta:
    """One observation as it came over the bridge. Arrays are the delta's own: the mind may keep them.

    Attributes:
        seq: number of this observation; decision ids of its answer are ``seq * 2**24 + row``.
        t_s: the instant, seconds since the start of the scenario.
        ack: sequence of the last answer that the world took; everything here is since then.
        new_tasks: tasks that became visible.
        ask: ids of the tasks that need a decision now; empty in the last delta of a run.
        state: every datacenter now.
        message: the frame that all this was decoded from, if it was.
        issues: forecasts issued since the ack; empty unless the policy needs forecasts.
        advisories: what operators have announced since the ack.
    """

    seq: int
    t_s: float
    ack: int
    state: DatacenterState
    new_tasks: TaskTable = field(default_factory=no_tasks)
    ask: I64 = field(default_factory=_no_i64)
    states: StateChanges = field(default_factory=StateChanges)
    progress: Progress = field(default_factory=Progress)
    issues: list[ForecastIssue] = field(default_factory=list)
    reports: Reports = field(default_factory=no_reports)
    refusals: Refusals = field(default_factory=Refusals)
    advisories: list[Advisory] = field(default_factory=list)
    message: bytes = b""
