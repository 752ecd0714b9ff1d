"""Short reasons in words, built in bulk."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from greensched.core.types import F64, I32, World
from greensched.optimizers.refusals import WORDS, Refused
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
        self._names = [d.name for d in world.datacenters]
        self._leads = np.array([f"{lead} {what}" for lead in _LEADS], dtype=object)
        self._next = np.array([f"; next {name}" for name in self._names] + ["; no other can"], dtype=object)
        self._unit = f" {unit}"

    def of(
        self,
        cost: F64,
        dc: I32,
        how: I32 | Bool,
        terms: Mapping[str, F64] | None = None,
        refused: Refused | None = None,
    ) -> list[str]:
        """One reason per task: what the choice costs, and by how much the runner-up costs more, term by term.

        Args:
            cost: (tasks, datacenters), NaN or infinite where impossible.
            dc: the choice; rows with -1 get a text that nobody reads.
            how: ``BEST``, ``DISPLACED`` or ``QUEUED`` per task.
            terms: what ``cost`` is the sum of, by name and of the same shape.
            refused: (tasks, datacenters), why cheaper ones were not taken.
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
        leads, more = self._leads[how].tolist(), margin.tolist()
        own = _listed({name: column[rows, dc] for name, column in (terms or {}).items()}, "")
        apart = _listed(
            {name: column[rows, runner_up] - column[rows, dc] for name, column in (terms or {}).items()}, "+"
        )
        why = self._why(refused, n)
        unit = self._unit
        return [
            f"{leads[i]} {least:.3g}{unit}{own[i] if own else ''}{tails[i]}"
            + (f" {more[i]:+.3g}{unit}{apart[i] if apart else ''}" if more[i] < np.inf else "")
            + (why[i] if why else "")
            for i, least in enumerate(chosen.tolist())
        ]

    def _why(self, refused: Refused | None, n: int) -> list[str]:
        """Of every task, which cheaper datacenters had no room, and of what."""
        if refused is None or not refused.any():
            return []
        texts = [""] * n
        for i in np.flatnonzero(refused.any(axis=1)).tolist():
            named = [f"{self._names[d]} ({WORDS[refused[i, d]]})" for d in np.flatnonzero(refused[i]).tolist()]
            texts[i] = f"; no room at {', '.join(named)}"
        return texts


def _listed(terms: Mapping[str, F64], sign: str) -> list[str]:
    """The terms of every task in parentheses, those that are 0 left out."""
    kept = {name: column.tolist() for name, column in terms.items() if column.any()}
    if not kept:
        return []
    style = f"{sign}.3g"
    parts = [[f"{name} {v:{style}}" if v else "" for v in column] for name, column in kept.items()]
    return [f" ({', '.join(filter(None, row))})" if any(row) else "" for row in zip(*parts, strict=True)]
