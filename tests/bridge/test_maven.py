"""Java first, as the README says it: Maven from the root, one scenario, everything else by itself."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.java, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]


def maven(*arguments: str) -> subprocess.CompletedProcess[str]:
    if shutil.which("mvn") is None:
        pytest.skip("no mvn on PATH")
    environment = os.environ | {"GREENSCHED_PYTHON": sys.executable, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        ["mvn", "-q", "-B", "compile", "exec:java", f"-Dexec.args={' '.join(arguments)}"],
        cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, text=True, capture_output=True, timeout=280, check=False,
    )  # fmt: skip


def test_one_command_prepares_runs_and_finishes(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    done = maven("scenarios/minimal.yml", "--out", str(folder), "--set", "workload.jobs=50")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((folder / "summary.json").read_text())["status"] == "completed"
    assert (folder / "jobs.parquet").is_file()


def test_a_missing_scenario_is_bad_input(tmp_path: Path) -> None:
    done = maven("no-such-scenario.yml", "--out", str(tmp_path / "run"))
    assert done.returncode == 2, done.stdout + done.stderr
    assert "no-such-scenario.yml" in done.stdout + done.stderr
