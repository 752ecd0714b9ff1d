"""cloudlets.parquet: what became of every cloudlet of a CloudSim file, and why one has not finished."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from greensched.core.errors import DataError
from greensched.core.types import TaskState
from greensched.results.folder import RunFolder, strings
from greensched.results.tables import STATE_NAMES, build, masked, name_column

_UNKNOWN = -1
_ENDED_BEFORE = "the run ended before its VM did; give it a longer drain"
_CUT_SHORT = "the world was cut short"
_WAITED = {
    TaskState.WAITING: "the run ended before its VM was placed",
    TaskState.PENDING: "the run ended before its VM was placed",
    TaskState.DEFERRED: "the run ended while its VM was deferred",
    TaskState.TRANSFERRING: "the run ended before its VM started",
    TaskState.QUEUED: "the run ended while its VM waited for a host",
}


def cloudlets(run: RunFolder) -> pa.Table:
    """A row per cloudlet, in the order of hidden.gsf; empty for a run without cloudlets."""
    asked = run.cloudlets
    if not asked:
        return build("cloudlets", {}, run)
    task, jobs = np.asarray(asked["task"]), run.jobs
    none = task < 0
    row = np.where(none, 0, task)
    state, start_s, finish_s = outcome(run)
    names = list(asked["name"])
    vms = strings(run.tasks["name"]).take(pa.array(row, mask=none)) if len(jobs["dc"]) else pa.nulls(len(row))
    rows: dict[str, Any] = {
        "customer": pa.array([name.rpartition("/")[0] for name in names], pa.string()),
        "vm": vms.cast(pa.string()),
        "task": masked(task, none),
        "name": strings(asked["name"]),
        "dc": name_column(np.where(none, -1, jobs["dc"][row]), run.datacenter_names),
        "host": masked(jobs["host"][row], none | (jobs["host"][row] < 0)),
        "state": name_column(state, STATE_NAMES),
        "reason": pa.array(reasons(run, state), pa.string()),
        **{key: asked[key] for key in ("length_mi", "pes", "cpu_util_frac")},
        "submission_delay_s": asked["delay_s"],
        "start_s": start_s,
        "finish_s": finish_s,
    }
    return build("cloudlets", rows, run)


def outcome(run: RunFolder) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]]:
    """State, start and end of every cloudlet; a state of -1 where the world did not come to write them.

    Raises:
        DataError: what the world wrote has another number of rows.
    """
    asked, done = run.cloudlets, run.cloudlet_ends
    task, n = np.asarray(asked["task"]), len(asked["task"])
    nan = np.full(n, np.nan)
    if not done:
        return np.where(task < 0, TaskState.REJECTED, _UNKNOWN).astype(np.int32), nan, nan.copy()
    if len(done["state"]) != n:
        path = run.path / "world" / "cloudlets.gsf"
        raise DataError(f"{path}: {len(done['state'])} rows for {n} cloudlets; the files are not of one run")
    of_vm = run.jobs["state"][np.where(task < 0, 0, task)]
    lost = (task < 0) | ((of_vm == TaskState.REJECTED) & (done["state"] != TaskState.FINISHED))
    return np.where(lost, TaskState.REJECTED, done["state"]).astype(np.int32), done["start_s"], done["finish_s"]


def reasons(run: RunFolder, state: NDArray[np.int32]) -> list[str | None]:
    """Why each cloudlet has not finished: empty if it has, None where nobody knows."""
    asked, jobs = run.cloudlets, run.jobs
    codes = [str(r) for r in run.job_frame.meta.get("reasons", [])]
    own = list(asked["reason"])
    result: list[str | None] = []
    for given, task, here in zip(own, asked["task"].tolist(), state.tolist(), strict=True):
        if here in (_UNKNOWN, TaskState.FINISHED):
            result.append(None if here == _UNKNOWN else "")
        elif task < 0:
            result.append(given)
        else:
            result.append(_of_vm(int(jobs["state"][task]), int(jobs["reason"][task]), codes, here))
    return result


def _of_vm(vm_state: int, reason: int, codes: list[str], state: int) -> str:
    why = codes[reason].replace("_", " ") if 0 <= reason < len(codes) and codes[reason] else ""
    if vm_state in (TaskState.REJECTED, TaskState.FAILED):
        how = "rejected" if vm_state == TaskState.REJECTED else "lost"
        return f"its VM was {how}{': ' if why else ''}{_PLAIN.get(why, why)}"
    if state == TaskState.FAILED:
        return f"it failed{': ' if why else ''}{why}"
    return _WAITED.get(TaskState(vm_state), _ENDED_BEFORE) if vm_state >= 0 else "the run ended before its VM arrived"


_PLAIN = {"never fits": "no host could ever hold it"}


def summary(run: RunFolder) -> dict[str, Any] | None:
    """How many were submitted and finished, and the others by reason; None for a run without cloudlets."""
    if not run.cloudlets or "cloudlets" in run.damaged:
        return None
    state, _, _ = outcome(run)
    others = Counter(_CUT_SHORT if r is None else r for r in reasons(run, state) if r != "")
    return {
        "submitted": len(state),
        "finished": int(np.count_nonzero(state == TaskState.FINISHED)),
        "unfinished": dict(others.most_common()),
    }
