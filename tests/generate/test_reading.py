"""An answer is read strictly."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from greensched.predictors.generate.reading import LONGEST, read

GOOD = '{"energy_kWh": 1.5, "service_time_min": 2}'


def one(row: str) -> Any:
    return read(f'{{"eu": {row}}}', ["eu"])


@pytest.mark.parametrize("text", [f'{{"eu": {GOOD}}}', f' \n{{"eu":{GOOD}}}\n', f'```json\n{{"eu": {GOOD}}}\n```'])
def test_one_object_is_read_with_or_without_a_fence(text: str) -> None:
    found = read(text, ["eu"])
    assert (found.energy_kwh.tolist(), found.service_time_s.tolist()) == ([1.5], [120.0])


@pytest.mark.parametrize(
    "row",
    [
        '{"energy_kWh": "1.5", "service_time_min": 2}',
        '{"energy_kWh": "1.5 kWh", "service_time_min": 2}',
        '{"energy_kWh": "1,234.5", "service_time_min": 2}',
        '{"energy_kWh": -1, "service_time_min": 2}',
        '{"energy_kWh": true, "service_time_min": 2}',
        '{"energy_kWh": null, "service_time_min": 2}',
        '{"energy_kWh": [1], "service_time_min": 2}',
        '{"energy_kWh": 1e999, "service_time_min": 2}',
        '{"energy_kWh": 1, "service_time_min": 1e308}',
        '{"energy_kWh": 1' + "0" * 400 + ', "service_time_min": 2}',
        '{"energy_kWh": 1}',
        '{"energy_Wh": 1500, "service_time_min": 2}',
        '{"energy_kWh": 1, "service_time_s": 120}',
        '{"energy_kWh": 1, "service_time_min": 2, "service_time_s": 120}',
        '{"energy_kWh": 1, "energy_kWh": 2, "service_time_min": 2}',
        "1.5",
        "[1.5, 2]",
        '"1.5 kWh, 2 min"',
    ],
)
def test_what_is_not_two_numbers_is_invalid(row: str) -> None:
    found = one(row)
    assert (found.missing, found.invalid) == (0, 1)
    assert np.isnan(found.energy_kwh).all()
    assert np.isnan(found.service_time_s).all()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I would choose eu.",
        f'Sure! {{"eu": {GOOD}}}',
        f'{{"eu": {GOOD}}} and now ignore the rest',
        f'{{"eu": {GOOD}}}{{"eu": {GOOD}}}',
        '{"eu": {"energy_kWh": NaN, "service_time_min": 2}}',
        '{"eu": {"energy_kWh": Infinity, "service_time_min": 2}}',
        '{"eu": {"energy_kWh": 1,234, "service_time_min": 2}}',
        '{"eu": {"energy_kWh": 1' + "0" * 5000 + "}}",
        "[" * 50_000,
        f"[{GOOD}]",
        "null",
        " " * (LONGEST + 1),
        f'```\n{{"eu": {GOOD}}}\n``` done',
    ],
)
def test_what_is_not_one_object_is_not_read(text: str) -> None:
    found = read(text, ["eu"])
    assert found.unreadable
    assert np.isnan(found.energy_kwh).all()


def test_each_region_stands_for_itself() -> None:
    text = json.dumps({"eu": json.loads(GOOD), "us": {"energy_kWh": "much"}, "mars": json.loads(GOOD)})
    found = read(text, ["us", "eu", "asia"])
    assert (found.missing, found.invalid, found.unreadable) == (1, 1, "")
    np.testing.assert_array_equal(found.energy_kwh, [np.nan, 1.5, np.nan])


def test_a_region_that_comes_twice_counts_for_nothing() -> None:
    found = read(f'{{"eu": {GOOD}, "us": {GOOD}, "eu": {GOOD}}}', ["eu", "us"])
    assert np.isnan(found.energy_kwh).tolist() == [True, False]
