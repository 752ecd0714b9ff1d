"""The feedback log: complete, idempotent, joined by id, and a prefix of itself after a kill."""

from __future__ import annotations

import dataclasses
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from greensched.core.delta import Refusals, no_reports, no_tasks
from greensched.core.errors import FeedbackLogError
from greensched.core.types import I64, Reports, TaskState
from greensched.feedback.behind import MOST_WAITING
from greensched.feedback.export import export_parquet
from greensched.feedback.log import FeedbackLog
from greensched.feedback.schema import REPORT_COLUMNS
from greensched.service.mind import Mind
from greensched.testing.worlds import delta, random_tasks, random_world, tasks
from tests.mind.models import write_log

ROOT = Path(__file__).resolve().parents[2]
TABLES = ("answer", "decision", "report", "refusal", "question")
DUMPS = [f"SELECT * FROM {table} ORDER BY 1, 2" for table in TABLES]


def dump(path: Path) -> list[list[tuple[object, ...]]]:
    with sqlite3.connect(path) as db:
        return [db.execute(sql).fetchall() for sql in DUMPS]


def report(task: int, decision: int, dc: int, finish_s: float = 900.0) -> Reports:
    """One finished task: half an hour of 2 kWh."""
    values = {name: np.array([0.0]) for name in REPORT_COLUMNS}
    values |= {"task": np.array([task]), "state": np.array([TaskState.FINISHED], dtype=np.int32)}
    values |= {"dc": np.array([dc], dtype=np.int32), "finish_s": np.array([finish_s]), "dynamic_kwh": np.array([2.0])}
    del values["decision_id"]
    return Reports(decision=np.array([decision]), **values)


def reports_of(tasks: I64) -> Reports:
    """Tasks that finished, whatever was decided about them."""
    n = len(tasks)
    values = {name: np.linspace(0.0, 1.0, n) for name in REPORT_COLUMNS[2:]}
    values |= {"state": np.full(n, TaskState.FINISHED, dtype=np.int32), "dc": np.zeros(n, dtype=np.int32)}
    return Reports(task=tasks, decision=tasks, **values)


def test_everything_is_there_and_joined_by_id(tmp_path: Path) -> None:
    log = tmp_path / "feedback.sqlite"
    w = random_world(1, 3)
    mind = Mind(log)
    mind.start(w, {"name": "greensched"})
    d = mind.decide(delta(1, w, tasks(2, cores=[1.0, 9999.0])))
    again = delta(2, w, tasks(0), reports=report(0, 2**24, int(d.dc[0])), refusals=_refused(2**24 + 1))
    mind.decide(again)
    mind.finish()
    db = sqlite3.connect(log)
    assert db.execute("SELECT decision_id, task, action FROM decision").fetchall() == [(2**24, 0, 0), (2**24 + 1, 1, 2)]
    rows = db.execute("SELECT task, seq, t_s, dynamic_kwh, finish_s, service_time_s, refused FROM outcome").fetchall()
    assert rows == [(0, 1, 300.0, 2.0, 900.0, 600.0, None), (1, 1, 300.0, None, None, None, "never_fits")]
    assert db.execute("SELECT count(*) FROM pragma_table_info('decision') WHERE name LIKE '%wall%'").fetchone() == (0,)
    db.close()
    opened = FeedbackLog.open(log)
    first, second = opened.deltas()
    opened.close()
    assert (first.seq, list(first.new_tasks.name), len(first.state.free_cores)) == (1, ["task-0", "task-1"], 3)
    assert (first.new_tasks.deadline_s.tolist(), first.new_tasks.expected_s.tolist()) == ([np.inf] * 2, [3600.0] * 2)
    assert (second.seq, second.reports.task.tolist(), second.refusals.codes) == (2, [0], ("accepted", "never_fits"))


def _refused(decision: int) -> Refusals:
    return Refusals(np.array([decision]), np.array([1]), np.array([1], dtype=np.int32), ("accepted", "never_fits"))


