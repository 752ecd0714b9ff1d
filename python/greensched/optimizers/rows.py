"""The constraints of a choice among candidates as a sparse matrix, as solvers want them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from greensched.core.types import F64
from greensched.optimizers.prices import Columns
from greensched.optimizers.problem import Index, Problem


@dataclass(frozen=True)
class Rows:
    """The constraints of a choice among columns.

    Attributes:
        task, k: places of the candidates in the :class:`Columns`; one variable each.
        matrix: sparse, (constraints, variables): one row per task, then one for everything that could run out.
        limit: of every row: 1 for tasks, which is to be met, then capacities.
        at: what could run out, as indices into the flattened capacity.
    """

    task: Index
    k: Index
    matrix: Any
    limit: F64
    at: Index

    @staticmethod
    def of(problem: Problem, columns: Columns) -> Rows:
        """Those of some columns."""
        import scipy.sparse

        task, k = np.nonzero(np.isfinite(columns.cost_g))
        start = columns.start[task, k]
        length = columns.end[task, k] - start
        variable = np.repeat(np.arange(len(task)), length)
        slot = start[variable] + np.arange(len(variable)) - np.repeat(np.cumsum(length) - length, length)
        place = columns.dc[task, k][variable] * problem.horizon + slot
        entries, limits, at, n_rows = [(task, np.arange(len(task)), np.ones(len(task)))], [], [], problem.n_tasks
        resources = problem.demand.shape[1]
        for r in range(resources):
            taken, limit = problem.demand[task[variable], r], problem.capacity[:, :, r].ravel()
            scarce = np.bincount(place, taken, limit.size) > limit
            kept = scarce[place] & (taken > 0)
            row = n_rows - 1 + np.cumsum(scarce)
            entries.append((row[place[kept]], variable[kept], taken[kept]))
            limits.append(limit[scarce])
            at.append(np.flatnonzero(scarce) * resources + r)
            n_rows += int(scarce.sum())
        rows, variables, values = (np.concatenate(part) for part in zip(*entries, strict=True))
        matrix = scipy.sparse.csr_matrix((values, (rows, variables)), shape=(n_rows, len(task)))
        limit = np.concatenate([np.ones(problem.n_tasks), *limits])
        return Rows(task, k, matrix, limit, np.concatenate(at))
