"""Signals on the slot grid as the world reads them, with every gap and missing series found at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from greensched.core import limits
from greensched.core.errors import DataError
from greensched.core.streams import stream
from greensched.core.types import F64, SIGNAL_KINDS
from greensched.scenario.load import Loaded, needs_temperature
from greensched.signals.provider import Label, ZoneSignals, mixed
from greensched.signals.resample import to_slots
from greensched.signals.series import Signal, utc_text


@dataclass
class Grid:
    """Window of the run and the native series of every datacenter's zone."""

    start: datetime
    end: datetime
    slots: int
    slot_us: int
    zones: list[ZoneSignals]  # one per datacenter


def load_grid(loaded: Loaded) -> Grid:
    """Load the series of every zone over the run and check them; problems go to ``loaded.problems``."""
    scenario = loaded.scenario
    slots = -(-(scenario.horizon + scenario.drain) // scenario.slot)
    start = scenario.start
    end = start + timedelta(microseconds=slots * scenario.slot)
    cache: dict[str, ZoneSignals] = {}
    for i, dc in enumerate(scenario.datacenters):
        if dc.zone not in cache:
            try:
                cache[dc.zone] = loaded.source.load(dc.zone, start, end)
            except DataError as error:
                loaded.problems.add(("datacenters", i, "zone"), str(error))
                cache[dc.zone] = ZoneSignals(dc.zone)
                continue
            if scenario.signals.marginal == "synthetic" and "marginal_gpkwh" not in cache[dc.zone].series:
                _add_marginal(cache[dc.zone], scenario.seed)
        _check(loaded, i, cache[dc.zone], start, end)
    for text in mixed(cache.values()):
        loaded.problems.add(("signals",), text)
    _check_factors(loaded, cache)
    return Grid(start, end, slots, scenario.slot, [cache[dc.zone] for dc in scenario.datacenters])


def _check_factors(loaded: Loaded, zones: dict[str, ZoneSignals]) -> None:
    """A folder that says its emission factors, and a scenario that asks for others."""
    signals = loaded.scenario.signals
    if signals.source != "csv" or "intensity" not in signals.model_fields_set:
        return
    wanted = "direct" if signals.intensity == "direct" else "lifecycle"
    for zone in zones.values():
        said = zone.labels["carbon_gpkwh"].factors if "carbon_gpkwh" in zone.labels else ""
        if said not in ("", wanted):
            loaded.problems.add(
                ("signals", "intensity"), f"carbon_gpkwh of {zone.zone} has {said} factors, expected {wanted}"
            )


def _check(loaded: Loaded, index: int, zone: ZoneSignals, start: datetime, end: datetime) -> None:
    """Required series must cover the run without gaps; any series must be finite and in range."""
    here = ("datacenters", index, "zone")
    dc = loaded.scenario.datacenters[index]
    required = ["carbon_gpkwh", *(["temperature_c"] if needs_temperature(dc) else [])]
    for kind in required:
        if kind not in zone.series:
            hint = "; give pue as a number" if kind == "temperature_c" else ""
            loaded.problems.add(here, f"no {kind} for {zone.zone} from {utc_text(start)} to {utc_text(end)}{hint}")
    for kind, signal in zone.series.items():
        if kind in required:
            _check_whole(loaded, index, signal, start, end)
        low, high = limits.SIGNALS.get(kind, (-np.inf, np.inf))  # kinds of plug-ins may have any value
        bad = (signal.values < low) | (signal.values > high)
        if bad.any():
            k = int(np.flatnonzero(bad)[0])
            at = signal.start + timedelta(seconds=signal.step_s * k)
            loaded.problems.add(
                here, f"{signal.name} is {signal.values[k]:g} at {utc_text(at)}, expected {low:g} to {high:g}"
            )


def _check_whole(loaded: Loaded, index: int, signal: Signal, start: datetime, end: datetime) -> None:
    here = ("datacenters", index, "zone")
    gap = signal.first_gap()
    if signal.start > start or signal.end < end:
        loaded.problems.add(
            here,
            f"{signal.name} covers {utc_text(signal.start)} to {utc_text(signal.end)}, expected all of "
            f"{utc_text(start)} to {utc_text(end)} (start + horizon + drain)",
        )
    elif gap is not None:
        missing = int(np.isnan(signal.values).sum())
        loaded.problems.add(
            here, f"{signal.name} has a gap at {utc_text(gap)} ({missing} missing values), expected none"
        )


def with_temperature(grid: Grid) -> frozenset[int]:
    """Datacenters of which the temperature is known throughout."""
    found = []
    for i, zone in enumerate(grid.zones):
        signal = zone.series.get("temperature_c")
        if signal is not None and signal.start <= grid.start and signal.end >= grid.end and signal.first_gap() is None:
            found.append(i)
    return frozenset(found)


def check_throttled(loaded: Loaded, grid: Grid, throttle_c: Mapping[str, float]) -> None:
    """Where heat slows tasks down, the temperature must be known throughout; problems go to ``loaded.problems``."""
    for i, (dc, zone) in enumerate(zip(loaded.scenario.datacenters, grid.zones, strict=True)):
        if dc.name not in throttle_c or needs_temperature(dc):
            continue  # the latter has been checked
        signal = zone.series.get("temperature_c")
        if signal is None:
            text = f"no temperature_c for {zone.zone}, where heat slows tasks down (throttle_c)"
            loaded.problems.add(("datacenters", i, "zone"), text)
        else:
            _check_whole(loaded, i, signal, grid.start, grid.end)


def _add_marginal(zone: ZoneSignals, seed: int) -> None:
    """A labelled stand-in: gas at the margin in clean systems, coal in dirty ones, less when renewables abound.

    Life-cycle factors of Electricity Maps: gas 490, coal 820 g/kWh.
    """
    carbon = zone.series.get("carbon_gpkwh")
    if carbon is None:
        return
    coal = np.clip((carbon.values - 300.0) / 500.0, 0.0, 1.0)
    marginal = 490.0 + 330.0 * coal
    renewable = zone.series.get("renewable_frac")
    if renewable is not None and len(renewable.values) == len(marginal):
        marginal = marginal * np.clip((1.05 - renewable.values) / 0.25, 0.05, 1.0)
    marginal = marginal * np.exp(0.05 * stream(seed, "marginal", zone.zone).standard_normal(len(marginal)))
    signal = Signal(f"marginal_gpkwh of {zone.zone}", carbon.start, carbon.step_s, marginal)
    label = Label("synthetic: gas or coal at the margin", synthetic=True, measure="marginal", factors="lifecycle")
    zone.add("marginal_gpkwh", signal, label)


def slot_columns(grid: Grid, interpolation: str) -> tuple[dict[str, F64], dict[str, Any]]:
    """Columns and labels of signals.gsf (PROTOCOL.md §2.4)."""
    columns: dict[str, F64] = {}
    labels: dict[str, Any] = {}
    slot_s = grid.slot_us / 1e6
    for i, zone in enumerate(grid.zones):
        for kind in SIGNAL_KINDS:
            signal = zone.series.get(kind)
            if signal is None:
                continue
            padded = cover(signal, grid.start, grid.end)
            columns[f"{i}.{kind}"] = to_slots(padded, kind, grid.start, grid.slots, slot_s, interpolation)
            label = zone.labels[kind]
            labels[f"{i}.{kind}"] = {
                "source": label.source,
                "synthetic": label.synthetic,
                "estimated_frac": round(label.estimated_frac, 6),
                **{k: v for k in ("measure", "factors", "currency", "licence") if (v := getattr(label, k))},
                "interpolation": interpolation,
            }
    return columns, labels


def cover(signal: Signal, start: datetime, end: datetime) -> Signal:
    """The series with NaN where an optional one does not reach; required ones have been checked to reach."""
    step = timedelta(seconds=signal.step_s)
    before = max(0, -int((start - signal.start) // step))
    after = max(0, -int((signal.end - end) // step))
    if before == after == 0:
        return signal
    values = np.concatenate([np.full(before, np.nan), signal.values, np.full(after, np.nan)])
    return Signal(signal.name, signal.start - before * step, signal.step_s, values)
