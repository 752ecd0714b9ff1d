"""How well the mind predicted over time, what it learned, and what predicting and learning are charged with."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa

from greensched.core.errors import DataError
from greensched.core.types import F64, Action
from greensched.core.units import J_PER_KWH
from greensched.learning.prequential import windows
from greensched.results.folder import RunFolder
from greensched.results.metadata import read_json
from greensched.results.tables import build, outcome

_MIND = 1  # source of a decision (PROTOCOL.md §2.6)
_HOUR_S, _DAY_S = 3600.0, 86400.0
CLASSES = ["cpu", "gpu"]
_SKIPPED = "skipped"  # updates that have trained nothing


def learning(run: RunFolder) -> dict[str, Any]:
    """What the loop noted (learning.json); empty for a run that did not learn, or where it is damaged."""
    path = run.path / "learning.json"
    try:
        return read_json(path) if path.is_file() else {}
    except DataError:
        return {}


def window_s(run: RunFolder) -> float:
    """Length of the windows in which errors are told: a day, or less of a short run."""
    horizon_s = run.config["horizon_us"] / 1e6
    return _DAY_S if horizon_s >= 4 * _DAY_S else _DAY_S / 4 if horizon_s >= _DAY_S else _HOUR_S


def _decisions(run: RunFolder) -> dict[str, Any]:
    """The world's log of decisions; nothing where it is damaged, which `finish` says."""
    try:
        return run.decisions
    except DataError:
        return {}


def scored(run: RunFolder) -> dict[str, Any]:
    """Placements of the mind that were predicted and ended undisturbed: a row per report, in the order of landing.

    ``landed_s``, ``dc``, ``gpu``, and predicted / true of ``energy`` and ``service``.
    """
    d = _decisions(run)
    if not d:
        return {name: np.zeros(0) for name in ("landed_s", "dc", "gpu", "energy", "service")}
    said, t_s = run.predicted, d["t_us"] / 1e6
    true_kwh, true_s = outcome(run, d["decision"], d["task"], t_s)
    with np.errstate(invalid="ignore", divide="ignore"):
        energy, service = said.energy_kwh / true_kwh, said.service_s / true_s
    ok = (d["action"] == Action.PLACE) & (d["source"] == _MIND) & np.isfinite(energy) & np.isfinite(service)
    rows = np.flatnonzero(ok)
    landed_s = (t_s + true_s)[rows]
    rows = rows[np.argsort(landed_s, kind="stable")]
    return {
        "landed_s": (t_s + true_s)[rows],
        "dc": d["dc"][rows],
        "gpu": (run.tasks["gpus"][d["task"][rows]] > 0).astype(np.int64),
        "energy": energy[rows],
        "service": service[rows],
    }


def prequential(run: RunFolder) -> pa.Table:
    """prequential.parquet: errors per window of time, of all placements and by datacenter and class of work."""
    s = scored(run)
    groups = {"all": np.zeros(len(s["dc"]), dtype=np.int64), "datacenter": s["dc"], "work": s["gpu"]}
    names = {"all": ["all"], "datacenter": run.datacenter_names, "work": CLASSES}
    rows = windows(s["landed_s"], groups, names, (s["energy"], s["service"]), window_s(run))
    if not rows:
        return build("prequential", {}, run)
    columns: dict[str, Any] = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    for name in ("kind", "group"):
        columns[name] = pa.array(columns[name].tolist()).dictionary_encode()
    return build("prequential", columns, run)


def summary(run: RunFolder) -> dict[str, Any]:
    """The keys of summary.json about prediction, learning and what they are charged with."""
    s, told = scored(run), learning(run)
    kwh, grams = charged(run, told) if told else (math.nan, math.nan)
    return {
        "prediction_errors": _errors(s),
        "learning": _learned(told) if told else None,
        "scheduler_energy_kwh": None if math.isnan(kwh) else kwh,
        "scheduler_carbon_kg": None if math.isnan(grams) else grams / 1e3,
    }


