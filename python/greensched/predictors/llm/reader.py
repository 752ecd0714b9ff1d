"""Reads jobs: each distinct text once, by the base model, and remembers what the head made of it.

A job has two texts. Its *description* is read token by token (or its name, where nobody described it). Who owns it and
what it is called recur from run to run and say little, so their mean embedding is enough. Both are fields of the
prompt, escaped by its renderer. What is remembered are vectors of the head, so a recurring job costs a look-up; the
memory is bounded, and of texts too long to be remembered only begin and end are read.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from greensched.core.types import TaskTable
from greensched.language import Encoder
from greensched.predictors.llm.head import F32, Head
from greensched.predictors.llm.lexicon import Vocabulary, to_read
from greensched.prompts import PromptRenderer

K = TypeVar("K")

MOST_TOKENS = 192
REMEMBERED_TEXTS, REMEMBERED_OWNERS = 16_384, 8_192
_DESCRIPTION = "Description: "


class Said(NamedTuple):
    """The two texts of a job: who asks and what it is called; what it is to do."""

    owner: str
    description: str


def said(renderer: PromptRenderer, tasks: TaskTable) -> list[Said]:
    """The texts of tasks; no job's number, no time, so that equal jobs have equal ones."""
    texts = []
    for words, name, described in zip(renderer.words(tasks), tasks.name, tasks.description, strict=True):
        # inside of fields the renderer escapes its own headers, so this one is the renderer's
        owner, _, description = words.partition(_DESCRIPTION)
        texts.append(Said(owner, _bare(description) if described else name[:MOST_TOKENS]))
    return texts


def _bare(field: str) -> str:
    """What stands in a field, without its quotes and the end of the sentence."""
    return field.removesuffix(".").removeprefix('"').removesuffix('"')


class Reader:
    """Turns texts into what the head remembers of them.

    Args:
        encoder: of the base model.
        head: that pools.
        vocabulary: that the head knows.
        reads: whether the base model reads what the vocabulary does not have.
    """

    def __init__(self, encoder: Encoder, head: Head, vocabulary: Vocabulary, *, reads: bool = True) -> None:
        self._encoder, self._head, self._vocabulary, self._reads = encoder, head, vocabulary, reads
        self._pooled: Memory[Said] = Memory(REMEMBERED_TEXTS)
        self._owners: Memory[str] = Memory(REMEMBERED_OWNERS)

    def pooled(self, texts: Sequence[Said]) -> tuple[F32, NDArray[np.bool_]]:
        """A vector for each, (texts, head.sizes.pooled), and whether it has unfamiliar words."""
        found = self._pooled.get(texts, self._pool)
        return found[:, :-1], found[:, -1] > 0

    def _pool(self, texts: list[Said]) -> F32:
        owner = self._owners.get(
            [text.owner for text in texts], lambda owners: self._encoder.embed(owners, MOST_TOKENS)
        )
        descriptions = [text.description for text in texts]
        known = self._vocabulary.known(descriptions)
        unfamiliar = known.unfamiliar
        to_be_read = np.flatnonzero(unfamiliar & self._reads)
        found = self._encoder.encode([descriptions[i] for i in to_be_read], MOST_TOKENS)
        lengths = np.zeros(len(texts), dtype=np.int64)
        lengths[to_be_read] = found.lengths
        wanted, starts, token = to_read(known, found.spans, np.concatenate([[0], np.cumsum(lengths)]))
        vectors = self._head.pool(known, found.states[wanted], starts, token, owner)
        return np.concatenate([vectors, unfamiliar[:, None].astype(np.float32)], axis=1)


class Memory(Generic[K]):
    """The vectors of the most recent texts, at most so many."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: OrderedDict[K, F32] = OrderedDict()

    def get(self, keys: Sequence[K], make: Callable[[list[K]], F32]) -> F32:
        """The vectors of ``keys``; those that nobody remembers are made in one call."""
        known = self._known
        missing = [key for key in dict.fromkeys(keys) if key not in known]
        made = dict(zip(missing, make(missing), strict=True)) if missing else {}
        rows = [made[key] if key in made else known[key] for key in keys]
        known.update(made)
        for key in dict.fromkeys(keys):
            known.move_to_end(key)
        while len(known) > self._most:
            known.popitem(last=False)
        return np.stack(rows) if rows else np.zeros((0, 0), np.float32)
