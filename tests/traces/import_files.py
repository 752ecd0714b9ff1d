"""What the tests of trace import share: an import into a folder, and the rows of its output."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from greensched.traces import jobtable
from greensched.traces.importing import engine, registry
from greensched.traces.importing.contract import Options, TraceFormat


def import_files(
    format_: str | TraceFormat, files: list[Path | str], folder: Path, **options: Any
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Rows and metadata of an import."""
    form = registry.load(format_) if isinstance(format_, str) else format_
    out = folder / "out" / "jobs.parquet"
    about = engine.import_trace(form, [str(f) for f in files], out, Options(**options))
    assert sorted(p.name for p in out.parent.iterdir()) == ["jobs.parquet"]  # nothing temporary stays
    return jobtable.read(out).to_pandas(), about


def example(form: TraceFormat, folder: Path) -> list[Path]:
    """The example files of a format, written to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, content in form.example().items():
        (folder / name).write_bytes(content)
        paths.append(folder / name)
    return paths
