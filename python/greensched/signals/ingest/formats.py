"""The file formats that ``greensched signal import`` knows."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from greensched.core.errors import ConfigError, UnknownNameError
from greensched.signals.ingest.batch import Batch, Options, Reader


@dataclass(frozen=True)
class Format:
    """A format: the module whose ``read`` reads it, and what it is in a few words."""

    module: str
    meaning: str


FORMATS: dict[str, Format] = {
    "electricitymaps": Format("electricitymaps", "Electricity Maps bulk CSV, of 2021-24 and of 2025 on"),
    "eia930": Format("eia", "EIA-930 bulk CSV (EIA930_BALANCE_*.csv); its stamps end the hour"),
    "entsoe": Format("entsoe", "ENTSO-E XML: generation by type (A75), day-ahead prices (A44)"),
    "entsoe-csv": Format("entsoe_csv", "ENTSO-E CSV exports, in UTC"),
    "carbon-aware-sdk": Format("carbon_aware_sdk", "JSON of the Carbon Aware SDK"),
    "uk-carbon-intensity": Format("uk", "JSON replies of the UK Carbon Intensity API"),
    "watttime": Format("watttime", "JSON replies of WattTime v3"),
    "open-meteo": Format("open_meteo", "JSON replies of Open-Meteo: temperature"),
    "table": Format("table", "CSV or Parquet with zone, ts and columns of known names"),
}


def reader(name: str) -> Reader:
    """The reader of a format.

    Raises:
        UnknownNameError: there is no such format.
    """
    if name not in FORMATS:
        raise UnknownNameError("format", name, FORMATS)
    found: Reader = import_module(f"greensched.signals.ingest.{FORMATS[name].module}").read
    return found


def read(name: str, files: list[Path], options: Options) -> Batch:
    """Read files of a format, in any order.

    Raises:
        UnknownNameError: no such format.
        ConfigError: no file, or one twice.
        DataError: what is wrong in which line of which file.
    """
    if not files:
        raise ConfigError("no file named, expected at least one")
    twice = sorted({str(path) for path in files if files.count(path) > 1})
    if twice:
        raise ConfigError(f"{', '.join(twice)} named twice, expected once")
    return reader(name)(files, options)
