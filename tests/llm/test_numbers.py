"""Numbers in texts: what they are worth, and at which token they stand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greensched.predictors.llm.numbers import VALUES, at_tokens, numbers


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
        ("", []),
    ],
)
def test_values(text, expected):
    assert [(pytest.approx(n.value), n.percent) for n in numbers(text)] == expected


def test_a_number_stands_at_the_token_after_it_where_its_unit_is_known():
    text = "run 40 epochs 60%"
    spans = np.array([(0, 3), (3, 5), (5, 6), (6, 13), (13, 15), (15, 16), (16, 17)])
    values = at_tokens(text, spans)
    assert values.shape == (7, VALUES)
    np.testing.assert_allclose(values[3], [1.0, np.log(40.0), 0.0, 0.0])
    np.testing.assert_allclose(values[6], [1.0, np.log(60.0), 1.0, np.log(0.4)])
    assert not values[[0, 1, 2, 4, 5]].any()


def test_a_number_at_the_very_end_stands_at_the_last_token():
    values = at_tokens("epochs 7", np.array([(0, 6), (6, 8)]))
    np.testing.assert_allclose(values[1], [1.0, np.log(7.0), 0.0, 0.0])


@given(st.text(max_size=200))
def test_any_text_has_finite_values(text):
    spans = np.array([(i, i + 1) for i in range(len(text))]).reshape(-1, 2)
    assert np.isfinite(at_tokens(text, spans)).all()


def test_absurd_numbers_are_cut():
    values = at_tokens(f"{'9' * 400} steps", np.array([(0, 400), (400, 406)]))
    assert np.isfinite(values).all()
