"""How a delta stands in a frame: the messages ``observe`` and ``finish`` of PROTOCOL.md §4, there and back.

The bridge decodes what the world wrote; the feedback log keeps the same bytes, and whoever learns from it decodes them.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from greensched.core.delta import Delta, Progress, Refusals, StateChanges, no_reports, no_tasks
from greensched.core.errors import FrameError
from greensched.core.frames import Column, Frame, encode
from greensched.core.types import (
    F64,
    I64,
    NO_DEADLINE_US,
    Advisory,
    DatacenterState,
    ForecastIssue,
    Reports,
    TaskTable,
)

US_PER_S = 1e6
_STATE_COLUMNS = tuple(f.name for f in dataclasses.fields(DatacenterState))
_REPORT_COLUMNS = tuple(f.name for f in dataclasses.fields(Reports))


def seconds(us: I64) -> F64:
    """Instants in seconds; "no deadline" becomes infinity."""
    result = us / US_PER_S
    result[us == NO_DEADLINE_US] = np.inf
    return result


def microseconds(s: F64) -> I64:
    """Instants in whole microseconds; NaN becomes 0 and infinity "no deadline"."""
    finite = np.isfinite(s)
    if finite.all():
        return np.rint(s * US_PER_S).astype(np.int64)
    result = np.rint(np.where(finite, s, 0.0) * US_PER_S).astype(np.int64)
    result[np.isposinf(s)] = NO_DEADLINE_US
    return result


def delta_from_frame(frame: Frame, message: bytes = b"") -> Delta:
    """Decode an ``observe`` or ``finish`` message; ``message`` is what ``frame`` was decoded from.

    Raises:
        FrameError: a table lacks a column that this version knows.
    """
    try:
        return Delta(
            seq=frame.meta["seq"],
            t_s=frame.meta["t_us"] / US_PER_S,
            ack=frame.meta["ack"],
            state=DatacenterState(**{name: frame.tables["datacenters"][name] for name in _STATE_COLUMNS}),
            new_tasks=_new_tasks(frame.table("new_tasks")),
            ask=frame.table("ask").get("task", np.zeros(0, dtype=np.int64)),
            states=_states(frame.table("states")),
            progress=_progress(frame.table("progress")),
            issues=_issues(frame),
            reports=_reports(frame.table("reports")),
            refusals=_refusals(frame),
            advisories=_advisories(frame.table("advisories")),
            message=message,
        )
    except KeyError as error:
        raise FrameError(f"message '{frame.kind}' lacks {error}") from error


def _new_tasks(t: dict[str, Any]) -> TaskTable:
    if not t:
        return no_tasks()
    return TaskTable(
        task=t["task"],
        job=t["job"],
        arrival_s=seconds(t["arrival_us"]),
        deadline_s=seconds(t["deadline_us"]),
        cores=t["cores"],
        gpus=t["gpus"],
        gpu_type=t["gpu_type"],
        mem_gb=t["mem_gb"],
        data_gb=t["data_gb"],
        origin=t["origin"],
        priority=t["priority"],
        expected_s=t["expected_s"],
        name=t["name"],
        labels=t["labels"],
        user=t["user"],
        description=t.get("description", ()),
    )


def _states(t: dict[str, Any]) -> StateChanges:
    if not t:
        return StateChanges()
    saved_frac = t.get("saved_frac", np.zeros(0))
    return StateChanges(t["task"], t["state"], seconds(t["t_us"]), t["dc"], saved_frac)


def _progress(t: dict[str, Any]) -> Progress:
    return Progress(t["task"], t["done_frac"]) if t else Progress()


def _reports(t: dict[str, Any]) -> Reports:
    return Reports(**{name: t[name] for name in _REPORT_COLUMNS}) if t else no_reports()


def _refusals(frame: Frame) -> Refusals:
    t = frame.table("refusals")
    return Refusals(t["decision"], t["task"], t["code"], tuple(frame.meta["codes"])) if t else Refusals()


def _issues(frame: Frame) -> list[ForecastIssue]:
    t = frame.table("issues")
    if not t:
        return []
    kinds, value = frame.meta["kinds"], frame.table("values")["value"]
    columns = (t[c].tolist() for c in ("issue_us", "datacenter", "kind", "first_us", "step_us", "offset", "count"))
    return [
        ForecastIssue(i / US_PER_S, dc, kinds[k], f / US_PER_S, s / US_PER_S, value[at : at + n])
        for i, dc, k, f, s, at, n in zip(*columns, strict=True)
    ]


def _advisories(t: dict[str, Any]) -> list[Advisory]:
    if not t:
        return []
    rows = zip(seconds(t["issue_us"]).tolist(), t["dc"].tolist(), t["text"], strict=True)
    return [Advisory(*row) for row in rows]


def delta_to_frame(delta: Delta, kind: str = "observe") -> bytes:
    """The message that decodes to ``delta``; instants are rounded to microseconds."""
    meta: dict[str, Any] = {"seq": delta.seq, "t_us": _us(delta.t_s), "ack": delta.ack}
    tables: dict[str, dict[str, Column]] = {
        "new_tasks": _task_columns(delta.new_tasks),
        "ask": {"task": delta.ask},
        "states": {
            "task": delta.states.task, "state": delta.states.state, "t_us": microseconds(delta.states.t_s),
            "dc": delta.states.dc,
        },
        "progress": {"task": delta.progress.task, "done_frac": delta.progress.done_frac},
        "datacenters": {name: getattr(delta.state, name) for name in _STATE_COLUMNS},
    }  # fmt: skip
    if len(delta.states.saved_frac):
        tables["states"]["saved_frac"] = delta.states.saved_frac
    if delta.issues:
        kinds = sorted({issue.kind for issue in delta.issues})
        meta["kinds"] = kinds
        tables |= _issue_tables(delta.issues, kinds)
    tables["reports"] = {name: getattr(delta.reports, name) for name in _REPORT_COLUMNS}
    if len(delta.refusals):
        meta["codes"] = list(delta.refusals.codes)
        refused = delta.refusals
        tables["refusals"] = {"decision": refused.decision, "task": refused.task, "code": refused.code}
    if delta.advisories:
        tables["advisories"] = {
            "issue_us": np.array([_us(a.issue_s) for a in delta.advisories]),
            "dc": np.array([a.dc for a in delta.advisories], dtype=np.int32),
            "text": [a.text for a in delta.advisories],
        }
    return encode(kind, meta, {name: table for name, table in tables.items() if len(next(iter(table.values())))})


def _us(s: float) -> int:
    return round(s * US_PER_S)


def _task_columns(tasks: TaskTable) -> dict[str, Column]:
    columns: dict[str, Column] = {f.name: getattr(tasks, f.name) for f in dataclasses.fields(TaskTable)}
    del columns["arrival_s"], columns["deadline_s"]
    if not any(tasks.description):
        del columns["description"]  # as of a world whose tasks have none
    return columns | {"arrival_us": microseconds(tasks.arrival_s), "deadline_us": microseconds(tasks.deadline_s)}


def _issue_tables(issues: list[ForecastIssue], kinds: list[str]) -> dict[str, dict[str, Column]]:
    counts = np.array([len(i.value) for i in issues], dtype=np.int32)
    table: dict[str, Column] = {
        "issue_us": np.array([_us(i.issue_s) for i in issues]),
        "datacenter": np.array([i.datacenter for i in issues], dtype=np.int32),
        "kind": np.array([kinds.index(i.kind) for i in issues], dtype=np.int32),
        "first_us": np.array([_us(i.first_s) for i in issues]),
        "step_us": np.array([_us(i.step_s) for i in issues]),
        "offset": np.cumsum(counts, dtype=np.int64) - counts,
        "count": counts,
    }
    return {"issues": table, "values": {"value": np.concatenate([i.value for i in issues])}}
