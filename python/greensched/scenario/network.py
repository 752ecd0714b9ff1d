"""Round-trip times between the regions of jobs and datacenters."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np

from greensched.core.errors import DataError
from greensched.core.types import F64

GCP_LATENCY = "network/gcp_latency_ms_by_em_zone.csv"
_BASE_MS = 5.0  # last mile and switching; the latency table has 5 ms within a region
_DETOUR = 1.4  # cables are longer than great circles; median of the Google Cloud table against distance
_KM_PER_MS = 200.0  # light in fibre
_EARTH_KM = 6371.0
_ALIASES = {"IN-WE": "IN-MH", "AU-NSW": "AUS-NSW", "AU-VIC": "AUS-VIC"}  # zone ids as the table spells them


def great_circle_km(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    """Haversine distance in kilometres between two points in degrees."""
    p, q = math.radians(lat_a), math.radians(lat_b)
    d = math.sin((q - p) / 2) ** 2 + math.cos(p) * math.cos(q) * math.sin(math.radians(lon_b - lon_a) / 2) ** 2
    return 2 * _EARTH_KM * math.asin(min(1.0, math.sqrt(d)))


def distance_rtt_ms(km: float) -> float:
    """Round-trip time in ms over a great-circle distance in km: 5 + 1.4 x 2 km / 200 km per ms."""
    return _BASE_MS + _DETOUR * 2.0 * km / _KM_PER_MS


def rtt_matrix_ms(places: list[tuple[str, float, float]], measured: dict[tuple[str, str], float]) -> F64:
    """Round-trip times, shape (places, places).

    Args:
        places: (zone, latitude, longitude) per datacenter; origins are the datacenters' regions.
        measured: (zone, zone) -> ms, preferred where present.
    """
    n = len(places)
    matrix = np.zeros((n, n))
    for i, (zone_a, lat_a, lon_a) in enumerate(places):
        for j, (zone_b, lat_b, lon_b) in enumerate(places):
            known = measured.get((zone_a, zone_b)) if zone_a != zone_b else None
            by_distance = distance_rtt_ms(great_circle_km(lat_a, lon_a, lat_b, lon_b))
            matrix[i, j] = 0.0 if i == j else round(known if known is not None else by_distance, 2)
    return matrix


def gcp_latency_ms(root: Path) -> dict[tuple[str, str], float]:
    """The table of measured latencies of the data pack, keyed by the zone ids of the carbon data."""
    path = root / GCP_LATENCY
    if not path.is_file():
        raise DataError(f"{path}: no such file; use network: {{rtt: distance}}")
    back = {v: k for k, v in _ALIASES.items()}
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    header = [back.get(z, z) for z in rows[0][1:]]
    result: dict[tuple[str, str], float] = {}
    for row in rows[1:]:
        origin = back.get(row[0], row[0])
        for zone, text in zip(header, row[1:], strict=False):
            if text.strip():
                result.setdefault((origin, zone), float(text))
    return result
