"""``greensched generate grid``: a folder that scenarios read, whole or not at all, with a true datasheet."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from greensched.core import datasheet
from greensched.core.errors import ConfigError, UnknownNameError
from greensched.core.frames import read_frame
from greensched.scenario.prepare import prepare
from greensched.signals import dataset, zone_file
from greensched.signals.csv_folder import CsvFolder
from greensched.signals.synthetic import SyntheticGrid
from greensched.signals.zones import zones
from tests.conftest import Cli
from tests.scenario import build

# Shares of a power that a zone does not have; every other column is drawn.
NOTHING = {("SG", "wind_frac"), ("NO", "solar_frac"), ("US-NY-NYIS", "solar_frac")}


def test_a_scenario_on_the_folder_equals_one_on_the_source(tmp_path: Path) -> None:
    dataset.write(tmp_path / "grid", dataset.order(7, "DE,JP-TK", year=2022))
    built_in = prepare(build.write(tmp_path, seed=7), tmp_path / "a")
    read = prepare(build.write(tmp_path, seed=7, signals={"source": "csv", "folder": "grid"}), tmp_path / "b")
    for name in ("signals", "forecasts", "tasks", "hidden"):
        one, other = (read_frame(Path(p.run_folder) / "input" / f"{name}.gsf") for p in (built_in, read))
        assert one.tables.keys() == other.tables.keys()
        for table, columns in one.tables.items():
            for column, values in columns.items():
                np.testing.assert_array_equal(np.asarray(values), np.asarray(other.tables[table][column]))


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_the_folder_holds_the_bits_of_the_source(tmp_path: Path, suffix: str) -> None:
    start = datetime(2022, 12, 30, tzinfo=UTC)
    asked = dataset.order(3, "GB,NO", start, 4, suffix=suffix)
    dataset.write(tmp_path / "grid", asked)
    folder = CsvFolder(tmp_path / "grid")
    assert folder.zones() == ["GB", "NO"]
    for zone in folder.zones():
        made = SyntheticGrid(3).load(zone, asked.start, asked.end)
        read = folder.load(zone, asked.start, asked.end)
        assert read.series.keys() == made.series.keys()
        for kind, signal in made.series.items():
            assert read.series[kind].values.tolist() == signal.values.tolist()
            assert read.labels[kind].synthetic


def test_equal_seeds_give_equal_bytes_and_others_differ_in_every_column(tmp_path: Path) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        dataset.write(tmp_path / name, dataset.order(seed))
    first, second = ({p.name: p.read_bytes() for p in (tmp_path / n).iterdir()} for n in "ab")
    assert first == second
    same = set()
    for zone in zones():
        one, other = (zone_file.read(tmp_path / n / f"{zone}.csv") for n in "ac")
        same |= {(zone, k) for k in one if np.array_equal(one[k].values, other[k].values)}
    assert same == NOTHING
    for zone, kind in NOTHING:
        assert not zone_file.read(tmp_path / "a" / f"{zone}.csv")[kind].values.any()
        assert f"`{kind}` of {zone}" in (tmp_path / "a" / datasheet.FILE).read_text(encoding="utf-8")


def test_the_datasheet_names_every_file_and_the_command_that_makes_it_again(tmp_path: Path, cli: Cli) -> None:
    done = cli("generate", "grid", "-o", "first", "--seed", "4", "--zones", "DE,ES", "--start", "2022-06-06T00:00Z",
               "--days", "9")  # fmt: skip
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "first" / "datasheet.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| `([^`]+)` \| `([0-9a-f]{64})` \|$", text, re.MULTILINE))
    files = {p.name: sha256(p.read_bytes()).hexdigest() for p in (tmp_path / "first").iterdir()}
    assert listed == {name: digest for name, digest in files.items() if name != "datasheet.md"}
    (command,) = re.findall(r"^    greensched (.+)$", text, re.MULTILINE)
    assert cli(*command.replace("DIR", "again").split()).returncode == 0
    assert {p.name: p.read_bytes() for p in (tmp_path / "again").iterdir()} == {
        p.name: p.read_bytes() for p in (tmp_path / "first").iterdir()
    }
    for heading in ("Motivation", "Composition", "How it was made", "Parameters and their sources", "Randomness"):
        assert f"## {heading}\n" in text
    for heading in ("Uses", "Limits", "Licence", "Version and maintenance", "Files"):
        assert f"## {heading}\n" in text


def test_nothing_is_left_when_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "no space left on device")

    monkeypatch.setattr(dataset.provenance, "write", fail)
    with pytest.raises(OSError, match="no space"):
        dataset.write(tmp_path / "grid", dataset.order(0, "DE", days=2))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_used_is_refused_and_an_empty_one_is_not(tmp_path: Path, cli: Cli) -> None:
    used, empty = tmp_path / "used", tmp_path / "empty"
    used.mkdir()
    empty.mkdir()
    (used / "mine").write_text("precious")
    done = cli("generate", "grid", "-o", used, "--seed", "0", "--days", "2", "--zones", "DE")
    assert done.returncode == 2
    assert "not an empty folder" in done.stderr
    assert [p.name for p in used.iterdir()] == ["mine"]
    dataset.write(empty, dataset.order(0, "DE", days=2))
    assert (empty / "DE.csv").is_file()
    assert empty.stat().st_mode & 0o777 == used.stat().st_mode & 0o777


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"year": 2022, "days": 3}, "not both"),
        ({"days": 0}, "--days 0: expected 1"),
        ({"days": 10**9}, "expected 1 to"),
        ({"year": 12}, "year 12: expected 1900 to 2200"),
        ({"start": datetime(2022, 1, 1, 0, 30, tzinfo=UTC)}, "expected a whole hour"),
    ],
)
def test_windows_that_make_no_sense(said: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        dataset.order(0, **said)  # type: ignore[arg-type]


def test_unknown_zone() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'DE'"):
        dataset.order(0, "DEE,GB")
