"""The hybrid workload: a real trace's arrivals, sizes and run times, and text that agrees with them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from greensched.traces.table import Jobs, blank
from greensched.truths import hybrid
from greensched.truths.kinds_of_work import Network
from greensched.truths.roofline import needed_gpus


def trace(n: int = 1200) -> Jobs:
    """Submissions of three jobs each, of a second to a day, with and without GPUs."""
    rng = np.random.default_rng(5)
    columns = blank(n) | {"group": np.arange(n) // 3, "gpus": rng.choice([0.0, 0.32, 1.0, 8.0], n)}
    return Jobs(
        arrival_s=np.sort(rng.uniform(0, 86_400, n)),
        duration_s=np.exp(rng.uniform(np.log(5), np.log(86_400), n)),
        cores=rng.choice([1.0, 2.0, 11.4], n),
        mem_gb=np.full(n, 4.0),
        notes=["a note of the trace"],
        **columns,
    )


def test_what_the_trace_says_stays() -> None:
    before = dataclasses.replace(trace(), priority=np.arange(1200, dtype=np.int32) % 7)
    after, _ = hybrid.give_text(0, before, "train", 240)
    for name in ("priority", "arrival_s", "duration_s", "cores", "mem_gb", "gpus", "group", "deadline_s", "origin"):
        np.testing.assert_array_equal(getattr(before, name), getattr(after, name))
    assert after.notes[0] == "a note of the trace"
    assert "synthetic" in after.notes[1]


def test_text_and_run_time_agree() -> None:
    jobs = trace()
    told, meanings = hybrid.give_text(0, jobs, "train", 240)
    agreed_s = meanings.amounts.samples * meanings.sample_s
    off = np.abs(agreed_s / jobs.duration_s - 1)
    roughly = off > hybrid.AGREES_FRAC
    assert roughly.mean() < 0.02
    note = f"the texts of {roughly.sum()} of 1200 jobs agree with their run times only roughly"
    assert [n for n in told.notes if "roughly" in n] == ([note] if roughly.any() else [])
    np.testing.assert_array_equal(meanings.work_s, jobs.duration_s)


def test_text_and_size_agree() -> None:
    jobs = trace()
    _, meanings = hybrid.give_text(1, jobs, "test", 240)
    for i, a in enumerate(meanings.app):
        kind = meanings.apps.rows[a].kind
        assert isinstance(kind, Network) == (jobs.gpus[i] > 0)
        if isinstance(kind, Network):
            assert needed_gpus(kind.model, kind.mode) <= jobs.gpus[i] or jobs.gpus[i] < 0.35


def test_a_submission_is_one_application_and_longer_ones_do_longer_work() -> None:
    jobs = dataclasses.replace(trace(), gpus=np.zeros(1200))
    _, meanings = hybrid.give_text(2, jobs, "train", 240)
    assert all(len(set(meanings.app[g : g + 3])) == 1 for g in range(0, 1200, 3))
    log_s = np.log(jobs.duration_s.reshape(-1, 3)).mean(axis=1)
    usual = meanings.apps.longer[meanings.app[::3]]
    assert np.corrcoef(log_s, usual)[0, 1] > 0.3


def test_seeds_change_the_text_and_nothing_else() -> None:
    (a, _), (b, _) = (hybrid.give_text(seed, trace(), "train", 240) for seed in (0, 1))
    assert a.description is not None
    assert b.description is not None
    same = sum(x == y for x, y in zip(a.description.decode(), b.description.decode(), strict=True))
    assert same < 12
    np.testing.assert_array_equal(a.duration_s, b.duration_s)


@pytest.mark.parametrize("gpus", [0.0, 0.05, 0.3, 1.0, 16.0])
def test_a_trace_of_one_job(gpus: float) -> None:
    one = dataclasses.replace(trace(1), gpus=np.array([gpus]))
    told, _ = hybrid.give_text(0, one, "train", 240)
    assert told.description is not None
    assert told.description.decode()[0]
