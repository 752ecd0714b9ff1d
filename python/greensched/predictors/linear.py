"""Where the trees start: a linear model of the logarithm of true / analytic.

What a job takes is a product (amount x cost of one x share that is left), a sum of logarithms. Trees alone would have
to spell such a sum out in steps, and cannot follow an amount beyond those that they saw; here they learn the rest.
Tasks with GPUs and tasks without have weights of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greensched.core.types import F64

FIELDS = ("center", "spread", "usual", "weights")
FURTHEST = 4.0  # standard deviations: a number beyond is taken as this far out


@dataclass(frozen=True)
class LinearStart:
    """Weights over standardised numbers, over what is missing among them, and over words and slots.

    Attributes:
        center: of each number; shape (numbers,).
        spread: of each number, above 0.
        usual: what each text column usually holds where it holds anything; a number in the text counts by how far it is
            from that, so that one which is not found is taken as usual, not as 1.
        weights: without and with GPUs; shape (2, 1 + 2 * numbers + columns of ``usual``).
    """

    center: F64
    spread: F64
    usual: F64
    weights: F64

    def __call__(self, numbers: F64, text: NDArray[np.float32], has_gpu: NDArray[np.bool_]) -> F64:
        """The logarithm of true / analytic, one per row; further text columns than it has weights for are not used."""
        row = self.row(numbers, text)
        both = row @ self.weights.T
        started: F64 = np.where(has_gpu, both[:, 1], both[:, 0])
        return started

    def row(self, numbers: F64, text: NDArray[np.float32]) -> F64:
        """What the weights are multiplied with."""
        missing = np.isnan(numbers)
        standard = np.clip((numbers - self.center) / self.spread, -FURTHEST, FURTHEST)
        standard[missing] = 0.0
        used = np.nan_to_num(text[:, : len(self.usual)].astype(np.float64) - self.usual, nan=0.0)
        one = np.ones((len(numbers), 1))
        return np.hstack([one, standard, missing.astype(np.float64), used])

    def to_json(self) -> dict[str, Any]:
        """Plain values; :meth:`from_json` gives back an equal start."""
        return {name: getattr(self, name).tolist() for name in FIELDS}

    @staticmethod
    def from_json(stored: Mapping[str, Any]) -> LinearStart:
        """The inverse of :meth:`to_json`."""
        return LinearStart(*(np.array(stored[name], dtype=np.float64) for name in FIELDS))
