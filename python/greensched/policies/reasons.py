"""Short reasons in words, built in bulk."""

from __future__ import annotations

import numpy as np

from greensched.core.types import F64, I32, World
from greensched.policies.answers import Bool

BEST, DISPLACED, QUEUED = 0, 1, 2
_LEADS = ("lowest", "lowest with room", "no room anywhere, queues: lowest")


class Reasons:
    """Words for a choice by least cost.

    Args:
        world: whose datacenters are named.
        what: what is minimised, e.g. ``objective``.
        unit: its unit, e.g. ``g``.
    """

    def __init__(self, world: World, what: str, unit: str) -> None:
        names = [d.name for d in world.datacenters]
        self._leads = np.array([f"{lead} {what}" for lead in _LEADS], dtype=object)
        self._next = np.array([f" {unit}; next {name}" for name in names] + [f" {unit}; no other can"], dtype=object)
        self._unit = unit

    def of(self, cost: F64, dc: I32, how: I32 | Bool) -> list[str]:
        """One reason per task.

        Args:
            cost: (tasks, datacenters), NaN or infinite where impossible.
            dc: the choice; rows with -1 get a text that nobody reads.
            how: ``BEST``, ``DISPLACED`` or ``QUEUED`` per task.
        """
        n, d = cost.shape
        if n == 0:
            return []
        rows = np.arange(n)
        chosen = cost[rows, dc]
        others = np.where(np.isnan(cost), np.inf, cost)
        others[rows, dc] = np.inf
        runner_up = others.argmin(axis=1)
        margin = others[rows, runner_up] - chosen
        alone = ~np.isfinite(margin)
        tails = self._next[np.where(alone, d, runner_up)].tolist()
        leads = self._leads[how].tolist()
        unit = self._unit
        return [
            f"{lead} {least:.3g}{tail} {more:+.3g} {unit}" if more < np.inf else f"{lead} {least:.3g}{tail}"
            for lead, least, tail, more in zip(leads, chosen.tolist(), tails, margin.tolist(), strict=True)
        ]
