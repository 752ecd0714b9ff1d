"""Importers: what each format says, worked out by hand on small files."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from greensched.core.errors import ConfigError, DataError, UnknownNameError
from greensched.signals.ingest import formats
from greensched.signals.ingest.batch import Batch, Options, Series
from greensched.signals.ingest.mix import kinds_of_mix
from tests.signals import samples

START = datetime(2022, 1, 1, tzinfo=UTC)
Read = Callable[..., Batch]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def run(name: str, *texts: str | bytes | dict[str, object], suffix: str = ".txt", **options: object) -> Batch:
        files = []
        for i, text in enumerate(texts):
            path = tmp_path / f"file{i}{suffix}"
            content = json.dumps(text) if isinstance(text, dict) else text
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            files.append(path)
        return formats.read(name, files, Options(**options))  # type: ignore[arg-type]

    return run


def by_kind(batch: Batch) -> dict[str, Series]:
    return {series.kind: series for series in batch.series}


def test_both_generations_of_electricity_maps_become_one_series(read: Read) -> None:
    found = read("electricitymaps", samples.EM_2025, samples.EM_2022)  # in any order
    series = by_kind(found)
    carbon, renewable = series["carbon_gpkwh"], series["renewable_frac"]
    assert found.rows == 5
    assert {s.zone for s in found.series} == {"DE"}  # DE-LU is the same zone under its former id
    assert carbon.signal.start == START
    np.testing.assert_array_equal(carbon.signal.values, [210.25, 220.0, np.nan, 230.0, 240.0])
    np.testing.assert_array_equal(renewable.signal.values, [0.7, 0.69, np.nan, 0.68, 0.67])
    assert (carbon.label.measure, carbon.label.factors) == ("average", "lifecycle")
    assert carbon.label.estimated_frac == 0.2
    assert found.notes == [
        "DE: 1 of 5 values of carbon_gpkwh missing, first 2022-01-01T02:00:00Z",
        "DE: 1 of 5 values of renewable_frac missing, first 2022-01-01T02:00:00Z",
    ]
    direct = by_kind(read("electricitymaps", samples.EM_2022, factors="direct"))["carbon_gpkwh"]
    assert direct.signal.values.tolist() == [160.5, 165.5, 170.5]
    assert direct.label.factors == "direct"


def test_gzip_and_byte_order_marks_are_read(read: Read) -> None:
    text = gzip.compress(b"\xef\xbb\xbf" + samples.EM_2022.encode())
    assert read("electricitymaps", text, suffix=".csv.gz").rows == 3


def test_eia_stamps_end_the_hour_and_adjusted_values_win(read: Read) -> None:
    series = by_kind(read("eia930", samples.EIA_BULK))
    wind, carbon = series["wind_frac"].signal, series["carbon_gpkwh"].signal
    assert wind.start == datetime(2022, 1, 1, 8, tzinfo=UTC)  # the stamp of the first row is 9:00
    # hour 1: gas 600, wind 400, the solar park's own use counts as 0; oil has no value anywhere, so there is none
    assert wind.values[0] == pytest.approx(0.4)
    assert carbon.values[0] == pytest.approx((600 * 490 + 400 * 11) / 1000)
    assert carbon.values[1] == pytest.approx((100 * 820 + 500 * 490 + 100 * 45 + 300 * 11) / 1000)
    # hour 3: the adjusted gas is missing: the total is unknown, nothing is put in its place
    assert np.isnan(wind.values[2])
    assert np.isnan(carbon.values[2])
    assert series["wind_frac"].zone == "US-CAL-CISO"
    assert "without imports" in series["carbon_gpkwh"].label.source


def test_storage_is_in_no_total() -> None:
    mix = {"gas": np.array([60.0]), "wind": np.array([40.0]), "storage": np.array([500.0])}
    shares = kinds_of_mix(mix, "direct")
    assert shares["wind_frac"].tolist() == [0.4]
    assert shares["carbon_gpkwh"].tolist() == [0.6 * 370]


def test_entsoe_a03_repeats_and_a01_is_missing(read: Read) -> None:
    gas = samples.entsoe_series("B04", {1: 100, 3: 300})
    wind = samples.entsoe_series("B19", {1: 100, 2: 100, 3: 100, 4: 100}, curve="A01")
    shares = by_kind(read("entsoe", samples.entsoe_document(gas + wind), zone="DE"))["wind_frac"].signal
    assert shares.values.tolist() == [0.5, 0.5, 0.25, 0.25]  # gas 100, 100, 300, 300
    torn = samples.entsoe_series("B19", {1: 100, 3: 100, 4: 100}, curve="A01")
    shares = by_kind(read("entsoe", samples.entsoe_document(gas + torn), zone="DE"))["wind_frac"].signal
    np.testing.assert_array_equal(shares.values, [0.5, np.nan, 0.25, 0.25])


def test_entsoe_of_two_resolutions_holds_the_coarser(read: Read) -> None:
    gas = samples.entsoe_series("B04", {1: 300}, end="01")
    wind = samples.entsoe_series("B19", {1: 100, 2: 100, 3: 100, 4: 700}, step="PT15M", end="01")
    shares = by_kind(read("entsoe", samples.entsoe_document(gas + wind), zone="DE"))["wind_frac"].signal
    assert (shares.step_s, shares.values.tolist()) == (900.0, [0.25, 0.25, 0.25, 0.7])
    hours, quarters = (
        samples.entsoe_prices({1: 40}, end="01"),
        samples.entsoe_prices({1: 10, 2: 20, 3: 30, 4: 40}, step="PT15M", start="01"),
    )
    price = by_kind(read("entsoe", hours, quarters, zone="FR"))["price_per_kwh"]
    assert price.signal.values.tolist() == pytest.approx([0.04] * 4 + [0.01, 0.02, 0.03, 0.04])
    assert price.label.currency == "EUR"


def test_entsoe_without_data_repeats_what_the_platform_says(read: Read) -> None:
    with pytest.raises(DataError, match=r"file0\.txt: ENTSO-E answers: No matching data found"):
        read("entsoe", samples.ENTSOE_ACKNOWLEDGEMENT, zone="DE")
    with pytest.raises(ConfigError, match="--zone"):
        read("entsoe", samples.entsoe_prices({1: 1, 2: 2}))


def test_entsoe_csv(read: Read) -> None:
    series = by_kind(read("entsoe-csv", samples.ENTSOE_CSV, samples.ENTSOE_PRICE_CSV, zone="FR"))
    assert series["wind_frac"].signal.values.tolist() == [0.4, 0.5]
    assert series["renewable_frac"].signal.values.tolist() == [0.5, 0.6]
    assert series["price_per_kwh"].signal.values.tolist() == [0.0505, -0.003]
    with pytest.raises(DataError, match=r"file0\.txt:2: MTU '01.01.2022 00:00.*' does not say UTC"):
        read("entsoe-csv", samples.ENTSOE_CSV.replace("MTU (UTC)", "MTU (CET/CEST)"), zone="FR")


def test_carbon_aware_sdk(read: Read) -> None:
    text = samples.casdk(
        [("westus", "2022-01-01T00:00:00+00:00", 100), ("westus", "2022-01-01T02:00:00+01:00", "0.5e2")]
    )
    (series,) = read("carbon-aware-sdk", text).series
    assert (series.zone, series.signal.step_s, series.signal.values.tolist()) == ("westus", 3600.0, [100.0, 50.0])
    naive = samples.casdk([("a", "2022-01-01T00:00:00", 0.4), ("a", "2022-01-01T01:00:00", 0.5)])
    with pytest.raises(DataError, match=r"Emissions\[0\]: '2022-01-01T00:00:00' has no time zone"):
        read("carbon-aware-sdk", naive)
    assert read("carbon-aware-sdk", naive, naive_is_utc=True).notes == [
        "a: largest carbon_gpkwh is 0.5; is it kg/kWh, not g/kWh?"
    ]


def test_marginal_and_average_of_watttime_go_to_their_own_columns(read: Read) -> None:
    (moer,) = read("watttime", samples.watttime([1000.0, None, 500.0]), factors="direct").series
    assert (moer.kind, moer.label.measure) == ("marginal_gpkwh", "marginal")
    np.testing.assert_allclose(moer.signal.values, [453.59237, np.nan, 226.796185])
    (aoer,) = read("watttime", samples.watttime([1000.0, 900.0], "co2_aoer"), factors="direct", zone="X").series
    assert (aoer.zone, aoer.kind, aoer.label.measure) == ("X", "carbon_gpkwh", "average")
    with pytest.raises(DataError, match="direct emissions only"):
        read("watttime", samples.watttime([1.0, 2.0]))


def test_the_uk_api_has_actual_values_only_where_they_are_known(read: Read) -> None:
    (series,) = read("uk-carbon-intensity", samples.uk([(260, 250), (270, None)]), factors="direct").series
    np.testing.assert_array_equal(series.signal.values, [250.0, np.nan])
    assert (series.zone, series.signal.step_s, series.label.factors) == ("GB", 1800.0, "direct")


def test_open_meteo_takes_the_offset_off(read: Read) -> None:
    (series,) = read("open-meteo", samples.open_meteo([1.5, None, 3.5], offset_s=3600), zone="DE").series
    assert series.signal.start == datetime(2021, 12, 31, 23, tzinfo=UTC)
    np.testing.assert_array_equal(series.signal.values, [1.5, np.nan, 3.5])
    with pytest.raises(DataError, match="temperature_2m in '°F', expected °C"):
        read("open-meteo", samples.open_meteo([1.5, 2.5], unit="°F"), zone="DE")


def test_tables_know_units_by_name(read: Read) -> None:
    text = (
        "zone,ts,ci_direct,ci_lca,eur_per_mwh,humidity\nDE,2022-01-01T00:00Z,1,10,50,3\nDE,2022-01-01T01:00Z,2,20,,3\n"
    )
    found = read("table", text, suffix=".csv")
    series = by_kind(found)
    assert series["carbon_gpkwh"].signal.values.tolist() == [10.0, 20.0]
    np.testing.assert_array_equal(series["price_per_kwh"].signal.values, [0.05, np.nan])
    assert series["price_per_kwh"].label.currency == "EUR"
    assert found.notes[-1] == "columns left alone: ci_direct, humidity"
    direct = by_kind(read("table", text, suffix=".csv", factors="direct"))["carbon_gpkwh"]
    assert (direct.signal.values.tolist(), direct.label.factors) == ([1.0, 2.0], "direct")
    with pytest.raises(DataError, match="are all carbon_gpkwh, expected one"):
        read("table", text.replace("humidity", "carbon_gpkwh"), suffix=".csv")


def test_an_hour_that_is_left_out_is_missing_not_zero(read: Read) -> None:
    text = "".join(line for i, line in enumerate(samples.EM_2022.splitlines(keepends=True)) if i != 2)
    (carbon, _) = read("electricitymaps", text, samples.EM_2025).series
    np.testing.assert_array_equal(carbon.signal.values, [210.25, np.nan, np.nan, 230.0, 240.0])


def test_names_that_are_no_format(read: Read) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'electricitymaps'"):
        read("electricitymap", samples.EM_2022)
    with pytest.raises(ConfigError, match="no file named"):
        formats.read("table", [], Options())
