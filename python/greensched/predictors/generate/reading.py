"""Reading an answer strictly: what is not exactly a number where a number belongs is no prediction."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from greensched.core.types import F64
from greensched.core.units import S_PER_MIN
from greensched.predictors.generate.form import ENERGY, SERVICE

LONGEST: Final = 200_000
"""Characters of the longest answer that is read."""
_FENCED = re.compile(r"\s*```(?:json)?\s*\n(.*)\n\s*```\s*", re.DOTALL)


class Read(NamedTuple):
    """What an answer says per region; NaN where it says nothing usable.

    ``missing`` regions are not in it, ``invalid`` ones are but not as two numbers >= 0, ``unreadable`` tells why
    nothing of it can be used.
    """

    energy_kwh: F64
    service_time_s: F64
    missing: int
    invalid: int
    unreadable: str = ""


class _Twice(dict[str, Any]):
    """A JSON object, and which of its keys came twice: then nobody knows which one is meant."""

    twice: frozenset[str] = frozenset()


def read(text: str, regions: Sequence[str]) -> Read:
    """The numbers of an answer, in the order of ``regions``; minutes become seconds.

    Accepted is one JSON object (a model may put a Markdown fence around all of it), for each region an object with
    ``energy_kWh`` and ``service_time_min`` and nothing else. Regions that nobody asked about are ignored.
    """
    nothing = np.full(len(regions), np.nan)
    if len(text) > LONGEST:
        return Read(nothing, nothing, len(regions), 0, f"it has {len(text):,} characters")
    fenced = _FENCED.fullmatch(text)
    try:
        said = json.loads(fenced[1] if fenced else text, parse_constant=_refuse, object_pairs_hook=_pairs)
    except (ValueError, RecursionError):
        return Read(nothing, nothing, len(regions), 0, "it is not JSON")
    if not isinstance(said, _Twice):
        return Read(nothing, nothing, len(regions), 0, "it is not a JSON object")
    energy_kwh, service_s, missing, invalid = nothing.copy(), nothing.copy(), 0, 0
    for i, name in enumerate(regions):
        if name not in said:
            missing += 1
        elif name in said.twice or (pair := _pair(said[name])) is None:
            invalid += 1
        else:
            energy_kwh[i], service_s[i] = pair
    return Read(energy_kwh, service_s, missing, invalid)


def _pair(row: Any) -> tuple[float, float] | None:
    if not isinstance(row, _Twice) or row.twice or set(row) != {ENERGY, SERVICE}:
        return None  # another key may be another unit
    energy_kwh, service_min = _number(row, ENERGY), _number(row, SERVICE)
    if energy_kwh is None or service_min is None or not math.isfinite(service_min * S_PER_MIN):
        return None
    return energy_kwh, service_min * S_PER_MIN


def _number(row: Mapping[str, Any], key: str) -> float | None:
    value = row[key]
    if type(value) not in (int, float):  # not a bool, and no text with a unit or separators
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _pairs(pairs: list[tuple[str, Any]]) -> _Twice:
    found = _Twice(pairs)
    if len(found) != len(pairs):
        seen = [key for key, _ in pairs]
        found.twice = frozenset(key for key in seen if seen.count(key) > 1) if len(seen) < 1000 else frozenset(seen)
    return found


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")
