"""Time series of a run, thinned to what a screen can show."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greensched.core.types import F64
from greensched.results.folder import RunFolder

MAX_POINTS = 300


def thin(value: Any) -> Any:
    """Round to three digits for the page; NaN becomes None; lists and arrays alike."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, list):
        return [thin(v) for v in value]
    if isinstance(value, float):
        return None if math.isnan(value) else float(f"{value:.3g}")
    return value


def time_series(run: RunFolder) -> dict[str, Any]:
    """Per datacenter and bin: carbon (kg/h), intensity (g/kWh), utilisation (0..1), queue (tasks).

    ``edges_h`` are the bins' bounds in hours since the start; all else has shape (datacenters, bins).
    """
    slots, n = run.datacenters, len(run.datacenter_names)
    if not slots:
        return {"edges_h": [0.0], "carbon_kgph": [[]] * n, "intensity": [[]] * n, "util": [[]] * n, "queue": [[]] * n}
    order = np.lexsort((slots["dc"], slots["t_us"]))
    ends_s = slots["t_us"][order].reshape(-1, n)[:, 0] / 1e6
    duration_s = np.diff(ends_s, prepend=0.0)
    table = {c: slots[c][order].reshape(-1, n) for c in ("carbon_g", "carbon_gpkwh", "used_cores", "queued")}
    keep = duration_s > 0
    bins = _bins(int(np.count_nonzero(keep)))
    weight_s = duration_s[keep][:, None]
    total_s = _sums(np.broadcast_to(weight_s, (len(weight_s), n)), bins)
    cores = np.array([sum(h["count"] * h["cores"] for h in d["hosts"]) for d in run.config["datacenters"]])

    def mean(column: str) -> F64:
        return _sums(table[column][keep] * weight_s, bins) / total_s

    return {
        "edges_h": [0.0, *np.round(np.cumsum(total_s[:, 0]) / 3600, 4).tolist()],
        "carbon_kgph": thin((_sums(table["carbon_g"][keep], bins) / total_s * 3.6).T),
        "intensity": thin(mean("carbon_gpkwh").T),
        "util": thin((mean("used_cores") / cores).T),
        "queue": thin(np.maximum.reduceat(table["queued"][keep].astype(float), bins, axis=0).T),
    }


def _bins(n_slots: int) -> NDArray[np.intp]:
    """First slot of every bin."""
    return np.arange(0, n_slots, max(1, math.ceil(n_slots / MAX_POINTS)))


def _sums(values: F64, bins: NDArray[np.intp]) -> F64:
    return np.asarray(np.add.reduceat(values, bins, axis=0))
