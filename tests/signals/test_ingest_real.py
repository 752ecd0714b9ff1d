"""Importers on the data pack and on recorded replies: every row arrives, and the statistics are the published ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from greensched.core.errors import DataError
from greensched.signals import folder_writer
from greensched.signals.csv_folder import CsvFolder
from greensched.signals.ingest import formats
from greensched.signals.ingest.batch import Batch, Options
from greensched.signals.ingest.mix import kinds_of_mix

# Zone facts of 2022 in the project's reference: mean of the life-cycle intensity, coefficient of variation, mean daily
# range / mean, saving of the best 4-h window within 24 h (%).
FACTS = {
    "NO": (38, 0.37, 0.53, 18), "CA-ON": (59, 0.60, 1.01, 47), "ES": (219, 0.30, 0.42, 21), "GB": (222, 0.36, 0.55, 25),
    "US-CAL-CISO": (262, 0.29, 0.55, 31), "US-NY-NYIS": (281, 0.11, 0.16, 7), "US-TEX-ERCO": (400, 0.21, 0.35, 15),
    "US-MIDA-PJM": (424, 0.10, 0.11, 5), "KR": (453, 0.06, 0.08, 4), "DE": (478, 0.28, 0.43, 22),
    "SG": (492, 0.02, 0.04, 3), "AU-VIC": (541, 0.17, 0.38, 17), "JP-TK": (550, 0.13, 0.32, 21),
    "AU-NSW": (593, 0.18, 0.43, 23), "ZA": (704, 0.05, 0.09, 5), "IN-WE": (748, 0.03, 0.03, 2),
}  # fmt: skip


def table(folder: Path, name: str) -> Batch:
    return formats.read("table", [folder / name], Options())


@pytest.fixture(scope="module")
def carbon(data_folder: Path) -> Batch:
    return table(data_folder, "grid/carbon_intensity_hourly.parquet")


def test_every_row_of_the_pack_arrives(data_folder: Path, carbon: Batch) -> None:
    assert carbon.rows == 315_360
    values = {s.zone: s.signal.values for s in carbon.series if s.kind == "carbon_gpkwh"}
    assert len(values) == 18
    assert sum(len(v) for v in values.values()) == 315_360  # zero NaN, no hour left out
    assert not any(np.isnan(v).any() for v in values.values())
    weather, prices = (table(data_folder, f"{n}/{n}_hourly.parquet") for n in ("weather", "prices"))
    assert (weather.rows, prices.rows) == (280_320, 392_181)
    known = sum(int((~np.isnan(s.signal.values)).sum()) for s in prices.series)
    nulls = pq.read_table(data_folder / "prices/prices_hourly.parquet").column("usd_per_mwh").null_count
    assert known == 392_181 - nulls


@pytest.mark.parametrize("zone", sorted(FACTS))
def test_statistics_of_2022_are_the_published_ones(carbon: Batch, zone: str) -> None:
    (series,) = (s for s in carbon.series if s.zone == zone and s.kind == "carbon_gpkwh")
    values = series.signal.values[8760:]  # 2022
    mean, cov, day_range, saving = FACTS[zone]
    days = values.reshape(365, 24)
    windows = np.lib.stride_tricks.sliding_window_view(values, 4).mean(axis=1)
    best = np.lib.stride_tricks.sliding_window_view(windows, 25).min(axis=1)  # may start up to 24 h later
    assert values.mean() == pytest.approx(mean, abs=0.51)
    assert values.std() / values.mean() == pytest.approx(cov, abs=0.0055)
    assert float(np.ptp(days, axis=1).mean() / values.mean()) == pytest.approx(day_range, abs=0.0055)
    assert 100 * (1 - best.mean() / values.mean()) == pytest.approx(saving, abs=0.55)


def test_modelled_zones_are_marked(carbon: Batch) -> None:
    estimated = {s.zone: s.label.estimated_frac for s in carbon.series if s.kind == "carbon_gpkwh"}
    assert (estimated["JP-TK"], estimated["IN-WE"], estimated["DE"]) == (1.0, 1.0, 0.0)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_the_round_trip_through_a_folder_is_lossless(carbon: Batch, tmp_path: Path, suffix: str) -> None:
    some = [s for s in carbon.series if s.zone in ("DE", "SG")]
    folder_writer.write(tmp_path, some, (), suffix=suffix)
    back = CsvFolder(tmp_path)
    for series in some:
        there = back.everything(series.zone)
        assert there.series[series.kind].start == series.signal.start
        assert there.series[series.kind].values.tobytes() == series.signal.values.tobytes()
        assert there.labels[series.kind] == series.label


def test_shares_of_generation_are_those_of_the_pack(data_folder: Path) -> None:
    """Wind and solar share of two US grids from their MW, with the rule that negative MW count as 0."""
    fuels = {"wind": "wind", "solar": "solar", "hydro": "hydro", "nuclear": "nuclear", "nat_gas": "gas", "coal": "coal",
             "oil": "oil", "biomass": "biomass", "geothermal": "geothermal", "other": "unknown"}  # fmt: skip
    rows = pq.read_table(
        data_folder / "grid/generation_by_source_hourly.parquet", filters=[("zone", "==", "US-TEX-ERCO")]
    ).to_pandas()
    columns = {fuel: rows[name].to_numpy(float) for name, fuel in fuels.items() if rows[name].notna().all()}
    shares = kinds_of_mix(columns, "lifecycle")
    known = ~np.isnan(shares["wind_frac"])
    assert known.mean() > 0.99
    np.testing.assert_allclose(shares["wind_frac"][known], rows["wind_share"].to_numpy(float)[known], atol=1e-3)
    np.testing.assert_allclose(shares["solar_frac"][known], rows["solar_share"].to_numpy(float)[known], atol=1e-3)


def test_recorded_files_are_read(data_folder: Path) -> None:
    recorded = data_folder / "fixtures"
    bulk = formats.read("electricitymaps", [recorded / "electricitymaps/bulk_DE_2022_hourly.head72.csv"], Options())
    assert bulk.rows == 72
    assert bulk.series[0].signal.values[0] == 213.79
    generation = formats.read("entsoe", [recorded / "entsoe/A75_A16_generation_SE4.xml"], Options(zone="SE-SE4"))
    by_kind = {s.kind: s.signal.values for s in generation.series}
    assert len(by_kind["wind_frac"]) == 71
    assert 0.5 < by_kind["wind_frac"].mean() < 1.0
    prices = formats.read("entsoe", [recorded / "entsoe/A44_prices_FR.xml"], Options(zone="FR"))
    assert prices.series[0].signal.values[:3].tolist() == pytest.approx([0.10678, 0.09502, 0.09])
    weather = formats.read("open-meteo", [recorded / "open_meteo/archive_DE_2022_first48h.json"], Options(zone="DE"))
    assert weather.rows == 48
    with pytest.raises(DataError, match=r"Emissions\[0\].*no time zone"):  # "all fictional", and without time zones
        formats.read("carbon-aware-sdk", [recorded / "carbon_aware_sdk/sample-emissions-data.json"], Options())
