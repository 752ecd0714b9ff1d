"""Whatever bytes a trace file holds, an import ends with jobs or with one clear error; both ways of parsing agree."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greensched.core.errors import DataError
from greensched.traces import jobtable
from greensched.traces.importing import engine, fields, registry, rows
from greensched.traces.importing.contract import Options, Part
from greensched.traces.importing.tally import Tally
from greensched.traces.importing.text import Block

FORMATS = [name for name in registry.names() if name != "azure-packing2020"]
BYTES = st.one_of(
    st.binary(min_size=1, max_size=6),
    st.sampled_from(
        [b"\n", b",", b'"', b"\r", b"\0", b"\xff", b"-", b"9" * 25, b"1e400", b"nan", b"\xc2\xa0", b"{", b"]"]
    ),
)
EDITS = st.lists(
    st.tuples(st.floats(0, 1), st.sampled_from(["insert", "replace", "delete", "double", "cut"]), BYTES), max_size=6
)


def edited(data: bytes, edits: list[tuple[float, str, bytes]]) -> bytes:
    for where, how, piece in edits:
        at = int(where * len(data))
        if how == "insert":
            data = data[:at] + piece + data[at:]
        elif how == "replace":
            data = data[:at] + piece + data[at + len(piece) :]
        elif how == "delete":
            data = data[:at] + data[at + len(piece) :]
        elif how == "double":
            data = data[:at] + data[at // 2 : at] + data[at:]
        else:
            data = data[: max(at, 1)]
    return data


@pytest.mark.parametrize("name", FORMATS)
@given(edits=EDITS, which=st.integers(0, 5), lenient=st.booleans(), block_bytes=st.sampled_from([16, 200, 1 << 20]))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_damage_is_a_clear_error_or_a_table(
    name: str, edits: list[tuple[float, str, bytes]], which: int, lenient: bool, block_bytes: int
) -> None:
    form = registry.load(name)
    with tempfile.TemporaryDirectory() as temporary:
        folder, files = Path(temporary), []
        for i, (file, content) in enumerate(form.example().items()):
            path = folder / file
            path.write_bytes(edited(content, edits) if i == which % len(form.example()) else content)
            files.append(str(path))
        try:
            about = engine.import_trace(form, files, folder / "out.parquet", Options(lenient, block_bytes=block_bytes))
        except DataError as error:
            said = str(error)
        else:
            said = ""
        if said:
            assert "expected" in said and (str(folder) in said or "pai_task_table" in said)
            assert not (folder / "out.parquet").exists()
            return
        table = jobtable.read(folder / "out.parquet")
        assert table.num_rows == about["report"]["rows_written"] > 0
        assert lenient or not about["report"]["malformed"]
        for column in ("duration_s", "cores", "mem_gb", "gpus", "queue_s"):
            values = table.column(column).drop_null().to_pylist()
            assert all(0 <= value < float("inf") for value in values)


CELL = st.one_of(
    st.integers(-5, 2**63).map(str),
    st.floats().map(repr),
    st.text(st.characters(blacklist_characters='",\r\n\0#', blacklist_categories=["Cs"]), max_size=6),
    st.just(""),
)
LAYOUT = fields.Layout(
    "t", (fields.Field("i", fields.INT, low=0), fields.Field("x", fields.REAL), fields.Field("s", fields.TEXT))
)


@given(cells=st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=8))
@settings(max_examples=200, deadline=None)
def test_the_fast_and_the_slow_way_accept_the_same_rows(cells: list[tuple[str, str, str]]) -> None:
    """Each row alone: the fast way either declines or says what the slow way says."""
    for row in cells:
        data = (",".join(row) + "\n").encode()
        if not data.strip(b", \t\n"):
            continue
        part = Part(Path("x"), Tally(lenient=True))
        parser = rows._Parser(part, LAYOUT, list(LAYOUT.fields), False)
        block = Block(data, 1, data.count(b"\n"))
        fast = parser._fast(block)
        slow, _, seen = parser._slow(block, [])
        if fast is not None and seen:
            assert fast.num_rows == slow.num_rows
            assert fast.cast(slow.schema).to_pylist().__repr__() == slow.to_pylist().__repr__()


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    n = draw(st.integers(1, 5))
    columns = {}
    for field in jobtable.SCHEMA:
        if pa.types.is_string(field.type):
            values: st.SearchStrategy[object] = st.text(st.characters(blacklist_categories=["Cs"]), max_size=5)
        elif pa.types.is_list(field.type):
            values = st.lists(st.text("ab1", max_size=3), max_size=3)
        elif pa.types.is_floating(field.type):
            values = st.floats(allow_nan=False)
        else:
            values = st.integers(-(2**31), 2**31 - 1)
        columns[field.name] = pa.array(draw(st.lists(st.none() | values, min_size=n, max_size=n)), field.type)
    return pa.table(columns)


@given(table=tables())
@settings(max_examples=40, deadline=None)
def test_any_table_survives_parquet(table: pa.Table) -> None:
    table = jobtable.complete(table)
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "t.parquet"
        writing = jobtable.writer(path)
        writing.write_table(table)
        jobtable.finish(writing, {"format": "x"})
        assert jobtable.read(path).equals(table)
        assert jobtable.metadata(path) == {"format": "x", "version": jobtable.VERSION}
