"""Files that are cut off, reordered, doubled, in another encoding or hostile: refused with place and cure."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greensched.core.errors import ConfigError, DataError
from greensched.signals.ingest import formats
from greensched.signals.ingest.batch import Options
from tests.signals import samples

LINES = samples.EM_2022.splitlines(keepends=True)
BILLION = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><x>&b;</x>'
POINTS = {1: 1, 2: 2, 3: 3, 4: 4}


def em(line: int, text: str) -> str:
    return "".join([*LINES[: line - 1], text, *LINES[line:]])


def em_row(at: str, carbon: str = "1") -> str:
    return f"{at},Germany,Germany,DE,1,{carbon},1,1,x,false,\n"


BAD: dict[str, tuple[str, str | bytes, str]] = {
    "empty": ("electricitymaps", "", r"f:1: empty, expected a header"),
    "other columns": ("electricitymaps", "a,b\n1,2\n", r"f:1: no column whose name has datetime\+utc; it has a, b"),
    "cut within a row": ("electricitymaps", samples.EM_2022[:-30], r"f:4: \d+ fields, expected 11.*cut off"),
    "reordered": (
        "electricitymaps",
        LINES[0] + LINES[2] + LINES[1],
        r"f:3: 2022-01-01T00:00:00Z follows 2022-01-01T01:00:00Z, expected rising time; sort",
    ),
    "doubled": ("electricitymaps", em(3, LINES[1]), r"f:3: .* comes twice \(also at .*f:2\), expected once; remove"),
    "uneven": (
        "electricitymaps",
        samples.EM_2022 + em_row("2022-01-01 03:00:07"),
        r"f:5: 2022-01-01T03:00:07Z does not fit the interval of 3600 s",
    ),
    "the year 2922": (
        "electricitymaps",
        samples.EM_2022 + em_row("2922-01-01 03:00:00"),
        r"f:5: year 2922, expected 1900 to 2199",
    ),
    "a fraction of a second": (
        "electricitymaps",
        em(3, em_row("2022-01-01 01:00:00.5")),
        r"f:3: .*fraction of a second, expected whole",
    ),
    "not a number": (
        "electricitymaps",
        em(3, em_row("2022-01-01 01:00:00", "n.a.")),
        r"f:3: .*'n\.a\.' is not a number",
    ),
    "nan": ("electricitymaps", em(3, em_row("2022-01-01 01:00:00", "nan")), r"f:3: .*leave the cell empty if"),
    "infinite": ("electricitymaps", em(3, em_row("2022-01-01 01:00:00", "1e999")), r"f:3: .*is not a number"),
    "negative": ("electricitymaps", em(3, em_row("2022-01-01 01:00:00", "-1")), r"f:3: carbon_gpkwh is -1, expected 0"),
    "percent as share": (
        "table",
        "zone,ts,wind_frac\nDE,2022-01-01T00:00Z,45\nDE,2022-01-01T01:00Z,46\n",
        r"f:2: wind_frac is 45, expected 0 to 1; is the unit right",
    ),
    "not UTF-8": ("electricitymaps", b"Datetime (UTC),\xe9\n", r"f:1: byte 0xe9 is not UTF-8.*iconv"),
    "UTF-16": ("electricitymaps", samples.EM_2022.encode("utf-16"), r"f:1: byte 0xff is not UTF-8"),
    "an endless field": ("electricitymaps", '"' + "x" * 200_000, r"f:\d+: not CSV \(field larger"),
    "an open quote": ("electricitymaps", LINES[0] + '"2022', r"f:2: not CSV"),
    "no rows": ("electricitymaps", LINES[0], "no value found"),
    "half a JSON document": (
        "watttime",
        json.dumps(samples.watttime([1, 2]), indent=1)[:-40],
        r"f:\d+: not JSON .*cut off",
    ),
    "HTML": ("watttime", "<html>sorry</html>", r"f:1: not JSON .*begins with '<html>"),
    "deep JSON": ("watttime", "[" * 100_000, r"f: not JSON"),
    "NaN in JSON": ("watttime", '{"data": NaN}', r"f: not JSON \(NaN is no JSON number\)"),
    "a huge number": (
        "watttime",
        json.dumps(samples.watttime([10**400, 1])),
        r"data\[0\]: value is 1000.*expected a number",
    ),
    "true for a number": (
        "watttime",
        json.dumps(samples.watttime([True, 1])),
        r"data\[0\]: value is True, expected a number",
    ),
    "other units": (
        "watttime",
        json.dumps(samples.watttime([1, 2], units="g_per_kwh")),
        "meta.units is 'g_per_kwh', expected lbs",
    ),
    "health damage": (
        "watttime",
        json.dumps(samples.watttime([1, 2], "health_damage")),
        "signal_type is 'health_damage'",
    ),
    "quarters for half hours": (
        "uk-carbon-intensity",
        json.dumps(samples.uk([(1, 1)])).replace("00:30Z", "00:15Z"),
        "an interval of 900 s",
    ),
    "half an XML document": (
        "entsoe",
        samples.entsoe_document(samples.entsoe_series("B04", POINTS))[:-30],
        r"f:\d+: not XML .*cut off",
    ),
    "entities": ("entsoe", BILLION, r"f:1: has a document type"),
    "another document": ("entsoe", "<html></html>", r"f:1: <html>, expected a market document"),
    "load": ("entsoe", samples.entsoe_document("", "A65"), "document A65, expected A75"),
    "other psr": (
        "entsoe",
        samples.entsoe_document(samples.entsoe_series("B99", POINTS)),
        r"f:\d+: production type 'B99', expected one",
    ),
    "positions go back": (
        "entsoe",
        samples.entsoe_document(samples.entsoe_series("B04", {1: 1, 3: 1, 2: 1})),
        r"f:\d+: position 2 after 3",
    ),
    "a position too many": (
        "entsoe",
        samples.entsoe_document(samples.entsoe_series("B04", POINTS | {5: 1})),
        r"f:\d+: position 5 after 4",
    ),
    "megawatt-hours": (
        "entsoe",
        samples.entsoe_document(samples.entsoe_series("B04", POINTS)).replace("MAW", "MWH"),
        r"f:\d+: quantity in 'MWH', expected MAW",
    ),
    "other resolution": (
        "entsoe",
        samples.entsoe_document(samples.entsoe_series("B04", POINTS, step="P1Y")),
        r"f:\d+: resolution 'P1Y', expected",
    ),
    "EIA local time": (
        "eia930",
        samples.EIA_BULK.replace("01/01/2022 9:00:00 AM", "2022-01-01T09:00"),
        r"f:2: '2022-01-01T09:00' is no UTC",
    ),
    "unknown EIA fuel": (
        "eia930",
        samples.EIA_BULK.replace("from Coal", "from Fusion"),
        r"f:1: unknown fuel 'fusion', expected",
    ),
    "two columns of a name": ("table", "zone,ts,ts\nDE,a,b\n", r"f:1: a column .*comes twice"),
    "text in a JSON number": (
        "open-meteo",
        json.dumps(samples.open_meteo(["warm", 1])),
        r"hourly.temperature_2m\[0\]: .*not a number",
    ),
    "columns of unlike length": (
        "open-meteo",
        json.dumps(samples.open_meteo([1, 2])).replace("[1, 2]", "[1]"),
        "1 values of temperature_2m at 2 times",
    ),
}


def options(name: str) -> Options:
    return Options(zone="DE", factors="direct" if name in ("watttime", "uk-carbon-intensity") else "lifecycle")


@pytest.mark.parametrize("case", sorted(BAD))
def test_bad_files_say_where_and_what(tmp_path: Path, case: str) -> None:
    name, content, message = BAD[case]
    path = tmp_path / "f"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=message) as caught:
        formats.read(name, [path], options(name))
    assert len(str(caught.value)) < 800 + len(str(tmp_path)) * 3  # a hostile cell cannot flood the terminal
    assert str(caught.value).isprintable()


def test_no_file_a_folder_a_pipe_and_damaged_gzip(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "bad.csv.gz").write_bytes(b"\x1f\x8b\x08\x00 this is no gzip")
    for name, message in (
        ("none", "no such file"),
        ("", "no such file"),
        ("pipe", "plain file"),
        ("bad.csv.gz", "damaged"),
    ):
        with pytest.raises(DataError, match=message):
            formats.read("electricitymaps", [tmp_path / name], Options())
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(DataError, match="damaged Parquet"):
        formats.read("table", [tmp_path / "bad.parquet"], Options())
    with pytest.raises(ConfigError, match="twice"):
        formats.read("table", [tmp_path / "a", tmp_path / "a"], Options())


GOOD: dict[str, list[bytes]] = {
    "electricitymaps": [samples.EM_2022.encode(), samples.EM_2025.encode()],
    "eia930": [samples.EIA_BULK.encode()],
    "entsoe": [
        samples.entsoe_document(samples.entsoe_series("B04", POINTS)).encode(),
        samples.entsoe_prices({1: 1, 2: 2}).encode(),
    ],
    "entsoe-csv": [samples.ENTSOE_CSV.encode(), samples.ENTSOE_PRICE_CSV.encode()],
    "carbon-aware-sdk": [samples.casdk([("a", "2022-01-01T00:00:00Z", 1), ("a", "2022-01-01T01:00:00Z", 2)]).encode()],
    "uk-carbon-intensity": [json.dumps(samples.uk([(1, 2), (3, 4)]), indent=0).encode()],
    "watttime": [json.dumps(samples.watttime([1, 2]), indent=0).encode()],
    "open-meteo": [json.dumps(samples.open_meteo([1, 2]), indent=0).encode()],
    "table": [b"zone,ts,carbon_gpkwh\nDE,2022-01-01T00:00Z,1\nDE,2022-01-01T01:00Z,2\nDE,2022-01-01T02:00Z,3\n"],
}


def test_every_format_has_a_good_file_here() -> None:
    assert set(GOOD) == set(formats.FORMATS)


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, bytes]:
    """A good file with a few wounds: bytes lost, added or changed, lines swapped, doubled or dropped."""
    name = draw(st.sampled_from(sorted(GOOD)))
    data = draw(st.sampled_from(GOOD[name]))
    for _ in range(draw(st.integers(1, 3))):
        at, length = draw(st.integers(0, len(data))), draw(st.integers(0, 40))
        wound = draw(st.sampled_from(["cut", "drop", "insert", "swap", "double"]))
        lines = data.splitlines(keepends=True)
        i = draw(st.integers(0, max(0, len(lines) - 1)))
        if wound == "cut":
            data = data[:at]
        elif wound == "drop":
            data = data[:at] + data[at + length :]
        elif wound == "insert":
            data = (
                data[:at]
                + draw(st.binary(max_size=8) | st.sampled_from([b"-1", b"1e308", b'"', b",", b"\x00", b"9" * 30]))
                + data[at:]
            )
        elif wound == "double":
            data = b"".join(lines[: i + 1] + lines[i:])
        elif lines:
            j = draw(st.integers(0, len(lines) - 1))
            lines[i], lines[j] = lines[j], lines[i]
            data = b"".join(lines)
    return name, data


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damaged())
def test_a_damaged_file_is_read_or_refused_by_name(tmp_path: Path, case: tuple[str, bytes]) -> None:
    name, data = case
    path = tmp_path / "wounded"
    path.write_bytes(data)
    message = ""
    try:
        found = formats.read(name, [path], options(name))
        assert all(len(series.signal.values) <= 4_000_000 for series in found.series)
    except DataError as error:
        message = str(error)
    assert message == "" or re.search("wounded|no value", message), message
