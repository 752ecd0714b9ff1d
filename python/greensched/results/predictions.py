"""What the mind predicted, read from the feedback log."""

from __future__ import annotations

import contextlib
import json
import logging
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from greensched.core.types import F64, I64

_log = logging.getLogger("greensched.results")
_CHUNK_ROWS = 100_000
_SQL = (
    "SELECT d.decision_id, d.energy_kwh, d.service_time_s, {propensity}, a.model FROM decision d "
    "LEFT JOIN answer a ON a.seq = d.decision_id / 16777216"
)
_IS_NEW = "SELECT count(*) FROM pragma_table_info('decision') WHERE name = 'propensity'"


@dataclass(frozen=True)
class Predicted:
    """What the mind's log says about decisions, a row each; NaN and null where it says nothing.

    Attributes:
        energy_kwh: predicted dynamic energy times PUE of the choice.
        service_s: predicted time from the decision to the task's end.
        propensity: probability of the decision, see ``Decisions``.
        model: version of the predictor that answered, as a dictionary column.
    """

    energy_kwh: F64
    service_s: F64
    propensity: F64
    model: pa.Array

    def without(self, rows: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Predicted:
        """The same, but nothing about the marked rows."""
        energy_kwh, service_s, propensity = (
            np.where(rows, np.nan, v) for v in (self.energy_kwh, self.service_s, self.propensity)
        )
        codes = self.model.indices.to_numpy(zero_copy_only=False)
        unknown = rows | np.asarray(self.model.is_null())
        codes = pa.array(np.where(unknown, 0, np.nan_to_num(codes)).astype(np.int32), mask=unknown)
        model = pa.DictionaryArray.from_arrays(codes, self.model.dictionary)
        return Predicted(energy_kwh, service_s, propensity, model)


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


def read_predictions(log: Path, decision: I64) -> Predicted:
    """What the mind predicted for ``decision`` ids.

    A run without a feedback log (a policy that decides inside the world) predicts nothing. A damaged one costs the
    predictions, with a warning, and not the results of the run.
    """
    numbers = np.full((3, len(decision)), np.nan)
    codes, names = np.full(len(decision), -1, dtype=np.int32), dict[str, int]()
    if log.is_file():
        try:
            _fill(log, decision, numbers, codes, names)
        except (sqlite3.Error, ValueError, TypeError) as error:
            _log.warning("%s: cannot be read as a feedback log (%s); predictions are left out", log, error)
            numbers[:], codes[:] = np.nan, -1
    index = pa.array(np.maximum(codes, 0), mask=codes < 0)
    model = pa.DictionaryArray.from_arrays(index, pa.array(list(names) or [""], pa.string()))
    return Predicted(numbers[0], numbers[1], numbers[2], model)


def _fill(log: Path, decision: I64, numbers: F64, codes: np.ndarray[Any, Any], names: dict[str, int]) -> None:
    order = np.argsort(decision, kind="stable")
    ids = decision[order]
    # read-only would refuse a log whose WAL a killed mind left behind: opening replays it
    with contextlib.closing(sqlite3.connect(log)) as connection:
        (is_new,) = connection.execute(_IS_NEW).fetchone()  # a log of before knew no chance
        cursor = connection.execute(_SQL.format(propensity="d.propensity" if is_new else "1.0"))
        while rows := cursor.fetchmany(_CHUNK_ROWS):
            keys, energy, service, propensity, models = zip(*rows, strict=True)
            key = np.array(keys, dtype=np.int64)
            at = np.searchsorted(ids, key)
            known = (
                (at < len(ids)) & (ids[np.minimum(at, len(ids) - 1)] == key) if len(ids) else np.zeros(len(key), bool)
            )
            target = order[at[known]]
            for row, values in enumerate((energy, service, propensity)):
                numbers[row, target] = np.array(values, dtype=np.float64)[known]
            code = np.array([-1 if m is None else names.setdefault(m, len(names)) for m in models], dtype=np.int32)
            codes[target] = code[known]
