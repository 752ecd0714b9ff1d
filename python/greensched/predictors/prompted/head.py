"""The head: by what factor a job differs from what ``analytic`` says, linear in what was read and in known numbers.

The vector of the whole prompt cannot tell datacenters apart: they differ by their numbers (hosts and state, those that
``llm`` knows), and by products of the strongest directions of the vector with what a host is. What is linear can be
learned from few jobs and moves little on what it never saw.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from greensched.core.types import F64
from greensched.language.tensors import F32
from greensched.predictors.llm.inputs import HOST, Pairs
from greensched.predictors.prompted.artefact import PromptModel

DIRECTIONS: Final = 12
MOST_LOG: Final = float(np.log(20.0))
"""No text moves a prediction by more than this factor, in logarithms."""
_STEEP: Final = 5.0  # standard deviations; a state beyond is cut, so that no strange text is told far away
_CROSSED: Final = [
    HOST.index(name) for name in ("log_general", "log_memory", "log_vector", "log_gpu", "log_core_w_100")
]


def standardised(pooled: F32, centre: F64, scale: F64) -> F64:
    """Vectors of prompts (jobs, width) in standard deviations from the usual one."""
    found: F64 = np.clip((pooled - centre) / scale, -_STEEP, _STEEP)
    return found


def features(vectors: F64, basis: F64, job: F64, host: F64, state: F64) -> F64:
    """What the head is linear in, (pairs, width).

    Args:
        vectors: standardised, of the prompt of each pair, (pairs, ..).
        basis: their strongest directions, (.., DIRECTIONS).
        job: numbers of the job of each pair, see :mod:`greensched.predictors.llm.inputs`.
        host: of the host that would take it.
        state: of the datacenter now.
    """
    strongest = vectors @ basis
    crossed = strongest[:, :, None] * host[:, None, _CROSSED]
    return np.concatenate(
        [vectors, job, host, state, crossed.reshape(len(vectors), -1), np.ones((len(vectors), 1))], axis=1
    )


def log_factors(model: PromptModel, pooled: F32, job: F64, pairs: Pairs) -> tuple[F64, F64]:
    """Logarithms of run time and energy over those of ``analytic``, each (tasks, datacenters).

    Args:
        model: trained.
        pooled: vectors of the prompts, (tasks, width).
        job: numbers of the tasks, (tasks, ..).
        pairs: numbers of tasks at datacenters.
    """
    w = model.weights
    vectors = standardised(pooled, w["centre"], w["scale"])
    shape = (len(pooled), len(pairs.host[0]) if len(pooled) else 0)
    run, energy = np.zeros(shape), np.zeros(shape)
    for dc in range(shape[1]):
        told = features(vectors, w["basis"], job, pairs.host[:, dc], np.asarray(pairs.state[:, dc]))
        run[:, dc], energy[:, dc] = told @ w["run"], told @ w["energy"]
    return np.clip(run, -MOST_LOG, MOST_LOG), np.clip(energy, -MOST_LOG, MOST_LOG)
