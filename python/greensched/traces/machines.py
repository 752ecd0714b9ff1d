"""Virtual machines and cloudlets of customers, expanded from groups by numpy: no object is made per VM or cloudlet."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np

from greensched.core.types import F64, I32, I64

SPACE_SHARED, TIME_SHARED, COMPLETELY_FAIR = range(3)


@dataclass(frozen=True)
class VmGroups:
    """Groups of equal VMs, one array element per group.

    Attributes:
        amount: VMs of the group.
        ident: number of its first VM in names; -1: by position, or the next that is free.
        pes: cores of one VM.
        mips: of one core.
        ram_mb, bw_mbps, size_mb: memory, bandwidth, image.
        scheduler: of its cloudlets, PROTOCOL.md §2.3.
        priority: higher first.
    """

    amount: I64
    ident: I64
    pes: I32
    mips: F64
    ram_mb: F64
    bw_mbps: F64
    size_mb: F64
    scheduler: I32
    priority: I32


@dataclass(frozen=True)
class CloudletGroups:
    """Groups of equal cloudlets, one array element per group.

    Attributes:
        amount: cloudlets of the group.
        ident: number of its first cloudlet in names; -1: by position, or the next that is free.
        length_mi: per core.
        pes: cores of one cloudlet.
        delay_s: submission, seconds since the start.
        util_frac: share of its cores' MIPS that it uses; 0: none, ever.
        time_zone: hours from UTC, NaN where not given.
    """

    amount: I64
    ident: I64
    length_mi: F64
    pes: I32
    delay_s: F64
    util_frac: F64
    time_zone: F64


@dataclass(frozen=True)
class Customer:
    """A customer of a file; ``names`` has one name for each of its copies."""

    names: list[str]
    vms: VmGroups
    cloudlets: CloudletGroups


@dataclass(frozen=True)
class Vms:
    """All VMs, one array element each; ``customer`` is an index into the names of all copies."""

    customer: I64
    number: I64
    pes: I32
    mips: F64
    ram_mb: F64
    bw_mbps: F64
    size_mb: F64
    scheduler: I32
    priority: I32

    def __len__(self) -> int:
        return len(self.pes)


@dataclass(frozen=True)
class Cloudlets:
    """All cloudlets, one array element each, in the order of submission of each customer.

    ``vm`` is the row of the VM, -1 none; then ``reason`` is an index into :attr:`Machines.reasons`, else 0.
    """

    customer: I64
    number: I64
    vm: I64
    length_mi: F64
    pes: I32
    delay_s: F64
    util_frac: F64
    time_zone: F64
    reason: I32

    def __len__(self) -> int:
        return len(self.pes)

    def take(self, rows: I64) -> Cloudlets:
        """The given rows, in that order."""
        return Cloudlets(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})


T = TypeVar("T", Vms, Cloudlets)


@dataclass(frozen=True)
class Machines:
    """Everything that the customers of a file want to run."""

    customers: list[str]
    vms: Vms
    cloudlets: Cloudlets
    reasons: list[str]

    def vm_names(self) -> list[str]:
        """``customer/vm3``, one per VM."""
        return _names(self.customers, self.vms.customer, "vm", self.vms.number)

    def cloudlet_names(self) -> list[str]:
        """``customer/cloudlet5``, one per cloudlet."""
        return _names(self.customers, self.cloudlets.customer, "cloudlet", self.cloudlets.number)


def _names(customers: list[str], customer: I64, kind: str, number: I64) -> list[str]:
    prefix = [f"{name}/{kind}" for name in customers]
    return [f"{prefix[c]}{n}" for c, n in zip(customer.tolist(), number.tolist(), strict=True)]


def expand(customers: list[Customer]) -> Machines:
    """All VMs and cloudlets, and which VM each cloudlet goes to.

    A customer's cloudlets go to its VMs in turn, as CloudSim Plus's simple broker does, but only to those with enough
    cores. Each copy of a customer is a customer of its own. A cloudlet that could never end has no VM but a reason.
    """
    reasons: dict[str, int] = {"": 0}
    names: list[str] = []
    vms: list[Vms] = []
    cloudlets: list[Cloudlets] = []
    before = 0
    for spec in customers:
        own, work = _expand_one(spec, reasons)
        copies = len(spec.names)
        first = np.arange(copies, dtype=np.int64)
        vms.append(_copies(own, copies, customer=np.repeat(len(names) + first, len(own))))
        shift = np.repeat(before + len(own) * first, len(work))
        vm = np.tile(work.vm, copies)
        customer = np.repeat(len(names) + first, len(work))
        cloudlets.append(_copies(work, copies, customer=customer, vm=np.where(vm >= 0, vm + shift, -1)))
        names += spec.names
        before += copies * len(own)
    return Machines(names, _joined(vms, Vms), _joined(cloudlets, Cloudlets), list(reasons))


def _copies(table: T, copies: int, **changed: Any) -> T:
    """The table so many times over, with some columns instead of the repeated ones."""
    repeated: dict[str, Any] = {f.name: np.tile(getattr(table, f.name), copies) for f in fields(table)}
    return replace(table, **(repeated | changed))


def _joined(tables: list[T], kind: type[T]) -> T:
    return kind(**{f.name: np.concatenate([getattr(t, f.name) for t in tables]) for f in fields(kind)})


def _expand_one(spec: Customer, reasons: dict[str, int]) -> tuple[Vms, Cloudlets]:
    v, c = spec.vms, spec.cloudlets
    n, m = int(v.amount.sum()), int(c.amount.sum())
    vms = Vms(
        customer=np.zeros(n, np.int64),
        number=_numbers(v.amount, v.ident),
        **{k: np.repeat(getattr(v, k), v.amount) for k in ("pes", "mips", "ram_mb", "bw_mbps", "size_mb", "scheduler")},
        priority=np.repeat(v.priority, v.amount),
    )
    why = _reasons(c, v, reasons)
    work = Cloudlets(
        customer=np.zeros(m, np.int64),
        number=_numbers(c.amount, c.ident),
        vm=_round_robin(vms.pes, c.amount, c.pes, why),
        **{k: np.repeat(getattr(c, k), c.amount) for k in ("length_mi", "pes", "delay_s", "util_frac", "time_zone")},
        reason=np.repeat(why, c.amount),
    )
    return vms, work


def _numbers(amount: I64, ident: I64) -> I64:
    """Numbers in names, each once: from the group's ``ident`` on; others by position where that number is free."""
    n = int(amount.sum())
    position = np.arange(1, n + 1, dtype=np.int64)
    start = np.cumsum(amount) - amount
    numbers: I64 = position + np.repeat(np.where(ident >= 0, ident - 1 - start, 0), amount)
    open_ = np.repeat(ident < 0, amount)
    taken = numbers[~open_]
    clash = open_ & np.isin(numbers, taken)
    if clash.any():
        free = np.setdiff1d(np.arange(1, 2 * n + 1, dtype=np.int64), numbers[~clash])
        numbers[clash] = free[: np.count_nonzero(clash)]
    return numbers


