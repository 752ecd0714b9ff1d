"""What a feedback log knows of finished placements: what was reported, and what a predictor would have said."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from greensched.core.contracts import Predictor
from greensched.core.errors import FeedbackLogError
from greensched.core.types import F64, I32, I64, Observation, Options, TaskState, TaskTable
from greensched.feedback.log import FeedbackLog
from greensched.feedback.replay import Mirror, read_world
from greensched.predictors.envelope import Envelope

Bool = NDArray[np.bool_]

# a task that was interrupted has an energy that is not that of one run
_SQL = f"""
    SELECT decision_id, seq, task, dc, t_s, start_s, finish_s, dynamic_kwh FROM outcome
    WHERE action = 0 AND state = {int(TaskState.FINISHED)} AND refused IS NULL AND attempts = 1 ORDER BY decision_id
"""  # noqa: S608 - our own names


@dataclass(frozen=True)
class Evidence:
    """Reports of finished placements, a row each, in the order in which they came.

    Attributes:
        decision: id of the decision that placed the task.
        seq: number of the answer that it was part of.
        task: the task.
        dc: where it ran.
        decided_s: when it was placed.
        landed_s: when it ended, which is when its report came.
        energy_kwh: dynamic energy times PUE; NaN where the report has none.
        run_s: execution.
        service_s: from the decision to the end.
        most_kwh: what physics allows at most for that task in that time.
        user: who submitted it.
        twin: equal numbers for jobs that are alike in all that their owner declared, in the same datacenter.
        gpu: whether it asked for GPUs.
    """

    decision: I64
    seq: I64
    task: I64
    dc: I32
    decided_s: F64
    landed_s: F64
    energy_kwh: F64
    run_s: F64
    service_s: F64
    most_kwh: F64
    user: NDArray[np.str_]
    twin: I64
    gpu: Bool

    def __len__(self) -> int:
        return len(self.decision)

    def take(self, rows: NDArray[np.intp] | Bool) -> Evidence:
        """The rows that are marked or numbered, in that order."""
        return Evidence(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    def checksum(self) -> str:
        """SHA-256 over what was reported, so that a version can say what it learned from."""
        digest = hashlib.sha256()
        for column in (self.decision, self.task, self.dc, self.landed_s, self.energy_kwh, self.run_s):
            digest.update(np.ascontiguousarray(column).tobytes())
        return digest.hexdigest()


def copy_log(log: Path, target: Path) -> None:
    """A copy of a feedback log as it is now, whoever writes to it; it says that it is finished.

    Raises:
        FeedbackLogError: it cannot be read.
    """
    try:
        with closing(sqlite3.connect(f"{log.resolve().as_uri()}?mode=ro", uri=True)) as source:
            with closing(sqlite3.connect(target, isolation_level=None)) as copy:
                source.backup(copy)
                copy.execute("INSERT OR REPLACE INTO meta VALUES ('finished', 'true')")
    except sqlite3.Error as error:
        raise FeedbackLogError(f"{log}: cannot be copied to learn from it: {error}") from error


def restrict(log: Path, decision: I64) -> None:
    """Forget, in a copy, all reports but those of these decisions."""
    with closing(sqlite3.connect(log, isolation_level=None)) as db:
        db.execute("BEGIN")
        db.execute("CREATE TEMP TABLE wanted (decision_id INTEGER PRIMARY KEY)")
        db.executemany("INSERT INTO wanted VALUES (?)", ((int(d),) for d in decision))
        db.execute("DELETE FROM report WHERE decision_id NOT IN (SELECT decision_id FROM wanted)")
        db.execute("COMMIT")


def read_evidence(log: Path) -> Evidence:
    """All reports of finished placements in a log, sound or not.

    Raises:
        FeedbackLogError: the log cannot be read.
    """
    opened = FeedbackLog.open(log)
    try:
        rows = np.array(opened.query(_SQL), dtype=np.float64).reshape(-1, 8)
        number, seq, task, dc = (rows[:, c].astype(np.int64) for c in range(4))
        most, users, twins, gpu = _described(opened, seq, task, dc)
    finally:
        opened.close()
    run_s = rows[:, 6] - rows[:, 5]
    order = np.lexsort((number, rows[:, 6]))
    return Evidence(
        number, seq, task, dc.astype(np.int32), rows[:, 4], rows[:, 6], rows[:, 7], run_s, rows[:, 6] - rows[:, 4],
        most * run_s, users, twins, gpu,
    ).take(order)  # fmt: skip


def _described(log: FeedbackLog, seq: I64, task: I64, dc: I64) -> tuple[F64, NDArray[np.str_], I64, Bool]:
    """Per row (in order of ``seq``): kWh that physics allows per second, user, number of its twins, GPU or not."""
    n = len(seq)
    most, twin, gpu, users = np.zeros(n), np.zeros(n, dtype=np.int64), np.zeros(n, dtype=bool), [""] * n
    known: dict[tuple[object, ...], int] = {}
    envelope = Envelope(read_world(log)) if n else None
    for seen, tasks, rows in _answers(log, seq, task):
        assert envelope is not None
        most[rows] = envelope.most_kwh_per_s(seen.state, tasks)[np.arange(len(rows)), dc[rows]]
        gpu[rows] = tasks.gpus > 0
        for i, row in enumerate(rows.tolist()):
            users[row] = tasks.user[i]
            twin[row] = known.setdefault((int(dc[row]), *_declared(tasks, i)), len(known))
    return most, np.array(users, dtype=np.str_), twin, gpu


def _declared(tasks: TaskTable, i: int) -> tuple[object, ...]:
    numbers = tuple(
        float(column[i])
        for column in (tasks.cores, tasks.gpus, tasks.gpu_type, tasks.mem_gb, tasks.data_gb, tasks.expected_s)
    )
    return tasks.user[i], tasks.labels[i], tasks.description[i], str(numbers)  # NaN differs from itself


def _answers(log: FeedbackLog, seq: I64, task: I64) -> Iterator[tuple[Observation, TaskTable, NDArray[np.intp]]]:
    """What was known at every answer in ``seq`` (ascending): observation, the tasks of its rows, and these rows."""
    if len(seq) == 0:
        return
    world, mirror = read_world(log), Mirror()
    first = np.flatnonzero(np.diff(seq, prepend=seq[0] - 1))
    rows_of = {int(seq[a]): np.arange(a, b) for a, b in zip(first, [*first[1:], len(seq)], strict=True)}
    for delta in log.deltas():
        mirror.apply(delta)
        rows = rows_of.get(delta.seq)
        if rows is not None:
            tasks = mirror.take(task[rows])
            yield mirror.observation(delta, world, tasks), tasks, rows


def predict_again(log: Path, evidence: Evidence, predictors: Sequence[Predictor]) -> list[tuple[F64, F64]]:
    """What each predictor says about placements, given what was known when they were decided.

    Args:
        log: the log that the evidence is from.
        evidence: the placements.
        predictors: have been started with the world of the log.

    Returns:
        Per predictor energy in kWh and service time in s of the datacenter that was chosen, a value per row of
        ``evidence``.
    """
    said = [(np.full(len(evidence), np.nan), np.full(len(evidence), np.nan)) for _ in predictors]
    order = np.argsort(evidence.seq, kind="stable")
    opened = FeedbackLog.open(log)
    try:
        world = read_world(opened)
        for seen, tasks, rows in _answers(opened, evidence.seq[order], evidence.task[order]):
            options, at = Options.now_everywhere(world.n_datacenters, seen.t_s), order[rows]
            pairs = np.arange(len(rows)), evidence.dc[at]
            for predictor, (energy_kwh, service_s) in zip(predictors, said, strict=True):
                got = predictor.predict(seen, tasks, options)
                energy_kwh[at], service_s[at] = got.energy_kwh[pairs], got.service_time_s[pairs]
    finally:
        opened.close()
    return said
