"""Writing the run folder's input (PROTOCOL.md §2): everything or nothing."""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from greensched.core.errors import ConfigError, DataError
from greensched.core.frames import write_frame
from greensched.core.paths import making
from greensched.scenario import advisory_effects, advisory_events, fault_schedule, heat, origins, slots, tasks
from greensched.scenario.cloudsim import workload as vms
from greensched.scenario.fault_schedule import FaultSchedule
from greensched.scenario.forecasts import forecast_tables
from greensched.scenario.hidden_tables import hidden_tables
from greensched.scenario.load import Loaded, load
from greensched.scenario.resolve import run_config
from greensched.scenario.schema import Scenario


@dataclass(frozen=True)
class Prepared:
    """What came out."""

    run_folder: str
    run_id: str
    tasks: int
    warnings: list[str]
    offered_load_frac: float  # offered core-seconds (at speed 1) over core-seconds of all datacenters in the horizon


@dataclass
class _Input:
    config: dict[str, Any]
    tasks: tasks.Tasks
    grid: slots.Grid
    hidden: dict[str, dict[str, Any]]
    forecasts: tuple[dict[str, Any], dict[str, Any]]
    faults: FaultSchedule
    waves: list[heat.Wave]
    advisories: dict[str, Any]


def prepare(
    scenario: Path,
    out: Path,
    overrides: list[str] | None = None,
    data: Path | None = None,
    document: int | None = None,
    second: Path | None = None,
    beside: Path | None = None,
    before: Callable[[Scenario], None] | None = None,
) -> Prepared:
    """Validate a scenario against its data and write ``out/input``.

    Args:
        scenario: the YAML file.
        out: the run folder; made if absent, must not hold an ``input`` yet.
        overrides: ``path=value`` texts.
        data: data folder, or None.
        document: of a CloudSim file, see :func:`greensched.scenario.load.load`.
        second: likewise.
        beside: likewise.
        before: called with a scenario that is right, before anything is written; what it raises stops that.

    Raises:
        ScenarioError: every problem found.
        ConfigError: the folder cannot be used.
    """
    loaded = load(scenario, overrides, data, document, second, beside)
    if (out / "input").exists():
        raise ConfigError(f"{out / 'input'} exists already; give another --out, or remove it")
    ready = _check(loaded)
    if before is not None:
        before(loaded.scenario)
    with making(out):
        out.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=out, prefix=".input."))
    try:
        _write(temporary, loaded, ready)
        os.chmod(temporary, 0o755)  # the folder is readable; hidden.gsf inside is 0600
        _claim(temporary, out / "input")
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    jobs = ready.tasks.jobs
    capacity = sum(loaded.cores(dc) * dc.utilisation_cap for dc in loaded.scenario.datacenters)
    offered = float(jobs.cores @ jobs.duration_s) / (capacity * loaded.scenario.horizon / 1e6)
    return Prepared(str(out.resolve()), ready.config["run_id"], len(jobs), loaded.problems.warnings, round(offered, 4))


def _claim(temporary: Path, target: Path) -> None:
    try:
        os.rename(temporary, target)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
            raise
        raise ConfigError(f"{target}: another prepare was faster; give another --out") from None


def validate(
    scenario: Path,
    overrides: list[str] | None = None,
    data: Path | None = None,
    document: int | None = None,
    second: Path | None = None,
) -> Loaded:
    """Everything that :func:`prepare` checks, without writing anything."""
    loaded = load(scenario, overrides, data, document, second)
    _check(loaded)
    return loaded


