"""``greensched run`` and ``greensched demo``."""

from __future__ import annotations

import importlib.resources
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from greensched.cli.prepare import Document, With
from greensched.core.errors import ConfigError


class Transport(StrEnum):
    """Bridges by name."""

    PY4J = "py4j"
    JPYPE = "jpype"


Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override a value of the scenario, e.g. workload.jobs=1000."),
]
Data = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="Folder with real signals and traces (layout: docs).")
]
Out = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Run folder; default runs/<scenario>-<time>.")]
Baseline = Annotated[
    str | None,
    typer.Option("--baseline", metavar="NAME|none", help="Policy to compare with; default: the scenario's."),
]
PolicyName = Annotated[
    str | None, typer.Option("--policy", metavar="NAME", help="Run this policy, with its defaults, instead.")
]
Json = Annotated[
    bool,
    typer.Option(
        "--json", help="Print the summary as JSON on stdout, nothing else; of several documents a line for each."
    ),
]
Bridge = Annotated[
    Transport,
    typer.Option("--bridge", help="py4j: world and mind are two processes; jpype: the JVM runs inside this one."),
]
NoProgress = Annotated[bool, typer.Option("--no-progress", help="No progress bar.")]
NoReport = Annotated[bool, typer.Option("--no-report", help="Do not write report.html.")]


def run(
    scenario: Annotated[Path, typer.Argument(help="Scenario file (YAML), or a CloudSim file.")],
    overrides: Set = None,
    data: Data = None,
    out: Out = None,
    baseline: Baseline = None,
    policy: PolicyName = None,
    bridge: Bridge = Transport.PY4J,
    json_: Json = False,
    no_progress: NoProgress = False,
    no_report: NoReport = False,
    document: Document = None,
    second: With = None,
) -> None:
    """Simulate a scenario: prepare, world and mind, baseline on the same input, results, report.

    Of a CloudSim file every document is run, in order, each into a folder of its own.
    """
    from greensched.cli.order import Order
    from greensched.cli.runner import carry_out

    order = Order(
        scenario=scenario,
        overrides=tuple(overrides or ()),
        data=data,
        out=out,
        baseline=baseline,
        policy=policy,
        bridge=bridge.value,
        progress=not no_progress and not json_ and sys.stderr.isatty(),
        report=not no_report,
        document=document,
        second=second,
    )
    raise typer.Exit(carry_out(order, as_json=json_))


def demo(
    overrides: Set = None,
    out: Out = None,
    json_: Json = False,
    no_progress: NoProgress = False,
) -> None:
    """Run the demonstration: six regions, synthetic signals, the greensched policy against local-only."""
    run(demo_scenario(), overrides, out=out, json_=json_, no_progress=no_progress)


def demo_scenario() -> Path:
    """The shipped scenarios/demo.yml: in the checkout, else in the installed package."""
    checkout = Path(__file__).resolve().parents[3] / "scenarios" / "demo.yml"
    packaged = Path(str(importlib.resources.files("greensched"))) / "_scenarios" / "demo.yml"
    for candidate in (checkout, packaged):
        if candidate.is_file():
            return candidate
    raise ConfigError(f"the demonstration's scenario is in neither place: {checkout}, {packaged}")
