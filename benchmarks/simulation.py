"""How fast the co-simulation is, and how it grows.

For 10 datacenters x {100, 1,000} hosts x {10k, 100k, 1M} jobs: `greensched run` with `lowest-carbon`, through the py4j
bridge, feedback log on, every phase timed (prepare, simulate, finish) and the peak resident memory of both processes
together; the same jobs on stock CloudSim Plus classes (up to 100k jobs, beyond that extrapolated and marked); and the
event rate of the bare CloudSim Plus kernel. Everything side by side in one run.

    python benchmarks/simulation.py [--quick] [--ten-million]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import yaml
from harness import Report

from greensched.core.frames import read_frame

REPO = Path(__file__).resolve().parent.parent
ZONES = ("US-CAL-CISO", "US-TEX-ERCO", "US-MIDA-PJM", "CA-ON", "DE", "GB", "ES", "JP-TK", "SG", "IN-WE")
CORES = 32
HOST = {"cores": CORES, "mem_gb": 4096, "power_w": [100, 180, 240, 290, 330]}


def scenario(folder: Path, hosts: int, jobs: int) -> Path:
    """Ten zones, a week, no noise and no interference, so that the exact execution time of every job is known."""
    content = {
        "greensched": 1,
        "name": "speed",
        "start": "2022-06-06T00:00:00Z",
        "horizon": "7d",
        "drain": "2d",
        "seed": 1,
        "policy": {"name": "lowest-carbon"},
        "baseline": None,
        "noise": {"time_sigma": 0, "power_sigma": 0},
        "host_types": {"plain": HOST},
        "datacenters": [
            {"name": z.lower(), "zone": z, "pue": 1.2, "hosts": [{"type": "plain", "count": hosts}]} for z in ZONES
        ],
        "signals": {"source": "synthetic"},
        "workload": {
            "source": "synthetic",
            "jobs": jobs,
            "gpu_share": 0,
            "durations": {"median": "10min", "sigma": 0.6, "tail_share": 0, "min": "60s", "max": "21min"},
            "truth": {"interference": 0, "phased_share": 0},
        },
    }
    path = folder / f"speed-{hosts}-{jobs}.yml"
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path


class PeakMemory:
    """Largest sum of the resident sets of a process and its children, sampled ten times a second."""

    def __init__(self, pid: int) -> None:
        self.peak_bytes = 0
        self._root = psutil.Process(pid)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def _sample(self) -> None:
        while not self._stop.wait(0.1):
            try:
                family = [self._root, *self._root.children(recursive=True)]
                total = sum(_proportional(p) for p in family)
            except psutil.Error:
                continue
            self.peak_bytes = max(self.peak_bytes, total)

    def stop(self) -> int:
        """Stop sampling; returns the peak in bytes."""
        self._stop.set()
        self._thread.join()
        return self.peak_bytes


def _proportional(process: psutil.Process) -> int:
    """Resident bytes with pages that several processes map (the shared files) counted once (PSS)."""
    try:
        for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def timed(command: list[str]) -> tuple[float, int]:
    """Run; returns wall seconds and peak bytes of the whole process family."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=REPO)
    memory = PeakMemory(process.pid)
    _, errors = process.communicate()
    wall_s = time.perf_counter() - begin
    peak = memory.stop()
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{errors[-2000:]}")
    return wall_s, peak


def measure_greensched(report: Report, folder: Path, hosts: int, jobs: int) -> tuple[Path, float]:
    """One row group; returns the run folder and the wall time of the simulation."""
    case = f"10 x {hosts} hosts, {jobs:,} jobs"
    run = folder / f"run-{hosts}-{jobs}"
    program = [sys.executable, "-m", "greensched"]
    prepare_s, prepare_peak = timed([*program, "prepare", str(scenario(folder, hosts, jobs)), "--out", str(run)])
    play = f"from greensched_bridge.launch import run_world; from pathlib import Path; run_world(Path({str(run)!r}))"
    simulate_s, simulate_peak = timed([sys.executable, "-c", play])
    finish_s, finish_peak = timed([*program, "finish", str(run)])
    big = hosts == 1000 and jobs == 1_000_000
    report.add(case, "prepare", prepare_s, "s")
    report.add(case, "simulate (world + mind + log)", simulate_s, "s")
    report.add(case, "finish", finish_s, "s")
    total_s = prepare_s + simulate_s + finish_s
    report.add(case, "all three", total_s, "s", 60 if big else None)
    report.add(case, "simulated jobs per second", jobs / simulate_s, "jobs/s")
    peak = max(prepare_peak, simulate_peak, finish_peak)
    report.add(case, "peak memory, both processes", peak / 1e9, "GB", 4 if big else None)
    report.add(case, "largest execution-time error", _execution_error_s(run), "s", 1e-6)
    return run, simulate_s


