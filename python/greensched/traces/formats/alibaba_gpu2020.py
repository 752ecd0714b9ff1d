"""Alibaba GPU cluster trace v2020 (PAI): headerless tables, which the names of their files tell apart.

``pai_task_table`` gives the rows: one per task, with the demand of one of its ``inst_num`` instances. ``pai_job_table``
adds the user and the submission, ``pai_group_tag_table`` the group and the workload. Seconds; ``plan_cpu`` and
``plan_gpu`` in hundredths, memory in GB. Only Terminated is a success.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from greensched.core.errors import DataError
from greensched.traces.importing.columns import mapped, real, where
from greensched.traces.importing.contract import Options, Part, Piece, TraceFormat, hashed
from greensched.traces.importing.fields import REAL, TEXT, Field, Layout
from greensched.traces.importing.rows import read
from greensched.traces.importing.tally import Fault, Tally

_STATUS: dict[str, str | None] = {
    "Terminated": "finished",
    "Failed": "failed",
    "Running": "running",
    "Waiting": "waiting",
    "Ready": "waiting",
}
_TIMES = (Field("start_time", REAL, low=0), Field("end_time", REAL, low=0))
JOB = Layout(
    "pai_job_table",
    (
        Field("job_name", TEXT, empty=False),
        Field("inst_id", TEXT, empty=False),
        Field("user", TEXT),
        Field("status", TEXT),
        *_TIMES,
    ),
)
TASK = Layout(
    "pai_task_table",
    (
        Field("job_name", TEXT, empty=False),
        Field("task_name", TEXT, empty=False),
        Field("inst_num", REAL, low=0, high=2**31 - 1),
        Field("status", TEXT),
        *_TIMES,
        Field("plan_cpu", REAL, low=0),
        Field("plan_mem", REAL, low=0),
        Field("plan_gpu", REAL, low=0),
        Field("gpu_type", TEXT),
    ),
)
TAG = Layout(
    "pai_group_tag_table",
    (
        Field("inst_id", TEXT, empty=False),
        Field("user", TEXT),
        Field("gpu_type_spec", TEXT),
        Field("group", TEXT),
        Field("workload", TEXT),
    ),
)
_LAYOUTS = (JOB, TASK, TAG)
_FILES = "pai_task_table.csv, with pai_job_table.csv and pai_group_tag_table.csv (or their .tar.gz)"
_KNOWN = "job with text"  # jobs after their tags were added


class AlibabaGpu2020(TraceFormat):
    """Machine-learning jobs of Alibaba's PAI: two months, 6,500 GPUs."""

    name = "alibaba-gpu2020"
    title = "Alibaba GPU cluster trace v2020 (PAI): machine-learning tasks with groups and workloads"
    files = _FILES
    source = "Alibaba cluster trace programme, gpu-v2020, CC BY 4.0"
    time_zero = "the trace's own zero; a constant shift that keeps weekday and hour in UTC+8"
    gathers = True

    def pieces(self, part: Part) -> Iterator[Piece]:
        """See :class:`TraceFormat`."""
        layout = next((one for one in _LAYOUTS if one.table in part.path.name), None)
        if layout is None:
            raise DataError(f"{part.path}: the name says no table; expected {_FILES}")
        for rows in read(part, layout):
            if layout is TASK:
                rows, _ = mapped(rows, "status", _STATUS)
            key = hashed(rows.column("job_name" if layout is TASK else "inst_id"))
            table = rows.table.append_column("line", pa.array(rows.lines))
            yield Piece(table, layout.table, key)

    @property
    def relayed(self) -> tuple[str, ...]:
        """See :class:`TraceFormat`: jobs meet their tags by ``inst_id``, and their tasks by ``job_name``."""
        return (JOB.table, TAG.table)

    def relay(self, tables: dict[str, pa.Table]) -> list[Piece]:
        """See :class:`TraceFormat`."""
        jobs, tags = tables.get(JOB.table), tables.get(TAG.table)
        if jobs is None or not jobs.num_rows:
            return []
        jobs = _first(jobs, "job_name").select(["job_name", "inst_id", "user", "start_time"])
        empty = pa.nulls(jobs.num_rows, pa.string())
        if tags is None:
            for name in ("group", "workload"):
                jobs = jobs.append_column(name, empty)
        else:
            tags = _first(tags, "inst_id").select(["inst_id", "group", "workload"])
            jobs = jobs.join(tags, "inst_id", join_type="left outer", use_threads=False)
        jobs = jobs.rename_columns({"start_time": "submit_time"})
        jobs = jobs.select(["job_name", "user", "submit_time", "group", "workload"])
        return [Piece(jobs, _KNOWN, hashed(jobs.column("job_name")))]

    def gather(self, tables: dict[str, pa.Table], options: Options, tally: Tally) -> pa.Table:
        """See :class:`TraceFormat`."""
        tasks, jobs = tables.get(TASK.table), tables.get(_KNOWN)
        if tasks is None:
            raise DataError(f"no pai_task_table among the files; expected {_FILES}")
        once = _first(tasks, "job_name", "task_name")
        if once.num_rows < tasks.num_rows:
            extra = tasks.num_rows - once.num_rows
            text = f"{extra} task(s) exist twice, such as {_twice(tasks)}"
            tally.faults(Path(TASK.table), [Fault(0, text, "each task of a job once")])
            tally.leave_out("tasks that exist before", extra, TASK.table)
        tasks = once
        if jobs is not None:
            jobs = _first(jobs, "job_name")
            tasks = tasks.join(jobs, "job_name", join_type="left outer", use_threads=False)
        tasks = tasks.sort_by([("job_name", "ascending"), ("task_name", "ascending")])
        return _table(tasks, tally)

    @classmethod
    def example(cls) -> dict[str, bytes]:
        """See :class:`TraceFormat`."""
        jobs = "job1,inst1,user1,Terminated,1000.0,1900.5\njob2,inst2,user2,Failed,2000.0,2100.0\n"
        tasks = (
            "job1,worker,4.0,Terminated,1010.0,1900.5,600.0,29.3,50.0,V100\n"
            "job1,ps,1.0,Terminated,1005.0,1900.5,400.0,10.0,,\n"
            "job2,tensorflow,1.0,Failed,2010.0,2100.0,600.0,29.3,100.0,MISC\n"
        )
        tags = "inst1,user1,V100,group1,bert\ninst2,user2,,group2,\n"
        return {
            "pai_job_table.csv": jobs.encode(),
            "pai_task_table.csv": tasks.encode(),
            "pai_group_tag_table.csv": tags.encode(),
        }


