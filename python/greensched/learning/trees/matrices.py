"""Sparse matrices for training: most words are in few texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greensched.core.types import F64
from greensched.learning.trees.examples import Examples
from greensched.predictors.vocabulary import Vocabulary
from greensched.predictors.words import read


@dataclass(frozen=True)
class TextMatrix:
    """One row per text, as in serving; what is not there is not stored."""

    rows: Any  # scipy.sparse.csr_matrix

    @staticmethod
    def of(examples: Examples, vocabulary: Vocabulary) -> TextMatrix:
        """Read every text once."""
        from scipy import sparse

        found = [vocabulary.row(read(*text)) for text in examples.texts]
        ends = np.cumsum([0, *(len(columns) for columns, _ in found)])
        columns = np.concatenate([c for c, _ in found]) if found else np.zeros(0, dtype=np.intp)
        values = np.concatenate([v for _, v in found]) if found else np.zeros(0, dtype=np.float32)
        rows = sparse.csr_matrix((values, columns, ends), shape=(len(found), len(vocabulary)))
        return TextMatrix(sparse.hstack([rows, _stored(examples.embedded)], format="csr"))

    def features(self, examples: Examples) -> Any:
        """Numbers and text of every pair; NaN is not stored, which the trees read as missing."""
        from scipy import sparse

        return sparse.hstack([_stored(examples.numbers), self.rows[examples.text]], format="csr")

    def usual(self, examples: Examples, columns: range) -> F64:
        """Mean of what the texts hold in each of the first columns where they hold anything; 0 before ``columns``."""
        part = self.rows[np.unique(examples.text)][:, : columns.stop]
        count = np.maximum(part.getnnz(axis=0), 1)
        mean: F64 = np.asarray(part.sum(axis=0), dtype=np.float64).ravel() / count
        mean[: columns.start] = 0.0
        return mean

    def linear(self, examples: Examples, center: F64, spread: F64, usual: F64, furthest: float) -> Any:
        """What :meth:`LinearStart.row` makes of the pairs."""
        from scipy import sparse

        missing = np.isnan(examples.numbers)
        standard = np.clip((examples.numbers - center) / spread, -furthest, furthest)
        standard[missing] = 0.0
        dense = np.hstack([np.ones((len(examples), 1)), standard, missing.astype(np.float64)])
        text = self.rows[:, : len(usual)].astype(np.float64)
        text.data -= usual[text.indices]
        return sparse.hstack([sparse.csr_matrix(dense), text[examples.text]], format="csr")


def _stored(dense: NDArray[Any]) -> Any:
    """All values but NaN, zeros too."""
    from scipy import sparse

    known = ~np.isnan(dense)
    ends = np.concatenate([[0], np.cumsum(known.sum(axis=1))])
    return sparse.csr_matrix((dense[known].astype(np.float32), np.nonzero(known)[1], ends), shape=dense.shape)
