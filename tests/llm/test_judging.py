"""Judging and calibration of `llm`: what is said of a model is true of what it serves."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from greensched.core.types import Options  # noqa: E402
from greensched.feedback.outcomes import outcomes  # noqa: E402
from greensched.learning.llm import fit, judging  # noqa: E402
from greensched.learning.llm.batches import Batches  # noqa: E402
from greensched.learning.llm.examples import read, table  # noqa: E402
from greensched.learning.llm.needs_torch import network_of  # noqa: E402

NAMES = ("A100", "T4")


def test_jobs_without_text_are_judged_as_they_are_served(shipped, log):
    """Every other job has no description: it is told the second opinion alone."""
    jobs = table([log], shipped.artefact.gpu_names, shipped.artefact.level)
    told = [s._replace(description="") if i % 2 else s for i, s in enumerate(jobs.said)]
    jobs = dataclasses.replace(jobs, said=told)
    batches = Batches(jobs, read(shipped.encoder, told, descriptions=False), shipped.artefact.vocabulary)
    network = network_of(shipped.artefact)
    judged = judging.joint(jobs, batches, fit.predictions(network, batches), shipped.artefact)
    i, run_s, energy_kwh = 0, [], []
    for part in outcomes(log):
        words = list(part.tasks.description)
        for row in part.row.tolist():
            words[row], i = ("" if i % 2 else words[row]), i + 1
        seen = part.observation
        shipped.start(seen.world)
        asked = dataclasses.replace(part.tasks, description=words)
        served = shipped.predict(seen, asked, Options.now_everywhere(seen.world.n_datacenters, seen.t_s))
        run_s.append((served.service_time_s - served.wait_s)[part.row, part.dc])
        energy_kwh.append(served.energy_kwh[part.row, part.dc])
    blank = np.arange(len(jobs)) % 2 == 1  # those with text are joined over all datacenters, of which a log tells one
    np.testing.assert_allclose(np.exp(judged.log_run)[blank], np.concatenate(run_s)[blank], rtol=1e-3)
    np.testing.assert_allclose(np.exp(judged.log_energy)[blank], np.concatenate(energy_kwh)[blank], rtol=1e-3)


def test_jobs_without_text_do_not_calibrate_those_with(shipped, log):
    jobs = table([log], NAMES, "full")
    jobs = dataclasses.replace(jobs, said=[s._replace(description="") for s in jobs.said])
    texts = read(shipped.encoder, jobs.said, descriptions=False)
    batches = Batches(jobs, texts, shipped.artefact.vocabulary)
    again, _ = judging.on_batches(shipped.artefact, [batches], fit, shipped.artefact)
    assert again.doubts == shipped.artefact.doubts
    assert again.quantiles == shipped.artefact.quantiles


def test_texts_with_forgotten_words_calibrate_those_with_unfamiliar_ones(shipped, log):
    jobs = table([log], NAMES, "full")
    told = [said_._replace(description="Train BERT-base on SQuAD, 3 epochs") for said_ in jobs.said]
    jobs = dataclasses.replace(jobs, said=told)
    texts = read(shipped.encoder, told, descriptions=False)
    usual = judging.calibrated(shipped.artefact, [(jobs, texts)])
    assert usual.doubts[2:] == usual.doubts[:2]  # nobody was unfamiliar, so nothing is known of these
    forgetful = judging.calibrated(shipped.artefact, [(jobs, texts)], forget=0.5)
    assert forgetful.doubts[:2] == usual.doubts[:2]
    assert forgetful.doubts[2:] != usual.doubts[2:]
    assert forgetful.quantiles["0.9"]["run"][:2] == usual.quantiles["0.9"]["run"][:2]
