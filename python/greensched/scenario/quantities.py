"""Field types of scenario files that carry their unit in the text."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from greensched.core import limits

_UNITS_US = {
    "us": 1,
    "ms": 1_000,
    "s": 1_000_000,
    "sec": 1_000_000,
    "min": 60_000_000,
    "h": 3_600_000_000,
    "d": 86_400_000_000,
    "w": 7 * 86_400_000_000,
}
_DURATION = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([a-z]+)\s*")
DURATION_PATTERN = r"^\s*[0-9]+(\.[0-9]+)?\s*(us|ms|s|sec|min|h|d|w)\s*$"


def parse_duration_us(value: Any) -> int:
    """Microseconds of "7d", "5min", "90 s", "1.5h"; a bare number is refused because it has no unit."""
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None or match[2] not in _UNITS_US:
        raise ValueError(f"expected a duration with a unit such as '90 s', '5min', '12h' or '7d', got {value!r}")
    us = float(match[1]) * _UNITS_US[match[2]]
    if us > limits.LONGEST_US:
        raise ValueError(f"too long, expected at most {limits.LONGEST_D}d, got {value[:40]!r}")
    return round(us)


def format_duration(us: int) -> str:
    """The shortest exact text for a duration in microseconds, e.g. "5min"."""
    for unit in ("d", "h", "min", "s", "ms"):
        if us and us % _UNITS_US[unit] == 0:
            return f"{us // _UNITS_US[unit]}{unit}"
    return f"{us}us" if us else "0s"


def parse_instant(value: Any) -> datetime:
    """A UTC instant from ISO 8601 text that ends in Z or +00:00."""
    try:
        instant = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError(f"expected an ISO 8601 instant in UTC such as '2022-06-06T00:00:00Z', got {value!r}") from None
    if instant.utcoffset() != timedelta(0):
        raise ValueError(f"expected UTC (a trailing Z), got {value!r}")
    if not limits.FIRST_YEAR <= instant.year <= limits.LAST_YEAR:
        raise ValueError(f"expected a year from {limits.FIRST_YEAR} to {limits.LAST_YEAR}, got {value!r}")
    return instant.astimezone(UTC)


DurationUs = Annotated[
    int,
    BeforeValidator(parse_duration_us),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN, "examples": ["90 s", "5min", "12h", "7d"]}),
]
Instant = Annotated[
    datetime,
    BeforeValidator(parse_instant),
    PlainSerializer(lambda d: d.strftime("%Y-%m-%dT%H:%M:%SZ"), return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2022-06-06T00:00:00Z"]}),
]
# Bounds are generous but physical: what lies outside is a wrong unit or exponent, and would overflow later or be
# refused by the world (runfolder/*.java). What jobs and signals share with files is in core/limits.py.
_COLDEST, _HOTTEST = limits.SIGNALS["temperature_c"]
_LEAST_PRICE, _MOST_PRICE = limits.SIGNALS["price_per_kwh"]
Fraction = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
Weight = Annotated[float, Field(ge=0.0, le=1e9, allow_inf_nan=False)]
Factor = Annotated[float, Field(gt=0.0, le=1e4, allow_inf_nan=False)]
Sigma = Annotated[float, Field(ge=0.0, le=5.0, allow_inf_nan=False)]
"""Of a logarithm: one sigma is a factor of e."""
Alpha = Annotated[float, Field(ge=0.1, le=100.0, allow_inf_nan=False)]
"""Exponent of a Pareto law."""
Cores = Annotated[float, Field(ge=1e-3, le=limits.CORES, allow_inf_nan=False)]
MemGb = Annotated[float, Field(ge=1e-3, le=limits.MEM_GB, allow_inf_nan=False)]
DataGb = Annotated[float, Field(ge=0.0, le=limits.DATA_GB, allow_inf_nan=False)]
HostW = Annotated[float, Field(ge=0.0, le=1e6, allow_inf_nan=False)]
SiteW = Annotated[float, Field(ge=0.0, le=1e10, allow_inf_nan=False)]
Speed = Annotated[float, Field(ge=1e-3, le=1e3, allow_inf_nan=False)]
Mips = Annotated[float, Field(gt=0.0, le=1e12, allow_inf_nan=False)]
Celsius = Annotated[float, Field(ge=_COLDEST, le=_HOTTEST, allow_inf_nan=False)]
SlopePerC = Annotated[float, Field(ge=0.0, le=limits.PUE_SLOPE_PER_C, allow_inf_nan=False)]
Price = Annotated[float, Field(ge=_LEAST_PRICE, le=_MOST_PRICE, allow_inf_nan=False)]
Gbps = Annotated[float, Field(ge=1e-3, le=1e6, allow_inf_nan=False)]
KwhPerGb = Annotated[float, Field(ge=0.0, le=1e3, allow_inf_nan=False)]
EmbodiedG = Annotated[float, Field(ge=0.0, le=1e6, allow_inf_nan=False)]
WallS = Annotated[float, Field(ge=1e-3, le=1e6, allow_inf_nan=False)]
"""Wall-clock seconds that a process is waited for."""
RunName = Annotated[str, Field(pattern=r"^[a-z0-9._-]{1,64}$")]
"""Names that become file or folder names: lower case letters, digits, dot, underscore, hyphen."""
