"""A million tasks are finished within ten seconds and two gigabytes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from greensched.core.frames import encode, write_frame
from tests.conftest import PEAK_KB, cli_environment
from tests.results import synthetic_run

MEASURE = f"""
import json, sys, time
from pathlib import Path
from greensched.results.finish import finish
started = time.perf_counter()
summary = finish(Path(sys.argv[1]))
peak_gb = {PEAK_KB} * 1024 / 1e9
print(json.dumps(dict(s=time.perf_counter() - started, peak_gb=peak_gb, finished=summary["jobs_finished"])))
"""


@pytest.mark.slow
def test_a_million_tasks(tmp_path: Path) -> None:
    folder, n = synthetic_run.write_run(tmp_path / "run"), 1_000_000
    rows = np.arange(n)
    tasks = {k: _grow(v, n) for k, v in synthetic_run._tasks(7).items()} | {"job": rows}
    write_frame(folder / "input" / "tasks.gsf", "tasks", {}, {"tasks": tasks})
    jobs = {k: _grow(v, n) for k, v in synthetic_run._jobs(7).items()} | {"decision": rows}
    write_frame(folder / "world" / "jobs.gsf", "jobs", {"reasons": ["", "never_fits", "crashed"]}, {"jobs": jobs})
    decisions = _decisions(n)
    step = 5_000
    (folder / "world" / "decisions.gsf").write_bytes(
        b"".join(
            encode(
                "decisions", {"codes": ["accepted"]}, {"decisions": {k: v[i : i + step] for k, v in decisions.items()}}
            )
            for i in range(0, n, step)
        )
    )
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(folder)], env=cli_environment(), capture_output=True, text=True, check=True
    )
    measured = json.loads(done.stdout)
    assert measured["finished"] == round(n * 4 / 7)
    assert measured["s"] < 10, measured
    assert measured["peak_gb"] < 2, measured


def _grow(column: object, n: int) -> object:
    if isinstance(column, np.ndarray):
        return np.resize(column, n)
    assert isinstance(column, list)
    return (column * (n // len(column) + 1))[:n]


def _decisions(n: int) -> dict[str, object]:
    zero = np.zeros(n, dtype=np.int32)
    return {
        "decision": np.arange(n), "t_us": np.arange(n), "seq": np.arange(n) // 1000, "task": np.arange(n),
        "action": zero, "dc": zero, "until_us": np.zeros(n, dtype=np.int64), "source": np.ones(n, dtype=np.uint8),
        "status": zero, "code": zero, "reason": ["lowest intensity"] * n,
    }  # fmt: skip
