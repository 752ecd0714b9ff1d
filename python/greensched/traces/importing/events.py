"""Jobs from their events (Google's traces): partial life cycles that meet in any order and grouping, then columns.

Only least and greatest times are kept of each kind of event, so an event that is there twice changes nothing but the
number of starts, and the order of rows and files changes nothing at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from greensched.core.types import F64, I64
from greensched.traces.importing.columns import real, where
from greensched.traces.importing.rows import Rows
from greensched.traces.importing.spill import KEY
from greensched.traces.importing.tally import Tally

BEFORE_US = 0  # time of what happened before the window
AFTER_US = 2**63 - 1  # and after it
START_US = 600_000_000  # first instant of the window
_LATEST_US = 2**58
_CODES = 16  # the greatest end is kept as time * 16 + type, so that its type comes with it
_LIFE = (("submit_us", "min"), ("first_us", "min"), ("last_us", "max"), ("end", "max"), ("starts", "sum"))


@dataclass(frozen=True)
class EventTypes:
    """Numbers of the events that matter; the others (queueing, updates) say nothing about run time."""

    submit: int
    schedule: int
    ends: dict[int, str]  # type -> status


def in_time(rows: Rows, column: str) -> Rows:
    """Rows with a time that a trace can have.

    Raises:
        DataError: there are others, and the import is strict.
    """
    time_us = rows.numbers(column)
    good = (time_us <= _LATEST_US) | (time_us == AFTER_US)
    return rows.must(good, f"{column} is far after the trace", "microseconds of the trace, or 2^63-1 for after its end")


def partial(time_us: I64, event: I64, types: EventTypes, keys: dict[str, Any], facts: dict[str, Any]) -> pa.Table:
    """One partial life cycle per event.

    Args:
        time_us: of the events, with the sentinels.
        event: their types.
        types: what the types mean.
        keys: what identifies the job or task, one entry per event.
        facts: what else the events say about it; the greatest of the values is kept.
    """
    inside = time_us != AFTER_US
    started = (event == types.schedule) & inside
    ended = np.isin(event, list(types.ends)) & inside & (time_us != BEFORE_US)
    submitted = (event == types.submit) & inside
    columns = {
        "submit_us": _masked(time_us, submitted),
        "first_us": _masked(time_us, started),
        "last_us": _masked(time_us, started),
        "end": _masked(np.where(ended, time_us * _CODES + event, 0), ended),
        "starts": pa.array(started.astype(np.int32)),
    }
    return pa.table({**keys, **columns, **facts})


def _masked(values: I64, rows: Any) -> Any:
    return pa.array(values, pa.int64(), mask=~rows)


def together(rows: pa.Table, keys: list[str]) -> pa.Table:
    """One partial life cycle per key."""
    life = dict(_LIFE)
    names = [name for name in rows.column_names if name not in (*keys, KEY, *life)]
    words = {name: _ranked(rows.column(name)) for name in names if pa.types.is_string(rows.schema.field(name).type)}
    coded = rows
    for name, (_, ranks) in words.items():
        coded = coded.set_column(coded.column_names.index(name), name, ranks)
    facts = [(name, "max") for name in names]
    # one thread: the workers are the parallelism, and the order of groups is then always the same
    grouped = coded.group_by([*keys, KEY], use_threads=False).aggregate([*_LIFE, *facts])
    short = {f"{name}_{how}": name for name, how in (*_LIFE, *facts)}
    grouped = grouped.rename_columns([short.get(name, name) for name in grouped.column_names])
    for name, (ordered, _) in words.items():
        index = grouped.column_names.index(name)
        grouped = grouped.set_column(index, name, ordered.take(grouped.column(name).combine_chunks()))
    return grouped.select(rows.column_names).cast(rows.schema)


def _ranked(column: Any) -> tuple[Any, Any]:
    """The different words in their order, and for each row the number of its word: Arrow groups numbers much faster."""
    encoded = column.combine_chunks().dictionary_encode()
    order = pc.sort_indices(encoded.dictionary)
    rank = np.empty(len(order), np.int32)
    rank[order.to_numpy()] = np.arange(len(order), dtype=np.int32)
    return encoded.dictionary.take(order), pa.array(rank).take(encoded.indices)


def with_names(
    tables: dict[str, pa.Table], jobs_kind: str, tasks_kind: str, names: list[str], tally: Tally
) -> tuple[str, pa.Table]:
    """Tasks with what only their jobs know where there are tasks, jobs where there are none; in the order of their ids.

    Args:
        tables: complete life cycles of jobs, tasks or both.
        jobs_kind: which table holds jobs, one row per ``job``.
        tasks_kind: which table holds tasks, one row per ``job`` and ``task``.
        names: columns of the jobs to give to their tasks.
        tally: counts jobs of which no task is there.

    Returns:
        "jobs" or "tasks", and the rows.
    """
    jobs, tasks = tables.get(jobs_kind), tables.get(tasks_kind)
    if tasks is None:
        assert jobs is not None  # the engine gives what was read
        return "jobs", jobs.sort_by("job")
    if jobs is not None:
        lone = jobs.join(tasks.select(["job"]), "job", join_type="left anti", use_threads=False).num_rows
        tally.leave_out(f"jobs of {jobs_kind} without a task in these files", lone, "")
        tasks = tasks.drop_columns([name for name in names if name in tasks.column_names])
        tasks = tasks.join(jobs.select(["job", *names]), "job", join_type="left outer", use_threads=False)
    return "tasks", tasks.sort_by([("job", "ascending"), ("task", "ascending")])


def columns(rows: pa.Table, types: EventTypes) -> tuple[dict[str, Any], dict[str, int]]:
    """Columns of the job table from complete life cycles, and notes on what is missing.

    ``duration_s`` is the time from the last start to the last end; null for what runs on after that, or began before
    the window.
    """
    submit_us, first_us, last_us, end = (_reals(rows, name) for name in ("submit_us", "first_us", "last_us", "end"))
    code = np.where(np.isnan(end), -1, np.nan_to_num(end) % _CODES).astype(np.int64)
    end_us = np.floor(end / _CODES)
    over = ~np.isnan(end_us) & ~(last_us > end_us)
    began = last_us > BEFORE_US
    early = (last_us == BEFORE_US) | ((submit_us == BEFORE_US) & np.isnan(last_us))
    words = list(types.ends.values())
    status = np.full(len(end), words.index("finished"))
    for i, ended_by in enumerate(types.ends):
        status[code == ended_by] = i
    running, waiting = len(words), len(words) + 1
    status = np.where(over, status, np.where(np.isnan(last_us), waiting, running))
    seen = submit_us > BEFORE_US
    starts = rows.column("starts").to_numpy()
    table = {
        "arrival_s": real(where(seen, (submit_us - START_US) / 1e6)),
        "queue_s": real(where(seen & (first_us >= submit_us), (first_us - submit_us) / 1e6)),
        "duration_s": real(where(over & began, (end_us - last_us) / 1e6)),
        "at_least_s": real(where(over & early & (end_us >= START_US), (end_us - START_US) / 1e6)),
        "attempts": pa.array(starts, pa.int32(), mask=starts == 0),
        "status": pa.array([*words, "running", "waiting"]).take(pa.array(status)),
    }
    notes = {
        "submitted before the window: arrival_s is null": int((submit_us == BEFORE_US).sum()),
        "without a SUBMIT in these files: arrival_s is null": int(np.isnan(submit_us).sum()),
        "not seen from start to end: duration_s is null": int((~(over & began)).sum()),
    }
    return table, notes


def _reals(rows: pa.Table, name: str) -> F64:
    # exact: times * 16 stay below 2^53 for traces of up to 6,500 days
    values: F64 = rows.column(name).combine_chunks().cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return values
