"""Options of the policy ``greensched``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from greensched.core.options import at_least
from greensched.policies.costs import Weights

MOST_STARTS = 200
MOST_SURE = 0.999
"""More than the reports that are remembered could ever tell."""
MOST_WEIGHT = 1e6
"""More is a mistake of units: beside such a term nothing else counts, and sums lose the small ones."""


@dataclass(frozen=True)
class GreenSchedOptions:
    """Options of the policy.

    Attributes:
        carbon_weight: weight of the predicted grams of CO2eq; 0 leaves only the deadlines.
        sla_weight_g_per_min: grams that one minute of predicted lateness is worth; 0 leaves only carbon.
        sla: ``soft``: lateness costs what it weighs; ``hard``: besides, a start that misses the deadline is taken only
            where the task has no other that has room.
        sla_confidence: probability with which predicted service times are to hold, from the predictor's quantiles and
            from how far reports were off; 0: deadlines are held against the prediction itself.
        price_weight_g_per_currency: grams that one unit of currency paid for electricity is worth.
        embodied_weight: weight of the hosts' embodied carbon, per core and hour (``embodied_g_per_core_h``).
        migration_weight_g: grams that it is worth not to move a task that was interrupted to another datacenter.
        intensity: ``forecast``: mean of the newest forecast over the predicted run, where it covers any of it, else as
            ``now``: the intensity of this instant.
        when_full: ``queue``: a task for which nothing has room queues where that costs least; ``wait``: it is decided
            again in the next slot.
        defer: let tasks wait for a later start with a lower objective, when the forecast promises one and the deadline
            allows it.
        defer_saving_frac: the least predicted saving, as a fraction of the objective, for which a task waits.
        optimizer: ``greedy``: task by task; ``batch``: all that ask, together (see ``planned``); who then has no place
            stays pending, whatever ``when_full`` says.
        ahead_h: with ``batch``, hours ahead in which tasks with a deadline may start; 0: only now.
        step_min: with ``ahead_h``, minutes between possible starts, and after which plans are made anew.
    """

    carbon_weight: float = 1.0
    sla_weight_g_per_min: float = 10.0
    sla: Literal["soft", "hard"] = "soft"
    sla_confidence: float = 0.0
    price_weight_g_per_currency: float = 0.0
    embodied_weight: float = 0.0
    migration_weight_g: float = 0.0
    intensity: Literal["forecast", "now"] = "forecast"
    when_full: Literal["queue", "wait"] = "queue"
    defer: bool = False
    defer_saving_frac: float = 0.1
    optimizer: Literal["greedy", "batch"] = "greedy"
    ahead_h: float = 0.0
    step_min: float = 30.0

    def __post_init__(self) -> None:
        weights = {name: value for name, value in vars(self).items() if "weight" in name}
        at_least(0.0, **weights)
        for name, value in weights.items():
            if value > MOST_WEIGHT:
                raise ValueError(f"option '{name}': expected at most {MOST_WEIGHT:g}, got {value!r}")
        if not any(weights.values()):
            raise ValueError("all weights are 0: nothing is left to choose by")
        at_least(0.0, ahead_h=self.ahead_h)
        at_least(1.0, step_min=self.step_min)
        if not 0.0 <= self.sla_confidence <= MOST_SURE:
            raise ValueError(
                f"option 'sla_confidence': expected a probability such as 0.9, at most {MOST_SURE}, got "
                f"{self.sla_confidence!r}"
            )
        if not 0.0 < self.defer_saving_frac < 1.0:
            given = self.defer_saving_frac
            raise ValueError(f"option 'defer_saving_frac': expected a fraction in (0, 1), got {given!r}")
        self._check_optimizer()

    def _check_optimizer(self) -> None:
        if self.ahead_h > 0 and not self.step_min <= 60.0 * self.ahead_h <= MOST_STARTS * self.step_min:
            raise ValueError(
                f"option 'ahead_h': expected {self.step_min / 60:g} to {MOST_STARTS * self.step_min / 60:g} hours "
                f"(1 to {MOST_STARTS} steps of 'step_min'), got {self.ahead_h:g}"
            )
        if self.ahead_h > 0 and self.intensity == "now":
            raise ValueError("option 'ahead_h': who plans ahead needs forecasts; remove intensity: now")
        if self.optimizer == "greedy" and self.ahead_h > 0:
            raise ValueError("option 'ahead_h': only optimizer 'batch' plans ahead; for 'greedy' there is 'defer'")
        if self.optimizer == "batch" and self.defer:
            raise ValueError("option 'defer': only optimizer 'greedy' defers so; for 'batch' there is 'ahead_h'")

    @property
    def weights(self) -> Weights:
        """What the terms of the objective are worth."""
        return Weights(
            self.carbon_weight, self.sla_weight_g_per_min, self.price_weight_g_per_currency, self.embodied_weight,
            self.migration_weight_g, self.sla == "hard",
        )  # fmt: skip
