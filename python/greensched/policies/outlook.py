"""The intensity that a run will meet: from the newest forecast where there is one, else the intensity of now."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from greensched.core.types import F64, ForecastBook, ForecastIssue

KIND = "carbon_gpkwh"


class Outlook:
    """Means of the newest intensity forecasts over intervals, for all (task, datacenter) pairs at once.

    The integral of a piecewise-constant forecast is linear between its steps, so a mean over [a, b] is a difference of
    two interpolated running sums. Outside of what a forecast covers only the covered part counts; where nothing is
    covered, or a covered value is missing, there is no mean (NaN).
    """

    def __init__(self) -> None:
        self._issues: Sequence[ForecastIssue | None] = ()

    def mean_gpkwh(self, book: ForecastBook, n_datacenters: int, from_s: F64, to_s: F64) -> F64:
        """Mean forecast intensity in g/kWh over [from_s, to_s], both of shape (tasks, datacenters); NaN if unknown."""
        self._follow(book, n_datacenters)
        first, step, last = self._first_s, self._step_s, self._first_s + self._step_s * self._count
        with np.errstate(invalid="ignore", divide="ignore"):
            a_s, b_s = np.maximum(from_s, first), np.minimum(to_s, last)
            area = self._integral((b_s - first) / step) - self._integral((a_s - first) / step)
            mean: F64 = area * (step / (b_s - a_s))
        mean[~(b_s > a_s)] = np.nan
        return mean

    def _integral(self, steps: F64) -> F64:
        """Running sum of the forecast up to ``steps`` steps after its start."""
        steps = np.nan_to_num(np.clip(steps, 0.0, self._count), nan=0.0)
        k = np.minimum(steps.astype(np.intp), self._last)
        at = k + self._offset
        result: F64 = self._sums.take(at) + (steps - k) * self._values.take(at)
        return result

    def _follow(self, book: ForecastBook, n: int) -> None:
        issues = [book.newest.get((d, KIND)) for d in range(n)]
        if len(issues) == len(self._issues) and all(a is b for a, b in zip(issues, self._issues, strict=True)):
            return
        self._issues = issues
        length = max((len(issue.value) for issue in issues if issue is not None), default=0) + 1
        table, sums = np.full((n, length), np.nan), np.full((n, length), np.nan)
        self._first_s, self._step_s, self._count = np.full(n, np.nan), np.ones(n), np.zeros(n)
        for d, issue in enumerate(issues):
            if issue is None or len(issue.value) == 0:
                continue
            m = len(issue.value)
            table[d, :m] = issue.value
            sums[d, 0] = 0.0
            np.cumsum(issue.value, out=sums[d, 1 : m + 1])
            self._first_s[d], self._step_s[d], self._count[d] = issue.first_s, issue.step_s, m
        self._values, self._sums = table.ravel(), sums.ravel()
        self._last = np.maximum(self._count - 1, 0).astype(np.intp)
        self._offset = np.arange(n) * length
