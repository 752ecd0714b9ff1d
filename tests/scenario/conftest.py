"""Where the real data lies, for the tests that read it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The data pack; the test is skipped, with the reason, where it is absent."""
    root = Path(__file__).resolve().parents[2]
    folder = Path(os.environ.get("GREENSCHED_DATA", root.parent / "shared" / "data"))
    if not (folder / "grid").is_dir():
        pytest.skip(f"no data pack at {folder}; set GREENSCHED_DATA")
    return folder
