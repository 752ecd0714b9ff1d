"""The feedback log of a run: SQLite in WAL mode, one transaction per answer.

Durability: every decision is committed before it is answered, with ``synchronous = NORMAL``: a killed process loses
none, a power cut may lose the last answers but never consistency. Questions and reports follow (``behind``).
:meth:`FeedbackLog.barrier` makes everything safe against power cuts too; :meth:`FeedbackLog.finish` ends with one.
Repeating rows changes nothing.

A log may be read while its run goes on: only who made it (:meth:`FeedbackLog.create`) writes to it. What a killed mind
left undone is done by whoever opens the log first, if nobody else has it open.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from greensched.core.delta import Delta, Refusals
from greensched.core.delta_frames import delta_from_frame, delta_to_frame
from greensched.core.errors import FeedbackLogError, FrameError
from greensched.core.frames import decode
from greensched.core.types import Decisions, Reports
from greensched.feedback.bulk import BulkInsert
from greensched.feedback.schema import (
    DECISION_COLUMNS,
    REPORT_COLUMNS,
    ROWS_PER_ANSWER,
    SCHEMA_VERSION,
    TABLES,
    insert,
)

_DECISIONS = BulkInsert("decision", DECISION_COLUMNS[1:])
_REPORTS = BulkInsert("report", REPORT_COLUMNS, ("task", "decision", *REPORT_COLUMNS[2:]))
_INSERT_ANSWER = insert("answer", ("seq", "t_s", "asked", "model"))
_INSERT_QUESTION = insert("question", ("seq", "frame"))
_MARK_FINISHED = "INSERT OR REPLACE INTO meta VALUES ('finished', 'true')"
_INSERT_REFUSAL = insert("refusal", ("decision_id", "task", "code"))


_BUSY_S = 10.0  # longest wait for another writer
_CHECKPOINT_S = 0.2  # is waited for readers at the end: who closes a log last leaves it as a single file anyway


class FeedbackLog:
    """An open log. Writers call the ``add_*`` methods inside a :meth:`transaction`; threads take turns."""

    def __init__(self, path: Path, connection: sqlite3.Connection, *, is_ours: bool = False) -> None:
        self.path = path
        self._db = connection
        self._is_ours = is_ours
        self._turn = threading.Lock()

    @staticmethod
    def create(path: Path, meta: Mapping[str, Any]) -> FeedbackLog:
        """Start a log; ``meta`` (JSON values) describes the run.

        A log that is already there is continued if it belongs to the same run (a mind that was started again).

        Raises:
            FeedbackLogError: the file is there but is damaged, of another version or of another run.
        """
        if path.exists() and path.stat().st_size and not _is_blank(path):
            log = _checked(path, is_ours=True)
            theirs = log.meta().get("run_id")
            if theirs != meta.get("run_id"):
                log._db.close()
                raise FeedbackLogError(f"{path}: belongs to run {theirs!r}, not {meta.get('run_id')!r}; move it away")
            if "finished" not in log.meta():
                log._recover()
            log._db.execute("DELETE FROM meta WHERE key = 'finished'")
            return log
        log = FeedbackLog(path, _connect(path), is_ours=True)
        values = {**meta, "schema_version": SCHEMA_VERSION}
        with log.transaction():
            for statement in TABLES:
                log._db.execute(statement)
            log._db.executemany("INSERT INTO meta VALUES (?, ?)", [(k, json.dumps(v)) for k, v in values.items()])
        return log

    @staticmethod
    def open(path: Path) -> FeedbackLog:
        """Open an existing log to read it, and check it; also that of a run that still goes on.

        Raises:
            FeedbackLogError: no log, a damaged one, or one of another schema version.
        """
        log = _checked(path)
        if "finished" in log.meta():
            return log
        log.close()
        _complete_if_abandoned(path)
        return _checked(path)

    def meta(self) -> dict[str, Any]:
        """What the log says about its run."""
        return {k: json.loads(v) for k, v in self._db.execute("SELECT key, value FROM meta")}

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Rows of a read-only query."""
        return self._db.execute(sql, parameters).fetchall()

    def cursor(self, sql: str) -> sqlite3.Cursor:
        """A read-only query to fetch from in parts."""
        return self._db.execute(sql)

    def hold(self) -> None:
        """From now on see the log as it is now, whatever is added meanwhile, until it is closed."""
        self._db.execute("BEGIN")
        self._db.execute("SELECT count(*) FROM meta").fetchone()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """What is added inside is committed at the end, or, after an exception, not at all."""
        with self._turn:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def add_answer(self, seq: int, t_s: float, asked: int, model: str | None) -> None:
        """One answer; ``model`` is the version of the predictor behind it."""
        self._db.execute(_INSERT_ANSWER, (seq, t_s, asked, model))

    def add_question(self, delta: Delta) -> None:
        """What the mind was told, as it came."""
        self._db.execute(_INSERT_QUESTION, (delta.seq, delta.message or delta_to_frame(delta)))

    def add_decisions(self, seq: int, decisions: Decisions) -> None:
        """The decisions of answer ``seq``, in the order in which they are answered."""
        first = seq * ROWS_PER_ANSWER
        for _ in _DECISIONS.steps(self._db, [decisions], {"decision_id": range(first, first + len(decisions))}):
            pass

    def report_steps(self, tables: Sequence[Reports]) -> Iterator[int]:
        """What came of tasks that ended; yields after every statement its number of rows."""
        return _REPORTS.steps(self._db, tables)

    def add_refusals(self, refusals: Refusals) -> None:
        """Decisions that the world did not carry out."""
        if len(refusals):
            names = [refusals.codes[code] if 0 <= code < len(refusals.codes) else str(code) for code in refusals.code]
            rows = zip(refusals.decision.tolist(), refusals.task.tolist(), names, strict=True)
            self._db.executemany(_INSERT_REFUSAL, rows)

    def mark_lost(self, seq: int) -> None:
        """The world went on without answer ``seq``."""
        self._db.execute("UPDATE answer SET taken = 0 WHERE seq = ?", (seq,))

    def deltas(self) -> Iterator[Delta]:
        """What the mind was told, question by question; the last one may have no answer.

        Raises:
            FeedbackLogError: what is stored is no such message.
        """
        for seq, frame in self._db.execute("SELECT seq, frame FROM question ORDER BY seq"):
            try:
                yield delta_from_frame(decode(frame)[0], frame)
            except FrameError as error:
                raise FeedbackLogError(f"{self.path}: damaged: question {seq}: {error}") from error

    def _recover(self) -> None:
        """After a kill: the rows of reports that had not followed their questions yet."""
        try:
            with self.transaction():
                for delta in self.deltas():
                    for _ in _REPORTS.steps(self._db, [delta.reports]):
                        pass
        except sqlite3.Error as error:
            raise FeedbackLogError(f"{self.path}: was cut short and cannot be completed: {error}") from error

    def barrier(self) -> None:
        """Force everything to the disk; readers may keep it from becoming a single file."""
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute(f"PRAGMA busy_timeout = {_CHECKPOINT_S * 1000:.0f}")
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._db.execute(f"PRAGMA busy_timeout = {_BUSY_S * 1000:.0f}")
        self._db.execute("PRAGMA synchronous = NORMAL")

    def finish(self) -> None:
        """Close a log to which nothing will be added, and say so in it."""
        self._db.execute("PRAGMA synchronous = FULL")  # this reaches the disk, and with it all that was written before
        self._db.execute(_MARK_FINISHED)
        self.close()

    def close(self) -> None:
        """Barrier, if it is ours to write, then close; who closes last leaves a single file."""
        try:
            if self._is_ours:
                self.barrier()
        finally:
            self._db.close()


