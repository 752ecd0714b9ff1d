"""What may break in a run, and what becomes of the tasks that it interrupts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from greensched.scenario.base import Model
from greensched.scenario.quantities import DurationUs, Sigma

Kind = Literal["host", "datacenter", "signal"]


class ScheduledFault(Model):
    """Something that breaks at a given time."""

    kind: Kind
    """`host`: hosts fail; `datacenter`: all of it is without power; `signal`: nobody can see its grid."""
    datacenter: str
    """Name of the datacenter."""
    at: DurationUs
    """When, since the start of the run."""
    lasts: DurationUs | None = None
    """Until it is repaired; null: it never is."""
    first: Annotated[int, Field(ge=0)] = 0
    """Kind host: the first host that fails, in the order of the groups."""
    hosts: Annotated[int, Field(ge=1)] = 1
    """Kind host: how many fail."""

    @model_validator(mode="after")
    def _some_time(self) -> ScheduledFault:
        if self.lasts == 0:
            raise ValueError("lasts must be longer than 0; leave it out for what is never repaired")
        return self


class RandomFaults(Model):
    """Seeded failures: every unit (a host, or a whole datacenter) works, breaks, is repaired, and so on."""

    kind: Kind
    """As in `schedule`."""
    mtbf: DurationUs
    """Mean time that one unit works before it breaks."""
    repair: DurationUs
    """Mean time to repair."""
    datacenters: Annotated[tuple[str, ...], Field(strict=False)] | None = None
    """Names; null: all."""
    shape: Annotated[float, Field(ge=0.1, le=20.0, allow_inf_nan=False)] = 1.0
    """Of the Weibull law of the working time: 1 is exponential, below 1 failures come in clusters (0.7 to 0.8 was
    measured on large clusters by Schroeder and Gibson, IEEE TDSC 2010), above 1 things wear out."""
    repair_sigma: Sigma = 0.0
    """Sigma of the lognormal law of the time to repair; 0: always the mean."""
    together: Annotated[int, Field(ge=1)] = 1
    """Kind host: so many neighbouring hosts are one unit, like a rack."""

    @model_validator(mode="after")
    def _some_time(self) -> RandomFaults:
        if self.mtbf == 0 or self.repair == 0:
            raise ValueError("mtbf and repair must be longer than 0")
        return self


class Checkpoint(Model):
    """How tasks save their work. Without it an interrupted task begins anew."""

    interval: DurationUs
    """Execution time between two checkpoints."""
    write: DurationUs = 0
    """Time that writing one takes; spread evenly over the execution."""
    restart: DurationUs = 0
    """Time that every attempt after the first takes before it goes on with the work."""

    @model_validator(mode="after")
    def _some_time(self) -> Checkpoint:
        if self.interval == 0:
            raise ValueError("interval must be longer than 0; leave out checkpoint for tasks that save nothing")
        if self.write >= self.interval:
            raise ValueError("write must be shorter than interval: tasks would do little but write checkpoints")
        return self


class Faults(Model):
    """What breaks: a schedule, seeded failures, or both. All policies meet the same."""

    schedule: Annotated[tuple[ScheduledFault, ...], Field(strict=False)] = ()
    """Faults at given times."""
    random: Annotated[tuple[RandomFaults, ...], Field(strict=False)] = ()
    """Faults drawn from the seed."""
    interrupted: Literal["requeue", "fail"] = "requeue"
    """A task whose host fails is decided again, or has failed."""
    max_attempts: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Starts that a task is given before it has failed; 0: any number."""
    failed_power: Literal["idle", "off"] = "idle"
    """What a failed host draws: its idle power, or nothing. In an outage of the datacenter nothing draws power."""
    checkpoint: Checkpoint | None = None
    """How tasks save their work."""
