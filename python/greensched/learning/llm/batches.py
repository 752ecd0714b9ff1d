"""Batches for training: what is read in the texts of some jobs, with words that are forgotten, and their pairs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from greensched.core.types import I64
from greensched.learning.llm.examples import Table, Texts
from greensched.learning.llm.network import Batch
from greensched.predictors.llm.lexicon import UNKNOWN, Vocabulary, number_tokens, word_of_tokens


class Less(NamedTuple):
    """What a step of training leaves out.

    Attributes:
        rng: draws it.
        words: share of the words that are read as if nobody had met them.
        pairs: share of the texts whose pairs of words have no effects, so that the words alone learn to explain them.
        datacenters: so many pairs of a job are enough for a step, 0: all; they say much the same about it.
    """

    rng: np.random.Generator
    words: float = 0.0
    pairs: float = 0.0
    datacenters: int = 0


class Batches:
    """Makes batches of a table and of what was read in its texts.

    Args:
        table: jobs and pairs.
        texts: of the table.
        vocabulary: that the network knows.
    """

    def __init__(self, table: Table, texts: Texts, vocabulary: Vocabulary) -> None:
        self.table, self.texts = table, texts
        self.known = vocabulary.known(texts.descriptions)
        self.weights: Sequence[Tensor] = ()  # of what reads, where it is trained beside the network
        self._word = word_of_tokens(self.known, texts.spans, texts.starts)
        self._token = number_tokens(self.known, texts.spans, texts.starts)
        self._pair = {name: torch.from_numpy(np.ascontiguousarray(c)) for name, c in table.pair.items()}
        self._log_run = torch.from_numpy(np.log(table.run_s)).float()
        self._log_energy = torch.from_numpy(np.log(table.energy_kwh)).float()

    def batch(self, jobs: NDArray[np.int64], less: Less | None = None) -> tuple[Batch, Tensor, Tensor]:
        """Inputs, and logarithms of run time and energy, of some jobs.

        Args:
            jobs: rows of the table.
            less: what is left out.
        """
        table = self.table
        pairs, row, _ = _ragged(table.first, jobs)
        if less is not None and less.datacenters:
            kept = _some(row, less.datacenters, less.rng)
            pairs, row = pairs[kept], row[kept]
        at = torch.from_numpy(pairs)
        batch = Batch(
            **{name: torch.as_tensor(values) for name, values in self._read(jobs, less).items()},
            owner=torch.from_numpy(self.texts.owners[self.texts.owner[jobs]]).float(),
            job=torch.from_numpy(table.job[jobs]),
            row=torch.from_numpy(row),
            **{name: column[at] for name, column in self._pair.items()},
        )
        return batch, self._log_run[at], self._log_energy[at]

    def _states(self, tokens: I64) -> Any:
        """States of some tokens of the texts, float32 (tokens, state)."""
        return self.texts.states[tokens].astype(np.float32)

    def _read(self, jobs: I64, less: Less | None) -> dict[str, Any]:
        """What is read in the texts of some jobs: known words, and the tokens of the others."""
        texts, known = self.texts, self.known
        which = texts.description[jobs]
        words, _, first_word = _ragged(known.word_first, which)
        lost = known.words[words] == UNKNOWN
        if less is not None and less.words:
            lost |= less.rng.random(len(words)) < less.words
        shift = first_word - known.word_first[which]  # from the place of a word in all texts to that in these

        def is_lost(place: I64, job: I64) -> NDArray[np.bool_]:
            return np.append(lost, False)[np.where(place >= 0, place + shift[job], -1)]

        grams, gram_job, _ = _ragged(known.gram_first, which)
        kept = ~is_lost(known.gram_words[grams, 0], gram_job) & ~is_lost(known.gram_words[grams, 1], gram_job)
        if less is not None and less.pairs:
            paired = known.gram_words[grams, 0] != known.gram_words[grams, 1]
            kept &= ~(paired & (less.rng.random(len(jobs)) < less.pairs)[gram_job])
        tokens, token_job, first_token = _ragged(texts.starts, which)
        wanted = is_lost(self._word[tokens], token_job)
        numbers, number_job, _ = _ragged(known.number_first, which)
        token = self._token[numbers] - texts.starts[which][number_job] + first_token[number_job]
        there = np.append(wanted, False)[np.where(self._token[numbers] >= 0, token, -1)]
        beside = {
            name: np.where(is_lost(place, number_job), UNKNOWN, known.word(place))
            for name, place in (("following", known.following[numbers]), ("before", known.before[numbers]))
        }
        return beside | {
            "grams": known.grams[grams[kept]], "gram_job": gram_job[kept],
            "states": self._states(tokens[wanted]), "token_job": token_job[wanted],
            "amount": known.amount[numbers].astype(np.float32), "left": known.left[numbers].astype(np.float32),
            "token": np.where(there, np.append(np.cumsum(wanted) - 1, -1)[np.where(there, token, -1)], -1),
            "number_job": number_job,
        }  # fmt: skip


def _ragged(first: I64, rows: I64) -> tuple[I64, I64, I64]:
    """Members of some rows, the place of each one's row in ``rows``, and where the members of each begin."""
    lengths = first[rows + 1] - first[rows]
    begin = np.cumsum(lengths) - lengths
    members = np.repeat(first[rows] - begin, lengths) + np.arange(lengths.sum())
    return members, np.repeat(np.arange(len(rows)), lengths), begin


def _some(row: I64, most: int, rng: np.random.Generator) -> I64:
    """At most so many places of each row, drawn at random, in order; equal rows stand together."""
    order = np.lexsort((rng.random(len(row)), row))
    rank = np.arange(len(row)) - np.searchsorted(row, row)
    return np.sort(order[rank < most])
