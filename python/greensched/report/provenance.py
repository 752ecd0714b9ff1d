"""Where the numbers of a run come from, for the table at the end of the page."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

from greensched.core.types import F64
from greensched.report.series import thin
from greensched.results.folder import RunFolder
from greensched.results.metadata import read_json

KIND_NAMES = {
    "carbon_gpkwh": "carbon intensity (average)",
    "marginal_gpkwh": "carbon intensity (marginal)",
    "wind_frac": "wind share",
    "solar_frac": "solar share",
    "renewable_frac": "renewable share",
    "price_per_kwh": "price of electricity",
    "temperature_c": "outside temperature",
}

_MOSTLY = 0.5  # from this share of estimated values on, a series is not called measured


def signal_sources(run: RunFolder) -> list[dict[str, Any]]:
    """One row per kind of signal and source: what, from where, for which datacenters, synthetic or not."""
    groups: dict[tuple[str, str, bool, str], list[tuple[str, float]]] = defaultdict(list)
    for column, label in run.signal_meta.get("labels", {}).items():
        index, _, kind = column.partition(".")
        key = (
            kind,
            str(label.get("source", "unknown")),
            bool(label.get("synthetic")),
            str(label.get("interpolation", "")),
        )
        groups[key].append((run.datacenter_names[int(index)], float(label.get("estimated_frac") or 0.0)))
    order = list(KIND_NAMES)
    rows = []
    for (kind, source, synthetic, interpolation), members in groups.items():
        estimated_frac = max(fraction for _, fraction in members)
        rows.append(
            {
                "kind": KIND_NAMES.get(kind, kind),
                "source": source,
                "badge": "synthetic" if synthetic else "estimated" if estimated_frac >= _MOSTLY else "measured",
                "interpolation": interpolation,
                "estimated_frac": estimated_frac,
                "datacenters": _members([name for name, _ in members], len(run.datacenter_names)),
                "rank": order.index(kind) if kind in order else len(order),
            }
        )
    return sorted(rows, key=lambda row: (row["rank"], row["source"]))


def _members(names: list[str], total: int) -> str:
    return "all" if len(names) == total else ", ".join(names)


def drawn_hardware(run: RunFolder) -> str | None:
    """From which types the seed drew the hosts of the run; None where they are what is published or declared."""
    path = run.path / "input" / "provenance.json"
    if not path.is_file() or read_json(path).get("hardware") is None:
        return None
    kinds = {group["type"].split(f".{dc['name']}.")[0] for dc in run.config["datacenters"] for group in dc["hosts"]}
    return ", ".join(sorted(kinds))


def renewables(run: RunFolder) -> list[dict[str, Any]]:
    """Mean wind, solar and renewable share of every datacenter's zone over the run; None where the data has none."""
    slots = run.datacenters
    rows = []
    for index, datacenter in enumerate(run.config["datacenters"]):
        row = {"name": datacenter["name"], "zone": datacenter["zone"]}
        for kind in ("wind_frac", "solar_frac", "renewable_frac"):
            row[kind] = _mean(slots[kind][slots["dc"] == index]) if slots else None
        rows.append(row)
    return rows


def _mean(values: F64) -> float | None:
    known = values[~np.isnan(values)]
    mean: float | None = thin(float(known.mean())) if len(known) else None
    return mean
