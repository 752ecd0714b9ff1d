"""Messages of the wire contract (PROTOCOL.md §4) to core types and back. Pure functions, no transport."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from greensched.core.contracts import Needs
from greensched.core.delta import Delta, Progress, Refusals, StateChanges, no_reports, no_tasks
from greensched.core.errors import BridgeProtocolError, FrameError
from greensched.core.frames import Column, Frame, encode
from greensched.core.types import (
    F64,
    I64,
    NO_DEADLINE_US,
    Datacenter,
    DatacenterState,
    Decisions,
    ForecastIssue,
    HostType,
    Options,
    Predictions,
    Reports,
    TaskTable,
    World,
)

PROTOCOL_VERSION = 1
_US_PER_S = 1e6
_STATE_COLUMNS = tuple(f.name for f in dataclasses.fields(DatacenterState))
_REPORT_COLUMNS = tuple(f.name for f in dataclasses.fields(Reports))


def seconds(us: I64) -> F64:
    """Instants in seconds; "no deadline" becomes infinity."""
    result = us / _US_PER_S
    result[us == NO_DEADLINE_US] = np.inf
    return result


def microseconds(s: F64) -> I64:
    """Instants in whole microseconds; NaN becomes 0 and infinity "no deadline"."""
    finite = np.isfinite(s)
    if finite.all():
        return np.rint(s * _US_PER_S).astype(np.int64)
    result = np.rint(np.where(finite, s, 0.0) * _US_PER_S).astype(np.int64)
    result[np.isposinf(s)] = NO_DEADLINE_US
    return result


def expect(frame: Frame, kind: str, sequence: int) -> None:
    """Check what kind of message this is and to which call it belongs.

    Raises:
        BridgeProtocolError: another kind or another sequence.
    """
    if frame.kind != kind:
        raise BridgeProtocolError(f"expected a message of kind '{kind}', got '{frame.kind}'")
    if frame.meta.get("seq") != sequence:
        raise BridgeProtocolError(f"message '{kind}' carries seq {frame.meta.get('seq')}, the call said {sequence}")


def world_from_meta(meta: Mapping[str, Any]) -> World:
    """The static part of a run, from the ``start`` message (or from run.json, which has the same keys)."""
    network = meta["network"]
    return World(
        run_id=meta["run_id"],
        scenario=meta["scenario"],
        start_utc=meta["start_utc"],
        horizon_s=meta["horizon_us"] / _US_PER_S,
        slot_s=meta["slot_us"] / _US_PER_S,
        mode=meta["mode"],
        seed=meta["seed"],
        privileged=meta["privileged"],
        datacenters=tuple(_datacenter(i, d) for i, d in enumerate(meta["datacenters"])),
        work_classes=tuple(meta["work_classes"]),
        gpu_types=tuple(meta["gpu_types"]),
        origins=tuple(o["region"] for o in meta["origins"]),
        home=np.array([o["home"] for o in meta["origins"]], dtype=np.int32),
        rtt_ms=np.array(network["rtt_ms"], dtype=np.float64),
        gbps=np.array(network["gbps"], dtype=np.float64),
        kwh_per_gb=float(network["kwh_per_gb"]),
    )


def _datacenter(index: int, d: Mapping[str, Any]) -> Datacenter:
    price = d.get("price_per_kwh")
    return Datacenter(
        index=index,
        name=d["name"],
        region=d["region"],
        zone=d["zone"],
        lat=float(d["lat"]),
        lon=float(d["lon"]),
        utilisation_cap_frac=float(d["utilisation_cap_frac"]),
        price_per_kwh=None if price is None else float(price),
        pue=dict(d["pue"]),
        hosts=tuple(_host_type(h) for h in d["hosts"]),
    )


def _host_type(h: Mapping[str, Any]) -> HostType:
    return HostType(
        type=h["type"],
        count=int(h["count"]),
        cores=float(h["cores"]),
        mem_gb=float(h["mem_gb"]),
        gpus=int(h["gpus"]),
        gpu_type=int(h["gpu_type"]),
        gpu_idle_w=float(h["gpu_idle_w"]),
        gpu_max_w=float(h["gpu_max_w"]),
        power_w=tuple(map(float, h["power_w"])),
        speed=tuple(map(float, h["speed"])),
    )


def delta_from_frame(frame: Frame) -> Delta:
    """Decode an ``observe`` or ``finish`` message.

    Raises:
        FrameError: a table lacks a column that this version knows.
    """
    try:
        return Delta(
            seq=frame.meta["seq"],
            t_s=frame.meta["t_us"] / _US_PER_S,
            ack=frame.meta["ack"],
            state=DatacenterState(**{name: frame.tables["datacenters"][name] for name in _STATE_COLUMNS}),
            new_tasks=_new_tasks(frame.table("new_tasks")),
            ask=frame.table("ask").get("task", np.zeros(0, dtype=np.int64)),
            states=_states(frame.table("states")),
            progress=_progress(frame.table("progress")),
            issues=_issues(frame),
            reports=_reports(frame.table("reports")),
            refusals=_refusals(frame),
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
    )


def _states(t: dict[str, Any]) -> StateChanges:
    return StateChanges(t["task"], t["state"], seconds(t["t_us"]), t["dc"]) if t else StateChanges()


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
        ForecastIssue(i / _US_PER_S, dc, kinds[k], f / _US_PER_S, s / _US_PER_S, value[at : at + n])
        for i, dc, k, f, s, at, n in zip(*columns, strict=True)
    ]


def encode_ready(sequence: int, needs: Needs, policy: str, predictor: str | None) -> bytes:
    """The answer to ``start``."""
    meta = {"seq": sequence, "needs": dataclasses.asdict(needs), "policy": policy, "predictor": predictor}
    return encode("ready", meta, {})


def encode_decisions(sequence: int, decisions: Decisions, who: Mapping[str, str | None]) -> bytes:
    """The answer to ``observe``; ``who`` names policy, predictor and model."""
    if len(decisions) == 0:
        return encode("decisions", {"seq": sequence, **who}, {})
    table: dict[str, Column] = {
        "task": np.asarray(decisions.task, dtype=np.int64),
        "action": np.asarray(decisions.action, dtype=np.int32),
        "dc": np.asarray(decisions.dc, dtype=np.int32),
        "until_us": microseconds(np.asarray(decisions.until_s, dtype=np.float64)),
        "scale": np.asarray(decisions.scale, dtype=np.float64),
        "status": np.asarray(decisions.status, dtype=np.int32),
        "energy_kwh": np.asarray(decisions.energy_kwh, dtype=np.float64),
        "service_time_s": np.asarray(decisions.service_time_s, dtype=np.float64),
        "reason": decisions.reason,
    }
    return encode("decisions", {"seq": sequence, **who}, {"decisions": table})


def encode_bye(sequence: int) -> bytes:
    """The answer to ``finish``."""
    return encode("bye", {"seq": sequence}, {})


def encode_error(sequence: int, code: str, message: str, traceback: str) -> bytes:
    """The answer of a mind that failed."""
    return encode("error", {"seq": sequence, "code": code, "message": message, "traceback": traceback}, {})


def encode_truth_request(sequence: int, tasks: I64, options: Options) -> bytes:
    """Ask the world what would happen to ``tasks`` at ``options`` (privileged runs only)."""
    tables: dict[str, dict[str, Column]] = {
        "tasks": {"task": np.asarray(tasks, dtype=np.int64)},
        "options": {
            "dc": np.asarray(options.dc, dtype=np.int32),
            "start_us": microseconds(np.asarray(options.start_s, dtype=np.float64)),
            "scale": np.asarray(options.scale, dtype=np.float64),
        },
    }
    return encode("truth", {"seq": sequence}, tables)


def predictions_from_truth(frame: Frame, tasks: int, options: int) -> Predictions:
    """Decode the world's answer to :func:`encode_truth_request`; arrays of shape (tasks, options)."""
    table = frame.table("truth")
    if not table and tasks * options == 0:
        empty = np.zeros((tasks, options))
        return Predictions(empty, empty, empty)
    columns: list[F64] = [table[name] for name in ("energy_kwh", "service_time_s", "wait_s")]
    if any(len(c) != tasks * options for c in columns):
        raise FrameError(f"truth has {len(columns[0])} rows, expected {tasks} tasks x {options} options")
    energy_kwh, service_time_s, wait_s = (c.reshape(tasks, options) for c in columns)
    return Predictions(energy_kwh, service_time_s, wait_s)
