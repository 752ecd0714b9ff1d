"""Deadlines for imported jobs: by a named rule, from draws that depend on the seed and the job only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from greensched.core.streams import stream
from greensched.core.types import F64, I64
from greensched.traces import jobtable
from greensched.traces.enrich import DeadlineRule
from greensched.traces.importing.contract import hashed

RULES = {
    "uniform": DeadlineRule("uniform", 1.5, 6.0, 600.0, 0.0),
    "lognormal": DeadlineRule("lognormal", 2.5, 0.6, 600.0, 0.0),
}
NONE = "none: no trace has deadlines; the deadline rule of the scenario derives them when it is run"


@dataclass(frozen=True)
class Deadlines:
    """Fills ``deadline_s``.

    Draws are hashes of the seed with job and task (or arrival, where there is no id), not of the position: the same job
    gets the same deadline whatever else is imported with it, and in whatever order.
    """

    rule: DeadlineRule | None
    seed: int

    @property
    def text(self) -> str:
        """For the metadata."""
        if self.rule is None:
            return NONE
        return f"{self.rule.text}; seed {self.seed}; none where run time or arrival is unknown"

    def add(self, rows: pa.Table) -> pa.Table:
        """The rows with deadlines; null where the rule gives none."""
        if self.rule is None:
            return rows
        key = hashed(*(rows.column(name) for name in ("job", "task", "arrival_s")))
        arrival_s = rows.column("arrival_s").to_numpy()
        duration_s = rows.column("duration_s").to_numpy()
        normal = np.sqrt(-2.0 * np.log1p(-self._draw(key, "radius"))) * np.cos(2.0 * np.pi * self._draw(key, "angle"))
        with np.errstate(invalid="ignore"):
            deadline_s = self.rule.apply(
                arrival_s, duration_s, self._draw(key, "factor"), normal, self._draw(key, "none")
            )
        known = np.isfinite(deadline_s)
        column = pa.array(np.where(known, deadline_s, 0.0), pa.float64(), mask=~known)
        return rows.set_column(jobtable.SCHEMA.names.index("deadline_s"), jobtable.SCHEMA.field("deadline_s"), column)

    def _draw(self, key: I64, name: str) -> F64:
        """A number in [0, 1) per key: a round of SplitMix64 on the key and a salt of seed and name."""
        salt = stream(self.seed, "enrich", "deadlines", name).integers(0, 2**64, dtype=np.uint64)
        z = key.view(np.uint64) + salt
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
        result: F64 = (z >> np.uint64(11)).astype(np.float64) * 2.0**-53
        return result
