"""No decision depends on what could not be known: corrupt the future, compare the decisions before it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from greensched.core.frames import Frame, read_frame, read_frames, write_frame
from tests.worlds import Site, Task, host, jobs_table, play, write_world

POLICIES: dict[str, dict[str, Any]] = {
    "local-only": {"name": "local-only"},
    "lowest-carbon": {"name": "lowest-carbon"},
    "performance": {"name": "performance", "predictor": "analytic"},
    "greensched": {"name": "greensched", "predictor": "analytic", "intensity": "forecast"},
}
HOURS = 8
CUT_S = 4 * 3600


def _world(folder: Path, policy: dict[str, Any]) -> Path:
    rng = np.random.default_rng(7)
    sites = [
        Site(
            f"dc{i}",
            [host(2, cores=8)],
            list(rng.uniform(50, 600, HOURS)),
            signals={"wind_frac": list(rng.uniform(0, 1, HOURS))},
        )
        for i in range(3)
    ]
    tasks = [
        Task(
            round(float(a), 3),
            float(rng.uniform(300, 5000)),
            cores=int(rng.integers(1, 5)),
            deadline_s=round(float(a), 3) + 7200,
            data_gb=float(rng.uniform(0, 5)),
            origin=int(rng.integers(0, 3)),
            cpu_util_frac=float(rng.uniform(0.1, 1)),
        )
        for a in np.sort(rng.uniform(0, HOURS * 3600 - 1, 150))
    ]
    write_world(folder, sites, tasks, hours=HOURS, policy=policy)
    _write_forecasts(folder, rng)
    return folder


def _write_forecasts(folder: Path, rng: np.random.Generator) -> None:
    issues: dict[str, list[int]] = {
        k: [] for k in ("issue_us", "datacenter", "kind", "first_us", "step_us", "offset", "count")
    }
    values: list[float] = []
    for hour in range(0, HOURS, 2):
        for dc in range(3):
            row = (hour * 3_600_000_000, dc, 0, hour * 3_600_000_000, 3_600_000_000, len(values), 24)
            for key, value in zip(issues, row, strict=True):
                issues[key].append(value)
            values += list(rng.uniform(50, 600, 24))
    types = {"datacenter": np.int32, "kind": np.int32, "count": np.int32}
    columns = {k: np.array(v, dtype=types.get(k, np.int64)) for k, v in issues.items()}
    meta = {"kinds": ["carbon_gpkwh"], "synthetic": True, "model": "test"}
    write_frame(
        folder / "input" / "forecasts.gsf",
        "forecasts",
        meta,
        {"issues": columns, "values": {"value": np.array(values)}},
    )


def _decisions(folder: Path, until_s: float) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    for frame in read_frames(folder / "world" / "decisions.gsf"):
        table = frame.table("decisions")
        if not table:
            continue
        columns = [
            table[c]
            for c in ("decision", "t_us", "seq", "task", "action", "dc", "until_us", "source", "status", "code")
        ]
        rows += [tuple(int(x) for x in row) for row in zip(*columns, strict=True)]
    return [r for r in rows if r[1] <= until_s * 1e6]


def _altered(source: Path, target: Path, name: str, alter: Any, mode: int = 0o644) -> Path:
    shutil.copytree(source / "input", target / "input")
    frame: Frame = read_frame(target / "input" / name)
    tables = {t: {c: np.array(v) for c, v in columns.items()} for t, columns in frame.tables.items()}
    alter(tables)
    write_frame(target / "input" / name, frame.kind, frame.meta, tables, mode=mode)
    return target


@pytest.mark.parametrize("policy", POLICIES)
def test_future_signals_change_no_decision(tmp_path: Path, policy: str) -> None:
    base = _world(tmp_path / "base", POLICIES[policy])
    assert play(base) == "completed"

    def corrupt(tables: dict[str, Any]) -> None:
        step_s = 300
        for values in tables["signals"].values():
            values[CUT_S // step_s + 1 :] = values[CUT_S // step_s + 1 :][::-1] * 0.5 + 1.0

    other = _altered(base, tmp_path / "other", "signals.gsf", corrupt)
    assert play(other) == "completed"
    before = _decisions(base, CUT_S)
    assert len(before) > 50
    assert _decisions(other, CUT_S) == before
    assert not np.array_equal(jobs_table(base)["dynamic_g"], jobs_table(other)["dynamic_g"]), (
        "the corruption did reach the meters"
    )
    if policy == "lowest-carbon":
        assert _decisions(other, 1e9) != _decisions(base, 1e9), (
            "a policy that reads the intensity notices it afterwards"
        )


@pytest.mark.parametrize("policy", POLICIES)
def test_hidden_truth_of_tasks_not_started_changes_no_decision(tmp_path: Path, policy: str) -> None:
    base = _world(tmp_path / "base", POLICIES[policy])
    assert play(base) == "completed"
    waiting = ~(jobs_table(base)["start_s"] <= CUT_S)

    def corrupt(tables: dict[str, Any]) -> None:
        tables["hidden"]["work_s"][waiting] *= 3.0
        tables["hidden"]["cpu_util_frac"][waiting] = 0.01

    other = _altered(base, tmp_path / "other", "hidden.gsf", corrupt, mode=0o600)
    assert play(other) == "completed"
    before = _decisions(base, CUT_S)
    assert len(before) > 50
    assert _decisions(other, CUT_S) == before
    assert not np.array_equal(jobs_table(base)["finish_s"], jobs_table(other)["finish_s"]), (
        "the corruption did reach the world"
    )
