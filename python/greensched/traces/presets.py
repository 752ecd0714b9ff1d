"""Laws of the generator fitted to public traces: ``presets.json``, written by ``benchmarks/trace_laws.py``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from greensched.traces.laws import Sizes


@dataclass(frozen=True)
class Preset:
    """What a trace looks like; names as in the scenario's ``workload`` block.

    Attributes:
        arrivals: of ``workload.arrivals``.
        quantiles: (rank, seconds) of run times.
        min_s: shortest run time, seconds.
        max_s: longest run time, seconds.
        gpu_share: share of jobs that use GPUs.
        size_corr: correlation of log run time with log cores.
        sizes: joint sizes; None: the trace has none.
    """

    arrivals: dict[str, Any]
    quantiles: tuple[tuple[float, float], ...]
    min_s: float
    max_s: float
    gpu_share: float
    size_corr: float
    sizes: Sizes | None


@cache
def presets() -> dict[str, Preset]:
    """All presets by the name of their trace."""
    raw = json.loads(files("greensched.traces").joinpath("presets.json").read_text(encoding="utf-8"))
    return {name: _preset(one) for name, one in raw.items()}


def _preset(raw: dict[str, Any]) -> Preset:
    durations = raw["durations"]
    sizes = tuple((float(c), float(m), float(g), float(s)) for c, m, g, s in raw["sizes"])
    return Preset(
        arrivals=dict(raw["arrivals"]) | {"profile": tuple(raw["arrivals"]["profile"])},
        quantiles=tuple((float(rank), float(seconds)) for rank, seconds in durations["quantiles"]),
        min_s=durations["min_s"],
        max_s=durations["max_s"],
        gpu_share=raw["gpu_share"],
        size_corr=raw["size_corr"],
        sizes=sizes or None,
    )
