"""Generated laws against their parameters."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greensched.core.streams import stream
from greensched.traces.laws import (
    CPU_UTIL_QUANTILES,
    DurationLaw,
    choose,
    from_quantiles,
    normal_cdf,
    pareto_batch_sizes,
)

LAW = DurationLaw(median_s=1500.0, sigma=1.4, tail_share=0.05, tail_alpha=1.9, min_s=1.0, max_s=1e9)


def scores(n: int = 2_000_000) -> np.ndarray:
    return stream(5, "scores").standard_normal(n)


def test_normal_cdf_agrees_with_the_standard_library() -> None:
    z = np.linspace(-6, 6, 101)
    exact = [NormalDist().cdf(v) for v in z]
    np.testing.assert_allclose(normal_cdf(z), exact, atol=1.6e-7)


def test_body_is_lognormal() -> None:
    x = LAW.at(scores())
    assert np.median(x) == pytest.approx(1500.0, rel=0.005)
    low, high = np.quantile(np.log(x), [0.1, 0.6])
    body_sigma = (high - low) / (NormalDist().inv_cdf(0.6) - NormalDist().inv_cdf(0.1))
    assert body_sigma == pytest.approx(1.4, rel=0.01)


def test_tail_is_pareto_with_the_given_share_and_exponent() -> None:
    x = LAW.at(scores())
    threshold = 1500.0 * np.exp(1.4 * NormalDist().inv_cdf(0.95))
    tail = x[x > threshold]
    assert len(tail) / len(x) == pytest.approx(0.05, rel=0.01)
    hill = 1.0 / np.log(tail / threshold).mean()
    assert hill == pytest.approx(1.9, rel=0.02)


def test_limits_are_kept_and_reached_smoothly() -> None:
    law = DurationLaw(1500.0, 1.4, 0.05, 0.8, 60.0, 86400.0)
    x = law.at(scores())
    assert x.min() >= 60.0
    assert 80_000 < x.max() <= 86400.0
    assert (x == x.max()).sum() < 100  # truncated, not heaped at the limit


@given(st.lists(st.floats(-7, 7), min_size=2, max_size=50))
def test_longer_scores_mean_longer_jobs(z: list[float]) -> None:
    x = LAW.at(np.sort(np.array(z)))
    assert (np.diff(x) >= -1e-6 * x[1:]).all()


def test_no_tail() -> None:
    law = DurationLaw(100.0, 1.0, 0.0, 1.0, 1.0, 1e9)
    assert law.at(np.array([0.0, 1.0])) == pytest.approx([100.0, 100.0 * np.e])


@given(st.integers(1, 5000), st.floats(0.5, 3.0), st.integers(1, 500), st.integers(0, 99))
def test_batches_sum_to_the_jobs(total: int, alpha: float, cap: int, seed: int) -> None:
    sizes = pareto_batch_sizes(stream(seed, "b"), total, alpha, cap)
    assert sizes.sum() == total
    assert sizes.min() >= 1
    assert sizes.max() <= cap


def test_batch_sizes_follow_the_published_law() -> None:
    """Azure V1: median 1, mean 4.9, 99th percentile 68."""
    sizes = pareto_batch_sizes(stream(1, "b"), 1_000_000, 1.1, 1400)
    assert np.median(sizes) == 1
    assert sizes.mean() == pytest.approx(4.9, rel=0.25)
    assert np.quantile(sizes, 0.99) == pytest.approx(68, rel=0.15)


def test_quantile_law_and_choice() -> None:
    u = stream(2, "u").random(500_000)
    used = from_quantiles(u, CPU_UTIL_QUANTILES)
    for rank, value in ((0.25, 0.03), (0.5, 0.19), (0.75, 0.67)):
        assert np.quantile(used, rank) == pytest.approx(value, abs=0.01)
    drawn = choose(stream(3, "c"), np.array([1.0, 0.0, 3.0]), 100_000)
    assert np.bincount(drawn, minlength=3) / 100_000 == pytest.approx([0.25, 0.0, 0.75], abs=0.01)