def test_a_lost_answer_is_marked_and_its_report_is_not_credited_to_it(tmp_path: Path) -> None:
    """The world fell back on datacenter 2 after losing answer 1; the report carries the same decision id."""
    w = random_world(1, 3)
    mind = Mind(tmp_path / "f.sqlite")
    mind.start(w, {"name": "local-only"})
    mind.decide(delta(1, w, tasks(1)))
    mind.decide(delta(2, w, tasks(0), ack=0, reports=report(0, 2**24, 0)))
    mind.finish()
    db = sqlite3.connect(tmp_path / "f.sqlite")
    assert db.execute("SELECT seq, taken FROM answer").fetchall() == [(1, 0), (2, 1)]
    assert db.execute("SELECT taken, finish_s FROM outcome").fetchall() == [(0, None)]
    db.close()


def test_resends_change_nothing(tmp_path: Path) -> None:
    """Two runs, the second with every delta sent twice and every other one repeating all rows since the start."""
    w = random_world(2, 4)
    for name, repeat in (("once", False), ("twice", True)):
        mind = Mind(tmp_path / name)
        mind.start(w, {"name": "greensched"})
        reports = no_reports()
        for seq in range(1, 6):
            new = random_tasks(seq, 10, w, seq * w.slot_s, first=10 * (seq - 1))
            d = mind.decide(delta(seq, w, new, reports=reports))
            if repeat:
                assert mind.decide(delta(seq, w, new, reports=reports)) is d
                mind._behind.note(delta(seq, w, new, reports=reports))  # type: ignore[union-attr]
            reports = report(10 * (seq - 1), seq * 2**24, max(0, int(d.dc[0])))
        mind.finish()
    assert dump(tmp_path / "once") == dump(tmp_path / "twice")