def _execution_error_s(run: Path) -> float:
    jobs = read_frame(run / "world" / "jobs.gsf").table("jobs")
    work_s = read_frame(run / "input" / "hidden.gsf").table("hidden")["work_s"]
    if not np.all(jobs["state"] == 7):
        raise RuntimeError(f"{run}: not every job finished")
    return float(np.max(np.abs(jobs["finish_s"] - jobs["start_s"] - work_s)))


def rival(*arguments: str) -> dict[str, float]:
    """Run the Java rival, built with the benchmarks module; returns what it printed."""
    target = REPO / "benchmarks" / "java" / "target"
    jar = REPO / "bridge" / "java" / "target" / "greensched.jar"
    command = [
        "java",
        "-Xmx12g",
        "-cp",
        f"{target / 'classes'}:{jar}",
        "org.greensched.benchmarks.RivalMain",
        *arguments,
    ]
    output = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(output.stdout.splitlines()[-1]))


def measure_stock(report: Report, folder: Path, run: Path, hosts: int, jobs: int) -> float:
    """The same arrivals, demands and durations on stock classes; returns the wall time."""
    tasks = read_frame(run / "input" / "tasks.gsf").table("tasks")
    work_s = np.maximum(1, np.round(read_frame(run / "input" / "hidden.gsf").table("hidden")["work_s"], 3))
    lines = ["arrival_s,work_s,cores"]
    cores = np.maximum(1, np.ceil(tasks["cores"])).astype(int)
    lines += [f"{a / 1e6:.6f},{w:.3f},{c}" for a, w, c in zip(tasks["arrival_us"], work_s, cores, strict=True)]
    path = folder / "jobs.csv"
    path.write_text("\n".join(lines) + "\n")
    result = rival("stock", str(path), str(len(ZONES)), str(hosts), str(CORES))
    case = f"stock, 10 x {hosts} hosts, {jobs:,} jobs"
    report.add(case, "simulate", result["wall_s"], "s")
    report.add(case, "jobs per second", jobs / result["wall_s"], "jobs/s")
    report.add(case, "peak memory", result["peak_bytes"] / 1e9, "GB")
    report.add(case, "jobs that finished", result["finished"], "jobs")
    report.add(case, "largest execution-time error", result["max_error_s"], "s")
    return float(result["wall_s"])


def main() -> None:
    """Measure and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, under a minute")
    parser.add_argument(
        "--ten-million", action="store_true", help="also 10M jobs on 10 x 1,000 hosts (some ten minutes)"
    )
    options = parser.parse_args()
    os.environ["PYTHONPATH"] = os.pathsep.join([str(REPO / "python"), str(REPO / "bridge" / "python")])
    subprocess.run(["mvn", "-q", "-B", "-o", "-DskipTests", "package"], cwd=REPO, check=True)
    report = Report("simulation", options.quick)
    host_counts = (100,) if options.quick else (100, 1000)
    job_counts = (1_000, 10_000) if options.quick else (10_000, 100_000, 1_000_000)
    stock_limit = 1_000 if options.quick else 100_000
    with tempfile.TemporaryDirectory(dir=os.environ.get("GREENSCHED_BENCH_DIR")) as temporary:
        folder = Path(temporary)
        kernel = rival("kernel", str(job_counts[-1]), "604800")
        report.add("bare kernel", "events per second", kernel["events"] / kernel["wall_s"], "events/s")
        report.add("bare kernel", "jobs per second", kernel["jobs"] / kernel["wall_s"], "jobs/s")
        for hosts in host_counts:
            ours: dict[int, float] = {}
            stock: dict[int, float] = {}
            for jobs in job_counts:
                run, ours[jobs] = measure_greensched(report, folder, hosts, jobs)
                if jobs <= stock_limit:
                    stock[jobs] = measure_stock(report, folder, run, hosts, jobs)
            _compare(report, hosts, ours, stock, stock_limit)
        if options.ten_million:
            one = ours[1_000_000]
            _, ten = measure_greensched(report, folder, 1000, 10_000_000)
            report.add("10M over 1M jobs, 10 x 1000 hosts", "growth of simulate (10 = linear)", ten / one, "x", 11)
    report.write()


def _compare(report: Report, hosts: int, ours: dict[int, float], stock: dict[int, float], limit: int) -> None:
    case = f"10 x {hosts} hosts"
    for small, large in zip(list(ours)[:-1], list(ours)[1:], strict=True):
        report.add(case, f"growth {small:,} to {large:,} jobs (10 = linear)", ours[large] / ours[small], "x")
    target = 20 if limit == 100_000 else None
    report.add(case, f"faster than stock at {limit:,} jobs", stock[limit] / ours[limit], "x", target, at_most=False)
    largest = max(ours)
    if largest > limit:
        extrapolated_s = stock[limit] * largest / limit
        report.add(f"stock, {case}, {largest:,} jobs", "simulate, EXTRAPOLATED linearly", extrapolated_s, "s")


if __name__ == "__main__":
    main()
