"""The head that serves (numpy) and the head that is trained (torch) are one network."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from greensched.learning.llm.network import Batch, Network  # noqa: E402
from greensched.predictors.llm.head import Head, Sizes  # noqa: E402
from greensched.predictors.llm.inputs import HOST, JOB, STATE, Pairs  # noqa: E402
from greensched.predictors.llm.numbers import VALUES  # noqa: E402

SIZES = Sizes(state=32, d=16, queries=3, heads=2, z=24, host=8, gpu_types=3)
LENGTHS, DCS = np.array([5, 2, 5, 1]), 3


@pytest.fixture(scope="module")
def case():
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    network = Network(SIZES)
    network.centre.copy_(torch.from_numpy(rng.normal(size=32).astype(np.float32)))
    network.scale.copy_(torch.from_numpy(rng.uniform(0.5, 2, 32).astype(np.float32)))
    with torch.no_grad():
        for parameter in network.parameters():  # nothing may hide behind a zero of the initialisation
            parameter.add_(0.1 * torch.randn_like(parameter))
    network.eval()
    starts = np.concatenate([[0], np.cumsum(LENGTHS)])
    n, tokens = len(LENGTHS), int(starts[-1])
    states = rng.normal(size=(tokens, 32)).astype(np.float32) * 3
    states[1, 4] = 900.0  # as base models have them
    values = np.zeros((tokens, VALUES))
    values[2], values[6] = (1, 12.5, 0, 0), (1, np.log(60.0), 1, np.log(0.4))
    job = rng.normal(size=(n, len(JOB)))
    job[:, JOB.index("has_gpus")] = [0, 1, 1, 0]
    shape = (n, DCS)
    pairs = Pairs(
        rng.normal(size=(*shape, len(HOST))), rng.integers(0, 4, shape), rng.normal(size=(*shape, len(STATE))),
        rng.uniform(0.5, 2, (*shape, 4)), rng.uniform(10, 300, shape), rng.uniform(0, 300, shape),
        rng.uniform(1.05, 1.6, shape), np.ones(shape, dtype=bool),
    )  # fmt: skip
    return network, states, values, starts, rng.normal(size=(n, 32)).astype(np.float32), job, pairs


def as_batch(states, values, starts, owner, job, pairs) -> Batch:
    """Padded, as training sees it."""
    n, longest = len(LENGTHS), LENGTHS.max()
    x, v, real = np.zeros((n, longest, 32)), np.zeros((n, longest, VALUES)), np.zeros((n, longest), dtype=bool)
    for i in range(n):
        part = slice(starts[i], starts[i + 1])
        x[i, : LENGTHS[i]], v[i, : LENGTHS[i]], real[i, : LENGTHS[i]] = states[part], values[part], True
    flat = {name: getattr(pairs, name).reshape(n * DCS, *getattr(pairs, name).shape[2:]) for name in Batch._fields[6:]}
    floats = {k: torch.from_numpy(a.astype(np.float32) if a.dtype == np.float64 else a) for k, a in flat.items()}
    return Batch(
        torch.from_numpy(x).float(), torch.from_numpy(v).float(), torch.from_numpy(real), torch.from_numpy(owner),
        torch.from_numpy(job).float(), torch.from_numpy(np.repeat(np.arange(n), DCS)), **floats,
    )  # fmt: skip


def test_both_answer_alike_to_1e_minus_4(case):
    network, states, values, starts, owner, job, pairs = case
    head = Head(network.weights(), SIZES)
    served = head.predict(head.pool(states, owner, values, starts), job, pairs)
    with torch.no_grad():
        trained = [column.numpy().reshape(len(job), DCS) for column in network(as_batch(*case[1:]))]
    for mine, theirs in zip(served, trained, strict=True):
        np.testing.assert_allclose(np.exp(mine), np.exp(theirs), rtol=1e-4)


def test_a_text_is_pooled_alike_whoever_is_with_it(case):
    network, states, values, starts, owner, _, _ = case
    head = Head(network.weights(), SIZES)
    together = head.pool(states, owner, values, starts)
    for i in range(len(LENGTHS)):
        part = slice(starts[i], starts[i + 1])
        alone = head.pool(states[part], owner[i : i + 1], values[part], np.array([0, LENGTHS[i]]))
        np.testing.assert_allclose(alone[0], together[i], rtol=2e-5, atol=2e-5)


def test_power_stays_within_twice_what_is_held(case):
    network, states, values, starts, owner, job, pairs = case
    head = Head({name: 50.0 * value for name, value in network.weights().items()}, SIZES)  # a model gone wild
    told = head.predict(head.pool(states, owner, values, starts), job, pairs)
    most_w = (pairs.core_w + pairs.gpu_w) * pairs.pue
    power_w = np.exp(told.log_energy - told.log_run) * 3.6e6
    assert (power_w <= 2.02 * most_w).all()
