"""Described jobs: their cost follows from their text, and from nothing that the text hides."""

from __future__ import annotations

import re

import numpy as np
import pytest

from greensched.traces.table import Jobs
from greensched.truths import amounts, costs, jobset
from greensched.truths.amounts import EPOCHS, STEPS
from greensched.truths.kinds_of_work import Network
from greensched.truths.machines import REFERENCE, Machine
from greensched.truths.modes import DEFAULT_PRECISION
from greensched.truths.splits import SPLITS
from greensched.truths.truth import truth
from greensched.truths.wording import words
from tests.truths import worked
from tests.truths.reading import read

_EPOCHS = ("epochs", "epoch")
_STEPS = ("steps", "iterations", "optimiser steps", "step", "iteration", "optimiser step")
CLASSES = ("general", "memory", "vector", "gpu")


def description(jobs: Jobs, i: int) -> str:
    assert jobs.description is not None
    return jobs.description.pool[jobs.description.index[i]]


@pytest.mark.parametrize("split", [s for s in SPLITS if s != "drift"])
def test_the_text_alone_tells_the_work(split: str) -> None:
    jobs, meanings = worked.jobs(3, 1500, split, straggler_share=0.0)
    for i in range(len(jobs)):
        row = meanings.apps.rows[meanings.app[i]]
        text = description(jobs, i)
        if isinstance(row.kind, Network):
            assert row.work is not None
            items = words.ITEMS[row.kind.model.unit]
            said = read(text, (*_EPOCHS, *_STEPS, *items))
            assert row.work.inner == 0 or str(row.work.inner) in text
            per = row.kind.dataset.samples * said.sample_frac if said.unit in _EPOCHS else 1.0
            per = row.work.batch if said.unit in _STEPS else per
        else:
            said, per = read(text, (words.several(row.kind.tool.unit),)), 1.0
        samples = said.count * per * said.left_frac * (amounts.DRY_RUN_FRAC if said.dry else 1.0)
        assert samples * meanings.sample_s[i] == pytest.approx(jobs.duration_s[i], rel=1e-9), text


def test_what_is_not_the_default_is_said() -> None:
    jobs, meanings = worked.jobs(4, 3000)
    for i in range(len(jobs)):
        work = meanings.apps.rows[meanings.app[i]].work
        if work is None:
            continue
        text = description(jobs, i)
        if work.precision != DEFAULT_PRECISION:
            assert any(way in text for way in words.PRECISION[work.precision]), text
        if work.batch != work.model.batch:
            assert any(way.format(work.batch) in text for way in words.BATCH), text
        names = (work.model.name, *work.model.aliases)
        assert any(name.lower() in text.lower() for name in names), text
        data = (work.dataset.name, *work.dataset.aliases)
        assert any(name.lower() in text.lower() for name in data), text


def numbers_in(text: str) -> list[float]:
    return [float(x.replace(",", "")) for x in re.findall(r"\d[\d,]*(?:\.\d+)?", text) if x.strip(",")]


def stated(texts: list[str], hidden: list[float]) -> int:
    """How many texts hold a number that is within a promille of the hidden one of their row."""
    return sum(any(abs(x - h) <= 1e-3 * h for x in numbers_in(t)) for t, h in zip(texts, hidden, strict=True))


def test_no_text_states_a_hidden_number() -> None:
    jobs, meanings = worked.jobs(5, 4000)
    found = truth(meanings, [worked.XEON, worked.A100], CLASSES)
    assert jobs.name is not None
    assert jobs.labels is not None
    everything = zip(jobs.name.decode(), jobs.labels.decode(), (description(jobs, i) for i in range(4000)), strict=True)
    texts = [" ".join(parts) for parts in everything]
    shuffled = np.random.default_rng(0).permutation(4000)
    watts = jobs.cores * found.cpu_util_frac * 7 + jobs.gpus * found.gpu_util_frac * 340
    for column in (jobs.duration_s, jobs.duration_s / 60, jobs.duration_s / 3600, found.cpu_util_frac * 100,
                   jobs.duration_s * watts / 3.6e6):  # fmt: skip
        told, by_chance = stated(texts, column.tolist()), stated(texts, column[shuffled].tolist())
        assert told <= by_chance + 4 * np.sqrt(by_chance + 4), (told, by_chance)
    assert not any(re.search(r"\b(kwh|joule|watt|gflop|tflop|seconds?|minutes?|hours?)\b", t, re.I) for t in texts)


def test_a_seed_is_a_seed_and_two_seeds_differ_everywhere() -> None:
    (a, ma), (b, mb), (c, _) = worked.jobs(0, 500), worked.jobs(1, 500), worked.jobs(0, 500)
    assert [description(a, i) for i in range(500)] == [description(c, i) for i in range(500)]
    assert a.duration_s.tobytes() == c.duration_s.tobytes()
    assert not set(a.arrival_s) & set(b.arrival_s)
    assert len({description(a, i) for i in range(500)} & {description(b, i) for i in range(500)}) < 10
    assert [r.kind for r in ma.apps.rows] != [r.kind for r in mb.apps.rows]


def test_applications_do_not_depend_on_how_many_jobs_there_are() -> None:
    _, few = worked.jobs(7, 100)
    _, many = worked.jobs(7, 2000)
    assert few.apps.rows == many.apps.rows


