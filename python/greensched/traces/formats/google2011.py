"""Google ClusterData 2011-2: ``job_events`` and ``task_events``, parts of 500, no header, microseconds.

Job events give one row per job, without demand. Task events give one row per task, with the largest request that it
made as a share of the largest machine; job events beside them add the names. Jobs and tasks come back after they
failed or were evicted: ``attempts`` counts the starts, and the run time is that of the last.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from greensched.core.errors import DataError
from greensched.traces.importing import events
from greensched.traces.importing.columns import real
from greensched.traces.importing.contract import Machine, Options, Part, Piece, TraceFormat, largest
from greensched.traces.importing.fields import INT, REAL, TEXT, Field, Layout
from greensched.traces.importing.rows import Rows, read
from greensched.traces.importing.tally import Tally
from greensched.traces.importing.text import first_line

TYPES = events.EventTypes(0, 1, {2: "evicted", 3: "failed", 4: "finished", 5: "killed", 6: "lost"})
JOBS = Layout(
    "job_events",
    (
        Field("time", INT, empty=False, low=0),
        Field("missing_info"),
        Field("job_id", INT, empty=False, low=0),
        Field("event_type", INT, empty=False, low=0, high=8),
        Field("user", TEXT),
        Field("scheduling_class", INT, low=0, high=3),
        Field("job_name", TEXT),
        Field("logical_job_name", TEXT),
    ),
)
TASKS = Layout(
    "task_events",
    (
        Field("time", INT, empty=False, low=0),
        Field("missing_info"),
        Field("job_id", INT, empty=False, low=0),
        Field("task_index", INT, empty=False, low=0),
        Field("machine_id"),
        Field("event_type", INT, empty=False, low=0, high=8),
        Field("user", TEXT),
        Field("scheduling_class", INT, low=0, high=3),
        Field("priority", INT, low=0, high=11),
        Field("cpu_request", REAL, low=0),
        Field("memory_request", REAL, low=0),
        Field("disk_request"),
        Field("different_machine_constraint"),
    ),
)
_OTHERS = {5: "machine_attributes", 6: "machine_events or task_constraints", 20: "task_usage"}


class Google2011(TraceFormat):
    """Google's Borg cell of May 2011: 29 days, 12,500 machines, 672,074 jobs."""

    name = "google2011"
    title = "Google ClusterData 2011-2: jobs or tasks of a Borg cell over 29 days"
    files = "parts of job_events, of task_events, or of both (part-NNNNN-of-00500.csv.gz)"
    source = "Google ClusterData 2011-2, CC BY 4.0"
    time_zero = "600 s of trace time: 19:00 EDT on 1 May 2011"
    machine = Machine("google2011", 32.0, 128.0)
    gathers = True

    def pieces(self, part: Part) -> Iterator[Piece]:
        """See :class:`TraceFormat`."""
        line = first_line(part)
        columns = line.count(",") + 1
        if line and columns not in (len(JOBS.fields), len(TASKS.fields)):
            known = f" (as {_OTHERS[columns]} has)" if columns in _OTHERS else ""
            raise DataError(
                f"{part.path}:1: {columns} columns{known}; expected 8 (job_events) or 13 (task_events) without header"
            )
        layout = TASKS if columns == len(TASKS.fields) else JOBS
        for rows in read(part, layout):
            rows = events.in_time(rows, "time")
            yield _tasks(rows) if layout is TASKS else _jobs(rows)

    def compact(self, kind: str, rows: pa.Table) -> pa.Table:
        """See :class:`TraceFormat`."""
        return events.together(rows, ["job", "task"] if kind == TASKS.table else ["job"])

    def gather(self, tables: dict[str, pa.Table], options: Options, tally: Tally) -> pa.Table:
        """See :class:`TraceFormat`."""
        what, rows = events.with_names(tables, JOBS.table, TASKS.table, ["name", "logical_name"], tally)
        life, notes = events.columns(rows, TYPES)
        for text, count in notes.items():
            tally.note(f"{what} {text}", count)
        return pa.table(life | _named(rows, largest(self, options)))

    @classmethod
    def example(cls) -> dict[str, bytes]:
        """See :class:`TraceFormat`."""
        jobs = (
            "0,,3418309,0,user+/1=,3,name+/1=,logical+/1=",
            "0,,3418309,1,user+/1=,3,name+/1=,logical+/1=",
            "700000000,,7,0,user2=,0,name2=,logical2=",
            "702000000,,7,1,user2=,0,name2=,logical2=",
            "902000000,,7,4,user2=,0,name2=,logical2=",
            "950000000,,8,0,user2=,1,name3=,logical2=",
        )
        tasks = (
            "0,2,3418309,0,4155527081,0,user+/1=,3,9,,,,",
            "0,2,3418309,0,4155527081,1,user+/1=,3,9,0.125,0.07446,0.0004244,0",
            "700000000,,7,0,,0,user2=,0,2,0.0625,0.03,0.0001,0",
            "701000000,,7,0,5,1,user2=,0,2,0.0625,0.03,0.0001,0",
            "711000000,,7,0,5,2,user2=,0,2,0.0625,0.03,0.0001,0",
            "712000000,,7,0,6,1,user2=,0,2,0.0625,0.03,0.0001,0",
            "742000000,,7,0,6,4,user2=,0,2,0.0625,0.03,0.0001,0",
            "950000000,,8,0,,0,user2=,1,0,0.01,0.01,,",
        )
        return {
            "job_events-part-00000-of-00500.csv": ("\n".join(jobs) + "\n").encode(),
            "task_events-part-00000-of-00500.csv": ("\n".join(tasks) + "\n").encode(),
        }


def _jobs(rows: Rows) -> Piece:
    job = rows.column("job_id")
    facts = {
        "user": rows.column("user"),
        "class": rows.column("scheduling_class"),
        "name": rows.column("job_name"),
        "logical_name": rows.column("logical_job_name"),
    }
    table = events.partial(rows.numbers("time"), rows.numbers("event_type"), TYPES, {"job": job}, facts)
    return Piece(table, JOBS.table, job.to_numpy())


def _tasks(rows: Rows) -> Piece:
    job = rows.column("job_id")
    facts = {
        "user": rows.column("user"),
        "class": rows.column("scheduling_class"),
        "priority": rows.column("priority"),
        "cores_norm_frac": rows.column("cpu_request"),
        "mem_norm_frac": rows.column("memory_request"),
    }
    keys = {"job": job, "task": rows.column("task_index")}
    table = events.partial(rows.numbers("time"), rows.numbers("event_type"), TYPES, keys, facts)
    return Piece(table, TASKS.table, job.to_numpy())


def _named(rows: pa.Table, machine: Machine) -> dict[str, pa.ChunkedArray]:
    """Columns that are taken over, as far as there are any, and demand in real units."""
    have = set(rows.column_names)
    same = ("job", "task", "user", "priority", "cores_norm_frac", "mem_norm_frac", "name", "logical_name")
    table = {name: rows.column(name) for name in same if name in have} | {"service_class": rows.column("class")}
    for norm, real_column, scale in (
        ("cores_norm_frac", "cores", machine.cores),
        ("mem_norm_frac", "mem_gb", machine.mem_gb),
    ):
        if norm in have:
            table[real_column] = real(rows.column(norm).to_numpy(zero_copy_only=False) * scale)
    return table
