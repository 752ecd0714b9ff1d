"""Write report.html: gather the data, fill the template, allow exactly the script and style that are on the page."""

from __future__ import annotations

import base64
import hashlib
import json
import shlex
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from markupsafe import Markup

from greensched.core.units import clock
from greensched.report import counts, geo
from greensched.report.faults import announced, broken, planned
from greensched.report.learning import errors_over_time, updates
from greensched.report.provenance import drawn_hardware, renewables, signal_sources
from greensched.report.series import thin, time_series
from greensched.results import metadata
from greensched.results.compare import SAVED
from greensched.results.finish import BASELINE, read_summary
from greensched.results.folder import RunFolder

NAME = "report.html"
_SHOWN_ADVISORIES = 100
_SHOWN_UPDATES = 60
_SHOWN_REASONS = 20  # why cloudlets did not finish
_SCRIPTS = ("core.js", "charts.js", "map.js")
_MIN_FLOW_SHARE = 0.002  # thinner arcs than this share of all core-hours would only be noise on the map


def write_report(folder: Path) -> Path:
    """Write report.html of a finished run folder and return its path.

    Raises:
        DataError: the folder has no results yet.
    """
    summary = read_summary(folder)
    run = RunFolder(folder)
    other = RunFolder(folder / BASELINE) if summary["baseline"] else None
    path = folder / NAME
    temporary = folder / f".{NAME}.part"
    temporary.write_text(render(run, other, summary), encoding="utf-8")
    temporary.replace(path)
    return path


