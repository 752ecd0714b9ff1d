"""What the benchmark `ablations` takes away is gone and nothing else, and what it says of choices is what they cost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from greensched.learning.llm.examples import Texts, table  # noqa: E402
from greensched.predictors.llm.inputs import JOB, job_numbers  # noqa: E402
from greensched.testing.worlds import tasks  # noqa: E402
from tests.mind.models import write_log  # noqa: E402

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"


@pytest.fixture
def data(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import ablation_data

    return ablation_data


@pytest.fixture
def part(data: ModuleType, tmp_path: Path):
    write_log(tmp_path / "feedback.sqlite", answers=4)
    told = table([tmp_path / "feedback.sqlite"], ("A100", "T4"), "full")
    n = len(told)
    words = [text.description for text in told.said]
    starts, hidden = np.arange(n + 1), 4
    states = np.arange(n * 3 * hidden, dtype=np.float16).reshape(n, 3 * hidden)
    spans, each = np.tile([0, 1], (n, 1)), np.arange(n)
    trained = Texts(words, states, starts, spans, np.ones((n, hidden), np.float16), each, each)
    return data.Part(told, trained, replace(trained, states=-states[:, :hidden], owners=np.zeros((n, hidden))))


def test_layers_stand_side_by_side_and_are_cut_out(part):
    assert part.texts((15,)).states[0].tolist() == [8, 9, 10, 11]
    assert part.texts((3, 15)).states[0].tolist() == list(range(4, 12))
    assert part.texts((3,), random=True).states[1].tolist() == [-12, -13, -14, -15]
    assert part.texts((3,), random=True).owners.all()  # who asks is embedded as always
    assert part.texts(()).states.shape == (0, 4) and not part.texts(()).starts.any()


def test_a_source_that_is_taken_away_says_the_same_everywhere(data, part):
    assert set(data.SOURCES) == {"text", "owner's numbers", "state of datacenters", "facts of hosts"}
    told = part.table
    changes = {
        "state of datacenters": {"state", "pue"},
        "facts of hosts": {"host", "speed", "gpu", "core_w", "gpu_w"},
    }
    for source, changed in changes.items():
        found = data.without(source, part, told).table
        for name, column in found.pair.items():
            if name not in changed:
                assert np.array_equal(column, told.pair[name]), name
            elif name not in ("core_w", "gpu_w"):
                assert len(np.unique(column, axis=0)) == 1, name
        assert found.job is told.job
    cores = np.repeat(np.exp(told.job[:, JOB.index("log_cores")]), np.diff(told.first))
    each = found.pair["core_w"] / cores  # a core draws the same everywhere, as much as the usual one
    assert each == pytest.approx(float((told.pair["core_w"] / cores).mean()), rel=1e-5)


def test_without_its_owners_numbers_a_job_is_told_as_one_that_has_none(data, part):
    found = data.without("owner's numbers", part, part.table).table
    untold = job_numbers(tasks(1, expected_s=np.nan, deadline_s=np.inf))[0]
    for name in ("log_expected_s", "no_estimate", "log_allowed_s", "no_deadline"):
        assert found.job[:, JOB.index(name)] == pytest.approx(untold[JOB.index(name)], rel=1e-6), name
    assert np.array_equal(found.job[:, JOB.index("log_cores")], part.table.job[:, JOB.index("log_cores")])


def test_without_text_nothing_is_read(data, part):
    found = data.without("text", part, part.table)
    texts = found.texts(())
    assert texts.descriptions == [""] and not texts.owners.any()
    assert not texts.description.any() and len(texts.description) == len(part.table)
    assert {text.description + text.owner for text in found.table.said} == {""}


def test_what_choices_cost_beyond_the_oracle(data, part, monkeypatch):
    import ablation_scores

    energy_kwh = np.array([1.0, 1.04, 2.0, 1.0, 3.0])
    told = replace(part.table.take(np.arange(3)), first=np.array([0, 2, 4, 5]), energy_kwh=energy_kwh)
    assert ablation_scores.regrets(told, np.log(energy_kwh) + 5.0) == {"all": 0.0, "near ties": 0.0}
    monkeypatch.setattr(ablation_scores, "INTENSITY_SPREAD", 0.0)  # energy alone decides
    found = ablation_scores.regrets(told, np.log([1.04, 1.0, 1.0, 2.0, 3.0]))  # the worse one of two, and no choice
    assert found == pytest.approx({"all": (0.04 + 1.0 + 0.0) / 3, "near ties": 0.04})
