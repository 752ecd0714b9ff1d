"""``greensched generate reports``: every outcome of every job, from the real world, as a data set to learn from.

The world runs once, in a mode in which it tells the truth; a policy that prefers nothing places the jobs. For each job
and each datacenter the data set has what would have happened, and the state of the datacenter when the job was placed.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from greensched.cli import codes, report_world, split_log
from greensched.cli.report_columns import ADVISORIES, REPORTS, STATE, described, markdown
from greensched.cli.simulate import Result, simulate
from greensched.core import datasheet
from greensched.core.datasheet import Datasheet
from greensched.core.errors import ConfigError
from greensched.core.frames import read_frame
from greensched.core.types import Observation, Options, Predictions, TaskTable
from greensched.predictors.oracle import OraclePredictor
from greensched.truths.splits import SPLITS


@dataclass(frozen=True)
class ReportOrder:
    """What to generate; ``scenario``: one's own file, or None for ten datacenters with hardware that the seed draws.

    ``split``: of the words; None if the jobs of the scenario have none. A scenario also says how many jobs and days.
    """

    seed: int
    split: str | None
    jobs: int
    days: int
    scenario: Path | None = None
    data: Path | None = None


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
        if asked.scenario is not None:
            asked = replace(asked, split=_split_of(run))
        split_log.tell(asked.split)  # prepare has logged it, without a word
        config = json.loads((run / "input/run.json").read_text(encoding="utf-8"))
        names = [dc["name"] for dc in config["datacenters"]]
        reports = recorder.table(names)
        pq.write_table(reports, temporary / "reports.parquet", compression="zstd", compression_level=1)
        pq.write_table(_advisories(run / "input/advisories.gsf", names), temporary / "advisories.parquet")
        shutil.copyfile(run / "jobs.parquet", temporary / "jobs.parquet")
        shutil.copyfile(run / "input/scenario.yml", temporary / "scenario.yml")
        world = {
            key: config[key] for key in ("start_utc", "work_classes", "gpu_types", "network", "origins", "datacenters")
        }
        (temporary / "world.json").write_text(json.dumps(world, indent=1) + "\n", encoding="utf-8")
        text = sheet(asked, reports.num_rows, len(result.jobs)).text(datasheet.checksums(temporary))
        (temporary / datasheet.FILE).write_text(text, encoding="utf-8")
    return int(reports.num_rows)


def _simulate(scenario: Path, recorder: Recorder, asked: ReportOrder, run: Path, target: Path) -> Result:
    overrides = {"seed": asked.seed, "privileged": True}
    try:
        return simulate(scenario, "random", predictor=recorder, overrides=overrides, data=asked.data, out=run)
    except (codes.Interrupted, KeyboardInterrupt):  # the run that it speaks of is temporary
        raise codes.Interrupted(f"interrupted; nothing was written to {target}") from None


def _split_of(run: Path) -> str | None:
    """From which split the words of a run's jobs are."""
    known = json.loads((run / "input/provenance.json").read_text(encoding="utf-8"))
    split: str | None = known["scenario"]["workload"].get("text")
    return split


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
    assert asked.split is not None
    usual = report_world.scenario(asked.split, asked.days) | {"seed": asked.seed}
    usual["workload"]["jobs"] = asked.jobs
    path.write_text(yaml.safe_dump(usual, sort_keys=False), encoding="utf-8")
    return path


def sheet(asked: ReportOrder, rows: int, jobs: int) -> Datasheet:
    """The datasheet of an order."""
    split = asked.split
    options = f"--split {asked.split} --jobs {asked.jobs} --days {asked.days}"
    if asked.scenario is not None:
        options = "--scenario scenario.yml"
    return Datasheet(
        title="Execution reports of GreenSched",
        command=f"greensched generate reports -o DIR --seed {asked.seed} {options}",
        motivation="Outcomes of jobs in every datacenter that could have run them, to train and to compare predictors "
        "of energy and service time; production logs have those of the chosen datacenter only.",
        composition=f"`reports.parquet`: {rows} rows, one per job and datacenter at the time when the job was placed. "
        "`energy_kwh`, `service_time_s` and `wait_s` are what would have happened had that option alone been executed "
        "from then on, luck included; null where no host could ever hold the job. From `utilisation_frac` on: the "
        f"datacenter then, as the scheduler sees it.\n\n{markdown(REPORTS)}\n\n"
        f"`jobs.parquet`: {jobs} rows, what owners declared and what really happened where the job ran; every column "
        "has its unit and meaning in the file (and in docs/output-columns.md). `advisories.parquet`: what operators "
        f"announced.\n\n{markdown(ADVISORIES)}\n\n"
        "`world.json`: hardware, PUE models and network as declared. `scenario.yml`: the scenario.",
        process="One run of the co-simulation in privileged mode with the policy `random`, which prefers nothing.",
        parameters=(
            ("jobs", f"split `{split}`" if asked.scenario is None else "`scenario.yml`", "docs/generator.md"),
            ("hardware", "`world.json`", "drawn from the seed around published figures"),
            ("noise", "lognormal, `noise` in `scenario.yml`", "2 % on energy and 1.5 % on time by default"),
        ),
        randomness=f"Seed {asked.seed} draws grids, hardware, jobs, texts, luck and placement, each from streams of "
        "its own.",
        uses=f"{'' if split is None else f'Split `{split}`: {SPLITS[split].about}. '}The truth of `train` may be "
        "trained on, and then has to be declared. Not for statements about real clusters or products.",
        limits="One world per seed. The truth of an option supposes that nothing arrives after the job; the outcome in "
        "`jobs.parquet` supposes nothing.",
    )
