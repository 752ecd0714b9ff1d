"""How prediction errors went over time, and what became of updates, for the page."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np

from greensched.learning.prequential import windows
from greensched.report.series import thin
from greensched.results import learned
from greensched.results.folder import RunFolder

_FIGURES = ("energy_median_frac", "service_median_frac", "energy_rmspe_frac", "service_rmspe_frac", "reports")


def errors_over_time(run: RunFolder) -> dict[str, Any] | None:
    """Median error and RMSPE of energy and service time per window of time, and when models began to serve.

    ``edges_h`` are the windows' bounds in hours since the start; None for a run that predicted nothing.
    """
    s = learned.scored(run)
    groups = {"all": np.zeros(len(s["dc"]), dtype=np.int64)}
    length_s = learned.window_s(run)
    rows = windows(s["landed_s"], groups, {"all": ["all"]}, (s["energy"], s["service"]), length_s)
    if not rows:
        return None
    n = round(rows[-1]["end_s"] / length_s)
    columns: dict[str, list[Any]] = {name: [None] * n for name in _FIGURES}
    for row in rows:
        for name in _FIGURES:
            columns[name][round(row["begin_s"] / length_s)] = thin(row[name])
    swaps = [
        {"h": round(swap["t_s"] / 3600, 4), "event": swap["event"], "version": swap["version"] or "the first"}
        for swap in learned.learning(run).get("swaps", [])
    ]
    return {"edges_h": [round(i * length_s / 3600, 4) for i in range(n + 1)], "swaps": swaps, **columns}


def updates(run: RunFolder) -> list[dict[str, Any]]:
    """A row per update: when it was due, why, what it learned from, and what came of it."""
    begin = datetime.fromisoformat(run.config["start_utc"])
    return [
        {
            "at": f"{begin + timedelta(seconds=update['t_s']):%Y-%m-%d %H:%M}",
            "why": update["why"],
            "trained_on": update.get("trained_on"),
            "left_out": sum((update.get("left_out") or {}).values()),
            "status": update["status"],
            "version": update.get("version") or "–",
            "reason": update.get("reason") or "",
        }
        for update in learned.learning(run).get("updates", [])
    ]
