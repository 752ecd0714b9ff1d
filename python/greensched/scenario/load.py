"""Reading a scenario: YAML, overrides, schema and every check that needs no bulk data. All problems at once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from greensched.core.errors import ConfigError, DataError
from greensched.core.paths import safe_path
from greensched.scenario import drawn_hardware
from greensched.scenario.cloudsim.complete import complete
from greensched.scenario.cloudsim.extension import refuse_second
from greensched.scenario.cloudsim.nodes import cloudsim_documents
from greensched.scenario.cloudsim.source import Cloud
from greensched.scenario.cloudsim.source import customers as cloudsim_customers
from greensched.scenario.cloudsim.source import read as read_cloudsim
from greensched.scenario.datacenters import Datacenter, TemperaturePue
from greensched.scenario.explain import explain
from greensched.scenario.hardware import HOST_TYPES, DrawnHardware, HostGroup, HostSpec
from greensched.scenario.names import check_datacenters, check_execution, check_policies, check_sources
from greensched.scenario.overrides import apply
from greensched.scenario.problems import Collector, get
from greensched.scenario.schema import Scenario
from greensched.scenario.yaml_lines import read
from greensched.signals.csv_folder import CsvFolder
from greensched.signals.data_pack import DataPack
from greensched.signals.flat import FlatGrid
from greensched.signals.provider import SignalSource
from greensched.signals.synthetic import SyntheticGrid


@dataclass
class Loaded:
    """A valid scenario with what is needed to go on checking against data."""

    scenario: Scenario
    path: Path
    data: Path | None
    overrides: list[str]
    source: SignalSource
    problems: Collector
    cloud: Cloud | None = None
    """VMs and cloudlets, where a CloudSim file says what there is to run."""
    document: int | None = None
    """The document that was asked for, and the second file."""
    second: Path | None = None
    beside: Path | None = None
    """Where the files that it names lie, if not in its own folder."""
    to_come: dict[int, tuple[HostGroup, ...]] = field(default_factory=dict)
    """Hosts that a refresh will bring to a datacenter; they stand after those that are there from the start."""
    hardware: DrawnHardware | None = None
    """The law that the seed drew the scenario's host types by; None: they are as published, or as the file says."""

    @property
    def roots(self) -> list[Path]:
        """Folders that the scenario may read from."""
        return _roots(self.folder, self.data)

    @property
    def folder(self) -> Path:
        """The folder of what the scenario names."""
        return _folder(self.path, self.beside)

    def host(self, type_name: str) -> HostSpec:
        """A host type by name; own types win over built-in ones."""
        return self.scenario.host_types.get(type_name) or HOST_TYPES[type_name]

    def groups(self, index: int) -> tuple[HostGroup, ...]:
        """Groups of hosts of a datacenter, those to come included."""
        return self.scenario.datacenters[index].hosts + self.to_come.get(index, ())

    def cores(self, datacenter: Datacenter) -> float:
        """All cores that a datacenter has from the start."""
        return float(sum(g.count * self.host(g.type).cores for g in datacenter.hosts))


def _folder(path: Path, beside: Path | None) -> Path:
    return path.resolve().parent if beside is None else beside.resolve()


def _roots(folder: Path, data: Path | None) -> list[Path]:
    return [folder, *([data.resolve()] if data is not None else [])]


