"""Read what prepare, world and mind left in a run folder, whole or cut short by a crash."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from greensched.core.errors import DataError
from greensched.core.frames import Frame, StrColumn, read_frame, read_frames
from greensched.core.types import F64, NO_DEADLINE_US
from greensched.results.metadata import STATUSES, read_json
from greensched.results.predictions import Predicted, read_predictions

_DAMAGE_FRAC = 1e-6  # far above rounding, far below a slot
_CONFIG_TYPES = {
    "run_id": str,
    "scenario": str,
    "start_utc": str,
    "horizon_us": int,
    "seed": int,
    "policy": dict,
    "origins": list,
    "datacenters": list,
    "gpu_types": list,
}
_WORLD_TYPES = {"totals": dict, "latency_us": dict, "fallbacks": dict, "reason": str, "sim_time_s": (int, float)}
_ENDED_WELL = ("completed", "degraded")
_JOB_COLUMNS = (
    "state",
    "reason",
    "dc",
    "host",
    "decision",
    "source",
    "start_s",
    "finish_s",
    "dynamic_kwh",
    "idle_kwh",
    "attempts",
    "first_start_s",
)


@dataclass(frozen=True)
class RunFolder:
    """The files of one run; each is read on first use."""

    path: Path

    OPTIONAL: ClassVar = ("decisions", "hosts", "cloudlets")
    """Tables without which a run still has results."""

    @cached_property
    def damaged(self) -> dict[str, str]:
        """What ``finish`` found wrong with optional tables, by name."""
        return {}

    @cached_property
    def predicted(self) -> Predicted:
        """What the mind predicted for every row of ``decisions``, which may not be damaged."""
        return read_predictions(self.path / "feedback.sqlite", self.decisions.get("decision", np.zeros(0, np.int64)))

    @cached_property
    def config(self) -> dict[str, Any]:
        """input/run.json."""
        path = self.path / "input" / "run.json"
        return _with_types(path, read_json(path), _CONFIG_TYPES)

    @cached_property
    def world(self) -> dict[str, Any]:
        """world/world.json; a world that never got as far reads as failed."""
        path = self.path / "world" / "world.json"
        if not path.is_file():
            return {"status": "failed", "reason": "the world never started"}
        world = _with_types(path, read_json(path), {"status": str})
        if world["status"] not in STATUSES:
            raise DataError(f"{path}: unknown status {world['status']!r}; known: {', '.join(STATUSES)}")
        present = {k: t for k, t in _WORLD_TYPES.items() if world.get(k) is not None}
        return _with_types(path, world, present)

    @cached_property
    def tasks(self) -> dict[str, Any]:
        """Columns of input/tasks.gsf."""
        return _table(self.path / "input" / "tasks.gsf", "tasks")

    @cached_property
    def task_meta(self) -> dict[str, Any]:
        """Where the tasks come from."""
        return read_frame(self.path / "input" / "tasks.gsf").meta

    @cached_property
    def signal_meta(self) -> dict[str, Any]:
        """Where the signals come from (PROTOCOL.md §2.4)."""
        path = self.path / "input" / "signals.gsf"
        return read_frame(path).meta if path.is_file() else {}

    @cached_property
    def forecast_meta(self) -> dict[str, Any]:
        """Where the forecasts come from (PROTOCOL.md §2.5)."""
        path = self.path / "input" / "forecasts.gsf"
        return read_frame(path).meta if path.is_file() else {}

    @cached_property
    def job_frame(self) -> Frame:
        """world/jobs.gsf.

        Raises:
            DataError: the world wrote no row yet, or not as many rows as there are tasks.
        """
        path = self.path / "world" / "jobs.gsf"
        if not path.is_file():
            raise DataError(f"{path}: not found; the world ended before it began to simulate (see {self._log_hint()})")
        frame = read_frame(path)
        lacking = [c for c in _JOB_COLUMNS if c not in frame.tables.get("jobs", {})]
        if lacking:
            raise DataError(f"{path}: not the table of jobs that a world writes (it lacks {', '.join(lacking)})")
        rows, expected = len(frame.table("jobs")["state"]), len(self.tasks["job"])
        if rows != expected:
            raise DataError(f"{path}: {rows} rows for {expected} tasks; the files are not of one run")
        return frame

    @property
    def jobs(self) -> dict[str, Any]:
        """Columns of world/jobs.gsf."""
        return self.job_frame.table("jobs")

    @cached_property
    def datacenters(self) -> dict[str, Any]:
        """Columns of world/datacenters.gsf, all slots; empty if the first slot was never reached.

        Raises:
            DataError: the world ended in good order, and its totals are not those of the slots that are here.
        """
        slots = _joined(self._frames("datacenters.gsf"), "datacenters")
        if self.world["status"] in _ENDED_WELL:
            self._check_whole(slots)
        return slots

    @cached_property
    def decisions(self) -> dict[str, Any]:
        """Columns of world/decisions.gsf, as far as a killed world came.

        Raises:
            DataError: the file is damaged, or the world ended in good order and counted more or fewer decisions.
        """
        rows = _joined(self._frames("decisions.gsf"), "decisions")
        found, counted = len(rows.get("decision", ())), self.world.get("decisions")
        if self.world["status"] in _ENDED_WELL and isinstance(counted, int) and found != counted:
            path = self.path / "world" / "decisions.gsf"
            raise DataError(f"{path}: damaged: it holds {found} decisions, world.json counted {counted}")
        return rows

    @cached_property
    def decision_codes(self) -> list[str]:
        """Names of the decisions' codes."""
        for frame in self._frames("decisions.gsf"):
            return list(frame.meta.get("codes", []))
        return []

    @cached_property
    def hosts(self) -> dict[str, Any]:
        """Columns of world/hosts.gsf; empty after a crash (the file is written at the end).

        Raises:
            DataError: the file is damaged, or the world ended in good order and it is not there.
        """
        path = self.path / "world" / "hosts.gsf"
        rows = _table(path, "hosts") if path.is_file() else {}
        if not rows and self.world["status"] in _ENDED_WELL:
            raise DataError(f"{path}: missing, or not the table of hosts that a world writes at its end")
        return rows

    @cached_property
    def cloudlets(self) -> dict[str, Any]:
        """Columns of the cloudlets in input/hidden.gsf; empty for a run without, of whose ends no world writes."""
        path = self.path / "input" / "hidden.gsf"
        rows = read_frame(path).tables.get("cloudlets", {}) if path.is_file() else {}
        return rows if len(rows.get("task", ())) else {}

    @cached_property
    def cloudlet_ends(self) -> dict[str, Any]:
        """Columns of world/cloudlets.gsf; empty where the world did not come to write them.

        Raises:
            DataError: the file is damaged, or the world executed cloudlets, ended in good order, and it is not there.
        """
        path = self.path / "world" / "cloudlets.gsf"
        rows = _table(path, "cloudlets") if path.is_file() else {}
        if not rows and self.world["status"] in _ENDED_WELL:
            raise DataError(f"{path}: missing, or not the table of cloudlets that a world writes at its end")
        return rows

    @property
    def datacenter_names(self) -> list[str]:
        """Names by index."""
        return [d["name"] for d in self.config["datacenters"]]

    @property
    def origin_names(self) -> list[str]:
        """Regions that tasks come from, by index."""
        return [o["region"] for o in self.config["origins"]]

    @property
    def homes(self) -> NDArray[np.int32]:
        """Datacenter index of every origin."""
        return np.array([o["home"] for o in self.config["origins"]], dtype=np.int32)

    @cached_property
    def deadline_s(self) -> F64:
        """Deadlines in seconds; NaN for none."""
        raw = self.tasks["deadline_us"]
        return np.where(raw == NO_DEADLINE_US, np.nan, raw / 1e6)

    def _check_whole(self, slots: dict[str, Any]) -> None:
        """A torn tail is what a killed world leaves; after an end in good order it is damage."""
        totals = self.world.get("totals") or {}
        for name in ("facility_kwh", "carbon_g"):
            total = totals.get(name)
            if not isinstance(total, (int, float)):
                continue
            found = math.fsum(slots[name]) if slots else 0.0
            if abs(found - total) > _DAMAGE_FRAC * abs(total):
                path = self.path / "world" / "datacenters.gsf"
                raise DataError(
                    f"{path}: damaged: its {name} sums to {found:.6g}, world.json says {total:.6g}; repeat the run"
                )

    def _frames(self, name: str) -> list[Frame]:
        path = self.path / "world" / name
        return list(read_frames(path)) if path.is_file() else []

    def _log_hint(self) -> Path:
        return self.path / "world.log"


