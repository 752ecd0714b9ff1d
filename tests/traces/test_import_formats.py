"""Conformance of every registered trace format, plug-ins included, on its own example and on what breaks it."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from greensched.core.errors import DataError
from greensched.traces import jobtable
from greensched.traces.importing import engine, registry
from greensched.traces.importing.contract import Options, Part
from greensched.traces.importing.tally import Tally
from tests.traces.import_files import example, import_files

FORMATS = registry.names()
BINARY = "azure-packing2020"
TEXTS = [name for name in FORMATS if name != BINARY]
LINES = [name for name in TEXTS if name != "philly"]  # one record to a line


@pytest.mark.parametrize("name", FORMATS)
def test_says_what_it_is(name: str) -> None:
    form = registry.load(name)
    assert form.name == name
    for text in (form.title, form.files, form.source, form.time_zero, type(form).__doc__):
        assert text and len(text) < 200
    assert len({form.title, form.files, form.source}) == 3


@pytest.mark.parametrize("name", FORMATS)
def test_its_example_imports_without_a_fault(name: str, tmp_path: Path) -> None:
    files = example(registry.load(name), tmp_path)
    rows, about = import_files(name, list(files), tmp_path)
    assert len(rows) >= 2
    assert about["report"]["malformed"] == {}
    assert about["report"]["rows_written"] == len(rows)
    assert [f["name"] for f in about["files"]] == [f.name for f in files]
    assert about["format"] == name and about["source"] and about["time_zero"]
    assert set(rows["status"].dropna()) <= set(jobtable.STATUSES)
    for column in (
        "duration_s",
        "at_least_s",
        "queue_s",
        "cores",
        "mem_gb",
        "gpus",
        "cores_norm_frac",
        "mem_norm_frac",
    ):
        assert (rows[column].dropna() >= 0).all()
    assert (rows["duration_s"].isna() | rows["at_least_s"].isna()).all()
    if rows["cores_norm_frac"].notna().any() or rows["mem_norm_frac"].notna().any():
        assert about["machine"]


@pytest.mark.parametrize("name", FORMATS)
def test_the_result_depends_on_neither_blocks_nor_processes_nor_packing(name: str, tmp_path: Path) -> None:
    form = registry.load(name)
    files = example(form, tmp_path)
    want, _ = import_files(form, list(files), tmp_path / "want")
    again, _ = import_files(form, list(files), tmp_path / "again", block_bytes=64, workers=2)
    pd.testing.assert_frame_equal(want, again)
    if name in TEXTS:
        packed: list[Path | str] = []
        for file in files:
            packed.append(file.with_name(file.name + ".gz"))
            Path(packed[-1]).write_bytes(gzip.compress(file.read_bytes()))
        got, _ = import_files(form, packed, tmp_path / "gz")
        pd.testing.assert_frame_equal(want, got)
        tarred: list[Path | str] = []
        for file in files:
            tarred.append(file.with_name(file.name + ".tar.gz"))
            with tarfile.open(tarred[-1], "w:gz") as archive:
                archive.add(file, file.name)
        got, _ = import_files(form, tarred, tmp_path / "tar")
        pd.testing.assert_frame_equal(want, got)


@pytest.mark.parametrize("name", FORMATS)
def test_the_order_of_files_changes_no_row(name: str, tmp_path: Path) -> None:
    files = example(registry.load(name), tmp_path)
    want, _ = import_files(name, list(files), tmp_path / "a")
    got, _ = import_files(name, list(reversed(files)), tmp_path / "b")
    keys = ["job", "task", "arrival_s"]
    pd.testing.assert_frame_equal(
        want.sort_values(keys).reset_index(drop=True), got.sort_values(keys).reset_index(drop=True)
    )


@pytest.mark.parametrize("name", LINES)
def test_reordered_and_duplicated_rows(name: str, tmp_path: Path) -> None:
    """Rows in another order are the same jobs. A row that is there twice is an error, or changes nothing."""
    form = registry.load(name)
    files = example(form, tmp_path)
    want, _ = import_files(form, list(files), tmp_path / "a")
    for file in files:
        lines = file.read_bytes().splitlines(keepends=True)
        head = [line for i, line in enumerate(lines) if line.startswith(b";") or (i == 0 and _headed(line))]
        body = [line for line in lines if line not in head]
        file.write_bytes(b"".join(head + body[::-1]))
    got, _ = import_files(form, list(files), tmp_path / "b")
    keys = ["job", "task", "arrival_s"]
    pd.testing.assert_frame_equal(
        want.sort_values(keys).reset_index(drop=True), got.sort_values(keys).reset_index(drop=True)
    )
    for file in files:
        lines = file.read_bytes().splitlines(keepends=True)
        file.write_bytes(b"".join(lines) + lines[-1])
    if form.gathers and name != "alibaba-gpu2020":
        got, _ = import_files(form, list(files), tmp_path / "c")
        columns = [c for c in want.columns if c != "attempts"]
        pd.testing.assert_frame_equal(
            want[columns].sort_values(keys).reset_index(drop=True),
            got[columns].sort_values(keys).reset_index(drop=True),
        )
    elif name != "azure-llm2023":  # requests have no identity: two alike are two
        with pytest.raises(DataError, match=r"second time|exist twice"):
            import_files(form, list(files), tmp_path / "c")
        got, about = import_files(form, list(files), tmp_path / "d", lenient=True)
        assert len(got) == len(want) and about["report"]["malformed"]


def _headed(line: bytes) -> bool:
    return line.startswith((b"TIMESTAMP", b"name,", b"time,type"))


@pytest.mark.parametrize("name", FORMATS)
def test_a_part_given_twice_is_refused(name: str, tmp_path: Path) -> None:
    files = example(registry.load(name), tmp_path)
    copy = tmp_path / ("copy-" + files[0].name)
    copy.write_bytes(files[0].read_bytes())
    with pytest.raises(DataError, match="its rows would count twice"):
        import_files(name, [*files, copy], tmp_path)


@pytest.mark.parametrize("name", FORMATS)
def test_progress_counts_every_byte_once(name: str, tmp_path: Path) -> None:
    files = example(registry.load(name), tmp_path)
    seen: list[int] = []
    engine.import_trace(registry.load(name), list(map(str, files)), tmp_path / "o.parquet", Options(), seen.append)
    assert seen == sorted(seen) and seen[-1] == sum(file.stat().st_size for file in files)


BREAKS = {
    "cut short": lambda line: line[: len(line) // 2] + b"\n",
    "not UTF-8": lambda line: line.replace(line[:3], b"\xff\xfe\xff", 1),
    "a zero byte": lambda line: line[:2] + b"\0" + line[2:],
    "a quote": lambda line: b'"' + line,
    "too many columns": lambda line: line.rstrip(b"\n") + b",1,2,3,4,5 6 7\n",
    "text for a number": lambda line: line.replace(b"0", b"zero").replace(b"1", b"one"),
}


@pytest.mark.parametrize("how", BREAKS)
@pytest.mark.parametrize("name", LINES)
def test_a_broken_row_is_named_or_skipped(name: str, how: str, tmp_path: Path) -> None:
    form = registry.load(name)
    files = example(form, tmp_path)
    file = files[-1] if name != "alibaba-gpu2020" else files[1]
    lines = file.read_bytes().splitlines(keepends=True)
    number = len(lines) if name != "google2019" else 3
    lines[number - 1] = BREAKS[how](lines[number - 1])
    file.write_bytes(b"".join(lines))
    with pytest.raises(DataError) as error:
        import_files(form, list(files), tmp_path)
    message = str(error.value)
    assert message.startswith(f"{file}:{number}: "), message
    assert "; expected " in message and "--lenient" in message
    _, about = import_files(form, list(files), tmp_path, lenient=True)
    assert sum(c["rows"] for c in about["report"]["malformed"].values()) == 1
    assert next(iter(about["report"]["malformed"].values()))["first"] == f"{file}:{number}"


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"\xff\xfe\x00\x01" * 50, b"PK\x03\x04 zip", b"PAR1parquet", b"<html>"]
)
def test_what_is_no_trace_is_refused(name: str, content: bytes, tmp_path: Path) -> None:
    files = example(registry.load(name), tmp_path)
    for file in files:
        file.write_bytes(content)
    with pytest.raises(DataError, match="expected"):
        import_files(name, list(files)[:1], tmp_path)


@pytest.mark.parametrize("name", TEXTS)
def test_a_cut_gzip_is_an_error_and_its_beginning_can_be_kept(name: str, tmp_path: Path) -> None:
    form = registry.load(name)
    packed: list[Path | str] = []
    for file in example(form, tmp_path):
        data = gzip.compress(file.read_bytes())
        packed.append(file.with_name(file.name + ".gz"))
        Path(packed[-1]).write_bytes(data[:-6])  # all rows, no checksum: what a broken download leaves
    with pytest.raises(DataError, match=r"damaged or cut|download"):
        import_files(form, packed, tmp_path)
    rows, about = import_files(form, packed, tmp_path, lenient=True)
    assert len(rows) and "the packed file is damaged or cut" in str(about["report"]["malformed"])


@pytest.mark.parametrize("name", FORMATS)
def test_round_trip_is_lossless(name: str, tmp_path: Path) -> None:
    """The Parquet file holds what the pieces said, value by value; another write and read changes nothing."""
    form = registry.load(name)
    files = example(form, tmp_path)
    import_files(form, list(files), tmp_path)
    table = jobtable.read(tmp_path / "out" / "jobs.parquet")
    assert table.schema.equals(jobtable.SCHEMA, check_metadata=True)
    assert table.schema.field("mem_gb").metadata == {
        b"unit": b"GB",
        b"description": b"memory held by one instance, 10^9 bytes",
    }
    stream = io.BytesIO()
    pq.write_table(table, stream)
    assert pq.read_table(io.BytesIO(stream.getvalue())).equals(table)
    if not form.gathers:
        pieces = [p for f in files for p in form.pieces(Part(f, Tally(), Options()))]
        assert pa.concat_tables([jobtable.complete(p.rows) for p in pieces]).equals(table)
