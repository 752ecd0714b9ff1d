"""How fast the co-simulation is, and how it grows.

For 10 datacenters x {100, 1,000} hosts x {10k, 100k, 1M} jobs: `greensched run` with `lowest-carbon`, through the py4j
bridge, feedback log on, every phase timed (prepare, simulate, finish) and the peak resident memories of both processes
added up; the same jobs on stock CloudSim Plus classes (up to 100k jobs, beyond that extrapolated and marked) as their
users write them, and in our own model `execution: cloudsim`; 20,000 hosts with 40,000 VMs and 50,000 cloudlets in both
models; and the event rate of the bare CloudSim Plus kernel. Everything side by side in one run.

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
import pandas as pd
import psutil
import yaml
from harness import Report

REPO = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(REPO / "python"), str(REPO / "bridge" / "python")]

from greensched.core.frames import read_frame  # noqa: E402

ZONES = ("US-CAL-CISO", "US-TEX-ERCO", "US-MIDA-PJM", "CA-ON", "DE", "GB", "ES", "JP-TK", "SG", "IN-WE")
CORES = 32
HOST = {"cores": CORES, "mem_gb": 4096, "power_w": [100, 180, 240, 290, 330]}


BUSY = {
    "policy": {"name": "greensched"},
    "noise": {"time_sigma": 0.05, "power_sigma": 0.05},
    "workload": {
        "source": "synthetic",
        "gpu_share": 0.05,
        "durations": {"median": "2h", "sigma": 0.6, "tail_share": 0, "min": "60s", "max": "12h"},
    },
}


def scenario(folder: Path, hosts: int, jobs: int, busy: bool = False, execution: str = "exact") -> Path:
    """Ten zones, a week.

    Plain: no noise and no interference, so that the exact execution time of every job is known. ``busy``: most cores in
    use, GPUs, phases, noise, interference and sleeping hosts, decided by `greensched`.
    """
    kinds = [{"type": "plain", "count": hosts}]
    if busy:
        nap = {"after": "15min", "power_w": 15, "wake": "60s", "wake_power_w": 200}
        kinds = [{"type": "plain", "count": hosts, "sleep": nap}, {"type": "a100-node", "count": 10}]
    content = {
        "greensched": 1,
        "name": "speed",
        "start": "2022-06-06T00:00:00Z",
        "horizon": "7d",
        "drain": "2d",
        "seed": 1,
        "execution": execution,
        "policy": {"name": "lowest-carbon"},
        "baseline": None,
        "noise": {"time_sigma": 0, "power_sigma": 0},
        "host_types": {"plain": HOST},
        "datacenters": [{"name": z.lower(), "zone": z, "pue": 1.2, "hosts": kinds} for z in ZONES],
        "signals": {"source": "synthetic"},
        "workload": {
            "source": "synthetic",
            "jobs": jobs,
            "gpu_share": 0,
            "durations": {"median": "10min", "sigma": 0.6, "tail_share": 0, "min": "60s", "max": "21min"},
            "truth": {"interference": 0, "phased_share": 0},
        },
    }
    if busy:
        content |= BUSY
        content["workload"] = {**BUSY["workload"], "jobs": jobs}
    path = folder / f"{'busy' if busy else 'speed'}-{execution}-{hosts}-{jobs}.yml"
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path


class PeakMemory:
    """The sum of what each process of a family had resident at its own peak: never less than the peak of the sum.

    The kernel keeps each process's peak, so a few cheap looks suffice; adding up maps ten times a second (PSS, which
    counts shared pages once) took a tenth of the time that was to be measured.
    """

    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)
        self._peak_bytes: dict[int, int] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def _sample(self) -> None:
        while not self._stop.wait(0.2):
            try:
                family = [self._root, *self._root.children(recursive=True)]
            except psutil.Error:
                continue
            self._peak_bytes |= {p.pid: peak for p in family if (peak := _peak_bytes(p.pid))}

    def stop(self) -> int:
        """Stop sampling; returns the peak in bytes."""
        self._stop.set()
        self._thread.join()
        return sum(self._peak_bytes.values())


def _peak_bytes(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def timed(command: list[str]) -> tuple[float, int, str]:
    """Run; returns wall seconds, peak bytes of the whole process family, and what it printed."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=REPO)
    memory = PeakMemory(process.pid)
    output, errors = process.communicate()
    wall_s = time.perf_counter() - begin
    peak = memory.stop()
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{errors[-2000:]}")
    return wall_s, peak, output


