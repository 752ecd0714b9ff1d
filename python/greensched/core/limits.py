"""What a quantity can be at most: far beyond any real datacenter, and within what the world can compute with.

A value outside is a slip of the pen (a wrong unit, a wrong exponent) and is refused where it is read, because later it
would overflow. Simulated time is whole microseconds in 64 bits: 10^12 s are 10^18 us, the type ends at 9.2 * 10^18.
"""

from __future__ import annotations

from typing import Final

DAY_US: Final = 86_400_000_000
LONGEST_D: Final = 3660
"""Longest duration (ten years), days: horizons, run times, waits."""
LONGEST_US: Final = LONGEST_D * DAY_US
LONGEST_S: Final = LONGEST_D * 86_400.0
LATEST_S: Final = 1e12
"""Latest instant of a deadline and longest estimate, seconds."""
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2199
SLOTS: Final = 1_000_000
"""Slots of a run: two years of minutes."""

CORES: Final = 1e6
MEM_GB: Final = 1e9
GPUS: Final = 1e6  # of a job; one that fits no host is a warning, not an error
HOST_GPUS: Final = 64  # HostSpec.MAX_GPUS of the world
DATA_GB: Final = 1e7
PUE_SLOPE_PER_C: Final = 10.0

# Allowed range of each kind of signal.
SIGNALS: Final[dict[str, tuple[float, float]]] = {
    "carbon_gpkwh": (0.0, 1e5),
    "marginal_gpkwh": (0.0, 1e5),
    "wind_frac": (0.0, 1.0),
    "solar_frac": (0.0, 1.0),
    "renewable_frac": (0.0, 1.0),
    "price_per_kwh": (-1e6, 1e6),
    "temperature_c": (-100.0, 100.0),
}
