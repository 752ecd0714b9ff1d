"""A little chance in placing, with its probability on record: what nobody ever tries nobody learns about.

With probability ``explore_frac`` a task that the policy places goes to any datacenter that could hold it instead, each
equally likely, the policy's choice included; where some have room now, to one of these. The propensity of what was done
is logged, so that what another policy would have done can be estimated by inverse propensities. Draws depend on seed
and task only, so a run can be repeated.
"""

from __future__ import annotations

import dataclasses
import hashlib

import numpy as np

from greensched.core.contracts import Predictor
from greensched.core.types import F64, Action, Decisions, DecisionStatus, Observation, Options, TaskTable, World
from greensched.learning.evidence import Bool
from greensched.optimizers.greedy import Index, Room
from greensched.policies.random import draws
from greensched.predictors.facts import Facts

REASON = "explores: any datacenter that could hold it"


class Explorer:
    """Sends some tasks elsewhere.

    Attributes:
        explored: how many tasks it has drawn so far.
    """

    def __init__(self, world: World, explore_frac: float) -> None:
        self._frac = explore_frac
        self._facts = Facts.of(world)
        self._seed = int.from_bytes(hashlib.sha256(f"exploration {world.seed}".encode()).digest()[:8], "little")
        self._by_name = np.argsort(self._facts.name_rank)
        self.explored = 0

    def explore(self, seen: Observation, decisions: Decisions, predictor: Predictor | None) -> Decisions:
        """The decisions, with some placements changed, and the propensity of each.

        Args:
            seen: what the policy decided on.
            decisions: its answer; not changed.
            predictor: says what the new places will cost, for the log.
        """
        placed = np.flatnonzero(decisions.action == Action.PLACE)
        if self._frac <= 0 or len(placed) == 0:
            return decisions
        tasks = seen.tasks.take(seen.tasks.rows_of(decisions.task[placed]))
        allowed = self._allowed(seen, tasks)
        lots = draws(self._seed, tasks.task, np.arange(2, dtype=np.int64))
        number = np.maximum(allowed.sum(axis=1), 1)
        drawn = (lots[:, 0] < self._frac) & allowed.any(axis=1)
        dc = decisions.dc.copy()
        dc[placed[drawn]] = self._pick(allowed, lots[:, 1])[drawn]
        share = self._frac * allowed[np.arange(len(placed)), dc[placed]] / number
        kept = np.where(dc[placed] == decisions.dc[placed], np.where(allowed.any(axis=1), 1 - self._frac, 1.0), 0.0)
        propensity = decisions.propensity.copy()
        propensity[placed] *= kept + share
        self.explored += int(np.count_nonzero(drawn))
        changed = placed[dc[placed] != decisions.dc[placed]]
        result = dataclasses.replace(decisions, dc=dc, propensity=propensity)
        return _retold(result, changed, seen, predictor) if len(changed) else result

    def _allowed(self, seen: Observation, tasks: TaskTable) -> Bool:
        feasible, _ = self._facts.host_type(tasks)
        up = feasible & (seen.state.down == 0)
        room = Room.now(seen.state, self._facts)
        has_room = up & (tasks.cores[:, None] <= np.minimum(room.cores, room.widest_cores))
        has_room &= (tasks.mem_gb[:, None] <= room.mem_gb) & (tasks.gpus[:, None] <= room.widest_gpus)
        allowed: Bool = np.where(has_room.any(axis=1)[:, None], has_room, up)
        return allowed

    def _pick(self, allowed: Bool, lot: F64) -> Index:
        """One of the allowed datacenters per task, in the order of their names; the first by name where none is."""
        by_name = allowed[:, self._by_name]
        wanted = np.floor(lot * by_name.sum(axis=1)).astype(np.int64) + 1
        return np.asarray(self._by_name[(by_name.cumsum(axis=1) >= wanted[:, None]).argmax(axis=1)], dtype=np.int32)


def _retold(decisions: Decisions, rows: Index, seen: Observation, predictor: Predictor | None) -> Decisions:
    """The rows that were sent elsewhere with the prediction and the reason of that."""
    energy_kwh, service_s = decisions.energy_kwh.copy(), decisions.service_time_s.copy()
    status = decisions.status.copy()
    energy_kwh[rows] = service_s[rows] = np.nan
    if predictor is not None:
        tasks = seen.tasks.take(seen.tasks.rows_of(decisions.task[rows]))
        got = predictor.predict(seen, tasks, Options.now_everywhere(seen.world.n_datacenters, seen.t_s))
        pairs = np.arange(len(rows)), decisions.dc[rows]
        energy_kwh[rows], service_s[rows] = got.energy_kwh[pairs], got.service_time_s[pairs]
    status[rows] = DecisionStatus.HEURISTIC
    reason = list(decisions.reason)
    for row in rows.tolist():
        reason[row] = REASON
    return dataclasses.replace(
        decisions, energy_kwh=energy_kwh, service_time_s=service_s, status=status, reason=reason
    )  # fmt: skip
