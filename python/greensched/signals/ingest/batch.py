"""What an importer or an API gives: series with labels, and what was noticed on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from greensched.core.errors import ConfigError, DataError
from greensched.signals.ingest.rows import Rows
from greensched.signals.provider import Label
from greensched.signals.series import Signal, utc_text

_KG = 3.0  # g/kWh; no grid of the world has so little all the time, in kg/kWh every grid has


@dataclass(frozen=True)
class Options:
    """What the user says about files that do not say it themselves.

    Attributes:
        zone: zone of the files, where they do not name it.
        factors: emission factors to take, where the files have both or only a generation mix.
        naive_is_utc: times without a zone are UTC.
    """

    zone: str | None = None
    factors: Literal["lifecycle", "direct"] = "lifecycle"
    naive_is_utc: bool = False

    def need_zone(self, place: str) -> str:
        """The zone.

        Raises:
            ConfigError: the user named none.
        """
        if self.zone is None:
            raise ConfigError(f"{place}: this format does not name its zone; say it with --zone, e.g. --zone DE")
        return self.zone


@dataclass(frozen=True)
class Series:
    """One kind of signal of one zone."""

    zone: str
    kind: str
    signal: Signal
    label: Label

    @property
    def missing(self) -> int:
        """Values that are missing."""
        return int(np.isnan(self.signal.values).sum())


@dataclass
class Batch:
    """Series and what was noticed: ``rows`` read, and ``notes`` for people."""

    series: list[Series] = field(default_factory=list)
    rows: int = 0
    notes: list[str] = field(default_factory=list)


Reader = Callable[[list[Path], Options], Batch]


def batch(rows: Rows, label: Callable[[str, str], Label], **how: int | bool | None) -> Batch:
    """The series of all rows; those without any value are left out, and said so.

    Args:
        rows: what was read.
        label: the label of a zone's kind.
        how: see :meth:`Rows.signals`.

    Raises:
        DataError: uneven rows, or no value at all.
    """
    found = Batch(rows=rows.rows)
    for (zone, kind), signal in rows.signals(**how).items():  # type: ignore[arg-type]  # its own keywords
        series = Series(zone, kind, signal, label(zone, kind))
        if series.missing == len(signal.values):
            found.notes.append(f"{zone}: no value of {kind}")
            continue
        if series.missing:
            gap = signal.first_gap()
            assert gap is not None
            found.notes.append(
                f"{zone}: {series.missing} of {len(signal.values)} values of {kind} missing, first {utc_text(gap)}"
            )
        if kind == "carbon_gpkwh" and 0 < np.nanmax(signal.values) < _KG:
            found.notes.append(
                f"{zone}: largest carbon_gpkwh is {np.nanmax(signal.values):g}; is it kg/kWh, not g/kWh?"
            )
        found.series.append(series)
    if not found.series:
        raise DataError("; ".join(found.notes) or "no value found; expected at least one")
    return found


def share_estimated(flags: Mapping[str, list[bool]], zone: str) -> float:
    """Share of a zone's rows that the source marks as estimated."""
    marked = flags.get(zone, [])
    return sum(marked) / len(marked) if marked else 0.0