def _with_types(path: Path, content: dict[str, Any], types: Mapping[str, Any]) -> dict[str, Any]:
    """``content`` if every key of ``types`` is there with its type; DataError otherwise."""
    for key, expected in types.items():
        if not isinstance(content.get(key), expected):
            raise DataError(f"{path}: damaged: {key} is missing or of a wrong type ({content.get(key)!r})")
    return content


def strings(column: Sequence[str]) -> pa.Array:
    """A frame's string column as an Arrow array; the buffers are shared, not decoded."""
    if isinstance(column, StrColumn):
        offsets, data = column.buffers
        return pa.StringArray.from_buffers(len(column), pa.py_buffer(offsets), pa.py_buffer(data))
    return pa.array(list(column), pa.string())


def _table(path: Path, name: str) -> dict[str, Any]:
    if not path.is_file():
        raise DataError(f"{path}: not found; expected a file that `greensched prepare` and the world write")
    return read_frame(path).table(name)


def _joined(frames: Iterable[Frame], kind: str) -> dict[str, Any]:
    """The rows of all frames in one table (the table of a log bears the name of its kind, or is the only one)."""
    parts = [frame.tables.get(kind) or next(iter(frame.tables.values()), {}) for frame in frames]
    parts = [part for part in parts if part]
    if not parts:
        return {}
    return {name: _concatenate([part[name] for part in parts]) for name in parts[0]}


def _concatenate(columns: list[Any]) -> Any:
    if isinstance(columns[0], np.ndarray):
        return np.concatenate(columns)
    return pa.chunked_array([strings(c) for c in columns], pa.string()).combine_chunks()
