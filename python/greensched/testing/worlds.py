"""Small worlds, tasks, states and deltas made from a seed, without any simulation."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from greensched.core.delta import Delta
from greensched.core.types import (
    I64,
    Advisory,
    Datacenter,
    DatacenterState,
    ForecastBook,
    ForecastIssue,
    HostType,
    Observation,
    TaskTable,
    World,
)

HOUR_S = 3600.0
_REGIONS = ("us-east", "de", "in-west", "ca-on", "gb", "sg", "us-tex", "jp", "es", "us-cal", "fr", "se")


def host(**overrides: Any) -> HostType:
    """A 64-core host, 100 W idle and 420 W busy, reference speed, no GPU."""
    facts: dict[str, Any] = {
        "type": "cpu", "count": 4, "cores": 64.0, "mem_gb": 256.0, "gpus": 0, "gpu_type": -1, "gpu_idle_w": 0.0,
        "gpu_max_w": 0.0, "power_w": (100.0, 180.0, 260.0, 340.0, 420.0), "speed": (1.0, 1.0),
    }  # fmt: skip
    return HostType(**(facts | overrides))


def datacenter(index: int, name: str, hosts: Sequence[HostType], pue: float = 1.2, cap: float = 1.0) -> Datacenter:
    """A datacenter with a static PUE."""
    model = {"model": "static", "value": pue}
    return Datacenter(index, name, name, name.upper(), 10.0 * index, 5.0 * index, cap, 0.1, model, tuple(hosts))


def world(datacenters: Sequence[Datacenter], **overrides: Any) -> World:
    """A world where every datacenter is the home of one origin; 20 ms and 1 Gbit/s per step between them."""
    n = len(datacenters)
    apart = np.abs(np.subtract.outer(np.arange(n), np.arange(n))).astype(np.float64)
    facts: dict[str, Any] = {
        "run_id": "test", "scenario": "test", "start_utc": "2022-06-06T00:00:00Z", "horizon_s": 7 * 24 * HOUR_S,
        "slot_s": 300.0, "mode": "slots", "seed": 1, "privileged": False, "datacenters": tuple(datacenters),
        "work_classes": ("cpu", "mixed"), "gpu_types": ("a100", "t4"),
        "origins": tuple(d.region for d in datacenters), "home": np.arange(n, dtype=np.int32), "rtt_ms": 20.0 * apart,
        "gbps": np.where(apart > 0, 1.0 / np.maximum(apart, 1.0), 10.0), "kwh_per_gb": 0.002,
    }  # fmt: skip
    return World(**(facts | overrides))


def random_world(seed: int, n: int = 10, gpus: bool = True) -> World:
    """``n`` datacenters that differ in size, speed, power, PUE and GPUs."""
    rng = np.random.default_rng(seed)
    sites = []
    for i in range(n):
        speed = tuple(rng.uniform(0.7, 1.4, 2).tolist())
        peak_w = float(rng.uniform(300, 600))
        curve = tuple(np.linspace(90.0, peak_w, 5).tolist())
        hosts = [host(count=int(rng.integers(2, 30)), speed=speed, power_w=curve)]
        if gpus and i % 2 == 0:
            kind = int(rng.integers(0, 2))
            hosts.append(
                host(type=f"gpu{kind}", count=4, gpus=8, gpu_type=kind, gpu_idle_w=60.0, gpu_max_w=400.0, cores=96.0)
            )
        name = _REGIONS[i] if i < len(_REGIONS) else f"region-{i}"
        sites.append(datacenter(i, name, hosts, pue=float(rng.uniform(1.05, 1.6)), cap=float(rng.uniform(0.8, 1.0))))
    return world(sites)


def tasks(n: int, **columns: Any) -> TaskTable:
    """``n`` plain tasks (one core, 1 GB, an hour on reference hardware, no deadline); columns may be given."""
    ids = np.arange(n, dtype=np.int64)
    values: dict[str, Any] = {
        "task": ids, "job": ids, "arrival_s": np.zeros(n), "deadline_s": np.full(n, np.inf), "cores": np.ones(n),
        "gpus": np.zeros(n), "gpu_type": np.full(n, -1, dtype=np.int32), "mem_gb": np.ones(n), "data_gb": np.zeros(n),
        "origin": np.zeros(n, dtype=np.int32), "priority": np.zeros(n, dtype=np.int32),
        "expected_s": np.full(n, HOUR_S), "name": [f"task-{i}" for i in range(n)], "labels": [""] * n,
        "user": ["alice"] * n, "description": [""] * n,
    }  # fmt: skip
    for name, given in columns.items():
        if isinstance(values[name], np.ndarray):
            values[name] = np.broadcast_to(np.asarray(given, dtype=values[name].dtype), (n,)).copy()
        else:
            values[name] = list(given)
    return TaskTable(**values)


def random_tasks(seed: int, n: int, w: World, now_s: float = 0.0, first: int = 0) -> TaskTable:
    """Tasks of mixed size; some with GPUs, some without deadline or estimate, a few that fit nowhere."""
    rng = np.random.default_rng([seed, n])
    run_s = rng.lognormal(7.5, 1.0, n)
    gpus = np.where(rng.random(n) < 0.15, rng.choice([0.5, 1.0, 2.0], n), 0.0)
    return tasks(
        n,
        task=first + np.arange(n),
        job=first + np.arange(n),
        arrival_s=now_s - rng.uniform(0, w.slot_s, n),
        deadline_s=np.where(rng.random(n) < 0.2, np.inf, now_s + run_s * rng.uniform(1.1, 6.0, n)),
        cores=np.where(rng.random(n) < 0.02, 5000.0, rng.choice([0.5, 1, 2, 4, 8, 16], n)),
        gpus=gpus,
        gpu_type=np.where((gpus > 0) & (rng.random(n) < 0.5), rng.integers(0, 2, n), -1),
        mem_gb=rng.choice([1.0, 4.0, 16.0], n),
        data_gb=np.where(rng.random(n) < 0.5, 0.0, rng.lognormal(0.0, 1.5, n)),
        origin=rng.integers(0, len(w.origins), n),
        priority=np.where(rng.random(n) < 0.1, 1, 0),
        expected_s=np.where(rng.random(n) < 0.1, np.nan, run_s),
    )


def idle_state(w: World, **columns: Any) -> DatacenterState:
    """Every host free, 300 g/kWh, 20 degrees; columns may be given."""
    n = w.n_datacenters
    values: dict[str, Any] = {f.name: np.zeros(n) for f in dataclasses.fields(DatacenterState)}
    for name in ("running", "queued", "inbound"):
        values[name] = np.zeros(n, dtype=np.int32)
    sites = w.datacenters
    values |= {
        "free_cores": np.array([d.cores for d in sites]),
        "free_gpus": np.array([d.gpus for d in sites]),
        "free_mem_gb": np.array([float(sum(h.count * h.mem_gb for h in d.hosts)) for d in sites]),
        "max_free_cores": np.array([max(h.cores for h in d.hosts) for d in sites]),
        "max_free_gpus": np.array([float(max(h.gpus for h in d.hosts)) for d in sites]),
        "pue": np.array([d.pue.get("value", np.nan) for d in sites]),
        "carbon_gpkwh": np.full(n, 300.0),
        "marginal_gpkwh": np.full(n, np.nan),
        "price_per_kwh": np.full(n, 0.1),
        "temperature_c": np.full(n, 20.0),
        "down": np.zeros(n, dtype=np.int32),
        "failed_cores": np.zeros(n),
    }
    for name, given in columns.items():
        values[name] = np.broadcast_to(np.asarray(given, dtype=values[name].dtype), (n,)).copy()
    return DatacenterState(**values)


def random_state(seed: int, w: World) -> DatacenterState:
    """Partly busy datacenters under signals that differ; some signals are missing."""
    rng = np.random.default_rng([seed, 7])
    n = w.n_datacenters
    idle = idle_state(w)
    busy = rng.uniform(0, 1, n)
    used = np.floor(idle.free_cores * busy)
    return idle_state(
        w,
        free_cores=idle.free_cores - used,
        used_cores=used,
        free_gpus=np.floor(idle.free_gpus * (1 - busy)),
        free_mem_gb=idle.free_mem_gb * (1 - busy),
        max_free_cores=np.minimum(idle.max_free_cores, idle.free_cores - used),
        queued_cores=np.where(busy > 0.8, rng.integers(0, 50, n), 0),
        queued=np.where(busy > 0.8, 3, 0),
        utilisation_frac=busy,
        carbon_gpkwh=rng.uniform(30, 700, n),
        wind_frac=np.where(rng.random(n) < 0.3, np.nan, rng.uniform(0, 0.5, n)),
        price_per_kwh=np.where(rng.random(n) < 0.3, np.nan, rng.uniform(0.02, 0.3, n)),
    )


def forecasts(w: World, now_s: float, values_gpkwh: Any, step_s: float = HOUR_S) -> ForecastBook:
    """One intensity forecast per datacenter issued at ``now_s``; ``values_gpkwh`` has shape (datacenters, steps)."""
    book = ForecastBook()
    table = np.asarray(values_gpkwh, dtype=np.float64)
    for d in range(w.n_datacenters):
        book.add(ForecastIssue(now_s, d, "carbon_gpkwh", now_s, step_s, table[d]))
    return book


def observation(
    w: World, asked: TaskTable, state: DatacenterState | None = None, book: ForecastBook | None = None, **other: Any
) -> Observation:
    """An observation at instant 0 (or ``t_s``) of an idle world, unless told otherwise."""
    values: dict[str, Any] = {"seq": 1, "t_s": 0.0} | other
    return Observation(world=w, tasks=asked, state=state or idle_state(w), forecasts=book or ForecastBook(), **values)


def random_observation(seed: int, n: int, n_datacenters: int = 10, with_forecasts: bool = True) -> Observation:
    """A busy world, ``n`` tasks and, if wanted, forecasts for two days."""
    w = random_world(seed, n_datacenters)
    rng = np.random.default_rng([seed, 3])
    now_s = 10 * w.slot_s
    book = forecasts(w, 0.0, rng.uniform(30, 700, (n_datacenters, 48))) if with_forecasts else ForecastBook()
    told = (
        Advisory(0.0, 0, f"maintenance in {w.datacenters[0].name}: two hosts leave tonight"),
        Advisory(now_s, n_datacenters - 1, "Hitzewelle, bis zu +9 °C"),
    )
    return observation(w, random_tasks(seed, n, w, now_s), random_state(seed, w), book, t_s=now_s, advisories=told)


def delta(seq: int, w: World, new: TaskTable, ask: I64 | None = None, **other: Any) -> Delta:
    """A delta at slot ``seq`` that asks about its new tasks, unless told otherwise."""
    values: dict[str, Any] = {"t_s": seq * w.slot_s, "ack": seq - 1, "state": idle_state(w)} | other
    return Delta(seq=seq, new_tasks=new, ask=new.task.copy() if ask is None else ask, **values)
