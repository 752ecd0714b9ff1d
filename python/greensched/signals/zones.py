"""Built-in facts about 18 grid zones: site, published PUE and the statistics that drive the synthetic grids.

Carbon (life cycle), price and temperature statistics are those of 2022 computed from the Electricity Maps, market and
Open-Meteo series described in ``traces/SOURCES.md``; ``mix`` says whether the wind and solar means were measured (and
when), inferred from the daily course of the measured renewable share, or assumed within it. They are summary
statistics, not data: no hourly value is shipped.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files

# Mean absolute percentage error of the published CarbonCast forecasts for days 1 to 4 (life-cycle intensity, second
# half of 2021), in percent.
CARBON_MAPE_PCT: dict[str, tuple[float, float, float, float]] = {
    "US-CAL-CISO": (6.5, 14.7, 19.7, 21.8),
    "US-TEX-ERCO": (7.9, 15.4, 19.0, 20.9),
    "DE": (7.2, 11.8, 14.0, 16.6),
    "ES": (10.8, 17.6, 20.4, 21.4),
    "US-MIDA-PJM": (3.1, 5.5, 7.1, 8.2),
    "US-NY-NYIS": (6.8, 9.3, 10.7, 11.1),
    "US-NE-ISNE": (4.3, 9.2, 10.7, 11.6),
    "NL": (4.9, 6.8, 8.0, 9.3),
    "SE": (3.3, 5.9, 6.8, 7.3),
    "PL": (2.4, 4.2, 4.9, 5.6),
    "US-FLA-FPL": (2.4, 3.1, 3.7, 4.0),
    "US-NW-BPAT": (6.5, 8.8, 9.9, 10.8),
    "AU-QLD": (3.9, 5.1, 5.8, 6.3),
}
# Median over the same zones of the mean absolute error of the published wind and solar share forecasts, relative to the
# mean share, in percent.
WIND_MAPE_PCT = (25.0, 35.0, 39.0, 42.0)
SOLAR_MAPE_PCT = (27.0, 43.0, 45.0, 50.0)


@dataclass(frozen=True)
class ZoneFacts:
    """Site and yearly grid statistics of one zone; rhythm and memory are in :mod:`greensched.signals.shapes`."""

    zone: str
    city: str
    region: str
    lat: float
    lon: float
    mean_gpkwh: float
    cov: float
    renewable_frac: float
    wind_frac: float
    wind_sd_frac: float
    solar_frac: float
    mix: str
    price_usd_per_mwh: float | None
    temp_c: float
    temp_season_c: float
    temp_season_doy: float
    temp_diurnal_c: float
    temp_hour: float
    temp_sd_c: float
    mape_of: str
    pue: float
    pue_source: str

    @property
    def carbon_mape_pct(self) -> tuple[float, float, float, float]:
        """Published forecast error of this zone, or of the zone that stands in for it (``mape_of``)."""
        return CARBON_MAPE_PCT[self.mape_of]


_TEXT = {"zone", "city", "region", "mix", "mape_of", "pue_source"}


def _row(raw: dict[str, str]) -> ZoneFacts:
    values: dict[str, object] = {}
    for field in fields(ZoneFacts):
        text = raw[field.name]
        values[field.name] = text if field.name in _TEXT else (float(text) if text else None)
    return ZoneFacts(**values)  # type: ignore[arg-type]  # the file is ours and every column is read above


@cache
def zones() -> dict[str, ZoneFacts]:
    """All built-in zones by their Electricity Maps id."""
    text = files("greensched.signals").joinpath("zone_facts.csv").read_text(encoding="utf-8")
    return {row["zone"]: _row(row) for row in csv.DictReader(text.splitlines())}
