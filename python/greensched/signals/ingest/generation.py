"""Series of a zone from its generation by fuel, whichever file or API it came from."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from greensched.core.types import F64
from greensched.signals.ingest.batch import Batch, Options, batch
from greensched.signals.ingest.mix import FACTORS_SOURCE, kinds_of_mix
from greensched.signals.ingest.rows import Rows
from greensched.signals.provider import Label
from greensched.signals.series import Signal


def from_generation(
    rows: Rows, fuel_of: Mapping[str, str], options: Options, said: tuple[str, str], step_s: int | None, in_order: bool
) -> Batch:
    """Intensity and shares of every zone from readings of generation.

    Args:
        rows: readings in MW; their kinds are codes of fuels.
        fuel_of: code -> fuel of :data:`greensched.signals.ingest.mix.FACTORS_GPKWH`; codes of one fuel are added up.
        options: which factors.
        said: source and licence, for the labels.
        step_s: interval of the readings, None: as they have it.
        in_order: see :meth:`Rows.signals`.

    Returns:
        carbon_gpkwh, wind_frac, solar_frac and renewable_frac. A code without any value is one that the zone does not
        have; where one that it has is missing, the total is unknown and everything is missing.

    Raises:
        DataError: uneven rows, or no value at all.
    """
    source, licence = said
    zones: dict[str, dict[str, Signal]] = {}
    for (zone, code), signal in rows.signals(step_s=step_s, in_order=in_order).items():
        if not np.isnan(signal.values).all():
            zones.setdefault(zone, {})[code] = signal
    shares = Rows(rows=rows.rows)
    for zone, codes in zones.items():
        _shares(zone, codes, fuel_of, options, source, shares)

    def label(zone: str, kind: str) -> Label:
        if kind != "carbon_gpkwh":
            return Label(source, synthetic=False, licence=licence)
        words = f"{source}, own generation without imports, {options.factors} {FACTORS_SOURCE}"
        return Label(words, synthetic=False, measure="average", factors=options.factors, licence=licence)

    return batch(shares, label, step_s=step_s)


def _shares(
    zone: str, codes: dict[str, Signal], fuel_of: Mapping[str, str], options: Options, source: str, to: Rows
) -> None:
    step_s = int(min(s.step_s for s in codes.values()))
    begin_s = min(int(s.start.timestamp()) for s in codes.values())
    count = (max(int(s.end.timestamp()) for s in codes.values()) - begin_s) // step_s
    fuels: dict[str, F64] = {}
    for code, signal in codes.items():
        mw = _on_grid(signal, begin_s, step_s, count)
        fuel = fuel_of[code]
        fuels[fuel] = fuels[fuel] + mw if fuel in fuels else mw
    for kind, values in kinds_of_mix(fuels, options.factors).items():
        for k, value in enumerate(values.tolist()):
            to.put(zone, kind, begin_s + k * step_s, value, source, f"interval {k + 1} of {zone}")


def _on_grid(signal: Signal, begin_s: int, step_s: int, count: int) -> F64:
    """A series on the common grid; a coarser one holds within its intervals."""
    values: F64 = np.full(count, np.nan)
    held = np.repeat(signal.values, max(1, int(signal.step_s) // step_s))
    first = (int(signal.start.timestamp()) - begin_s) // step_s
    values[first : first + len(held)] = held[: count - first]
    return values