def _errors(s: dict[str, Any]) -> dict[str, Any] | None:
    if len(s["energy"]) == 0:
        return None
    found: dict[str, Any] = {"reports": len(s["energy"])}
    for name in ("energy", "service"):
        error = np.abs(s[name] - 1.0)
        found[f"{name}_rmspe_frac"] = float(np.sqrt(np.mean(error**2)))
        found[f"{name}_median_frac"] = float(np.median(error))
    return found


def _learned(told: dict[str, Any]) -> dict[str, Any]:
    updates = told.get("updates", [])
    left_out: dict[str, int] = {}
    for update in updates:
        for reason, n in (update.get("left_out") or {}).items():
            left_out[reason] = max(left_out.get(reason, 0), n)  # every update sifts all reports again
    statuses = [str(update.get("status")) for update in updates]
    return {
        "updates": len(updates),
        **{status: statuses.count(status) for status in ("promoted", "refused", "skipped", "failed")},
        "rolled_back": sum(swap.get("event") == "rolled back" for swap in told.get("swaps", [])),
        "drifts": len(told.get("drift", [])),
        "explored": told.get("explored", 0),
        "left_out": left_out,
        "serving": (told.get("serving") or {}).get("version"),
    }


def charged(run: RunFolder, told: dict[str, Any]) -> tuple[float, float]:
    """Energy (kWh) and carbon (g) of training and predicting: declared duration x declared watts x the site's grid."""
    declared = told["settings"]
    train_kwh = declared["train_s"] * declared["train_w"] / J_PER_KWH
    infer_kwh = declared["infer_s_per_job"] * declared["infer_w"] / J_PER_KWH
    trained_s = [float(u["t_s"]) for u in told.get("updates", []) if u.get("status") != _SKIPPED]
    d = _decisions(run)
    decided_s: F64 = d["t_us"][d["source"] == _MIND] / 1e6 if d else np.zeros(0)
    ends_s, gpkwh = _grid(run)
    if len(ends_s) == 0:
        return train_kwh * len(trained_s) + infer_kwh * len(decided_s), math.nan
    site = declared.get("site")
    column = None if site == "cleanest" else 0 if site is None else run.datacenter_names.index(site)
    grams = sum(_train_g(t, declared["train_s"], train_kwh, ends_s, gpkwh, column) for t in trained_s)
    slot = np.minimum(np.searchsorted(ends_s, decided_s, side="right"), len(ends_s) - 1)
    now = np.nanmin(gpkwh, axis=1) if column is None else gpkwh[:, column]
    grams += infer_kwh * float(now[slot].sum())
    return train_kwh * len(trained_s) + infer_kwh * len(decided_s), float(grams)


def _train_g(t_s: float, train_s: float, kwh: float, ends_s: F64, gpkwh: F64, column: int | None) -> float:
    """Carbon in g of one update, evenly over its time; ``column`` None: the cleanest when it begins."""
    slot = min(int(np.searchsorted(ends_s, t_s, side="right")), len(ends_s) - 1)
    mine = gpkwh[:, int(np.nanargmin(gpkwh[slot])) if column is None else column]
    if train_s <= 0:
        return kwh * float(mine[slot])
    begin_s = np.concatenate([[0.0], ends_s[:-1]])
    share = np.maximum(np.minimum(ends_s, t_s + train_s) - np.maximum(begin_s, t_s), 0.0) / train_s
    share[-1] += 1.0 - share.sum()  # what lies after the end of the run
    used = share > 0
    return kwh * float(share[used] @ mine[used])


def _grid(run: RunFolder) -> tuple[F64, F64]:
    """Ends of the slots in s, and intensity in g/kWh of shape (slots, datacenters)."""
    slots, n = run.datacenters, len(run.datacenter_names)
    if not slots:
        return np.zeros(0), np.zeros((0, n))
    order = np.lexsort((slots["dc"], slots["t_us"]))
    ends_s = slots["t_us"][order].reshape(-1, n)[:, 0] / 1e6
    return ends_s, slots["carbon_gpkwh"][order].reshape(-1, n)
