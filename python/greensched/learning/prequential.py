"""Prequential evaluation: what was predicted at arrival, scored when the report comes."""

from __future__ import annotations

from typing import Any

import numpy as np

from greensched.core.types import F64, I64, Decisions, Reports, TaskState
from greensched.core.types import Action as _Action

_ROW_BITS = 24  # decision ids: feedback/schema.py


class Prequential:
    """Running errors of the predictions that placed tasks: of all, per datacenter, and of tasks with and without GPUs.

    Args:
        datacenters: their names.
    """

    def __init__(self, datacenters: list[str]) -> None:
        self._names = datacenters
        self._open: dict[int, tuple[float, float, float, int, bool]] = {}
        self._sums: dict[str, list[float]] = {}

    def placed(self, seq: int, t_s: float, decisions: Decisions, gpus: F64) -> None:
        """Remember what was predicted in answer ``seq``; ``gpus`` are those of the decided tasks."""
        rows = np.flatnonzero((decisions.action == _Action.PLACE) & np.isfinite(decisions.energy_kwh))
        first, d = seq << _ROW_BITS, decisions
        for row, kwh, s, dc, gpu in zip(
            rows.tolist(), d.energy_kwh[rows].tolist(), d.service_time_s[rows].tolist(), d.dc[rows].tolist(),
            (gpus[rows] > 0).tolist(), strict=True,
        ):  # fmt: skip
            self._open[first + row] = (t_s, kwh, s, dc, gpu)

    def lost(self, seq: int) -> None:
        """The world went on without answer ``seq``."""
        for key in [key for key in self._open if key >> _ROW_BITS == seq]:
            del self._open[key]

    def landed(self, reports: Reports) -> tuple[F64, F64]:
        """Score reports; returns abs(ln(predicted / true)) of energy and service time, of those that can be scored."""
        energy, service = [], []
        for i, decision in enumerate(reports.decision.tolist()):
            said = self._open.pop(decision, None)
            if said is None or not _counts(reports, i, said[3]):
                continue
            t_s, kwh, s, dc, gpu = said
            true_kwh, true_s = float(reports.dynamic_kwh[i]), float(reports.finish_s[i]) - t_s
            if true_kwh > 0 and true_s > 0 and kwh > 0 and s > 0:
                pair = kwh / true_kwh, s / true_s
                for key in ("all", f"dc:{self._names[dc]}", "gpu" if gpu else "cpu"):
                    self._add(key, *pair)
                energy.append(abs(float(np.log(pair[0]))))
                service.append(abs(float(np.log(pair[1]))))
        return np.array(energy), np.array(service)

    def _add(self, key: str, energy: float, service: float) -> None:
        sums = self._sums.setdefault(key, [0.0, 0.0, 0.0])
        sums[0] += 1
        sums[1] += (energy - 1.0) ** 2
        sums[2] += (service - 1.0) ** 2

    def as_json(self) -> dict[str, Any]:
        """Reports and RMSPE of energy and of service time, by group."""
        return {
            key: {
                "reports": int(n),
                "energy_rmspe_frac": float(np.sqrt(e / n)),
                "service_rmspe_frac": float(np.sqrt(s / n)),
            }
            for key, (n, e, s) in sorted(self._sums.items())
        }


def _counts(reports: Reports, i: int, dc: int) -> bool:
    """Whether a report tells of an undisturbed run where it was decided."""
    finished = reports.state[i] == TaskState.FINISHED and reports.attempts[i] == 1
    return bool(finished and reports.dc[i] == dc)


def windows(
    landed_s: F64, groups: dict[str, I64], names: dict[str, list[str]], ratios: tuple[F64, F64], window_s: float
) -> list[dict[str, Any]]:
    """Errors per window of time and group, a row each; groups without reports have none.

    Args:
        landed_s: when each report came.
        groups: by kind, the group that each report belongs to; -1: none.
        names: of the groups of a kind.
        ratios: predicted / true of energy and of service time.
        window_s: length of a window.
    """
    rows = []
    window = np.floor(landed_s / window_s).astype(np.int64)
    errors = [np.abs(ratio - 1.0) for ratio in ratios]
    order = np.argsort(window, kind="stable")
    numbers, first = np.unique(window[order], return_index=True)
    for w, here in zip(numbers, np.split(order, first[1:]), strict=True) if len(order) else ():
        for kind, group in groups.items():
            for code, name in enumerate(names[kind]):
                mine = here[group[here] == code]
                if n := len(mine):
                    energy, service = (e[mine] for e in errors)
                    rows.append({
                        "begin_s": float(w * window_s), "end_s": float((w + 1) * window_s), "kind": kind, "group": name,
                        "reports": n, "energy_rmspe_frac": float(np.sqrt(np.mean(energy**2))),
                        "energy_median_frac": float(np.median(energy)),
                        "service_rmspe_frac": float(np.sqrt(np.mean(service**2))),
                        "service_median_frac": float(np.median(service)),
                    })  # fmt: skip
    return rows