def _check(loaded: Loaded) -> _Input:
    """Build all content in memory; raises every problem at once."""
    events = advisory_events.events(loaded)
    loaded.to_come = advisory_effects.hosts_to_come(events)
    grid = slots.load_grid(loaded)
    waves = advisory_effects.heat_waves(events)
    heat.check(loaded, grid, waves)
    if loaded.scenario.signals.interpolation == "linear":
        loaded.problems.warnings.append(
            "signals.interpolation is linear: the value of now leans towards that of the next hour, which no operator "
            "knows; judge policies with hold"
        )
    where = origins.origins(loaded)
    warm = slots.with_temperature(grid)
    built = tasks.build(loaded, where, warm) if loaded.cloud is None else vms.build(loaded, where)
    hidden = {} if built is None else _hidden(loaded, built, grid)
    config = run_config(loaded, where)
    faults = fault_schedule.schedule(loaded).with_planned(*advisory_effects.withdrawals_and_caps(loaded, events))
    loaded.problems.raise_if_any()
    forecasts = forecast_tables(loaded, grid, faults.is_blind)
    loaded.problems.raise_if_any()
    assert built is not None
    return _Input(config, built, grid, hidden, forecasts, faults, waves, advisory_effects.texts(loaded, events))


def _hidden(loaded: Loaded, built: tasks.Tasks, grid: slots.Grid) -> dict[str, dict[str, Any]]:
    try:
        slots.check_throttled(loaded, grid, built.truth.throttle_c)
        return hidden_tables(loaded, built.truth) | built.hidden
    except DataError as error:
        loaded.problems.add(("workload",), str(error))
        return {}


def _write(folder: Path, loaded: Loaded, ready: _Input) -> None:
    built = ready.tasks
    meta = {
        "labels_synthetic": built.synthetic_text,
        "deadline_rule": built.deadline_rule,
        "source": built.jobs.source,
        "notes": built.jobs.notes,
        "never_fit": built.never_fit,
    }
    write_frame(folder / "tasks.gsf", "tasks", meta, {"tasks": tasks.declared(built.jobs)})
    write_frame(folder / "hidden.gsf", "hidden", {}, ready.hidden, mode=0o600)
    columns, labels = slots.slot_columns(ready.grid, loaded.scenario.signals.interpolation)
    heat.warm(columns, labels, ready.waves, ready.grid.slot_us)
    write_frame(
        folder / "signals.gsf", "signals", {"step_us": ready.grid.slot_us, "labels": labels}, {"signals": columns}
    )
    forecast_meta, tables = ready.forecasts
    write_frame(folder / "forecasts.gsf", "forecasts", forecast_meta, tables)
    if len(ready.faults):
        write_frame(folder / "faults.gsf", "faults", {}, {"faults": ready.faults.table()}, mode=0o600)
    if len(ready.advisories["text"]):
        write_frame(folder / "advisories.gsf", "advisories", {}, {"advisories": ready.advisories}, mode=0o600)
    _write_json(folder / "run.json", ready.config)
    _write_json(folder / "provenance.json", provenance(loaded, labels, meta))
    shutil.copyfile(loaded.path, folder / "scenario.yml")
    if loaded.cloud is not None and loaded.cloud.sidecar is not None:
        shutil.copyfile(loaded.cloud.sidecar, folder / "scenario.greensched.yml")


def provenance(loaded: Loaded, labels: dict[str, Any], workload: dict[str, Any]) -> dict[str, Any]:
    """Where everything came from, for metadata and reports: resolved scenario, overrides, sources, warnings."""
    return {
        "scenario_file": str(loaded.path.resolve()) if loaded.beside is None else None,  # Python's file is gone soon
        "data_folder": None if loaded.data is None else str(loaded.data.resolve()),
        "overrides": loaded.overrides,
        "document": loaded.document,
        "second": None if loaded.second is None else str(loaded.second.resolve()),
        "scenario": loaded.scenario.model_dump(mode="json", by_alias=True),
        "hardware": None if loaded.hardware is None else loaded.hardware.model_dump(mode="json"),
        "signals": labels,
        "workload": workload,
        "warnings": loaded.problems.warnings,
    }


def _write_json(path: Path, content: dict[str, Any]) -> None:
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False, default=_plain)
    path.write_text(text + "\n", encoding="utf-8")


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} does not belong into JSON")


def as_json(prepared: Prepared) -> str:
    """The last line that ``greensched prepare`` prints."""
    return json.dumps(asdict(prepared))
