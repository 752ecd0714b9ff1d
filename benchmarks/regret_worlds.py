"""Worlds of ``regret.py``: ten datacenters on real grids, with jobs that a public trace has recorded.

Two parts of each trace become two runs. From the first, placed at random, a predictor may learn; in the second all of
them are compared. The first run ends when the second begins, so whatever had not ended by then nobody has learned.
Jobs keep what the trace recorded and nothing else, but for what a case says is made: deadlines, of which no trace has
any, owners' estimates, texts.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from testbed import REPO

from greensched.core.types import F64
from greensched.traces import normalized
from greensched.traces.table import UNSET_PRIORITY, Jobs

DAY_S = 86_400.0
SHORTEST_S, LONGEST_S = 10.0, DAY_S
"""Other jobs are left out: those that ended as soon as they began, which no slot of five minutes could place better,
and those for whose end the second run would have to wait for long."""
HOSTS = (2, 1, 1, 1, 1, 2, 1, 2, 1, 2)
"""Of each datacenter: those of ``real-10dc-2022.yml`` for as many jobs as there are here, so that room is scarce."""
REFERENCE = 0
"""The datacenter with machines of reference speed, where a job alone runs as long as was recorded."""
DEADLINES: dict[str, dict[str, Any]] = {
    "usual": {"distribution": "uniform", "low": 1.5, "high": 6.0, "min": "10min"},
    "others": {"distribution": "lognormal", "median": 8.0, "sigma": 1.0, "min": "30min"},
}
"""Factors on the recorded run time. ``usual`` is the rule of the worlds that ``llm`` and ``xgboost`` learned from."""
FILE = "jobs.parquet"


@dataclass(frozen=True)
class Case:
    """Jobs of a trace, and what is made up about them.

    Attributes:
        trace: as ``normalized.load`` knows it.
        jobs: of the second part; the first has as many a day.
        compress: days of the trace in a day of the run, where it has few jobs a day.
        estimates: whether owners say how long their jobs take; made, since no trace has any.
        text: split of the made descriptions; empty: none.
        deadlines: by which rule they are made, of :data:`DEADLINES`.
    """

    trace: str
    jobs: int
    compress: float = 1.0
    estimates: bool = False
    text: str = ""
    deadlines: str = "usual"

    @property
    def name(self) -> str:
        """With everything that is made; deadlines are always."""
        made = [*(["estimates"] if self.estimates else []), *([f"text ({self.text})"] if self.text else [])]
        other = ", other deadlines" if self.deadlines != "usual" else ""
        return (f"{self.trace} + made {', '.join(made)}" if made else self.trace) + other


@dataclass(frozen=True)
class Part:
    """A part of a trace as a run: a scenario's file, with its jobs beside it.

    Attributes:
        scenario: the file.
        recorded_s: run times that the trace has, by task.
        offered_frac: core-seconds of its jobs over those of all hosts until the last has arrived.
    """

    scenario: Path
    recorded_s: F64
    offered_frac: float


@dataclass(frozen=True)
class Length:
    """Days of the first part's jobs, between both, of the second's, and until its last may end."""

    learned: float
    between: float
    scored: float
    ending: float


def data_of(given: str) -> Path | None:
    """The data pack, if it is there: what was given, or ``GREENSCHED_DATA``, or beside the repository."""
    folder = Path(given or os.environ.get("GREENSCHED_DATA", REPO.parent / "shared" / "data"))
    return folder.resolve() if (folder / normalized.FOLDER).is_dir() or (folder / "mini").is_dir() else None


def parts(case: Case, data: Path, length: Length, seed: int, folder: Path) -> Iterator[Part]:
    """First the part to learn from, then the one to be scored on; both in the same world, one after the other."""
    for begin, days, drain_s in (
        (0.0, length.learned, length.between * DAY_S),
        (length.learned + length.between, length.scored, length.ending * DAY_S),
    ):
        jobs = recorded(case, data, begin, days, max(1, round(case.jobs * days / length.scored)), seed)
        where = folder / ("scored" if begin else "learned")
        where.mkdir(parents=True)
        write(case, jobs, where / FILE)
        content = scenario(case, seed, begin, days, drain_s)
        (where / "scenario.yml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        yield Part(where / "scenario.yml", jobs.duration_s, offered(jobs, days))


def recorded(case: Case, data: Path, begin: float, days: float, count: int, seed: int) -> Jobs:
    """Some jobs of a trace, whole submissions first, in order of arrival; ``begin`` and ``days`` of the run."""
    cut = normalized.Cut(begin * DAY_S * case.compress, days * DAY_S, case.compress, LONGEST_S)
    jobs = normalized.load(data, case.trace, cut, seed)
    jobs = normalized.sample(jobs.take(np.flatnonzero(jobs.duration_s >= SHORTEST_S)), count, seed)
    return jobs.take(np.argsort(np.round(jobs.arrival_s * 1e6), kind="stable"))


def write(case: Case, jobs: Jobs, path: Path) -> None:
    """As a file that says no more than the trace: names, labels and owners that it lacks are empty, and not drawn."""
    nothing = [""] * len(jobs)
    columns: dict[str, Any] = {
        "arrival_s": jobs.arrival_s, "duration_s": jobs.duration_s, "cores": jobs.cores, "mem_gb": jobs.mem_gb,
        "gpus": jobs.gpus,
    }  # fmt: skip
    if not case.text:
        columns |= {"name": nothing, "labels": jobs.labels.decode() if jobs.labels else nothing, "user": nothing}
    if (jobs.priority != UNSET_PRIORITY).all():
        columns["priority"] = jobs.priority
    pq.write_table(pa.table(columns), path)


def scenario(case: Case, seed: int, begin: float, days: float, drain_s: float) -> dict[str, Any]:
    """``real-10dc-2022.yml`` with fewer hosts, that of its days, and jobs of the file."""
    told: dict[str, Any] = yaml.safe_load((REPO / "scenarios" / "real-10dc-2022.yml").read_text(encoding="utf-8"))
    nap = told["datacenters"][0]["hosts"][0]["sleep"]
    for index, (datacenter, count) in enumerate(zip(told["datacenters"], HOSTS, strict=True)):
        datacenter["hosts"] = [{"type": datacenter["hosts"][0]["type"], "count": count, "sleep": nap}]
        if case.trace.startswith("alibaba"):
            kind = "reference-gpu" if index == REFERENCE else ("a100-node", "v100-node", "t4-node")[index % 3]
            datacenter["hosts"].append({"type": kind, "count": 2, "sleep": nap})
    workload: dict[str, Any] = {"source": "file", "file": FILE}
    if case.text:
        workload = {"source": "hybrid", "trace": "file", "file": FILE, "text": case.text}
    workload["deadlines"] = DEADLINES[case.deadlines]
    if not case.estimates:
        workload["owners"] = {"estimate_missing": 1.0}
    return told | {
        "name": "regret",
        "start": (told["start"] + timedelta(days=begin)).isoformat(),
        "horizon": f"{days * DAY_S:.0f}s",
        "drain": f"{drain_s:.0f}s",
        "seed": seed,
        "baseline": None,
        "host_types": {"reference-gpu": reference_gpu()},
        "workload": workload,
    }


def reference_gpu() -> dict[str, Any]:
    """A host of reference speed with the GPUs of reference speed: a Xeon Platinum 8280 with A100s."""
    from greensched.scenario.hardware import HOST_TYPES

    host, gpus = HOST_TYPES["xeon-2019"], HOST_TYPES["a100-node"]
    powers = {"gpus": gpus.gpus, "gpu_type": gpus.gpu_type, "gpu_idle_w": gpus.gpu_idle_w, "gpu_max_w": gpus.gpu_max_w}
    return {"cores": host.cores, "mem_gb": gpus.mem_gb, "power_w": list(host.power_w), **powers}


def offered(jobs: Jobs, days: float) -> float:
    """Share of all cores that the jobs would hold at reference speed."""
    told = yaml.safe_load((REPO / "scenarios" / "real-10dc-2022.yml").read_text(encoding="utf-8"))
    from greensched.scenario.hardware import HOST_TYPES

    types = [datacenter["hosts"][0]["type"] for datacenter in told["datacenters"]]
    cores = sum(count * HOST_TYPES[kind].cores for count, kind in zip(HOSTS, types, strict=True))
    return float(jobs.cores @ jobs.duration_s) / (cores * days * DAY_S)
