"""Distances between samples, and the families of metrics that fidelity is judged by."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

import numpy as np
from harness import Report
from numpy.typing import NDArray

F64 = NDArray[np.float64]
WAYS = ("generator", "naive", "second real sample")
POINTS = 2000


def wasserstein(a: F64, b: F64) -> float:
    """Mean distance between the quantiles."""
    rank = (np.arange(POINTS) + 0.5) / POINTS
    return float(np.mean(np.abs(np.quantile(a, rank) - np.quantile(b, rank))))


def kolmogorov(a: F64, b: F64) -> float:
    """Greatest distance between the distribution functions."""
    a, b = np.sort(a), np.sort(b)
    both = np.concatenate([a, b])
    below = np.searchsorted(a, both, side="right") / len(a) - np.searchsorted(b, both, side="right") / len(b)
    return float(np.abs(below).max())


def total_variation(a: list[tuple[float, ...]], b: list[tuple[float, ...]]) -> float:
    """Half the sum of the differences between shares: 0 for equal ones, 1 for samples that have nothing in common."""
    one, other = Counter(a), Counter(b)
    keys = one.keys() | other.keys()
    return 0.5 * sum(abs(one[k] / len(a) - other[k] / len(b)) for k in keys)


@dataclass
class Family:
    """Distances of one family of metrics: per metric and way the values over zones or seeds."""

    case: str
    name: str
    unit: str
    found: dict[str, dict[str, list[float]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))

    def add(self, metric: str, way: str, distance: float) -> None:
        """One distance; NaN (nothing to compare) counts for nothing."""
        if not np.isnan(distance):
            self.found[metric][way].append(distance)

    def report(self, to: Report, factor: float) -> None:
        """A row per metric and way, then the two ratios that are judged, over metrics that all have.

        Args:
            to: where to.
            factor: the generator may be so many times as far from the real sample as a second real sample is.
        """
        total = dict.fromkeys(WAYS, 0.0)
        for metric, ways in self.found.items():
            mean = {way: float(np.mean(values)) for way, values in ways.items()}
            for way in WAYS:
                if way in mean:
                    to.add(self.case, f"{self.name}, {metric}: {way}", mean[way], self.unit)
            if len(mean) == len(WAYS):
                total = {way: total[way] + mean[way] for way in WAYS}
        if total["naive"] > 0 and total[WAYS[2]] > 0:
            to.add(self.case, f"{self.name}: generator / naive", total["generator"] / total["naive"], "ratio", 1.0)
            to.add(self.case, f"{self.name}: generator / real", total["generator"] / total[WAYS[2]], "ratio", factor)
