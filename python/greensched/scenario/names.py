"""Checks of a scenario's names and files on the raw data, so that they speak up beside errors of the schema."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from greensched.core import registry
from greensched.core.contracts import TRUTH, requires_of
from greensched.core.errors import ConfigError
from greensched.core.paths import safe_path
from greensched.scenario.hardware import HOST_TYPES, HostSpec
from greensched.scenario.problems import Collector, get
from greensched.scenario.problems import Path as Path_
from greensched.scenario.schema import Scenario
from greensched.signals.zones import zones


def items(value: Any) -> list[Any]:
    """The value if it is a list, else nothing."""
    return value if isinstance(value, list) else []


def check_datacenters(raw: dict[str, Any], known_zones: list[str] | None, problems: Collector) -> None:
    """Zones, host types and datacenter names; ``known_zones`` of the signal source, None where it cannot be opened."""
    own = raw.get("host_types")
    host_types = {*HOST_TYPES, *(own if isinstance(own, dict) else ())}
    seen: dict[str, int] = {}
    for i, dc in enumerate(items(raw.get("datacenters"))):
        if not isinstance(dc, dict):
            continue
        name = dc.get("name")
        if isinstance(name, str):
            if name in seen:
                other = f"datacenters[{seen[name]}]"
                problems.add(
                    ("datacenters", i, "name"), f"'{name}' is already the name of {other}, expected unique names"
                )
            seen.setdefault(name, i)
        _check_zone(i, dc, known_zones, problems)
        for j, group in enumerate(items(dc.get("hosts"))):
            kind = group.get("type") if isinstance(group, dict) else None
            if isinstance(kind, str) and kind not in host_types:
                problems.unknown(("datacenters", i, "hosts", j, "type"), "host type", kind, host_types)
    _check_origins(get(raw, ("workload", "origins")), seen, problems)


def check_execution(scenario: Scenario, known: Mapping[str, HostSpec], problems: Collector) -> None:
    """What only CloudSim Plus's own machinery can do, in a scenario that does without it."""
    if scenario.execution != "exact":
        return
    cure = "is for execution cloudsim only (docs/execution-models.md)"
    for i, dc in enumerate(scenario.datacenters):
        if dc.vm_migration is not None:
            problems.add(("datacenters", i, "vm_migration"), cure)
        if scenario.workload.source != "cloudsim":
            continue  # nothing but a VM ever oversubscribes a host
        for j, group in enumerate(dc.hosts):
            spec = scenario.host_types.get(group.type) or known.get(group.type)
            if spec is not None and spec.vm_scheduler == "oversubscribe":
                problems.add(("datacenters", i, "hosts", j, "type"), f"'{group.type}' is oversubscribed, which {cure}")


def _check_zone(index: int, dc: dict[str, Any], known: list[str] | None, problems: Collector) -> None:
    zone = dc.get("zone")
    if not isinstance(zone, str):
        return
    here = ("datacenters", index)
    if known is not None and zone not in known:
        problems.unknown((*here, "zone"), "zone", zone, known)
    elif zone not in zones():
        if dc.get("lat") is None or dc.get("lon") is None:
            problems.add(here, f"zone '{zone}' has no built-in site, expected lat and lon")
        if dc.get("pue") is None:
            problems.add(here, f"zone '{zone}' has no published PUE, expected pue")


def _check_origins(origins: Any, datacenters: dict[str, int], problems: Collector) -> None:
    if not isinstance(origins, dict) or not origins:
        return
    for key in origins:
        if key not in datacenters:
            problems.unknown(("workload", "origins", key), "datacenter", str(key), datacenters)
    if not any(isinstance(v, int | float) and v > 0 for v in origins.values()):
        problems.add(("workload", "origins"), "all shares are 0, expected at least one above 0")


def check_policies(raw: dict[str, Any], folder: Path, problems: Collector) -> None:
    """Policy, predictor and their options against the registry, by building them once."""
    known = registry.names("policy")
    for path in (("policy", "name"), ("baseline",)):
        name = get(raw, path)
        if isinstance(name, str) and ":" not in name and name not in known:
            problems.unknown(path, "policy", name, known)
    block = raw.get("policy")
    if isinstance(block, dict) and (":" in str(block.get("name")) or block.get("name") in known):
        found = registry.problems(block, folder)
        for text in found:
            problems.add(_blamed(text, block, problems), text)
        _check_learning(raw, folder, problems)
        if not found and raw.get("privileged") is not True:
            _check_privilege(block, folder, problems)


def _check_learning(raw: dict[str, Any], folder: Path, problems: Collector) -> None:
    """What `policy.learning` names: the datacenter, and where its versions lie."""
    site, store = (get(raw, ("policy", "learning", key)) for key in ("site", "store"))
    listed = raw.get("datacenters")
    known = [dc.get("name") for dc in listed if isinstance(dc, dict)] if isinstance(listed, list) else []
    if isinstance(site, str) and site != "cleanest" and site not in known:
        problems.unknown(("policy", "learning", "site"), "datacenter", site, [*map(str, known), "cleanest"])
    if isinstance(store, str):
        try:
            registry.inside(store, [folder, Path.cwd()], "store")
        except ConfigError as error:
            problems.add(("policy", "learning", "store"), str(error))


def _blamed(text: str, block: dict[str, Any], problems: Collector) -> Path_:
    """Which part of the policy block to blame: the option that the text names first.

    Where it names none, the last one that an option of the command line set, else all of the block.
    """
    named = [key for key in map(str, block) if key != "name" and f"'{key}'" in text]
    if named:
        return ("policy", min(named, key=lambda key: text.index(f"'{key}'")))
    given = [path for path in problems.places.overrides if path[0] == "policy"]
    return given[-1] if given else ("policy",)


def _check_privilege(block: dict[str, Any], folder: Path, problems: Collector) -> None:
    policy, predictor = registry.policy_from_block(block, folder)
    for plug_in, path in ((policy, ("policy", "name")), (predictor, ("policy", "predictor"))):
        if plug_in is not None and TRUTH in requires_of(plug_in):
            problems.add(path, f"'{plug_in.name}' needs the truth; set `privileged: true`, which marks the run")


def check_sources(raw: dict[str, Any], roots: list[Path], has_data: bool, problems: Collector) -> None:
    """Files and folders that the scenario needs."""
    source, key = get(raw, ("workload", "source")), "source"
    if source == "hybrid":
        source, key = get(raw, ("workload", "trace")), "trace"
    if source in ("azure-v1", "google2011", "alibaba-gpu-2023") and not has_data:
        problems.add(("workload", key), f"{key} {source} needs the data pack: run with --data DIR")
    file = get(raw, ("workload", "file"))
    if source == "file" and isinstance(file, str):
        try:
            if safe_path(file, roots).suffix not in (".csv", ".parquet"):
                problems.add(("workload", "file"), f"'{file}' is neither .csv nor .parquet")
        except ConfigError as error:
            problems.add(("workload", "file"), str(error))
    from_folder = get(raw, ("signals", "source")) == "csv"
    if get(raw, ("signals", "forecasts", "source")) == "real" and not has_data and not from_folder:
        problems.add(("signals", "forecasts", "source"), "real forecasts need the data pack: run with --data DIR")
    if get(raw, ("network", "rtt")) == "gcp" and not has_data:
        problems.add(("network", "rtt"), "measured latencies need the data pack: run with --data DIR")
