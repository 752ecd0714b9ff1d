"""What there is to decide at an instant, with the terms that every start costs, and a choice of it in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from greensched.core.units import S_PER_MIN
from greensched.optimizers.problem import Choice, Index, Problem
from greensched.optimizers.refusals import Refused, no_room
from greensched.policies.costs import Terms, total_g
from greensched.policies.ledger import Grid
from greensched.policies.reasons import BEST, DISPLACED, Chosen, Reasons


@dataclass(frozen=True)
class Plan:
    """See the module.

    Attributes:
        grid: slots and starts.
        problem: datacenters in the order of their names, so that their order changes nothing.
        by_name: datacenters of the world in that order.
        terms: what every start costs, (tasks, datacenters of the world, starts).
        too_wide: (tasks, datacenters), why no single host has room now.
    """

    grid: Grid
    problem: Problem
    by_name: Index
    terms: Terms
    too_wide: Refused

    def why(self, choice: Choice, reasons: Reasons) -> list[str]:
        """The reason of every task; those that stay pending get a text that nobody reads."""
        n, d, starts = self.problem.cost_g.shape
        cost_g = np.empty_like(self.problem.cost_g)
        cost_g[:, self.by_name] = self.problem.cost_g
        rows, flat_g = np.arange(n), cost_g.reshape(n, d * starts)
        dc = np.where(choice.dc >= 0, self.by_name[choice.dc], 0)
        chosen = dc * starts + choice.start
        chosen_g = flat_g[rows, chosen]
        flat_g[rows, chosen] = np.inf
        runner_up = flat_g.argmin(axis=1)
        runner_g = flat_g[rows, runner_up]
        terms = {name: term.reshape(n, d * starts) for name, term in self.terms.items()}
        own = {name: term[rows, chosen] for name, term in terms.items()}
        apart = {name: term[rows, runner_up] - own[name] for name, term in terms.items()}
        next_dc, next_start = np.divmod(runner_up, starts)
        in_min = next_start * self.grid.step_s / S_PER_MIN
        in_min[(choice.start == 0) & (next_start == 0)] = np.nan  # both now: nothing to tell
        refused = np.zeros((n, d), dtype=np.int8)
        refused[:, self.by_name] = no_room(self.problem, choice)
        now_g = total_g(self.terms)[:, :, 0]
        dearer = ~(now_g < chosen_g[:, None])
        refused = np.where((self.too_wide == 0) | dearer, refused, self.too_wide)
        how = np.where(chosen_g <= runner_g, BEST, DISPLACED)
        return reasons.told(Chosen(chosen_g, own, next_dc, runner_g, apart, in_min), how, refused)
