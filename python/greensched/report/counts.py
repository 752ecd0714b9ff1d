"""Distributions and counts that the page shows: waits, lateness, where tasks ran, how decisions came about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from greensched.core.types import F64, TaskState
from greensched.report.series import thin
from greensched.results.folder import RunFolder

_MIN, _HOUR = 60.0, 3600.0
WAIT_BINS = (
    ("under 1 s", 1.0), ("under 1 min", _MIN), ("1-5 min", 5 * _MIN), ("5-15 min", 15 * _MIN), ("15-60 min", _HOUR),
    ("1-4 h", 4 * _HOUR), ("4-12 h", 12 * _HOUR), ("over 12 h", np.inf),
)  # fmt: skip
LATE_BINS = (
    ("over 12 h early", -12 * _HOUR), ("4-12 h early", -4 * _HOUR), ("1-4 h early", -_HOUR),
    ("15-60 min early", -15 * _MIN), ("under 15 min early", 1e-6), ("under 15 min late", 15 * _MIN),
    ("15-60 min late", _HOUR), ("1-4 h late", 4 * _HOUR), ("over 4 h late", np.inf),
)  # fmt: skip
FIRST_LATE_BIN = 5
_TOP_REASONS = 8
_WEIGHTIEST = 8
_TERMS = r" \((?:[a-z]+ [-+.e\d]+(?:, )?)+\)"  # " (carbon 12.3, lateness 4)"
_FULL = r"; no room at .*$"


def waits(run: RunFolder) -> list[float]:
    """Share of started tasks per bin of ``WAIT_BINS``: from arrival to the start of execution."""
    return _shares(run.jobs["first_start_s"] - run.tasks["arrival_us"] / 1e6, WAIT_BINS)


def lateness(run: RunFolder) -> list[float]:
    """Share of finished tasks with a deadline per bin of ``LATE_BINS``: end minus deadline."""
    return _shares(run.jobs["finish_s"] - run.deadline_s, LATE_BINS)


def _shares(values_s: F64, bins: tuple[tuple[str, float], ...]) -> list[float]:
    known = values_s[~np.isnan(values_s)]
    if not len(known):
        return [0.0] * len(bins)
    which = np.searchsorted([upper for _, upper in bins[:-1]], known, side="right")
    return [float(v) for v in thin(np.bincount(which, minlength=len(bins)) / len(known))]


def core_hours(run: RunFolder) -> F64:
    """Core-hours of finished tasks, shape (origins, datacenters)."""
    done = run.jobs["state"] == TaskState.FINISHED
    hours = run.tasks["cores"] * (run.jobs["finish_s"] - run.jobs["start_s"]) / 3600
    n_dc = len(run.datacenter_names)
    cell = run.tasks["origin"][done] * n_dc + run.jobs["dc"][done]
    flat = np.zeros(len(run.origin_names) * n_dc)
    np.add.at(flat, cell, hours[done])
    return flat.reshape(-1, n_dc)


def decision_counts(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """How many decisions of which kind, and the most frequent reasons with their numbers left out."""
    path = folder / "decisions.parquet"
    if not path.is_file():  # the world's log of them is damaged
        return {"kinds": [], "reasons": []}
    columns = ["action", "status", "source", "code", "reason"]
    table = pq.read_table(path, columns=columns)
    kinds = table.select(columns[:4]).group_by(columns[:4], use_threads=False).aggregate([([], "count_all")])
    rows = sorted(kinds.to_pylist(), key=lambda row: -row["count_all"])
    named = [{"label": _kind(row), "count": row["count_all"], "bad": _is_bad(row)} for row in rows]
    return {"kinds": named, "reasons": _reasons(table["reason"])}


def weightiest(folder: Path) -> list[dict[str, Any]]:
    """The placements with the largest predicted energy: when, which task, where, and the policy's words, terms and all.

    Of a run whose policy predicts nothing, or whose log of decisions is damaged: none.
    """
    path = folder / "decisions.parquet"
    if not path.is_file():
        return []
    table = pq.read_table(path, columns=["t_s", "task", "dc", "code", "reason", "predicted_kwh"])
    fine = pc.and_(pc.is_valid(table["predicted_kwh"]), pc.equal(table["code"], "accepted"))
    table = table.filter(pc.fill_null(fine, False))
    order = [("predicted_kwh", "descending"), ("task", "ascending"), ("t_s", "ascending")]
    rows: list[dict[str, Any]] = table.take(pc.select_k_unstable(table, _WEIGHTIEST, order)).to_pylist()
    return rows


def _kind(row: dict[str, Any]) -> str:
    label = f"{row['action']}, {row['status']}".replace("_", " ")
    if row["source"] == "fallback":
        label += " (world's fallback)"
    return label if row["code"] == "accepted" else f"{label}: {row['code']}".replace("_", " ")


def _is_bad(row: dict[str, Any]) -> bool:
    return bool(row["source"] == "fallback" or row["code"] != "accepted" or row["action"] == "reject")


def _reasons(reasons: pa.ChunkedArray) -> list[dict[str, Any]]:
    # "lowest objective 12.3 g; next de +1.2 g" and its thousand sisters are one kind of reason
    plain = pc.replace_substring_regex(pc.replace_substring_regex(reasons, _TERMS, ""), _FULL, "")
    plain = pc.replace_substring_regex(plain, r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", "#")
    rows = sorted(pc.value_counts(plain).to_pylist(), key=lambda row: (-row["counts"], row["values"] or ""))
    return [{"label": row["values"] or "(none given)", "count": row["counts"]} for row in rows[:_TOP_REASONS]]
