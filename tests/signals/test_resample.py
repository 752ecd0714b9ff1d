"""Re-slicing: hand-computed values, and means that survive."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greensched.core.errors import DataError
from greensched.signals.resample import to_slots
from greensched.signals.series import Signal

START = datetime(2022, 6, 6, tzinfo=UTC)


def hourly(values: list[float]) -> Signal:
    return Signal("s", START, 3600.0, np.array(values, dtype=np.float64))


def test_hold_repeats_the_hour_bit_by_bit() -> None:
    slots = to_slots(hourly([0.1, 0.3]), "carbon_gpkwh", START, 24, 300.0, "hold")
    assert slots.tolist() == [0.1] * 12 + [0.3] * 12


def test_hold_weighs_slots_that_straddle_hours() -> None:
    # 40-minute slots over hours 100 and 400: the second takes 20 minutes of each
    slots = to_slots(hourly([100.0, 400.0]), "carbon_gpkwh", START, 3, 2400.0, "hold")
    assert slots.tolist() == pytest.approx([100.0, 250.0, 400.0], rel=1e-12)


def test_hold_may_start_within_an_hour() -> None:
    at = START + timedelta(minutes=30)
    assert to_slots(hourly([1.0, 2.0]), "carbon_gpkwh", at, 3, 1800.0, "hold").tolist() == [1.0, 2.0, 2.0]


def test_linear_by_hand() -> None:
    # hours 100, 200, 100; half-hour slots lie at -1/4 and +1/4 of an hour from the mid-point.
    # hour 1: 200 + 1/4 * (100 - 200) = 175 twice, mean 175, times 200/175 -> 200, 200.
    # hour 0: left neighbour itself: 100; right: 100 + 1/4 * 100 = 125; mean 112.5 -> times 100/112.5.
    slots = to_slots(hourly([100.0, 200.0, 100.0]), "carbon_gpkwh", START, 6, 1800.0, "linear")
    expected = [100 / 1.125, 125 / 1.125, 200.0, 200.0, 125 / 1.125, 100 / 1.125]
    assert slots.tolist() == pytest.approx(expected, rel=1e-12)


def test_linear_adds_a_constant_where_values_may_be_negative() -> None:
    # temperature -10, 10: hour 0 is -10, -5 with mean -7.5, shifted by -2.5
    slots = to_slots(hourly([-10.0, 10.0]), "temperature_c", START, 4, 1800.0, "linear")
    assert slots.tolist() == pytest.approx([-12.5, -7.5, 7.5, 12.5], rel=1e-12)


def test_linear_holds_an_hour_that_would_leave_its_range() -> None:
    # share 0, 1, 0: correcting hour 1 upwards would pass 1
    slots = to_slots(hourly([0.0, 1.0, 0.0]), "wind_frac", START, 12, 900.0, "linear")
    assert slots[4:8].tolist() == [1.0] * 4
    assert slots.min() >= 0.0
    assert slots.max() <= 1.0


def test_linear_refuses_slots_that_do_not_divide_the_hour() -> None:
    with pytest.raises(DataError, match="Use interpolation: hold"):
        to_slots(hourly([1.0, 2.0]), "carbon_gpkwh", START, 2, 2400.0, "linear")


def test_refuses_slots_beyond_the_signal() -> None:
    with pytest.raises(DataError, match="it covers"):
        to_slots(hourly([1.0]), "carbon_gpkwh", START, 13, 300.0, "hold")
    with pytest.raises(DataError, match="it covers"):
        to_slots(hourly([1.0]), "carbon_gpkwh", START - timedelta(hours=1), 2, 1800.0, "hold")


@given(
    st.lists(st.floats(0.0, 1e4), min_size=1, max_size=30),
    st.sampled_from([60.0, 300.0, 720.0, 900.0, 1800.0, 3600.0]),
    st.sampled_from(["hold", "linear"]),
)
def test_every_hour_keeps_its_mean(values: list[float], slot_s: float, interpolation: str) -> None:
    parts = round(3600.0 / slot_s)
    slots = to_slots(hourly(values), "carbon_gpkwh", START, len(values) * parts, slot_s, interpolation)
    assert slots.min() >= 0.0
    np.testing.assert_allclose(slots.reshape(-1, parts).mean(axis=1), values, rtol=1e-9, atol=1e-9)


@given(st.lists(st.floats(0.0, 1e4), min_size=4, max_size=20), st.integers(1, 7000), st.integers(0, 3599))
def test_hold_preserves_the_integral_for_any_slot(values: list[float], slot: int, offset: int) -> None:
    slots = (len(values) * 3600 - offset) // slot
    if slots == 0:
        return
    at = START + timedelta(seconds=offset)
    held = to_slots(hourly(values), "carbon_gpkwh", at, slots, float(slot), "hold")
    per_second = np.repeat(values, 3600)[offset : offset + slots * slot]
    assert float(held.sum() * slot) == pytest.approx(float(per_second.sum()), rel=1e-9, abs=1e-6)


def test_missing_hours_stay_missing() -> None:
    slots = to_slots(hourly([1.0, float("nan"), 3.0]), "wind_frac", START, 6, 1800.0, "linear")
    assert np.isnan(slots).tolist() == [False, False, True, True, False, False]
