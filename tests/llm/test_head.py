"""The head that serves (numpy) and the head that is trained (torch) are one network."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from greensched.learning.llm.network import Batch, Network  # noqa: E402
from greensched.predictors.llm.head import Head, Sizes, most_log_energy  # noqa: E402
from greensched.predictors.llm.inputs import HOST, JOB, STATE, Pairs  # noqa: E402
from greensched.predictors.llm.lexicon import Known  # noqa: E402

SIZES = Sizes(state=32, owner=12, words=9, d=16, z=24, host=8, gpu_types=3)
LENGTHS, DCS = np.array([5, 2, 5, 0, 1]), 3
STARTS = np.concatenate([[0], np.cumsum(LENGTHS)])
KNOWN = Known(
    words=np.array([1, 4, 0, 2, 7, 3, 4, 0]), word_spans=np.zeros((8, 2), np.int64),
    grams=np.array([1, 4, 8, 2, 3, 4]), gram_words=np.zeros((6, 2), np.int64),
    following=np.array([1, -1, 4, 7]), before=np.array([2, 0, 3, -1]), amount=np.array([1.5, -0.7, -2.0, 2.5]),
    left=np.array([0.0, np.log(0.4), 0.0, 0.0]), end=np.array([4, 9, 2, 1]),
    word_first=np.array([0, 3, 3, 6, 7, 8]), gram_first=np.array([0, 3, 3, 5, 6, 6]),
    number_first=np.array([0, 2, 2, 3, 3, 4]),
)  # fmt: skip
TOKEN = np.array([2, -1, 8, -1])


@pytest.fixture(scope="module")
def case():
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    network = Network(SIZES)
    for name, width in (("", 32), ("owner_", 12)):
        getattr(network, f"{name}centre").copy_(torch.from_numpy(rng.normal(size=width).astype(np.float32)))
        getattr(network, f"{name}scale").copy_(torch.from_numpy(rng.uniform(0.5, 2, width).astype(np.float32)))
    with torch.no_grad():
        for parameter in network.parameters():  # nothing may hide behind a zero of the initialisation
            parameter.add_(0.1 * torch.randn_like(parameter))
    network.eval()
    n = len(LENGTHS)
    states = rng.normal(size=(STARTS[-1], 32)).astype(np.float32) * 3
    states[1, 4] = 900.0  # as base models have them
    job = rng.normal(size=(n, len(JOB)))
    job[:, JOB.index("has_gpus")] = [0, 1, 1, 0, 1]
    job[:, JOB.index("no_estimate")] = [0, 0, 1, 0, 0]
    shape = (n, DCS)
    pairs = Pairs(
        rng.normal(size=(*shape, len(HOST))), rng.integers(0, 4, shape), rng.normal(size=(*shape, len(STATE))),
        rng.uniform(0.5, 2, (*shape, 4)), rng.uniform(10, 300, shape), rng.uniform(0, 300, shape),
        rng.uniform(1.05, 1.6, shape), np.ones(shape, dtype=bool),
    )  # fmt: skip
    return network, states, rng.normal(size=(n, 12)).astype(np.float32), job, pairs


def as_batch(states, owner, job, pairs) -> Batch:
    """As training sees it."""
    n = len(LENGTHS)
    flat = {name: getattr(pairs, name).reshape(n * DCS, *getattr(pairs, name).shape[2:]) for name in PAIR}
    arrays = {
        "grams": KNOWN.grams, "gram_job": np.repeat(np.arange(n), np.diff(KNOWN.gram_first)),
        "states": states, "token_job": np.repeat(np.arange(n), LENGTHS), "following": KNOWN.word(KNOWN.following),
        "before": KNOWN.word(KNOWN.before), "amount": KNOWN.amount, "left": KNOWN.left, "token": TOKEN,
        "number_job": np.repeat(np.arange(n), np.diff(KNOWN.number_first)), "owner": owner, "job": job,
        "row": np.repeat(np.arange(n), DCS),
    }  # fmt: skip
    return Batch(**{
        k: torch.from_numpy(a.astype(np.float32) if a.dtype == np.float64 else a) for k, a in (arrays | flat).items()
    })  # fmt: skip


PAIR = ("host", "gpu", "state", "speed", "core_w", "gpu_w", "pue")


def pooled(head: Head, states, owner):
    return head.pool(KNOWN, states, STARTS, TOKEN, owner)


def test_both_answer_alike_to_1e_minus_4(case):
    network, states, owner, job, pairs = case
    head = Head(network.weights(), SIZES)
    served = head.predict(pooled(head, states, owner), job, pairs)
    with torch.no_grad():
        trained = [column.numpy().reshape(len(job), DCS) for column in network(as_batch(*case[1:]))]
        second = [column.numpy().reshape(len(job), DCS) for column in network.second_opinion(as_batch(*case[1:]))]
    for mine, theirs in zip((*served, *head.second(job, pairs)), (*trained, *second), strict=True):
        np.testing.assert_allclose(np.exp(mine), np.exp(theirs), rtol=1e-4)


def test_a_silent_base_model_is_one_that_read_no_token(case):
    network, states, owner, job, pairs = case
    head = Head(network.weights(), SIZES)
    none, nowhere = np.zeros(len(STARTS), np.int64), np.full_like(TOKEN, -1)
    served = head.predict(head.pool(KNOWN, states[:0], none, nowhere, owner), job, pairs)
    batch = as_batch(states[:0], owner, job, pairs)
    batch = batch._replace(token_job=batch.token_job[:0], token=torch.from_numpy(nowhere))
    with torch.no_grad():
        trained = network(batch)[0].numpy().reshape(len(job), DCS)
    np.testing.assert_allclose(np.exp(served.log_run), np.exp(trained), rtol=1e-4)


def test_a_number_in_company_that_nobody_understands_means_nothing(case):
    """The last one: no word before it, an unfamiliar one after it, and nobody read there."""
    network, states, owner, _, _ = case
    head = Head(network.weights(), SIZES)
    huge = np.array([0.0, 0.0, 0.0, 30.0])
    more = dataclasses.replace(KNOWN, amount=KNOWN.amount + huge)
    np.testing.assert_array_equal(head.pool(more, states, STARTS, TOKEN, owner), pooled(head, states, owner))
    read = np.where(huge > 0, STARTS[4], TOKEN)
    assert (head.pool(more, states, STARTS, read, owner)[4] != head.pool(KNOWN, states, STARTS, read, owner)[4]).any()


def test_a_text_is_pooled_alike_whoever_is_with_it(case):
    network, states, owner, _, _ = case
    head = Head(network.weights(), SIZES)
    together = pooled(head, states, owner)
    for i in range(len(LENGTHS)):
        words, grams, numbers = (
            slice(*first[i : i + 2]) for first in (KNOWN.word_first, KNOWN.gram_first, KNOWN.number_first)
        )
        own = Known(
            KNOWN.words, KNOWN.word_spans, KNOWN.grams[grams], KNOWN.gram_words[grams],
            *(getattr(KNOWN, name)[numbers] for name in ("following", "before", "amount", "left", "end")),
            *(np.array([0, part.stop - part.start]) for part in (words, grams, numbers)),
        )  # fmt: skip
        tokens, token = slice(*STARTS[i : i + 2]), np.where(TOKEN[numbers] >= 0, TOKEN[numbers] - STARTS[i], -1)
        alone = head.pool(own, states[tokens], np.array([0, LENGTHS[i]]), token, owner[i : i + 1])
        np.testing.assert_allclose(alone[0], together[i], rtol=2e-5, atol=2e-5)


def test_power_stays_within_twice_what_is_held(case):
    network, states, owner, job, pairs = case
    head = Head({name: 50.0 * value for name, value in network.weights().items()}, SIZES)  # a model gone wild
    told = head.predict(pooled(head, states, owner), job, pairs)
    most_w = (pairs.core_w + pairs.gpu_w) * pairs.pue
    power_w = np.exp(told.log_energy - told.log_run) * 3.6e6
    assert (power_w <= 2.02 * most_w).all()
    most = most_log_energy(told.log_run, pairs.core_w, pairs.gpu_w, pairs.pue)
    np.testing.assert_allclose(np.exp(most - told.log_run) * 3.6e6, np.exp(0.7) * most_w, rtol=1e-9)
