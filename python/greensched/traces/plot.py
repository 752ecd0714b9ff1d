"""One self-contained SVG of a typed job table: arrivals, run times, sizes. Written by hand: no plot library."""

from __future__ import annotations

from html import escape
from pathlib import Path

import numpy as np
import pyarrow as pa

from greensched.core.types import F64
from greensched.traces import jobtable

_WIDTH, _HEIGHT, _LEFT, _TOP, _GAP = 900, 190, 70, 60, 70
_BINS = 240
_COLOURS = ("#2166ac", "#b35806", "#5aae61")


def svg(path: Path) -> str:
    """A picture of a typed job table.

    Raises:
        DataError: it is no typed job table.
    """
    about = jobtable.metadata(path)
    arrival_s, duration_s = _values(path, "arrival_s"), _values(path, "duration_s")
    demand = {name: _values(path, name) for name in ("cores", "mem_gb", "gpus")}
    title = f"{about['title']}: {about['report']['rows_written']} rows"
    parts = [_text(_LEFT, 28, title, size=16), _arrivals(arrival_s, 0), _distribution({"run time": duration_s}, "s", 1)]
    parts.append(_distribution({name: v for name, v in demand.items() if len(v)}, "cores, GB, GPUs", 2))
    height = _TOP + 3 * (_HEIGHT + _GAP)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH + _LEFT + 30} {height}" '
        f'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>'
        f"{''.join(parts)}</svg>\n"
    )


def _values(path: Path, name: str) -> F64:
    column = jobtable.read(path, [name]).column(0).drop_null()
    values: F64 = column.cast(pa.float64()).to_numpy()
    return values


def _text(x: float, y: float, text: str, size: int = 12, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}">{escape(text)}</text>'


def _frame(panel: int, title: str) -> tuple[float, str]:
    top = _TOP + panel * (_HEIGHT + _GAP)
    box = f'<rect x="{_LEFT}" y="{top}" width="{_WIDTH}" height="{_HEIGHT}" fill="none" stroke="#999"/>'
    return top, _text(_LEFT, top - 8, title, size=13) + box


def _arrivals(times_s: F64, panel: int) -> str:
    """Arrivals per bin over the span of the trace."""
    if len(times_s) < 2 or times_s.max() <= times_s.min():
        return _frame(panel, "arrivals: not in this trace")[1]
    count, edges = np.histogram(times_s / 3600.0, bins=_BINS)
    width_h = edges[1] - edges[0]
    top, frame = _frame(panel, f"arrivals per {width_h:.3g} h, over hours of trace time")
    step = _WIDTH / _BINS
    tall = _HEIGHT / count.max()
    bars = "".join(
        f"M{_LEFT + i * step:.1f} {top + _HEIGHT}v{-n * tall:.1f}h{step:.1f}V{top + _HEIGHT}"
        for i, n in enumerate(count.tolist())
        if n
    )
    low, high = (
        _text(_LEFT - 5, top + _HEIGHT, "0", anchor="end"),
        _text(_LEFT - 5, top + 10, str(count.max()), anchor="end"),
    )
    ticks = "".join(
        _text(_LEFT + f * _WIDTH, top + _HEIGHT + 16, f"{edges[0] + f * (edges[-1] - edges[0]):.4g}", anchor="middle")
        for f in (0.0, 0.25, 0.5, 0.75, 1.0)
    )
    return f'{frame}<path d="{bars}" fill="{_COLOURS[0]}"/>{low}{high}{ticks}'


def _distribution(columns: dict[str, F64], unit: str, panel: int) -> str:
    """Share of jobs at or below a value, on a logarithmic axis; what is not above 0 is at its left end."""
    positive = {name: values[values > 0] for name, values in columns.items()}
    everything = [values for values in positive.values() if len(values)]
    names = ", ".join(columns) or "demand"
    if not everything:
        return _frame(panel, f"{names}: not in this trace")[1]
    low = np.floor(np.log10(min(np.quantile(v, 0.001) for v in everything)))  # a stray microsecond is no scale
    high = max(low + 1, np.ceil(np.log10(max(v.max() for v in everything))))
    top, frame = _frame(panel, f"{names}: share of jobs at or below ({unit})")
    x = np.linspace(low, high, _BINS)
    parts = [frame]
    for i, (name, values) in enumerate(columns.items()):
        if not len(values):
            continue
        share = np.searchsorted(np.sort(values), 10.0**x, side="right") / len(values)
        points = " ".join(
            f"{_LEFT + (a - low) / (high - low) * _WIDTH:.1f},{top + _HEIGHT * (1 - b):.1f}"
            for a, b in zip(x.tolist(), share.tolist(), strict=True)
        )
        colour = _COLOURS[i % len(_COLOURS)]
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        parts.append(f'<rect x="{_LEFT + 10}" y="{top + 10 + 16 * i}" width="10" height="10" fill="{colour}"/>')
        parts.append(_text(_LEFT + 25, top + 19 + 16 * i, name))
    step = max(1, int(np.ceil((high - low) / 10)))
    for exponent in range(int(low), int(high) + 1, step):
        at = _LEFT + (exponent - low) / (high - low) * _WIDTH
        parts.append(_text(at, top + _HEIGHT + 16, f"{10.0**exponent:g}", anchor="middle"))
    for share_text, y in (("1", top + 10), ("0", top + _HEIGHT)):
        parts.append(_text(_LEFT - 5, y, share_text, anchor="end"))
    return "".join(parts)
