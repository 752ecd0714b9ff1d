"""The picture of ``learning.py``: median errors over time, a panel per drift and target. One SVG, written by hand."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import numpy as np
from drift_course import TARGETS, Course

_WIDTH, _HEIGHT, _LEFT, _TOP, _GAP_X, _GAP_Y = 400, 150, 60, 70, 70, 65
_COLOURS = {"llm": "#2166ac", "xgboost": "#b35806"}
_DASHES = {"static": "5 3", "continual": "none"}
_TICKS, _MORE_TICKS = (1, 2, 5), (1, 1.5, 2, 3, 5, 7)  # of a decade; more where the axis has less than one


def svg(found: Mapping[tuple[str, str], Course]) -> str:
    """A picture of all courses, by predictor and kind of drift."""
    cases = list(dict.fromkeys(case for _, case in found))
    parts = [_legend()]
    for row, case in enumerate(cases):
        for column, target in enumerate(TARGETS):
            here = {train: c for (train, name), c in found.items() if name == case}
            parts.append(
                _panel(here, case, target, _LEFT + column * (_WIDTH + _GAP_X), _TOP + row * (_HEIGHT + _GAP_Y))
            )
    wide, tall = _LEFT + 2 * _WIDTH + _GAP_X + 20, _TOP + len(cases) * (_HEIGHT + _GAP_Y)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {tall}" font-family="sans-serif" '
        f'font-size="11"><rect width="100%" height="100%" fill="white"/>{"".join(parts)}</svg>\n'
    )


def _text(x: float, y: float, text: str, anchor: str = "start", size: int = 11) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}">{escape(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, style: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" {style}/>'


def _legend() -> str:
    parts = [_text(_LEFT, 20, "Median relative error of predictions under drift, by day of decision", size=14)]
    x = float(_LEFT)
    for train, colour in _COLOURS.items():
        for model, dash in _DASHES.items():
            style = f'stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"'
            parts += [_line(x, 38, x + 30, 38, style), _text(x + 36, 42, f"{train}, {model}")]
            x += 150
    return "".join(parts)


def _panel(here: Mapping[str, Course], case: str, target: str, left: float, top: float) -> str:
    """Error in %, logarithmic, over days; upright lines where it drifts and where updates begin to serve."""
    values = 100 * np.concatenate([c.course[target, model] for c in here.values() for model in _DASHES])
    some = next(iter(here.values()))
    low, high = np.log10(np.nanmin(values)) - 0.05, np.log10(np.nanmax(values)) + 0.05

    def at(day: float) -> float:
        return left + _WIDTH * day / float(some.edges_day[-1])

    def height(percent: float) -> float:
        return top + _HEIGHT * (high - float(np.log10(percent))) / (high - low)

    box = f'<rect x="{left}" y="{top}" width="{_WIDTH}" height="{_HEIGHT}" fill="none" stroke="#999"/>'
    parts = [_text(left, top - 7, f"{case}: {target}", size=12), box]
    for tick in (m * 10.0**e for e in range(-3, 5) for m in (_TICKS if high - low > 1 else _MORE_TICKS)):
        if low <= np.log10(tick) <= high:
            y = height(tick)
            parts += [_line(left, y, left + _WIDTH, y, 'stroke="#eee"'), _text(left - 5, y + 4, f"{tick:g} %", "end")]
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        day = share * float(some.edges_day[-1])
        parts.append(_text(at(day), top + _HEIGHT + 14, f"day {day:g}", "middle"))
    x = at(some.drift_day)
    parts += [_line(x, top, x, top + _HEIGHT, 'stroke="#c00"'), _text(x + 3, top + 11, "drift")]
    for train, found in here.items():
        x = at(found.update_day)
        parts.append(_line(x, top, x, top + _HEIGHT, f'stroke="{_COLOURS[train]}" stroke-dasharray="1 3"'))
        middle_day = (found.edges_day[:-1] + found.edges_day[1:]) / 2
        for model, dash in _DASHES.items():
            errors = 100 * found.course[target, model]
            known = np.isfinite(errors)
            points = " ".join(
                f"{at(day):.1f},{height(e):.1f}" for day, e in zip(middle_day[known], errors[known], strict=True)
            )
            style = f'stroke="{_COLOURS[train]}" stroke-width="2" stroke-dasharray="{dash}"'
            parts.append(f'<polyline points="{points}" fill="none" {style}/>')
    return "".join(parts)
