"""A run folder written by hand with known numbers, as prepare and the world would leave it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from greensched.core.frames import encode, write_frame
from greensched.core.types import NO_DEADLINE_US

NAN = float("nan")
HOST = {
    "type": "h",
    "count": 2,
    "cores": 8.0,
    "mem_gb": 32.0,
    "gpus": 0,
    "gpu_type": -1,
    "gpu_idle_w": 0.0,
    "gpu_max_w": 0.0,
    "power_w": [100.0, 200.0],
    "speed": [1.0],
    "embodied_g_per_core_h": 0.0,
    "sleep": None,
}
CONFIG: dict[str, Any] = {
    "format": 1,
    "run_id": "hand-s1",
    "scenario": "hand",
    "start_utc": "2022-06-06T00:00:00Z",
    "horizon_us": 3_600_000_000,
    "drain_us": 3_600_000_000,
    "slot_us": 1_800_000_000,
    "mode": "slots",
    "seed": 1,
    "privileged": False,
    "on_mind_failure": "fallback",
    "mind": {"start_timeout_s": 10.0, "decide_timeout_s": 5.0},
    "noise": {"time_sigma_frac": 0.0, "power_sigma_frac": 0.0},
    "work_classes": ["general"],
    "gpu_types": [],
    "network": {"kwh_per_gb": 0.01, "rtt_ms": [[1.0, 90.0], [90.0, 1.0]], "gbps": [[10.0, 1.0], [1.0, 10.0]]},
    "origins": [{"region": "eu", "home": 0}, {"region": "us", "home": 1}],
    "datacenters": [
        {
            "name": "eu-1",
            "region": "eu",
            "zone": "DE",
            "lat": 50.1,
            "lon": 8.7,
            "utilisation_cap_frac": 1.0,
            "price_per_kwh": None,
            "pue": {"model": "static", "value": 1.2},
            "hosts": [HOST],
        },
        {
            "name": "us-1",
            "region": "us",
            "zone": "US-CA",
            "lat": 37.4,
            "lon": -122.1,
            "utilisation_cap_frac": 1.0,
            "price_per_kwh": 0.1,
            "pue": {"model": "static", "value": 1.1},
            "hosts": [HOST],
        },
    ],
    "policy": {"name": "lowest-carbon"},
}

# seven tasks, six jobs (job 5 has two): in time, late, rejected, unfinished, failed, a pair whose last task is late
STATE = [7, 7, 9, 5, 8, 7, 7]
JOB = [0, 1, 2, 3, 4, 5, 5]
ARRIVAL_S = [0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 50.0]
DEADLINE_S = [100.0, 60.0, NAN, NAN, 500.0, 100.0, 300.0]
START_S = [5.0, 20.0, NAN, 40.0, 45.0, 60.0, 200.0]
FINISH_S = [65.0, 80.5, NAN, NAN, NAN, 90.0, 301.0]
DC = [0, 1, -1, 0, 1, 1, 1]
ORIGIN = [0, 0, 0, 0, 1, 1, 1]
DYNAMIC_G = [10.0, 20.0, 0.0, 0.0, 5.0, 7.0, 8.0]
IDLE_G = [1.0, 2.0, 0.0, 0.0, 0.5, 0.25, 0.25]


def write_run(folder: Path, **config: Any) -> Path:
    """Write the hand-made run; keywords change run.json."""
    (folder / "input").mkdir(parents=True)
    (folder / "world").mkdir()
    (folder / "input" / "run.json").write_text(json.dumps(CONFIG | config))
    n = len(STATE)
    write_frame(
        folder / "input" / "tasks.gsf", "tasks", {"labels_synthetic": True, "source": "by hand"}, {"tasks": _tasks(n)}
    )
    write_frame(folder / "input" / "signals.gsf", "signals", SIGNAL_META, {"signals": _signals()})
    write_frame(folder / "world" / "jobs.gsf", "jobs", {"reasons": ["", "never_fits", "crashed"]}, {"jobs": _jobs(n)})
    (folder / "world" / "datacenters.gsf").write_bytes(b"".join(slot_frame(k) for k in (1, 2)))
    (folder / "world" / "decisions.gsf").write_bytes(decision_frame())
    write_frame(folder / "world" / "hosts.gsf", "hosts", {}, {"hosts": _hosts()})
    write_world(folder)
    return folder


SIGNAL_META = {
    "step_us": 1_800_000_000,
    "labels": {
        "0.carbon_gpkwh": {"source": "by hand", "synthetic": True, "estimated_frac": 0.0, "interpolation": "hold"},
        "1.carbon_gpkwh": {"source": "a table", "synthetic": False, "estimated_frac": 0.25, "interpolation": "hold"},
    },
}


def write_world(folder: Path, **changes: Any) -> None:
    """Write world.json; keywords change it."""
    world = {
        "status": "completed",
        "reason": "",
        "sim_time_s": 3600.0,
        "events": 99,
        "tasks": {},
        "fallbacks": {},
        "decision_log_sha256": "ab" * 32,
        "latency_us": {"p50": 400.0, "p99": 2500.0, "max": 9000.0, "count": 6},
        "wall_s": 1.5,
        "totals": {},
    }
    (folder / "world" / "world.json").write_text(json.dumps(world | changes))


def _tasks(n: int) -> dict[str, Any]:
    deadline_us = [NO_DEADLINE_US if np.isnan(d) else int(d * 1e6) for d in DEADLINE_S]
    return {
        "job": np.array(JOB, dtype=np.int64),
        "index": np.array([0, 0, 0, 0, 0, 0, 1], dtype=np.int32),
        "arrival_us": (np.array(ARRIVAL_S) * 1e6).astype(np.int64),
        "deadline_us": np.array(deadline_us, dtype=np.int64),
        "cores": np.full(n, 2.0),
        "gpus": np.zeros(n),
        "gpu_type": np.full(n, -1, dtype=np.int32),
        "mem_gb": np.ones(n),
        "data_gb": np.zeros(n),
        "origin": np.array(ORIGIN, dtype=np.int32),
        "priority": np.zeros(n, dtype=np.int32),
        "expected_s": np.full(n, NAN),
        "name": [f"t{i}" for i in range(n - 1)] + ["<b>ü</b>"],
        "labels": ["kind=batch"] * n,
        "user": ["ann"] * n,
    }


def _signals() -> dict[str, Any]:
    return {"0.carbon_gpkwh": np.full(4, 400.0), "1.carbon_gpkwh": np.full(4, 250.0), "1.wind_frac": np.full(4, 0.25)}


def _jobs(n: int) -> dict[str, Any]:
    zero = np.zeros(n)
    return {
        "state": np.array(STATE, dtype=np.int32),
        "reason": np.array([0, 0, 1, 0, 2, 0, 0], dtype=np.int32),
        "dc": np.array(DC, dtype=np.int32),
        "host": np.array([0, 0, -1, 1, 0, 0, 0], dtype=np.int32),
        "decision": np.array([0, 1, 2, 3, 4, 5, 1 << 24], dtype=np.int64),
        "source": np.array([1, 1, 1, 2, 1, 1, 1], dtype=np.uint8),
        "placed_s": zero,
        "queued_s": zero,
        "start_s": np.array(START_S),
        "finish_s": np.array(FINISH_S),
        "done_frac": np.array([1.0, 1.0, 0.0, 0.5, 0.1, 1.0, 1.0]),
        "it_kwh": zero + 0.01,
        "dynamic_kwh": np.array(DYNAMIC_G) / 400,
        "idle_kwh": np.array(IDLE_G) / 400,
        "transfer_kwh": zero,
        "dynamic_g": np.array(DYNAMIC_G),
        "idle_g": np.array(IDLE_G),
        "transfer_g": zero + 0.5,
        "marginal_g": np.full(n, NAN),
        "cost": np.full(n, NAN),
        "attempts": np.array([1, 1, 0, 1, 1, 1, 1], dtype=np.int32),
        "first_start_s": np.array(START_S),
    }


def slot_frame(k: int) -> bytes:
    """The frame of slot ``k`` (1, 2, ...): 2 kWh at eu-1, 1 kWh at us-1."""
    two = np.zeros(2)
    rows = {
        "t_us": np.full(2, k * 1_800_000_000, dtype=np.int64),
        "dc": np.array([0, 1], dtype=np.int32),
        "running": np.array([1, 0], dtype=np.int32),
        "queued": np.array([0, 2], dtype=np.int32),
        "used_cores": np.array([4.0, 8.0]),
        "used_gpus": two,
        "hosts_on": np.array([2, 1], dtype=np.int32),
        "hosts_asleep": np.array([0, 1], dtype=np.int32),
        "hosts_down": np.zeros(2, dtype=np.int32),
        "it_kwh": np.array([2.0 / 1.2, 1.0 / 1.1]),
        "facility_kwh": np.array([2.0, 1.0]),
        "attributed_kwh": np.array([1.5, 0.25]),
        "idle_kwh": np.array([0.5, 0.75]),
        "wake_kwh": two,
        "carbon_g": np.array([800.0, 250.0]),
        "attributed_g": np.array([600.0, 62.5]),
        "idle_g": np.array([200.0, 187.5]),
        "marginal_g": np.array([NAN, 300.0]),
        "cost": np.array([NAN, 0.1]),
        "transfer_kwh": np.array([0.01, 0.0]),
        "transfer_g": np.array([4.0, 0.0]),
        "carbon_gpkwh": np.array([400.0, 250.0]),
        "wind_frac": np.array([NAN, 0.25]),
        "solar_frac": np.array([NAN, NAN]),
        "renewable_frac": np.array([NAN, 0.5]),
        "price_per_kwh": np.array([NAN, 0.1]),
        "temperature_c": np.array([NAN, 20.0]),
        "pue": np.array([1.2, 1.1]),
    }
    return encode("datacenters", {}, {"datacenters": rows})


def decision_frame() -> bytes:
    """Six decisions of observation 0 and one of observation 1; the second was not carried out."""
    rows = {
        "decision": np.array([0, 1, 2, 3, 4, 5, 1 << 24], dtype=np.int64),
        "t_us": np.array([0, 0, 0, 0, 0, 0, 1_800_000_000], dtype=np.int64),
        "seq": np.array([0, 0, 0, 0, 0, 0, 1], dtype=np.int64),
        "task": np.arange(7, dtype=np.int64),
        "action": np.array([0, 0, 2, 0, 0, 0, 1], dtype=np.int32),
        "dc": np.array([0, 1, -1, 0, 1, 1, -1], dtype=np.int32),
        "until_us": np.array([0] * 6 + [3_600_000_000], dtype=np.int64),
        "source": np.array([1, 1, 1, 2, 1, 1, 1], dtype=np.uint8),
        "status": np.array([6, 6, 5, 3, 6, 6, 6], dtype=np.int32),
        "code": np.array([0, 1, 0, 0, 0, 0, 0], dtype=np.int32),
        "reason": ["lowest intensity"] * 7,
    }
    return encode("decisions", {"codes": ["accepted", "unsupported"]}, {"decisions": rows})


def _hosts() -> dict[str, Any]:
    return {
        "dc": np.array([0, 1], dtype=np.int32),
        "host": np.array([0, 0], dtype=np.int32),
        "type": ["h", "h"],
        "it_kwh": np.array([1.0, 2.0]),
        "facility_kwh": np.array([1.2, 2.2]),
        "carbon_g": np.array([480.0, 550.0]),
        "busy_core_s": np.array([10.0, 20.0]),
        "on_s": np.array([3600.0, 3600.0]),
        "asleep_s": np.zeros(2),
        "down_s": np.zeros(2),
        "wakes": np.zeros(2, dtype=np.int32),
        "tasks": np.array([1, 2], dtype=np.int32),
    }
