"""Instants and numbers as texts of others have them: read exactly, or refused with place, expectation and cure."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

from greensched.core import limits
from greensched.core.errors import DataError

MISSING = float("nan")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_SHOWN = 40  # characters of a bad cell that a message repeats


def shown(value: object) -> str:
    """A value of somebody else's in a message: short, on one line, without control characters."""
    text = "".join(c if c.isprintable() else "�" for c in str(value))
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def instant(text: object, place: str, *, naive_is_utc: bool = False) -> int:
    """POSIX seconds of an ISO 8601 instant.

    Args:
        text: as the file has it.
        place: where it stands, for the message.
        naive_is_utc: the format documents that times without a zone are UTC; else they are refused.

    Raises:
        DataError: no instant, no time zone, a fraction of a second, or a year outside of 1900 to 2199.
    """
    try:
        at = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        at = None
    if at is None:
        raise DataError(f"{place}: '{shown(text)}' is no instant, expected one like 2022-06-06T00:00:00Z")
    if at.tzinfo is None:
        if not naive_is_utc:
            raise DataError(
                f"{place}: '{shown(text)}' has no time zone, expected one like 2022-06-06T00:00:00Z; "
                "append Z if the times are UTC"
            )
        at = at.replace(tzinfo=UTC)
    if not limits.FIRST_YEAR <= at.year <= limits.LAST_YEAR:
        raise DataError(f"{place}: year {at.year}, expected {limits.FIRST_YEAR} to {limits.LAST_YEAR}")
    if at.microsecond:
        raise DataError(f"{place}: '{shown(text)}' has a fraction of a second, expected whole seconds")
    return int(at.timestamp())


def number(text: str, place: str, what: str, *, thousands: bool = False) -> float:
    """The number in a cell; NaN where the cell is empty.

    Args:
        text: the cell.
        place: where it stands, for the message.
        what: its column, for the message.
        thousands: commas may group digits.

    Raises:
        DataError: something else, also "nan" and "inf": a missing value is an empty cell.
    """
    text = text.strip()
    if not text:
        return MISSING
    plain = text.replace(",", "") if thousands else text
    if _NUMBER.fullmatch(plain) is None or not math.isfinite(float(plain)):
        raise DataError(f"{place}: {what} '{shown(text)}' is not a number; leave the cell empty if it is missing")
    return float(plain)


def json_number(value: object, place: str, what: str) -> float:
    """A number of a JSON document, also as text (EIA writes both); NaN for null.

    Raises:
        DataError: anything else.
    """
    if value is None:
        return MISSING
    if isinstance(value, str):
        return number(value, place, what)
    try:
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
    except OverflowError:  # a whole number beyond 1e308
        pass
    raise DataError(f"{place}: {what} is {shown(value)}, expected a number or null")


def in_range(value: float, kind: str, place: str) -> float:
    """The value, if its kind allows it; kinds that are not of the core allow any.

    Raises:
        DataError: outside of the range, which is nearly always a wrong unit.
    """
    low, high = limits.SIGNALS.get(kind, (-math.inf, math.inf))
    if value < low or value > high:
        raise DataError(f"{place}: {kind} is {value:g}, expected {low:g} to {high:g}; is the unit right?")
    return value
