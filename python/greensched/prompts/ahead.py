"""Sentences about what is forecast: the newest issue of each kind of signal, at fixed leads from now."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

from greensched.core.types import SIGNAL_KINDS, ForecastBook
from greensched.core.units import S_PER_MIN
from greensched.prompts import headers
from greensched.prompts.numbers import UNKNOWN, figures, percent

PAPER_LEADS_MIN: Final = (5, 15, 60)
"""The paper's R(t + Δ); always told, if only as unknown."""
LONGER_LEADS_MIN: Final = (180, 360, 720, 1440, 2880, 5760)
"""Told where any datacenter has an issue that reaches so far."""
PAPER_KINDS: Final = ("carbon_gpkwh", "wind_frac", "solar_frac")
"""Told always; the other kinds only where something has been issued."""

_UNITS = {
    "carbon_gpkwh": " gCO₂/kWh", "marginal_gpkwh": " gCO₂/kWh", "price_per_kwh": " per kWh", "temperature_c": " °C",
}  # fmt: skip


def forecasts(names: Sequence[str], book: ForecastBook, t_s: float) -> str:
    """One sentence per kind of signal: its values at ``t_s`` and the leads, a row per datacenter."""
    issued = {kind for _, kind in book.newest}
    kinds = [k for k in SIGNAL_KINDS if k in PAPER_KINDS or k in issued]
    return " ".join(_of_kind(names, book, t_s, kind) for kind in kinds)


def _of_kind(names: Sequence[str], book: ForecastBook, t_s: float, kind: str) -> str:
    text: Callable[[float], str] = percent if kind.endswith("_frac") else figures
    leads = (*PAPER_LEADS_MIN, *LONGER_LEADS_MIN)
    table = [[book.at(d, kind, t_s + lead * S_PER_MIN) for lead in leads] for d in range(len(names))]
    told = [i for i in range(len(leads)) if i < len(PAPER_LEADS_MIN) or any(not math.isnan(row[i]) for row in table)]
    if all(math.isnan(row[i]) for row in table for i in told):
        return f"{headers.FORECASTS[kind]}: {UNKNOWN}."
    sites = (f"{name}: {', '.join(text(row[i]) for i in told)}" for name, row in zip(names, table, strict=True))
    when = ", ".join(str(leads[i]) for i in told)
    return f"{headers.FORECASTS[kind]}: in {when} min [{'; '.join(sites)}]{_UNITS.get(kind, '')}."
