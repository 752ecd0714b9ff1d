"""The best choice for a batch of tasks: where each runs and when, under capacity.

Prices of capacity (``prices``) give a bound and tell every task where to go; tasks are put there one after the other,
and some put anew (``repair``); where few candidates are left CP-SAT gives the best choice and its proof (``exact``).
All limits are of work, so that equal problems have equal answers on one machine (on another kind of processor the last
digits of sums differ, and with them ties); a limit of time is the service's.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

import numpy as np

from greensched.core.types import DecisionStatus
from greensched.optimizers.exact import proven
from greensched.optimizers.prices import Columns, Prices, best_prices, nearest, no_prices
from greensched.optimizers.problem import Choice, Problem, ProblemError
from greensched.optimizers.repair import Placement, filled, improve

OPTIMAL_G, OPTIMAL_FRAC = 2e-6, 1e-9
"""What is this close to its bound, per task and of what is at stake, counts as best: costs are rounded for CP-SAT."""
LEAST_G, LEAST_FRAC = 1e-3, 1e-3
"""At stake is at least this, also as a share of what the cheapest candidates cost."""
MOST_CANDIDATES = 12_000
"""With so many left the best choice is looked for if the gap is too wide."""


@dataclass(frozen=True)
class Limits:
    """How much work an answer may cost.

    Attributes:
        gap_frac: the search ends where the choice is this close to the bound, as a share of what is at stake: of each
            task's least cost no more than its candidates differ by, or one task that is late wherever it goes would
            make all others' waste look small.
        rounds, rounds_per_task: of ruin and recreate.
        exact_work: deterministic time of CP-SAT, about seconds.
        few: with so few candidates left the best choice is looked for however small the gap is.
        wall_s: no new step is begun after so many seconds; None: no limit.
    """

    gap_frac: float = 1e-3
    rounds: int = 300
    rounds_per_task: float = 3.0
    exact_work: float = 0.25
    few: int = 500
    wall_s: float | None = None

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value is None and name == "wall_s":
                continue
            whole = name in ("rounds", "few")
            if not isinstance(value, int if whole else int | float) or not 0 <= value < float("inf"):
                raise ValueError(f"{name}: expected a {'whole ' if whole else ''}number of 0 or more, got {value!r}")


@dataclass(frozen=True)
class Solution:
    """An answer.

    Attributes:
        choice: fits; where the problem makes no sense, everything stays pending.
        value_g: what it costs; NaN where the problem makes no sense.
        bound_g: no choice costs less; NaN likewise.
        status: ``OPTIMAL``, ``HEURISTIC``, ``FEASIBLE_TIME_LIMIT``, or ``INFEASIBLE`` where the problem makes no sense.
        reason: why, in words.
    """

    choice: Choice
    value_g: float
    bound_g: float
    status: DecisionStatus
    reason: str

    @property
    def gap_frac(self) -> float:
        """How far the choice may be from the best: (value - bound) / max(|bound|, 1 g)."""
        return (self.value_g - self.bound_g) / max(abs(self.bound_g), 1.0)


def solve(problem: Problem, begin: Choice | None = None, limits: Limits | None = None) -> Solution:
    """Choose; never raises for what the problem says.

    Args:
        problem: to solve.
        begin: a choice that fits, such as the greedy one: the answer is never worse. One that does not is left out.
        limits: how much work it may cost.
    """
    try:
        problem = problem.sound()
    except ProblemError as error:
        nan, n = float("nan"), len(np.atleast_1d(np.asarray(problem.pending_g, dtype=object)))
        return Solution(Choice.none(n), nan, nan, DecisionStatus.INFEASIBLE, str(error))
    if problem.n_tasks == 0:
        return Solution(Choice.none(0), 0.0, 0.0, DecisionStatus.OPTIMAL, "nothing to decide")
    return _Search(problem.possible(), begin, limits or Limits()).run()


def load() -> None:
    """Load the libraries, which takes a moment that the first who asks for a decision should not wait.

    In a thread of its own: pybind11, which OR-Tools uses, keeps the state of the thread that loads it. That of a thread
    of the JVM (JPype) lives for one call only, and the next one crashed the process.
    """
    loading = threading.Thread(target=_load, name="greensched-load")
    loading.start()
    loading.join()


def _load() -> None:
    import ortools.sat.python.cp_model  # noqa: F401
    import scipy.optimize  # noqa: F401


class _Search:
    """The steps described above, and the best choice and bound so far."""

    def __init__(self, problem: Problem, begin: Choice | None, limits: Limits) -> None:
        self.problem, self.limits = problem, limits
        self.began = time.perf_counter()
        self.best = begin.copy() if begin is not None and problem.fits(begin) else Choice.none(problem.n_tasks)
        self.value_g = problem.value_g(self.best)
        self.bound_g = -np.inf
        self.stake_g = _stake_g(problem)

    def run(self) -> Solution:
        """All steps that are needed."""
        prices = no_prices(self.problem)
        self.fill(prices)
        if self.open():  # there is not room enough for all where they are best
            prices = best_prices(self.problem, prices)
            self.place(prices)
        self.prove(prices, MOST_CANDIDATES if self.open() else self.limits.few)
        return self.solution()

    def rounds(self) -> int:
        """Of ruin and recreate: more where there are more starts than in half a day of hours."""
        many = max(1.0, self.problem.cost_g.shape[2] / 12)
        return self.limits.rounds + int(self.limits.rounds_per_task * many * self.problem.n_tasks)

    def open(self) -> bool:
        """Whether it is worth, and allowed, to go on."""
        return self.value_g - self.bound_g > self.limits.gap_frac * self.stake_g and not self.late()

    def optimal(self) -> bool:
        """Whether nothing is better, as far as it matters."""
        rounded_g = OPTIMAL_G * self.problem.n_tasks + 1e-12 * abs(self.bound_g)
        return self.value_g - self.bound_g <= rounded_g + OPTIMAL_FRAC * self.stake_g

    def late(self) -> bool:
        """Whether the time is over."""
        return self.limits.wall_s is not None and time.perf_counter() - self.began > self.limits.wall_s

    def fill(self, prices: Prices) -> Placement:
        """Put tasks by prices, from nothing."""
        self.bound_g = max(self.bound_g, prices.bound_g)
        columns = Columns.nearest(self.problem, prices.priced_g, nearest(self.problem))
        found = filled(self.problem, columns, prices)
        self.take(found)
        return found

    def place(self, prices: Prices) -> None:
        """Put tasks by prices, from nothing and from the best choice so far; what is cheaper is mended."""
        found = self.fill(prices)
        if found.value_g() > self.value_g:
            found.adopt(self.best)
            self.take(found)
        if self.open():
            self.prove(prices, self.limits.few)
        if self.open():
            improve(found, self.rounds())
            self.take(found)

    def prove(self, prices: Prices, most: int) -> None:
        """The best choice, if so few candidates are left."""
        if self.late() or self.optimal():
            return
        proof = proven(self.problem, prices, self.best, self.limits.exact_work, most)
        if proof is not None:
            self.bound_g = max(self.bound_g, proof.bound_g)
            if proof.choice is not None:
                found = Placement(self.problem, Columns.nearest(self.problem, prices.priced_g, 1), prices)
                found.adopt(proof.choice)
                self.take(found)

    def take(self, found: Placement) -> None:
        """Keep a choice if it is cheaper, with a place for everybody for whom one is left."""
        for task in np.flatnonzero(found.choice().dc < 0).tolist():
            found.insert(task)
        choice = found.choice()
        value_g = self.problem.value_g(choice)
        if value_g < self.value_g and self.problem.fits(choice):
            self.best, self.value_g = choice, value_g

    def solution(self) -> Solution:
        """What has been found."""
        bound_g = min(self.bound_g, self.value_g)
        if self.optimal():
            status, reason = DecisionStatus.OPTIMAL, "proven best"
        else:
            status = DecisionStatus.FEASIBLE_TIME_LIMIT if self.late() else DecisionStatus.HEURISTIC
            reason = f"at most {(self.value_g - bound_g) / max(abs(bound_g), 1.0):.2%} above the best"
        return Solution(self.best, self.value_g, bound_g, status, reason)


def _stake_g(problem: Problem) -> float:
    """What the choice is about; see ``Limits.gap_frac``."""
    cost_g = problem.cost_g.reshape(problem.n_tasks, -1)
    least_g = cost_g.min(axis=1, initial=np.inf)
    most_g = np.where(np.isfinite(cost_g), cost_g, -np.inf).max(axis=1, initial=-np.inf)
    some = np.isfinite(least_g)
    least_g, most_g = least_g[some], most_g[some]
    differ_g = float(np.minimum(np.abs(least_g), most_g - least_g).sum())
    return max(differ_g, LEAST_FRAC * float(np.abs(least_g).sum()), LEAST_G)
