"""``greensched generate reports``: every outcome of every job, from the real world, as a data set to learn from.

The world runs once, in a mode in which it tells the truth; a policy that prefers nothing places the jobs. For each job
and each datacenter the data set has what would have happened, and the state of the datacenter when the job was placed.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from greensched.cli import codes, report_sheet, report_world, split_log
from greensched.cli.report_columns import ADVISORIES, REPORTS, STATE, described
from greensched.cli.report_sheet import ReportOrder
from greensched.cli.simulate import Result, simulate
from greensched.core import datasheet
from greensched.core.errors import ConfigError
from greensched.core.frames import read_frame
from greensched.core.types import Observation, Options, Predictions, TaskTable
from greensched.feedback.export import publish
from greensched.feedback.outcomes import LOG_FILE
from greensched.predictors.oracle import OraclePredictor


class Recorder(OraclePredictor):
    """Answers with the truth and keeps it."""

    def __init__(self) -> None:
        self.parts: list[dict[str, Any]] = []

    def predict(self, observation: Observation, tasks: TaskTable, options: Options) -> Predictions:
        """The truth about every (task, option) pair, with the state in which it was asked."""
        told = super().predict(observation, tasks, options)
        n = observation.world.n_datacenters
        part: dict[str, Any] = {
            "task": np.repeat(tasks.task, n),
            "t_s": np.full(len(tasks) * n, observation.t_s),
            "dc": np.tile(np.arange(n, dtype=np.int32), len(tasks)),
            "energy_kwh": told.energy_kwh.ravel(),
            "service_time_s": told.service_time_s.ravel(),
            "wait_s": told.wait_s.ravel(),
        }
        state = {name: np.tile(getattr(observation.state, name), len(tasks)) for name in STATE}
        self.parts.append(part | state)
        return told

    def table(self, names: list[str]) -> pa.Table:
        """All rows; NaN (it never fits, or is not known) is null."""
        if not self.parts:
            raise ConfigError("no job of this scenario was ever placed; there is nothing to report")
        columns = {key: np.concatenate([part[key] for part in self.parts]) for key in self.parts[0]}
        index = pa.DictionaryArray.from_arrays(pa.array(columns.pop("dc")), pa.array(names)).cast(pa.string())
        arrays = {k: pa.array(v, from_pandas=True) for k, v in columns.items()}
        return described(pa.table({"datacenter": index, **arrays}), REPORTS)


def write(folder: Path, asked: ReportOrder) -> int:
    """Run the world and write the data set, whole or not at all; returns the number of rows.

    Raises:
        GreenSchedError: bad input, or a run that failed.
    """
    with datasheet.whole(folder) as temporary, tempfile.TemporaryDirectory(prefix="greensched-") as scratch:
        recorder, run = Recorder(), Path(scratch) / "run"
        result = _simulate(_file(asked, Path(scratch)), recorder, asked, run, folder)
        if result.summary["status"] != "completed":
            raise ConfigError(f"the run ended {result.summary['status']}: {result.summary['reason']}")
        config = json.loads((run / "input/run.json").read_text(encoding="utf-8"))
        names = [dc["name"] for dc in config["datacenters"]]
        reports = recorder.table(names)
        pq.write_table(reports, temporary / "reports.parquet", compression="zstd", compression_level=1)
        pq.write_table(_advisories(run / "input/advisories.gsf", names), temporary / "advisories.parquet")
        shutil.copyfile(run / "jobs.parquet", temporary / "jobs.parquet")
        shutil.copyfile(run / "input/scenario.yml", temporary / "scenario.yml")
        publish(run / LOG_FILE, temporary / LOG_FILE)
        world = {
            key: config[key] for key in ("start_utc", "work_classes", "gpu_types", "network", "origins", "datacenters")
        }
        (temporary / "world.json").write_text(json.dumps(world, indent=1) + "\n", encoding="utf-8")
        provenance = json.loads((run / "input/provenance.json").read_text(encoding="utf-8"))
        split_log.tell(provenance["scenario"]["workload"].get("text"))  # prepare has logged it, without a word
        sheet = report_sheet.sheet(asked, reports.num_rows, len(result.jobs), provenance)
        text = sheet.text(datasheet.checksums(temporary))
        (temporary / datasheet.FILE).write_text(text, encoding="utf-8")
    return int(reports.num_rows)


def _simulate(scenario: Path, recorder: Recorder, asked: ReportOrder, run: Path, target: Path) -> Result:
    overrides = {"seed": asked.seed, "privileged": True}
    try:
        return simulate(scenario, "random", predictor=recorder, overrides=overrides, data=asked.data, out=run)
    except (codes.Interrupted, KeyboardInterrupt):  # the run that it speaks of is temporary
        raise codes.Interrupted(f"interrupted; nothing was written to {target}") from None


def _advisories(file: Path, names: list[str]) -> pa.Table:
    """What operators announced, as the mind was told: instant, datacenter, text."""
    table = read_frame(file).tables["advisories"] if file.is_file() else {"issue_us": [], "dc": [], "text": []}
    told = {
        "issue_s": pa.array(np.asarray(table["issue_us"], np.float64) / 1e6),
        "datacenter": pa.array([names[d] for d in table["dc"]], pa.string()),
        "text": pa.array(list(table["text"]), pa.string()),
    }
    return described(pa.table(told), ADVISORIES)


def _file(asked: ReportOrder, scratch: Path) -> Path:
    if asked.scenario is not None:
        return asked.scenario
    path = scratch / "reports.yml"
    usual = report_world.scenario(asked.split, asked.days) | {"seed": asked.seed}
    usual["workload"]["jobs"] = asked.jobs
    path.write_text(yaml.safe_dump(usual, sort_keys=False), encoding="utf-8")
    return path
