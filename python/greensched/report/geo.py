"""The world map: land outline and datacenters in the Equal Earth projection.

Projection: Šavrič, Patterson & Jenny, "The Equal Earth map projection", IJGIS 33(3), 2019, equations 1-3; it keeps
areas, so that no region looks larger than it is.
"""

from __future__ import annotations

import json
import math
from importlib import resources

_A1, _A2, _A3, _A4 = 1.340264, -0.081106, 0.000893, 0.003796
_M = math.sqrt(3) / 2
WIDTH = 1000.0
_X_MAX = math.pi * 2 * math.sqrt(3) / (3 * _A1)  # x of longitude 180 degrees at the equator
_NORTH, _SOUTH = 78.0, -56.0  # no datacenters beyond; cutting the ice away leaves room for the rest


def _raw(lon_deg: float, lat_deg: float) -> tuple[float, float]:
    theta = math.asin(_M * math.sin(math.radians(lat_deg)))
    t2 = theta * theta
    t6 = t2**3
    x = math.radians(lon_deg) * math.cos(theta)
    x /= _M * (_A1 + 3 * _A2 * t2 + t6 * (7 * _A3 + 9 * _A4 * t2))
    return x, theta * (_A1 + _A2 * t2 + t6 * (_A3 + _A4 * t2))


_SCALE = WIDTH / (2 * _X_MAX)
_TOP = _raw(0.0, _NORTH)[1]
HEIGHT = round((_TOP - _raw(0.0, _SOUTH)[1]) * _SCALE, 1)


def project(lon_deg: float, lat_deg: float) -> tuple[float, float]:
    """Position on a map ``WIDTH`` wide and ``HEIGHT`` high, origin at the top left."""
    x, y = _raw(lon_deg, max(_SOUTH, min(_NORTH, lat_deg)))
    return round((x + _X_MAX) * _SCALE, 1), round((_TOP - y) * _SCALE, 1)


def land_path() -> str:
    """SVG path of the land (Natural Earth 1:110m, public domain)."""
    text = resources.files("greensched.report").joinpath("assets", "land.json").read_text(encoding="utf-8")
    parts = []
    for ring in json.loads(text)["rings"]:
        lons, lats = _unwrapped(ring[0::2]), ring[1::2]
        turns = {0} | {-3600 for lon in lons if lon > 1800} | {3600 for lon in lons if lon < -1800}
        for turn in sorted(turns):  # land across the antimeridian is drawn at both edges, each cut by the frame
            points = [project((lon + turn) / 10, lat / 10) for lon, lat in zip(lons, lats, strict=True)]
            if len({y for _, y in points}) > 1:
                parts.append("M" + "L".join(f"{x:g} {y:g}" for x, y in points) + "Z")
    return "".join(parts)


def _unwrapped(lons: list[int]) -> list[int]:
    """Longitudes (0.1 degrees) of a ring without jumps from one edge of the map to the other."""
    out = [lons[0]]
    for lon in lons[1:]:
        out.append(lon - 3600 * round((lon - out[-1]) / 3600))
    return out
