"""A CloudSim file as a scenario of our own schema, and its customers as groups of VMs and cloudlets."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from greensched.core.errors import ConfigError
from greensched.core.types import F64
from greensched.scenario.cloudsim import document as documents_
from greensched.scenario.cloudsim import fields, naming
from greensched.scenario.cloudsim.document import Document, Entry
from greensched.scenario.cloudsim.extension import Extension, sidecar_of, sidecar_root
from greensched.scenario.cloudsim.nodes import Node, documents
from greensched.scenario.problems import Collector, Places
from greensched.traces import machines, makespans

_MEAN_STOCHASTIC = 0.5  # of a uniform law on 0..1, which is that of UtilizationModelStochastic
_UTILISATION = {fields.FULL: 1.0, fields.DYNAMIC: 0.0, fields.STOCHASTIC: _MEAN_STOCHASTIC, fields.NULL: 0.0}


@dataclass
class Cloud:
    """What a CloudSim file holds beside what goes into the raw scenario.

    Attributes:
        machines: VMs and cloudlets of all customers.
        arrival_s, makespan_s: of each VM.
        time_zones: hours from UTC of each datacenter, NaN where not given.
        zoned: whether any datacenter says in which grid zone it is, once the scenario is complete.
        sidecar: the second file with our own keys, if there is one.
        named: positions of the customers that a name of the file stands for.
    """

    machines: machines.Machines
    arrival_s: F64
    makespan_s: F64
    time_zones: F64
    sidecar: Path | None = None
    zoned: bool = True
    named: dict[str, list[int]] = field(default_factory=dict)
    raw_hosts: list[list[tuple[Any, ...]]] = field(default_factory=list)  # rows of hosts by datacenter


def read(
    path: Path, roots: list[Node], number: int | None, second: Path | None
) -> tuple[dict[str, Any], Collector, Cloud]:
    """A document of a CloudSim file as a raw scenario, still without what depends on overrides.

    Args:
        path: the file.
        roots: its documents.
        number: which document, from 1; None: the only one.
        second: a second file with our own keys; None: the one beside the first, if there is one.

    Raises:
        ScenarioError: everything that is wrong in the file.
        ConfigError: a file cannot be read, or has not that document.
    """
    problems = Collector(Places(path.name))
    document = documents_.read(path, roots, number, problems)
    problems.raise_if_any()
    raw: dict[str, Any] = {
        "greensched": 1,
        "name": naming.slug(path.stem, 50),
        "workload": {"source": "cloudsim", "file": path.name, "document": number if number is not None else 1},
        "host_types": {},
        "datacenters": [],
    }
    _datacenters(raw, document, problems)
    cloud = customers_of(document, problems)
    cloud.time_zones = np.array([t for e in document.datacenters for t in [_time_zone(e)] * e.values["amount"]])
    cloud.raw_hosts = [e.rows["host"] for e in document.datacenters for _ in range(e.values["amount"])]
    cloud.sidecar = sidecar_of(path, second)
    extension = Extension(raw, problems, naming.named(document))
    if document.ours is not None:
        extension.take(document.ours, path.name)
    if cloud.sidecar is not None:
        found = sidecar_root(cloud.sidecar, number or 1, document.count, path)
        if found is not None:
            others = [] if found.own else [n for n in range(1, document.count + 1) if n != (number or 1)]
            extension.take(found.root, cloud.sidecar.name, found.prefix, lambda: _names_of(path, roots, others))
    if document.count > 1 and isinstance(raw["name"], str):
        raw["name"] = f"{raw['name']}-{number or 1}"
    return raw, problems, cloud


def _names_of(path: Path, roots: list[Node], numbers: Iterable[int]) -> list[naming.Named]:
    """The names of other documents; what else is wrong with those is said when they are read themselves."""
    found = []
    for number in numbers:
        with contextlib.suppress(ConfigError):
            found.append(naming.named(documents_.read(path, roots, number, Collector(Places(path.name)))))
    return found


def customers(path: Path, number: int | None, problems: Collector) -> Cloud:
    """The customers of a document alone, for a scenario with datacenters of its own."""
    inner = Collector(Places(path.name))
    document = documents_.read(path, documents(path), number, inner, "workload.document")
    problems.problems += inner.problems
    cloud = customers_of(document, inner)
    problems.warnings += inner.warnings
    return cloud


def customers_of(document: Document, problems: Collector) -> Cloud:
    """VMs and cloudlets of all customers of a document."""
    for i, entry in enumerate(document.customers):
        _check_ids(entry, i, problems)
    names = naming.customer_names(document)
    specs = [
        machines.Customer(copies, _vms(entry.rows["vm"]), _cloudlets(entry.rows["cloudlet"]))
        for entry, copies in zip(document.customers, names, strict=True)
    ]
    stochastic = sum(int(_column(e.rows["cloudlet"], "cloudlet", "utilizationModelCpu", np.int32).tolist()
                         .count(fields.STOCHASTIC)) for e in document.customers)  # fmt: skip
    if stochastic:
        problems.warnings.append(
            f"{problems.places.file}: CPU utilisation model Stochastic is taken at its mean, {_MEAN_STOCHASTIC:g}: "
            "CloudSim Plus draws it anew at every event, so that run times depend on events of others"
        )
    everything = machines.expand(specs)
    arrival_s, makespan_s = makespans.makespans_s(everything.vms, everything.cloudlets)
    named = naming.stands_for(document.customers, names)
    return Cloud(everything, arrival_s, makespan_s, np.zeros(0), named=named)


def _check_ids(entry: Entry, index: int, problems: Collector) -> None:
    """Ids that two entries of a customer share, which would be two VMs or cloudlets of the same name."""
    for kind, rows in entry.rows.items():
        amount, ident = (_column(rows, kind, name, np.int64) for name in ("amount", "id"))
        clash = machines.same_numbers(amount, ident)
        if clash is not None:
            one, two, number = clash
            path, lines = ("customers", index, f"{kind}s", two, "id"), entry.lines[kind]
            problems.places.lines[path] = lines[two]
            problems.add(
                path, f"{number} is already the id of a {kind} of the entry in line {lines[one]}, expected unique ids"
            )


def _column(rows: list[tuple[Any, ...]], kind: str, name: str, dtype: Any) -> Any:
    at = [f.name for f in fields.FIELDS[kind]].index(name)
    return np.array([row[at] for row in rows], dtype)


def _vms(rows: list[tuple[Any, ...]]) -> machines.VmGroups:
    def column(name: str, dtype: Any) -> Any:
        return _column(rows, "vm", name, dtype)

    return machines.VmGroups(
        amount=column("amount", np.int64),
        ident=column("id", np.int64),
        pes=column("pes", np.int32),
        mips=column("mips", np.float64),
        ram_mb=column("ram", np.float64),
        bw_mbps=column("bw", np.float64),
        size_mb=column("size", np.float64),
        scheduler=column("cloudletScheduler", np.int32),
        priority=column("priority", np.int32),
    )


def _cloudlets(rows: list[tuple[Any, ...]]) -> machines.CloudletGroups:
    def column(name: str, dtype: Any) -> Any:
        return _column(rows, "cloudlet", name, dtype)

    model = column("utilizationModelCpu", np.int32)
    table = np.array([_UTILISATION[i] for i in range(len(_UTILISATION))])
    return machines.CloudletGroups(
        amount=column("amount", np.int64),
        ident=column("id", np.int64),
        length_mi=column("length", np.float64),
        pes=column("pes", np.int32),
        delay_s=column("submissionDelay", np.float64),
        util_frac=table[model],
        time_zone=column("timeZone", np.float64),  # None becomes NaN
    )


def _time_zone(entry: Entry) -> float:
    value = entry.values["timeZone"]
    return float("nan") if value is None else float(value)


def _datacenters(raw: dict[str, Any], document: Document, problems: Collector) -> None:
    """Add datacenters and host types to ``raw``."""
    types: dict[tuple[Any, ...], str] = {}
    for entry, names in zip(document.datacenters, naming.datacenter_names(document), strict=True):
        hosts = _hosts(entry, types)
        for name in names:
            place = ("datacenters", len(raw["datacenters"]))
            problems.places.lines[place] = entry.line
            for key, (line, _) in entry.ours.items():
                problems.places.lines[(*place, key)] = line
            ours = {key: value for key, (_, value) in entry.ours.items()}
            raw["datacenters"].append({"name": name, **ours, "hosts": [dict(h) for h in hosts]})
    raw["host_types"] = {name: _host_type(spec) for spec, name in types.items()}


def _hosts(entry: Entry, types: dict[tuple[Any, ...], str]) -> list[dict[str, Any]]:
    """Groups of equal hosts; neighbours of the same kind become one."""
    groups: list[dict[str, Any]] = []
    for amount, *spec in entry.rows["host"]:
        if amount == 0:
            continue
        name = types.setdefault(tuple(spec), f"host{len(types) + 1}")
        if groups and groups[-1]["type"] == name and groups[-1]["count"] + amount <= 1_000_000:
            groups[-1]["count"] += amount
        else:
            groups.append({"type": name, "count": amount})
    return groups


def _host_type(spec: tuple[Any, ...]) -> dict[str, Any]:
    value = dict(zip([f.name for f in fields.HOST[1:]], spec, strict=True))
    most_w = value["maxPower"]
    return {
        "cores": float(value["pes"]),
        "mem_gb": value["ram"] / 1000,
        "power_w": [most_w * value["staticPowerPercent"], most_w],
        "mips": value["mips"],
        "vm_scheduler": value["vmScheduler"],
    }
