"""Loaders of the public traces, on the real files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from greensched.core.errors import DataError
from greensched.traces.normalized import Cut, load, sample

DAY = Cut(0.0, 86400.0)


def test_azure(data_folder: Path) -> None:
    jobs = load(data_folder, "azure-v1", DAY, 1)
    assert 50_000 < len(jobs) < 120_000  # 50.8 per minute
    assert set(np.unique(jobs.cores)) <= {1.0, 2.0, 4.0, 8.0, 16.0}
    assert (jobs.cores == 1).mean() == pytest.approx(0.58, abs=0.15)  # 0.58 over nine days
    assert np.median(jobs.duration_s) == pytest.approx(1500, rel=0.3)
    assert np.isfinite(jobs.duration_s).all()
    assert "censored" in jobs.notes[0]
    group_arrivals = [len(set(jobs.arrival_s[jobs.group == g])) for g in np.unique(jobs.group)[:50]]
    assert set(group_arrivals) == {1}


def test_google(data_folder: Path) -> None:
    jobs = load(data_folder, "google2011", DAY, 1)
    assert len(jobs) == pytest.approx(16 * 1440, rel=0.3)  # 16.0 per minute
    assert np.median(jobs.duration_s) == pytest.approx(176, rel=0.5)
    assert any("drawn from the Azure" in note for note in jobs.notes)
    assert set(np.unique(jobs.priority)) <= {0, 1, 2, 3}


def test_alibaba_gpu(data_folder: Path) -> None:
    jobs = load(data_folder, "alibaba-gpu-2023", Cut(0.0, 7 * 86400.0), 1)
    assert len(jobs) > 300
    assert ((jobs.gpus > 0) & (jobs.gpus < 1)).any()
    assert jobs.cores.min() > 0


def test_window_and_compression(data_folder: Path) -> None:
    plain = load(data_folder, "google2011", Cut(86400.0, 43200.0), 1)
    dense = load(data_folder, "google2011", Cut(86400.0, 21600.0, compress=2.0), 1)
    assert len(plain) == len(dense)
    np.testing.assert_allclose(plain.arrival_s, 2 * dense.arrival_s)
    assert np.array_equal(plain.duration_s, dense.duration_s)
    short = load(data_folder, "google2011", Cut(86400.0, 43200.0, max_duration_s=600.0), 1)
    assert short.duration_s.max() <= 600.0


def test_samples_whole_groups(data_folder: Path) -> None:
    jobs = load(data_folder, "azure-v1", DAY, 1)
    few = sample(jobs, 5000, 3)
    assert len(few) == 5000
    assert (np.diff(few.arrival_s) >= 0).all()
    cut = [g for g in np.unique(few.group) if (few.group == g).sum() < (jobs.group == g).sum()]
    assert len(cut) <= 1
    assert not np.array_equal(few.group, sample(jobs, 5000, 4).group)
    assert len(sample(jobs, 10**9, 3)) == len(jobs)


def test_a_window_without_jobs(data_folder: Path) -> None:
    with pytest.raises(DataError, match="no job between"):
        load(data_folder, "azure-v1", Cut(1e9, 86400.0), 1)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        load(tmp_path, "azure-v1", DAY, 1)


@pytest.mark.parametrize("source", ["azure-v1", "google2011", "alibaba-gpu-2023"])
def test_the_small_subsets_stand_in(data_folder: Path, tmp_path: Path, source: str) -> None:
    (tmp_path / "mini").symlink_to(data_folder / "mini")
    cut = Cut(0.0, 3600.0 * (72 if source.startswith("alibaba") else 5))
    small, whole = load(tmp_path, source, cut, 1), load(data_folder, source, cut, 1)
    assert len(small) == pytest.approx(len(whole), rel=0.02)
    assert np.median(small.duration_s) == pytest.approx(np.median(whole.duration_s), rel=0.02)
    assert small.cores.sum() == pytest.approx(whole.cores.sum(), rel=0.02)
    assert small.gpus.sum() == pytest.approx(whole.gpus.sum(), rel=0.02)
