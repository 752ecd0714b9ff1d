"""Tasks of a CloudSim file: a VM is a task, its cloudlets are what it does (PROTOCOL.md §2.2, §2.3)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from greensched.core import limits
from greensched.core.types import F64, I32, I64
from greensched.scenario.cloudsim import fields, naming
from greensched.scenario.cloudsim.source import Cloud
from greensched.scenario.load import Loaded
from greensched.scenario.origins import Origins
from greensched.scenario.tasks import Tasks, arrival_us, deadline_rule
from greensched.scenario.workload import CloudsimWorkload
from greensched.traces import enrich, hidden
from greensched.traces.machines import Cloudlets, Machines
from greensched.traces.table import Jobs, Text, blank

Flags = NDArray[np.bool_]
_SCHEDULERS = ("SpaceShared", "TimeShared", "CompletelyFair")
_LEAST_S = 1e-3  # estimate of a VM that has nothing to do: no predictor expects 0
_SHOWN = 5  # reasons named in the warning


def build(loaded: Loaded, where: Origins) -> Tasks | None:
    """All VMs of the file as tasks, sorted by arrival; None where problems were found."""
    spec, cloud = loaded.scenario.workload, loaded.cloud
    assert isinstance(spec, CloudsimWorkload)
    assert cloud is not None  # read when the scenario was loaded
    if len(cloud.machines.vms) == 0:
        loaded.problems.add(("workload",), "the file has no VM, expected at least one")
        return None
    jobs = _jobs(cloud, _homes(loaded, cloud, where), f"CloudSim file {spec.file}, document {spec.document or 1}")
    if spec.deadlines is not None:
        rule = deadline_rule(spec.deadlines)
        jobs.deadline_s = enrich.deadlines(loaded.scenario.seed, jobs, rule)
    late = arrival_us(jobs) >= loaded.scenario.horizon
    if late.any():
        loaded.problems.add(
            ("horizon",), f"{int(late.sum())} VMs arrive after it, expected more than {cloud.arrival_s.max():g} s"
        )
        return None
    order = np.argsort(arrival_us(jobs), kind="stable")
    never = ~_fits(loaded, cloud.machines)
    _warn(loaded, cloud, never)
    tables = _tables(cloud.machines, order)
    text = "none" if spec.deadlines is None else deadline_rule(spec.deadlines).text
    return Tasks(jobs.take(order), _truth(cloud, order), text, False, int(never.sum()), tables)


def _jobs(cloud: Cloud, origin: I32, source: str) -> Jobs:
    m, n = cloud.machines, len(cloud.machines.vms)
    columns = blank(n)
    columns["deadline_s"] = np.full(n, np.inf)
    columns["expected_s"] = np.clip(cloud.makespan_s, _LEAST_S, limits.LATEST_S)
    columns["data_gb"] = np.zeros(n)
    columns["origin"] = origin
    columns["priority"] = m.vms.priority
    columns["app"] = np.zeros(n, np.int32)
    return Jobs(
        arrival_s=cloud.arrival_s,
        duration_s=np.maximum(cloud.makespan_s, _LEAST_S),
        cores=m.vms.pes.astype(np.float64),
        mem_gb=m.vms.ram_mb / 1000.0,
        name=Text(tuple(m.vm_names()), np.arange(n, dtype=np.int32)),
        labels=_labels(m),
        user=Text(tuple(m.customers), m.vms.customer.astype(np.int32)),
        source=source,
        **columns,
    )


def _labels(m: Machines) -> Text:
    kinds, index = np.unique(np.stack([m.vms.mips, m.vms.scheduler], axis=1), axis=0, return_inverse=True)
    pool = tuple(f"kind=vm;mips={mips:.15g};scheduler={_SCHEDULERS[int(s)]}" for mips, s in kinds.tolist())
    return Text(pool, index.reshape(-1).astype(np.int32))


def _homes(loaded: Loaded, cloud: Cloud, where: Origins) -> I32:
    """Origin of each VM: as given for its customer; by the time zone of its first cloudlet; else the first with room.

    The first with room, by cores, is what CloudSim Plus's simple broker makes of a list of datacenters.
    """
    vms = cloud.machines.vms
    fits = _fits_where(loaded, cloud.machines)
    room = np.cumsum([loaded.cores(dc) for dc in loaded.scenario.datacenters])
    asked = (np.cumsum(vms.pes, dtype=np.float64) - 0.5) % room[-1]
    home = np.searchsorted(room, asked, side="right")
    home = np.where(fits[np.arange(len(vms)), home], home, np.argmax(fits, axis=1))
    home = _by_time_zone(cloud, home)
    given = _given_homes(loaded, cloud)
    if given:
        of_customer = np.full(len(cloud.machines.customers), -1, np.int64)
        of_customer[list(given)] = list(given.values())
        home = np.where(of_customer[vms.customer] >= 0, of_customer[vms.customer], home)
    origin: I32 = np.array(where.of_datacenter, np.int32)[home]
    return origin


def _by_time_zone(cloud: Cloud, home: I64) -> I64:
    """The datacenter whose time zone is nearest, for VMs whose first cloudlet has one."""
    known = np.flatnonzero(~np.isnan(cloud.time_zones))
    c = cloud.machines.cloudlets
    rows = np.flatnonzero((c.vm >= 0) & ~np.isnan(c.time_zone))
    if not len(known) or not len(rows):
        return home
    zone = np.full(len(home), np.nan)
    zone[c.vm[rows[::-1]]] = c.time_zone[rows[::-1]]
    given = ~np.isnan(zone)
    zones, index = np.unique(zone[given], return_inverse=True)
    apart = np.abs(zones[:, None] - cloud.time_zones[known])
    result = home.copy()
    result[given] = known[np.argmin(np.minimum(apart, 24.0 - apart), axis=1)][index.reshape(-1)]
    return result


def _given_homes(loaded: Loaded, cloud: Cloud) -> dict[int, int]:
    spec = loaded.scenario.workload
    assert isinstance(spec, CloudsimWorkload)
    datacenters = {dc.name: i for i, dc in enumerate(loaded.scenario.datacenters)}
    result = {}
    # a name may stand for several copies of a customer; that of one copy wins
    for customer, name in sorted(spec.homes.items(), key=lambda item: -len(cloud.named.get(item[0], ()))):
        path = ("workload", "homes", customer)
        if customer not in cloud.named:
            loaded.problems.add(path, naming.expected("customer", customer, cloud.named))
        elif name not in datacenters:
            loaded.problems.unknown(path, "datacenter", name, datacenters)
        else:
            result.update(dict.fromkeys(cloud.named[customer], datacenters[name]))
    return result


def _fits_where(loaded: Loaded, m: Machines) -> Flags:
    """Whether some host of each datacenter could hold each VM when empty; shape (VMs, datacenters)."""
    shapes, kind = np.unique(np.stack([m.vms.pes, m.vms.mips, m.vms.ram_mb], axis=1), axis=0, return_inverse=True)
    pes, mips, mem_gb = shapes[:, 0], shapes[:, 1], shapes[:, 2] / 1000.0
    result = np.zeros((len(shapes), len(loaded.scenario.datacenters)), dtype=bool)
    for i, dc in enumerate(loaded.scenario.datacenters):
        for name in {g.type for g in dc.hosts}:
            h = loaded.host(name)
            result[(pes <= h.cores) & (mips <= h.mips) & (mem_gb <= h.mem_gb), i] = True
    found: Flags = result[kind.reshape(-1)]
    return found


def _fits(loaded: Loaded, m: Machines) -> Flags:
    return np.asarray(_fits_where(loaded, m).any(axis=1), dtype=bool)


def _truth(cloud: Cloud, order: I64) -> hidden.Truth:
    """What the world needs to hold a row per task; of a VM it uses the tables of VMs and cloudlets."""
    n = len(order)
    return hidden.Truth(
        work_s=cloud.makespan_s[order],
        work_class=np.zeros(n, np.int32),
        cpu_util_frac=_mean_utilisation(cloud)[order],
        gpu_util_frac=np.zeros(n),
        interference=np.zeros(n),
        phase_task=np.zeros(0, np.int64),
        phase_work_frac=np.zeros(0),
        phase_cpu_util_frac=np.zeros(0),
        phase_gpu_util_frac=np.zeros(0),
    )


def _mean_utilisation(cloud: Cloud) -> F64:
    """Share of its MIPS that each VM uses over its makespan."""
    c, vms = cloud.machines.cloudlets, cloud.machines.vms
    rows = c.vm >= 0
    used_mi = np.bincount(c.vm[rows], weights=(c.length_mi * c.pes)[rows], minlength=len(vms))
    most_mi = vms.mips * vms.pes * cloud.makespan_s
    return np.clip(np.divide(used_mi, most_mi, out=np.zeros(len(vms)), where=most_mi > 0), 0.0, 1.0)


def _tables(m: Machines, order: I64) -> dict[str, dict[str, Any]]:
    """The tables ``vms`` and ``cloudlets`` of hidden.gsf."""
    vms, c = m.vms, m.cloudlets
    task_of = np.empty(len(order), np.int64)
    task_of[order] = np.arange(len(order))
    task = np.where(c.vm >= 0, task_of[c.vm], -1)
    rows = np.lexsort((np.arange(len(c)), c.delay_s, task))
    names, sorted_ = m.cloudlet_names(), c.take(rows)
    return {
        "vms": {
            "task": np.arange(len(order), dtype=np.int64),
            "mips": vms.mips[order],
            "scheduler": vms.scheduler[order],
            "bw_mbps": vms.bw_mbps[order],
            "size_mb": vms.size_mb[order],
            "boot_s": np.zeros(len(order)),
        },
        "cloudlets": {
            "task": task[rows],
            "name": [names[i] for i in rows.tolist()],
            "length_mi": sorted_.length_mi,
            "pes": sorted_.pes,
            "delay_s": sorted_.delay_s,
            "cpu_util_frac": sorted_.util_frac,
            "reason": [m.reasons[i] for i in sorted_.reason.tolist()],
        },
    }


def _warn(loaded: Loaded, cloud: Cloud, never: Flags) -> None:
    """What a user has to know about VMs and cloudlets that will not do what he may expect."""
    m, warnings = cloud.machines, loaded.problems.warnings
    c: Cloudlets = m.cloudlets
    lost = np.bincount(c.reason[c.vm < 0], minlength=len(m.reasons))
    if lost.any():
        kinds = np.flatnonzero(lost)
        named = "; ".join(f"{lost[k]} x {m.reasons[k]}" for k in kinds[:_SHOWN].tolist())
        more = "; ..." if len(kinds) > _SHOWN else ""
        warnings.append(f"{int(lost.sum())} of {len(c)} cloudlets cannot run: {named}{more}")
    if never.any():
        caught = int(never[c.vm[c.vm >= 0]].sum())
        warnings.append(
            f"{int(never.sum())} of {len(never)} VMs fit no host of any datacenter (cores, MIPS of a core, memory) and "
            f"will be rejected, and with them {caught} cloudlets"
        )
    idle = len(m.vms) - len(np.unique(c.vm[c.vm >= 0]))
    if idle:
        warnings.append(f"{idle} of {len(m.vms)} VMs have no cloudlet and end at once")
    _warn_limits(loaded, cloud)


def _warn_limits(loaded: Loaded, cloud: Cloud) -> None:
    """Bandwidth and storage of hosts limit nothing here; said where they would bind before the cores do."""
    names = [f.name for f in fields.HOST]
    vms = cloud.machines.vms
    shapes = np.unique(np.stack([vms.pes, vms.bw_mbps, vms.size_mb], axis=1), axis=0)
    for host in {row for rows in cloud.raw_hosts for row in rows}:
        value = dict(zip(names, host, strict=True))
        held = np.floor(value["pes"] / shapes[:, 0])
        for name, column in (("bw", 1), ("storage", 2)):
            if (held * shapes[:, column] > value[name]).any():
                loaded.problems.warnings.append(
                    f"{name} of hosts limits nothing here; hosts with {name} {value[name]:g} would hold fewer VMs than "
                    "their cores allow"
                )
                return
