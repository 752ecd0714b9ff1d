"""Heat waves: a temperature outside that rises, stays and falls, and what of a datacenter feels it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from greensched.core import limits
from greensched.core.types import F64
from greensched.scenario.datacenters import Datacenter
from greensched.scenario.load import Loaded, needs_temperature
from greensched.scenario.problems import Path
from greensched.scenario.slots import Grid

_RAMP = 0.25  # share of the time in which it rises, and in which it falls


@dataclass(frozen=True)
class Wave:
    """One heat wave; microseconds since the start of the run."""

    dc: int
    start_us: int
    end_us: int
    by_c: float
    path: Path


def heat_matters(loaded: Loaded, datacenter: Datacenter) -> bool:
    """Whether anything in a datacenter depends on the temperature outside: its PUE, or jobs in words, by throttling."""
    return needs_temperature(datacenter) or getattr(loaded.scenario.workload, "text", None) is not None


def rise_c(wave: Wave, at_us: F64) -> F64:
    """How much warmer a wave makes it at some instants: sine squared up and down, ``by_c`` in between."""
    through = (at_us - wave.start_us) / (wave.end_us - wave.start_us)
    ramp = np.clip(np.minimum(through, 1.0 - through) / _RAMP, 0.0, 1.0)
    risen: F64 = wave.by_c * np.sin(np.pi / 2 * ramp) ** 2
    return risen


def check(loaded: Loaded, grid: Grid, waves: Iterable[Wave]) -> None:
    """No wave may lead beyond what a thermometer shows; problems go to ``loaded.problems``."""
    _, most = limits.SIGNALS["temperature_c"]
    for wave in waves:
        signal = grid.zones[wave.dc].series.get("temperature_c")
        if signal is None:
            if needs_temperature(loaded.scenario.datacenters[wave.dc]):
                continue  # which has been said
            loaded.problems.add(wave.path, f"nobody knows the temperature of {grid.zones[wave.dc].zone}: take it out")
        elif (hottest := float(np.nanmax(signal.values)) + wave.by_c) > most:
            loaded.problems.add(wave.path, f"leads to {hottest:g} degrees C, expected at most {most:g}: give less by_c")


def warm(columns: dict[str, F64], labels: dict[str, Any], waves: Iterable[Wave], slot_us: int) -> None:
    """Raise the temperatures of signals.gsf, slot by slot as of its middle, and say so in their labels.

    Forecasts are made from the series before: what was issued before a wave does not know of it.
    """
    for wave in waves:
        name = f"{wave.dc}.temperature_c"
        if name not in columns:
            continue  # a source without temperature; nothing that needs it gets this far
        middle_us: F64 = (np.arange(len(columns[name]), dtype=np.float64) + 0.5) * slot_us
        columns[name] = np.add(columns[name], rise_c(wave, middle_us))
        if not labels[name]["source"].endswith(_SAID):
            labels[name] = labels[name] | {"source": labels[name]["source"] + _SAID, "synthetic": True}


_SAID = "; raised by heat waves of the scenario"
