"""What zones have in common, what they remember, and that neither depends on what a scenario lists."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greensched.signals.processes import processes
from greensched.signals.shapes import GROUPS, correlations, measured_correlation, mixing, shapes
from greensched.signals.synthetic import SyntheticGrid
from greensched.signals.zones import zones

ALL = list(zones())
SEEDS = range(6)
YEAR = datetime(2022, 1, 1, tzinfo=UTC)
NEXT = datetime(2023, 1, 1, tzinfo=UTC)


def carbon(zone: str, seed: int) -> np.ndarray:
    return SyntheticGrid(seed).load(zone, YEAR, NEXT).series["carbon_gpkwh"].values


def anomaly(x: np.ndarray) -> np.ndarray:
    """Log, without season, weekend and a daily course that changes over the year."""
    hour = np.arange(len(x))
    columns = [np.ones(len(x)), ((hour // 24 + YEAR.weekday()) % 7 >= 5).astype(float)]
    for period in (24.0, 12.0, 8760.0, 4380.0):
        columns += [np.cos(2 * np.pi * hour / period), np.sin(2 * np.pi * hour / period)]
    columns += [c * f(2 * np.pi * hour / 8760.0) for c in columns[2:6] for f in (np.cos, np.sin)]
    design = np.stack(columns, axis=1)
    return np.log(x) - design @ np.linalg.lstsq(design, np.log(x), rcond=None)[0]


@pytest.fixture(scope="module")
def correlation() -> np.ndarray:
    """Mean over seeds of the correlation of what the rhythm leaves of log intensity."""
    return np.mean([np.corrcoef([anomaly(carbon(z, seed)) for z in ALL]) for seed in SEEDS], axis=0)


@pytest.mark.parametrize("pair", sorted(measured_correlation()))
def test_neighbours_are_correlated_as_measured(pair: tuple[str, str], correlation: np.ndarray) -> None:
    made = correlation[ALL.index(pair[0]), ALL.index(pair[1])]
    assert made == pytest.approx(measured_correlation()[pair], abs=0.12)


def test_strangers_are_not(correlation: np.ndarray) -> None:
    known = np.eye(len(ALL), dtype=bool)
    for a, b in measured_correlation():
        known[ALL.index(a), ALL.index(b)] = known[ALL.index(b), ALL.index(a)] = True
    assert abs(correlation[~known]).max() < 0.2  # the yearly anomalies of 2022 that nothing explains reach 0.29
    assert abs(correlation[~known]).mean() < 0.05


# Hourly intensities of 2022, rhythm included (data.md, section 3).
@pytest.mark.parametrize(("a", "b", "real"), [("DE", "GB", 0.65), ("US-MIDA-PJM", "CA-ON", 0.55), ("DE", "ES", 0.36)])
def test_plain_correlation_is_near_the_real_one(a: str, b: str, real: float) -> None:
    made = np.mean([np.corrcoef(carbon(a, seed), carbon(b, seed))[0, 1] for seed in SEEDS])
    assert made == pytest.approx(real, abs=0.13)


# Autocorrelation of the hourly intensity of 2022 after 1, 24 and 168 hours, computed from the pack.
MEMORY = {
    "AU-NSW": (0.943, 0.884, 0.786),
    "CA-ON": (0.977, 0.686, 0.435),
    "DE": (0.984, 0.720, 0.364),
    "GB": (0.982, 0.624, 0.284),
    "US-CAL-CISO": (0.962, 0.926, 0.838),
    "US-TEX-ERCO": (0.975, 0.507, 0.273),
}


@pytest.mark.parametrize("zone", sorted(MEMORY))
def test_zones_remember_as_the_real_ones_do(zone: str) -> None:
    for lag, real, off in zip((1, 24, 168), MEMORY[zone], (0.02, 0.15, 0.15), strict=True):
        made = [np.corrcoef(x[lag:], x[:-lag])[0, 1] for x in (carbon(zone, seed) for seed in SEEDS)]
        assert np.mean(made) == pytest.approx(real, abs=off)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from(ALL), min_size=1, max_size=6, unique=True), st.integers(0, 1))
def test_a_zone_is_the_same_whatever_else_is_listed_and_in_any_order(listed: list[str], seed: int) -> None:
    processes.cache_clear()
    source = SyntheticGrid(seed)
    first = {zone: source.load(zone, YEAR, NEXT) for zone in listed}
    alone = SyntheticGrid(seed).load(listed[-1], YEAR, NEXT)
    for kind, signal in alone.series.items():
        assert signal.values.tolist() == first[listed[-1]].series[kind].values.tolist()


@pytest.mark.parametrize("group", GROUPS)
def test_a_zone_that_is_added_at_the_end_changes_no_other(group: tuple[str, ...]) -> None:
    """The weights are lower triangular by zone: a zone's streams meet those of zones above it alone."""
    weights, matrix = mixing(group), correlations(group)
    assert np.array_equal(weights, np.tril(weights))
    np.testing.assert_allclose(weights @ weights.T, matrix, atol=1e-9)
    shorter = matrix[: -len(group), : -len(group)]
    np.testing.assert_allclose(np.linalg.cholesky(shorter), weights[: -len(group), : -len(group)], atol=1e-9)


def test_processes_have_unit_variance() -> None:
    made = [processes(seed, 2022, 8760) for seed in SEEDS]
    for process in (p for group in GROUPS for p in group):
        second_moment = np.mean([one[process] ** 2 for one in made], axis=(0, 1))
        assert abs(second_moment.mean() - 1.0) < 0.1
        assert abs(second_moment - 1.0).max() < 0.7  # a process with weeks of memory has few independent values


def test_carbon_has_the_published_distribution() -> None:
    for zone in ALL:
        real = shapes()[zone, "carbon"].values
        made = np.quantile(carbon(zone, 0), (0.05, 0.25, 0.5, 0.75, 0.95))
        np.testing.assert_allclose(made, [real[k] for k in (2, 4, 5, 6, 8)], rtol=0.03)
