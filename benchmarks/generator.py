"""The generator of jobs in words: how long it takes, what its texts give away, and the noise floor of its truth.

python benchmarks/generator.py [--quick]

* A million jobs with texts, in memory and as the data set that ``greensched generate jobs`` writes.
* Hidden numbers in texts: how many jobs' texts hold a number within a promille of their own run time (in s, min or h),
  utilisation (in %) or energy (in kWh or J), beyond how many hold that of another job.
* Noise floor: the same jobs in the real world with and without luck; standard deviations of the logarithms' difference.
* The hybrid workload on the 669,435 virtual machines of Azure V1, if the data pack is there (``GREENSCHED_DATA``, by
  default ../shared/data): time, and how many texts agree with the run time.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from harness import Report

REPO = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(REPO / "python"), str(REPO / "bridge" / "python")]
import greensched  # noqa: E402
from greensched.cli import report_world  # noqa: E402
from greensched.core.types import F64  # noqa: E402
from greensched.scenario.job_dataset import JobOrder, builtin_machines, law_of  # noqa: E402
from greensched.traces import normalized  # noqa: E402
from greensched.traces.apps import WORK_CLASSES  # noqa: E402
from greensched.traces.table import Jobs  # noqa: E402
from greensched.truths import described, hybrid  # noqa: E402
from greensched.truths.described import Meanings  # noqa: E402
from greensched.truths.effects import NoiseFloor  # noqa: E402
from greensched.truths.truth import truth  # noqa: E402

QUICK = "--quick" in sys.argv[1:]
DATA = Path(os.environ.get("GREENSCHED_DATA", REPO.parent / "shared" / "data"))
JOBS = 100_000 if QUICK else 1_000_000
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_A100_W, _CORE_W = 340.0, 6.5


def speed(report: Report) -> tuple[Jobs, Meanings]:
    """Jobs with texts in memory, and written."""
    asked = JobOrder(0, "train", JOBS, datetime(2022, 1, 1, tzinfo=UTC), 28, 0.3)
    begin = time.perf_counter()
    jobs, meanings = described.generate(0, JOBS, 28 * 86_400.0, asked.start, law_of(asked), *asked.origins)
    case = f"{JOBS:,} jobs with texts"
    target = 60.0 * JOBS / 1_000_000
    report.add(case, "in memory", time.perf_counter() - begin, "s", target)
    with tempfile.TemporaryDirectory() as temporary:
        command = [sys.executable, "-m", "greensched", "generate", "jobs", "-o", f"{temporary}/d", "--seed", "0"]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path[:2])}
        begin = time.perf_counter()
        subprocess.run([*command, "--jobs", str(JOBS)], env=environment, check=True, capture_output=True)
        report.add(case, "greensched generate jobs, whole process", time.perf_counter() - begin, "s", target)
    assert jobs.description is not None
    report.add(case, "different texts", len(set(jobs.description.pool)) / JOBS, "of all")
    return jobs, meanings


def law_kept(report: Report) -> None:
    """Run times that follow from rounded words, beside the law that the amounts were chosen for."""
    distances = []
    for seed in range(3):
        asked = JobOrder(seed, "train", 50_000, datetime(2022, 1, 1, tzinfo=UTC), 28, 0.3)
        law = law_of(asked)
        jobs, _ = described.generate(seed, asked.jobs, 28 * 86_400.0, asked.start, law, *asked.origins)
        meant = np.sort(law.duration.at(np.random.default_rng(seed).standard_normal(200_000)))
        at = np.quantile(meant, np.linspace(0.001, 0.999, 999))
        parts = [np.searchsorted(np.sort(x), at) / len(x) for x in (jobs.duration_s, meant)]
        distances.append(float(np.abs(parts[0] - parts[1]).max()))
    distance = float(np.median(distances))
    report.add("run times that words mean, 3 seeds", "Kolmogorov-Smirnov to their law, median", distance, "", 0.05)


def hidden_numbers(report: Report, jobs: Jobs, meanings: Meanings) -> None:
    """Texts that state what is hidden, beyond chance."""
    found = truth(meanings, builtin_machines(), WORK_CLASSES)
    watts = jobs.cores * found.cpu_util_frac * _CORE_W + jobs.gpus * found.gpu_util_frac * _A100_W
    joules, run_s = jobs.duration_s * watts, jobs.duration_s
    some = np.arange(min(len(jobs), 50_000))
    _, first = np.unique(found.configuration, return_index=True)  # jobs of one configuration have one utilisation
    for name, values, rows in (
        ("run time in s", run_s, some),
        ("run time in min", run_s / 60, some),
        ("run time in h", run_s / 3600, some),
        ("utilisation of cores in %", found.cpu_util_frac * 100, first),
        ("utilisation of GPUs in %", found.gpu_util_frac * 100, first),
        ("energy in kWh", joules / 3.6e6, some),
        ("energy in J", joules, some),
    ):
        numbers = [_numbers(text) for text in _texts(jobs, rows)]
        told = _stated(numbers, values[rows])
        chance = _stated(numbers, values[np.random.default_rng(0).permutation(rows)])
        metric = f"of {len(rows):,}, beyond chance ({chance})"
        most = 4.0 * float(np.sqrt(told + chance + 1))  # four standard deviations of the difference of two counts
        report.add(f"texts that state the {name}", metric, told - chance, "texts", most)


def _texts(jobs: Jobs, rows: np.ndarray) -> list[str]:
    columns = (jobs.name, jobs.labels, jobs.user, jobs.description)
    parts = [column.take(rows).decode() for column in columns if column is not None]
    return [" ".join(row) for row in zip(*parts, strict=True)]


def _numbers(text: str) -> F64:
    return np.array([float(x.replace(",", "")) for x in _NUMBER.findall(text)])


def _stated(numbers: list[F64], hidden: F64) -> int:
    return sum(bool((np.abs(n - h) <= 1e-3 * h).any()) for n, h in zip(numbers, hidden.tolist(), strict=True) if h > 0)


def noise_floor(report: Report) -> None:
    """Luck of run times and energies in the real world."""
    world = report_world.scenario("train", 7) | {"advisories": {}}
    changes = {"workload.jobs": 500 if QUICK else 5_000, "workload.stragglers": 0.0, "seed": 1}
    with_luck = greensched.simulate(world, overrides=changes).jobs
    without = greensched.simulate(world, overrides=changes | {"noise.time_sigma": 0.0, "noise.power_sigma": 0.0}).jobs
    # only where the same neighbours were there: else what differs is contention
    alone = (with_luck.dc == without.dc) & with_luck.run_s.notna() & without.run_s.notna() & (with_luck.gpus > 0)
    floor = NoiseFloor()
    for name, column, stated in (("run time", "run_s", floor.time_sigma), ("energy", "it_kwh", floor.energy_sigma)):
        ratio = np.log(with_luck[column][alone] / without[column][alone])
        spread = 1.4826 * float(np.median(np.abs(ratio - ratio.median())))
        case = f"noise floor of {name}, {int(alone.sum())} GPU jobs"
        report.add(case, "robust sigma of the log", 100 * spread, "%")
        report.add(case, "distance from what is stated", 100 * abs(spread - stated), "points", 0.3)


def on_azure(report: Report) -> None:
    """Text for every virtual machine of Azure V1."""
    jobs = normalized.load(DATA, "azure-v1", normalized.Cut(0.0, 1e9), 0)
    jobs = jobs.take(np.argsort(jobs.arrival_s, kind="stable"))
    begin = time.perf_counter()
    told, meanings = hybrid.give_text(0, jobs, "train", 240)
    case = f"hybrid, {len(jobs):,} Azure V1 machines"
    report.add(case, "texts", time.perf_counter() - begin, "s", 60.0)
    off = np.abs(meanings.amounts.samples * meanings.sample_s / jobs.duration_s - 1)
    agree = float((off <= hybrid.AGREES_FRAC).mean())
    report.add(case, f"agree within {100 * hybrid.AGREES_FRAC:g} %", agree, "of all", 0.99, at_most=False)
    kept = ("arrival_s", "duration_s", "cores", "mem_gb")
    same = all(np.array_equal(getattr(jobs, k), getattr(told, k)) for k in kept)
    report.add(case, "times and sizes are the trace's (1 = yes)", float(same), "", 1.0, at_most=False)


def main() -> int:
    """Measure, print, write."""
    report = Report("generator", QUICK)
    jobs, meanings = speed(report)
    hidden_numbers(report, jobs, meanings)
    law_kept(report)
    noise_floor(report)
    if (DATA / "traces").is_dir():
        on_azure(report)
    return report.write()


if __name__ == "__main__":
    raise SystemExit(main())
