"""Alibaba cluster trace v2018: ``batch_task.csv``, no header, seconds from the start of 8 days.

The name of a task holds the graph of its job: ``R3_1_2`` is task 3 and begins after tasks 1 and 2; a name that is not
of this shape is a task without order. Names are cut at 50 characters, so the last of many predecessors are unknown.
There is no submission time: a task arrives when it starts. CPU is in hundredths of a core, memory in hundredths of a
machine's.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from greensched.traces.importing.columns import lists, mapped, real, where
from greensched.traces.importing.contract import Machine, Options, Part, Piece, TraceFormat, hashed, largest
from greensched.traces.importing.fields import INT, REAL, TEXT, Field, Layout
from greensched.traces.importing.rows import Rows, read

STATUS: dict[str, str | None] = {
    "Terminated": "finished",
    "Failed": "failed",
    "Cancelled": "killed",
    "Interrupted": "killed",
    "Running": "running",
    "Waiting": "waiting",
    "Ready": "waiting",
}
_LAYOUT = Layout(
    "batch_task",
    (
        Field("task_name", TEXT, empty=False),
        Field("instance_num", INT, low=0, high=2**31 - 1),
        Field("job_name", TEXT, empty=False),
        Field("task_type", TEXT),
        Field("status", TEXT, empty=False),
        Field("start_time", INT, empty=False, low=0),
        Field("end_time", INT, empty=False, low=0),
        Field("plan_cpu", REAL, low=0),
        Field("plan_mem", REAL, low=0),
    ),
)
_GRAPH = r"^[A-Za-z]+(?P<number>\d+)(?P<after>(?:_\d+)*_?)(?:_Stg\d+)?$"
_LONGEST = 50  # characters of a name in the published files; longer ones were cut, maybe within their last number


class Alibaba2018(TraceFormat):
    """Batch tasks of a Borg-like cluster: 8 days on 4,034 machines, jobs that are graphs of tasks."""

    name = "alibaba2018"
    title = "Alibaba cluster trace v2018: batch tasks with the graph of each job"
    files = "batch_task.csv (or .csv.gz, .tar.gz)"
    source = "Alibaba cluster trace programme, v2018"
    time_zero = "start of the 8-day window"
    machine = Machine("alibaba2018", 96.0, 512.0)

    def pieces(self, part: Part) -> Iterator[Piece]:
        """See :class:`TraceFormat`."""
        for rows in read(part, _LAYOUT):
            yield _piece(rows, part.options)

    @classmethod
    def example(cls) -> dict[str, bytes]:
        """See :class:`TraceFormat`."""
        rows = (
            "M1,10,j_1,1,Terminated,100,160,100,0.49",
            "R2_1,2,j_1,1,Terminated,161,200,50,0.2",
            "task_TG9uZw==,1,j_2,1,Running,300,0,,",
            "M1,1,j_3,1,Waiting,0,0,100,0.5",
        )
        return {"batch_task.csv": ("\n".join(rows) + "\n").encode()}


def _piece(rows: Rows, options: Options) -> Piece:
    rows, status = mapped(rows, "status", STATUS)
    parsed = pc.extract_regex(rows.column("task_name"), _GRAPH)
    number = pc.struct_field(parsed, "number")
    cut = pc.greater_equal(pc.utf8_length(rows.column("task_name")), _LONGEST)
    told = pc.struct_field(parsed, "after").fill_null("")
    told = pc.if_else(cut, pc.replace_substring_regex(told, r"_\d*$", ""), told)
    after = lists(pc.utf8_trim(told, "_"), "_")
    rows.part.tally.note("tasks whose name was cut by the publisher: they have more predecessors", pc.sum(cut).as_py())
    start_s, end_s = (rows.numbers(name).astype(float) for name in ("start_time", "end_time"))
    began, over = start_s > 0, np.asarray(pc.is_in(status, pa.array(["finished", "failed", "killed"])))
    seen = began & (end_s >= start_s)
    rows.part.tally.note("tasks without a start (time 0): arrival_s is null", int((~began).sum()))
    rows.part.tally.note(
        "tasks that did not end, or with an end before their start: duration_s is null", int((~(seen & over)).sum())
    )
    machine = largest(Alibaba2018, options)
    share = rows.numbers("plan_mem") / 100.0
    table = {
        "job": rows.column("job_name"),
        "task": pc.coalesce(number, rows.column("task_name")),
        "arrival_s": real(where(began, start_s)),
        "duration_s": real(where(seen & over, end_s - start_s)),
        "at_least_s": real(where(seen & ~over, end_s - start_s)),
        "cores": real(rows.numbers("plan_cpu") / 100.0),
        "mem_gb": real(share * machine.mem_gb),
        "mem_norm_frac": real(share),
        "instances": rows.column("instance_num"),
        "status": status,
        "name": rows.column("task_name"),
        "framework": rows.column("task_type"),
        "after": after,
    }
    return Piece(pa.table(table), key=hashed(rows.column("job_name"), table["task"]), lines=rows.lines)