def render(run: RunFolder, other: RunFolder | None, summary: dict[str, Any]) -> str:
    """The page as text."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(number=_number, percent=_percent, saved=_saved, hours=_hours, clock=clock)
    style, script = _asset("style.css"), "\n".join(_asset(name) for name in _SCRIPTS)
    meta = metadata.read(run.path)
    return environment.from_string(_asset("page.html.j2")).render(
        # Markup: the page's own files and escaped JSON; everything else is escaped by jinja
        style=Markup(style),
        script=Markup(script),
        csp=_content_security_policy(style, script),
        data=Markup(_json(page_data(run, other, summary))),
        s=summary,
        cloudlets=summary.get("cloudlets"),
        shown_reasons=_SHOWN_REASONS,
        weightiest=counts.weightiest(run.path),
        saved=summary["savings"] or dict.fromkeys((*SAVED, "not_comparable", "facilities_not_comparable")),
        meta=meta,
        run=run,
        sources=signal_sources(run),
        renewables=renewables(run),
        hardware=drawn_hardware(run),
        broken=broken(run),
        planned=planned(run),
        announced=announced(run),
        predicted=errors_over_time(run) is not None,
        updates=updates(run),
        shown_updates=_SHOWN_UPDATES,
        shown_advisories=_SHOWN_ADVISORIES,
        datacenters=_datacenter_rows(run, summary),
        commands=_commands(run, meta),
        config_text=json.dumps(run.config, indent=1, ensure_ascii=False),
    )


def page_data(run: RunFolder, other: RunFolder | None, summary: dict[str, Any]) -> dict[str, Any]:
    """What the scripts draw."""
    used = counts.core_hours(run)
    used_other = counts.core_hours(other).sum(axis=0) if other else None
    return {
        "policy": summary["policy"],
        "baseline": summary["baseline"]["policy"] if summary["baseline"] else None,
        "start_utc": summary["start_utc"],
        "datacenters": [
            {"name": d["name"], "zone": d["zone"], "xy": geo.project(d["lon"], d["lat"])}
            for d in run.config["datacenters"]
        ],
        "series": time_series(run),
        "series_base": _carbon_only(time_series(other)) if other else None,
        "core_h": thin(used.sum(axis=0)),
        "core_h_base": None if used_other is None else thin(used_other),
        "flows": _flows(run, used),
        "map": {"width": geo.WIDTH, "height": geo.HEIGHT, "land": geo.land_path()},
        "wait": _bars(counts.WAIT_BINS, counts.waits(run), counts.waits(other) if other else None),
        "late": _bars(counts.LATE_BINS, counts.lateness(run), counts.lateness(other) if other else None)
        | {"first_bad": counts.FIRST_LATE_BIN},
        "decisions": counts.decision_counts(run.path),
        "errors": errors_over_time(run),
    }


def _carbon_only(series: dict[str, Any]) -> dict[str, Any]:
    return {key: series[key] for key in ("edges_h", "carbon_kgph")}


def _bars(bins: tuple[tuple[str, float], ...], own: list[float], other: list[float] | None) -> dict[str, Any]:
    return {"labels": [label for label, _ in bins], "own": own, "base": other}


def _flows(run: RunFolder, used: np.ndarray[Any, np.dtype[np.float64]]) -> list[list[float]]:
    """Arcs of the map: [home datacenter, datacenter, core-hours], the widest first."""
    homes, total = run.homes, used.sum()
    flows: dict[tuple[int, int], float] = {}
    for origin, row in enumerate(used):
        for dc, hours in enumerate(row):
            home = int(homes[origin])
            if home != dc and hours > _MIN_FLOW_SHARE * total:
                flows[home, dc] = flows.get((home, dc), 0.0) + float(hours)
    return [[home, dc, thin(hours)] for (home, dc), hours in sorted(flows.items(), key=lambda item: -item[1])]


def _datacenter_rows(run: RunFolder, summary: dict[str, Any]) -> list[dict[str, Any]]:
    other = summary["baseline"]
    before = {row["name"]: row for row in other["per_datacenter"]} if other else {}
    used = counts.core_hours(run).sum(axis=0)
    rows = []
    for index, row in enumerate(summary["per_datacenter"]):
        cores = sum(h["count"] * h["cores"] for h in run.config["datacenters"][index]["hosts"])
        rows.append({**row, "cores": cores, "core_h": float(used[index]), "before": before.get(row["name"])})
    return rows


def _commands(run: RunFolder, meta: dict[str, Any]) -> list[str]:
    """Shell lines that make this result again."""
    lines = []
    if meta.get("predictor_object"):
        lines.append(
            f"# from Python, with a predictor object ({meta['predictor_object']}) that no command line can name"
        )
    if meta.get("scenario_file"):
        words = ["greensched", "run", str(meta["scenario_file"])]
        for override in meta.get("overrides", []):
            words += ["--set", override]
        for option in ("document", "with", "policy", "baseline", "data"):
            value = meta.get("second" if option == "with" else option)
            words += [] if value is None else [f"--{option}", str(value)]
        lines.append(shlex.join(words))
    return [*lines, f"greensched report {shlex.quote(str(run.path))}"]


def _asset(name: str) -> str:
    return resources.files("greensched.report").joinpath("assets", name).read_text(encoding="utf-8")


def _content_security_policy(style: str, script: str) -> str:
    """Nothing may be fetched, and only this very style and script may run."""
    allowed = f"style-src '{_hash(style)}'; script-src '{_hash(script)}'"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _json(content: dict[str, Any]) -> str:
    """JSON that cannot end its script element, whatever a task or a datacenter is called."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _number(value: float | None, digits: int = 1) -> str:
    return "n/a" if value is None else f"{value:,.{digits}f}"


def _percent(value: float | None, digits: int = 1) -> str:
    return "n/a" if value is None else f"{100 * value:.{digits}f} %"


def _saved(percent: float | None) -> str:
    """A saving as a change: saving 12 % reads as −12.0 %."""
    if percent is None:
        return "n/a"
    return f"{'−' if percent >= 0 else '+'}{abs(percent):.1f} %"


def _hours(value_s: float | None) -> str:
    if value_s is None:
        return "n/a"
    if value_s < 60:
        return f"{value_s:.1f} s"
    if value_s < 3600:
        return f"{value_s / 60:.1f} min"
    return f"{value_s / 3600:.3g} h" if value_s < 172_800 else f"{value_s / 86_400:.3g} days"
