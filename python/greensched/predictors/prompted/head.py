"""The head: by what factor a job differs from what ``analytic`` says.

Of the vector of a prompt and the numbers of its job the head takes waves: cosines of random mixtures, so that jobs
count as alike when their vectors are near (what is linear in them is a kernel regression, at the cost of a fixed
width). The vector of the whole prompt cannot tell datacenters apart: they differ by their numbers (hosts and state,
those that ``llm`` knows), and by products of the strongest directions of the vector with what a host is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from greensched.core.types import F64
from greensched.language.tensors import F32
from greensched.predictors.llm.inputs import HOST, Pairs

DIRECTIONS: Final = 12
WAVES: Final = 1024
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


def of_jobs(weights: Mapping[str, F64], pooled: F32, job: F64) -> tuple[F64, F64]:
    """What the head is linear in of jobs, (jobs, ..), and the strongest directions of their vectors.

    Args:
        weights: ``centre``, ``scale``, ``basis`` (width, DIRECTIONS), ``turns`` (width + numbers, waves), ``phases``.
        pooled: vectors of the prompts, (jobs, width).
        job: numbers of the jobs, see :mod:`greensched.predictors.llm.inputs`.
    """
    vectors = standardised(pooled, weights["centre"], weights["scale"])
    turns, phases = weights["turns"], weights["phases"]
    angles = vectors @ turns[: vectors.shape[1]] + job @ turns[vectors.shape[1] :] + phases
    waves = np.cos(angles) * np.sqrt(2.0 / len(phases))
    return np.concatenate([waves, 0.1 * job, np.ones((len(job), 1))], axis=1), vectors @ weights["basis"]


def of_pairs(jobs: F64, strongest: F64, host: F64, state: F64) -> F64:
    """What the head is linear in of pairs, (pairs, ..); the first two are of the job of each pair."""
    crossed = strongest[:, :, None] * host[:, None, _CROSSED]
    return np.concatenate([jobs, host, state, crossed.reshape(len(jobs), -1)], axis=1)


def log_factors(weights: Mapping[str, F64], pooled: F32, job: F64, pairs: Pairs) -> tuple[F64, F64]:
    """Logarithms of run time and energy over those of ``analytic``, each (tasks, datacenters).

    Args:
        weights: as of :func:`of_jobs`, and ``run`` and ``energy``.
        pooled: vectors of the prompts, (tasks, width).
        job: numbers of the tasks, (tasks, ..).
        pairs: numbers of tasks at datacenters.
    """
    jobs, strongest = of_jobs(weights, pooled, job)
    shape = (len(pooled), len(pairs.host[0]) if len(pooled) else 0)
    run, energy = np.zeros(shape), np.zeros(shape)
    for dc in range(shape[1]):
        told = of_pairs(jobs, strongest, pairs.host[:, dc], np.asarray(pairs.state[:, dc]))
        run[:, dc], energy[:, dc] = told @ weights["run"], told @ weights["energy"]
    return np.clip(run, -MOST_LOG, MOST_LOG), np.clip(energy, -MOST_LOG, MOST_LOG)
