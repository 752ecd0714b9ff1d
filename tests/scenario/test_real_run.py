"""A day of the ten real zones through the real world and mind, with its baseline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.java
@pytest.mark.slow
def test_a_day_of_real_2022(cli: Any, world_jar: Path, data_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    done = cli(
        "run", str(ROOT / "scenarios" / "real-10dc-2022.yml"), "--data", str(data_folder), "--out", str(out),
        "--set", "horizon=1d", "--set", "workload.jobs=7000", "--no-progress",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    summary = json.loads((out / "summary.json").read_text())
    assert summary["status"] == "completed"
    assert summary["jobs_submitted"] == 7000
    assert summary["jobs_finished"] == 7000
    assert summary["baseline"]["jobs_finished"] == 7000
    assert summary["savings"]["carbon_pct"] > 5.0
    slots = pq.read_table(out / "datacenters.parquet").to_pandas()
    day = slots[slots.t_s <= 86400]
    assert day.dc.nunique() == 10
    ontario = day[day.dc == "toronto"]
    assert ontario.used_cores.max() > 0.9 * 256  # the clean zone fills up: capacity binds
    assert day[day.dc == "tokyo"].wind_frac.isna().all()  # missing is missing
    assert day[day.dc == "tokyo"].renewable_frac.notna().all()
