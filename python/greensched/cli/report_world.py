"""The usual world of ``generate reports``: ten datacenters, hardware that the seed draws, operators who announce."""

from __future__ import annotations

from typing import Any

from greensched.truths.effects import NoiseFloor
from greensched.truths.splits import SPLITS

_SITES = (
    ("california", "US-CAL-CISO"), ("texas", "US-TEX-ERCO"), ("virginia", "US-MIDA-PJM"), ("toronto", "CA-ON"),
    ("frankfurt", "DE"), ("london", "GB"), ("madrid", "ES"), ("tokyo", "JP-TK"), ("singapore", "SG"),
    ("mumbai", "IN-WE"),
)  # fmt: skip
_GPU_NODES = ("a100-node", "v100-node", "t4-node", "a10-node")
_CPU_HOSTS = ("xeon-2019", "epyc-2021", "xeon-2021", "epyc-2019", "xeon-2016")
_RENEWED = {"t4-node": "l4-node", "v100-node": "h100-node", "xeon-2016": "epyc-2021"}
_USUAL_START, _DRIFT_START = "2022-06-06T00:00:00Z", "2022-08-15T00:00:00Z"


def scenario(split: str, days: int) -> dict[str, Any]:
    """A scenario for jobs of a split that arrive in so many days; the caller sets seed and number of jobs.

    In ``drift`` old hardware is replaced half-way, and the run begins in late summer, so that a long one cools down.
    """
    drifts = SPLITS[split].drifts
    noise = NoiseFloor()
    return {
        "greensched": 1,
        "name": f"reports-{split}",
        "start": _DRIFT_START if drifts else _USUAL_START,
        "horizon": f"{days}d",
        "drain": "7d",
        "end": "drained",
        "noise": {"time_sigma": noise.time_sigma, "power_sigma": round(noise.power_sigma, 6)},
        "hardware": {"swap_share": 0.0} if drifts else {},  # what is to be replaced must be there
        "datacenters": [_datacenter(i, *site) for i, site in enumerate(_SITES)],
        "signals": {"source": "synthetic", "forecasts": {"source": "none"}},
        "workload": {"source": "synthetic", "text": split, "gpu_share": 0.3},
        "advisories": {
            "forms": "held_out" if SPLITS[split].forms == "held-out" else "known",
            "schedule": _refreshes(days) if drifts else [],
            "random": [
                {"kind": "maintenance", "per_month": 2, "size": [0.5, 0.5], "lasts": "6h"},
                {"kind": "curtailment", "per_month": 2, "size": [0.3, 0.7], "lasts": "4h"},
                {"kind": "heat_wave", "per_month": 1, "size": [5.0, 12.0], "lasts": "2d"},
            ],
        },
        "policy": {"name": "random"},
        "baseline": None,
    }


def _datacenter(i: int, name: str, zone: str) -> dict[str, Any]:
    return {
        "name": name,
        "zone": zone,
        "pue": {"model": "temperature", "mean": round(1.15 + 0.03 * (i % 5), 2)},
        "hosts": [{"type": kind, "count": 1} for kind in _types(i)],
    }


def _types(i: int) -> tuple[str, str]:
    return _CPU_HOSTS[i % len(_CPU_HOSTS)], _GPU_NODES[i % len(_GPU_NODES)]


def _refreshes(days: int) -> list[dict[str, Any]]:
    """Replace what is old at half-time, datacenter by datacenter."""
    return [
        {"kind": "refresh", "datacenter": name, "at": f"{12 * days}h", "from": old, "to": _RENEWED[old]}
        for i, (name, _) in enumerate(_SITES)
        for old in _types(i)
        if old in _RENEWED
    ]
