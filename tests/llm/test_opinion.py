"""The second opinion: joined with what the text says as Bayes would, and never a choice between datacenters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greensched.learning.llm.calibrate import doubts
from greensched.predictors.llm.head import Answer
from greensched.predictors.llm.opinion import POWER_OFF, SCALES, TOGETHER, Opinion, settled

K = len(SCALES)


def shares(**of: float) -> np.ndarray:
    """A job's doubts: shares of scales by number, nothing (but not zero) of the others."""
    found = np.full(K, 1e-12)
    for scale, share in of.items():
        found[int(scale[1:])] = share
    return (found / found.sum())[None]


def one(apart: float, doubt: np.ndarray, spread: float = 0.02, theirs: float = 0.4) -> Answer:
    """A job of one datacenter whose second opinion is so far from its text, in run time as in energy."""
    told = Answer(np.array([7.0]), np.array([-2.0]), np.array([spread]), np.array([spread]))
    second = Opinion(np.array([7.0 + apart]), np.array([-2.0 + apart]), np.array([theirs]), np.array([theirs]))
    return settled(told, second, np.array([0]), np.ones(1), doubt)


def by_integration(apart: tuple[float, float], spread: float, theirs: tuple[float, float], doubt: np.ndarray) -> tuple:
    """Mean and deviation of how far off the text is, by a sum over a fine grid of what may be."""
    axis = np.arange(-8.0, 8.0, 0.04)
    off = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)

    def density(at: np.ndarray, covariance: np.ndarray) -> np.ndarray:
        square = np.einsum("ni,ij,nj->n", at, np.linalg.inv(covariance), at)
        return np.exp(-0.5 * square) / np.sqrt(np.linalg.det(covariance))

    both = np.array([[1.0, TOGETHER], [TOGETHER, 1.0]])
    prior = sum(w * density(off, s**2 * both + spread**2 * np.eye(2)) for w, s in zip(doubt[0], SCALES, strict=True))
    run, energy = theirs[0] ** 2, max(theirs[1] ** 2, theirs[0] ** 2 + POWER_OFF**2)
    weight = prior * density(np.array(apart) - off, np.array([[run, run], [run, energy]]))
    weight /= weight.sum()
    mean = (weight[:, None] * off).sum(0)
    return mean, np.sqrt((weight[:, None] * (off - mean) ** 2).sum(0))


@pytest.mark.parametrize("apart", [(1.5, 1.4), (-2.5, 0.5), (0.1, -1.0)])
@pytest.mark.parametrize("doubt", [shares(s5=1.0), shares(s0=0.7, s4=0.2, s6=0.1)])
def test_it_is_what_integration_gives(apart, doubt):
    told = Answer(np.array([7.0]), np.array([-2.0]), np.array([0.3]), np.array([0.3]))
    second = Opinion(np.array([7.0 + apart[0]]), np.array([-2.0 + apart[1]]), np.array([0.5]), np.array([0.9]))
    found = settled(told, second, np.array([0]), np.ones(1), doubt)
    mean, deviation = by_integration(apart, 0.3, (0.5, 0.9), doubt)
    np.testing.assert_allclose([found.log_run[0] - 7.0, found.log_energy[0] + 2.0], mean, atol=2e-3)
    np.testing.assert_allclose([found.run_spread[0], found.energy_spread[0]], deviation, rtol=1e-2)


def test_run_time_alone_by_hand():
    # of energy the second opinion knows next to nothing; prior variance 0.8² + 0.6² = 1, its own 0.5² = 0.25: it pulls
    # 1 / 1.25 = 0.8 of the way, and energy by the part of its error that goes with that of run time, 0.9 · 0.8² / 1
    told = Answer(np.array([7.0]), np.array([-2.0]), np.array([0.6]), np.array([0.6]))
    second = Opinion(np.array([8.5]), np.array([-2.0]), np.array([0.5]), np.array([1e3]))
    found = settled(told, second, np.array([0]), np.ones(1), shares(s5=1.0))
    assert found.log_run[0] == pytest.approx(7.0 + 0.8 * 1.5, abs=1e-4)
    assert found.log_energy[0] == pytest.approx(-2.0 + 0.9 * 0.64 * 0.8 * 1.5, abs=1e-4)
    assert found.run_spread[0] == pytest.approx(np.sqrt(0.2), abs=1e-4)  # 1 / (1/1 + 1/0.25) = 0.2


def test_a_text_that_was_always_right_stands_and_one_that_may_be_wrong_gives_way():
    assert abs(one(0.5, shares(s0=1.0)).log_run[0] - 7.0) < 0.01
    usual = shares(s0=0.98, s4=0.01, s7=0.01)
    assert abs(one(0.5, usual).log_run[0] - 7.0) < 0.05  # within what owners are wrong
    assert one(4.0, usual).log_run[0] == pytest.approx(11.0, abs=0.2)  # nobody is so wrong: the text is


def test_power_that_the_second_opinion_does_not_expect_is_the_business_of_the_text():
    told = Answer(np.array([7.0]), np.array([-4.0]), np.array([0.03]), np.array([0.03]))
    second = Opinion(np.array([7.2]), np.array([-2.0]), np.array([0.3]), np.array([0.4]))
    found = settled(told, second, np.array([0]), np.ones(1), shares(s0=0.98, s4=0.01, s6=0.01))
    assert abs(found.log_energy[0] + 4.0) < 0.2 and abs(found.log_run[0] - 7.0) < 0.05


def test_who_is_unsure_of_himself_is_not_believed():
    sure, unsure = (abs(one(2.0, shares(s0=0.5, s6=0.5), theirs=theirs).log_run[0] - 7.0) for theirs in (0.3, 1.5))
    assert unsure < 0.7 * sure


