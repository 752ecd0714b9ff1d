"""``greensched model``: versions of a predictor, who serves, and which is better."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from greensched.core.errors import ConfigError

if TYPE_CHECKING:
    from greensched.learning.versions import ModelStore, Version

app = typer.Typer(help="Versions of a predictor: list, compare, promote, roll back.", no_args_is_help=True)
Store = Annotated[
    Path, typer.Option("--store", metavar="DIR", help="Folder of versions, or a run folder that has one.")
]
Reason = Annotated[str, typer.Option("--reason", help="Why, for the history.")]
_FIGURES = (
    ("loss", "{:.4f}"), ("energy_rmspe_frac", "{:.2%}"), ("service_rmspe_frac", "{:.2%}"),
    ("energy_median_error_frac", "{:.2%}"), ("service_median_error_frac", "{:.2%}"), ("reports", "{:,}"),
)  # fmt: skip


@app.command("list")
def list_versions(
    store: Store, history: Annotated[bool, typer.Option("--history", help="Also what happened when.")] = False
) -> None:
    """List versions; the one that serves has a star."""
    opened = _open(store)
    serving = opened.serving()
    rows: list[tuple[str, ...]] = [
        ("", "version", "parent", "predictor", "reports", "until s", "newest loss", "champion", "judged")
    ]
    for version in opened.versions():
        star = "*" if serving is not None and version.name == serving.name else ""
        rows.append((star, version.name, *_row(version.about)))
    if len(rows) == 1:
        print(f"{opened.folder}: no version yet")
    else:
        _table(rows)
    if history:
        for line in opened.history():
            who = line.get("version") or "no version"
            print(f"{line.get('at', '')[:19]}  {line.get('event')}  {who}  {line.get('reason')}")


def _row(about: Mapping[str, Any]) -> tuple[str, ...]:
    data, judged = about.get("data") or {}, (about.get("metrics") or {}).get("judged") or {}
    newest = judged.get("newest") or {}
    return (
        about.get("parent") or "-",
        str((about.get("predictor") or {}).get("name", "?")),
        _cell(data.get("reports"), "{:,}"),
        _cell(data.get("to_s"), "{:,.0f}"),
        _cell((newest.get("challenger") or {}).get("loss"), "{:.4f}"),
        _cell((newest.get("champion") or {}).get("loss"), "{:.4f}"),
        "-" if not judged else "better" if judged.get("promoted") else "refused",
    )


@app.command("compare")
def compare(
    first: Annotated[str, typer.Argument(help="Version: name, number or beginning of the hash.")],
    second: Annotated[str, typer.Argument(help="Another.")],
    store: Store,
    log: Annotated[
        Path | None,
        typer.Option("--log", help="Feedback log or run folder to score both on; default: what is on record."),
    ] = None,
) -> None:
    """Compare two versions: by what is on record, or, with --log, by what both say about the same reports."""
    opened = _open(store)
    versions = [opened.find(first), opened.find(second)]
    if log is None:
        figures = [_on_record(v) for v in versions]
        print("each on the reports that were newest when it was judged; --log scores both on the same")
    else:
        figures = _scored(versions, log)
    _table([("", *(v.name for v in versions)), *_lines(figures)])


def _on_record(version: Version) -> dict[str, Any]:
    judged = (version.about.get("metrics") or {}).get("judged") or {}
    return dict((judged.get("newest") or {}).get("challenger") or {})


def _scored(versions: list[Version], log: Path) -> list[dict[str, Any]]:
    import tempfile
    from dataclasses import asdict

    from greensched.feedback.log import FeedbackLog
    from greensched.feedback.replay import read_world
    from greensched.learning.champion import score
    from greensched.learning.evidence import copy_log, predict_again, read_evidence
    from greensched.learning.poison import sift
    from greensched.learning.trainers import open_version

    path = log / "feedback.sqlite" if log.is_dir() else log
    if not path.is_file():
        raise ConfigError(f"--log {log}: no feedback log there")
    with tempfile.TemporaryDirectory(prefix="greensched-compare-") as folder:
        work = Path(folder) / "log.sqlite"
        copy_log(path, work)
        evidence = sift(read_evidence(work), 1.0, 0).kept
        opened = FeedbackLog.open(work)
        world = read_world(opened)
        opened.close()
        predictors = [open_version(v) for v in versions]
        for predictor in predictors:
            predictor.start(world)
        return [asdict(score(said, evidence)) for said in predict_again(work, evidence, predictors)]


def _lines(figures: list[dict[str, Any]]) -> Iterator[tuple[str, ...]]:
    for name, form in _FIGURES:
        yield (name, *(_cell(f.get(name), form) for f in figures))


@app.command("promote")
def promote(
    version: Annotated[str, typer.Argument(help="Version: name, number or beginning of the hash.")],
    store: Store,
    reason: Reason = "by hand",
) -> None:
    """Let a version serve; a mind that starts with this store begins with it."""
    print(f"{_open(store).promote(version, reason).name} serves")


@app.command("rollback")
def rollback(
    store: Store,
    to: Annotated[str | None, typer.Option("--to", help="Version; default: the one that served before.")] = None,
    reason: Reason = "by hand",
) -> None:
    """Let an earlier version serve again."""
    print(f"{_open(store).rollback(reason, to).name} serves")


def _open(folder: Path) -> ModelStore:
    from greensched.learning.versions import ModelStore

    for candidate in (folder, folder / "models"):
        if (candidate / "versions").is_dir():
            return ModelStore(candidate)
    raise ConfigError(
        f"--store {folder}: no versions there; expected a folder that a run with policy.learning has written"
    )


def _table(rows: list[tuple[str, ...]]) -> None:
    widths = [max(len(row[c]) for row in rows) for c in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _cell(value: Any, form: str) -> str:
    return "-" if value is None else form.format(value)
