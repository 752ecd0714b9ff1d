"""run.json: the resolved configuration that the world and the mind read (PROTOCOL.md §2.1)."""

from __future__ import annotations

from typing import Any

from greensched.core.errors import ConfigError, DataError
from greensched.core.registry import FOLDER_KEY
from greensched.scenario import pue
from greensched.scenario.datacenters import Datacenter, StaticPue, TemperaturePue, VmMigration
from greensched.scenario.faults import Checkpoint
from greensched.scenario.hardware import HostGroup, HostSpec, Sleep
from greensched.scenario.load import Loaded
from greensched.scenario.network import gcp_latency_ms, rtt_matrix_ms
from greensched.scenario.origins import Origins, site
from greensched.scenario.tasks import gpu_types
from greensched.signals.series import utc_text
from greensched.signals.zones import zones
from greensched.traces.apps import WORK_CLASSES

_UPDATE_S = 3600.0  # of wall time, for an update


def run_config(loaded: Loaded, where: Origins) -> dict[str, Any]:
    """The content of run.json; problems with PUE fits and latencies go to ``loaded.problems``."""
    s = loaded.scenario
    run_id = f"{s.name[:50]}-s{s.seed}"[:64]
    types = gpu_types(loaded)
    return {
        "format": 1,
        "run_id": run_id,
        "scenario": s.name,
        "start_utc": utc_text(s.start),
        "horizon_us": s.horizon,
        "drain_us": s.drain,
        "end": s.end,
        "slot_us": s.slot,
        "mode": s.mode,
        "seed": s.seed,
        "privileged": s.privileged,
        "on_mind_failure": s.on_mind_failure,
        "execution": s.execution,
        "mind": {"start_timeout_s": s.mind.start_timeout_s, "decide_timeout_s": _decide_timeout_s(loaded)},
        "noise": {"time_sigma_frac": s.noise.time_sigma, "power_sigma_frac": s.noise.power_sigma},
        "work_classes": list(WORK_CLASSES),
        "gpu_types": types,
        "network": _network(loaded, where),
        "origins": [{"region": r, "home": h} for r, h in zip(where.regions, where.home, strict=True)],
        "datacenters": [_datacenter(loaded, i, dc, where, types) for i, dc in enumerate(s.datacenters)],
        "faults": {
            "failed_power": s.faults.failed_power,
            "interrupted": s.faults.interrupted,
            "max_attempts": s.faults.max_attempts,
        },
        "checkpoint": _checkpoint(s.faults.checkpoint),
        "policy": s.options() | {FOLDER_KEY: str(loaded.folder)},
        "baseline": s.baseline,
        "currency": s.currency,  # for `finish` only
    }


def _decide_timeout_s(loaded: Loaded) -> float:
    """A decision may have to wait for an update that is trained inline."""
    s = loaded.scenario
    learning = s.policy.learning
    waits = learning is not None and learning.update is not None and learning.trains == "inline"
    return max(s.mind.decide_timeout_s, _UPDATE_S) if waits else s.mind.decide_timeout_s


def _network(loaded: Loaded, where: Origins) -> dict[str, Any]:
    spec = loaded.scenario.network
    places = [(dc.zone, *site(loaded, i)) for i, dc in enumerate(loaded.scenario.datacenters)]
    measured: dict[tuple[str, str], float] = {}
    if spec.rtt == "gcp":
        assert loaded.data is not None  # checked when the scenario was loaded
        try:
            measured = gcp_latency_ms(loaded.data)
        except DataError as error:
            loaded.problems.add(("network", "rtt"), str(error))
    full = rtt_matrix_ms(places, measured)
    n = len(places)
    return {
        "kwh_per_gb": spec.kwh_per_gb,
        "rtt_ms": [full[home].tolist() for home in where.home],
        "gbps": [[spec.gbps] * n for _ in where.home],
    }


def _datacenter(loaded: Loaded, index: int, dc: Datacenter, where: Origins, types: list[str]) -> dict[str, Any]:
    lat, lon = site(loaded, index)
    return {
        "name": dc.name,
        "region": where.regions[where.of_datacenter[index]],
        "zone": dc.zone,
        "lat": lat,
        "lon": lon,
        "utilisation_cap_frac": dc.utilisation_cap,
        "price_per_kwh": dc.price_per_kwh,
        "pue": _pue(loaded, index, dc),
        "vm_migration": _migration(dc.vm_migration),
        "hosts": [_host(loaded.host(g.type), g, types) for g in loaded.groups(index)],
    }


def _migration(spec: VmMigration | None) -> dict[str, float] | None:
    return None if spec is None else {"upper_frac": spec.upper, "lower_frac": spec.lower, "bw_mbps": spec.bw_mbps}


def _pue(loaded: Loaded, index: int, dc: Datacenter) -> dict[str, object]:
    model = dc.pue if dc.pue is not None else StaticPue(model="static", value=zones()[dc.zone].pue)
    yearly = None
    try:
        if isinstance(model, TemperaturePue) and model.mean is not None:
            signal = loaded.source.yearly_temperature(dc.zone, loaded.scenario.start.year)
            yearly = None if signal is None else signal.values
        return pue.resolve(model, yearly, dc.name)
    except (ConfigError, DataError) as error:
        loaded.problems.add(("datacenters", index, "pue"), str(error))
        return {"model": "static", "value": 1.0}


def _host(spec: HostSpec, group: HostGroup, types: list[str]) -> dict[str, Any]:
    return {
        "type": group.type,
        "count": group.count,
        "cores": spec.cores,
        "mem_gb": spec.mem_gb,
        "gpus": spec.gpus,
        "gpu_type": types.index(spec.gpu_type) if spec.gpu_type is not None else -1,
        "gpu_idle_w": spec.gpu_idle_w,
        "gpu_max_w": spec.gpu_max_w,
        "power_w": list(spec.power_w),
        "speed": [spec.speed.get(c, 1.0) for c in WORK_CLASSES],
        "embodied_g_per_core_h": spec.embodied_g_per_core_h,
        "mips": spec.mips,
        "vm_scheduler": spec.vm_scheduler,
        "sleep": _sleep(group.sleep or spec.sleep),
    }


def _checkpoint(spec: Checkpoint | None) -> dict[str, float] | None:
    if spec is None:
        return None
    return {"interval_s": spec.interval / 1e6, "write_s": spec.write / 1e6, "restart_s": spec.restart / 1e6}


def _sleep(sleep: Sleep | None) -> dict[str, float] | None:
    if sleep is None:
        return None
    return {
        "after_s": sleep.after / 1e6,
        "power_w": sleep.power_w,
        "wake_s": sleep.wake / 1e6,
        "wake_power_w": sleep.wake_power_w,
    }
