"""Reading a scenario: YAML, overrides, schema and every check that needs no bulk data. All problems at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from greensched.core import registry
from greensched.core.errors import ConfigError, DataError
from greensched.scenario.datacenters import Datacenter, TemperaturePue
from greensched.scenario.explain import explain
from greensched.scenario.hardware import HOST_TYPES, HostSpec
from greensched.scenario.overrides import apply
from greensched.scenario.paths import safe_path
from greensched.scenario.problems import Collector, get
from greensched.scenario.schema import Scenario
from greensched.scenario.yaml_lines import read
from greensched.signals.csv_folder import CsvFolder
from greensched.signals.data_pack import DataPack
from greensched.signals.provider import SignalSource
from greensched.signals.synthetic import SyntheticGrid
from greensched.signals.zones import zones


@dataclass
class Loaded:
    """A valid scenario with what is needed to go on checking against data."""

    scenario: Scenario
    path: Path
    data: Path | None
    overrides: list[str]
    source: SignalSource
    problems: Collector

    @property
    def roots(self) -> list[Path]:
        """Folders that the scenario may read from."""
        return _roots(self.path, self.data)

    def host(self, type_name: str) -> HostSpec:
        """A host type by name; own types win over built-in ones."""
        return self.scenario.host_types.get(type_name) or HOST_TYPES[type_name]

    def cores(self, datacenter: Datacenter) -> float:
        """All cores of a datacenter."""
        return float(sum(g.count * self.host(g.type).cores for g in datacenter.hosts))


def _roots(path: Path, data: Path | None) -> list[Path]:
    return [path.resolve().parent, *([data.resolve()] if data is not None else [])]


def load(path: Path, overrides: list[str] | None = None, data: Path | None = None) -> Loaded:
    """Read and validate a scenario.

    Args:
        path: the YAML file.
        overrides: ``path=value`` texts, applied in order before validation.
        data: folder with the layout of the data pack.

    Raises:
        ScenarioError: everything that is wrong, at once.
        ConfigError: the file or an override cannot be read at all.
    """
    raw, places, problems = read(path)
    if not isinstance(raw, dict):
        raise ConfigError(f"{path.name}:1  expected a mapping with keys such as greensched, name, start, datacenters")
    apply(raw, overrides or [], places)
    scenario = None
    try:
        scenario = Scenario.model_validate(raw)
    except ValidationError as error:
        explain(error, raw, Scenario, problems)
    source = _source(raw, path, data, problems)
    _check_names(raw, source, problems)
    _check_policies(raw, path.resolve().parent, problems)
    _check_sources(raw, path, data, problems)
    problems.raise_if_any()
    assert scenario is not None
    assert source is not None
    return Loaded(scenario, path, data, overrides or [], source, problems)


def _source(raw: dict[str, Any], path: Path, data: Path | None, problems: Collector) -> SignalSource | None:
    kind = get(raw, ("signals", "source")) or "synthetic"
    try:
        if kind == "data":
            if data is None:
                raise ConfigError("source data needs a folder: run with --data DIR")
            intensity = get(raw, ("signals", "intensity"))
            return DataPack(data, intensity if intensity in ("lca", "direct") else "lca")  # type: ignore[arg-type]
        if kind == "csv":
            folder = get(raw, ("signals", "folder"))
            if not isinstance(folder, str):
                raise ConfigError("source csv needs the key folder")
            return CsvFolder(safe_path(folder, _roots(path, data)))
        seed = raw.get("seed", 0)
        return SyntheticGrid(seed if isinstance(seed, int) and seed >= 0 else 0) if kind == "synthetic" else None
    except (ConfigError, DataError) as error:
        problems.add(("signals", "source" if kind == "data" else "folder"), str(error))
        return None


def _check_names(raw: dict[str, Any], source: SignalSource | None, problems: Collector) -> None:
    """Names that refer to something else: zones, host types, datacenters, policies."""
    own = raw.get("host_types")
    host_types = {*HOST_TYPES, *(own if isinstance(own, dict) else ())}
    known_zones = source.zones() if source is not None else None
    seen: dict[str, int] = {}
    datacenters = raw.get("datacenters")
    for i, dc in enumerate(datacenters if isinstance(datacenters, list) else []):
        here = ("datacenters", i)
        if not isinstance(dc, dict):
            continue
        name, zone = dc.get("name"), dc.get("zone")
        if isinstance(name, str):
            if name in seen:
                problems.add((*here, "name"), f"'{name}' is already the name of datacenters[{seen[name]}], expected unique names")
            seen.setdefault(name, i)
        if isinstance(zone, str):
            if known_zones is not None and zone not in known_zones:
                problems.unknown((*here, "zone"), "zone", zone, known_zones)
            if zone not in zones() and (dc.get("lat") is None or dc.get("lon") is None):
                problems.add(here, f"zone '{zone}' has no built-in site, expected lat and lon")
            if zone not in zones() and dc.get("pue") is None:
                problems.add(here, f"zone '{zone}' has no published PUE, expected pue")
        hosts = dc.get("hosts")
        for j, group in enumerate(hosts if isinstance(hosts, list) else []):
            kind = group.get("type") if isinstance(group, dict) else None
            if isinstance(kind, str) and kind not in host_types:
                problems.unknown((*here, "hosts", j, "type"), "host type", kind, host_types)
    origins = get(raw, ("workload", "origins"))
    for key in origins if isinstance(origins, dict) else ():
        if key not in seen:
            problems.unknown(("workload", "origins", key), "datacenter", str(key), seen)
    if isinstance(origins, dict) and origins and not any(isinstance(v, int | float) and v > 0 for v in origins.values()):
        problems.add(("workload", "origins"), "all shares are 0, expected at least one above 0")


def _check_policies(raw: dict[str, Any], folder: Path, problems: Collector) -> None:
    """Policy, predictor and their options against the registry, by building them once."""
    try:
        known = registry.names("policy")
        for path in (("policy", "name"), ("baseline",)):
            name = get(raw, path)
            if isinstance(name, str) and ":" not in name and name not in known:
                problems.unknown(path, "policy", name, known)
        block = raw.get("policy")
        if isinstance(block, dict) and (":" in str(block.get("name")) or block.get("name") in known):
            for text in registry.problems(block, folder):
                problems.add(("policy",), text)
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("greensched."):
            raise


def _check_sources(raw: dict[str, Any], path: Path, data: Path | None, problems: Collector) -> None:
    """Files and folders that the scenario needs."""
    source = get(raw, ("workload", "source"))
    if source in ("azure-v1", "google2011", "alibaba-gpu-2023") and data is None:
        problems.add(("workload", "source"), f"source {source} needs the data pack: run with --data DIR")
    file = get(raw, ("workload", "file"))
    if source == "file" and isinstance(file, str):
        try:
            if safe_path(file, _roots(path, data)).suffix not in (".csv", ".parquet"):
                problems.add(("workload", "file"), f"'{file}' is neither .csv nor .parquet")
        except ConfigError as error:
            problems.add(("workload", "file"), str(error))
    if get(raw, ("signals", "forecasts", "source")) == "real" and data is None:
        problems.add(("signals", "forecasts", "source"), "real forecasts need the data pack: run with --data DIR")
    if get(raw, ("network", "rtt")) == "gcp" and data is None:
        problems.add(("network", "rtt"), "measured latencies need the data pack: run with --data DIR")


def needs_temperature(datacenter: Datacenter) -> bool:
    """Whether the datacenter's PUE depends on the outside temperature."""
    return isinstance(datacenter.pue, TemperaturePue)
