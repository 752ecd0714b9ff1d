"""Who serves: by hand."""

from __future__ import annotations

import numpy as np
import pytest

from greensched.learning.champion import WORST, judge, losses, score
from tests.learning.test_poison import evidence


def said(n: int, factor: float, service: float | None = None) -> tuple[np.ndarray, np.ndarray]:
    """What a predictor says that is off by a factor, both of energy (true: 1) and of service time (true: 100)."""
    return np.full(n, factor), np.full(n, 100.0 * (factor if service is None else service))


def test_losses_are_logs_and_bounded() -> None:
    e = evidence(4)
    energy, service = losses((np.array([2.0, 0.5, np.nan, -3.0]), np.array([100.0, 1e9, 0.0, 100.0])), e)
    assert energy == pytest.approx([np.log(2), np.log(2), WORST, WORST])
    assert service == pytest.approx([0, WORST, WORST, 0])
    found = score(said(4, 1.1), e)
    assert found.loss == pytest.approx(np.log(1.1))
    assert (found.energy_rmspe_frac, found.service_median_error_frac) == (pytest.approx(0.1), pytest.approx(0.1))


def verdict(champion: float, challenger: float, old: tuple[float, float] = (1.1, 1.1), n: int = 60, **e: object) -> str:
    new, older = evidence(n, **e), evidence(n)
    before, after = (said(n, champion), said(n, old[0])), (said(n, challenger), said(n, old[1]))
    found = judge(new, older, before, after, forget_frac=0.25, seed=1)
    assert found.promoted == (not any(w in found.reason for w in ("only", "not better", "forgets", "alone")))
    return found.reason


def test_better_on_new_and_no_worse_on_old() -> None:
    assert verdict(1.5, 1.1).startswith("loss 0.0953 instead of 0.4055")
    assert verdict(1.1, 1.1).startswith("not better on the newest 60 reports")
    assert verdict(1.1, 1.5).startswith("not better")
    assert verdict(1.5, 1.1, n=29).startswith("only 29 reports to judge by")
    assert verdict(1.5, 1.1, old=(1.1, 1.2)).startswith("forgets: on 60 older reports its loss is 0.1823")
    assert verdict(1.5, 1.1, old=(1.1, 1.12)).startswith("loss")  # ln 1.12 / ln 1.1 = 1.19


def test_one_of_both_may_not_get_worse() -> None:
    before, after = (said(60, 3.0, 1.1), said(0, 1)), (said(60, 1.1, 1.3), said(0, 1))
    found = judge(evidence(60), evidence(0), before, after, forget_frac=0.25, seed=1)
    assert not found.promoted
    assert found.reason.startswith("service alone got worse")


def test_one_answer_is_one_witness() -> None:
    """60 reports of which 40 say that it is better, all of one answer, against 20 others: that is luck."""
    n = 60
    champion, challenger = said(n, 1.2), (np.full(n, 1.0), np.full(n, 100.0))
    challenger[0][40:], challenger[1][40:] = 1.3, 130.0
    none = evidence(0)
    for seq, promoted in ((np.arange(n), True), (np.array([0] * 40 + [1] * 20), False)):
        new = evidence(n, seq=seq)
        found = judge(new, none, (champion, said(0, 1)), (challenger, said(0, 1)), forget_frac=0.25, seed=1)
        assert found.promoted is promoted, found.reason


def test_where_things_have_changed_the_past_says_nothing_unless_it_is_everywhere() -> None:
    """Three places; in one the champion errs by ln 2 where it erred by ln 1.1. Forgetting that one is no fault."""
    n, place = 90, np.repeat([0, 1, 2], 30).astype(np.int32)
    new, old = evidence(n, dc=place), evidence(n, dc=place)
    for changed, promoted in (([2], True), ([0, 1, 2], False)):
        here = np.isin(place, changed)
        champion_new = np.where(here, 2.0, 1.1), np.where(here, 200.0, 110.0)
        challenger_old = np.where(here, 1.9, 1.1), np.where(here, 190.0, 110.0)
        found = judge(
            new, old, (champion_new, said(n, 1.1)), (said(n, 1.05), challenger_old), forget_frac=0.25, seed=1
        )  # fmt: skip
        assert found.promoted is promoted, found.reason
