"""What a run is asked to do, and the steps of it that other processes of ``greensched`` take."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from greensched.cli import codes
from greensched.cli.interrupts import held_back
from greensched.cli.prepare import grouped, warn
from greensched.core.contracts import Predictor
from greensched.core.errors import GreenSchedError
from greensched.core.paths import require_unused
from greensched.scenario.cloudsim.nodes import several_possible


@dataclass(frozen=True)
class Order:
    """What the user asked for."""

    scenario: Path
    overrides: tuple[str, ...] = ()
    data: Path | None = None
    out: Path | None = None
    baseline: str | None = None
    policy: str | None = None
    progress: bool = True
    report: bool = True
    bridge: str = "py4j"
    predictor: Predictor | None = None  # an object, from Python only
    quiet: bool = False  # what prepare has to say goes into the error
    document: int | None = None  # of a CloudSim file; None: its only one
    second: Path | None = None  # our keys for a CloudSim file
    beside: Path | None = None  # where the files of a scenario lie that came from Python and has no file of its own
    warned: bool = False  # what there is to warn of has been said

    def asked(self, folder: Path) -> dict[str, Any]:
        """For metadata: everything that is needed to ask for the same again."""
        kept = folder / "input" / "scenario.yml"
        return {
            "command": ["greensched.simulate"] if self.quiet else ["greensched", *sys.argv[1:]],
            "scenario_file": str(self.scenario if self.beside is None else kept),
            "overrides": list(self.overrides),
            "data": _text(self.data),
            "policy": self.policy,
            "baseline": self.baseline,
            "document": self.document,
            "second": _text(self.second),
            "predictor_object": None if self.predictor is None else type(self.predictor).__name__,
        }


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


class PrepareError(GreenSchedError):
    """``prepare`` refused the scenario and has said why on stderr, or here."""

    def __init__(self, exit_code: int, said: str | None) -> None:
        super().__init__((said or "").strip().removeprefix("greensched: ") or "the scenario was not run (see above)")
        self.exit_code = exit_code


def split(order: Order) -> list[Order]:
    """An order for each document of a CloudSim file, with folders of their own; the order itself for any other file.

    All documents are validated first, so that none is run while another cannot be.

    Raises:
        GreenSchedError: a document cannot run.
    """
    if order.document is not None or not order.scenario.is_file() or not several_possible(order.scenario):
        return [order]
    answer = json.loads(run_greensched(order, ["validate", str(order.scenario), "--json"]))
    count = int(answer["documents"])
    if count == 1:
        return [order]
    base = new_folder(order)
    if not order.quiet:
        warn(answer["warnings"])
    return [replace(order, document=n, out=base / str(n), warned=True) for n in range(1, count + 1)]


def new_folder(order: Order) -> Path:
    """The folder to run in; not made yet.

    Raises:
        ConfigError: it holds something.
    """
    folder = order.out
    if folder is None:
        stem = re.sub(r"[^A-Za-z0-9._-]+", "-", order.scenario.stem)
        base = Path("runs") / f"{stem}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
        folder, n = base, 1
        while folder.exists():
            n += 1
            folder = base.with_name(f"{base.name}-{n}")
    else:
        require_unused(folder)
    return folder


def prepare(order: Order, folder: Path) -> None:
    """Write input/ in a process of its own, so that the hidden truth never enters the mind's.

    Raises:
        PrepareError: the scenario cannot run.
    """
    arguments = ["prepare", str(order.scenario), "--out", str(folder), "--claimed"]
    if order.beside is not None:
        arguments += ["--beside", str(order.beside)]
    done = run_greensched(order, arguments)
    if not (order.quiet or order.warned):
        warn(grouped([(order.document, json.loads(done.strip().splitlines()[-1])["warnings"])]))


def run_greensched(order: Order, arguments: list[str]) -> str:
    """A command on the order's scenario, in a process of its own; returns what it printed."""
    command = [sys.executable, "-m", "greensched", *arguments]
    if order.policy is not None:  # first: its own options may follow as --set policy.x=y
        command += ["--set", f"policy={json.dumps({'name': order.policy})}"]
    for override in order.overrides:
        command += ["--set", override]
    for option, value in (("--data", order.data), ("--document", order.document), ("--with", order.second)):
        if value is not None:
            command += [option, str(value)]
    # a session of its own: Ctrl-C in the terminal reaches this process only, which ends it and says so, once
    stderr = subprocess.PIPE if order.quiet else None
    process = None
    try:
        with held_back():
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=stderr, text=True, start_new_session=True
            )
        printed, errors = process.communicate()
    except BaseException:
        if process is not None:
            with process:  # closes its pipes, and waits for it
                process.kill()
        raise
    if process.returncode != 0:
        raise PrepareError(process.returncode if process.returncode > 0 else codes.FAILED, errors)
    return printed