def load(
    path: Path,
    overrides: list[str] | None = None,
    data: Path | None = None,
    document: int | None = None,
    second: Path | None = None,
    beside: Path | None = None,
) -> Loaded:
    """Read and validate a scenario.

    Args:
        path: the YAML file: a scenario, or a CloudSim file.
        overrides: ``path=value`` texts, applied in order before validation.
        data: folder with the layout of the data pack.
        document: which document of a CloudSim file, from 1; None: its only one.
        second: a second file with our keys for a CloudSim file; None: the one beside it, if there is one.
        beside: where the files and plug-ins that the scenario names lie; None: in its own folder.

    Raises:
        ScenarioError: everything that is wrong, at once.
        ConfigError: the file or an override cannot be read at all.
    """
    raw, problems, cloud = _raw(path, document, second)
    apply(raw, overrides or [], problems.places)
    if cloud is not None:
        complete(raw, cloud, problems)
    folder, scenario = _folder(path, beside), None
    try:
        scenario = Scenario.model_validate(raw)
    except ValidationError as error:
        explain(error, raw, Scenario, problems)
    source = _source(raw, _roots(folder, data), data, problems)
    check_datacenters(raw, None if source is None else source.zones(), problems)
    check_policies(raw, folder, problems)
    check_sources(raw, _roots(folder, data), data is not None, problems)
    if scenario is not None:
        check_execution(scenario, HOST_TYPES, problems)
    if cloud is None and get(raw, ("workload", "source")) == "cloudsim":
        cloud = _customers(raw, _roots(folder, data), problems)
    problems.raise_if_any()
    assert scenario is not None
    assert source is not None
    loaded = Loaded(scenario, path, data, overrides or [], source, problems, cloud, document, second, beside)
    return replace(loaded, scenario=drawn_hardware.apply(scenario), hardware=scenario.hardware)


def _raw(path: Path, document: int | None, second: Path | None) -> tuple[dict[str, Any], Collector, Cloud | None]:
    """The file as raw data, and what else it holds if it is one of CloudSim."""
    roots = cloudsim_documents(path)
    refuse_second(path, roots)
    if roots is not None:
        return read_cloudsim(path, roots, document, second)
    for option, value in (("--document", document), ("--with", second)):
        if value is not None:
            raise ConfigError(f"{option}: {path.name} is a scenario, this is for CloudSim files")
    raw, _, problems = read(path)
    if not isinstance(raw, dict):
        raise ConfigError(f"{path.name}:1  expected a mapping with keys such as greensched, name, start, datacenters")
    return raw, problems, None


def _customers(raw: dict[str, Any], roots: list[Path], problems: Collector) -> Cloud | None:
    """The customers that a scenario takes from a CloudSim file."""
    file, document = get(raw, ("workload", "file")), get(raw, ("workload", "document"))
    if not isinstance(file, str) or not (document is None or (type(document) is int and document >= 1)):
        return None  # said by the schema
    try:
        return cloudsim_customers(safe_path(file, roots), document, problems)
    except ConfigError as error:
        key = "document" if "workload.document" in str(error) else "file"
        problems.add(("workload", key), str(error).removeprefix("workload.document "))
        return None


def _source(raw: dict[str, Any], roots: list[Path], data: Path | None, problems: Collector) -> SignalSource | None:
    kind = get(raw, ("signals", "source")) or "synthetic"
    try:
        if kind == "data":
            if data is None:
                raise ConfigError("source data needs a folder: run with --data DIR")
            return DataPack(data, "direct" if get(raw, ("signals", "intensity")) == "direct" else "lca")
        if kind == "csv":
            folder = get(raw, ("signals", "folder"))
            if not isinstance(folder, str):
                raise ConfigError("source csv needs the key folder")
            return CsvFolder(safe_path(folder, roots, folder=True))
        if kind == "flat":
            given = get(raw, ("signals", "carbon_gpkwh"))
            return FlatGrid(float(given) if isinstance(given, int | float) else None)
        seed = raw.get("seed", 0)
        return SyntheticGrid(seed if isinstance(seed, int) and seed >= 0 else 0) if kind == "synthetic" else None
    except (ConfigError, DataError) as error:
        problems.add(("signals", "source" if kind == "data" else "folder"), str(error))
        return None


def needs_temperature(datacenter: Datacenter) -> bool:
    """Whether the datacenter's PUE depends on the outside temperature."""
    return isinstance(datacenter.pue, TemperaturePue)
