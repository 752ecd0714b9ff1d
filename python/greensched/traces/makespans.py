"""How long a VM takes for its cloudlets, as its owner can work it out from their lengths."""

from __future__ import annotations

import heapq
from collections import deque

import numpy as np

from greensched.core.types import F64, I64
from greensched.traces.machines import SPACE_SHARED, Cloudlets, Vms

_Work = list[tuple[float, int, float]]  # (submitted, cores, seconds alone), in the order of submission


def makespans_s(vms: Vms, cloudlets: Cloudlets) -> tuple[F64, F64]:
    """Arrival of each VM and the time from then to the end of its last cloudlet.

    A VM arrives with the first of its cloudlets and has its full MIPS from then on. The completely fair scheduler is
    taken as time-shared, which it approaches.

    Args:
        vms: all VMs.
        cloudlets: all cloudlets, those of a VM in any order of time; a cloudlet without VM does not matter.

    Returns:
        arrival_s, makespan_s: shape (VMs,), seconds; 0 for a VM without cloudlets.
    """
    n = len(vms)
    rows = np.flatnonzero(cloudlets.vm >= 0)
    rows = rows[np.lexsort((rows, cloudlets.delay_s[rows], cloudlets.vm[rows]))]
    vm, delay_s = cloudlets.vm[rows], cloudlets.delay_s[rows]
    alone_s = cloudlets.length_mi[rows] / (vms.mips[vm] * cloudlets.util_frac[rows])
    count = np.bincount(vm, minlength=n)
    first = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    arrival_s = np.zeros(n)
    arrival_s[vm[::-1]] = delay_s[::-1]  # the last assignment, the earliest cloudlet, wins
    makespan_s = np.zeros(n)
    single = count[vm] == 1
    makespan_s[vm[single]] = alone_s[single]
    wait_s = delay_s - arrival_s[vm]
    content = np.stack([wait_s, cloudlets.pes[rows].astype(np.float64), alone_s], axis=1)
    _several(vms, content, first, makespan_s)
    return arrival_s, makespan_s


def _several(vms: Vms, content: F64, first: I64, makespan_s: F64) -> None:
    """VMs with more than one cloudlet; equal ones are worked out once."""
    known: dict[tuple[int, bool, bytes], float] = {}
    many = np.flatnonzero(first[1:] - first[:-1] > 1)
    starts, ends = first[many].tolist(), first[many + 1].tolist()
    space = (vms.scheduler[many] == SPACE_SHARED).tolist()
    for row, start, end, shares, pes in zip(many.tolist(), starts, ends, space, vms.pes[many].tolist(), strict=True):
        key = (pes, shares, content[start:end].tobytes())
        if key not in known:
            work = [(t, int(p), s) for t, p, s in content[start:end].tolist()]
            known[key] = space_shared_s(work, pes) if shares else time_shared_s(work, pes)
        makespan_s[row] = known[key]


def space_shared_s(work: _Work, pes: int) -> float:
    """A cloudlet has its cores to itself; whoever waits longest of those that fit is next, as in CloudSim Plus."""
    waiting: dict[int, deque[tuple[int, float]]] = {}  # by cores: (position, seconds)
    running: list[tuple[float, int]] = []  # (end, cores)
    free, now, at = pes, 0.0, 0
    while at < len(work) or waiting or running:
        while at < len(work) and work[at][0] <= now:
            waiting.setdefault(work[at][1], deque()).append((at, work[at][2]))
            at += 1
        while fitting := [(queue[0][0], need) for need, queue in waiting.items() if need <= free]:
            need = min(fitting)[1]
            heapq.heappush(running, (now + waiting[need].popleft()[1], need))
            free -= need
            if not waiting[need]:
                del waiting[need]
        if running and (at == len(work) or running[0][0] <= work[at][0]):
            now, need = heapq.heappop(running)
            free += need
        elif at < len(work):
            now = work[at][0]
    return now


def time_shared_s(work: _Work, pes: int) -> float:
    """All run at once; where they want more cores than there are, each has its share of them."""
    running: list[tuple[float, int]] = []  # (end in shared time, cores), shared time being what each has had so far
    used, now, shared, at = 0, 0.0, 0.0, 0
    while at < len(work) or running:
        rate = 1.0 if used <= pes else pes / used
        end = now + (running[0][0] - shared) / rate if running else np.inf
        if at < len(work) and work[at][0] <= end:
            shared += (work[at][0] - now) * rate if running else 0.0
            now = work[at][0]
            heapq.heappush(running, (shared + work[at][2], work[at][1]))
            used += work[at][1]
            at += 1
        else:
            now = end
            shared, need = heapq.heappop(running)
            used -= need
    return now
