"""A picture of signals, one SVG file that needs nothing else: a panel per kind, a line per zone, gaps where missing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from html import escape

import numpy as np

from greensched.core.types import F64
from greensched.signals.provider import ZoneSignals
from greensched.signals.series import Signal, utc_text

_WIDTH, _PANEL, _LEFT, _RIGHT, _TOP, _GAP = 960, 190, 70, 14, 58, 44
_COLOURS = (
    "#0b6e4f",
    "#c1666b",
    "#2d6cdf",
    "#b8860b",
    "#6a4c93",
    "#17808c",
    "#8a8d91",
    "#d2527f",
    "#4d6a1f",
    "#3d348b",
)
_POINTS = 900
"""Points of a line; beyond that each is the mean of its part, and the picture says so."""


def svg(zones: Sequence[ZoneSignals], units: dict[str, str] | None = None) -> str:
    """The picture of all kinds of all zones over their common span.

    Args:
        zones: what to draw, at least one series in all.
        units: kind -> unit; kinds of the core have theirs in the name.
    """
    kinds = list(dict.fromkeys(kind for zone in zones for kind in zone.series))
    everything = [signal for zone in zones for signal in zone.series.values()]
    start, end = min(s.start for s in everything), max(s.end for s in everything)
    height = _TOP + len(kinds) * (_PANEL + _GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        'font-family="system-ui, sans-serif" font-size="12" role="img">',
        f"<title>{escape(', '.join(kinds))} of {escape(', '.join(z.zone for z in zones))}</title>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        *_legend(zones),
    ]
    for i, kind in enumerate(kinds):
        parts += _panel(zones, kind, (units or {}).get(kind, ""), start, end, _TOP + i * (_PANEL + _GAP))
    return "\n".join([*parts, "</svg>", ""])


def _legend(zones: Sequence[ZoneSignals]) -> list[str]:
    step = min(150, (_WIDTH - _LEFT - _RIGHT) // max(1, len(zones)))
    parts = []
    for i, zone in enumerate(zones):
        x = _LEFT + i * step
        colour = _COLOURS[i % len(_COLOURS)]
        parts.append(f'<line x1="{x}" x2="{x + 16}" y1="20" y2="20" stroke="{colour}" stroke-width="3"/>')
        parts.append(f'<text x="{x + 21}" y="24" fill="#222222">{escape(zone.zone)}</text>')
    return parts


def _panel(zones: Sequence[ZoneSignals], kind: str, unit: str, start: datetime, end: datetime, top: int) -> list[str]:
    drawn = [(i, zone.series[kind], zone.labels[kind]) for i, zone in enumerate(zones) if kind in zone.series]
    known = np.concatenate([signal.values[~np.isnan(signal.values)] for _, signal, _ in drawn])
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    low = min(low, 0.0) if low < 0.35 * high else low
    high = high if high > low else low + 1.0
    missing = sum(int(np.isnan(signal.values).sum()) for _, signal, _ in drawn)
    said = ", ".join(dict.fromkeys(word for _, _, x in drawn for word in (x.measure, x.factors, x.currency) if word))
    synthetic = "synthetic" if any(label.synthetic for _, _, label in drawn) else ""
    averaged = "averaged to fit" if any(len(signal.values) > _POINTS for _, signal, _ in drawn) else ""
    gaps = f"{missing} values missing" if missing else ""
    title = " · ".join(part for part in (kind, unit, said, synthetic, gaps, averaged) if part)
    parts = [f'<text x="{_LEFT}" y="{top - 8}" font-weight="600" fill="#222222">{escape(title)}</text>']
    for k in range(5):
        y = top + _PANEL * (1 - k / 4)
        value = low + (high - low) * k / 4
        parts.append(f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:g}" y2="{y:g}" stroke="#e3e5e8"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:g}" text-anchor="end" fill="#555555">{value:.4g}</text>')
    for k in range(5):
        at = (start + (end - start) * k / 4).astimezone(UTC)
        x = _LEFT + (_WIDTH - _LEFT - _RIGHT) * k / 4
        text = at.strftime("%Y-%m-%d %H:%MZ")
        anchor = "start" if k == 0 else "end" if k == 4 else "middle"
        parts.append(f'<text x="{x:g}" y="{top + _PANEL + 16}" text-anchor="{anchor}" fill="#555555">{text}</text>')
    for i, signal, label in drawn:
        path = _path(signal, start, (end - start) / timedelta(seconds=1), low, high, top)
        about = escape(f"{label.source}, {utc_text(signal.start)} to {utc_text(signal.end)}")
        colour = _COLOURS[i % len(_COLOURS)]
        parts.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.4"><title>{about}</title></path>')
    return parts


def _path(signal: Signal, start: datetime, span_s: float, low: float, high: float, top: int) -> str:
    """Steps: a value holds throughout its interval; the pen is lifted over what is missing."""
    values, step_s = _thinned(signal.values, signal.step_s)
    per_s = (_WIDTH - _LEFT - _RIGHT) / span_s
    x = _LEFT + (signal.start - start).total_seconds() * per_s
    text, pen = [], False
    for k, value in enumerate(values.tolist()):
        if value != value:
            pen = False
            continue
        y = top + _PANEL * (1 - (value - low) / (high - low))
        a, b = x + k * step_s * per_s, x + (k + 1) * step_s * per_s
        text.append(f"{'L' if pen else 'M'}{a:.1f} {y:.1f}H{b:.1f}")
        pen = True
    return "".join(text)


def _thinned(values: F64, step_s: float) -> tuple[F64, float]:
    """Means of equal parts; a part with anything missing is missing."""
    width = -(-len(values) // _POINTS)
    if width == 1:
        return values, step_s
    padded = np.concatenate([values, np.full(-len(values) % width, np.nan)])
    thin: F64 = padded.reshape(-1, width).mean(axis=1)
    return thin, step_s * width
