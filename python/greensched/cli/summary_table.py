"""The summary of a run on the terminal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

_ROWS = (
    ("carbon", "carbon_kg", "{:,.2f} kg CO2eq"),
    ("  charged to jobs", "tasks_carbon_kg", "{:,.2f} kg CO2eq"),
    ("energy", "energy_kwh", "{:,.1f} kWh"),
    ("cost of electricity", "cost", "{:,.2f} {currency}"),
    ("SLA violations", "sla_violation_rate", "{:.2%} of jobs"),
    ("jobs finished", "jobs_finished", "{:,}"),
    ("jobs failed", "jobs_failed", "{:,}"),
    ("interruptions", "interruptions", "{:,}"),
    ("mean wait", "mean_wait_s", "{:,.1f} s"),
)
_ONLY_WITH_FAULTS = ("jobs_failed", "interruptions")
_SAVED = {
    "carbon_kg": "carbon_pct",
    "tasks_carbon_kg": "tasks_carbon_pct",
    "energy_kwh": "energy_pct",
    "cost": "cost_pct",
}
_SHOWN = 5  # reasons of unfinished cloudlets
_STATUS_STYLE = {"completed": "green", "degraded": "yellow"}


def print_summary(folder: Path, summary: dict[str, Any], page: Path | None) -> None:
    """Print what a person wants to know first: figures, the comparison, decision latency, where the files are."""
    console = Console(highlight=False, soft_wrap=True)
    style = _STATUS_STYLE.get(summary["status"], "red")
    console.print(f"[bold]{summary['scenario']}[/], seed {summary['seed']}: [{style}]{summary['status']}[/]", end="")
    reason = "" if summary["fallbacks"] else summary["reason"]  # how a mind failed is said at the end (failures.py)
    console.print(f" ({reason})" if reason else "", markup=False)
    if options := summary.get("policy_options"):
        told = ", ".join(f"{name} {value}" for name, value in options.items())
        console.print(f"{summary['policy']} with {told}", markup=False)
    console.print(_figures(summary))
    _print_notes(console, summary)
    console.print(f"results  {folder}", markup=False)
    if page is not None:
        console.print(f"report   {page}", markup=False)


def warn(summary: dict[str, Any]) -> None:
    """Say on stderr what the results lack, a line each."""
    for table, why in summary["damaged"].items():
        print(f"greensched: no {table}.parquet: {why}", file=sys.stderr)


def _figures(summary: dict[str, Any]) -> Table:
    other, savings = summary["baseline"], summary["savings"] or {}
    table = Table(show_edge=False, pad_edge=False, box=None, header_style="bold")
    table.add_column("")
    table.add_column(str(summary["policy"]), justify="right")
    if other:
        table.add_column(str(other["policy"]), justify="right")
        table.add_column("saved", justify="right")
    for label, key, form in _ROWS:
        if key in _ONLY_WITH_FAULTS and not summary[key] and not (other and other[key]):
            continue
        form = form.replace("{currency}", summary["currency"] or "")
        cells = [label, _cell(summary[key], form)]
        if other:
            cells += [_cell(other[key], form), _saved(savings, key)]
        table.add_row(*cells)
    return table


def _print_cloudlets(console: Console, cloudlets: dict[str, Any]) -> None:
    console.print(f"cloudlets finished: {cloudlets['finished']:,} of {cloudlets['submitted']:,}")
    reasons = list(cloudlets["unfinished"].items())
    for reason, count in reasons[:_SHOWN]:
        console.print(f"  {count:,} not: {reason}", markup=False)
    if len(reasons) > _SHOWN:
        console.print(f"  and {len(reasons) - _SHOWN} other reasons, see cloudlets.parquet")


def _print_notes(console: Console, summary: dict[str, Any]) -> None:
    if summary["cloudlets"]:
        _print_cloudlets(console, summary["cloudlets"])
    p50, p99 = summary["decision_latency_p50_ms"], summary["decision_latency_p99_ms"]
    decisions = _cell(summary["decisions"], "{:,}")
    if p50 is not None and p99 is not None:
        console.print(f"decision round trip: p50 {p50:.2f} ms, p99 {p99:.2f} ms; {decisions} decisions")
    savings = summary["savings"]
    if savings and savings["not_comparable"]:
        console.print(f"[yellow]savings n/a:[/] {savings['not_comparable']}")
    elif savings and savings["facilities_not_comparable"]:
        console.print(f"[yellow]savings only of what jobs are charged:[/] {savings['facilities_not_comparable']}")
    if summary["cost"] is None:
        console.print("cost n/a: a zone has no price in the data; give its datacenters price_per_kwh")


def _cell(value: Any, form: str) -> str:
    return "n/a" if value is None else form.format(value)


def _saved(savings: dict[str, Any], key: str) -> str:
    if key not in _SAVED:
        return ""
    percent = savings.get(_SAVED[key])
    return "n/a" if percent is None else f"{percent:+.1f} %"
