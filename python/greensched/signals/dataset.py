"""A data set of synthetic grids: the folder that ``signals: {source: csv}`` reads, with provenance and datasheet."""

from __future__ import annotations

import calendar
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from greensched.core import datasheet
from greensched.core.datasheet import Datasheet
from greensched.core.errors import ConfigError, UnknownNameError
from greensched.core.types import SIGNAL_KINDS
from greensched.signals import provenance, zone_file
from greensched.signals.provenance import Entries, Entry, Origin
from greensched.signals.provider import ZoneSignals
from greensched.signals.series import Signal, utc_text
from greensched.signals.synthetic import SyntheticGrid
from greensched.signals.zones import zones

PARAMETERS = ("zone_facts.csv", "zone_shapes.csv", "zone_pairs.csv")
YEARS = (1900, 2200)
MOST_DAYS = 100 * 366
_UNITS = {
    "carbon_gpkwh": "average life-cycle intensity, g CO2e per kWh",
    "wind_frac": "share of wind power, 0 to 1",
    "solar_frac": "share of solar power, 0 to 1",
    "renewable_frac": "share of all renewables, 0 to 1, never less than wind and solar together",
    "price_per_kwh": "wholesale price, USD per kWh; absent where no market price was found",
    "temperature_c": "outside temperature, degrees Celsius",
}


@dataclass(frozen=True)
class GridOrder:
    """What to generate: zones, [start, end) in UTC, seed, and ``.csv`` or ``.parquet``."""

    zones: tuple[str, ...]
    start: datetime
    end: datetime
    seed: int
    suffix: str = ".csv"


def order(
    seed: int,
    names: str | None = None,
    start: datetime | None = None,
    days: int | None = None,
    year: int | None = None,
    suffix: str = ".csv",
) -> GridOrder:
    """An order from what a user says: a year (default 2022), or days from a start.

    Args:
        seed: 0 or greater.
        names: zones, separated by commas; None: all built-in ones.
        start: first hour, UTC; None: the beginning of 2022.
        days: number of days.
        year: calendar year, instead of ``start`` and ``days``.
        suffix: of the files.

    Raises:
        ConfigError: the window makes no sense.
        UnknownNameError: a zone is not built in.
    """
    if year is not None and (start is not None or days is not None):
        raise ConfigError("give --year, or --start and --days, not both")
    begin = start or datetime(2022 if year is None else _year(year), 1, 1, tzinfo=UTC)
    if begin != begin.replace(minute=0, second=0, microsecond=0):
        raise ConfigError(f"--start {utc_text(begin)}: expected a whole hour")
    length = (366 if calendar.isleap(begin.year) else 365) if days is None else days
    if not 1 <= length <= MOST_DAYS:
        raise ConfigError(f"--days {length}: expected 1 to {MOST_DAYS}")
    _year(begin.year)
    end = begin + timedelta(days=length)
    _year(end.year)
    return GridOrder(_zones(names), begin, end, seed, suffix)


def _year(year: int) -> int:
    if not YEARS[0] <= year <= YEARS[1]:
        raise ConfigError(f"year {year}: expected {YEARS[0]} to {YEARS[1]}")
    return year


def _zones(names: str | None) -> tuple[str, ...]:
    if names is None:
        return tuple(sorted(zones()))
    asked = [name.strip() for name in names.split(",")]
    for name in asked:
        if name not in zones():
            raise UnknownNameError("synthetic zone", name, zones())
    return tuple(sorted(set(asked)))


def write(folder: Path, asked: GridOrder) -> list[tuple[str, str, Signal]]:
    """Write the data set, whole or not at all; returns zone, kind and series of what was written.

    Raises:
        ConfigError: the folder is not empty, or cannot be made.
    """
    source = SyntheticGrid(asked.seed)
    entries: Entries = {}
    written = []
    with datasheet.whole(folder) as temporary:
        for zone in asked.zones:
            loaded = source.load(zone, asked.start, asked.end)
            zone_file.write(temporary / f"{zone}{asked.suffix}", loaded.series)
            entries |= _entries(loaded)
            written += [(zone, kind, loaded.series[kind]) for kind in SIGNAL_KINDS if kind in loaded.series]
        provenance.write(temporary, entries)
        text = sheet(asked).text(datasheet.checksums(temporary))
        (temporary / datasheet.FILE).write_text(text, encoding="utf-8")
    return written


