"""A log that is read while its run goes on: neither disturbs the other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from greensched.core.errors import FeedbackLogError
from greensched.feedback.export import export_parquet
from greensched.feedback.log import FeedbackLog
from greensched.service.mind import Mind
from greensched.testing.worlds import delta, random_tasks, random_world, tasks
from tests.mind.test_log import reports_of

ROOT = Path(__file__).resolve().parents[2]
LIVE = """
import sys, time, numpy as np
from pathlib import Path
from tests.mind.test_log_live import half_written
half_written(Path(sys.argv[1]))
print("there", flush=True)
time.sleep(60)
"""


def half_written(path: Path) -> Mind:
    """A live mind with a question in its log whose 2,000 reports have not followed."""
    w = random_world(3, 4)
    mind = Mind(path)
    mind.start(w, {"name": "local-only"})
    mind.decide(delta(1, w, random_tasks(1, 20, w, 0.0)))
    mind.decide(delta(2, w, tasks(0), reports=reports_of(np.arange(2000))))
    steps = iter([False] * 3 + [True] * 9)
    mind.catch_up(lambda: next(steps))
    return mind


def count(path: Path, table: str) -> int:
    log = FeedbackLog.open(path)
    try:
        return int(log.query(f"SELECT count(*) FROM {table}")[0][0])
    finally:
        log.close()


def test_a_reader_of_a_live_log_changes_nothing_and_waits_for_nobody(tmp_path: Path) -> None:
    mind = half_written(tmp_path / "f.sqlite")
    assert mind._log is not None
    began = time.monotonic()
    with mind._log.transaction():
        seen = count(tmp_path / "f.sqlite", "report")
        export_parquet(tmp_path / "f.sqlite", tmp_path / "out")
    assert time.monotonic() - began < 5.0
    assert seen < 2000, "whose log it is completes it, not a reader"
    mind.finish()
    assert count(tmp_path / "f.sqlite", "report") == 2000


def test_a_mind_ends_at_once_though_somebody_reads(tmp_path: Path) -> None:
    """The world waits for the answer to finish; a reader in the middle of a table must not hold it up."""
    mind = half_written(tmp_path / "f.sqlite")
    reader = FeedbackLog.open(tmp_path / "f.sqlite")
    rows = reader.cursor("SELECT * FROM decision")
    rows.fetchone()
    began = time.monotonic()
    mind.finish()
    assert time.monotonic() - began < 2.0
    assert len(rows.fetchall()) == 19
    reader.close()
    assert count(tmp_path / "f.sqlite", "report") == 2000
    assert [p.name for p in tmp_path.glob("f.sqlite*")] == ["f.sqlite"], "the last who closes leaves a single file"


def test_the_log_of_a_living_process_is_left_alone_and_that_of_a_dead_one_completed(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "python"), str(ROOT)])}
    command = [sys.executable, "-c", LIVE, str(tmp_path / "f.sqlite")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as mind:
        assert mind.stdout is not None
        try:
            assert mind.stdout.readline() == "there\n"
            assert count(tmp_path / "f.sqlite", "report") < 2000
        finally:
            mind.send_signal(signal.SIGKILL)
    assert count(tmp_path / "f.sqlite", "report") == 2000


def test_a_mind_killed_before_its_log_had_tables_can_start_again(tmp_path: Path) -> None:
    """SQLite's first page is written before the tables are."""
    import sqlite3

    path = tmp_path / "f.sqlite"
    db = sqlite3.connect(path)
    db.execute("PRAGMA journal_mode = WAL")
    db.close()
    assert path.stat().st_size > 0
    with pytest.raises(FeedbackLogError, match="no feedback log"):
        FeedbackLog.open(path)
    FeedbackLog.create(path, {"run_id": "a"}).close()
    assert count(path, "decision") == 0
