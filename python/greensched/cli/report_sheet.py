"""The datasheet of ``greensched generate reports``: true of the usual world, and of a scenario of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from greensched.cli.report_columns import ADVISORIES, REPORTS, markdown
from greensched.core.datasheet import LICENCE, Datasheet
from greensched.truths.splits import SPLITS


@dataclass(frozen=True)
class ReportOrder:
    """What to generate; ``scenario``: one's own file, or None for ten datacenters with hardware that the seed draws."""

    seed: int
    split: str
    jobs: int
    days: int
    scenario: Path | None = None
    data: Path | None = None


def sheet(asked: ReportOrder, rows: int, jobs: int, provenance: Mapping[str, Any]) -> Datasheet:
    """The datasheet of an order.

    Args:
        asked: the order.
        rows: of reports.parquet.
        jobs: of jobs.parquet.
        provenance: of the run that made it: its scenario, and where its jobs and signals come from.
    """
    split = provenance["scenario"]["workload"].get("text")
    measured = sorted({label["source"] for label in provenance["signals"].values() if not label["synthetic"]})
    drawn = provenance["scenario"]["workload"]["source"] == "synthetic" and not measured
    return Datasheet(
        title="Execution reports of GreenSched",
        command=f"greensched generate reports -o DIR --seed {asked.seed} {_options(asked)}",
        motivation="Outcomes of jobs in every datacenter that could have run them, to train and to compare predictors "
        "of energy and service time; production logs have those of the chosen datacenter only.",
        composition=f"`reports.parquet`: {rows} rows, one per job and datacenter at the time when the job was placed. "
        "`energy_kwh`, `service_time_s` and `wait_s` are what would have happened had that option alone been executed "
        "from then on, luck included; null where no host could ever hold the job. From `utilisation_frac` on: the "
        f"datacenter then, as the scheduler sees it.\n\n{markdown(REPORTS)}\n\n"
        f"`jobs.parquet`: {jobs} rows, what owners declared and what really happened where the job ran; every column "
        "has its unit and meaning in the file (and in docs/output-columns.md). `advisories.parquet`: what operators "
        f"announced.\n\n{markdown(ADVISORIES)}\n\n"
        "`world.json`: hardware, PUE models and network as declared. `scenario.yml`: the scenario. `feedback.sqlite`: "
        "all that the scheduler was told, question by question, what it decided and what it was reported; "
        "`greensched.feedback.outcomes` reads it together with `reports.parquet`.",
        process="One run of the co-simulation in privileged mode with the policy `random`, which prefers nothing.",
        parameters=_parameters(asked, provenance, split, measured),
        randomness=f"Seed {asked.seed} draws what the scenario leaves open, and luck and placement, each from streams "
        "of its own.",
        uses=_uses(split),
        limits="One world per seed. The truth of an option supposes that nothing arrives after the job; the outcome in "
        "`jobs.parquet` supposes nothing.",
        licence=LICENCE if drawn else _LICENCE_OF_OTHERS,
        opening=Datasheet.opening if drawn else _NOT_ALL_DRAWN,
    )


_LICENCE_OF_OTHERS = (
    "What was drawn is CC BY 4.0 (The GreenSched authors). Jobs or signals are those of the sources named above, under "
    "their licences: see that they allow what you do with a copy."
)
_NOT_ALL_DRAWN = (
    "Jobs or signals come from the sources named below. What happens to the jobs is simulated, not measured."
)


def _options(asked: ReportOrder) -> str:
    if asked.scenario is None:
        return f"--split {asked.split} --jobs {asked.jobs} --days {asked.days}"
    return "--scenario scenario.yml" + ("" if asked.data is None else " --data DATA")


def _parameters(
    asked: ReportOrder, provenance: Mapping[str, Any], split: str | None, measured: list[str]
) -> tuple[tuple[str, str, str], ...]:
    scenario = provenance["scenario"]
    hardware = "drawn from the seed around published figures" if asked.scenario is None else "`scenario.yml`"
    return (
        ("jobs", "without text" if split is None else f"split `{split}`", provenance["workload"]["source"]),
        ("signals", "`scenario.yml`", "; ".join(measured) or "drawn, or given there"),
        ("hardware", "`world.json`", hardware),
        ("noise", "lognormal", ", ".join(f"{name} {value:g}" for name, value in scenario["noise"].items())),
    )


def _uses(split: str | None) -> str:
    general = "Not for statements about real clusters or products."
    if split is None:
        return f"To train and to compare predictors that do not read; the jobs have no text of a named split. {general}"
    told = f"Split `{split}`: {SPLITS[split].about}. "
    if SPLITS[split].combinations == "train" and SPLITS[split].forms == "known" and not SPLITS[split].drifts:
        return told + f"Its truth may be trained on, and then has to be declared. {general}"
    return told + f"Its truth is for scoring, not for training. {general}"
