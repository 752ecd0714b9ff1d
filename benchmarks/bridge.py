"""How long one decision takes, there and back: the world's clock around every call, over both bridges side by side.

For 1, 64 and 1,024 tasks per slot x 10 datacenters, with `lowest-carbon` and with `greensched`: the world encodes the
observation (new tasks with their texts, states, reports of the last slot), the mind decodes, mirrors, predicts, decides
and commits to the feedback log, the world decodes the answer. Next to it where the mind's share went.

    python benchmarks/bridge.py [--quick]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
from harness import Report

REPO = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(REPO), str(REPO / "python"), str(REPO / "bridge" / "python")]

from greensched_bridge.inside import run_world_inside  # noqa: E402
from greensched_bridge.launch import run_world  # noqa: E402
from tests.worlds import Site, Task, host, write_world  # noqa: E402

BATCHES = (1, 64, 1024)
POLICIES = ("lowest-carbon", "greensched")
BRIDGES = {"py4j": run_world, "jpype": run_world_inside}
SITES, HOSTS, CORES = 10, 100, 64
SLOT_S = 300
BASE_US, PER_TASK_US = 500.0, 2.0  # the target: p50 under 0.5 ms + 2 us per task


def folder_with(path: Path, policy: str, batch: int, slots: int) -> Path:
    """A run folder where ``batch`` one-core tasks arrive before every slot and end within it."""
    rng = np.random.default_rng(batch)
    sites = [
        Site(f"site-{i}", [host(HOSTS, CORES)], rng.uniform(50, 600, 24).round(1).tolist(), price_per_kwh=0.1)
        for i in range(SITES)
    ]
    n = batch * slots
    work_s, origin = rng.uniform(30, 250, n), rng.integers(0, SITES, n)
    tasks = [
        Task(float((i // batch) * SLOT_S + 1), float(w), deadline_s=float((i // batch + 4) * SLOT_S), origin=int(o))
        for i, (w, o) in enumerate(zip(work_s, origin, strict=True))
    ]
    hours = slots * SLOT_S // 3600 + 1
    return write_world(path, sites, tasks, hours=hours, drain_hours=2, slot_s=SLOT_S, policy={"name": policy})


def measure(report: Report, folder: Path, policy: str, batch: int, slots: int, bridge: str) -> None:
    """One row group."""
    run = folder_with(folder / f"{policy}-{batch}-{bridge}", policy, batch, slots)
    end = BRIDGES[bridge](run)
    if end.exit_code != 0:
        raise RuntimeError(f"{run}: {end.status}")
    case = f"{policy}, {batch:,} tasks x {SITES} datacenters, {bridge}"
    trip_us = end.status["latency_us"]
    report.add(case, "round trips", trip_us["count"], "calls")
    report.add(case, "round trip p50", trip_us["p50"], "us", BASE_US + PER_TASK_US * batch)
    report.add(case, "round trip p99", trip_us["p99"], "us")
    mind = json.loads((run / "mind-latency.json").read_text())
    for part in ("mirror", "predict", "optimise", "log", "total"):
        report.add(case, f"of it in the mind, {part} p50", mind[f"{part}_p50_us"], "us")


def main() -> int:
    """Measure and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer slots")
    options = parser.parse_args()
    slots = {1: 300, 64: 200, 1024: 40} if options.quick else {1: 2000, 64: 1000, 1024: 300}
    report = Report("bridge", options.quick)
    with tempfile.TemporaryDirectory() as temporary:
        for policy in POLICIES:
            for batch in BATCHES:
                for bridge in BRIDGES:
                    measure(report, Path(temporary), policy, batch, slots[batch], bridge)
    return report.write()


if __name__ == "__main__":
    raise SystemExit(main())
