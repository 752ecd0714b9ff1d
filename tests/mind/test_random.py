"""The policy ``random``: a fair draw of its own for every seed, task and datacenter."""

from __future__ import annotations

import numpy as np
import pytest

from greensched.policies.random import draws

TASKS, DATACENTERS = np.arange(20_000), np.arange(10)


@pytest.mark.parametrize("seed", [0, 1, 2**63 - 1])
def test_draws_are_uniform_and_every_datacenter_is_as_likely(seed: int) -> None:
    drawn = draws(seed, TASKS, DATACENTERS)
    assert drawn.min() >= 0 and drawn.max() < 1
    assert drawn.mean() == pytest.approx(0.5, abs=0.005)
    chosen = np.bincount(drawn.argmin(axis=1), minlength=10) / len(TASKS)
    np.testing.assert_allclose(chosen, 0.1, atol=0.01)
    assert abs(np.corrcoef(drawn[:, 0], drawn[:, 1])[0, 1]) < 0.03


@pytest.mark.parametrize(("one", "other"), [(0, 1), (1, 2), (7, 8), (0, 2**32)])
def test_two_seeds_have_nothing_in_common(one: int, other: int) -> None:
    """Not even shifted: seed 1 once placed most tasks one datacenter further than seed 0 did."""
    a, b = draws(one, TASKS, DATACENTERS), draws(other, TASKS, DATACENTERS)
    assert not np.intersect1d(a, b).size
    for shift in range(10):
        same = (np.roll(a, shift, axis=1).argmin(axis=1) == b.argmin(axis=1)).mean()
        assert same == pytest.approx(0.1, abs=0.02), shift


def test_a_draw_does_not_depend_on_what_is_asked_beside_it() -> None:
    np.testing.assert_array_equal(draws(3, TASKS, DATACENTERS)[5:9, 2:4], draws(3, TASKS[5:9], DATACENTERS[2:4]))
