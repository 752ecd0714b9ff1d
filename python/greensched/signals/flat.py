"""The same carbon intensity everywhere and always: for scenarios that say nothing about their grids."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from greensched.signals.provider import Label, ZoneSignals
from greensched.signals.series import Signal
from greensched.signals.zones import zones

ASSUMED_ZONE = "assumed"
"""Zone of a datacenter that says nothing about its grid."""
HOUR_S = 3600.0


def mean_gpkwh() -> float:
    """Mean intensity of the built-in zones in 2022 (zone_facts.csv, sources there), g/kWh."""
    return round(float(np.mean([z.mean_gpkwh for z in zones().values()])), 1)


class FlatGrid:
    """Signal source of one number; there is no price, no weather, and any name is a zone."""

    def __init__(self, carbon_gpkwh: float | None) -> None:
        """The intensity in g/kWh; None: the mean of the built-in zones."""
        self._assumed = carbon_gpkwh is None
        self.carbon_gpkwh = mean_gpkwh() if carbon_gpkwh is None else carbon_gpkwh

    def zones(self) -> list[str] | None:
        """None: any name is one."""
        return None

    def load(self, zone: str, start: datetime, end: datetime) -> ZoneSignals:
        """See :class:`greensched.signals.provider.SignalSource`."""
        begin = start.replace(minute=0, second=0, microsecond=0)
        hours = int(-(-(end - begin) // timedelta(hours=1)))
        why = "mean of the built-in zones in 2022" if self._assumed else "given by the scenario"
        result = ZoneSignals(zone)
        values = np.full(hours, self.carbon_gpkwh)
        result.add(
            "carbon_gpkwh",
            Signal(f"carbon_gpkwh of {zone}", begin, HOUR_S, values),
            Label(f"flat: {self.carbon_gpkwh:g} g/kWh, {why}", synthetic=True),
        )
        return result

    def yearly_temperature(self, zone: str, year: int) -> Signal | None:
        """There is none."""
        return None
