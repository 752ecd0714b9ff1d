"""Every column has a unit and a description, and the documentation is the one that the code generates."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from greensched.results import columns, tables
from greensched.results.finish import finish
from tests.results.synthetic_run import write_run

EVERYTHING = {**columns.TABLES, "summary": columns.SUMMARY}


@pytest.mark.parametrize("name", EVERYTHING)
def test_every_column_has_a_unit_and_a_description(name: str) -> None:
    for column in EVERYTHING[name]:
        assert column.unit, column.name
        assert re.match(r"[A-Z0-9+a-z_].*\.$", column.description), (
            f"{column.name}: a sentence, got {column.description!r}"
        )
        assert len(column.description) > 4


@pytest.mark.parametrize("name", EVERYTHING)
def test_names_are_unique(name: str) -> None:
    names = [column.name for column in EVERYTHING[name]]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("suffix", "unit"), [("_s", "s"), ("_kwh", "kWh"), ("_g", "gCO2eq"), ("_gpkwh", "gCO2eq/kWh"), ("_frac", "1")]
)
def test_unit_suffixes_mean_what_they_say(suffix: str, unit: str) -> None:
    for table in EVERYTHING.values():
        for column in table:
            if column.name.endswith(suffix) and not column.name.endswith(("core_s", "per_kwh")):
                assert column.unit == unit, column.name


def test_documentation_is_current(root: Path) -> None:
    written = (root / "docs" / "output-columns.md").read_text(encoding="utf-8")
    assert written == columns.markdown(), "run: python -m greensched.results.columns"


@pytest.mark.parametrize("name", columns.TABLES)
def test_parquet_carries_units_and_descriptions(name: str) -> None:
    for field, column in zip(tables.schema(name), columns.TABLES[name], strict=True):
        assert field.metadata == {b"unit": column.unit.encode(), b"description": column.description.encode()}


def test_summary_has_exactly_the_declared_keys(tmp_path: Path) -> None:
    summary = finish(write_run(tmp_path / "run"))
    assert list(summary) == [column.name for column in columns.SUMMARY]
