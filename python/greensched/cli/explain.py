"""``greensched explain``: why a task ran where it ran."""

from __future__ import annotations

import itertools
import textwrap
from pathlib import Path
from typing import Annotated, Any

import typer

from greensched.cli import explain_words
from greensched.core.errors import DataError
from greensched.core.units import clock

_SHOWN_DEFERRALS = 3
_SHOWN_CHARACTERS = 400  # of a description; jobs.parquet has it whole


def explain(
    folder: Annotated[Path, typer.Argument(help="Run folder.")],
    task: Annotated[str, typer.Argument(help="Task id, or the name that its owner gave.")],
) -> None:
    """Print every decision about a task, what was predicted, and what happened."""
    import pyarrow.compute as pc

    row = _task_row(folder, task)
    print(f"task {row['task']} ({row['name']!r}, job {row['job']}) from {row['origin']}")
    if row["description"]:
        print(f"  {textwrap.shorten(row['description'], _SHOWN_CHARACTERS, placeholder=' ...')!r}")
    asked = f"{row['cores']:g} cores, {row['mem_gb']:g} GB"
    if row["gpus"]:
        asked += f", {row['gpus']:g} GPUs{' ' + row['gpu_type'] if row['gpu_type'] else ''}"
    print(f"  asked for {asked}; arrived at {clock(row['arrival_s'])}, deadline {clock(row['deadline_s'])}")
    decisions = _table(folder, "decisions")
    told = decisions.filter(pc.equal(decisions["task"], row["task"])).to_pylist()
    for deferred, group in itertools.groupby(told, key=lambda decision: decision["action"] == "defer"):
        rows = list(group)
        folded = len(rows) - 2 if deferred and len(rows) > _SHOWN_DEFERRALS else 0
        for decision in rows[:1] + [None] * bool(folded) + rows[1 + folded :]:
            if decision is None:
                print(f"  ... deferred {folded} times more")
                continue
            _print_decision(decision)
            for line in explain_words.lines(folder, decision):
                print(line)
    _print_outcome(row)


def _task_row(folder: Path, task: str) -> dict[str, Any]:
    import pyarrow.compute as pc

    jobs = _table(folder, "jobs")
    column: str = "task" if task.isdecimal() else "name"
    found = jobs.filter(pc.equal(jobs[column], int(task) if task.isdecimal() else task)).slice(0, 2)
    if not found.num_rows:
        raise DataError(f"{folder}: no task with {column} {task!r}; this run has the tasks 0 to {jobs.num_rows - 1}")
    if found.num_rows > 1:
        raise DataError(f"{folder}: several tasks are called {task!r}; use the task id, a number")
    row: dict[str, Any] = found.to_pylist()[0]
    return row


def _table(folder: Path, name: str) -> Any:
    import pyarrow.parquet as pq

    path = folder / f"{name}.parquet"
    if not folder.is_dir():
        raise DataError(f"{folder}: no such run folder")
    if not path.is_file():
        raise DataError(f"{path}: not found; write it with: greensched finish {folder}")
    return pq.read_table(path)


def _print_decision(decision: dict[str, Any]) -> None:
    target = f" at {decision['dc']}" if decision["dc"] else ""
    until = f" until {clock(decision['until_s'])}" if decision["until_s"] is not None else ""
    who = "the mind" if decision["source"] == "mind" else "the world's fallback"
    print(f"  {clock(decision['t_s'])}  {who} decided: {decision['action']}{target}{until} [{decision['status']}]")
    if decision["reason"]:
        print(f"      because: {decision['reason']}")
    if decision["code"] != "accepted":
        print(f"      not carried out: {decision['code']}")
    if decision["predicted_kwh"] is not None:
        actual = decision["actual_kwh"]
        outcome = f"; it was {actual:.4g} kWh and {decision['actual_s']:.0f} s" if actual is not None else ""
        predicted = f"{decision['predicted_kwh']:.4g} kWh of its own and {decision['predicted_s']:.0f} s to its end"
        print(f"      predicted {predicted}{outcome}")


def _print_outcome(row: dict[str, Any]) -> None:
    where = f" at {row['dc']}, host {row['host']}" if row["dc"] else ""
    print(f"  {row['state']}{where}{': ' + row['reason'] if row['reason'] else ''}")
    if row["start_s"] is not None:
        late = f", {row['late_s']:.0f} s late" if row["late_s"] else ""
        again = row["attempts"] > 1
        known = row["queued_s"] is not None and not again
        queue_s = min(row["start_s"] - row["queued_s"], row["wait_s"]) if known else 0.0
        queued = f" ({queue_s:.0f} s of it in the queue there, with priority {row['priority']})" if queue_s >= 1 else ""
        waited = f"  started {clock(row['first_start_s'])} after waiting {row['wait_s']:.0f} s{queued}"
        if again or row["reason"] == "interrupted":
            times = row["attempts"] - (row["state"] == "finished")
            waited += f", interrupted {times} times as its host failed, started the last time {clock(row['start_s'])}"
        print(f"{waited}, ended {clock(row['finish_s'])}{late}")
    if row["state"] == "finished":
        kwh = {"its own": "dynamic_kwh", "of idle hosts' energy": "idle_kwh", "of moving its data": "transfer_kwh"}
        parts = ", ".join(f"{row[key]:.4g} {what}" for what, key in kwh.items())
        total = sum(row[key] for key in kwh.values())
        print(f"  charged to it: {total:.4g} kWh ({parts}) and {row['carbon_g']:.4g} g CO2eq")
