"""The generator: determinism, published shares, rhythm, burstiness, recurring applications."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import numpy as np
import pytest

from greensched.traces.apps import WORK_CLASSES, catalogue
from greensched.traces.arrivals import BURST_TIMES_S, ArrivalLaw, burst_factor
from greensched.traces.enrich import DeadlineRule, OwnerLaw, fill
from greensched.traces.generator import WorkloadLaw, generate
from greensched.traces.hidden import HiddenLaw, draw
from greensched.traces.laws import AZURE_SIZES, DurationLaw
from greensched.traces.presets import presets
from greensched.traces.table import Jobs

MONDAY = datetime(2022, 6, 6, tzinfo=UTC)
WEEK_S = 7 * 86400.0
LAW = WorkloadLaw(
    duration=DurationLaw(1500.0, 1.4, 0.05, 1.9, 10.0, 86400.0),
    arrivals=ArrivalLaw(diurnal=0.35, weekend=0.8, burstiness=0.5, batch_alpha=1.1, batch_cap=1400),
    apps=240,
    app_share=0.6,
    gpu_share=0.08,
    gpu_typed_share=0.33,
    gpu_types=("A100", "T4"),
)
RULE = DeadlineRule("uniform", 1.5, 6.0, 600.0, 0.1)
OWNER = OwnerLaw(0.4, 0.3, 1.0, 1.5, 0.3)


def jobs(n: int = 200_000, seed: int = 1, law: WorkloadLaw = LAW) -> Jobs:
    return generate(seed, n, WEEK_S, MONDAY, law, np.array([0.0, 135.0]), np.array([3.0, 1.0]))


def complete(n: int = 100_000, seed: int = 1) -> Jobs:
    return fill(seed, jobs(n, seed), catalogue(seed, 240, 0.08), np.array([3.0, 1.0]), RULE, OWNER)


@pytest.mark.parametrize("n", [1, 7, 5000])
def test_makes_exactly_the_jobs_asked_for_within_the_window(n: int) -> None:
    made = jobs(n)
    assert len(made) == n
    assert (np.diff(made.arrival_s) >= 0).all()
    assert made.arrival_s.min() >= 0
    assert made.arrival_s.max() < WEEK_S


def test_seed_0_repeats_and_seeds_differ() -> None:
    a, b, c = jobs(1000, 0), jobs(1000, 0), jobs(1000, 1)
    for name in ("arrival_s", "duration_s", "cores", "app"):
        assert np.array_equal(getattr(a, name), getattr(b, name))
        assert not np.array_equal(getattr(a, name), getattr(c, name))


def test_shares_of_origins_gpus_and_sizes() -> None:
    made = jobs(1_000_000)
    assert (made.origin == 0).mean() == pytest.approx(0.75, abs=0.02)
    gpu = made.gpus > 0
    assert gpu.mean() == pytest.approx(0.08, abs=0.01)
    assert (made.gpus[gpu] == 1.0).mean() == pytest.approx(0.55, abs=0.1)
    assert (made.gpus > 1).mean() == pytest.approx(0.08 * 0.01, rel=0.35)
    assert (made.gpu_type[gpu] >= 0).mean() == pytest.approx(0.33, abs=0.05)
    assert (made.gpu_type[~gpu] == -1).all()
    for cores in (1.0, 2.0, 4.0, 8.0):
        share = sum(s for c, _, s in AZURE_SIZES if c == cores)
        assert (made.cores[~gpu] == cores).mean() == pytest.approx(share, abs=0.06)


def test_durations_keep_their_law_although_applications_cluster() -> None:
    made = jobs(1_000_000)
    assert np.median(made.duration_s) == pytest.approx(1500.0, rel=0.15)
    log_s = np.log(made.duration_s)
    low, high = np.quantile(log_s, [0.1, 0.6])
    assert (high - low) / 1.535 == pytest.approx(1.4, rel=0.12)
    by_app = np.bincount(made.app, weights=log_s) / np.maximum(np.bincount(made.app), 1)
    explained = by_app[made.app].var() / log_s.var()
    assert explained == pytest.approx(0.6, abs=0.12)


def test_arrivals_follow_local_time_and_weekends() -> None:
    made = jobs(
        1_000_000, law=dataclasses.replace(LAW, arrivals=dataclasses.replace(LAW.arrivals, burstiness=0.0, batch_cap=1))
    )
    for origin, peak_utc in ((0, 15.0), (1, 6.0)):  # 135 degrees east: nine hours ahead
        hours = (made.arrival_s[made.origin == origin] / 3600.0) % 24.0
        wave = np.exp(2j * np.pi * hours / 24.0).mean()
        assert (np.angle(wave) * 24 / (2 * np.pi)) % 24 == pytest.approx(peak_utc, abs=0.2)
        assert 2 * abs(wave) == pytest.approx(0.35, abs=0.02)
    days = np.bincount((made.arrival_s[made.origin == 0] // 86400).astype(int), minlength=7)
    assert days[5:].mean() / days[:5].mean() == pytest.approx(0.8, abs=0.02)


def test_arrivals_are_bursty() -> None:
    """Index of dispersion of 5-minute counts: 104 measured on Azure V1, 1 for a Poisson process."""
    counts = np.bincount((jobs(500_000).arrival_s // 300).astype(int))
    assert 30 < counts.var() / counts.mean() < 400


def dispersion(made: Jobs, window_s: float) -> float:
    counts = np.bincount((made.arrival_s // window_s).astype(int), minlength=int(WEEK_S // window_s))
    return float(counts.var() / counts.mean())


def like(name: str, **changes: object) -> WorkloadLaw:
    preset = presets()[name]
    arrivals = dataclasses.replace(ArrivalLaw(0.0, 1.0, 0.0, 1.1, 1400), **preset.arrivals | changes)
    duration = DurationLaw(1.0, 1.0, 0.0, 1.0, preset.min_s, preset.max_s, preset.quantiles)
    return dataclasses.replace(LAW, arrivals=arrivals, duration=duration, gpu_share=preset.gpu_share,
                               sizes=preset.sizes or LAW.sizes, size_corr=preset.size_corr)  # fmt: skip


def test_a_profile_says_the_rate_of_each_local_hour() -> None:
    profile = tuple(float(1 + (hour == 9)) for hour in range(24))
    arrivals = ArrivalLaw(0.9, 1.0, 0.0, 1.1, 1, profile=profile)
    made = jobs(500_000, law=dataclasses.replace(LAW, arrivals=arrivals))
    for origin, utc in ((0, 9), (1, 0)):  # 135 degrees east: nine hours ahead
        hours = np.bincount((made.arrival_s[made.origin == origin] % 86400 // 3600).astype(int), minlength=24)
        assert int(hours.argmax()) == utc
        assert hours[utc] / np.delete(hours, utc).mean() == pytest.approx(2.0, rel=0.03)


# Index of dispersion of the whole traces by window (data.md, section 6, and the pack).
DISPERSION = {
    "azure-v1": (440_000, {300: 104, 3600: 223}),
    "google2011": (150_096, {60: 5.7, 300: 12.0, 3600: 56.0, 21600: 132.0}),
}


@pytest.mark.parametrize("name", sorted(DISPERSION))
def test_presets_are_bursty_on_every_scale_that_their_traces_are(name: str) -> None:
    n, real = DISPERSION[name]
    made = [jobs(n, seed, like(name)) for seed in range(6)]
    for window_s, wanted in real.items():
        ours = float(np.median([dispersion(one, window_s) for one in made]))
        assert wanted / 1.7 < ours < wanted * 1.7, window_s


def test_the_burst_factor_has_mean_1_and_the_given_variation_and_memory() -> None:
    law = ArrivalLaw(0.0, 1.0, 0.8, 1.1, 1, burst_shares=(0.0, 1.0, 0.0, 0.0))
    at_s = (np.arange(400_000) + 0.5) * 60.0
    factor = burst_factor(np.random.default_rng(1), at_s, law)
    assert factor.mean() == pytest.approx(1.0, abs=0.02)
    assert factor.std() == pytest.approx(0.8, rel=0.05)
    log = np.log(factor)
    lag = int(BURST_TIMES_S[1] // 60)
    assert np.corrcoef(log[lag:], log[:-lag])[0, 1] == pytest.approx(np.exp(-1.0), abs=0.04)


@pytest.mark.parametrize("name", sorted(presets()))
def test_presets_keep_run_times_and_sizes_of_their_traces(name: str) -> None:
    preset = presets()[name]
    made = jobs(200_000, law=like(name, batch_cap=1))
    for rank, seconds in preset.quantiles[2:-1]:  # applications cluster: the extremes are those of few
        assert np.log(np.quantile(made.duration_s, rank)) == pytest.approx(np.log(seconds), abs=0.45)
    assert preset.min_s <= made.duration_s.min() <= made.duration_s.max() <= preset.max_s
    known = {(c, m, g) for c, m, g, _ in preset.sizes or LAW.sizes}
    assert set(zip(made.cores.tolist(), made.mem_gb.tolist(), made.gpus.tolist(), strict=True)) <= known
    assert (made.gpus > 0).mean() == pytest.approx(preset.gpu_share, abs=0.03)


def test_larger_jobs_run_longer_where_the_law_says_so() -> None:
    single = dataclasses.replace(LAW.arrivals, batch_cap=1)
    for corr in (0.0, 0.3):
        made = jobs(
            300_000, law=dataclasses.replace(LAW, size_corr=corr, gpu_share=0.0, app_share=0.0, arrivals=single)
        )
        found = np.corrcoef(np.log(made.duration_s), np.log(made.cores))[0, 1]
        assert found == pytest.approx(corr, abs=0.03)


def test_batches_are_one_application_one_size_at_one_instant() -> None:
    made = jobs(20_000)
    for column in ("arrival_s", "app", "origin"):
        values = getattr(made, column)
        spread = [len(set(values[made.group == g].tolist())) for g in range(50)]
        assert set(spread) <= {0, 1}


def test_text_recurs_and_hints_at_the_work() -> None:
    made = complete()
    assert made.name is not None
    assert made.labels is not None
    names = made.name.decode()
    assert len(names) == len(made)
    assert len(set(names)) < 300
    assert all("=" in text for text in made.labels.pool)
    apps = catalogue(1, 240, 0.08)
    assert {WORK_CLASSES[c] for c in apps.work_class} == set(WORK_CLASSES)
    assert apps.popularity.sum() == pytest.approx(1.0)
    assert float(apps.popularity @ apps.gpu) == pytest.approx(0.08)


def test_deadlines_follow_the_rule() -> None:
    made = complete()
    none = np.isinf(made.deadline_s)
    assert none.mean() == pytest.approx(0.1, abs=0.01)
    allowed = (made.deadline_s - made.arrival_s)[~none]
    duration = made.duration_s[~none]
    long = duration > 600.0
    factor = allowed[long] / duration[long]
    assert factor.min() >= 1.5 - 1e-9
    assert factor.max() <= 6.0 + 1e-9
    assert factor.mean() == pytest.approx(3.75, rel=0.02)
    assert allowed.min() >= 600.0 - 1e-6
    assert "uniform(1.5, 6)" in RULE.text


def test_owners_estimate_with_error_or_not_at_all() -> None:
    made = complete()
    missing = np.isnan(made.expected_s)
    assert missing.mean() == pytest.approx(0.3, abs=0.01)
    long = ~missing & (made.duration_s > 100)
    ratio = np.log(made.expected_s[long] / made.duration_s[long])
    assert ratio.std() == pytest.approx(0.4, rel=0.05)
    assert (made.data_gb == 0).mean() == pytest.approx(0.3, abs=0.02)
    assert np.median(made.data_gb[made.data_gb > 0]) == pytest.approx(1.0, rel=0.05)


def test_hidden_truth() -> None:
    made, apps = complete(), catalogue(1, 240, 0.08)
    truth = draw(1, made, apps, HiddenLaw())
    assert np.array_equal(truth.work_s, made.duration_s)
    assert 0.0 < truth.cpu_util_frac.min() <= truth.cpu_util_frac.max() <= 1.0
    assert (truth.gpu_util_frac[made.gpus == 0] == 0.0).all()
    assert truth.interference.min() > 0
    phased, counts = np.unique(truth.phase_task, return_counts=True)
    assert (np.diff(truth.phase_task) >= 0).all()
    assert set(counts) == {2, 3, 4}
    assert (made.duration_s[phased] > 600).all()
    assert len(phased) / (made.duration_s > 600).sum() == pytest.approx(0.1, abs=0.01)
    sums = np.bincount(truth.phase_task, weights=truth.phase_work_frac)[phased]
    np.testing.assert_allclose(sums, 1.0, rtol=1e-12)
    none = draw(1, made, apps, HiddenLaw(interference=0.0, phased_share=0.0))
    assert none.interference.max() == 0.0
    assert len(none.phase_task) == 0


def test_utilisation_is_learnable_from_the_application() -> None:
    made, apps = complete(), catalogue(1, 240, 0.08)
    used = draw(1, made, apps, HiddenLaw()).cpu_util_frac
    mean = np.bincount(made.app, weights=used) / np.maximum(np.bincount(made.app), 1)
    assert mean[made.app].var() / used.var() > 0.4