def _entries(loaded: ZoneSignals) -> Entries:
    """The labels of the source, and checksums of the parameter files that decide the values."""
    origins = tuple(Origin(name, sha256(_parameters(name)).hexdigest()) for name in PARAMETERS)
    return {
        (loaded.zone, kind): Entry(replace(label, licence="CC BY 4.0"), origins=origins)
        for kind, label in loaded.labels.items()
    }


def _parameters(name: str) -> bytes:
    return files("greensched.signals").joinpath(name).read_bytes()


def sheet(asked: GridOrder) -> Datasheet:
    """The datasheet of an order."""
    days = (asked.end - asked.start).days
    command = f"greensched generate grid -o DIR --seed {asked.seed} --zones {','.join(asked.zones)}"
    return Datasheet(
        title="Synthetic grids of GreenSched",
        command=f"{command} --start {utc_text(asked.start)} --days {days} --as {asked.suffix[1:]}",
        motivation="Hourly signals of electric grids for experiments on carbon-aware scheduling, free of the licences "
        "and gaps of measured series, in any number of independent years.",
        composition=_composition(asked, 24 * days),
        process="Wind comes from a Gaussian process with the measured memory, daily and seasonal course and "
        "distribution; sun from geometry and daily clouds. Carbon intensity follows weather, measured rhythm and noise "
        "and has the measured distribution of 2022 over each calendar year. Other renewables and prices follow carbon "
        "intensity as measured. Neighbouring zones share weather, noise and market with the stated correlations.",
        parameters=_sources(),
        randomness=f"Seed {asked.seed}. Streams are named `signals, ZONE, YEAR, PROCESS, PART` and keyed by SHA-256 of "
        "the name, so that a zone and a year are the same whatever else is generated, and two seeds share no draw. A "
        "window is a slice of its calendar years.",
        uses="Comparing schedulers, testing forecasts and code, teaching. Not for statements about a real grid at a "
        "real time, for accounting of emissions, or for trading.",
        limits="Every year has the distribution of 2022: no trend, no fuel crisis, no extreme year. Prices are never "
        "negative and their rarest spikes are cut. Only neighbours are correlated. Temperature does not drive demand. "
        "Shares of wind and sun are assumptions where `mix` in zone_facts.csv says so. `benchmarks/fidelity.py` "
        "measures how far it is from real hours.",
    )


def _composition(asked: GridOrder, hours: int) -> str:
    columns = "\n".join(f"| `{kind}` | {unit} |" for kind, unit in _UNITS.items())
    return (
        f"One file per zone ({len(asked.zones)}): {', '.join(asked.zones)}. Each has {hours} rows, one per hour from "
        f"{utc_text(asked.start)} to {utc_text(asked.end)} (exclusive). `ts` is the start of the hour, UTC.\n\n"
        f"| column | meaning |\n|---|---|\n{columns}\n\n`provenance.json` says the same in the form that GreenSched "
        "reads. There are no missing values, no people, and no split: take other seeds for other samples. A share of a "
        f"power that a zone does not have is 0 at all times{_constant(asked)}."
    )


def _constant(asked: GridOrder) -> str:
    """Columns that are 0 by fact."""
    none = [f"`wind_frac` of {z}" for z in asked.zones if zones()[z].wind_frac == 0]
    none += [f"`solar_frac` of {z}" for z in asked.zones if zones()[z].solar_frac == 0]
    return f" ({', '.join(none)})" if none else ""


def _sources() -> tuple[tuple[str, str, str], ...]:
    where = "Electricity Maps hourly intensity of 2022 (ODbL 1.0)"
    return (
        ("mean and variation of intensity, mean shares, site, temperature", "`zone_facts.csv`", f"{where}; EIA-930; "
         "ENTSO-E via CarbonCast; Open-Meteo (CC BY 4.0)"),
        ("rhythm, memory, quantiles of intensity, renewables, price, wind, temperature", "`zone_shapes.csv`",
         f"{where}; market prices collected in HewlettPackard/sustain-cluster; EIA-930; ENTSO-E via CarbonCast"),
        ("correlation of neighbours", "`zone_pairs.csv`", "the same series, 2021 and 2022"),
    )  # fmt: skip
