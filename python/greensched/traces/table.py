"""One typed table for the jobs of every source, before they become tasks of a run."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greensched.core.types import F64, I32, I64


@dataclass(frozen=True)
class Text:
    """A dictionary-encoded text column: ``pool[index[row]]``. A million rows share a few hundred strings."""

    pool: tuple[str, ...]
    index: I32

    def decode(self) -> list[str]:
        """The strings, one per row."""
        pool = np.empty(len(self.pool), dtype=object)
        pool[:] = self.pool
        return list(pool[self.index].tolist())

    def take(self, rows: NDArray[Any]) -> Text:
        """The given rows."""
        return Text(self.pool, self.index[rows])

    @staticmethod
    def of(values: list[str]) -> Text:
        """Encode a list of strings."""
        pool, index = np.unique(np.array(values, dtype=object).astype(str), return_inverse=True)
        return Text(tuple(str(v) for v in pool), index.astype(np.int32))


@dataclass
class Jobs:
    """Single-task jobs, one entry per job, in any order.

    Attributes:
        arrival_s: seconds since the start of the window.
        duration_s: true run time in seconds on reference hardware, alone.
        cores: cores held.
        mem_gb: memory held, 10^9 bytes.
        gpus: GPUs held; below 1 a share of one GPU.
        gpu_type: index into ``gpu_types``; -1 any.
        group: jobs of one submission (batch) share a number; recurring applications are assigned per group.
        deadline_s: NaN: to be derived by the deadline rule.
        expected_s: owner's estimate; NaN: to be derived.
        data_gb: input data; NaN: to be drawn.
        origin: index of the origin; -1: to be drawn.
        priority: higher first; the least int32: to be taken from the application.
        app: index into the application catalogue; -1: to be assigned.
        name, labels, user: free text of the owner, or None: to be taken from the application.
        description: more free text of the owner, what the job is about; None: there is none.
        gpu_types: names of GPU types that ``gpu_type`` refers to.
        source: for the metadata.
    """

    arrival_s: F64
    duration_s: F64
    cores: F64
    mem_gb: F64
    gpus: F64
    gpu_type: I32
    group: I64
    deadline_s: F64
    expected_s: F64
    data_gb: F64
    origin: I32
    priority: I32
    app: I32
    name: Text | None = None
    labels: Text | None = None
    user: Text | None = None
    description: Text | None = None
    gpu_types: tuple[str, ...] = ()
    source: str = ""
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.arrival_s)

    def take(self, rows: NDArray[Any]) -> Jobs:
        """The given rows, in that order."""
        changed: dict[str, Any] = {}
        for f in dataclasses.fields(self):
            value = getattr(self, f.name)
            if isinstance(value, np.ndarray):
                changed[f.name] = value[rows]
            elif isinstance(value, Text):
                changed[f.name] = value.take(rows)
        return dataclasses.replace(self, **changed)


UNSET_PRIORITY = int(np.iinfo(np.int32).min)


def blank(n: int) -> dict[str, Any]:
    """Columns of :class:`Jobs` that a source does not know, marked as still to be drawn."""
    return {
        "gpus": np.zeros(n),
        "gpu_type": np.full(n, -1, np.int32),
        "group": np.arange(n, dtype=np.int64),
        "deadline_s": np.full(n, np.nan),
        "expected_s": np.full(n, np.nan),
        "data_gb": np.full(n, np.nan),
        "origin": np.full(n, -1, np.int32),
        "priority": np.full(n, UNSET_PRIORITY, np.int32),
        "app": np.full(n, -1, np.int32),
    }
