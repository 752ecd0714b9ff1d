"""How the predictor of a policy learns while the run goes on."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from greensched.core import limits
from greensched.scenario.base import Model
from greensched.scenario.quantities import DurationUs, RunName, SiteW

Count = Annotated[int, Field(ge=1, lt=2**31)]
Share = Annotated[float, Field(gt=0.0, lt=1.0, allow_inf_nan=False)]
DurationS = Annotated[float, Field(ge=0.0, le=limits.LONGEST_S, allow_inf_nan=False)]


class Update(Model):
    """When to update: whichever of these comes first, once `learning.fewest` reports have come since the last time."""

    every: DurationUs | None = None
    """On a schedule, in simulated time."""
    reports: Count | None = None
    """When so many reports have come since the last update."""
    drift: Literal["adwin", "page-hinkley"] | None = None
    """When a detector (of river, the extra `learn`) says that errors of energy or service time have risen."""

    @model_validator(mode="after")
    def _some(self) -> Update:
        if self.every is None and self.reports is None and self.drift is None:
            raise ValueError("expected every, reports or drift")
        if self.every == 0:
            raise ValueError("every must be longer than 0")
        return self


class Learning(Model):
    """How the predictor learns from reports while the run goes on (docs/learning.md)."""

    update: Update | None = None
    """When to update; null: never, errors are only watched."""
    train: str | dict[str, Any] | None = None
    """Predictor to train: a name, or a mapping with name and options; null: the policy's own. The policy's predictor
    serves until an update has beaten it."""
    fewest: Count = 100
    """Reports that must have come since the last update."""
    holdback: Share = 0.2
    """Share of the newest reports that is not trained on, but judges."""
    forget: Annotated[float, Field(ge=0.0, le=10.0, allow_inf_nan=False)] = 0.25
    """By which share errors on older reports may rise."""
    user_cap: Share = 0.25
    """Largest share of all reports that may come from one user; more are left out."""
    replay: Annotated[int, Field(ge=0, lt=2**31)] = 20_000
    """Reports from before the last update that are trained on again, a uniform sample of all."""
    explore: Annotated[float, Field(ge=0.0, lt=1.0, allow_inf_nan=False)] = 0.0
    """Probability that a task goes to any datacenter that could hold it; the propensity is logged."""
    train_s: DurationS = 600.0
    """Declared duration of an update in s: it serves so much later than it was due."""
    train_w: SiteW = 0.0
    """Declared power of training in W."""
    infer_s_per_job: DurationS = 0.0
    """Declared duration of predicting one task in s."""
    infer_w: SiteW = 0.0
    """Declared power of predicting in W."""
    site: RunName | None = None
    """Whose grid that energy is from: a datacenter, or `cleanest`: the cleanest of each moment; null: the first."""
    store: str | None = None
    """Folder of the versions, in the scenario's folder or in the current one; null: `models` in the run folder. The
    version that serves there serves from the start."""
    trains: Literal["inline", "background"] = "inline"
    """`inline`: the run waits for updates, so that it can be repeated; `background`: in a process of its own, for
    minds that decide in real time."""

    def resolved(self) -> dict[str, Any]:
        """As the mind reads it (learning/settings.py): durations in s, fractions named so, nothing that is not set."""
        update = self.update or Update.model_construct()
        values = {
            "every_s": None if update.every is None else update.every / 1e6,
            "reports": update.reports,
            "drift": update.drift,
            "train": self.train,
            "holdback_frac": self.holdback,
            "forget_frac": self.forget,
            "user_cap_frac": self.user_cap,
            "explore_frac": self.explore,
            **{
                name: getattr(self, name)
                for name in (
                    "fewest", "replay", "train_s", "train_w", "infer_s_per_job", "infer_w", "site", "store", "trains",
                )
            },
        }  # fmt: skip
        return {name: value for name, value in values.items() if value is not None}