def test_run_times_are_heavy_tailed_as_asked_and_every_size_is_the_applications() -> None:
    jobs, meanings = worked.jobs(8, 20_000)
    log_s = np.log(jobs.duration_s)
    assert np.median(jobs.duration_s) == pytest.approx(1500, rel=0.25)
    assert 1.1 < (np.quantile(log_s, 0.84) - np.quantile(log_s, 0.16)) / 2 < 1.7
    assert jobs.duration_s.max() > 20 * np.median(jobs.duration_s)
    rows = meanings.apps.rows
    assert all(jobs.cores[i] == rows[meanings.app[i]].cores for i in range(200))
    assert (jobs.gpus > 0).mean() == pytest.approx(0.4, abs=0.12)


def test_a_model_gets_as_many_gpus_as_it_needs() -> None:
    jobs, meanings = worked.jobs(9, 3000)
    for i in range(len(jobs)):
        kind = meanings.apps.rows[meanings.app[i]].kind
        if isinstance(kind, Network) and kind.model.params > 60e9:
            assert jobs.gpus[i] >= 4, kind.model.name


def test_stragglers_are_rare_late_and_lucky_for_nobody() -> None:
    plain, _ = worked.jobs(10, 20_000, straggler_share=0.0)
    some, _ = worked.jobs(10, 20_000, straggler_share=0.01)
    factor = some.duration_s / plain.duration_s
    assert (factor > 1).mean() == pytest.approx(0.01, abs=0.003)
    assert factor.min() == 1.0
    assert factor[factor > 1].min() > 1.08
    assert factor.max() <= 3.0


def test_truth_is_relative_to_the_reference() -> None:
    _, meanings = worked.jobs(11, 500)
    itself = Machine("itself", REFERENCE.speed, REFERENCE.gpu_type, REFERENCE.gpu_speed)
    found = truth(meanings, [itself, worked.T4, worked.XEON], CLASSES)
    np.testing.assert_allclose(found.speed[:, 0], 1.0)
    np.testing.assert_allclose(found.cpu_scale[:, 0], 1.0)
    gpu = np.array([meanings.apps.rows[a].work is not None for a, _, _ in meanings.configurations])
    assert (found.speed[gpu, 1] < 1).all()
    assert found.speed[gpu, 1].std() > 0.05  # a T4 is slower, and by how much depends on what is computed
    assert (found.speed > 0).all()


def test_every_job_has_the_truth_of_its_own_work() -> None:
    """Job by job, from its application and what it holds, so that no row can be another's."""
    jobs, meanings = worked.jobs(14, 300)
    found = truth(meanings, [worked.T4, worked.XEON], CLASSES)
    for i in range(len(jobs)):
        row = meanings.apps.rows[meanings.app[i]]
        on = costs.on_machines(row, jobs.cores[i], jobs.gpus[i], [REFERENCE, worked.T4])
        assert found.cpu_util_frac[i] == on.cpu_util_frac[0]
        assert found.gpu_util_frac[i] == on.gpu_util_frac[0]
        told = found.interference[i], found.interference_power[i], found.heat[i]
        assert told == costs.circumstances(row)
        assert CLASSES[found.work_class[i]] == costs.work_class(row)
        assert found.speed[found.configuration[i], 0] == pytest.approx(on.sample_s[0] / on.sample_s[1])
        assert found.cpu_scale[found.configuration[i], 0] == pytest.approx(on.cpu_util_frac[1] / on.cpu_util_frac[0])
        if row.work is not None:
            assert found.gpu_scale[found.configuration[i], 0] == pytest.approx(
                on.gpu_util_frac[1] / on.gpu_util_frac[0]
            )


def test_published_tables_say_of_each_job_what_is_true_of_it() -> None:
    jobs, meanings = worked.jobs(15, 200)
    table, speeds = jobset.meant(meanings, [worked.T4, worked.XEON], CLASSES)
    rows = table.to_pydict()
    speed_of = {
        (c, m): s
        for c, m, s in zip(*(speeds[name].to_pylist() for name in ("configuration", "machine", "speed")), strict=True)
    }
    assert len(speed_of) == speeds.num_rows
    for i in range(len(jobs)):
        row = meanings.apps.rows[meanings.app[i]]
        on = costs.on_machines(row, jobs.cores[i], jobs.gpus[i], [REFERENCE, worked.T4])
        assert speed_of[rows["configuration"][i], "t4"] == pytest.approx(on.sample_s[0] / on.sample_s[1])
        assert rows["cpu_util_frac"][i] == on.cpu_util_frac[0]
        assert rows["heat_per_c"][i] == costs.circumstances(row)[2]
        assert rows["family"][i] == row.kind.family
        assert rows["samples"][i] * on.sample_s[0] * rows["straggler_factor"][i] == pytest.approx(rows["work_s"][i])
        assert rows["precision"][i] == ("" if row.work is None else row.work.precision)


@pytest.mark.parametrize("late", [False, True])
def test_drift_brings_new_families_only_half_way(late: bool) -> None:
    jobs, meanings = worked.jobs(12, 8000, "drift")
    second = jobs.arrival_s >= worked.WEEK_S / 2
    families = np.array([r.kind.family in {"protein", "graph", "seismic"} for r in meanings.apps.rows])[meanings.app]
    if late:
        assert 0.15 < families[second].mean() < 0.65
    else:
        # a batch belongs to the half of its first job
        assert not families[~second].any()


def test_amounts_are_what_people_write() -> None:
    _, meanings = worked.jobs(13, 5000)
    done = meanings.amounts
    epochs = done.count[done.unit == EPOCHS]
    assert (epochs == np.round(epochs)).all()
    assert epochs.max() <= 300
    for x in done.count[done.unit != EPOCHS][:300]:
        assert float(f"{x:.3g}") == x
    assert (done.unit == STEPS).any()
    assert 0.005 < done.dry.mean() < 0.1
    assert 0.01 < (done.resumed_frac > 0).mean() < 0.2
