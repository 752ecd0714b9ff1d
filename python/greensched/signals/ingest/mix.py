"""From generation by fuel to shares and intensity.

Intensity is that of the zone's own generation: what is imported, exported, stored or lost is not counted, so it differs
from flow-traced consumption. Factors are those of Electricity Maps (``config/defaults.yaml``), g/kWh.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from greensched.core.types import F64

FACTORS_GPKWH: dict[str, tuple[float, float]] = {  # life cycle, direct
    "coal": (820.0, 760.0),
    "gas": (490.0, 370.0),
    "oil": (650.0, 406.0),
    "biomass": (230.0, 0.0),
    "nuclear": (12.0, 0.0),
    "hydro": (24.0, 0.0),
    "wind": (11.0, 0.0),
    "solar": (45.0, 0.0),
    "geothermal": (38.0, 0.0),
    "unknown": (700.0, 575.0),
}
RENEWABLE = ("wind", "solar", "hydro", "biomass", "geothermal")
STORAGE = "storage"
"""Batteries and pumped hydro: they give back what was generated before, so they are in no total."""
FACTORS_SOURCE = "factors by fuel of Electricity Maps"


def kinds_of_mix(fuels_mw: Mapping[str, F64], factors: Literal["lifecycle", "direct"]) -> dict[str, F64]:
    """Intensity and shares, per instant.

    Args:
        fuels_mw: MW per fuel of ``FACTORS_GPKWH`` or ``STORAGE``, arrays of one length; NaN where missing.
        factors: which factors.

    Returns:
        carbon_gpkwh, wind_frac, solar_frac, renewable_frac; NaN where any fuel that the zone has is missing, since its
        total is then unknown, and where nothing is generated. Negative values (a solar park's own use at night) count
        as 0 in total and shares.
    """
    column = 0 if factors == "lifecycle" else 1
    known = {fuel: np.maximum(mw, 0.0) for fuel, mw in fuels_mw.items() if fuel != STORAGE}
    size = len(next(iter(known.values()))) if known else 0
    total = sum(known.values(), np.zeros(size))
    total = np.where(total > 0, total, np.nan)
    grams = sum((mw * FACTORS_GPKWH[fuel][column] for fuel, mw in known.items()), np.zeros(size))
    none = np.zeros(size)
    renewable = sum((known[fuel] for fuel in RENEWABLE if fuel in known), np.zeros(size))
    return {
        "carbon_gpkwh": grams / total,
        "wind_frac": known.get("wind", none) / total,
        "solar_frac": known.get("solar", none) / total,
        "renewable_frac": renewable / total,
    }