def test_a_spread_without_bounds_gives_way_too():
    assert one(-3.0, shares(s0=1.0), spread=12.0, theirs=0.3).log_run[0] == pytest.approx(4.0, abs=0.1)
    assert np.isfinite(np.concatenate(one(1e5, shares(s0=1.0), spread=1e9))).all()


@given(
    st.lists(st.tuples(*[st.floats(-5, 12)] * 4, st.floats(0.003, 4), st.floats(0.08, 4)), min_size=2, max_size=6),
    st.integers(0, 2**32 - 1),
)
def test_all_datacenters_move_alike_in_any_order_and_impossible_ones_do_not_count(pairs, seed):
    rng = np.random.default_rng(seed)
    run, energy, their_run, their_energy, spread, theirs = np.array(pairs).T
    n = len(pairs)
    row, doubt = np.zeros(n, dtype=np.int64), rng.dirichlet(np.ones(K), 1) + 1e-6

    def ask(order: np.ndarray, possible: np.ndarray, lie: float = 0.0) -> Answer:
        wrong = np.where(possible > 0, 0.0, lie)
        told = Answer(run + wrong, energy + wrong, spread, spread)
        second = Opinion(their_run - wrong, their_energy, theirs, theirs)
        parts = [type(part)(*(column[order] for column in part)) for part in (told, second)]
        return settled(*parts, row, possible[order], doubt)

    straight, order = np.arange(n), rng.permutation(n)
    found = ask(straight, np.ones(n))
    np.testing.assert_allclose(found.log_run - run, (found.log_run - run)[0], atol=1e-9)
    np.testing.assert_allclose(ask(order, np.ones(n)).log_energy, found.log_energy[order], atol=1e-9)
    assert (found.run_spread > 0).all() and np.isfinite(np.concatenate(found)).all()
    possible = (np.arange(n) > 0).astype(float)
    np.testing.assert_allclose(
        ask(straight, possible, lie=50.0).log_run[1:], ask(straight, possible).log_run[1:], atol=1e-9
    )


def test_jobs_do_not_hear_each_other():
    told = Answer(*(np.array(c) for c in ([1.0, 2.0, 3.0], [0.0, 0.0, 0.0], [0.1, 0.1, 0.1], [0.1, 0.1, 0.1])))
    second = Opinion(np.array([2.0, 1.0, 3.5]), np.zeros(3), *[np.array([0.4, 0.4, 0.4])] * 2)
    doubt = np.repeat(shares(s0=0.5, s5=0.5), 2, axis=0)
    both = settled(told, second, np.array([0, 0, 1]), np.ones(3), doubt)
    alone = settled(
        Answer(*(c[2:] for c in told)), Opinion(*(c[2:] for c in second)), np.array([0]), np.ones(1), doubt[:1]
    )
    assert both.log_run[2] == pytest.approx(alone.log_run[0], abs=1e-12)


def test_a_job_that_no_datacenter_can_take_stays_as_it_is():
    told = Answer(np.array([1.0]), np.array([2.0]), np.array([0.1]), np.array([0.1]))
    second = Opinion(np.array([9.0]), np.array([9.0]), np.array([0.2]), np.array([0.2]))
    found = settled(told, second, np.array([0]), np.zeros(1), shares(s0=0.5, s5=0.5))
    assert found.log_run[0] == 1.0 and found.log_energy[0] == 2.0


def test_doubts_are_learned_from_errors():
    rng = np.random.default_rng(0)
    n = 6_000
    group = rng.integers(0, 2, n)
    often = np.where(group == 0, 0.02, 0.5)  # how often the text is far off
    error = np.where(rng.random(n) < often, 1.6, 0.0)
    together = rng.multivariate_normal([0, 0], [[1, TOGETHER], [TOGETHER, 1]], n)
    both, spread = error[:, None] * together + rng.normal(0, 0.03, (n, 2)), np.full((n, 2), 0.03)
    found = np.array(doubts(both, spread, group))
    np.testing.assert_allclose(found.sum(1), 1.0, atol=1e-4)
    assert found[0, SCALES.index(0.8) :].sum() == pytest.approx(0.02, abs=0.015)
    assert found[1, SCALES.index(0.8) :].sum() == pytest.approx(0.5, abs=0.05)
    np.testing.assert_array_equal(found[2:], found[:2])  # nothing of unfamiliar words
    few = np.arange(n) < 300
    kept = doubts(both[few], spread[few], np.zeros(300, dtype=np.int64), found.tolist())
    assert kept[1:] == found[1:].tolist() and kept[0] != found[0].tolist()


def test_joint_answers_err_less_than_either():
    rng = np.random.default_rng(1)
    n = 4_000
    true = rng.normal(7, 1.5, n)
    off = rng.normal(0, np.where(rng.random(n) < 0.2, 1.6, 0.03))
    theirs = rng.uniform(0.2, 0.8, n)
    text, owner = true + off, true + theirs * rng.normal(size=n)
    everyone = np.zeros(n, dtype=np.int64)
    learned = np.array(doubts(np.stack([-off, -off], axis=1), np.full((n, 2), 0.03), everyone))[everyone]
    told = Answer(text, text, np.full(n, 0.03), np.full(n, 0.03))
    found = settled(told, Opinion(owner, owner, theirs, theirs), np.arange(n), np.ones(n), learned)

    def rms(values: np.ndarray) -> float:
        return float(np.sqrt(np.mean((values - true) ** 2)))

    assert rms(found.log_run) < 0.65 * min(rms(text), rms(owner))
    assert np.median(np.abs(found.log_run - true)) < 0.05  # and what was nearly exact still is
