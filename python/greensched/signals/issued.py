"""Forecasts of a folder, ``forecasts/<zone>.csv``: ``issue_ts``, ``ts`` and a column per kind, issue after issue.

``issue_ts`` is the first instant at which the forecast was known; no row is about an interval that was over by then.
Rows are sorted by issue, then by time, evenly spaced within an issue; an empty cell is missing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np

from greensched.core.errors import ConfigError, DataError
from greensched.core.paths import safe_path
from greensched.core.types import F64
from greensched.signals.ingest.text import csv_rows, decode, read_bytes
from greensched.signals.ingest.values import in_range, instant, number, shown
from greensched.signals.provenance import replace_text
from greensched.signals.series import utc_text

FOLDER = "forecasts"
MODEL = "issues of the folder"


@dataclass(frozen=True)
class IssuedRows:
    """One issue of one zone.

    Attributes:
        issue_s: POSIX seconds at which it was known.
        first_s: POSIX seconds of the first value's interval.
        step_s: seconds per value.
        values: by kind, NaN where missing.
    """

    issue_s: int
    first_s: int
    step_s: int
    values: dict[str, F64]


def load(root: Path, zone: str, start: datetime, end: datetime) -> list[IssuedRows]:
    """Issues of a zone from the newest at or before ``start`` up to ``end``, oldest first.

    Raises:
        DataError: there is no file, it is wrong, or no issue at or before ``start``.
    """
    try:
        path = safe_path(f"{FOLDER}/{zone}.csv", [root])
    except ConfigError as error:
        raise DataError(f"{error}; fetch forecasts with `greensched signal fetch SOURCE --forecast`") from error
    issues = read(path)
    before = [issue.issue_s for issue in issues if issue.issue_s <= start.timestamp()]
    if not before:
        first = utc_text(datetime.fromtimestamp(issues[0].issue_s, UTC))
        raise DataError(f"{path}: the first issue is of {first}, expected one at or before {utc_text(start)}")
    return [issue for issue in issues if before[-1] <= issue.issue_s < end.timestamp()]


def read(path: Path) -> list[IssuedRows]:
    """All issues of a file, oldest first.

    Raises:
        DataError: names file, line, what was expected and what to do.
    """
    rows = csv_rows(decode(read_bytes(path), str(path)), str(path))
    _, header = next(rows)
    kinds = header[2:]
    if header[:2] != ["issue_ts", "ts"] or not kinds or len(set(header)) != len(header):
        have = ", ".join(map(shown, header[:8]))
        raise DataError(f"{path}:1: the columns are {have}, expected issue_ts, ts and one per kind")
    blocks: dict[int, list[tuple[int, list[float], int]]] = {}
    last = -(1 << 62)
    for line, fields in rows:
        place = f"{path}:{line}"
        issued, at = instant(fields[0], place), instant(fields[1], place)
        if issued < last:
            raise DataError(
                f"{place}: issue {fields[0]} stands after a later one, expected rising issues; sort the file"
            )
        last = issued
        values = [number(text, place, kind) for text, kind in zip(fields[2:], kinds, strict=True)]
        for value, kind in zip(values, kinds, strict=True):
            in_range(value, kind, place)
        blocks.setdefault(issued, []).append((at, values, line))
    if not blocks:
        raise DataError(f"{path}: no issue, expected at least one")
    return [_issue(path, kinds, issued, block) for issued, block in blocks.items()]


def _issue(path: Path, kinds: list[str], issued: int, block: list[tuple[int, list[float], int]]) -> IssuedRows:
    place = f"{path}:{block[0][2]}"
    if len(block) < 2:
        raise DataError(f"{place}: an issue of one row, expected two or more to know the interval")
    step_s = block[1][0] - block[0][0]
    for one, other in pairwise(block):
        if step_s <= 0 or other[0] - one[0] != step_s:
            raise DataError(
                f"{path}:{other[2]}: does not follow the row before by {step_s} s; write all rows of an issue"
            )
    if block[0][0] + step_s <= issued:
        raise DataError(f"{place}: is about an interval that was over when it was issued; leave such rows out")
    values = np.array([row[1] for row in block], dtype=np.float64)
    by_kind = {kind: values[:, i] for i, kind in enumerate(kinds) if not np.isnan(values[:, i]).all()}
    return IssuedRows(issued, block[0][0], step_s, by_kind)


def add(root: Path, zone: str, issues: Iterable[IssuedRows]) -> Path:
    """Add issues to the file of a zone; one that is there with the same instant gets the new kinds.

    Raises:
        DataError: the file is wrong, or the issue is there on another grid or with other values.
    """
    path = root / FOLDER / f"{zone}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    known = {issue.issue_s: issue for issue in read(path)} if path.exists() else {}
    for issue in issues:
        old = known.get(issue.issue_s)
        if old is None:
            known[issue.issue_s] = issue
            continue
        if (old.first_s, old.step_s) != (issue.first_s, issue.step_s):
            raise DataError(
                f"{path}: the issue of {_utc(issue.issue_s)} is there on another grid of time; use another folder"
            )
        for kind, values in issue.values.items():
            if kind in old.values and not np.array_equal(old.values[kind], values, equal_nan=True):
                raise DataError(
                    f"{path}: the issue of {_utc(issue.issue_s)} has other values of {kind}; use another folder"
                )
        known[issue.issue_s] = IssuedRows(old.issue_s, old.first_s, old.step_s, old.values | issue.values)
    _write(path, [known[at] for at in sorted(known)])
    return path


def _write(path: Path, issues: list[IssuedRows]) -> None:
    kinds = sorted({kind for issue in issues for kind in issue.values})
    lines = [",".join(["issue_ts", "ts", *kinds])]
    for issue in issues:
        count = max(len(values) for values in issue.values.values())
        for k in range(count):
            cells = [issue.values[kind][k] if k < len(issue.values.get(kind, ())) else np.nan for kind in kinds]
            texts = ["" if np.isnan(value) else repr(float(value)) for value in cells]
            lines.append(",".join([_utc(issue.issue_s), _utc(issue.first_s + k * issue.step_s), *texts]))
    replace_text(path, "\n".join([*lines, ""]))


def _utc(at_s: int) -> str:
    return utc_text(datetime.fromtimestamp(0, UTC) + timedelta(seconds=at_s))
