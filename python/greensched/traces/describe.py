"""What a typed job table holds: counts, quantiles, burstiness, and what is missing. One column in memory at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from greensched.core.types import F64
from greensched.traces import jobtable
from greensched.traces.importing import tally

QUANTILES = (0.0, 0.1, 0.5, 0.9, 0.99, 1.0)
WINDOWS_S = (60, 300, 3600)
_SHOWN = 5  # most frequent words of a text column


def describe(path: Path) -> dict[str, Any]:
    """Statistics of a typed job table.

    Returns:
        ``rows``, the file's ``metadata``; ``numbers`` and ``words`` by column with ``missing_frac``; ``arrivals``
        (:func:`arrivals`, None without arrivals).

    Raises:
        DataError: it is no typed job table.
    """
    about = jobtable.metadata(path)
    numbers: dict[str, Any] = {}
    words: dict[str, Any] = {}
    rows, times_s = 0, np.zeros(0)
    for field in jobtable.SCHEMA:
        column = jobtable.read(path, [field.name]).column(0)
        rows = len(column)
        if pa.types.is_list(field.type):
            column = pc.list_value_length(column)
        if pa.types.is_string(field.type):
            words[field.name] = _words(column)
        else:
            values = column.drop_null().cast(pa.float64()).to_numpy()
            unit = (field.metadata or {}).get(b"unit", b"").decode()
            numbers[field.name] = _numbers(values, rows, unit)
            times_s = values if field.name == "arrival_s" else times_s
    return {"rows": rows, "metadata": about, "numbers": numbers, "words": words, "arrivals": arrivals(times_s)}


def _numbers(values: F64, rows: int, unit: str) -> dict[str, Any]:
    found: dict[str, Any] = {"missing_frac": 1.0 - len(values) / rows if rows else 0.0, "unit": unit}
    if len(values):
        found["mean"] = float(values.mean())
        found["c2"] = float(values.var() / values.mean() ** 2) if values.mean() else None
        found["quantiles"] = dict(zip(map(str, QUANTILES), np.quantile(values, QUANTILES).tolist(), strict=True))
    return found


def _words(column: Any) -> dict[str, Any]:
    counted = pc.value_counts(column.drop_null().combine_chunks())
    found: dict[str, Any] = {"missing_frac": column.null_count / len(column) if len(column) else 0.0}
    found["distinct"] = len(counted)
    order = np.argsort(-counted.field("counts").to_numpy(), kind="stable")[:_SHOWN]
    found["most"] = {str(counted.field("values")[int(i)]): counted.field("counts")[int(i)].as_py() for i in order}
    return found


def arrivals(times_s: F64) -> dict[str, Any] | None:
    """Rate and burstiness of arrivals.

    Args:
        times_s: arrival times in any order.

    Returns:
        ``per_min``; ``c2``, the squared coefficient of variation of the gaps (1 for Poisson); ``idc``, the variance of
        counts per window over their mean, by window in seconds (1 for Poisson); ``peak_to_trough`` of the mean rate by
        hour of day, None for less than a day. None for fewer than three arrivals or no span.
    """
    times_s = np.sort(times_s)
    span_s = float(times_s[-1] - times_s[0]) if len(times_s) else 0.0
    if len(times_s) < 3 or span_s <= 0:
        return None
    gaps = np.diff(times_s)
    found: dict[str, Any] = {"per_min": (len(times_s) - 1) / span_s * 60.0, "span_s": span_s}
    found["c2"] = float(gaps.var() / gaps.mean() ** 2)
    found["idc"] = {str(width): _dispersion(times_s, width) for width in WINDOWS_S if span_s >= 2 * width}
    found["peak_to_trough"] = None
    if span_s >= 86_400.0:
        by_hour = np.bincount(((times_s % 86_400.0) // 3600.0).astype(int), minlength=24)
        found["peak_to_trough"] = float(by_hour.max() / by_hour.min()) if by_hour.min() else None
    return found


def _dispersion(times_s: F64, width_s: int) -> float:
    """Over whole windows only; the last, cut one is left out. Empty windows count without being stored."""
    window = np.floor((times_s - times_s[0]) / width_s)
    windows = int(window[-1])
    _, count = np.unique(window[window < windows], return_counts=True)
    mean = count.sum() / windows
    return float(((count**2).sum() / windows - mean**2) / mean) if mean else 0.0


def text(found: dict[str, Any]) -> list[str]:
    """The statistics as lines for a terminal."""
    about = found["metadata"]
    lines = [f"{about['title']}", f"{found['rows']} rows; time 0 is {about['time_zero']}"]
    if "report" in about:  # generated tables have none: nothing was read, nothing left out
        lines += tally.lines(about["report"])[1:]
    if about["machine"]:
        lines.append(f"assumption: {about['machine']}")
    lines.append(f"deadlines: {about['deadlines']}")
    heads = "".join(f"{name:>11}" for name in ("mean", "min", "p10", "p50", "p90", "p99", "max"))
    lines += ["", f"{'column':<17}{'unit':<8}{'missing':>8}{heads}"]
    absent = []
    for name, one in found["numbers"].items():
        if "mean" not in one:
            absent.append(name)
            continue
        figures = "".join(f"{v:>11.4g}" for v in (one["mean"], *one["quantiles"].values()))
        lines.append(f"{name:<17}{one['unit']:<8}{one['missing_frac']:>8.1%}{figures}")
    lines += ["", f"{'column':<17}{'distinct':<8}{'missing':>8}  most frequent"]
    for name, one in found["words"].items():
        if not one["distinct"]:
            absent.append(name)
            continue
        most = ", ".join(f"{word[:24]} ({count})" for word, count in list(one["most"].items())[:3])
        lines.append(f"{name:<17}{one['distinct']:<8}{one['missing_frac']:>8.1%}  {most}")
    lines += ["", f"not in this trace: {', '.join(absent) or 'nothing'}"]
    if found["arrivals"]:
        a = found["arrivals"]
        idc = ", ".join(f"{value:.3g} ({width} s)" for width, value in a["idc"].items())
        peak = f"{a['peak_to_trough']:.2g}" if a["peak_to_trough"] else "unknown"
        lines.append(
            f"arrivals: {a['per_min']:.4g} per minute; C2 of gaps {a['c2']:.3g}; variance/mean of counts {idc or '-'}; "
            f"busiest to quietest hour {peak}"
        )
    return lines
