"""``greensched.simulate``: a run from Python, for notebooks and sweeps; results are data frames."""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from greensched.cli import failures
from greensched.cli.runner import Order, split
from greensched.cli.runner import simulate as carry_out
from greensched.core.contracts import Predictor
from greensched.core.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Result:
    """What a run left; units and meanings of all columns are in docs/output-columns.md.

    Attributes:
        summary: what ``summary.json`` holds: carbon, energy, cost, deadlines, and the comparison if there was one.
        jobs: a row per task.
        datacenters: a row per slot and datacenter.
        decisions: a row per decision.
        folder: the run folder, if it was to be kept.
    """

    summary: dict[str, Any]
    jobs: pd.DataFrame
    datacenters: pd.DataFrame
    decisions: pd.DataFrame
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
        scenario: a scenario file, or its content.
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
        kept = None if out is None else Path(out)
        order = Order(
            scenario=_file(scenario, Path(temporary)),
            overrides=_overrides(policy, overrides),
            data=None if data is None else Path(data),
            out=kept or Path(temporary) / "run",
            baseline=baseline or "none",
            progress=False,
            report=kept is not None,
            bridge=bridge,
            predictor=predictor,
            quiet=True,
            document=document,
            second=None if second is None else Path(second),
        )
        if (count := len(split(order))) > 1:
            raise ConfigError(f"{order.scenario} holds {count} scenarios; name one of them: document=1 to {count}")
        folder, summary, _ = carry_out(order)
        if summary["status"] != "completed":  # a sweep must not take the world's fallback for the policy
            told = failures.line(folder) or summary["reason"]
            warnings.warn(f"the run ended {summary['status']}: {told}", RuntimeWarning, stacklevel=2)
        return _result(folder, summary, kept)


def _file(scenario: str | Path | Mapping[str, Any], folder: Path) -> Path:
    if not isinstance(scenario, Mapping):
        return Path(scenario)
    path = folder / "scenario.yml"
    try:
        path.write_text(json.dumps(dict(scenario), indent=1), encoding="utf-8")  # JSON is YAML
    except TypeError as error:
        raise ConfigError(f"scenario: holds something that is no plain value: {error}") from error
    return path


def _overrides(policy: str | Mapping[str, Any] | None, overrides: Mapping[str, Any] | None) -> tuple[str, ...]:
    values: dict[str, Any] = {}
    if policy is not None:
        values["policy"] = {"name": policy} if isinstance(policy, str) else dict(policy)
    return tuple(f"{key}={json.dumps(value)}" for key, value in {**values, **(overrides or {})}.items())


def _result(folder: Path, summary: dict[str, Any], kept: Path | None) -> Result:
    import pandas as pd

    jobs, datacenters, decisions = (
        pd.read_parquet(folder / f"{name}.parquet") for name in ("jobs", "datacenters", "decisions")
    )
    return Result(summary, jobs, datacenters, decisions, kept)
