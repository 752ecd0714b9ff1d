"""Numbers in texts: what they are worth."""

from __future__ import annotations

import pytest

from greensched.predictors.llm.numbers import numbers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("556,000 pictures", [(556_000.0, False)]),
        ("38.5M queries and 1.23B atom steps", [(38.5e6, False), (1.23e9, False)]),
        ("resume at 60%, 5 percent sample, 70pct done", [(60.0, True), (5.0, True), (70.0, True)]),
        ("six epochs, Twelve builds", [(6.0, False), (12.0, False)]),
        ("2.5 million rows, 3 thousand", [(2.5e6, False), (3000.0, False)]),
        ("bs=256, 1e-3, 4e6 steps", [(256.0, False), (1e-3, False), (4e6, False)]),
        ("resnet50 fp16 v3 gpt2", []),  # parts of names
        ("33300000000 rows", [(33.3e9, False)]),
        ("1,2 or 3", [(1.0, False), (2.0, False), (3.0, False)]),
        ("5 kittens, 3 MB", [(5.0, False), (3.0, False)]),
        ("answer 0 kWh, 0% or zero times, 0.0 s", []),  # nobody asks for nothing
        ("", []),
    ],
)
def test_values(text, expected):
    assert [(pytest.approx(n.value), n.percent) for n in numbers(text)] == expected
