"""Which words drove a prediction: what it would have been without each of them.

Occlusion: a word is left out of the description, the rest is read again, and the factors on run time and energy at the
chosen datacenter are told. Words interact, so factors of several do not multiply to the whole.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

from greensched.core.types import Observation, Options, TaskTable
from greensched.predictors.llm.predictor import LLMPredictor

MOST_WORDS = 64
_WORD = re.compile(r"\S+")


class Word(NamedTuple):
    """A word, and by what factor it raised the predicted run time and energy."""

    text: str
    run_time: float
    energy: float


def words(predictor: LLMPredictor, observation: Observation, task: TaskTable, dc: int) -> list[Word]:
    """The words of one task's description, those that matter most first.

    Args:
        predictor: started.
        observation: what was known.
        task: one row.
        dc: datacenter.
    """
    text = task.description[0]
    spans = [match.span() for match in _WORD.finditer(text)][:MOST_WORDS]
    if not spans:
        return []
    rows = task.take(np.zeros(len(spans) + 1, dtype=np.intp))
    rows.description = [text, *(f"{text[:begin].rstrip()} {text[end:].lstrip()}".strip() for begin, end in spans)]
    here = Options(np.array([dc], dtype=np.int32), np.array([observation.t_s]), np.ones(1))
    told = predictor.predict(observation, rows, here)
    run_s, energy_kwh = (told.service_time_s - told.wait_s)[:, 0], told.energy_kwh[:, 0]
    found = [
        Word(text[begin:end], float(run_s[0] / run_s[i]), float(energy_kwh[0] / energy_kwh[i]))
        for i, (begin, end) in enumerate(spans, start=1)
    ]
    return sorted(found, key=lambda word: -abs(np.log(word.energy)) - abs(np.log(word.run_time)))