def _first(rows: pa.Table, *keys: str) -> pa.Table:
    """One row per key: the one that stands first in its file."""
    number = pa.array(np.arange(rows.num_rows))
    rows = rows.append_column("_at", number)
    order = [("line", "ascending"), ("_at", "ascending")] if "line" in rows.column_names else [("_at", "ascending")]
    rows = rows.sort_by(order)
    rows = rows.set_column(rows.column_names.index("_at"), "_at", number)
    least = rows.group_by(list(keys), use_threads=False).aggregate([("_at", "min")]).column("_at_min")
    return rows.take(least.combine_chunks().sort()).drop_columns(["_at"])


def _twice(tasks: pa.Table) -> str:
    counted = tasks.group_by(["job_name", "task_name"], use_threads=False).aggregate(
        [("line", "count"), ("line", "max")]
    )
    worst = counted.sort_by([("line_count", "descending")]).slice(0, 1).to_pylist()[0]
    return f"{worst['task_name']} of {worst['job_name']} in line {worst['line_max']}"


def _table(rows: pa.Table, tally: Tally) -> pa.Table:
    have = set(rows.column_names)

    def numbers(name: str) -> Any:
        if name not in have:
            return np.full(rows.num_rows, np.nan)
        return rows.column(name).to_numpy(zero_copy_only=False).astype(float)

    def text(name: str) -> Any:
        return rows.column(name) if name in have else pa.nulls(rows.num_rows, pa.string())

    start_s, end_s, submit_s = numbers("start_time"), numbers("end_time"), numbers("submit_time")
    words = pa.array(list(_STATUS.values())).take(pc.index_in(text("status"), pa.array(list(_STATUS))))
    over = np.asarray(pc.is_in(words, pa.array(["finished", "failed"])))
    started, ended = start_s > 0, (end_s > 0) & (end_s >= start_s)
    tally.note("tasks that did not start or end: duration_s is null", int((~(started & ended & over)).sum()))
    tally.note("tasks whose job is in no pai_job_table: arrival_s is their start", int(np.isnan(submit_s).sum()))
    table = {
        "job": text("job_name"),
        "task": text("task_name"),
        "arrival_s": real(np.where(np.isnan(submit_s), where(started, start_s), submit_s)),
        "queue_s": real(where(started & (start_s >= submit_s), start_s - submit_s)),
        "duration_s": real(where(started & ended & over, end_s - start_s)),
        "cores": real(numbers("plan_cpu") / 100.0),
        "mem_gb": real(numbers("plan_mem")),
        "gpus": real(numbers("plan_gpu") / 100.0),
        "gpu_type": text("gpu_type"),
        "instances": pa.array(numbers("inst_num"), from_pandas=True).cast(pa.int32(), safe=False),
        "status": words,
        "user": text("user"),
        "group": text("group"),
        "name": text("task_name"),
        "framework": text("workload"),
    }
    return pa.table(table)
