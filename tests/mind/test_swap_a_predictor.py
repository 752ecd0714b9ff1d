"""docs/swap-a-predictor.md is true: its files are written, its command is run, its code is executed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from greensched.feedback.log import FeedbackLog

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "swap-a-predictor.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)(?: ([^\n]*))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def write_files(folder: Path) -> None:
    for _, info, body in BLOCK.findall(PAGE):
        if info.startswith("file="):
            (folder / info.removeprefix("file=")).write_text(body, encoding="utf-8")


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(ROOT / "python"), str(ROOT / "bridge" / "python"), str(folder)])
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True, timeout=240
    )


def test_the_class_is_twenty_lines() -> None:
    (body,) = (body for language, info, body in BLOCK.findall(PAGE) if info == "file=my_predictor.py")
    lines = [line for line in body.splitlines() if line.strip()]
    assert len(lines) <= 20


@pytest.mark.java
def test_the_page_runs_end_to_end(tmp_path: Path) -> None:
    write_files(tmp_path)
    (command,) = re.findall(r"^greensched (run .*)$", PAGE, re.MULTILINE)
    done = run(tmp_path, "-m", "greensched", *command.split(), "--out", "result", "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads((tmp_path / "result" / "summary.json").read_text())
    assert summary["status"] == "completed"
    log = FeedbackLog.open(tmp_path / "result" / "feedback.sqlite")
    assert log.meta()["predictor"] == "flat-rate"
    predicted_kwh = dict(log.query("SELECT task, energy_kwh FROM decision WHERE action = 0"))
    # 3.5 W per core over what the owner says, times the PUE that is largest in the scenario or less
    rows = [
        predicted_kwh[task] / (cores * 3.5 * (3600 if np.isnan(expected_s) else expected_s) / 3.6e6)
        for new in (delta.new_tasks for delta in log.deltas())
        for task, cores, expected_s in zip(new.task, new.cores, new.expected_s, strict=True)
        if task in predicted_kwh
    ]
    log.close()
    assert len(rows) >= 50
    assert {round(pue, 6) for pue in rows} <= {1.11, 1.35}


def test_the_suite_complains_as_the_page_says(tmp_path: Path) -> None:
    write_files(tmp_path)
    (code,) = (body for _, info, body in BLOCK.findall(PAGE) if info == "run")
    (tmp_path / "check.py").write_text(code, encoding="utf-8")
    done = run(tmp_path, "check.py")
    assert done.returncode == 1
    assert "a value where no host could ever hold the task" in done.stderr


def test_a_mistake_in_the_users_file_is_named(tmp_path: Path) -> None:
    write_files(tmp_path)
    path = tmp_path / "my_predictor.py"
    path.write_text(path.read_text().replace("import numpy as np", "import nunpy as np"))
    done = run(tmp_path, "-m", "greensched", "validate", "my.yml")
    assert done.returncode == 2
    assert "my_predictor.py failed to load: ModuleNotFoundError: No module named 'nunpy'" in done.stdout + done.stderr
