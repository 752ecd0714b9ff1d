"""Worlds that drift half-way, one kind of drift each and all of them together, for ``learning.py``.

All are the usual world of ``greensched generate reports`` with what does not belong to the case taken out. ``random``
places the jobs: it looks at nothing but room, so every datacenter is explored with the same chance (exploration 100 %),
and what happens does not depend on any prediction. So one run of the world serves every predictor.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import testbed
import yaml

from greensched.cli import report_world

SEED = 2011
_SHORT_DAYS, _LONG_DAYS = 30, 90
_SUMMER = "2022-06-06T00:00:00Z"
RENEWED = ("virginia", "mumbai")
"""Where hardware is replaced in the case ``hardware``: T4 by L4, and Xeon of 2016 and V100 by Epyc of 2021 and H100."""


def _hardware() -> dict[str, Any]:
    found = _steady_cooling(report_world.scenario("drift", _SHORT_DAYS))
    found["workload"]["text"] = "train"
    refreshes = found["advisories"]["schedule"]
    found["advisories"]["schedule"] = [event for event in refreshes if event["datacenter"] in RENEWED]
    return found


def _family() -> dict[str, Any]:
    found = _steady_cooling(report_world.scenario("drift", _SHORT_DAYS))
    found["advisories"]["schedule"] = []
    return found


def _pue() -> dict[str, Any]:
    found = report_world.scenario("drift", _LONG_DAYS)
    found["workload"]["text"] = "train"
    found["advisories"]["schedule"] = []
    return found


def _together() -> dict[str, Any]:
    return report_world.scenario("drift", _LONG_DAYS)


def _steady_cooling(scenario: dict[str, Any]) -> dict[str, Any]:
    """PUE does not change, and neither does the season much: it begins at the start of summer."""
    for datacenter in scenario["datacenters"]:
        datacenter["pue"] = datacenter["pue"]["mean"]
    laws = scenario["advisories"]["random"]
    scenario["advisories"]["random"] = [law for law in laws if law["kind"] != "heat_wave"]  # nothing would feel it
    return scenario | {"start": _SUMMER}


CASES: dict[str, Callable[[], dict[str, Any]]] = {
    "hardware": _hardware, "family": _family, "pue": _pue, "together": _together,
}  # fmt: skip


def days(case: str) -> int:
    """How long jobs arrive; the drift comes half-way."""
    return _LONG_DAYS if case in ("pue", "together") else _SHORT_DAYS


def world(case: str, jobs: int) -> Path:
    """Reports folder of a case, made once and kept in the cache."""
    target = testbed.cache() / f"drift-{case}-{SEED}-{jobs}"
    if not target.is_dir():
        scenario = CASES[case]() | {"seed": SEED}
        scenario["workload"]["jobs"] = jobs
        target.parent.mkdir(parents=True, exist_ok=True)
        file = target.with_suffix(".yml")
        file.write_text(yaml.safe_dump(scenario, sort_keys=False), encoding="utf-8")
        testbed.generate(target, SEED, "--scenario", str(file))
    return target
