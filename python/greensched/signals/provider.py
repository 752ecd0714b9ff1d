"""What every source of grid and weather signals gives to the rest: hourly series per zone, with provenance."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from greensched.signals.series import Signal


@dataclass(frozen=True)
class Label:
    """Where the values of one series come from."""

    source: str
    synthetic: bool
    estimated_frac: float = 0.0  # share of values that the source itself marks as estimated


@dataclass
class ZoneSignals:
    """The series of one zone by protocol kind; a kind that the source does not have is absent, never filled."""

    zone: str
    series: dict[str, Signal] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)

    def add(self, kind: str, signal: Signal, label: Label) -> None:
        """Add one series."""
        self.series[kind] = signal
        self.labels[kind] = label


class SignalSource(Protocol):
    """Gives the signals of a zone over a window; a window that is not covered is returned as far as it goes."""

    def zones(self) -> list[str] | None:
        """Zones that this source knows; None: any name is one."""

    def load(self, zone: str, start: datetime, end: datetime) -> ZoneSignals:
        """Series of ``zone`` on whole hours around [start, end), cut to what the source has."""

    def yearly_temperature(self, zone: str, year: int) -> Signal | None:
        """Hourly outside temperature of a whole calendar year, or None where the source has less than 90 % of it."""
