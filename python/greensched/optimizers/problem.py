"""Who runs where and when: candidates with costs, what they take, and what there is.

A candidate of a task is a datacenter and a start slot; with one slot the choice is only where. A task takes its demand
in every slot from its start until it ends, and one that gets no candidate stays pending at a cost.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from greensched.core.types import F64, I64

RESOURCES: Final = ("cores", "gpus", "mem_gb")
PENDING: Final = -1
SLACK: Final = 1e-9
"""Of every resource: sums of fractions such as 0.1 must not miss a full host by a rounding error."""

GREATEST: Final = 1e12
"""Of every number that is not infinite: more is a mistake of units, and sums of it lose the small ones."""

Index = NDArray[np.intp]
Bool = NDArray[np.bool_]


class ProblemError(ValueError):
    """The problem makes no sense; the message says what and where."""


@dataclass(frozen=True)
class Problem:
    """What there is to decide; see the module.

    Attributes:
        cost_g: (tasks, datacenters, starts), of every candidate; infinite where it is not allowed.
        slots: (tasks, datacenters), that the task takes there; beyond the last slot nothing is counted.
        demand: (tasks, resources), of each slot.
        capacity: (datacenters, slots, resources), that is free; at least as many slots as starts.
        pending_g: (tasks,), cost of staying pending.
    """

    cost_g: F64
    slots: I64
    demand: F64
    capacity: F64
    pending_g: F64

    @property
    def n_tasks(self) -> int:
        """Number of tasks."""
        return len(self.cost_g)

    @property
    def horizon(self) -> int:
        """Number of slots whose capacity counts."""
        return int(self.capacity.shape[1])

    def ends(self, dc: Index, start: Index, task: Index) -> Index:
        """The slot after the last that counts, of candidates."""
        end: Index = np.minimum(start + self.slots[task, dc], self.horizon)
        return end

    def value_g(self, choice: Choice) -> float:
        """What a choice costs."""
        placed = np.flatnonzero(choice.dc >= 0)
        cost_g = self.cost_g[placed, choice.dc[placed], choice.start[placed]]
        return float(cost_g.sum() + self.pending_g[choice.dc < 0].sum())

    def free(self, choice: Choice) -> F64:
        """Capacity that a choice leaves, negative where it takes too much; (datacenters, slots, resources)."""
        placed = np.flatnonzero(choice.dc >= 0)
        dc, start = choice.dc[placed], choice.start[placed]
        change = np.zeros((self.capacity.shape[0], self.horizon + 1, self.capacity.shape[2]))
        np.add.at(change, (dc, start), self.demand[placed])
        np.subtract.at(change, (dc, self.ends(dc, start, placed)), self.demand[placed])
        free: F64 = self.capacity - change.cumsum(axis=1)[:, :-1]
        return free

    def possible(self) -> Problem:
        """The same without candidates that find no room even where nobody else is: they only make bounds worse."""
        n, d, starts = self.cost_g.shape
        full = np.zeros((n, d, self.horizon), dtype=bool)
        for r in range(self.demand.shape[1]):
            full |= self.demand[:, r, None, None] > self.capacity[None, :, :, r] + SLACK
        if not full.any():
            return self
        before = np.zeros((n, d, self.horizon + 1), dtype=np.int32)
        np.cumsum(full, axis=2, out=before[:, :, 1:])
        end = np.minimum(np.arange(starts) + self.slots[:, :, None], self.horizon)
        in_the_way = np.take_along_axis(before, end, axis=2) - before[:, :, :starts]
        return replace(self, cost_g=np.where(in_the_way > 0, np.inf, self.cost_g))

    def fits(self, choice: Choice) -> bool:
        """Whether a choice takes what is allowed only, and no more than there is."""
        n, d, starts = self.cost_g.shape
        dc, start = np.asarray(choice.dc), np.asarray(choice.start)
        if dc.dtype.kind != "i" or start.dtype.kind != "i":
            return False
        if dc.shape != (n,) or start.shape != (n,) or ((dc >= d) | (start < 0) | (start >= starts)).any():
            return False
        placed = np.flatnonzero(dc >= 0)
        allowed = np.isfinite(self.cost_g[placed, dc[placed], start[placed]]).all()
        return bool(allowed) and bool((self.free(choice) >= -SLACK).all())

    def sound(self) -> Problem:
        """The same problem in arrays of float64 and int64, if all of it makes sense.

        Raises:
            ProblemError: no numbers, shapes that do not fit together, or a number that is NaN, negative, or infinite
                where it must not be.
        """
        made: dict[str, Any] = {}
        for field in fields(self):
            whole = field.name == "slots"
            try:
                given = np.asarray(getattr(self, field.name))
            except (ValueError, TypeError, OverflowError):
                raise ProblemError(f"{field.name}: expected an array of numbers") from None
            if given.dtype.kind not in ("iu" if whole else "fiu"):
                wanted = "whole numbers" if whole else "numbers"
                raise ProblemError(f"{field.name}: expected {wanted}, got {given.dtype}")
            made[field.name] = given.astype(np.int64 if whole else np.float64, copy=False)
        problem = Problem(**made)
        problem.check()
        return problem

    def check(self) -> None:
        """Whether all of it makes sense, given arrays of float64 and int64.

        Raises:
            ProblemError: see :meth:`sound`.
        """
        for name, axes in (("cost_g", 3), ("capacity", 3)):
            if (given := np.ndim(getattr(self, name))) != axes:
                raise ProblemError(f"{name}: expected {axes} axes, got {given}")
        n, d, starts = self.cost_g.shape
        horizon, resources = self.capacity.shape[1:]
        if n and not (d and starts and resources):
            raise ProblemError(
                f"cost_g: expected at least one datacenter, start and resource, got shape {(n, d, starts)}"
            )
        for name, shape in (
            ("slots", (n, d)), ("demand", (n, resources)), ("capacity", (d, horizon, resources)), ("pending_g", (n,)),
        ):  # fmt: skip
            if (given := getattr(self, name).shape) != shape:
                raise ProblemError(f"{name}: expected shape {shape}, got {given}")
        if horizon < starts:
            raise ProblemError(f"capacity: expected at least as many slots as starts, {starts}, got {horizon}")
        for name, low, infinite in (
            ("cost_g", -GREATEST, True), ("slots", 1, False), ("demand", 0.0, False), ("capacity", 0.0, True),
            ("pending_g", -GREATEST, False),
        ):  # fmt: skip
            values = np.asarray(getattr(self, name), dtype=np.float64)
            fine = (values >= low) & ((np.abs(values) <= GREATEST) | (infinite & (values == np.inf)))
            if not fine.all():
                at = tuple(int(i) for i in np.argwhere(~fine)[0])
                raise ProblemError(f"{name}{list(at)}: {float(values[at])} is {_wrong(float(values[at]), low)}")


def _wrong(value: float, low: float) -> str:
    if np.isnan(value):
        return "not a number"
    return f"less than {low:g}" if value < low else f"more than {GREATEST:g}"


@dataclass
class Choice:
    """One candidate per task: ``dc`` and ``start``, both of shape (tasks,); ``dc`` is -1 for what stays pending."""

    dc: Index
    start: Index

    @staticmethod
    def none(n_tasks: int) -> Choice:
        """Everything stays pending."""
        return Choice(np.full(n_tasks, PENDING, dtype=np.intp), np.zeros(n_tasks, dtype=np.intp))

    def copy(self) -> Choice:
        """An independent copy."""
        return Choice(self.dc.copy(), self.start.copy())
