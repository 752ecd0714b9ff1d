"""Data sets of the predictor's benchmarks: made by ``greensched generate reports`` once, kept in the cache.

Training worlds have seeds below 1,000, test worlds 2,001 and up: other hardware, other applications, other weather. The
training worlds have many more applications than the usual one, so that every word is seen beside many others.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import yaml

REPO = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(REPO / "python"), str(REPO / "bridge" / "python")]
from greensched.cli import report_world  # noqa: E402
from greensched.language.store import models_folder  # noqa: E402

APPS, JOBS, DAYS = 8_000, 5_000, 7  # of a training world
TRAIN_SEEDS = (*range(201, 213), *range(221, 235))
GPU_SEEDS, GPU_JOBS, GPU_SHARE = tuple(range(301, 369)), 2_500, 0.7
"""Training worlds with mostly tasks for GPUs: there are many more ways to combine their words than those of CPUs."""
BUSY_SEEDS, BUSY_DAYS = tuple(range(241, 253)), 2
"""Training worlds where the usual jobs arrive in so few days that hosts are full most of the time."""
VALIDATION_SEEDS, TEST_SEEDS = (235, 236), (2001, 2002)
LONG_SEED, LONG_JOBS, LONG_DAYS = 2003, 76_000, 106
SPLITS = ("test", "new-phrasing", "new-words-dev")


def cache() -> Path:
    """Where data sets and encoded texts are kept."""
    return models_folder().parent / "testbed"


def rival() -> str:
    """The folder of the rival that ``rival.py`` has trained; empty if it has not."""
    folder = cache() / "rival"
    return str(folder) if folder.is_dir() else ""


def train_world(
    seed: int, apps: int = APPS, jobs: int = JOBS, gpu_share: float | None = None, days: int = DAYS
) -> Path:
    """Reports of a training world."""
    unusual = [*([gpu_share] if gpu_share is not None else []), *([f"{days}d"] if days != DAYS else [])]
    target = cache() / "-".join(map(str, ("train", seed, apps, jobs, *unusual)))
    if not target.is_dir():
        scenario = report_world.scenario("train", days) | {"seed": seed}
        scenario["workload"] |= {"jobs": jobs, "owners": {"apps": apps}}
        if gpu_share is not None:
            scenario["workload"]["gpu_share"] = gpu_share
        target.parent.mkdir(parents=True, exist_ok=True)
        file = target.with_name(target.name + ".yml")
        file.write_text(yaml.safe_dump(scenario, sort_keys=False), encoding="utf-8")
        generate(target, seed, "--scenario", str(file))
    return target


def gpu_world(seed: int) -> Path:
    """Reports of a training world with mostly tasks for GPUs."""
    return train_world(seed, APPS, GPU_JOBS, GPU_SHARE)


def busy_world(seed: int) -> Path:
    """Reports of a training world whose hosts are full most of the time."""
    return train_world(seed, APPS, JOBS, days=BUSY_DAYS)


def test_world(split: str, seed: int) -> Path:
    """Reports of the usual world of a split."""
    target = cache() / f"{split}-{seed}"
    if not target.is_dir():
        generate(target, seed, "--split", split)
    return target


def long_world() -> Path:
    """Reports of a test world that goes on for months, for who learns from its log."""
    target = cache() / f"test-{LONG_SEED}-{LONG_JOBS}"
    if not target.is_dir():
        generate(target, LONG_SEED, "--split", "test", "--jobs", str(LONG_JOBS), "--days", str(LONG_DAYS))
    return target


def generate(target: Path, seed: int, *options: str) -> None:
    """Run ``greensched generate reports``."""
    command = [sys.executable, "-m", "greensched", "generate", "reports", "-o", str(target), "--seed", str(seed)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path[:2])}
    subprocess.run([*command, *options], env=environment, check=True, capture_output=True)
