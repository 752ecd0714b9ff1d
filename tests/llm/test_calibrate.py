"""Quantiles of predictions: split-conformal factors cover what they promise."""

from __future__ import annotations

import numpy as np
import pytest

from greensched.learning.llm.calibrate import LEVELS, factors, table


def test_new_data_lie_within_the_intervals_as_often_as_promised():
    rng = np.random.default_rng(0)
    n = 20_000
    spread, gpu = rng.uniform(0.01, 0.5, 2 * n), rng.random(2 * n) < 0.3
    error = spread * np.where(gpu, rng.standard_t(3, 2 * n), rng.normal(0.3, 1.0, 2 * n))
    found = factors(error[:n], spread[:n], gpu[:n])
    for kind in (False, True):
        score = (error / spread)[n:][gpu[n:] == kind]
        for low, high, nominal in ((0, 6, 0.95), (1, 5, 0.8), (2, 4, 0.5)):
            covered = np.mean((found[low][kind] <= score) & (score <= found[high][kind]))
            assert covered == pytest.approx(nominal, abs=0.012)


def test_the_ranks_of_a_small_sample_by_hand():
    # 9 scores 1..9: (n + 1) q = 5 for the median; 0.9 * 10 = 9, the largest; 0.1 * 10 = 1, the least
    found = factors(np.arange(1.0, 10.0), np.ones(9), np.zeros(9, dtype=bool), (0.1, 0.5, 0.9))
    assert [level[0] for level in found] == [1.0, 5.0, 9.0]
    assert [level[1] for level in found] == [0.0, 0.0, 0.0]  # no job with GPUs was held back


def test_the_table_is_by_level():
    errors = np.linspace(-1, 1, 101), np.ones(101)
    told = table(errors, errors, np.zeros(101, dtype=bool))
    assert list(told) == [str(level) for level in LEVELS]
    assert told["0.5"] == {"run": [pytest.approx(0.0, abs=0.03), 0.0], "energy": [pytest.approx(0.0, abs=0.03), 0.0]}
