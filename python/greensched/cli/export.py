"""``greensched export``: the feedback log of a run as Parquet tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def export(
    run: Annotated[Path, typer.Argument(help="A run folder, or the feedback log itself.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the Parquet files.")],
) -> None:
    """Write the feedback log of a run as Parquet: what was known, decided and reported, and all of it joined."""
    from greensched.feedback.export import export_parquet

    for path in export_parquet(run / "feedback.sqlite" if run.is_dir() else run, out):
        print(path)