def measure_greensched(
    report: Report, folder: Path, hosts: int, jobs: int, busy: bool = False, execution: str = "exact"
) -> tuple[Path, float]:
    """One row group; returns the run folder and the wall time of the simulation."""
    kind = ("busy, " if busy else "") + ("cloudsim, " if execution == "cloudsim" else "")
    case = f"{kind}10 x {hosts} hosts, {jobs:,} jobs"
    run = folder / f"run-{execution}-{hosts}-{jobs}-{busy}"
    program = [sys.executable, "-m", "greensched"]
    prepare_s, prepare_peak, _ = timed(
        [*program, "prepare", str(scenario(folder, hosts, jobs, busy, execution)), "--out", str(run)]
    )
    simulate_s, simulate_peak = played(run)
    finish_s, finish_peak, _ = timed([*program, "finish", str(run)])
    million = jobs == 1_000_000 and execution == "exact"
    report.add(case, "prepare", prepare_s, "s")
    report.add(case, "simulate (world + mind + log)", simulate_s, "s")
    report.add(case, "finish", finish_s, "s")
    report.add(case, "all three", prepare_s + simulate_s + finish_s, "s", 60 if million else None)
    report.add(case, "simulated jobs per second", jobs / simulate_s, "jobs/s")
    status = json.loads((run / "world" / "world.json").read_text())
    report.add(case, "kernel events per second", status["events"] / simulate_s, "events/s")
    peak = max(prepare_peak, simulate_peak, finish_peak)
    report.add(case, "peak memory, all processes", peak / 1e9, "GB", 4 if million else None)
    if busy:
        report.add(case, "cores in use, time mean", 100 * _used_frac(run), "%")
    else:
        error_s = _execution_errors_s(run)
        report.add(
            case, "largest execution-time error", float(error_s.max()), "s", 1e-6 if execution == "exact" else 0.1
        )
        report.add(case, "mean execution-time error", float(error_s.mean()), "s")
    return run, simulate_s


def _used_frac(run: Path) -> float:
    """Mean share of all cores in use at the slot boundaries up to the horizon."""
    config = json.loads((run / "input" / "run.json").read_text())
    cores = sum(h["count"] * h["cores"] for d in config["datacenters"] for h in d["hosts"])
    slots = pd.read_parquet(run / "datacenters.parquet", columns=["t_s", "used_cores"])
    slots = slots[slots["t_s"] <= config["horizon_us"] / 1e6]
    return float(slots.groupby("t_s")["used_cores"].sum().mean() / cores)


def played(run: Path) -> tuple[float, int]:
    """Simulate a prepared run; returns wall seconds and peak bytes."""
    play = f"from greensched_bridge.launch import run_world; from pathlib import Path; run_world(Path({str(run)!r}))"
    simulate_s, peak, _ = timed([sys.executable, "-c", play])
    return simulate_s, peak


def measure_large(report: Report, folder: Path, execution: str) -> None:
    """20,000 hosts, 40,000 VMs, 50,000 cloudlets: a CloudSim file as it is."""
    case = f"{execution}, 20k hosts, 40k VMs, 50k cloudlets"
    run = folder / f"large-{execution}"
    program = [sys.executable, "-m", "greensched"]
    file = REPO / "scenarios" / "cloudsim" / "large.yml"
    prepare_s, prepare_peak, _ = timed(
        [*program, "prepare", str(file), "--out", str(run), "--set", f"execution={execution}"]
    )
    simulate_s, simulate_peak = played(run)
    finish_s, finish_peak, _ = timed([*program, "finish", str(run)])
    report.add(case, "simulate (world + mind + log)", simulate_s, "s")
    report.add(case, "prepare, simulate and finish", prepare_s + simulate_s + finish_s, "s", 60)
    report.add(case, "peak memory, all processes", max(prepare_peak, simulate_peak, finish_peak) / 1e9, "GB")
    cloudlets = read_frame(run / "world" / "cloudlets.gsf").table("cloudlets")
    report.add(
        case, "cloudlets that finished", float(np.sum(cloudlets["state"] == 7)), "cloudlets", 50_000, at_most=False
    )
    error_s = np.abs(cloudlets["finish_s"] - cloudlets["start_s"] - 10)  # 10,000 MI at 1,000 MIPS
    report.add(case, "largest execution-time error", float(error_s.max()), "s", 0.1)