@pytest.mark.parametrize("round_", range(4))
@pytest.mark.parametrize("batch", [30, 300])
def test_killed_at_any_moment_the_log_is_a_prefix(tmp_path: Path, batch: int, round_: int) -> None:
    """SIGKILL at a random moment: what is left is what the whole run would have written up to some answer.

    And no answer that the killed process gave (it prints each one after it has it) is missing. Questions and reports
    follow; those of the last answers may be missing, but a question that is there has its reports once the log has been
    opened.
    """
    script = (
        "import sys; from pathlib import Path; from greensched.service.mind import Mind\n"
        "from greensched.testing.worlds import *\n"
        "from greensched.core.delta import no_reports\n"
        "import numpy as np\n"
        "from tests.mind.test_log import reports_of\n"
        "w = random_world(3, 4); m = Mind(Path(sys.argv[1])); m.start(w, {'name': 'greensched'})\n"
        "n = int(sys.argv[3])\n"
        "for s in range(1, int(sys.argv[2]) + 1):\n"
        "    new = random_tasks(s, n, w, s * w.slot_s, first=n * (s - 1))\n"
        "    ended = reports_of(n * (s - 2) + np.arange(n)) if s > 1 else no_reports()\n"
        "    m.decide(delta(s, w, new, reports=ended))\n"
        "    print(s, flush=True)\n"
        "    steps = iter(range(9)); m.catch_up(lambda: next(steps) >= s % 8)\n"
        "m.finish()\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "python"), str(ROOT)])}
    command = [sys.executable, "-c", script, str(tmp_path / "killed"), "1000000", str(batch)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as victim:
        assert victim.stdout is not None
        victim.stdout.readline()
        time.sleep(random.Random(round_).uniform(0.0, 0.25))
        victim.send_signal(signal.SIGKILL)
        answered = [1, *(int(line) for line in victim.stdout.read().split("\n")[:-1] if line)][-1]
    FeedbackLog.open(tmp_path / "killed").close()  # checks integrity and version, and completes the reports
    left = dump(tmp_path / "killed")
    last = len(left[0])
    assert answered <= last <= answered + 1
    again = [*command[:3], str(tmp_path / "whole"), str(last), str(batch)]
    subprocess.run(again, env=environment, check=True, capture_output=True)
    whole = dump(tmp_path / "whole")
    questions = len(left[TABLES.index("question")])
    assert last - questions <= 2 * MOST_WAITING / batch + 2
    assert len(left[TABLES.index("report")]) == batch * max(0, questions - 1)
    for table, some, every in zip(TABLES, left, whole, strict=True):
        assert some == every[: len(some)], table
        assert len(some) == len(every) or table in ("question", "report"), table


def test_a_mind_that_starts_again_goes_on_with_its_log(tmp_path: Path) -> None:
    w = random_world(1, 3)
    for seq in (1, 2):
        mind = Mind(tmp_path / "f.sqlite")
        mind.start(w, {"name": "local-only"})
        mind.decide(delta(seq, w, tasks(1, task=seq)))
        mind.finish()
    assert [row[0] for row in dump(tmp_path / "f.sqlite")[0]] == [1, 2]


def test_unusable_logs_are_refused_with_a_reason(tmp_path: Path) -> None:
    with pytest.raises(FeedbackLogError, match="no such feedback log"):
        FeedbackLog.open(tmp_path / "none")
    (tmp_path / "text").write_text("not a database, " * 100)
    with pytest.raises(FeedbackLogError, match="not a usable feedback log"):
        FeedbackLog.open(tmp_path / "text")
    log = tmp_path / "f.sqlite"
    FeedbackLog.create(log, {"run_id": "a"}).close()
    with pytest.raises(FeedbackLogError, match="belongs to run 'a', not 'b'"):
        FeedbackLog.create(log, {"run_id": "b"})
    with sqlite3.connect(log) as db:
        db.execute("UPDATE meta SET value = '99' WHERE key = 'schema_version'")
    db.close()
    with pytest.raises(FeedbackLogError, match="schema version 99, this GreenSched reads 3"):
        FeedbackLog.open(log)


def test_a_damaged_page_is_found(tmp_path: Path) -> None:
    log = tmp_path / "f.sqlite"
    write_log(log)
    raw = bytearray(log.read_bytes())
    raw[8192 : len(raw) // 2] = b"\xff" * (len(raw) // 2 - 8192)
    log.write_bytes(raw)
    with pytest.raises(FeedbackLogError, match=r"damaged|not a usable"):
        FeedbackLog.open(log)


def test_export_holds_every_row_with_types(tmp_path: Path) -> None:
    write_log(tmp_path / "f.sqlite", answers=3)
    files = export_parquet(tmp_path / "f.sqlite", tmp_path / "out")
    read = {path.stem: pq.read_table(path) for path in files}
    assert {name: table.num_rows for name, table in read.items()} == {
        "answer": 3, "task": 60, "slot_state": 24, "decision": 60, "outcome": 60, "refusal": 0,
        "report": read["report"].num_rows, "advisory": 0,
    }  # fmt: skip
    assert read["task"]["task"].to_pylist() == list(range(60))
    assert read["task"]["expected_s"].null_count > 0, "what an owner did not tell is missing, not NaN"
    assert read["slot_state"]["seq"].to_pylist() == [seq for seq in (1, 2, 3, 4) for _ in range(6)]
    assert str(read["outcome"].schema.field("predicted_energy_kwh").type) == "double"
    assert str(read["outcome"].schema.field("service_time_s").type) == "double"
    assert str(read["decision"].schema.field("reason").type) == "string"
    joined = read["outcome"].to_pylist()
    assert sum(row["dynamic_kwh"] is not None for row in joined) == read["report"].num_rows > 40


def test_descriptions_are_exported_and_replayed(tmp_path: Path) -> None:
    log, w = tmp_path / "f.sqlite", random_world(1, 3)
    mind = Mind(log)
    mind.start(w, {"name": "lowest-carbon"})
    mind.decide(delta(1, w, tasks(2, description=["Fine-tunes é", ""])))
    again = delta(2, w, tasks(1, task=[2], job=[2]))
    mind.decide(dataclasses.replace(again, ask=np.array([0, 2])))
    mind.finish(delta(3, w, no_tasks()))
    export_parquet(log, tmp_path / "out")
    assert pq.read_table(tmp_path / "out" / "task.parquet")["description"].to_pylist() == ["Fine-tunes é", "", ""]
    opened = FeedbackLog.open(log)
    assert [list(d.new_tasks.description) for d in opened.deltas()] == [["Fine-tunes é", ""], [""], []]
    opened.close()


def test_an_export_that_fails_leaves_no_part_of_a_file(tmp_path: Path) -> None:
    """The third question is no frame: everything before it was written already."""
    write_log(tmp_path / "f.sqlite", answers=3)
    with sqlite3.connect(tmp_path / "f.sqlite") as db:
        db.execute("UPDATE question SET frame = x'00' WHERE seq = 3")
    db.close()
    with pytest.raises(FeedbackLogError, match="damaged: question 3: frame: truncated"):
        export_parquet(tmp_path / "f.sqlite", tmp_path / "out")
    assert {p.stem for p in (tmp_path / "out").iterdir()} == {"answer", "decision", "report", "refusal", "outcome"}


def test_what_follows_the_answer_arrives_whole_between_questions_and_at_the_end(tmp_path: Path) -> None:
    w = random_world(3, 4)
    mind = Mind(tmp_path / "f.sqlite")
    mind.start(w, {"name": "local-only"})
    stored: list[int] = []
    db = sqlite3.connect(tmp_path / "f.sqlite")

    def catch_up(steps: int) -> None:
        left = iter([False] * steps + [True])
        mind.catch_up(lambda: next(left))
        stored.append(db.execute("SELECT count(*) FROM report").fetchone()[0])

    mind.decide(delta(1, w, tasks(0), reports=reports_of(np.arange(100))))
    catch_up(0)
    mind.decide(delta(2, w, tasks(0), reports=reports_of(1000 + np.arange(900))))
    for steps in (0, 6, 99):
        catch_up(steps)
    db.close()
    assert stored[:2] == [0, 0], "too little to be worth it, and no time at all"
    assert 0 < stored[2] < 1000, "it stops when the world asks"
    assert stored[3] == 1000
    for seq in range(3, 13):
        n = 5000 if seq % 2 else 10  # a small batch behind a big one
        mind.decide(delta(seq, w, tasks(0), reports=reports_of(10_000 * seq + np.arange(n))))
    mind.finish()
    rows = [row[0] for row in dump(tmp_path / "f.sqlite")[TABLES.index("report")]]
    assert rows[1000:] == [10_000 * seq + i for seq in range(3, 13) for i in range(5000 if seq % 2 else 10)]


def test_a_failure_between_questions_fails_the_next_answer(tmp_path: Path) -> None:
    mind = mind_without_its_table(tmp_path)
    mind.catch_up(lambda: False)
    with pytest.raises(FeedbackLogError, match="could not be written: no such table"):
        mind.decide(delta(2, random_world(3, 4), tasks(1, task=900)))
    with pytest.raises(FeedbackLogError, match="could not be written: no such table"):
        mind.decide(delta(3, random_world(3, 4), tasks(1, task=901), ack=1))
    with sqlite3.connect(tmp_path / "f.sqlite") as db:
        assert db.execute("SELECT seq, taken FROM answer").fetchall() == [(1, 1), (2, 0), (3, 1)], "2 was not answered"
    db.close()


def test_latencies_that_cannot_be_written_do_not_fail_the_end(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Somebody moved the run folder; the log, which is open, is whole."""
    w = random_world(3, 4)
    (tmp_path / "run").mkdir()
    mind = Mind(tmp_path / "run" / "f.sqlite")
    mind.start(w, {"name": "local-only"})
    mind.decide(delta(1, w, tasks(1)))
    (tmp_path / "run").rename(tmp_path / "moved")
    mind.finish()
    assert "mind-latency.json could not be written" in caplog.text
    assert [len(rows) for rows in dump(tmp_path / "moved" / "f.sqlite")] == [1, 1, 0, 0, 1]


def test_a_follower_that_cannot_write_says_so(tmp_path: Path) -> None:
    mind = mind_without_its_table(tmp_path)
    with pytest.raises(FeedbackLogError, match="could not be written: no such table"):
        mind.finish()


def mind_without_its_table(folder: Path) -> Mind:
    w = random_world(3, 4)
    mind = Mind(folder / "f.sqlite")
    mind.start(w, {"name": "local-only"})
    mind.decide(delta(1, w, tasks(1), reports=reports_of(np.arange(500))))
    with sqlite3.connect(folder / "f.sqlite") as db:
        db.execute("DROP TABLE report")
    db.close()
    return mind
