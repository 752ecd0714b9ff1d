"""Messages of the wire contract (PROTOCOL.md §4) to core types and back. Pure functions, no transport."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from greensched.core.contracts import Needs
from greensched.core.delta_frames import US_PER_S, microseconds
from greensched.core.errors import BridgeProtocolError, FrameError
from greensched.core.frames import Column, Frame, encode
from greensched.core.types import (
    F64,
    I64,
    Datacenter,
    Decisions,
    HostType,
    Options,
    Predictions,
    World,
)

PROTOCOL_VERSION = 1


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
        horizon_s=meta["horizon_us"] / US_PER_S,
        slot_s=meta["slot_us"] / US_PER_S,
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
        mips=1000.0 if h.get("mips") is None else float(h["mips"]),
        embodied_g_per_core_h=float(h.get("embodied_g_per_core_h") or 0.0),
    )


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