def _execution_errors_s(run: Path) -> np.ndarray:
    jobs = read_frame(run / "world" / "jobs.gsf").table("jobs")
    work_s = read_frame(run / "input" / "hidden.gsf").table("hidden")["work_s"]
    if not np.all(jobs["state"] == 7):
        raise RuntimeError(f"{run}: not every job finished")
    errors: np.ndarray = np.abs(jobs["finish_s"] - jobs["start_s"] - work_s)
    return errors


def rival(*arguments: str) -> tuple[dict[str, float], int]:
    """Run the Java rival, built with the benchmarks module; returns what it printed and its peak bytes."""
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
    _, peak, output = timed(command)
    return dict(json.loads(output.splitlines()[-1])), peak


def measure_stock(report: Report, folder: Path, run: Path, hosts: int, jobs: int) -> float:
    """The same arrivals, demands and durations on stock classes; returns the wall time of its simulation alone."""
    tasks = read_frame(run / "input" / "tasks.gsf").table("tasks")
    work_s = np.maximum(1, np.round(read_frame(run / "input" / "hidden.gsf").table("hidden")["work_s"], 3))
    lines = ["arrival_s,work_s,cores"]
    cores = np.maximum(1, np.ceil(tasks["cores"])).astype(int)
    lines += [f"{a / 1e6:.6f},{w:.3f},{c}" for a, w, c in zip(tasks["arrival_us"], work_s, cores, strict=True)]
    path = folder / "jobs.csv"
    path.write_text("\n".join(lines) + "\n")
    result, peak = rival("stock", str(path), str(len(ZONES)), str(hosts), str(CORES))
    case = f"stock, 10 x {hosts} hosts, {jobs:,} jobs"
    report.add(case, "simulate", result["wall_s"], "s")
    report.add(case, "jobs per second", jobs / result["wall_s"], "jobs/s")
    report.add(case, "peak memory", peak / 1e9, "GB")
    report.add(case, "jobs that finished", result["finished"], "jobs")
    report.add(case, "largest execution-time error", result["max_error_s"], "s")
    return float(result["wall_s"])


def main() -> int:
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
        kernel, _ = rival("kernel", str(job_counts[-1]), "604800")
        report.add("bare kernel", "events per second", kernel["events"] / kernel["wall_s"], "events/s")
        report.add("bare kernel", "jobs per second", kernel["jobs"] / kernel["wall_s"], "jobs/s")
        for hosts in host_counts:
            ours: dict[int, float] = {}
            stock: dict[int, float] = {}
            for jobs in job_counts:
                run, ours[jobs] = measure_greensched(report, folder, hosts, jobs)
                if jobs <= stock_limit:
                    stock[jobs] = measure_stock(report, folder, run, hosts, jobs)
                measure_greensched(report, folder, hosts, jobs, execution="cloudsim")
            _compare(report, hosts, ours, stock, stock_limit)
        measure_greensched(report, folder, 100, job_counts[-1], busy=True)
        for execution in ("exact", "cloudsim"):
            measure_large(report, folder, execution)
        if options.ten_million:
            _, ten_s = measure_greensched(report, folder, 1000, 10_000_000)
            report.add("10 x 1000 hosts", "growth 1M to 10M jobs (10 = linear)", ten_s / ours[1_000_000], "x", 11)
    return report.write()


def _compare(report: Report, hosts: int, ours: dict[int, float], stock: dict[int, float], limit: int) -> None:
    case = f"10 x {hosts} hosts"
    # below 100k jobs the fixed cost of starting and of 2,000 slots hides the growth
    for small, large in zip(list(ours)[:-1], list(ours)[1:], strict=True):
        report.add(case, f"growth {small:,} to {large:,} jobs (10 = linear)", ours[large] / ours[small], "x")
    target = 20 if limit == 100_000 else None
    report.add(case, f"faster than stock at {limit:,} jobs", stock[limit] / ours[limit], "x", target, at_most=False)
    largest = max(ours)
    if largest > limit:
        extrapolated_s = stock[limit] * largest / limit
        report.add(f"stock, {case}, {largest:,} jobs", "simulate, EXTRAPOLATED linearly", extrapolated_s, "s")


if __name__ == "__main__":
    raise SystemExit(main())
