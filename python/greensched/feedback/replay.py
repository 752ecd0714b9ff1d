"""Reading a feedback log back: what was known, what was chosen, what came of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from greensched.core.delta import no_tasks
from greensched.core.errors import FeedbackLogError
from greensched.core.types import F64, I32, DatacenterState, ForecastBook, Observation, TaskState, TaskTable, World
from greensched.feedback.log import FeedbackLog
from greensched.feedback.schema import STATE_COLUMNS, TASK_COLUMNS
from greensched.feedback.worlds import world_from_json

_COLUMNS = ", ".join(f"t.{name}" for name in TASK_COLUMNS)
_SQL = f"""
    SELECT o.seq, {_COLUMNS}, o.dc, o.start_s, o.finish_s, o.dynamic_kwh, o.t_s
    FROM outcome o JOIN task t ON t.task = o.task
    WHERE o.action = 0 AND o.state = {int(TaskState.FINISHED)} AND o.refused IS NULL ORDER BY o.decision_id
"""  # noqa: S608 - our own names


@dataclass(frozen=True)
class Lesson:
    """The finished placements of one answer: the observation, and per task where it ran and what that took."""

    observation: Observation
    dc: I32
    run_s: F64
    dynamic_kwh: F64


def read_world(log: FeedbackLog) -> World:
    """The static part of the run that the log belongs to.

    Raises:
        FeedbackLogError: the log does not hold it.
    """
    stored = log.meta().get("world")
    if not isinstance(stored, dict):
        raise FeedbackLogError(f"{log.path}: holds no description of the world; it cannot be learned from")
    return world_from_json(stored)


def lessons(path: Path) -> Iterator[Lesson]:
    """Every answer of the log that has finished placements, in order of time.

    Forecasts are not part of the log, so the observations have none.

    Raises:
        FeedbackLogError: the log cannot be read.
    """
    log = FeedbackLog.open(path)
    try:
        world = read_world(log)
        rows = log.query(_SQL)
        states = {seq: state for seq, state in _states(log)}
    finally:
        log.close()
    table = np.array(rows, dtype=object).reshape(len(rows), len(TASK_COLUMNS) + 6)
    seqs = table[:, 0].astype(np.int64)
    starts = np.flatnonzero(np.diff(seqs, prepend=-1))
    for first, last in zip(starts, [*starts[1:], len(rows)], strict=True):
        if int(seqs[first]) not in states:
            continue  # a killed mind: its last states were never written
        part = table[first:last]
        outcome = part[:, len(TASK_COLUMNS) + 1 :]
        start_s, finish_s, dynamic_kwh, t_s = (outcome[:, i].astype(np.float64) for i in range(1, 5))
        seq = int(seqs[first])
        seen = Observation(seq, float(t_s[0]), world, _tasks(part), states[seq], ForecastBook())
        yield Lesson(seen, outcome[:, 0].astype(np.int32), finish_s - start_s, dynamic_kwh)


def _states(log: FeedbackLog) -> Iterator[tuple[int, DatacenterState]]:
    table = np.array(log.query("SELECT * FROM slot_state ORDER BY seq, dc"), dtype=np.float64)
    if len(table) == 0:
        return
    integers = {"running", "queued", "inbound"}
    seqs = table[:, 0].astype(np.int64)
    starts = np.flatnonzero(np.diff(seqs, prepend=-1))
    for first, last in zip(starts, [*starts[1:], len(table)], strict=True):
        columns: dict[str, Any] = {}
        for i, name in enumerate(STATE_COLUMNS):
            values = table[first:last, i + 2]
            columns[name] = values.astype(np.int32) if name in integers else values
        yield int(seqs[first]), DatacenterState(**columns)


def _tasks(part: Any) -> TaskTable:
    template = no_tasks()
    columns: dict[str, Any] = {}
    for i, field in enumerate(dataclasses.fields(TaskTable)):
        values, like = part[:, i + 1], getattr(template, field.name)
        if isinstance(like, np.ndarray):
            # None (SQL NULL) is a missing number
            columns[field.name] = values.astype(np.float64).astype(like.dtype)
        else:
            columns[field.name] = values.tolist()
    return TaskTable(**columns)
