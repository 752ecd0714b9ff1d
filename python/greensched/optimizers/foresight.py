"""A whole run as one who knows everything sees it, and what a start anywhere at any time costs at least.

A *site* is a group of identical hosts of a datacenter. Intensities are constant within steps of ``slot_s``, and so is
the power of a job, so what a start costs is linear in its time between *breakpoints*: where the run begins or ends on
the boundary of a step, where it ends at the deadline, and the ends of the window. The least cost over all times, which
no grid of starts would give, is therefore that at a breakpoint.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from greensched.core.types import F64, I64
from greensched.core.units import J_PER_KWH
from greensched.optimizers.problem import Bool, Index


@dataclass(frozen=True)
class Foresight:
    """Jobs, sites and intensities; times in seconds since the start of the scenario.

    Attributes:
        slot_s: length of a step of intensities.
        end_s: when every job has to be done.
        rate_gpkwh: (sites, steps), carbon of a kWh at the plug of a host: intensity times PUE; or less.
        grid_gpkwh: (datacenters, steps), intensity there; or less.
        dc: (sites,), the datacenter.
        capacity: (sites, resources).
        demand: (jobs, resources).
        home: (jobs,), the datacenter where their data lies.
        release_s: (jobs,), before which nobody knows of them.
        ready_s: (jobs, sites), the first start, data moved.
        run_s: (jobs, sites), from start to end; infinite where the job never fits. The least that it may come to.
        power_w: (jobs, sites), that the job is charged while it runs; the least.
        transfer_kwh: (jobs, sites), of moving its data, half of it drawn at home and half at the site.
        deadline_s: (jobs,), infinite for none.
    """

    slot_s: float
    end_s: float
    rate_gpkwh: F64
    grid_gpkwh: F64
    dc: Index
    capacity: F64
    demand: F64
    home: Index
    release_s: F64
    ready_s: F64
    run_s: F64
    power_w: F64
    transfer_kwh: F64
    deadline_s: F64

    @property
    def steps(self) -> int:
        """Number of steps of the intensities."""
        return int(self.rate_gpkwh.shape[1])

    @cached_property
    def fits(self) -> Bool:
        """(jobs, sites), whether the job can run there and be done before the end."""
        can: Bool = self.ready_s + self.run_s <= self.end_s
        return can

    def worth_g(self, price_g: F64) -> float:
        """Of the whole capacity, at prices of a unit for a second, (sites, steps, resources)."""
        return float((price_g * self.capacity[:, None, :]).sum()) * self.slot_s

    @cached_property
    def carbon(self) -> Running:
        """Running sums of ``rate_gpkwh``."""
        return Running.of(self.rate_gpkwh, self.slot_s)

    @cached_property
    def cleanest(self) -> F64:
        """(datacenters * datacenters, levels, steps): the least sum of two intensities over 2^level steps from each."""
        pairs = (self.grid_gpkwh[:, None, :] + self.grid_gpkwh[None, :, :]).reshape(-1, self.steps)
        levels = [pairs]
        while 2 ** len(levels) <= self.steps:
            before, reach = levels[-1], 2 ** (len(levels) - 1)
            later = np.concatenate([before[:, reach:], np.full((len(pairs), reach), np.inf)], axis=1)
            levels.append(np.minimum(before, later))
        return np.stack(levels, axis=1)

    def transfer_g(self, job: Index, site: Index, start_s: F64) -> F64:
        """The least that moving the data costs if it has come by ``start_s``: at the cleanest of all times before.

        It falls where a step begins, and a start there gets the value after the fall: at breakpoints it is no more than
        between them.
        """
        pair = self.home[job] * len(self.grid_gpkwh) + self.dc[site]
        first = self._step(self.release_s[job])
        last = np.maximum(self._step(start_s), first)
        level: Index = np.frexp((last - first + 1).astype(np.float64))[1].astype(np.intp) - 1
        one, two = self.cleanest[pair, level, first], self.cleanest[pair, level, last + 1 - 2**level]
        grams: F64 = self.transfer_kwh[job, site] / 2.0 * np.minimum(one, two)
        return grams

    def _step(self, t_s: F64) -> Index:
        step: Index = np.clip((t_s / self.slot_s).astype(np.intp), 0, self.steps - 1)
        return step

    def starts(self, job: Index, site: Index, last_s: F64) -> tuple[Index, F64]:
        """The breakpoints of pairs of job and site, from the first start to ``last_s``: (pair of each, start)."""
        first_s, run_s = self.ready_s[job, site], self.run_s[job, site]
        last_s = np.clip(last_s, first_s, self.end_s - run_s)
        pairs, starts = [], []
        for shift_s in (np.zeros(len(job)), run_s):  # it begins, it ends on a boundary
            low = np.floor((first_s + shift_s) / self.slot_s).astype(np.int64) + 1
            count = np.maximum(np.ceil((last_s + shift_s) / self.slot_s).astype(np.int64) - low, 0)
            of, place = ragged(count)
            pairs.append(of)
            starts.append((low[of] + place) * self.slot_s - shift_s[of])
        every = np.arange(len(job))
        due_s = self.deadline_s[job] - run_s
        inside = np.flatnonzero((due_s > first_s) & (due_s < last_s))
        pair = np.concatenate([*pairs, every, every, inside])
        start_s = np.concatenate([*starts, first_s, last_s, due_s[inside]])
        return pair, np.clip(start_s, first_s[pair], last_s[pair])

    def cost_g(self, job: Index, site: Index, start_s: F64, late_g_per_s: float) -> F64:
        """What starts cost at least: carbon of the run and of the transfer, and lateness at its price."""
        end_s = start_s + self.run_s[job, site]
        cost_g = self.carbon.between(site, start_s, end_s) * (self.power_w[job, site] / J_PER_KWH)
        cost_g += self.transfer_g(job, site, start_s)
        if late_g_per_s > 0:
            cost_g += late_g_per_s * np.maximum(end_s - self.deadline_s[job], 0.0)
        return cost_g


@dataclass(frozen=True)
class Running:
    """Integrals over time of something that is constant within steps, per site."""

    sums: F64
    values: F64
    slot_s: float
    steps: int

    @staticmethod
    def of(values: F64, slot_s: float) -> Running:
        """Of values of shape (sites, steps); the last one stays for ever."""
        sites, steps = values.shape
        sums = np.concatenate([np.zeros((sites, 1)), values.cumsum(axis=1)[:, :-1]], axis=1) * slot_s
        return Running(sums.ravel(), values.ravel(), slot_s, steps)

    def between(self, site: Index, from_s: F64, to_s: F64) -> F64:
        """The integral of each stretch."""
        value: F64 = self._until(site, to_s) - self._until(site, from_s)
        return value

    def _until(self, site: Index, t_s: F64) -> F64:
        step = np.minimum((t_s / self.slot_s).astype(np.intp), self.steps - 1)
        at = site * self.steps + step
        value: F64 = self.sums.take(at) + (t_s - step * self.slot_s) * self.values.take(at)
        return value


def ragged(count: I64) -> tuple[Index, Index]:
    """Rows of different lengths one after the other: (row, place in the row) of every element."""
    row = np.repeat(np.arange(len(count)), count)
    return row, np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
