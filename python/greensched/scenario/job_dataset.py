"""A data set of jobs in words: what owners declare, and apart from it what is true; with a datasheet."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from greensched.core import datasheet
from greensched.core.datasheet import Datasheet
from greensched.core.types import F64
from greensched.scenario.described import machine
from greensched.scenario.hardware import HOST_TYPES
from greensched.scenario.tasks import synthetic_law
from greensched.scenario.workload import SyntheticWorkload
from greensched.signals.series import utc_text
from greensched.traces import jobtable
from greensched.traces.apps import WORK_CLASSES
from greensched.traces.table import Jobs
from greensched.truths import described, jobset
from greensched.truths.described import Law
from greensched.truths.machines import Machine
from greensched.truths.splits import SPLITS

HOST_GPUS = 8.0


@dataclass(frozen=True)
class JobOrder:
    """What to generate: ``jobs`` jobs of a split that arrive in ``days`` days from ``start`` (UTC)."""

    seed: int
    split: str
    jobs: int
    start: datetime
    days: int
    gpu_share: float

    @property
    def origins(self) -> tuple[F64, F64]:
        """Longitudes and shares of three origins: jobs come from the Americas, Europe and Asia."""
        return np.array([-100.0, 10.0, 110.0]), np.array([0.4, 0.35, 0.25])


def write(folder: Path, asked: JobOrder) -> Jobs:
    """Write ``jobs.parquet``, ``truth.parquet``, ``speeds.parquet`` and ``datasheet.md``, whole or not at all.

    Raises:
        ConfigError: the folder is not empty, or cannot be made.
    """
    with datasheet.whole(folder) as temporary:
        window_s = timedelta(days=asked.days).total_seconds()
        jobs, meanings = described.generate(
            asked.seed, asked.jobs, window_s, asked.start, law_of(asked), *asked.origins
        )
        declared = jobset.declared(jobs).replace_schema_metadata({jobtable.KEY: json.dumps(_about(asked)).encode()})
        truth, speeds = jobset.meant(meanings, builtin_machines(), WORK_CLASSES)
        for name, table in (("jobs", declared), ("truth", truth), ("speeds", speeds)):
            pq.write_table(table, temporary / f"{name}.parquet", compression="zstd", compression_level=1)
        text = sheet(asked, {"jobs": declared, "truth": truth, "speeds": speeds}).text(datasheet.checksums(temporary))
        (temporary / datasheet.FILE).write_text(text, encoding="utf-8")
    return jobs


def law_of(asked: JobOrder) -> Law:
    """The usual laws of a synthetic workload, with text."""
    spec = SyntheticWorkload.model_validate({"source": "synthetic", "text": asked.split, "jobs": asked.jobs})
    plain = synthetic_law(spec, [], asked.gpu_share)
    return Law(
        split=asked.split, apps=plain.apps, app_share=plain.app_share, gpu_share=asked.gpu_share, host_gpus=HOST_GPUS,
        duration=plain.duration, arrivals=plain.arrivals, straggler_share=spec.stragglers,
    )  # fmt: skip


def builtin_machines() -> list[Machine]:
    """The built-in host types as the truth sees them."""
    return [machine(name, spec) for name, spec in HOST_TYPES.items()]


def _about(asked: JobOrder) -> dict[str, Any]:
    """What the job table says about its rows, as an imported trace does."""
    return {
        "version": jobtable.VERSION,
        "format": "greensched-generated",
        "title": f"Generated jobs in words, split {asked.split}, seed {asked.seed}",
        "source": described.SOURCE,
        "files": [],
        "machine": "",
        "time_zero": utc_text(asked.start),
        "deadlines": "none; a scenario's rule derives them",
        "assumptions": ["all rows are synthetic; run times are those on the reference machine, alone"],
    }


def sheet(asked: JobOrder, tables: dict[str, pa.Table]) -> Datasheet:
    """The datasheet of an order."""
    split = SPLITS[asked.split]
    return Datasheet(
        title="Jobs in words of GreenSched",
        command=f"greensched generate jobs -o DIR --seed {asked.seed} --split {asked.split} --jobs {asked.jobs} "
        f"--start {utc_text(asked.start)} --days {asked.days} --gpu-share {asked.gpu_share:g}",
        motivation="Batch jobs whose owners describe them in free text, with what each truly costs on known hardware: "
        "for predictors that read. No public trace has both.",
        composition=_composition(asked, tables),
        process="Batches arrive as a Poisson process with daily and weekly rhythm and bursts. Each belongs to a "
        "recurring application: a published neural network or program, a task, a data set, an owner and habits of "
        "writing. The amount of work is chosen to follow the law of run times, then rounded to what people write; the "
        "true run time follows from what is written, by rooflines of published facts (docs/generator.md).",
        parameters=_sources(),
        randomness=f"Seed {asked.seed}. Streams are named `described, {asked.split}, PURPOSE` and `workload, PURPOSE`, "
        "keyed by SHA-256 of the name; more jobs do not change the applications.",
        uses=f"Split `{split.name}`: {split.about}. For training and comparing predictors of run time and energy from "
        "text. Not for statements about the load of a real cluster, nor about the speed of a named product.",
        limits="Rates of applications of CPUs whose `derivation` begins with `estimate:` are good to a factor of about "
        "three. Memory of GPUs is not modelled beyond a model's number of GPUs. Text is English, from sentence forms. "
        "`benchmarks/fidelity.py` measures how far arrivals, sizes and run times are from real traces.",
    )


def _composition(asked: JobOrder, tables: dict[str, pa.Table]) -> str:
    truth, speeds = (
        "\n".join(f"| `{name}` | {unit} | {about} |" for name, unit, about in columns)
        for columns in (jobset.MEANING, jobset.SPEED)
    )
    head = "| column | unit | meaning |\n|---|---|---|"
    rows = ", ".join(f"`{name}.parquet` {table.num_rows} rows" for name, table in tables.items())
    return (
        f"{rows}. A row of `jobs.parquet` is a job as its owner declares it, in the job table of docs/traces.md; "
        "`duration_s` is its true run time on the reference machine (a core of a Xeon Platinum 8280, an A100) and what "
        "does not apply is null. `truth.parquet` has a row for each job and must be kept from whatever predicts:\n\n"
        f"{head}\n{truth}\n\n`speeds.parquet` has a row for each configuration and built-in host type:\n\n"
        f"{head}\n{speeds}\n\nThere are no people in it: owners are invented."
    )


def _sources() -> tuple[tuple[str, str, str], ...]:
    where = "`python/greensched/truths/catalogue`, a source for each row"
    return (
        ("networks, data sets, programs, GPUs", "`catalogue/*.csv`", where),
        ("sizes of jobs", "`traces/laws.py`", "Azure V1 (CC BY 4.0); Alibaba GPU v2023"),
        ("run times, arrivals, batches", "`scenario/workload.py`", "Azure V1 (CC BY 4.0)"),
        (
            "attained shares of peak, memory of training",
            "`truths/modes.py`",
            "papers named there; assumed where it says",
        ),
    )
