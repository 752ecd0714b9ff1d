"""What came of decisions, beside what was known when they were made: the one reader that every learner uses.

Two sources, one type. A *feedback log* tells of the datacenter that was chosen, once the task has ended. A *reports
folder* (``greensched generate reports``) tells of every datacenter: privileged, for training before service, and only
where the generator's truth may be trained on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from greensched.core.delta import Delta
from greensched.core.errors import DataError, FeedbackLogError
from greensched.core.types import F64, I32, Observation, TaskState, TaskTable, World
from greensched.feedback.log import FeedbackLog
from greensched.feedback.replay import Mirror, read_world

LOG_FILE, REPORTS_FILE = "feedback.sqlite", "reports.parquet"

_SQL = f"""
    SELECT seq, task, dc, dynamic_kwh, finish_s - start_s, start_s - t_s, finish_s FROM outcome
    WHERE action = 0 AND state = {int(TaskState.FINISHED)} AND refused IS NULL
    AND attempts = 1 AND finish_s <= ? ORDER BY decision_id
"""  # noqa: S608 - our own names


@dataclass(frozen=True)
class Outcomes:
    """Pairs of tasks and datacenters that were asked about at one instant, and what came of them.

    The arrays have one entry per pair. NaN: no host of that datacenter could ever hold the task.

    Attributes:
        observation: what the mind knew; its tasks are those that the pairs are about, ``truth`` is never there.
        row: row of the task in ``observation.tasks``.
        dc: the datacenter.
        energy_kwh: the task's own dynamic IT energy times PUE, without any share of idle.
        run_s: from holding cores to the end.
        wait_s: from the decision to holding cores: staging and queue.
        finished_s: instant of the end; the mind is told with the first question from then on.
    """

    observation: Observation
    row: I32
    dc: I32
    energy_kwh: F64
    run_s: F64
    wait_s: F64
    finished_s: F64

    def __len__(self) -> int:
        return len(self.row)

    @property
    def tasks(self) -> TaskTable:
        """The tasks that ``row`` counts."""
        return self.observation.tasks

    @property
    def decided_s(self) -> float:
        """When all this was decided, seconds since the start of the scenario."""
        return self.observation.t_s

    @property
    def service_time_s(self) -> F64:
        """From the decision to the end."""
        return self.wait_s + self.run_s


def outcomes(source: Path, until_s: float = np.inf) -> Iterator[Outcomes]:
    """Everything that a source tells, answer by answer in the order in which they were given.

    Args:
        source: a feedback log, a run folder, or a reports folder (every datacenter; for the chosen ones alone name the
            log inside).
        until_s: only what had ended by this instant, seconds since the start of the scenario.

    Raises:
        FeedbackLogError: the log is missing or cannot be read.
        DataError: the reports do not belong to the log beside them.
    """
    if not source.is_dir():
        return _chosen(source, until_s)
    if (source / REPORTS_FILE).is_file():
        return _everywhere(source, until_s)
    return _chosen(source / LOG_FILE, until_s)


def _chosen(path: Path, until_s: float) -> Iterator[Outcomes]:
    with closing(FeedbackLog.open(path)) as log:
        told = np.array(log.query(_SQL, (until_s,)), dtype=np.float64).reshape(-1, 7)
        if len(told) == 0:
            return
        seqs, first = np.unique(told[:, 0], return_index=True)
        blocks = dict(zip(seqs.tolist(), np.split(told, first[1:]), strict=True))
        world, mirror = read_world(log), Mirror()
        for delta in log.deltas():
            mirror.apply(delta)
            rows = blocks.get(delta.seq)
            if rows is None:
                continue
            seen = mirror.observation(delta, world, mirror.take(rows[:, 1].astype(np.int64)))
            row = np.arange(len(rows), dtype=np.int32)
            yield Outcomes(seen, row, rows[:, 2].astype(np.int32), *np.ascontiguousarray(rows[:, 3:].T))


def _everywhere(folder: Path, until_s: float) -> Iterator[Outcomes]:
    path = folder / LOG_FILE
    if not path.is_file():
        raise FeedbackLogError(
            f"{path}: not there, so nobody knows what was seen; run `greensched generate reports` again"
        )
    with closing(FeedbackLog.open(path)) as log:
        world, mirror = read_world(log), Mirror()
        blocks = _blocks(folder / REPORTS_FILE, world)
        for delta in log.deltas():
            mirror.apply(delta)
            block = blocks.get(delta.t_s)
            if block is None:
                continue
            here = np.isin(block["task"], delta.ask)  # several questions may fall into one instant
            if here.any():
                blocks[delta.t_s] = {name: column[~here] for name, column in block.items()}
                found = {name: column[here] for name, column in block.items()}
                part = _pairs(mirror, delta, world, found, until_s)
                if len(part):
                    yield part
        lost = [t_s for t_s, block in blocks.items() if len(block["task"])]
        if lost:
            told = f"{folder / REPORTS_FILE}: tells of tasks at {min(lost):g} s that {path} does not ask about then"
            raise DataError(f"{told}; make the folder again")


def _pairs(mirror: Mirror, delta: Delta, world: World, found: dict[str, Any], until_s: float) -> Outcomes:
    run_s = found["service_time_s"] - found["wait_s"]
    finished_s = delta.t_s + found["service_time_s"]
    # nobody has to wait to learn that a task is too big
    known = np.flatnonzero(~(finished_s > until_s))
    task, row = np.unique(found["task"][known], return_inverse=True)
    seen = mirror.observation(delta, world, mirror.take(task))
    columns = (found["dc"], found["energy_kwh"], run_s, found["wait_s"], finished_s)
    return Outcomes(seen, row.astype(np.int32), *(c[known] for c in columns))


def _blocks(path: Path, world: World) -> dict[float, dict[str, Any]]:
    """The rows of the reports by instant, tasks in order and datacenters within."""
    import pyarrow.parquet as pq

    wanted = ["task", "datacenter", "t_s", "energy_kwh", "service_time_s", "wait_s"]
    try:
        table = pq.read_table(path, columns=wanted)
    except (OSError, ValueError) as error:  # pyarrow's own errors are these
        raise DataError(f"{path}: not reports of `greensched generate reports`: {error}") from error
    index = {d.name: d.index for d in world.datacenters}
    named = table["datacenter"].combine_chunks().dictionary_encode()
    names = named.dictionary.to_pylist()
    if strangers := set(names) - set(index):
        raise DataError(f"{path}: datacenter {sorted(strangers)[0]!r} is not in the world of {LOG_FILE} beside it")
    columns = {name: table[name].to_numpy() for name in wanted if name != "datacenter"}
    columns["dc"] = np.array([index[name] for name in names], dtype=np.int32)[named.indices.to_numpy()]
    order = np.lexsort((columns["dc"], columns["task"], columns["t_s"]))
    sorted_columns = {name: column[order] for name, column in columns.items()}
    instants, first = np.unique(sorted_columns["t_s"], return_index=True)
    parts = {name: np.split(column, first[1:]) for name, column in sorted_columns.items()}
    return {t: {name: parts[name][i] for name in parts} for i, t in enumerate(instants.tolist())}