def _checked(path: Path, *, is_ours: bool = False) -> FeedbackLog:
    if not path.is_file():
        raise FeedbackLogError(f"{path}: no such feedback log")
    if _is_blank(path):
        raise FeedbackLogError(f"{path}: no feedback log yet: it holds nothing")
    db = _connect(path)
    try:
        verdict = db.execute("PRAGMA integrity_check(1)").fetchone()[0]
        row = db.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()
    except sqlite3.DatabaseError as error:
        db.close()
        raise FeedbackLogError(f"{path}: not a usable feedback log: {error}") from error
    version = None if row is None else json.loads(row[0])
    if verdict == "ok" and version == SCHEMA_VERSION:
        return FeedbackLog(path, db, is_ours=is_ours)
    db.close()
    if verdict != "ok":
        raise FeedbackLogError(f"{path}: damaged: {verdict}")
    raise FeedbackLogError(
        f"{path}: schema version {version}, this GreenSched reads {SCHEMA_VERSION}; use the version that wrote it"
    )


def _is_blank(path: Path) -> bool:
    """Whether its mind was killed before there was a table: SQLite writes a page before."""
    db = _connect(path)
    try:
        return bool(db.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,))
    finally:
        db.close()


def _complete_if_abandoned(path: Path) -> None:
    """Do what a killed mind left undone, unless anybody else has the log open: the run may go on."""
    db = sqlite3.connect(path, isolation_level=None, timeout=0.0)
    try:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")  # refused while another connection lives
        db.execute("SELECT count(*) FROM meta").fetchone()
        FeedbackLog(path, db)._recover()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise FeedbackLogError(f"{path}: was cut short and cannot be completed: {error}") from error
    finally:
        db.close()


def _connect(path: Path) -> sqlite3.Connection:
    # threads take turns (FeedbackLog.transaction), so the connection may be used by all of them
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=_BUSY_S, cached_statements=32)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        # a checkpoint syncs the disk in the middle of an answer: every 256 MB instead of every 4 MB
        db.execute("PRAGMA wal_autocheckpoint = 65536")
    except sqlite3.DatabaseError as error:
        db.close()
        raise FeedbackLogError(f"{path}: not a usable feedback log: {error}") from error
    return db
