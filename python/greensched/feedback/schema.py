"""Tables of the feedback log. A change that an old reader would misread raises ``SCHEMA_VERSION``.

Decisions and reports are rows, joined by id in the view ``outcome``. What the mind was told is kept as it came, so
that it can be replayed to the byte (``replay``) and costs next to nothing.

Ids: ``decision_id = seq * 2**24 + row of the answer`` (bridge/PROTOCOL.md); ``task`` is the row number of the task in
the run folder. Times are seconds since the start of the scenario, NULL is missing. No table holds a wall-clock time.
"""

from __future__ import annotations

SCHEMA_VERSION = 3  # 2: without propensities
ROWS_PER_ANSWER = 1 << 24

DECISION_COLUMNS = (
    "decision_id", "task", "action", "dc", "until_s", "scale", "status", "energy_kwh", "service_time_s", "reason",
    "propensity",
)  # fmt: skip
REPORT_COLUMNS = (
    "task", "decision_id", "state", "dc", "placed_s", "queued_s", "start_s", "finish_s", "it_kwh", "dynamic_kwh",
    "idle_kwh", "transfer_kwh", "dynamic_g", "idle_g", "transfer_g", "cost", "attempts",
)  # fmt: skip

# of columns, where it is not NULL: a placement now, without chance, of a task that moves no data
DEFAULTS: dict[str, float] = {
    "action": 0, "until_s": 0.0, "scale": 1.0, "status": 0, "transfer_kwh": 0.0, "transfer_g": 0.0, "attempts": 1,
    "propensity": 1.0,
}  # fmt: skip
_INTEGERS = frozenset({"task", "action", "dc", "status", "state", "decision_id", "attempts"})
_TEXT = frozenset({"reason"})


def _type(column: str) -> str:
    return "INTEGER" if column in _INTEGERS else "TEXT" if column in _TEXT else "REAL"


def _columns(names: tuple[str, ...]) -> str:
    return ", ".join(f"{name} {_type(name)}{_default(name)}" for name in names)


def _default(column: str) -> str:
    value = DEFAULTS.get(column)
    return "" if value is None else f" DEFAULT {value}"


def _keyed(names: tuple[str, ...]) -> str:
    return f"{names[0]} INTEGER PRIMARY KEY, {_columns(names[1:])}"


TABLES = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    # one row per answer. model: version of the predictor that answered; taken = 0: the world went on without it
    "CREATE TABLE answer (seq INTEGER PRIMARY KEY, t_s REAL NOT NULL, asked INTEGER NOT NULL, model TEXT, "
    "taken INTEGER NOT NULL DEFAULT 1)",
    # as they came (frames, PROTOCOL.md §4): new tasks, datacenters, signals, forecasts, reports
    "CREATE TABLE question (seq INTEGER PRIMARY KEY, frame BLOB NOT NULL)",
    f"CREATE TABLE decision ({_keyed(DECISION_COLUMNS)})",
    f"CREATE TABLE report ({_keyed(REPORT_COLUMNS)})",
    "CREATE TABLE refusal (decision_id INTEGER PRIMARY KEY, task INTEGER NOT NULL, code TEXT NOT NULL)",
    # a report belongs to a decision if the world took that answer and ran the task where it said: after a lost answer
    # the world's fallback reports under the same id
    "CREATE VIEW outcome AS SELECT d.decision_id, d.task, a.seq, a.t_s, a.model, d.action, d.dc, d.until_s, d.scale, "
    "d.status, d.reason, d.propensity, d.energy_kwh AS predicted_energy_kwh, d.service_time_s AS "
    "predicted_service_time_s, "
    "f.code AS refused, a.taken, r.state, r.placed_s, r.queued_s, r.start_s, r.finish_s, r.finish_s - a.t_s AS "
    "service_time_s, r.it_kwh, r.dynamic_kwh, r.idle_kwh, r.transfer_kwh, r.dynamic_g, r.idle_g, r.transfer_g, r.cost, "
    "r.attempts "
    "FROM decision d JOIN answer a ON a.seq = d.decision_id / 16777216 "
    "LEFT JOIN refusal f ON f.decision_id = d.decision_id "
    "LEFT JOIN report r ON r.task = d.task AND r.decision_id = d.decision_id AND r.dc = d.dc AND a.taken",
)


def insert(table: str, columns: tuple[str, ...]) -> str:
    """An insert that makes repeating a row harmless."""
    marks = ", ".join("?" * len(columns))
    return f"INSERT OR REPLACE INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - our own names
