"""Signals answer inside their range and refuse outside it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from greensched.core.errors import DataError
from greensched.signals.series import Signal

START = datetime(2022, 6, 6, tzinfo=UTC)


def hourly(*values: float) -> Signal:
    return Signal("carbon_gpkwh of DE", START, 3600.0, np.array(values, dtype=np.float64))


def test_a_value_holds_until_the_next_one() -> None:
    signal = hourly(100.0, 200.0)
    assert signal.at(START) == 100.0
    assert signal.at(START + timedelta(minutes=59, seconds=59)) == 100.0
    assert signal.at(START + timedelta(hours=1)) == 200.0
    assert signal.end == START + timedelta(hours=2)


@pytest.mark.parametrize("offset", [timedelta(seconds=-1), timedelta(hours=2)])
def test_refuses_to_guess_outside_its_range(offset: timedelta) -> None:
    with pytest.raises(DataError, match="it covers 2022-06-06T00:00:00Z to 2022-06-06T02:00:00Z"):
        hourly(100.0, 200.0).at(START + offset)


def test_a_missing_value_is_not_zero() -> None:
    signal = hourly(1.0, float("nan"), 3.0)
    with pytest.raises(DataError, match="missing at 2022-06-06T01:30:00Z"):
        signal.at(START + timedelta(minutes=90))
    assert signal.first_gap() == START + timedelta(hours=1)
    assert hourly(1.0).first_gap() is None


def test_between_gives_the_steps_that_cover_the_range() -> None:
    cut = hourly(1.0, 2.0, 3.0, 4.0).between(START + timedelta(minutes=90), START + timedelta(hours=3))
    assert cut.start == START + timedelta(hours=1)
    assert cut.values.tolist() == [2.0, 3.0]
    with pytest.raises(DataError, match="asked from"):
        hourly(1.0).between(START, START + timedelta(hours=2))
    with pytest.raises(DataError, match="empty range"):
        hourly(1.0).between(START, START)


def test_needs_a_time_zone_and_values() -> None:
    with pytest.raises(DataError, match="time zone"):
        Signal("x", datetime(2022, 1, 1), 3600.0, np.ones(1))
    with pytest.raises(DataError, match="positive step"):
        Signal("x", START, 0.0, np.ones(1))
