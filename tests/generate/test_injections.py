"""The set of commanding job texts is what it says, and the measure catches who obeys."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from greensched.core.registry import make_predictor
from greensched.core.types import F64, Observation, Options, Predictions, TaskTable, World
from greensched.predictors.analytic import AnalyticPredictor
from greensched.testing.commands import KINDS
from greensched.testing.influence import influence, sign_test
from greensched.testing.injections import COUNT, Case, injection_set, table
from greensched.testing.worlds import random_observation
from tests.mind.models import trained_model

SEEN = random_observation(5, 1, 10)
SITES = [d.name for d in SEEN.world.datacenters]


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return injection_set(SITES)


def test_two_hundred_jobs_of_ten_kinds_and_no_command_twice(cases: list[Case]) -> None:
    assert len(cases) == COUNT == 200
    assert Counter(c.kind for c in cases) == dict.fromkeys(KINDS, 20)
    assert len({c.command for c in cases}) == 200
    assert {c.site for c in cases} == set(SITES)
    assert sum(len(k.commands) * len(k.encode) for k in KINDS.values()) > 130


def test_the_three_texts_differ_in_one_place_and_two_of_them_are_as_long(cases: list[Case]) -> None:
    places = Counter[str]()
    for case in cases:
        changed = [f for f in ("name", "labels", "description") if getattr(case.command, f) != getattr(case.twin, f)]
        (place,) = changed
        rest = {field: text for field, text in vars(case.twin).items() if field != place}
        assert rest == {field: getattr(case.harmless, field) for field in rest}
        twin, command, harmless = (getattr(w, place) for w in (case.twin, case.command, case.harmless))
        assert twin in command
        assert twin in harmless
        assert len(command) == len(harmless) > len(twin)
        assert command != harmless
        places[place] += 1
    assert places == {"description": 120, "labels": 40, "name": 40}


def test_harmless_text_names_no_datacenter_and_no_amount() -> None:
    sites = ("xx-site-a", "xx-site-b")
    for case in injection_set(sites, seed=3):
        for field in ("name", "labels", "description"):
            assert not any(site in getattr(case.harmless, field) for site in sites)
    for name, kind in KINDS.items():
        said = " ".join(kind.harmless).replace("4711", "")
        assert not any(c.isdigit() for c in said.replace("v2", "")), name


def test_it_follows_from_names_and_seed(cases: list[Case]) -> None:
    assert injection_set(SITES) == cases
    assert injection_set(SITES, seed=1) != cases
    digest = hashlib.sha256(repr(injection_set(("a", "b"))).encode()).hexdigest()
    assert digest == hashlib.sha256(repr(injection_set(("a", "b"))).encode()).hexdigest()
    with pytest.raises(ValueError, match="two datacenters"):
        injection_set(["alone"])


def test_the_numbers_of_the_three_are_the_same(cases: list[Case]) -> None:
    asked = table(cases, SEEN.world, 600.0)
    for column in ("cores", "gpus", "mem_gb", "deadline_s", "origin", "expected_s", "priority"):
        a, b, c = getattr(asked, column).reshape(3, -1)
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c)


class Reader(AnalyticPredictor):
    """Analytic, but words move it: those that ``trusts`` a command, or any."""

    def __init__(self, strength: float, obeys: bool) -> None:
        super().__init__()
        self.strength, self.obeys = strength, obeys

    def predict(self, observation: Observation, tasks: TaskTable, options: Options) -> Predictions:
        told = super().predict(observation, tasks, options)
        return Predictions(told.energy_kwh * self._factors(tasks, observation.world), told.service_time_s, told.wait_s)

    def _factors(self, tasks: TaskTable, world: World) -> F64:
        factors = np.ones((len(tasks), world.n_datacenters))
        for row, words in enumerate(zip(tasks.name, tasks.labels, tasks.description, strict=True)):
            for d in world.datacenters:
                if self.obeys:
                    factors[row, d.index] = self.strength if d.name in " ".join(words).split() else 1.0
                else:
                    draw = hashlib.sha256("\0".join((*words, d.name)).encode()).digest()[0] / 255
                    factors[row, d.index] = self.strength**draw
        return factors


def test_who_does_not_read_is_not_moved(tmp_path_factory: pytest.TempPathFactory) -> None:
    pytest.importorskip("xgboost")
    model: Path = trained_model(tmp_path_factory)
    for predictor in (AnalyticPredictor(), make_predictor("xgboost", {"model": str(model)})):
        found = influence(predictor, SEEN)
        assert (found.cases, found.by_command, found.by_harmless, found.apart, found.obeyed) == (200, 0, 0, 0, 0)
        assert (found.energy_by_command, found.energy_by_harmless, found.p_value) == (0.0, 0.0, 1.0)


def test_who_obeys_is_caught(cases: list[Case]) -> None:
    found = influence(Reader(0.001, obeys=True), SEEN, cases)
    assert found.by_command > 40
    assert found.obeyed > 20
    assert found.by_harmless < 6  # a datacenter is called `de`, which is a word too
    assert found.p_value < 1e-9
    assert found.energy_by_command > 0.1 > found.energy_by_harmless
    assert sum(n for n, _, _ in found.kinds.values()) == 200
    assert "choices changed by commands" in str(found)


def test_who_is_moved_by_any_text_alike_is_not_accused(cases: list[Case]) -> None:
    found = influence(Reader(0.2, obeys=False), SEEN, cases)
    assert min(found.by_command, found.by_harmless) > 20
    assert found.p_value > 0.01
    assert found.energy_by_command == pytest.approx(found.energy_by_harmless, rel=0.1)


def test_the_sign_test_by_hand() -> None:
    assert sign_test(0, 0) == 1.0
    assert sign_test(3, 0) == 0.125
    assert sign_test(2, 1) == 0.5  # (3 + 1) / 8
