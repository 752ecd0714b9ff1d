"""Run folders for ``overhead.py``: the ten datacenters of ``real-10dc-2022.yml``, and jobs that come as a case says.

Grids, weather, forecasts (of ten datacenters, every six hours) and jobs are made from a seed, so no data is needed. A
new job's text is one that the run has not seen; a remembered one's was read by an earlier slot. Jobs of batches end
before the next batch comes, so that every batch finds the same world.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from greensched.scenario import job_dataset
from greensched.scenario.prepare import prepare

REPO = Path(__file__).resolve().parent.parent
SLOT_S, BATCH_GAP_S, LONGEST_S = 300, 7_200, 3_600.0
ONCE_MORE = 50  # distinct texts of the case of one remembered job
COLUMNS = ["duration_s", "cores", "mem_gb", "gpus", "priority", "name", "labels", "user", "description"]


@dataclass(frozen=True)
class Case:
    """So many jobs at once, with texts that are new or remembered, again and again.

    Attributes:
        name: in the report.
        at_once: jobs of a question.
        new: whether the run has not seen their texts.
        warm: questions that come first and do not count: code is compiled, modules are loaded, texts are read.
        counted: questions after them.
    """

    name: str
    at_once: int
    new: bool
    warm: int
    counted: int

    @property
    def questions(self) -> int:
        """All of them."""
        return self.warm + self.counted

    @property
    def texts(self) -> int:
        """Distinct ones."""
        return self.at_once * self.questions if self.new else max(self.at_once, min(ONCE_MORE, self.warm))

    @property
    def gap_s(self) -> int:
        """Between two questions, in simulated time."""
        return SLOT_S if self.at_once == 1 else BATCH_GAP_S


def jobs_in_words(folder: Path, count: int) -> pd.DataFrame:
    """So many jobs that take less than an hour, no two with the same text; from the generator of the split ``test``."""
    made = folder / "jobs-in-words"
    job_dataset.write(
        made, job_dataset.JobOrder(1, "test", 2 * count + 1_000, datetime(2022, 6, 6, tzinfo=UTC), 7, 0.0)
    )
    jobs = pd.read_parquet(made / "jobs.parquet")
    jobs = jobs[jobs["duration_s"] < LONGEST_S].drop_duplicates("description")
    if len(jobs) < count:
        raise RuntimeError(f"{len(jobs)} distinct texts of {count}")
    return jobs[:count]


def run_folder(folder: Path, case: Case, jobs: pd.DataFrame, policy: dict[str, Any]) -> Path:
    """Prepare a run of a case in ``folder``."""
    folder.mkdir()
    of = np.arange(case.questions * case.at_once)
    arriving = jobs.iloc[of % case.texts][COLUMNS].assign(arrival_s=of // case.at_once * case.gap_s + 1.0)
    arriving.to_parquet(folder / "jobs.parquet")
    told: dict[str, Any] = yaml.safe_load((REPO / "scenarios" / "real-10dc-2022.yml").read_text(encoding="utf-8"))
    told |= {
        "name": "overhead",
        "horizon": f"{(case.questions + 1) * case.gap_s}s",
        "drain": "1d",
        "end": "drained",
        "policy": policy,
        "baseline": None,
        "network": {},
        "signals": {"source": "synthetic", "forecasts": told["signals"]["forecasts"]},
        "workload": {"source": "file", "file": "jobs.parquet", "deadlines": told["workload"]["deadlines"]},
    }
    (folder / "overhead.yml").write_text(yaml.safe_dump(told, sort_keys=False), encoding="utf-8")
    prepare(folder / "overhead.yml", folder / "run")
    return folder / "run"
