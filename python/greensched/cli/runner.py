"""The steps of a run: prepare, world and mind, results, the baseline on the same input, report.

Whatever happens on the way, ``metadata.json`` says so and what has finished is turned into readable files.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console

from greensched.cli import codes, failures
from greensched.cli.baseline import make_baseline_folder
from greensched.cli.interrupts import signals_as_interrupt
from greensched.cli.order import Order, PrepareError, new_folder, prepare, split
from greensched.cli.progress import watch
from greensched.cli.salvage import salvage, what_is_left
from greensched.core import registry
from greensched.core.errors import ConfigError, GreenSchedError, RunError
from greensched.results import claims, metadata
from greensched.results.finish import SUMMARY, finish, world_status

_log = Console(stderr=True, highlight=False, soft_wrap=True)


def carry_out(order: Order, *, as_json: bool = False) -> int:
    """Run the scenario, or every document of a CloudSim file, and print the summaries; returns the worst exit code.

    Raises:
        GreenSchedError: bad input, or a run that could not even start.
    """
    with signals_as_interrupt():
        parts = split(order)
        if len(parts) == 1:
            return _carry_out(parts[0], as_json)
        worst = codes.OK
        for part in parts:
            try:
                code = _carry_out(part, as_json)
            except codes.Interrupted:
                raise
            except GreenSchedError as error:  # the others may do better
                _log.print(f"greensched: document {part.document}: {error}", markup=False)
                code = codes.of(error)
            worst = codes.worst(worst, code)
        return worst


def _carry_out(order: Order, as_json: bool) -> int:
    folder, summary, page = simulate(order)
    _show(folder, summary, page, as_json)
    return codes.of_summary(summary)


def simulate(order: Order) -> tuple[Path, dict[str, Any], Path | None]:
    """Run the scenario without a word; returns its folder, its summary and the page, if there is one.

    Raises:
        GreenSchedError: bad input, or a run that could not even start.
    """
    if not order.scenario.is_file():
        raise ConfigError(f"{order.scenario}: no such scenario file")
    _check_names(order)
    with claims.claimed(new_folder(order)) as folder, _failures_noted(folder):
        metadata.begin(folder, **order.asked(folder))
        config = _prepare(order, folder)
        status = _play(folder, config, "simulating", order)
        summary = finish(folder)
        # an interrupted or aborted run has no comparison to offer: stop where the user stopped it
        baseline = _baseline_name(order, config) if status in ("completed", "degraded") else None
        if baseline is not None:
            summary = _compare(folder, config, baseline, order)
        page = _report(folder) if order.report else None
    return folder, summary, page


def _check_names(order: Order) -> None:
    """A mistyped policy is said before anything runs, and blamed on the option that named it."""
    for option, name in (("--policy", order.policy), ("--baseline", order.baseline)):
        if name in (None, "none"):
            continue
        try:
            registry.load("policy", str(name), order.beside or order.scenario.resolve().parent)
        except ConfigError as error:
            raise ConfigError(f"{option}: {error}") from error


@contextlib.contextmanager
def _failures_noted(folder: Path) -> Iterator[None]:
    """Metadata never stays at ``running`` when this process can still say better."""
    try:
        yield
    except PrepareError:
        (folder / metadata.NAME).unlink(missing_ok=True)  # nothing but the note that it was asked for
        raise
    except KeyboardInterrupt:
        salvage(folder, "interrupted", "interrupted by the user")
        raise codes.Interrupted(what_is_left(folder)) from None
    except BaseException as error:
        salvage(folder, "failed", str(error))
        if (folder / SUMMARY).is_file():
            _log.print(f"greensched: what had finished is in {folder}", markup=False)
        raise


def _prepare(order: Order, folder: Path) -> dict[str, Any]:
    with _status(order.progress, "preparing the input"):
        prepare(order, folder)
    config = metadata.read_json(folder / "input" / "run.json")
    metadata.update(folder, config=config, seed=config["seed"])
    return config


def _play(folder: Path, config: dict[str, Any], what: str, order: Order) -> str:
    """World and mind on a prepared folder; returns the world's status."""
    from greensched_bridge.inside import run_world_inside
    from greensched_bridge.java import find_jar
    from greensched_bridge.launch import WorldError, run_world

    run = {"py4j": run_world, "jpype": run_world_inside}[order.bridge]
    # a baseline has no predictor of the user's
    predictor = order.predictor if what == "simulating" else None

    known = metadata.read_json(folder / metadata.NAME)["versions"]
    metadata.update(folder, versions=known | metadata.world_versions(find_jar()))
    with failures.kept(folder), watch(folder, config, f"{what}: {config['policy']['name']}", enabled=order.progress):
        try:
            run(folder, predictor=predictor)
        except WorldError as error:
            failed = failures.line(folder) if error.end.status.get("status") == "aborted" else None
            if failed is None:
                raise
            raise RunError(failed) from error
    return world_status(folder)


def _baseline_name(order: Order, config: dict[str, Any]) -> str | None:
    name = order.baseline if order.baseline is not None else config.get("baseline", "local-only")
    if name in (None, "none"):
        return None
    if name == config["policy"]["name"]:
        if order.baseline is not None:
            _log.print(
                f"greensched: no comparison: the policy is {name} itself; to compare its options see docs/optimizer.md",
                markup=False,
            )
        return None
    return str(name)


def _compare(folder: Path, config: dict[str, Any], baseline: str, order: Order) -> dict[str, Any]:
    """Run ``baseline`` on the same input and seed; a failing baseline costs the comparison, not the run."""
    try:
        other = make_baseline_folder(folder, baseline)
        _play(other, metadata.read_json(other / "input" / "run.json"), "baseline", order)
        finish(other)
    except RunError as error:
        _log.print(f"greensched: no comparison: the baseline {baseline} failed: {error}")
    return finish(folder)


def _report(folder: Path) -> Path:
    from greensched.report.page import write_report

    return write_report(folder)


def _show(folder: Path, summary: dict[str, Any], page: Path | None, as_json: bool) -> None:
    from greensched.cli.summary_table import print_summary, warn

    warn(summary)
    if as_json:
        print(json.dumps({"run_folder": str(folder), "report": str(page) if page else None, **summary}))
    else:
        print_summary(folder, summary, page)
    failures.say(folder)


def _status(enabled: bool, text: str) -> contextlib.AbstractContextManager[Any]:
    return _log.status(text) if enabled else contextlib.nullcontext()
