"""Short reasons in words, built in bulk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from greensched.core.types import F64, I32, World
from greensched.optimizers.refusals import WORDS, Refused
from greensched.policies.answers import Bool

BEST, DISPLACED, QUEUED = 0, 1, 2
_LEADS = ("lowest", "lowest with room", "no room anywhere, queues: lowest")


@dataclass(frozen=True)
class Chosen:
    """What was chosen for each task, and the next best; every array of shape (tasks,).

    Attributes:
        cost: of the choice.
        terms: what it is the sum of.
        next_dc: datacenter of the next best.
        next_cost: what that costs; infinite where there is none.
        next_terms: how much more it costs, term by term.
        next_in_min: when it would start; NaN: that goes without saying.
    """

    cost: F64
    terms: Mapping[str, F64]
    next_dc: NDArray[np.intp]
    next_cost: F64
    next_terms: Mapping[str, F64]
    next_in_min: F64 | None = None


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
        rows = np.arange(len(cost))
        if len(cost) == 0:
            return []
        others = np.where(np.isnan(cost), np.inf, cost)
        others[rows, dc] = np.inf
        runner_up = others.argmin(axis=1)
        own = {name: term[rows, dc] for name, term in (terms or {}).items()}
        apart = {name: term[rows, runner_up] - own[name] for name, term in (terms or {}).items()}
        chosen = Chosen(cost[rows, dc], own, runner_up, others[rows, runner_up], apart)
        return self.told(chosen, how, refused)

    def told(self, chosen: Chosen, how: I32 | Bool, refused: Refused | None = None) -> list[str]:
        """One reason per task, for choices among more than datacenters."""
        n = len(chosen.cost)
        with np.errstate(invalid="ignore"):  # of those who can go nowhere
            margin = chosen.next_cost - chosen.cost
        alone = ~np.isfinite(margin)
        tails = self._next[np.where(alone, len(self._names), chosen.next_dc)].tolist()
        leads, more, unit = self._leads[how].tolist(), margin.tolist(), self._unit
        noise = 1e-9 * np.abs(chosen.cost)  # sums of floats differ in their last digits
        own, apart = _listed(chosen.terms, "", noise), _listed(chosen.next_terms, "+", noise)
        why = self._why(refused, n)
        when = [""] * n if chosen.next_in_min is None else [_in(minutes) for minutes in chosen.next_in_min.tolist()]
        return [
            f"{leads[i]} {_short(least)}{unit}{own[i] if own else ''}{tails[i]}"
            + (f"{when[i]} {_short(more[i], '+')}{unit}{apart[i] if apart else ''}" if more[i] < np.inf else "")
            + (why[i] if why else "")
            for i, least in enumerate(chosen.cost.tolist())
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


def _short(value: float, sign: str = "") -> str:
    """Three digits, or all before the point: nobody reads 1.02e+03."""
    return f"{value:{sign}.0f}" if 1e3 <= abs(value) < 1e9 else f"{value:{sign}.3g}"


def _in(minutes: float) -> str:
    return "" if minutes != minutes else " now" if minutes == 0 else f" in {minutes:.0f} min"


def _listed(terms: Mapping[str, F64], sign: str, noise: F64) -> list[str]:
    """The terms of every task in parentheses, those that are 0 left out."""
    told = {name: np.where(np.abs(column) <= noise, 0.0, column) for name, column in terms.items()}
    kept = {name: column.tolist() for name, column in told.items() if column.any()}
    if not kept:
        return []
    parts = [[f"{name} {_short(v, sign)}" if v else "" for v in column] for name, column in kept.items()]
    return [f" ({', '.join(filter(None, row))})" if any(row) else "" for row in zip(*parts, strict=True)]
