"""CSV folders: read, and refused with file, line and reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from greensched.core.errors import DataError, UnknownNameError
from greensched.signals.csv_folder import CsvFolder

START = datetime(2022, 6, 6, tzinfo=UTC)


def write(folder: Path, zone: str, text: str | bytes) -> CsvFolder:
    folder.mkdir(exist_ok=True)
    (folder / f"{zone}.csv").write_bytes(text.encode() if isinstance(text, str) else text)
    return CsvFolder(folder)


def test_reads_values_and_leaves_empty_cells_missing(tmp_path: Path) -> None:
    text = "ts,carbon_gpkwh,wind_frac\n2022-06-06T00:00:00Z,100,0.5\n2022-06-06T00:30:00Z,120.5,\n"
    source = write(tmp_path / "g", "DE", text)
    loaded = source.load("DE", START, START + timedelta(hours=1))
    assert source.zones() == ["DE"]
    assert loaded.series["carbon_gpkwh"].values.tolist() == [100.0, 120.5]
    assert loaded.series["carbon_gpkwh"].step_s == 1800.0
    assert np.isnan(loaded.series["wind_frac"].values).tolist() == [False, True]
    assert not loaded.labels["carbon_gpkwh"].synthetic
    assert source.yearly_temperature("DE", 2022) is None


def test_cuts_to_the_window(tmp_path: Path) -> None:
    rows = [f"{(START + timedelta(hours=h)).isoformat()},{h}" for h in range(10)]
    source = write(tmp_path / "g", "DE", "ts,carbon_gpkwh\n" + "\n".join(rows) + "\n")
    cut = source.load("DE", START + timedelta(hours=2), START + timedelta(hours=5)).series["carbon_gpkwh"]
    assert cut.values.tolist() == [2.0, 3.0, 4.0]
    with pytest.raises(DataError, match="covers 2022-06-06T00:00Z to 2022-06-06T10:00Z only"):
        source.load("DE", START + timedelta(days=2), START + timedelta(days=3))


BAD = {
    "missing column": ("ts,price_per_kwh\n2022-06-06T00:00Z,1\n", r"DE\.csv: no column carbon_gpkwh"),
    "unknown column": ("ts,carbon_gpkwh,foo\n", "unknown column foo"),
    "one row": ("ts,carbon_gpkwh\n2022-06-06T00:00Z,1\n", "at least two rows"),
    "not an instant": ("ts,carbon_gpkwh\nx,1\ny,2\n", r"DE\.csv:2: ts 'x' is not an ISO"),
    "not UTC": ("ts,carbon_gpkwh\n2022-06-06T00:00+02:00,1\n2022-06-06T01:00+02:00,1\n", "must be UTC"),
    "a jump": (
        "ts,carbon_gpkwh\n2022-06-06T00:00Z,1\n2022-06-06T01:00Z,1\n2022-06-06T03:00Z,1\n",
        r"DE\.csv:4: 2022-06-06T03:00Z does not follow 2022-06-06T01:00Z by 3600 s; write the rows between",
    ),
    "too many fields": (
        "ts,carbon_gpkwh\n2022-06-06T00:00Z,1\n2022-06-06T01:00Z,1,9\n",
        r"DE\.csv:3: 3 fields, expected 2",
    ),
    "a torn row": ("carbon_gpkwh,ts\n1,2022-06-06T00:00Z\n1\n", r"DE\.csv:3: 1 fields, expected 2"),
    "a column twice": ("ts,carbon_gpkwh,carbon_gpkwh\n", "column carbon_gpkwh given twice"),
    "not text": (b"ts,carbon_gpkwh\n2022-06-06T00:00Z,\xff\n", r"DE\.csv:2: byte 0xff is not UTF-8"),
    "an endless field": ('ts,carbon_gpkwh\n"' + "x" * 200_000, r"DE\.csv:\d+: not CSV"),
    "not a number": ("ts,carbon_gpkwh\n2022-06-06T00:00Z,1\n2022-06-06T01:00Z,abc\n", r"DE\.csv:3: carbon_gpkwh 'abc'"),
}


@pytest.mark.parametrize("case", sorted(BAD))
def test_bad_files_say_where_and_what(tmp_path: Path, case: str) -> None:
    text, message = BAD[case]
    with pytest.raises(DataError, match=message):
        write(tmp_path / "g", "DE", text).load("DE", START, START + timedelta(hours=1))


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    source = write(tmp_path / "g", "DE", "\ufeffts,carbon_gpkwh\n2022-06-06T00:00Z,1\n2022-06-06T01:00Z,2\n")
    assert source.load("DE", START, START + timedelta(hours=2)).series["carbon_gpkwh"].values.tolist() == [1.0, 2.0]


def test_a_file_that_links_out_of_the_folder_is_not_read(tmp_path: Path) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_text("ts,carbon_gpkwh\n2022-06-06T00:00Z,1\n2022-06-06T01:00Z,2\n")
    (tmp_path / "g").mkdir()
    (tmp_path / "g" / "DE.csv").symlink_to(outside)
    with pytest.raises(DataError, match="link that leads out"):
        CsvFolder(tmp_path / "g").load("DE", START, START + timedelta(hours=2))
    with pytest.raises(DataError, match="link that leads out"):
        CsvFolder(tmp_path / "g").yearly_temperature("DE", 2022)


def test_no_folder_and_no_zone(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"one <zone>\.csv per zone"):
        CsvFolder(tmp_path / "none")
    with pytest.raises(UnknownNameError, match="Did you mean 'DE'"):
        write(tmp_path / "g", "DE", "ts,carbon_gpkwh\n").load("DEU", START, START)
