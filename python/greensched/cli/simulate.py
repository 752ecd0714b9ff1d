"""``greensched.simulate``: a run from Python, for notebooks and sweeps; results are data frames."""

from __future__ import annotations

import json
import re
import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from greensched.cli import arguments, failures
from greensched.cli.order import Order, split
from greensched.cli.runner import simulate as carry_out
from greensched.core.contracts import Predictor
from greensched.core.errors import ConfigError, GreenSchedError
from greensched.results.folder import RunFolder
from greensched.results.tables import build

if TYPE_CHECKING:
    import pandas as pd


_DICTIONARY = "scenario-from-python.yml"
_ARGUMENTS = {name: name for name in ("out", "data", "document", "baseline", "policy")} | {"with": "second"}
"""Of options of the command line."""


@dataclass(frozen=True)
class Result:
    """What a run left; units and meanings of all columns are in docs/output-columns.md.

    Attributes:
        summary: what ``summary.json`` holds: carbon, energy, cost, deadlines, and the comparison if there was one.
        jobs: a row per task.
        datacenters: a row per slot and datacenter.
        decisions: a row per decision.
        cloudlets: a row per cloudlet of a CloudSim file; empty for a run without any.
        folder: the run folder, if it was to be kept.
    """

    summary: dict[str, Any]
    jobs: pd.DataFrame
    datacenters: pd.DataFrame
    decisions: pd.DataFrame
    cloudlets: pd.DataFrame
    folder: Path | None


def simulate(
    scenario: str | Path | Mapping[str, Any],
    policy: str | Mapping[str, Any] | None = None,
    *,
    predictor: Predictor | None = None,
    overrides: Mapping[str, Any] | None = None,
    data: str | Path | None = None,
    baseline: str | None = None,
    out: str | Path | None = None,
    bridge: Literal["jpype", "py4j"] = "jpype",
    document: int | None = None,
    second: str | Path | None = None,
) -> Result:
    """Run a scenario and return its results as data frames.

    Args:
        scenario: a scenario file, or its content; what that names lies in the current folder. Numbers of numpy, times
            of pandas and of ``datetime`` (UTC where they name no zone) are taken for what a file would say.
        policy: a name, or a ``policy`` block with options; by default the scenario's.
        predictor: an object that predicts, for the policy to use instead of the one that the scenario names.
        overrides: values of the scenario by their path: ``{"workload.jobs": 1000}``.
        data: folder with real signals and traces.
        baseline: a policy to run on the same input for comparison; by default none.
        out: a new folder to keep; by default nothing is kept.
        bridge: ``jpype``: the JVM runs in this process, and stays for the next run; ``py4j``: in one of its own.
        document: which document of a CloudSim file, from 1; by default its only one.
        second: a second file with our keys for a CloudSim file; by default the one beside it, if there is one.

    Raises:
        GreenSchedError: bad input (the message names every problem with its place), or a run that failed.

    Warns:
        RuntimeWarning: the mind failed and the world's fallback decided for it (``summary["status"]``: degraded).
    """
    with tempfile.TemporaryDirectory(prefix="greensched-") as temporary:
        folder = Path(temporary)
        order = Order(
            scenario=_file(scenario, folder),
            overrides=arguments.overrides(policy, overrides),
            data=arguments.optional_path("data", data, what="a folder"),
            out=arguments.optional_path("out", out, what="a new folder") or folder / "run",
            baseline=arguments.name("baseline", baseline) or "none",
            progress=False,
            report=out is not None,
            bridge=arguments.bridge(bridge),
            predictor=arguments.predictor(predictor),
            quiet=True,
            document=arguments.document(document),
            second=arguments.optional_path("second", second, what="a file"),
            beside=Path.cwd() if isinstance(scenario, Mapping) else None,
        )
        try:
            folder, summary = _carry_out(order)
        except GreenSchedError as error:
            error.args = (_for_python(str(error), order.scenario),)
            raise
        if summary["status"] != "completed":  # a sweep must not take the world's fallback for the policy
            told = failures.line(folder) or summary["reason"]
            warnings.warn(f"the run ended {summary['status']}: {told}", RuntimeWarning, stacklevel=2)
        return _result(folder, summary, None if out is None else folder)


def _carry_out(order: Order) -> tuple[Path, dict[str, Any]]:
    if (count := len(split(order))) > 1:
        raise ConfigError(f"{order.scenario} holds {count} scenarios; name one of them: document=1 to {count}")
    folder, summary, _ = carry_out(order)
    return folder, summary


def _file(scenario: Any, folder: Path) -> Path:
    """The scenario as a file: JSON is YAML."""
    if not isinstance(scenario, Mapping):
        return arguments.path("scenario", scenario, what="a scenario file, or its content as a dictionary")
    path = folder / _DICTIONARY
    text = json.dumps(arguments.plain(scenario, "scenario"), indent=1, ensure_ascii=False)
    path.write_text(text, encoding="utf-8")
    return path


def _for_python(text: str, path: Path) -> str:
    """An error that names arguments instead of options, and no file, or lines in it, that nobody has written."""
    text = re.sub(r"--set policy\b(?=  )", "policy", text)
    text = re.sub(r"--set ([^\s:]+)", r"overrides['\1']", text)
    for option, argument in _ARGUMENTS.items():
        text = re.sub(rf"--{option} (?=[\w./~-])", f"{argument}=", text)
        text = re.sub(rf"--{option}\b", argument, text)
    if path.name != _DICTIONARY:
        return text
    return re.sub(rf"(?:{re.escape(str(path.parent))}/)?{re.escape(_DICTIONARY)}(?::\d+)?", "scenario", text)


def _result(folder: Path, summary: dict[str, Any], kept: Path | None) -> Result:
    import pandas as pd

    jobs, datacenters, decisions = (
        pd.read_parquet(folder / f"{name}.parquet") for name in ("jobs", "datacenters", "decisions")
    )
    return Result(summary, jobs, datacenters, decisions, _cloudlets(folder), kept)


def _cloudlets(folder: Path) -> pd.DataFrame:
    """The table of cloudlets; of a run without any an empty one."""
    import pandas as pd

    path = folder / "cloudlets.parquet"
    if path.is_file():
        return pd.read_parquet(path)
    empty: pd.DataFrame = build("cloudlets", {}, RunFolder(folder)).to_pandas()
    return empty
