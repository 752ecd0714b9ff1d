"""Detectors fire on a rise of errors, within some dozens of reports, and on nothing else."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np
import pytest

from greensched.core.errors import ConfigError
from greensched.learning.drift import Detector, DriftWatch, make_detector

pytest.importorskip("river")
BOTH = pytest.mark.parametrize("name", ["adwin", "page-hinkley"])


def errors(scale: float, n: int, seed: int) -> Any:
    return np.abs(np.random.default_rng(seed).normal(0, scale, n))


def first(watch: DriftWatch, energy: Any, service: Any) -> int | None:
    for i in range(len(energy)):
        if watch.see(energy[i : i + 1], service[i : i + 1]):
            return i
    return None


@BOTH
def test_a_rise_is_found_and_said_of_what(name: Detector) -> None:
    watch = DriftWatch(name)
    assert first(watch, errors(0.05, 2000, 1), errors(0.05, 2000, 2)) is None, "luck alone"
    found = first(watch, errors(0.25, 500, 3), errors(0.05, 500, 4))
    assert found is not None
    assert found < 150
    assert watch.fired == {"energy": 1, "service": 0}


@BOTH
def test_a_fall_is_no_reason_to_learn(name: Detector) -> None:
    watch = DriftWatch(name)
    assert first(watch, errors(0.3, 1000, 1), errors(0.3, 1000, 2)) is None
    assert first(watch, errors(0.05, 1000, 3), errors(0.05, 1000, 4)) is None


@BOTH
def test_numbers_that_are_none_are_passed_over(name: Detector) -> None:
    assert DriftWatch(name).see(np.array([np.nan, np.inf, 0.1]), np.array([np.nan])) == []


def test_without_river_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("river"):
            raise ImportError("no river")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigError, match=r"pip install 'greensched\[learn\]'"):
        make_detector("adwin")
