"""Hand-made run folders for tests: a small world written straight in the format of bridge/PROTOCOL.md §2.

Nothing of ``prepare`` is used, so a test that compares with hand-computed numbers does not share its mistakes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from greensched.core.frames import read_frame, write_frame

HOUR_US = 3_600_000_000
NO_DEADLINE = np.iinfo(np.int64).max


def host(
    count: int = 1,
    cores: float = 4,
    power_w: list[float] | None = None,
    sleep: dict[str, float] | None = None,
    **other: Any,
) -> dict[str, Any]:
    """One host block of run.json; 100 W idle and 200 W busy unless said otherwise."""
    block = {
        "type": "test",
        "count": count,
        "cores": cores,
        "mem_gb": 1000.0,
        "gpus": 0,
        "gpu_type": -1,
        "gpu_idle_w": 0.0,
        "gpu_max_w": 0.0,
        "power_w": power_w or [100.0, 200.0],
        "speed": [1.0],
        "embodied_g_per_core_h": 0.0,
        "sleep": sleep,
    }
    return block | other


@dataclass
class Site:
    """One datacenter: hosts, PUE and hourly signals (``carbon_gpkwh`` is repeated to the end)."""

    name: str
    hosts: list[dict[str, Any]]
    carbon_gpkwh: list[float]
    pue: dict[str, Any] = field(default_factory=lambda: {"model": "static", "value": 1.0})
    signals: dict[str, list[float]] = field(default_factory=dict)
    utilisation_cap_frac: float = 1.0
    price_per_kwh: float | None = None


@dataclass
class Task:
    """One task: what its owner declares, then what is true."""

    arrival_s: float
    work_s: float
    cores: float = 1
    deadline_s: float | None = None
    gpus: float = 0
    mem_gb: float = 1
    data_gb: float = 0
    origin: int = 0
    priority: int = 0
    cpu_util_frac: float = 1.0
    gpu_util_frac: float = 0.0
    interference: float = 0.0
    description: str = ""


def write_world(
    folder: Path,
    sites: list[Site],
    tasks: list[Task],
    *,
    hours: int,
    drain_hours: int = 48,
    slot_s: int = 300,
    **run: Any,
) -> Path:
    """Write ``folder/input`` and return ``folder``. ``run`` overrides keys of run.json."""
    inputs = folder / "input"
    inputs.mkdir(parents=True)
    n = len(sites)
    config = {
        "format": 1,
        "run_id": folder.name.lower().replace("[", "-").replace("]", "")[:60],
        "scenario": "test",
        "start_utc": "2022-01-01T00:00:00Z",
        "horizon_us": hours * HOUR_US,
        "drain_us": drain_hours * HOUR_US,
        "slot_us": slot_s * 1_000_000,
        "mode": "slots",
        "seed": 1,
        "privileged": False,
        "on_mind_failure": "abort",
        "mind": {"start_timeout_s": 60.0, "decide_timeout_s": 30.0},
        "noise": {"time_sigma_frac": 0.0, "power_sigma_frac": 0.0},
        "work_classes": ["general"],
        "gpu_types": [],
        "network": {"kwh_per_gb": 0.0, "rtt_ms": [[0.0] * n] * n, "gbps": [[10.0] * n] * n},
        "origins": [{"region": f"r{i}", "home": i} for i in range(n)],
        "datacenters": [
            {
                "name": s.name,
                "region": f"r{i}",
                "zone": f"Z{i}",
                "lat": 0.0,
                "lon": 0.0,
                "pue": s.pue,
                "hosts": s.hosts,
                "utilisation_cap_frac": s.utilisation_cap_frac,
                "price_per_kwh": s.price_per_kwh,
            }
            for i, s in enumerate(sites)
        ],
        "policy": {"name": "local-only"},
    } | run
    (inputs / "run.json").write_text(json.dumps(config))
    _write_tasks(inputs, sorted(tasks, key=lambda t: t.arrival_s))
    _write_signals(inputs, sites, hours + drain_hours + 1, config["slot_us"])
    write_frame(inputs / "forecasts.gsf", "forecasts", {"kinds": [], "synthetic": True, "model": "none"}, {})
    return folder


def _write_tasks(inputs: Path, tasks: list[Task]) -> None:
    n = len(tasks)

    def f64(name: str) -> np.ndarray[Any, Any]:
        return np.array([getattr(t, name) for t in tasks], dtype=np.float64)

    def us(name: str) -> np.ndarray[Any, Any]:
        values = [getattr(t, name) for t in tasks]
        return np.array([NO_DEADLINE if v is None else round(v * 1e6) for v in values], dtype=np.int64)

    declared = {
        "job": np.arange(n),
        "index": np.zeros(n, np.int32),
        "arrival_us": us("arrival_s"),
        "deadline_us": us("deadline_s"),
        "cores": f64("cores"),
        "gpus": f64("gpus"),
        "gpu_type": np.full(n, -1, np.int32),
        "mem_gb": f64("mem_gb"),
        "data_gb": f64("data_gb"),
        "origin": f64("origin").astype(np.int32),
        "priority": f64("priority").astype(np.int32),
        "expected_s": f64("work_s"),
        "name": [f"task {i}" for i in range(n)],
        "labels": [""] * n,
        "user": ["tester"] * n,
    }
    if any(t.description for t in tasks):
        declared["description"] = [t.description for t in tasks]
    meta = {"labels_synthetic": True, "deadline_rule": "given", "source": "test"}
    write_frame(inputs / "tasks.gsf", "tasks", meta, {"tasks": declared})
    hidden = {
        "work_s": f64("work_s"),
        "work_class": np.zeros(n, np.int32),
        "cpu_util_frac": f64("cpu_util_frac"),
        "gpu_util_frac": f64("gpu_util_frac"),
        "interference": f64("interference"),
    }
    write_frame(inputs / "hidden.gsf", "hidden", {}, {"hidden": hidden}, mode=0o600)


def _write_signals(inputs: Path, sites: list[Site], hours: int, slot_us: int) -> None:
    columns = {}
    per_hour = HOUR_US // slot_us
    for i, site in enumerate(sites):
        for kind, values in ({"carbon_gpkwh": site.carbon_gpkwh} | site.signals).items():
            hourly = np.resize(np.asarray(values, dtype=np.float64), max(hours, len(values)))[:hours]
            columns[f"{i}.{kind}"] = np.repeat(hourly, per_hour)
    labels = {c: {"source": "test", "synthetic": True, "estimated_frac": 0.0, "interpolation": "hold"} for c in columns}
    write_frame(inputs / "signals.gsf", "signals", {"step_us": slot_us, "labels": labels}, {"signals": columns})


def write_faults(folder: Path, faults: Sequence[tuple[float, ...]]) -> None:
    """Add ``input/faults.gsf``: rows of (start_s, end_s, kind, datacenter, first host, hosts[, share of cores])."""
    rows = sorted(faults)
    us = [[round(row[c] * 1e6) for row in rows] for c in (0, 1)]
    table = {"start_us": np.array(us[0], dtype=np.int64), "end_us": np.array(us[1], dtype=np.int64)}
    codes = {
        name: np.array([row[c] for row in rows], np.int32) for c, name in enumerate(("kind", "dc", "first", "count"), 2)
    }
    caps = {"cap_frac": np.array([row[6] if len(row) > 6 else np.nan for row in rows])}
    columns = table | codes | (caps if any(len(row) > 6 for row in rows) else {})
    write_frame(folder / "input" / "faults.gsf", "faults", {}, {"faults": columns}, mode=0o600)


def write_advisories(folder: Path, advisories: list[tuple[float, int, str]]) -> None:
    """Add ``input/advisories.gsf``: rows of (issue_s, datacenter, text)."""
    rows = sorted(advisories)
    table = {
        "issue_us": np.array([round(row[0] * 1e6) for row in rows], dtype=np.int64),
        "dc": np.array([row[1] for row in rows], dtype=np.int32),
        "text": [row[2] for row in rows],
    }
    write_frame(folder / "input" / "advisories.gsf", "advisories", {}, {"advisories": table}, mode=0o600)


def play(folder: Path) -> str:
    """Run world and mind on the folder, for real; returns the status that the world wrote."""
    from greensched_bridge.launch import run_world

    run_world(folder)
    return str(json.loads((folder / "world" / "world.json").read_text())["status"])


def jobs_table(folder: Path) -> dict[str, Any]:
    """Columns of world/jobs.gsf."""
    return read_frame(folder / "world" / "jobs.gsf").table("jobs")
