"""What operators announce, in words, and do: maintenance, heat waves, curtailment, new hardware."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from greensched.scenario.base import Model
from greensched.scenario.quantities import DurationUs, Fraction, Sigma

_DAY_US = 86_400_000_000
Kind = Literal["maintenance", "heat_wave", "curtailment", "refresh"]
Text = Annotated[str, Field(min_length=1, max_length=4000)]
Degrees = Annotated[float, Field(gt=0.0, le=40.0, allow_inf_nan=False)]


class _Announced(Model):
    """What all kinds have."""

    datacenter: str
    """Name of the datacenter."""
    at: DurationUs
    """When it begins, since the start of the run."""
    notice: DurationUs = _DAY_US
    """How long before that the text is issued; at the earliest at the start of the run."""
    text: Text | None = None
    """What is said; null: a text is made from what is true."""
    happens: bool = True
    """False: a false alarm; the text is issued and nothing happens."""
    cancelled: DurationUs | None = None
    """How long before its beginning a second text calls it off; then it does not happen. Null: it is not."""

    @model_validator(mode="after")
    def _called_off_in_time(self) -> _Announced:
        if self.cancelled is not None and self.cancelled > self.notice:
            raise ValueError("cancelled must not be longer than notice: nothing is called off before it is announced")
        return self


class _Lasting(_Announced):
    """What begins and is over."""

    lasts: DurationUs
    """How long it takes."""

    @model_validator(mode="after")
    def _some_time(self) -> _Lasting:
        if self.lasts == 0:
            raise ValueError("lasts must be longer than 0")
        return self


class Maintenance(_Lasting):
    """Hosts are drained: what runs on them goes on, nothing new starts there, and an empty one draws no power."""

    kind: Literal["maintenance"]
    """Which kind this is."""
    first: Annotated[int, Field(ge=0)] = 0
    """The first host that is drained, in the order of the groups."""
    hosts: Annotated[int, Field(ge=1)] = 1
    """How many are."""


class HeatWave(_Lasting):
    """The temperature outside rises by `by_c` over the first quarter of the time, stays, and falls over the last."""

    kind: Literal["heat_wave"]
    """Which kind this is."""
    by_c: Degrees
    """How much warmer it is at its peak (degrees C)."""


class Curtailment(_Lasting):
    """New tasks start only while the cores in use stay within a share; what runs goes on."""

    kind: Literal["curtailment"]
    """Which kind this is."""
    cap: Fraction
    """Share of the cores in service that may be in use."""


class Refresh(_Announced):
    """Hosts of one type are drained for good, and as many of another take their place."""

    kind: Literal["refresh"]
    """Which kind this is."""
    old: Annotated[str, Field(alias="from")]
    """Type of the hosts that go."""
    new: Annotated[str, Field(alias="to")]
    """Type of the hosts that come: a built-in type or one of `host_types`."""
    count: Annotated[int, Field(ge=1)] | None = None
    """How many; null: all of that type that no refresh above in the list takes."""


Announced = Annotated[Maintenance | HeatWave | Curtailment | Refresh, Field(discriminator="kind")]


class RandomAdvisories(Model):
    """Advisories drawn from the seed, about each datacenter on its own."""

    kind: Kind
    """As in `schedule`."""
    per_month: Annotated[float, Field(gt=0.0, le=1000.0, allow_inf_nan=False)]
    """Mean number about one datacenter in 30 days; a Poisson process."""
    size: Annotated[tuple[float, float], Field(strict=False)]
    """Least and largest, drawn evenly: maintenance and refresh, share of the hosts; curtailment, share of the cores
    that may be in use; heat wave, degrees C at the peak."""
    datacenters: Annotated[tuple[str, ...], Field(strict=False)] | None = None
    """Names; null: all (heat waves: all where something depends on the temperature)."""
    lasts: DurationUs = 6 * 3_600_000_000
    """Median of the duration."""
    lasts_sigma: Sigma = 0.5
    """Sigma of the lognormal law of the duration; 0: always the median."""
    notice: DurationUs = _DAY_US
    """Longest time before its beginning at which a text is issued; drawn evenly from a quarter of it on."""
    new: Annotated[str | None, Field(alias="to")] = None
    """Refresh: type of the hosts that come."""

    @model_validator(mode="after")
    def _consistent(self) -> RandomAdvisories:
        low, high = self.size
        top = 40.0 if self.kind == "heat_wave" else 1.0
        if not (0.0 <= low <= high <= top) or (high == 0.0 and self.kind != "curtailment"):
            raise ValueError(f"size must be two numbers, the smaller one first, of 0 to {top:g}, got {[low, high]}")
        if (self.new is not None) != (self.kind == "refresh"):
            raise ValueError("to belongs to kind refresh, which cannot do without: the type of the hosts that come")
        if self.lasts == 0:
            raise ValueError("lasts must be longer than 0")
        return self


class Advisories(Model):
    """What operators announce and do. Policies are told the text once it is issued, and nothing else of it."""

    schedule: Annotated[tuple[Announced, ...], Field(strict=False)] = ()
    """At given times."""
    random: Annotated[tuple[RandomAdvisories, ...], Field(strict=False)] = ()
    """Drawn from the seed."""
    forms: Literal["known", "held_out"] = "known"
    """Which of two disjoint sets of sentence forms the texts are made from."""
    false_alarms: Fraction = 0.0
    """Share of the random ones that never happen, without a further word."""
    cancellations: Fraction = 0.0
    """Share of the other random ones that are called off in a second text, and do not happen."""
