"""Quantiles of predictions: split-conformal factors cover what they promise."""

from __future__ import annotations

import numpy as np
import pytest

from greensched.learning.llm.calibrate import LEVELS, factors, table


def test_new_data_lie_within_the_intervals_as_often_as_promised():
    rng = np.random.default_rng(0)
    n = 20_000
    spread, group = rng.uniform(0.01, 0.5, 2 * n), rng.integers(0, 4, 2 * n)
    error = spread * np.where(group == 1, rng.standard_t(3, 2 * n), rng.normal(0.3, 1.0, 2 * n))
    found = factors(error[:n], spread[:n], group[:n])
    for kind in range(4):
        score = (error / spread)[n:][group[n:] == kind]
        for low, high, nominal in ((0, 6, 0.95), (1, 5, 0.8), (2, 4, 0.5)):
            covered = np.mean((found[low][kind] <= score) & (score <= found[high][kind]))
            assert covered == pytest.approx(nominal, abs=0.02)


def test_the_ranks_of_a_small_sample_by_hand():
    # 9 scores 1..9: (n + 1) q = 5 for the median; 0.9 * 10 = 9, the largest; 0.1 * 10 = 1, the least
    found = factors(np.arange(1.0, 10.0), np.ones(9), np.zeros(9, dtype=np.int64), (0.1, 0.5, 0.9))
    assert [level[0] for level in found] == [1.0, 5.0, 9.0]
    assert [level[1] for level in found] == [0.0, 0.0, 0.0]  # no job with GPUs was held back


def test_the_table_is_by_level():
    errors = np.linspace(-1, 1, 501), np.ones(501)
    told = table(errors, errors, np.zeros(501, dtype=np.int64))
    assert list(told) == [str(level) for level in LEVELS]
    middle, high = told["0.5"]["run"], told["0.9"]["energy"]
    assert middle[0] == pytest.approx(0.0, abs=0.01) and high[0] == pytest.approx(0.8, abs=0.01)
    assert high == [high[0], 0.0, high[0], 0.0]  # nothing of unfamiliar words: as sure as of familiar ones


def test_groups_with_too_few_pairs_keep_what_is_known_of_them():
    known = table(*2 * [(np.linspace(-4, 4, 2000), np.ones(2000))], np.arange(2000) % 4)
    few = np.where(np.arange(1000) < 900, 0, 3)
    told = table(*2 * [(np.linspace(-1, 1, 1000), np.ones(1000))], few, known)
    assert told["0.9"]["run"][1:] == known["0.9"]["run"][1:]
    assert told["0.9"]["run"][0] < known["0.9"]["run"][0]
