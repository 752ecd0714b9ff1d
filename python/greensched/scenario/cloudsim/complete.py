"""What a CloudSim file does not say and a scenario needs: grid, policy, times. Whatever is given stays as it is."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np

from greensched.core import limits
from greensched.core.types import F64
from greensched.scenario.cloudsim import fields
from greensched.scenario.cloudsim.source import Cloud
from greensched.scenario.problems import Collector
from greensched.scenario.quantities import parse_duration_us
from greensched.signals.flat import ASSUMED_ZONE, mean_gpkwh

START = "2022-06-06T00:00:00Z"
SLOT_US = 300_000_000
_DAY_US = 86_400_000_000
_MOST_SHAPES = 2000  # kinds of VM that are looked at one by one


def complete(raw: dict[str, Any], cloud: Cloud, problems: Collector) -> None:
    """Fill in the defaults of a raw scenario that :func:`source.read` made, after its overrides."""
    datacenters = [dc for dc in raw.get("datacenters") or [] if isinstance(dc, dict)]
    cloud.zoned = any(dc.get("zone") is not None for dc in datacenters)
    _grid(raw, cloud, datacenters, problems)
    if "start" not in raw:
        raw["start"] = START
        if cloud.zoned:
            problems.warnings.append(f"start is not given, assumed {START}; the grid of another time is another one")
    policy = raw.setdefault("policy", {})
    if isinstance(policy, dict):
        policy.setdefault("name", "greensched" if cloud.zoned else "performance")
    raw.setdefault("baseline", "local-only" if cloud.zoned else None)
    raw.setdefault("execution", "cloudsim")
    raw.setdefault("noise", {"time_sigma": 0.0, "power_sigma": 0.0})
    raw.setdefault("end", "drained")
    _times(raw, cloud)


def _grid(raw: dict[str, Any], cloud: Cloud, datacenters: list[dict[str, Any]], problems: Collector) -> None:
    """Without zones: the same intensity everywhere, PUE 1, sites by time zone."""
    if cloud.zoned:
        return
    signals = raw.setdefault("signals", {})
    if not isinstance(signals, dict):
        return
    if signals.setdefault("source", "flat") == "flat" and signals.get("carbon_gpkwh") is None:
        problems.warnings.append(
            f"{problems.places.file}: no datacenter has a zone: carbon is a flat {mean_gpkwh():g} g/kWh (mean of "
            "the built-in zones in 2022), PUE is 1 and there is no price; for a real grid give each datacenter zone, "
            "pue and so on (docs/cloudsim-files.md)"
        )
    if signals["source"] != "flat":
        return  # each zone that is missing is an error there
    signals.setdefault("forecasts", {"source": "none"})
    for dc, time_zone in zip(datacenters, cloud.time_zones.tolist(), strict=False):
        dc["zone"] = ASSUMED_ZONE
        dc.setdefault("pue", 1.0)
        dc.setdefault("lat", 0.0)
        dc.setdefault("lon", 0.0 if math.isnan(time_zone) else max(-180.0, min(180.0, 15.0 * time_zone)))


def _times(raw: dict[str, Any], cloud: Cloud) -> None:
    """Slot, horizon, drain and mode."""
    raw.setdefault("slot", f"{SLOT_US}us")
    slot_us = _duration_us(raw["slot"], SLOT_US)
    arrival_us = np.round(cloud.arrival_s * 1e6).astype(np.int64)
    last_us = int(arrival_us.max(initial=0))
    raw.setdefault("horizon", f"{(last_us // slot_us + 1) * slot_us}us")
    horizon_us = _duration_us(raw["horizon"], slot_us)
    most_us = min(limits.LONGEST_US, limits.SLOTS * slot_us - horizon_us)
    wanted_us = min(max(_DAY_US, 2 * _work_us(cloud)), most_us)
    raw.setdefault("drain", f"{max(0, -(-wanted_us // slot_us) * slot_us if wanted_us < most_us else most_us)}us")
    raw.setdefault("mode", "slots" if not (arrival_us % slot_us).any() else "immediate")


def _duration_us(text: Any, otherwise: int) -> int:
    try:
        return parse_duration_us(text) or otherwise
    except ValueError:  # said by the validation that follows
        return otherwise


def _work_us(cloud: Cloud) -> int:
    """Time that everything takes if one kind of VM runs after the other, all in the datacenter with the least room.

    Kinds differ in cores, MIPS and memory. Datacenters in which a kind has no room do not count for it.
    """
    vms = cloud.machines.vms
    if len(vms) == 0:
        return 0
    shapes, kind = np.unique(np.stack([vms.pes, vms.mips, vms.ram_mb], axis=1), axis=0, return_inverse=True)
    kind = kind.reshape(-1)
    longest_s = np.zeros(len(shapes))
    np.maximum.at(longest_s, kind, cloud.makespan_s)
    if len(shapes) > _MOST_SHAPES:
        return _bounded_us(float(cloud.makespan_s.sum()))
    room = np.full(len(shapes), np.inf)
    for rows in {id(rows): rows for rows in cloud.raw_hosts}.values():
        here = _room(rows, shapes)
        room = np.where(here > 0, np.minimum(room, here), room)
    rounds = np.ceil(np.bincount(kind, minlength=len(shapes)) / room)
    return _bounded_us(float((longest_s * rounds).sum()))


def _bounded_us(seconds: float) -> int:
    return int(min(seconds * 1e6, limits.LONGEST_US))


def _room(rows: list[tuple[Any, ...]], shapes: F64) -> F64:
    """VMs of each kind (cores, MIPS, memory in MB) that hosts hold at once."""
    names = [f.name for f in fields.HOST]
    total = np.zeros(len(shapes))
    pes, mips, ram_mb = shapes[:, 0], shapes[:, 1], np.maximum(shapes[:, 2], 1e-9)
    counts: Counter[tuple[Any, ...]] = Counter()
    for amount, *host in rows:
        counts[tuple(host)] += amount
    for kind, count in counts.items():
        value = dict(zip(names[1:], kind, strict=True))
        by_cpu = value["pes"] / pes
        if value["vmScheduler"] != "space":
            by_cpu = value["pes"] * value["mips"] / (pes * mips)
        fits = np.minimum(np.floor(by_cpu), np.floor(value["ram"] / ram_mb))
        total += count * np.where((pes <= value["pes"]) & (mips <= value["mips"]), fits, 0.0)
    return total
