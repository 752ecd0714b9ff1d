"""Folders of signals: columns are added, joined and kept apart; what is unlike is never mixed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greensched.core.errors import DataError
from greensched.signals import folder_writer, provenance
from greensched.signals.csv_folder import CsvFolder
from greensched.signals.ingest.batch import Series
from greensched.signals.provenance import Origin
from greensched.signals.provider import Label, ZoneSignals, mixed
from greensched.signals.series import Signal

START = datetime(2022, 1, 1, tzinfo=UTC)
AVERAGE = Label("test", False, measure="average", factors="lifecycle", licence="CC0")
FILE = Origin("a.csv", "0" * 64)
FLOATS = st.floats(-1e6, 1e6) | st.just(float("nan"))


def series(
    values: list[float],
    kind: str = "carbon_gpkwh",
    *,
    hour: float = 0,
    step_s: float = 3600.0,
    label: Label = AVERAGE,
    zone: str = "DE",
) -> Series:
    start = START + timedelta(hours=hour)
    return Series(zone, kind, Signal(f"{kind} of {zone}", start, step_s, np.array(values, dtype=np.float64)), label)


def values(folder: Path, kind: str = "carbon_gpkwh") -> list[float]:
    return CsvFolder(folder).everything("DE").series[kind].values.tolist()


def test_a_later_window_prolongs_the_column_and_a_gap_stays_missing(tmp_path: Path) -> None:
    folder_writer.write(tmp_path, [series([1, 2])], (FILE,))
    folder_writer.write(tmp_path, [series([4, 5], hour=3)], (Origin("b.csv", "1" * 64),))
    np.testing.assert_array_equal(values(tmp_path), [1, 2, np.nan, 4, 5])
    entry = provenance.read(tmp_path)["DE", "carbon_gpkwh"]
    assert [origin.name for origin in entry.origins] == ["a.csv", "b.csv"]
    assert entry.label == AVERAGE


def test_values_that_differ_are_refused_unless_the_new_ones_are_to_win(tmp_path: Path) -> None:
    folder_writer.write(tmp_path, [series([1, 2])], (FILE,))
    folder_writer.write(tmp_path, [series([2, 3], hour=1)], (FILE,))  # they agree where they meet
    with pytest.raises(DataError, match=r"is 2 at 2022-01-01T01:00:00Z, the new value is 9 .*--overwrite"):
        folder_writer.write(tmp_path, [series([9], hour=1)], (FILE,))
    assert values(tmp_path) == [1, 2, 3]
    folder_writer.write(tmp_path, [series([9], hour=1)], (FILE,), overwrite=True)
    assert values(tmp_path) == [1, 9, 3]


def test_a_coarser_series_holds_beside_a_finer_one(tmp_path: Path) -> None:
    folder_writer.write(tmp_path, [series([1, 2])], (FILE,))
    finer = series([10, 11], "temperature_c", hour=0.5, step_s=1800, label=Label("w", False))
    folder_writer.write(tmp_path, [finer], (FILE,))
    assert values(tmp_path) == [1, 1, 2, 2]
    np.testing.assert_array_equal(values(tmp_path, "temperature_c"), [np.nan, 10, 11, np.nan])
    with pytest.raises(DataError, match="intervals that divide each other"):
        folder_writer.write(tmp_path, [series([1, 1], "wind_frac", hour=0.1, label=Label("w", False))], (FILE,))


@pytest.mark.parametrize(
    ("label", "message"),
    [
        (Label("x", False, measure="average", factors="direct"), "factors 'lifecycle', the new values 'direct'"),
        (Label("x", False), "measure 'average', the new values 'not said'"),
        (Label("x", False, measure="marginal", factors="lifecycle"), "never mixed"),
        (Label("x", True, measure="average", factors="lifecycle"), "synthetic"),
    ],
)
def test_what_is_unlike_never_shares_a_column(tmp_path: Path, label: Label, message: str) -> None:
    folder_writer.write(tmp_path, [series([1, 2])], (FILE,))
    with pytest.raises(DataError, match=message):
        folder_writer.write(tmp_path, [series([3], hour=2, label=label)], (FILE,))
    assert values(tmp_path) == [1, 2]


def test_one_run_compares_like_with_like() -> None:
    a, b, c = ZoneSignals("A"), ZoneSignals("B"), ZoneSignals("C")
    a.add("carbon_gpkwh", series([1]).signal, AVERAGE)
    b.add("carbon_gpkwh", series([1]).signal, Label("x", False, measure="average", factors="direct"))
    c.add("carbon_gpkwh", series([1]).signal, Label("says nothing", False))
    assert mixed([a, c]) == []
    assert mixed([a, b, c]) == [
        "carbon_gpkwh of B has the emission factors 'direct', that of A 'lifecycle'; expected one for all zones, since "
        "they are compared"
    ]
    with pytest.raises(DataError, match="average and marginal intensities are never mixed"):
        a.add("marginal_gpkwh", series([1]).signal, AVERAGE)


@pytest.mark.parametrize("zone", ["../up", "a/b", "", ".hidden", "x" * 65, "a\nb"])
def test_a_zone_cannot_name_a_file_elsewhere(tmp_path: Path, zone: str) -> None:
    with pytest.raises(DataError, match="expected a zone of letters"):
        folder_writer.write(tmp_path / "g", [series([1, 2], zone=zone)], (FILE,))
    assert list((tmp_path / "g").iterdir()) == []


def test_a_kind_of_a_plug_in_is_read_where_it_is_declared(tmp_path: Path) -> None:
    smog = series([7, 8], "pm2_5_ugpm3", label=Label("air", False))
    folder_writer.write(tmp_path, [series([1, 2]), smog], (FILE,), units={"pm2_5_ugpm3": "µg/m³"})
    assert values(tmp_path, "pm2_5_ugpm3") == [7, 8]
    assert provenance.read(tmp_path)["DE", "pm2_5_ugpm3"].unit == "µg/m³"
    (tmp_path / provenance.FILE).unlink()
    with pytest.raises(DataError, match="unknown column pm2_5_ugpm3"):
        values(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"provenance\.json:1: not JSON"),
        ('{"format": 2}', '"format": 1'),
        ('{"format": 1, "series": {"DE": {"carbon_gpkwh": {"source": "x"}}}}', "expected source, synthetic"),
        (
            '{"format": 1, "series": {"DE": {"x": {"source": "x", "synthetic": false, "factors": "green"}}}}',
            "factors is 'green', expected one of lifecycle, direct",
        ),
    ],
)
def test_a_damaged_provenance_is_refused(tmp_path: Path, text: str, message: str) -> None:
    folder_writer.write(tmp_path, [series([1, 2])], (FILE,))
    (tmp_path / provenance.FILE).write_text(text)
    with pytest.raises(DataError, match=message):
        CsvFolder(tmp_path)


def test_a_zone_as_csv_and_as_parquet_is_refused(tmp_path: Path) -> None:
    folder_writer.write(tmp_path, [series([1, 2])], (FILE,))
    (tmp_path / "DE.parquet").write_bytes(b"")
    with pytest.raises(DataError, match="expected one of them; remove the other"):
        values(tmp_path)
    (tmp_path / "DE.parquet").unlink()
    folder_writer.write(tmp_path, [series([3], hour=2)], (FILE,), suffix=".parquet")
    assert [p.name for p in sorted(tmp_path.iterdir())] == ["DE.parquet", "provenance.json"]
    assert values(tmp_path) == [1, 2, 3]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), min_size=2, max_size=30),
    st.sampled_from([".csv", ".parquet"]),
)
def test_any_values_come_back_as_the_same_bits(tmp_path: Path, given_values: list[float], suffix: str) -> None:
    for old in tmp_path.iterdir():
        old.unlink()
    folder_writer.write(
        tmp_path, [series(given_values, "price_per_kwh", label=Label("p", False))], (FILE,), suffix=suffix
    )
    np.testing.assert_array_equal(np.array(values(tmp_path, "price_per_kwh")), np.array(given_values))
