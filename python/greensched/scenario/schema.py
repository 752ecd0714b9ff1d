"""The scenario file as a whole."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from greensched.core import limits
from greensched.scenario.advisories import Advisories
from greensched.scenario.base import Model
from greensched.scenario.datacenters import Datacenter, Mind, Network, Noise
from greensched.scenario.faults import Faults
from greensched.scenario.hardware import DrawnHardware, HostSpec
from greensched.scenario.learning import Learning
from greensched.scenario.quantities import DurationUs, Instant, RunName
from greensched.scenario.sources import Forecasts, Signals
from greensched.scenario.workload import SyntheticWorkload, Workload

HOUR_US = 3_600_000_000
_REVISIONS = 40_000_000  # 320 MB while the forecasts are made; ten years of hours to 14 days ahead are 29 million


def _whole_number(value: Any) -> Any:
    """True and 1.0 equal 1 for Python, but are no version."""
    if isinstance(value, bool | float):
        raise ValueError(f"unknown value, expected 1, got {value!r}")
    return value


class Policy(Model):
    """The policy and its options; the options are checked by the policy itself."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True, use_attribute_docstrings=True)
    name: str
    """Registered policy, or module:class."""
    learning: Learning | None = None
    """How its predictor learns while the run goes on; null: it does not."""


def _forecast_problems(f: Forecasts, run_us: int) -> list[str]:
    """Steps that are offered, whole steps, and not more values than a run can hold."""
    if f.step not in (HOUR_US // 12, HOUR_US // 4, HOUR_US):
        return ["signals.forecasts.step must be 5min, 15min or 1h"]
    unit = "hours" if f.step == HOUR_US else "steps"
    bad = [
        f"signals.forecasts.{key} must be whole {unit}, at most 14 days"
        for key in ("issue_every", "horizon")
        if (value := getattr(f, key)) <= 0 or value % f.step or value > 14 * 24 * HOUR_US
    ]
    if not bad and f.source == "synthetic" and (revisions := (run_us // f.step) * (f.horizon // f.step)) > _REVISIONS:
        bad.append(
            f"signals.forecasts need {revisions:,} revisions of each kind and datacenter (steps of the run times steps "
            f"of the horizon), expected at most {_REVISIONS:,}: give a longer step or a shorter horizon"
        )
    return bad


class Scenario(Model):
    """One run: datacenters, signals, workload and policy."""

    greensched: Annotated[Literal[1], BeforeValidator(_whole_number)]
    """Version of the scenario format."""
    name: RunName
    """Name of the scenario; part of the run id."""
    start: Instant
    """First instant of the run, UTC."""
    horizon: DurationUs
    """Jobs arrive during this time."""
    datacenters: Annotated[tuple[Datacenter, ...], Field(strict=False, min_length=1)]
    """Candidate datacenters."""
    policy: Policy
    """Who decides."""
    drain: DurationUs = 24 * HOUR_US
    """After the horizon nothing arrives; what runs or waits has this long to end."""
    end: Literal["fixed", "drained"] = "fixed"
    """`fixed`: the run is metered until exactly horizon + drain, so that runs of the same scenario last equally long
    and pay for the same idle hours. `drained`: it ends as soon as everything is done; facility totals (carbon, energy,
    cost) of runs of different length are then not compared, only what jobs are charged."""
    slot: DurationUs = 300_000_000
    """Decision and metering interval."""
    mode: Literal["slots", "immediate"] = "slots"
    """Decide in batches at each slot, or at each arrival."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """Controls all randomness; 0 is a seed like any other."""
    baseline: str | None = "local-only"
    """Policy that runs on the same input for comparison; null: none."""
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"
    """Currency of all prices (ISO 4217). It names a unit and converts nothing: those of the sources `synthetic` and
    `data` are in USD."""
    privileged: bool = False
    """Let the mind ask for the truth (oracle, offline bounds). Marks the run."""
    on_mind_failure: Literal["fallback", "abort"] = "fallback"
    """What the world does when the mind fails: decide itself (the run ends degraded), or abort."""
    execution: Literal["exact", "cloudsim"] = "exact"
    """Who executes. `exact`: an event for every change, the fast one; `cloudsim`: CloudSim Plus's own hosts, VMs and
    cloudlets. CloudSim files (docs/cloudsim-files.md) run with the second unless they say otherwise."""
    mind: Mind = Mind()
    """Time limits of the mind."""
    noise: Noise = Noise()
    """Luck of tasks."""
    host_types: dict[RunName, HostSpec] = Field(default={})
    """Own host types beside the built-in ones."""
    hardware: DrawnHardware | None = None
    """Let the seed draw other hardware in the same places; absent: the host types as they are published."""
    faults: Faults = Faults()
    """What breaks, and how tasks survive it."""
    advisories: Advisories = Advisories()
    """What operators announce, and do."""
    network: Network = Network()
    """Network between regions."""
    signals: Signals = Signals()
    """Where grid and weather signals come from."""
    workload: Workload = SyntheticWorkload(source="synthetic")
    """Jobs."""

    @model_validator(mode="after")
    def _times(self) -> Scenario:
        problems = []
        if self.horizon <= 0 or self.slot <= 0:
            problems.append("horizon and slot must be longer than 0")
        elif self.slot > self.horizon:
            problems.append("slot must not be longer than horizon")
        elif (slots := -(-(self.horizon + self.drain) // self.slot)) > limits.SLOTS:
            problems.append(
                f"horizon + drain are {slots:,} slots, expected at most {limits.SLOTS:,}: give a longer slot"
            )
        problems += _forecast_problems(self.signals.forecasts, self.horizon + self.drain)
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def options(self) -> dict[str, Any]:
        """The policy block as it goes into run.json."""
        block = self.policy.model_dump(exclude={"learning"})
        learning = self.policy.learning
        return block if learning is None else block | {"learning": learning.resolved()}
