"""What all tests share: the real jar, the real command line, and no configuration of the machine leaking in."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
Cli = Callable[..., "subprocess.CompletedProcess[str]"]

# Peak memory of a process in KB, as code for a child to run. Not ru_maxrss: a child inherits that from the process that
# forked it, and pytest has torch in it.
PEAK_KB = "int(__import__('re').search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1])"


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def world_jar() -> Path:
    """The built world. Missing is a failure, not a skip: a suite that skips its subject proves nothing."""
    from greensched_bridge.java import find_jar

    return find_jar()


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real data. Where it is absent the test is skipped, or fails if GREENSCHED_REQUIRE_DATA is 1."""
    folder = Path(os.environ.get("GREENSCHED_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "grid").is_dir():
        missing = pytest.fail if os.environ.get("GREENSCHED_REQUIRE_DATA") == "1" else pytest.skip
        missing(f"no real data at {folder}; set GREENSCHED_DATA")
    return folder


def cli_environment(**changes: str) -> dict[str, str]:
    """The environment of a `greensched` child: this checkout's code, nothing of the developer's settings."""
    path = [str(ROOT / "python"), str(ROOT / "bridge" / "python"), os.environ.get("PYTHONPATH", "")]
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GREENSCHED_") or k == "GREENSCHED_JAR"}
    return kept | {"PYTHONPATH": os.pathsep.join(filter(None, path)), "COLUMNS": "120"} | changes


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """Run ``greensched ARGS`` as a user would: in a process of its own, in an empty folder."""

    def run(*arguments: str | Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "greensched", *map(str, arguments)],
            cwd=tmp_path,
            env=cli_environment(**(env or {})),
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    return run
