"""What every source of grid and weather signals gives to the rest: hourly series per zone, with provenance."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from greensched.core.errors import DataError
from greensched.signals.series import Signal

Measure = Literal["", "average", "marginal"]
Factors = Literal["", "lifecycle", "direct"]

# What a kind of signal measures; a series that says otherwise is refused.
_MEASURES: dict[str, Measure] = {"carbon_gpkwh": "average", "marginal_gpkwh": "marginal"}


@dataclass(frozen=True)
class Label:
    """Where the values of one series come from, and what exactly they measure.

    Attributes:
        source: in words, for people.
        synthetic: made by a model of ours, not measured.
        estimated_frac: share of the values that the source itself marks as estimated.
        measure: of an intensity: "average" of all generation, or "marginal"; "" where it is not said.
        factors: of an intensity: "lifecycle" or "direct" (combustion only) emission factors; "" where it is not said.
        currency: of a price, ISO 4217; "" where it is not said.
        licence: of the data, in a few words.
    """

    source: str
    synthetic: bool
    estimated_frac: float = 0.0
    measure: Measure = ""
    factors: Factors = ""
    currency: str = ""
    licence: str = ""


@dataclass
class ZoneSignals:
    """The series of one zone by protocol kind; a kind that the source does not have is absent, never filled."""

    zone: str
    series: dict[str, Signal] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)

    def add(self, kind: str, signal: Signal, label: Label) -> None:
        """Add one series.

        Raises:
            DataError: the label says that it measures something else: a marginal intensity is no average one.
        """
        expected = _MEASURES.get(kind, "")
        if label.measure not in ("", expected):
            raise DataError(
                f"{signal.name}: {label.source} is {label.measure}, {kind} holds what is {expected or 'no intensity'}; "
                "average and marginal intensities are never mixed"
            )
        self.series[kind] = signal
        self.labels[kind] = label


def mixed(zones: Iterable[ZoneSignals]) -> list[str]:
    """What must not stand side by side in one run, as sentences: unlike emission factors or currencies of one kind.

    A series that says nothing about itself is compared with nothing.
    """
    found = []
    first: dict[tuple[str, str], tuple[str, str]] = {}
    for zone in zones:
        for kind, label in zone.labels.items():
            for what, said in (("emission factors", label.factors), ("currency", label.currency)):
                if not said:
                    continue
                other, before = first.setdefault((kind, what), (zone.zone, said))
                if said != before:
                    found.append(
                        f"{kind} of {zone.zone} has the {what} '{said}', that of {other} '{before}'; expected one for "
                        "all zones, since they are compared"
                    )
    return list(dict.fromkeys(found))


class SignalSource(Protocol):
    """Gives the signals of a zone over a window; a window that is not covered is returned as far as it goes."""

    def zones(self) -> list[str] | None:
        """Zones that this source knows; None: any name is one."""

    def load(self, zone: str, start: datetime, end: datetime) -> ZoneSignals:
        """Series of ``zone`` on whole hours around [start, end), cut to what the source has."""

    def yearly_temperature(self, zone: str, year: int) -> Signal | None:
        """Hourly outside temperature of a whole calendar year, or None where the source has less than 90 % of it."""
