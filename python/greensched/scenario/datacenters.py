"""Datacenters, PUE models and the network between them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from greensched.scenario.base import Model
from greensched.scenario.hardware import HostGroup
from greensched.scenario.quantities import (
    Celsius,
    Fraction,
    Gbps,
    KwhPerGb,
    Price,
    RunName,
    SiteW,
    SlopePerC,
    WallS,
    Weight,
)

Pue = Annotated[float, Field(ge=1.0, le=5.0, allow_inf_nan=False)]


class StaticPue(Model):
    """PUE that never changes. Writing a bare number means the same."""

    model: Literal["static"]
    """Which model this is."""
    value: Pue
    """Facility power over IT power."""


class TemperaturePue(Model):
    """PUE(T) = base + slope x max(0, T - t0): cooling works harder above t0.

    Give `mean` (the published yearly mean) and either `base` or `slope_per_c`; the other is fitted so that the mean
    over the year of the zone's outside temperature equals `mean`. Neither given: base = 1 + 0.7 (mean - 1). Or give
    `base` and `slope_per_c` without `mean`.
    """

    model: Literal["temperature"]
    """Which model this is."""
    mean: Pue | None = None
    """Yearly mean to fit to."""
    t0_c: Celsius = 15.0
    """Outside temperature (degrees C) above which cooling needs more."""
    base: Pue | None = None
    """PUE at and below t0."""
    slope_per_c: SlopePerC | None = None
    """Increase per degree above t0."""

    @model_validator(mode="after")
    def _determined(self) -> TemperaturePue:
        given = (self.mean is not None, self.base is not None, self.slope_per_c is not None)
        if all(given) or (not given[0] and not all(given[1:])):
            raise ValueError("give mean and at most one of base and slope_per_c, or base and slope_per_c without mean")
        return self


class LoadPue(Model):
    """Facility power = fixed_w + slope x IT power: efficient when full, wasteful when empty."""

    model: Literal["load"]
    """Which model this is."""
    fixed_w: SiteW
    """Overhead that does not depend on load (W)."""
    slope: Pue
    """Facility power per IT power on top of it; 1 or more."""


def _number_is_static(value: Any) -> Any:
    return {"model": "static", "value": value} if isinstance(value, int | float) else value


PueModel = Annotated[
    Annotated[StaticPue | TemperaturePue | LoadPue, Field(discriminator="model")], BeforeValidator(_number_is_static)
]


class VmMigration(Model):
    """When VMs move to other hosts of their datacenter while they run (live migration; `execution: cloudsim` only)."""

    upper: Annotated[float, Field(gt=0.0, le=1.0)]
    """A host of which more is used gives VMs away, least memory first."""
    lower: Fraction = 0.0
    """A host of which less is used gives all away, if each finds a place; 0: never."""
    bw_mbps: Annotated[float, Field(ge=1.0, le=1e9, allow_inf_nan=False)] = 10_000.0
    """Bandwidth of a host (10^6 bit/s); a migration may use half of it."""

    @model_validator(mode="after")
    def _ordered(self) -> VmMigration:
        if self.lower >= self.upper:
            raise ValueError(f"lower ({self.lower:g}) must be below upper ({self.upper:g})")
        return self


class Datacenter(Model):
    """One candidate datacenter."""

    name: RunName
    """Unique name."""
    zone: str
    """Electricity Maps zone id, e.g. DE, US-CAL-CISO."""
    hosts: Annotated[tuple[HostGroup, ...], Field(strict=False, min_length=1)]
    """Groups of equal hosts."""
    region: RunName | None = None
    """Region of the jobs that call it home (the first by name where a region has several); default: the built-in region
    of the zone."""
    lat: Annotated[float, Field(ge=-90, le=90)] | None = None
    """Latitude (degrees); default: the built-in site of the zone."""
    lon: Annotated[float, Field(ge=-180, le=180)] | None = None
    """Longitude (degrees); default: the built-in site of the zone."""
    pue: PueModel | None = None
    """A number, or a model; default: the published static value of the zone's built-in site."""
    utilisation_cap: Annotated[float, Field(ge=0.001, le=1.0)] = 1.0
    """Share of all cores that may be in use at once."""
    price_per_kwh: Price | None = None
    """Flat electricity price per kWh where the source has no price signal. Prices of the sources
    `synthetic` and `data` are in USD: give yours in it too."""
    vm_migration: VmMigration | None = None
    """Live migration of VMs between its hosts; absent: VMs stay where they are."""
    load_share: Weight | None = None
    """Relative share of the jobs whose home this is; default: proportional to its cores."""


class Network(Model):
    """Transfers between regions."""

    gbps: Gbps = 1.0
    """Bandwidth of one transfer (10^9 bit/s)."""
    kwh_per_gb: KwhPerGb = 0.0065
    """Transfer energy. Default: 0.06 kWh/GB in 2015, halving every two years (Aslan et al. 2018), for about 2021."""
    rtt: Literal["distance", "gcp"] = "distance"
    """Round-trip times: `distance` = 5 ms + 1.4 x great-circle km x 2 / 200 km per ms; `gcp` = measured between Google
    Cloud regions (network/gcp_latency_ms_by_em_zone.csv of --data), by distance for pairs that it lacks."""


class Noise(Model):
    """Luck of tasks: the same for every policy on the same seed."""

    time_sigma: Fraction = 0.05
    """Sigma of the lognormal noise on run times."""
    power_sigma: Fraction = 0.05
    """Sigma of the lognormal noise on utilisation."""


class Mind(Model):
    """Deadlines of the mind."""

    start_timeout_s: WallS = 60.0
    """Seconds to start."""
    decide_timeout_s: WallS = 30.0
    """Seconds per decision."""
