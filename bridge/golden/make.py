"""Makes the golden messages that pin the wire contract: ``python bridge/golden/make.py`` from the root.

JUnit and pytest read the same files. The valid ones change only together with ``PROTOCOL_VERSION`` or by an addition
that old readers ignore; the two encoders must reproduce them byte for byte.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from greensched.core.frames import encode

FOLDER = Path(__file__).resolve().parent
_NAN = float("nan")
_PREFIX_BYTES = 24


def i64(*values: int) -> np.ndarray[Any, Any]:
    """A column of 64-bit integers."""
    return np.array(values, dtype=np.int64)


def i32(*values: int) -> np.ndarray[Any, Any]:
    """A column of 32-bit integers."""
    return np.array(values, dtype=np.int32)


def f64(*values: float) -> np.ndarray[Any, Any]:
    """A column of doubles."""
    return np.array(values, dtype=np.float64)


def start() -> bytes:
    """World to mind: two datacenters, one of them with GPUs."""
    host = {"type": "std", "count": 4, "cores": 32, "mem_gb": 128.0, "gpus": 0, "gpu_type": -1, "gpu_idle_w": 0.0,
            "gpu_max_w": 0.0, "power_w": [100.0, 220.0, 300.0], "speed": [1.0, 1.25], "embodied_g_per_core_h": 0.5,
            "sleep": None}  # fmt: skip
    gpu = {**host, "type": "gpu", "count": 1, "gpus": 4, "gpu_type": 0, "gpu_idle_w": 50.0, "gpu_max_w": 400.0}
    meta = {
        "seq": 0, "protocol": 1, "run_id": "golden-s1", "scenario": "golden", "start_utc": "2022-06-06T00:00:00Z",
        "horizon_us": 86_400_000_000, "slot_us": 300_000_000, "mode": "slots", "seed": 1, "privileged": False,
        "policy": {"name": "lowest-carbon"}, "work_classes": ["general", "memory"], "gpu_types": ["a100"],
        "network": {"kwh_per_gb": 0.001, "rtt_ms": [[1.0, 90.0]], "gbps": [[10.0, 2.5]]},
        "origins": [{"region": "europe", "home": 0}],
        "datacenters": [
            {"name": "de", "region": "europe", "zone": "DE", "lat": 50.1, "lon": 8.7, "utilisation_cap_frac": 0.9,
             "price_per_kwh": None, "pue": {"model": "static", "value": 1.2}, "hosts": [host]},
            {"name": "ca", "region": "america", "zone": "CA-ON", "lat": 43.7, "lon": -79.4, "utilisation_cap_frac": 1.0,
             "price_per_kwh": 0.08, "pue": {"model": "temperature", "base": 1.1, "t0_c": 10.0, "slope_per_c": 0.005},
             "hosts": [host, gpu]},
        ],
    }  # fmt: skip
    return encode("start", meta, {})


def ready() -> bytes:
    """Mind to world: what the policy needs."""
    needs = {"forecasts": True, "progress": True, "truth": False}
    return encode("ready", {"seq": 0, "needs": needs, "policy": "lowest-carbon", "predictor": None}, {})


def _datacenters() -> dict[str, Any]:
    return {
        "free_cores": f64(100.5, 160), "free_gpus": f64(0, 3.5), "free_mem_gb": f64(400, 640.25),
        "max_free_cores": f64(32, 32), "max_free_gpus": f64(0, 3.5), "running": i32(3, 0), "queued": i32(1, 0),
        "queued_cores": f64(2, 0), "queued_gpus": f64(0.5, 0), "queued_mem_gb": f64(8, 0), "inbound": i32(0, 1),
        "inbound_cores": f64(0, 4), "inbound_gpus": f64(0, 1), "inbound_mem_gb": f64(0, 12), "used_cores": f64(27.5, 0),
        "utilisation_frac": f64(0.23871527777777778, 0), "it_w": f64(812.5, 600), "pue": f64(1.2, 1.15),
        "carbon_gpkwh": f64(412.125, 31.5), "marginal_gpkwh": f64(_NAN, _NAN), "wind_frac": f64(0.25, _NAN),
        "solar_frac": f64(0, _NAN), "renewable_frac": f64(0.5, 0.9375), "price_per_kwh": f64(_NAN, 0.08),
        "temperature_c": f64(_NAN, 20), "down": i32(0, 1), "failed_cores": f64(32, 0),
    }  # fmt: skip


def observe() -> bytes:
    """World to mind: every table, with text beyond ASCII and a task without deadline or estimate."""
    return _observe({})


def observe_described() -> bytes:
    """The same where tasks have descriptions, which is optional."""
    return _observe({"description": ["", "Fine-tunes the encoder; reprend à 60 % 🚀"]})


def _observe(more: dict[str, Any]) -> bytes:
    meta = {"seq": 7, "t_us": 600_000_000, "ack": 5, "kinds": ["carbon_gpkwh"], "codes": _CODES}
    new_tasks = {
        "task": i64(11, 12), "job": i64(10, 11), "index": i32(0, 0), "arrival_us": i64(301_000_000, 599_999_999),
        "deadline_us": i64(4_201_000_000, 2**63 - 1), "cores": f64(2, 0.5), "gpus": f64(0, 0.25),
        "gpu_type": i32(-1, 0), "mem_gb": f64(4, 16), "data_gb": f64(0, 1.5), "origin": i32(0, 0),
        "priority": i32(0, 2), "expected_s": f64(1800, _NAN), "name": ["render", "entraînement 🚀"],
        "labels": ["", "kind=train;team=é"], "user": ["u1", ""], **more,
    }  # fmt: skip
    tables: dict[str, dict[str, Any]] = {
        "new_tasks": new_tasks,
        "ask": {"task": i64(11, 12, 9)},
        "states": {"task": i64(3, 4, 9), "state": i32(5, 7, 1), "t_us": i64(301_250_000, 580_000_001, 590_000_000),
                   "dc": i32(0, 1, -1), "saved_frac": f64(0, 0, 0.25)},
        "progress": {"task": i64(3, 5), "done_frac": f64(0.125, 0.75)},
        "datacenters": _datacenters(),
        "issues": {"issue_us": i64(600_000_000, 600_000_000), "datacenter": i32(0, 1), "kind": i32(0, 0),
                   "first_us": i64(600_000_000, 0), "step_us": i64(3_600_000_000, 3_600_000_000), "offset": i64(0, 3),
                   "count": i32(3, 2)},
        "values": {"value": f64(400, 390.5, _NAN, 30, 32)},
        "reports": _reports(),
        "refusals": {"decision": i64(5 * 2**24 + 1), "task": i64(8), "code": i32(5)},
        "advisories": {"issue_us": i64(0, 599_999_999), "dc": i32(1, 0),
                       "text": ["maintenance in ca: 3 of 5 hosts leave tonight", "Hitzewelle in Frankfurt, +9 °C"]},
    }  # fmt: skip
    return encode("observe", meta, tables)


_CODES = ["accepted", "unsupported", "unknown_task", "not_asked", "unknown_datacenter", "never_fits", "until_in_past",
          "duplicate", "unavailable"]  # fmt: skip


def _reports() -> dict[str, Any]:
    return {
        "task": i64(4, 6), "decision": i64(3 * 2**24, -1), "state": i32(7, 9), "dc": i32(1, -1),
        "placed_s": f64(300, _NAN), "queued_s": f64(301.25, _NAN), "start_s": f64(301.25, _NAN),
        "finish_s": f64(580.000001, _NAN), "it_kwh": f64(0.01, 0), "dynamic_kwh": f64(0.0115, 0),
        "idle_kwh": f64(0.002, 0), "transfer_kwh": f64(0.0015, 0), "dynamic_g": f64(0.36, 0), "idle_g": f64(0.063, 0),
        "transfer_g": f64(0.05, 0), "cost": f64(0.00108, _NAN),
        "attempts": i32(1, 0),
    }  # fmt: skip


def decisions() -> bytes:
    """Mind to world: one task placed, one deferred, one left pending."""
    table: dict[str, Any] = {
        "task": i64(11, 9), "action": i32(0, 1), "dc": i32(1, -1), "until_us": i64(0, 4_200_000_000),
        "scale": f64(1, 1), "status": i32(6, 6), "energy_kwh": f64(0.0125, _NAN), "service_time_s": f64(1890.25, _NAN),
        "reason": ["lowest intensity: ca 31.5 g/kWh", "wartet auf 🌞"],
    }  # fmt: skip
    return encode(
        "decisions", {"seq": 7, "policy": "lowest-carbon", "predictor": None, "model": None}, {"decisions": table}
    )


def finish() -> bytes:
    """World to mind: the last reports."""
    meta = {"seq": 8, "t_us": 86_400_000_000, "ack": 7}
    return encode("finish", meta, {"datacenters": _datacenters(), "reports": _reports()})


def bye() -> bytes:
    """Mind to world: the answer to finish."""
    return encode("bye", {"seq": 8}, {})


def truth_request() -> bytes:
    """Mind to world, privileged runs only: two tasks, three options."""
    options = {"dc": i32(0, 1, 1), "start_us": i64(600_000_000, 600_000_000, 900_000_000), "scale": f64(1, 1, 1)}
    return encode("truth", {"seq": 7}, {"tasks": {"task": i64(11, 12)}, "options": options})


def truth_reply() -> bytes:
    """World to mind: task-major, NaN where an option can never run."""
    table = {
        "energy_kwh": f64(0.01, 0.02, 0.03, _NAN, 0.05, 0.06), "service_time_s": f64(10, 20, 30, _NAN, 50, 60),
        "wait_s": f64(0, 2, 2, _NAN, 5, 5),
    }  # fmt: skip
    return encode("truth", {"seq": 7}, {"truth": table})


def error() -> bytes:
    """Mind to world: a policy that failed."""
    meta = {"seq": 7, "code": "mind_error", "message": "ValueError: no room", "traceback": "Traceback\n  line 1\n"}
    return encode("error", meta, {})


def hidden() -> bytes:
    """A file of the run folder, with all that is optional: the hosts of ``start`` are of kinds 0, 0 and 1."""
    column = {
        "work_s": f64(60, 120.5), "work_class": i32(0, 1), "cpu_util_frac": f64(1, 0.25), "gpu_util_frac": f64(0, 0.5),
        "interference": f64(0, 0.75), "profile": i32(-1, 1), "interference_power": f64(1, 2.5), "heat": f64(0, 0.0125),
    }  # fmt: skip
    tables: dict[str, dict[str, Any]] = {
        "hidden": column,
        "host_kinds": {"dc": i32(0, 1, 1), "group": i32(0, 0, 1), "kind": i32(0, 0, 1)},
        "profiles": {"speed": f64(1, 2, 0.5, 8), "cpu_scale": f64(1, 1, 1.25, 0), "gpu_scale": f64(0, 1, 0.75, 1.5)},
        "cooling": {"dc": i32(1), "throttle_c": f64(32.5)},
    }
    return encode("hidden", {}, tables)


def invalid() -> dict[str, bytes]:
    """Frames that every reader must refuse, by the name of their fault."""
    good = decisions()
    header_bytes = struct.unpack_from("<I", good, 8)[0]
    damaged = bytearray(good)
    damaged[_PREFIX_BYTES + 3] ^= 0x20
    header = good[_PREFIX_BYTES : _PREFIX_BYTES + header_bytes]
    outside = header.replace(b'"rows":2', b'"rows":200')
    text = header.replace(b"task:i64", b"task:i65")
    twice = header.replace(b"action:i32", b"dc:i32")
    nameless = header.replace(b"action:i32", b":i32")
    assert header not in (outside, text, twice, nameless)
    bare = b'{"kind":"bye","meta":{"seq":8},"tables":[]}'
    strange = {
        "header-in-utf16": bare.decode().encode("utf-16-le"),
        "header-nested-too-deep": bare.replace(b"8", b"[" * 100_000 + b"]" * 100_000),
        "header-not-strict-json": bare.replace(b'"', b"'"),
        "header-with-nan": bare.replace(b"8", b"NaN"),
        "header-with-a-raw-line-end": bare.replace(b"bye", b"b\nye"),
        "header-with-a-byte-order-mark": b"\xef\xbb\xbf" + bare,
        "kind-not-text": bare.replace(b'"bye"', b"5"),
        "meta-not-an-object": bare.replace(b'{"seq":8}', b"[]"),
        "tables-not-a-list": bare.replace(b"[]", b"{}"),
        "table-name-not-text": bare.replace(b"[]", b'[{"name":5,"rows":0,"columns":""}]'),
        "rows-not-whole": bare.replace(b"[]", b'[{"name":"t","rows":0.0,"columns":""}]'),
        "rows-true": bare.replace(b"[]", b'[{"name":"t","rows":true,"columns":""}]'),
        "rows-in-quotes": bare.replace(b"[]", b'[{"name":"t","rows":"0","columns":""}]'),
        "rows-too-many": bare.replace(b"[]", b'[{"name":"t","rows":2147483647,"columns":""}]'),
    }
    assert bare not in strange.values()
    return {name: _with_header(bye(), other) for name, other in strange.items()} | {
        "truncated": good[:-8],
        "shorter-than-prefix": good[:20],
        "bad-crc": bytes(damaged),
        "wrong-magic": b"GSFRAMX1" + good[8:],
        "wrong-version": b"GSFRAME2" + good[8:],
        "column-outside": _with_header(good, outside),
        "too-few-columns": _with_header(good, header.replace(b" action:i32", b"")),
        "unknown-type": _with_header(good, text),
        "column-twice": _with_header(good, twice),
        "column-without-a-name": _with_header(good, nameless),
        "header-not-json": _with_header(good, b"}" + header[1:]),
        "header-not-utf8": _with_header(good, header.replace(b"lowest", b"\xff\xfewest", 1)),
    }


def _with_header(frame: bytes, header: bytes) -> bytes:
    """The data of ``frame`` under another header, whose checksum fits it."""
    data = frame[_PREFIX_BYTES + _pad8(struct.unpack_from("<I", frame, 8)[0]) :]
    size = _PREFIX_BYTES + _pad8(len(header)) + len(data)
    prefix = struct.pack("<8sIIQ", b"GSFRAME1", len(header), zlib.crc32(header), size)
    return prefix + header.ljust(_pad8(len(header))) + data


def _pad8(n: int) -> int:
    return (n + 7) // 8 * 8


def messages() -> Mapping[str, bytes]:
    """All valid golden messages by name."""
    makers = (
        start,
        ready,
        observe,
        observe_described,
        decisions,
        finish,
        bye,
        truth_request,
        truth_reply,
        error,
        hidden,
    )
    return {make.__name__.replace("_", "-"): make() for make in makers}


def main() -> None:
    """Write all files."""
    (FOLDER / "invalid").mkdir(exist_ok=True)
    for name, content in messages().items():
        (FOLDER / f"{name}.gsf").write_bytes(content)
    for name, content in invalid().items():
        (FOLDER / "invalid" / f"{name}.gsf").write_bytes(content)


if __name__ == "__main__":
    main()
