"""Sentences about all datacenters, in the order of the world. ``names`` are as :func:`untrusted.place` writes them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from greensched.core.types import F64, I32, DatacenterState, HostType, World
from greensched.prompts import headers
from greensched.prompts.numbers import NONE, UNKNOWN, figures, percent, quantity
from greensched.prompts.untrusted import place

Names = Sequence[str]


def paper(names: Names, state: DatacenterState) -> str:
    """The paper's three sentences: intensity (g/kWh), wind and solar shares, PUE."""
    carbon = ", ".join(f"{n}:{figures(v)}" for n, v in _each(names, state.carbon_gpkwh))
    wind_solar = zip(names, state.wind_frac.tolist(), state.solar_frac.tolist(), strict=True)
    renewables = "; ".join(f"{n}: wind={percent(w)}, solar={percent(s)}" for n, w, s in wind_solar)
    pue = _listed(names, state.pue, lambda v: figures(v, 4))  # it scales the energy, and is known that well
    return f"{headers.CARBON}: [{carbon}] gCO₂/kWh. {headers.RENEWABLES}: [{renewables}]. {headers.PUE}: {pue}."


def state_now(names: Names, state: DatacenterState) -> str:
    """What is measured now beside the paper's: load, power (kW), room, queues, faults, temperature (°C), prices."""
    said = (
        (headers.UTILISATION, _listed(names, state.utilisation_frac, percent), ""),
        (headers.POWER, _listed(names, state.it_w / 1000.0), " kW"),
        (headers.FREE, _free(names, state), ""),
        (headers.QUEUE, _queue(names, state), ""),
        (headers.OUT, _out(names, state), ""),
        (headers.TEMPERATURE, _listed_if_known(names, state.temperature_c), " °C"),
        (headers.PRICE, _listed_if_known(names, state.price_per_kwh), " per kWh"),
        (headers.SHARE, _listed_if_known(names, state.renewable_frac, percent), ""),
        (headers.MARGINAL, _listed_if_known(names, state.marginal_gpkwh), " gCO₂/kWh"),
    )
    return " ".join(f"{header}: {value}{'' if value == UNKNOWN else unit}." for header, value, unit in said)


def hardware(names: Names, world: World) -> str:
    """The published facts of every host type: size, wall power at idle and full load (W), speed per work class."""
    sites = (
        f"{name}: {' and '.join(_host(h, world) for h in d.hosts) or NONE}, cap={percent(d.utilisation_cap_frac)}"
        for name, d in zip(names, world.datacenters, strict=True)
    )
    return f"{headers.HARDWARE}: [{'; '.join(sites)}]."


def network(names: Names, world: World, origin: int) -> str:
    """Round-trip time (ms) and bandwidth (Gbit/s) from an origin; its data is at home already."""
    if not 0 <= origin < len(world.origins):
        return f"{headers.NETWORK}: {UNKNOWN}."
    rows = zip(names, world.rtt_ms[origin].tolist(), world.gbps[origin].tolist(), strict=True)
    home = int(world.home[origin])
    ways = (
        f"{name}: {'home, ' if d == home else ''}{quantity(rtt_ms, 'ms')}, {quantity(gbps, 'Gbit/s')}"
        for d, (name, rtt_ms, gbps) in enumerate(rows)
    )
    return f"{headers.NETWORK}: from {place(world.origins[origin])} to [{'; '.join(ways)}]."


def _each(names: Names, values: F64) -> Iterable[tuple[str, float]]:
    return zip(names, values.tolist(), strict=True)


def _listed(names: Names, values: F64, text: Callable[[float], str] = figures) -> str:
    return f"[{', '.join(f'{n}={text(v)}' for n, v in _each(names, values))}]"


def _listed_if_known(names: Names, values: F64, text: Callable[[float], str] = figures) -> str:
    """As :func:`_listed`, in one word where no datacenter has the signal at all."""
    if all(math.isnan(v) for v in values.tolist()):
        return UNKNOWN
    return _listed(names, values, text)


def _free(names: Names, state: DatacenterState) -> str:
    columns = (state.free_cores, state.free_gpus, state.free_mem_gb, state.max_free_cores, state.max_free_gpus)
    sites = (
        f"{name}: cores={figures(cores)}, GPUs={figures(gpus)}, Mem={quantity(mem_gb, 'GB')}, "
        f"on one host={quantity(most_cores, 'cores')} and {quantity(most_gpus, 'GPUs')}"
        for name, cores, gpus, mem_gb, most_cores, most_gpus in zip(names, *(c.tolist() for c in columns), strict=True)
    )
    return f"[{'; '.join(sites)}]"


def _queue(names: Names, state: DatacenterState) -> str:
    waiting = _crowd(state.queued, state.queued_cores, state.queued_gpus, state.queued_mem_gb)
    arriving = _crowd(state.inbound, state.inbound_cores, state.inbound_gpus, state.inbound_mem_gb)
    sites = (
        f"{name}: running={running}, waiting={w}, arriving={a}"
        for name, running, w, a in zip(names, state.running.tolist(), waiting, arriving, strict=True)
    )
    return f"[{'; '.join(sites)}]"


def _crowd(count: I32, cores: F64, gpus: F64, mem_gb: F64) -> list[str]:
    """How many jobs, and what they ask for; only the number where there are none."""
    rows = zip(count.tolist(), cores.tolist(), gpus.tolist(), mem_gb.tolist(), strict=True)
    return [
        f"{n} ({quantity(c, 'cores')}, {quantity(g, 'GPUs')}, {quantity(m, 'GB')})" if n or c or g or m else "0"
        for n, c, g, m in rows
    ]


def _out(names: Names, state: DatacenterState) -> str:
    """Only where something is: usually nothing is out of service, and a list of zeros says little in many words."""
    broken = [
        f"{name}: {'no power' if down else quantity(failed, 'cores')}"
        for name, down, failed in zip(names, state.down.tolist(), state.failed_cores.tolist(), strict=True)
        if down or failed != 0
    ]
    return f"[{'; '.join(broken)}]" if broken else NONE


def _host(host: HostType, world: World) -> str:
    facts = [
        quantity(host.cores, "cores"),
        quantity(host.mem_gb, "GB"),
        f"{figures(host.power_w[0])}-{figures(host.power_w[-1])} W",
    ]
    if host.gpus:
        known = 0 <= host.gpu_type < len(world.gpu_types)
        kind = place(world.gpu_types[host.gpu_type]) if known else UNKNOWN
        facts.append(f"{host.gpus} x {kind} of {figures(host.gpu_idle_w)}-{figures(host.gpu_max_w)} W")
    if len(set(host.speed)) == 1:
        facts.append(f"speed={figures(host.speed[0])}")
    else:
        speeds = zip(world.work_classes, host.speed, strict=True)
        facts.append("speed " + " ".join(f"{place(work)}={figures(speed)}" for work, speed in speeds))
    return f"{host.count} x {place(host.type)} ({', '.join(facts)})"