def same_numbers(amount: I64, ident: I64) -> tuple[int, int, int] | None:
    """Two groups whose given numbers overlap, in their order, and the first number of both; None if there are none."""
    rows = np.flatnonzero((ident >= 0) & (amount > 0))
    rows = rows[np.argsort(ident[rows], kind="stable")]
    first, end = ident[rows], ident[rows] + amount[rows]
    # by start, a group overlaps an earlier one if it overlaps the one of them that reaches farthest
    clash = np.flatnonzero(first[1:] < np.maximum.accumulate(end)[:-1])
    if not len(clash):
        return None
    at = int(clash[0]) + 1
    other = int(np.argmax(end[:at]))
    one, two = sorted((int(rows[other]), int(rows[at])))
    return one, two, int(first[at])


def _reasons(c: CloudletGroups, v: VmGroups, reasons: dict[str, int]) -> I32:
    """Why no cloudlet of a group can ever end, 0 where it can; CloudSim Plus would refuse it or never end."""
    has_vm = bool((v.amount > 0).any())
    largest = int(v.pes[v.amount > 0].max()) if has_vm else 0
    result = np.zeros(len(c.amount), np.int32)

    def because(text: str) -> int:
        return reasons.setdefault(text, len(reasons))

    for row in np.flatnonzero((c.pes > largest) & has_vm).tolist():
        result[row] = because(f"it needs {c.pes[row]} cores, the largest VM of its customer has {largest}")
    result[c.util_frac == 0] = because("its CPU utilisation model is 0 at all times, so it would never end")
    result[c.length_mi < 0] = because("its length is negative: it would run until somebody ends it")
    result[c.length_mi == 0] = because("its length is 0")
    if not has_vm:
        result[:] = because("its customer has no VM")
    return result


def _round_robin(vm_pes: I32, amount: I64, pes: I32, why: I32) -> I64:
    """The VM of each cloudlet: the next one, after that of the cloudlet before, that has enough cores; -1 none."""
    result = np.full(int(amount.sum()), -1, np.int64)
    enough: dict[int, I64] = {}
    last = -1
    ends = np.concatenate([[0], np.cumsum(amount)])
    for (start, end), need, reason in zip(pairwise(ends.tolist()), pes.tolist(), why.tolist(), strict=True):
        if reason or start == end:
            continue
        if need not in enough:
            enough[need] = np.flatnonzero(vm_pes >= need)
        suitable = enough[need]
        first = int(np.searchsorted(suitable, last + 1))
        chosen = suitable[(first + np.arange(end - start)) % len(suitable)]
        result[start:end] = chosen
        last = int(chosen[-1])
    return result
