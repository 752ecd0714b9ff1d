"""Where jobs come from: one origin per region, at home in one of its datacenters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from greensched.core.types import F64
from greensched.scenario.datacenters import Datacenter
from greensched.scenario.load import Loaded
from greensched.scenario.workload import CloudsimWorkload
from greensched.signals.zones import zones


@dataclass(frozen=True)
class Origins:
    """Where jobs come from: one origin per region."""

    regions: list[str]
    home: list[int]  # datacenter of each origin
    weight: F64
    lon: F64
    of_datacenter: list[int]  # origin of each datacenter


def origins(loaded: Loaded) -> Origins:
    """Origins with their shares: ``workload.origins``, else ``load_share``, else the datacenters' cores.

    In the order of their names, and at home in the region's first datacenter by name, so that the jobs drawn do not
    depend on the order in which a scenario lists its datacenters.
    """
    datacenters = loaded.scenario.datacenters
    spec = loaded.scenario.workload
    given = {} if isinstance(spec, CloudsimWorkload) else spec.origins
    region_of = [_region(dc) for dc in datacenters]
    regions = sorted(set(region_of))
    by_name = sorted(range(len(datacenters)), key=lambda i: datacenters[i].name)
    home = [next(i for i in by_name if region_of[i] == region) for region in regions]
    of_datacenter = [regions.index(region) for region in region_of]
    weight = [0.0] * len(regions)
    for i in by_name:
        dc = datacenters[i]
        share = given.get(dc.name, 0.0) if given else (loaded.cores(dc) if dc.load_share is None else dc.load_share)
        weight[of_datacenter[i]] += share
    if sum(weight) <= 0:
        weight = [1.0] * len(weight)
    lon = [site(loaded, i)[1] for i in home]
    return Origins(regions, home, np.array(weight), np.array(lon), of_datacenter)


def _region(dc: Datacenter) -> str:
    facts = zones().get(dc.zone)
    return dc.region or (facts.region if facts else dc.name)


def site(loaded: Loaded, index: int) -> tuple[float, float]:
    """Latitude and longitude of a datacenter in degrees, from the scenario or its zone's built-in site."""
    dc = loaded.scenario.datacenters[index]
    facts = zones().get(dc.zone)
    lat = dc.lat if dc.lat is not None else (facts.lat if facts else 0.0)
    lon = dc.lon if dc.lon is not None else (facts.lon if facts else 0.0)
    return lat, lon
