"""What the mind predicted, read from the feedback log."""

from __future__ import annotations

import json
import logging
import sqlite3
from pathlib import Path

import numpy as np

from greensched.core.types import F64, I64

_log = logging.getLogger("greensched.results")
_CHUNK_ROWS = 100_000


def read_predictor(log: Path) -> str | None:
    """Name of the predictor that the mind used, as the log has it; None without a log or without a predictor."""
    if not log.is_file():
        return None
    connection = sqlite3.connect(log)
    try:
        row = connection.execute("SELECT value FROM meta WHERE key = 'predictor'").fetchone()
        name = json.loads(row[0]) if row else None
    except (sqlite3.Error, ValueError, TypeError):
        return None  # a damaged log is reported where its predictions are read
    finally:
        connection.close()
    return str(name) if name else None


def read_predictions(log: Path, decision: I64) -> tuple[F64, F64]:
    """Predicted energy (kWh) and service time (s) of ``decision`` ids; NaN where the log has none.

    A run without a feedback log (a policy that decides inside the world) predicts nothing. A damaged one costs the
    predictions, with a warning, and not the results of the run.
    """
    energy_kwh, service_s = np.full(len(decision), np.nan), np.full(len(decision), np.nan)
    if not log.is_file():
        return energy_kwh, service_s
    order = np.argsort(decision, kind="stable")
    ids = decision[order]
    try:
        # read-only would refuse a log whose WAL a killed mind left behind: opening replays it
        with sqlite3.connect(log) as connection:
            cursor = connection.execute(
                "SELECT decision_id, energy_kwh, service_time_s FROM decision"
                " WHERE energy_kwh IS NOT NULL OR service_time_s IS NOT NULL"
            )
            while rows := cursor.fetchmany(_CHUNK_ROWS):
                chunk = np.array(rows, dtype=object)
                keys = chunk[:, 0].astype(np.int64)
                at = np.searchsorted(ids, keys)
                known = (at < len(ids)) & (ids[np.minimum(at, len(ids) - 1)] == keys)
                target = order[at[known]]
                energy_kwh[target] = chunk[known, 1].astype(np.float64)
                service_s[target] = chunk[known, 2].astype(np.float64)
        connection.close()
    except (sqlite3.Error, ValueError, TypeError) as error:
        _log.warning("%s: cannot be read as a feedback log (%s); predictions are left out", log, error)
        return np.full(len(decision), np.nan), np.full(len(decision), np.nan)
    return energy_kwh, service_s
