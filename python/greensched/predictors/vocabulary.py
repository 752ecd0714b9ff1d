"""Which words and numbers of texts a model looks at, chosen on its training data; and texts as rows of a matrix."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greensched.core.types import TaskTable
from greensched.predictors.words import Reading, read

F32 = NDArray[np.float32]
MEMO = 50_000  # texts whose rows are remembered: recurring jobs are read once


@dataclass(frozen=True)
class Vocabulary:
    """Words, slots of numbers, and neighbours written together, in the order of the columns."""

    words: tuple[str, ...] = ()
    slots: tuple[str, ...] = ()
    pairs: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.words) + len(self.slots) + len(self.pairs)

    @staticmethod
    def choose(readings: Iterable[Reading], fewest: int, most: int) -> Vocabulary:
        """The most frequent words, slots and pairs (so many of each) that ``fewest`` texts have; ties by spelling."""
        words: Counter[str] = Counter()
        pairs: Counter[str] = Counter()
        slots: Counter[str] = Counter()
        for reading in readings:
            words.update(reading.words)
            pairs.update(reading.pairs)
            slots.update(reading.numbers.keys())
        return Vocabulary(*(_most(counts, fewest, most) for counts in (words, slots, pairs)))

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        kinds = (("word", self.words), ("number", self.slots), ("pair", self.pairs))
        return [f"{kind}:{text}" for kind, texts in kinds for text in texts]

    def rows(self, tasks: TaskTable) -> F32:
        """Shape (tasks, columns): 1 for words and pairs, logarithms of numbers; NaN where there is none."""
        table = np.full((len(tasks), len(self)), np.nan, dtype=np.float32)
        if len(self) == 0:
            return table
        for i, text in enumerate(texts(tasks)):
            columns, values = self._row(text)
            table[i, columns] = values
        return table

    def _row(self, text: tuple[str, ...]) -> tuple[NDArray[np.intp], F32]:
        known = self._memo.get(text)
        if known is None:
            if len(self._memo) >= MEMO:
                self._memo.clear()
            known = self._memo[text] = self.row(read(*text))
        return known

    def row(self, reading: Reading) -> tuple[NDArray[np.intp], F32]:
        """Columns of what is there, in order, and their values."""
        words, slots, pairs = self._columns
        found = {words[t]: 1.0 for t in reading.words if t in words}
        found |= {slots[s]: value for s, value in reading.numbers.items() if s in slots}
        found |= {pairs[t]: 1.0 for t in reading.pairs if t in pairs}
        columns = sorted(found)
        return np.array(columns, dtype=np.intp), np.array([found[c] for c in columns], dtype=np.float32)

    @cached_property
    def _columns(self) -> tuple[dict[str, int], dict[str, int], dict[str, int]]:
        first_slot, first_pair = len(self.words), len(self.words) + len(self.slots)
        return (
            {text: i for i, text in enumerate(self.words)},
            {text: first_slot + i for i, text in enumerate(self.slots)},
            {text: first_pair + i for i, text in enumerate(self.pairs)},
        )

    @cached_property
    def _memo(self) -> dict[tuple[str, ...], tuple[NDArray[np.intp], F32]]:
        return {}

    def to_json(self) -> dict[str, Any]:
        """Plain values; :meth:`from_json` gives back an equal vocabulary."""
        return {"words": list(self.words), "slots": list(self.slots), "pairs": list(self.pairs)}

    @staticmethod
    def from_json(stored: Mapping[str, Any]) -> Vocabulary:
        """The inverse of :meth:`to_json`."""
        return Vocabulary(*(tuple(stored[k]) for k in ("words", "slots", "pairs")))


def texts(tasks: TaskTable) -> Sequence[tuple[str, str, str, str]]:
    """All that is written about each task; what says most comes first."""
    return list(zip(tasks.description, tasks.name, tasks.labels, tasks.user, strict=True))


def _most(counts: Counter[str], fewest: int, most: int) -> tuple[str, ...]:
    common = sorted((text for text, n in counts.items() if n >= fewest), key=lambda text: (-counts[text], text))
    return tuple(common[:most])
