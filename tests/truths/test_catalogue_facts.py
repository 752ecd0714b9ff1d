"""The catalogue of published facts: complete, plausible, and the splits share no name."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

import greensched.truths.catalogue
from greensched.truths import applications
from greensched.truths.wording import words

FOLDER = Path(greensched.truths.catalogue.__file__).parent
OPTIONAL = {
    "gpus": {"tf32_tflops", "bf16_tflops", "fp8_tflops", "int8_tops"},
    "models": {"bytes_per_unit_mb"},
    "datasets": set(),
    "applications": {"typical_gb", "datasets"},
}
TEXT = {
    *("gpu", "name", "aliases", "family", "modality", "area", "tool", "tasks", "unit", "datasets", "split"),
    *("source", "derivation", "checked"),
}
SPLIT = ("models", "datasets", "applications")
LEAST = {"models": (45, 15, 15), "datasets": (36, 12, 12), "applications": (33, 11, 11)}
FAMILIES = {"llm", "vision", "detection", "speech", "diffusion", "embedding", "recsys", "protein", "graph"}
AREAS = {
    *("genomics", "cfd", "molecular", "weather", "render", "transcode", "compression", "build", "analytics", "etl"),
    *("database", "backup", "ml-cpu", "search", "web", "eda", "finance", "seismic"),
}

Row = dict[str, str]


def _rows(table: str) -> list[Row]:
    with (FOLDER / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def _names(row: Row) -> list[str]:
    return [name.lower() for name in [row["name"], *row["aliases"].split("|")]]


def _number(row: Row, column: str) -> float:
    return float(row[column])


def _outside(rows: list[Row], column: str, low: float, high: float) -> dict[str, str]:
    """The rows whose value is not in the bounds, so that a failure names them."""
    key = "gpu" if "gpu" in rows[0] else "name"
    return {row[key]: row[column] for row in rows if not low <= _number(row, column) <= high}


@pytest.mark.parametrize("table", OPTIONAL)
def test_every_cell_is_there_and_of_its_type(table: str) -> None:
    rows = _rows(table)
    for row in rows:
        assert None not in row and None not in row.values(), f"a row of another length: {row}"
        for column, value in row.items():
            assert value == value.strip() and "\n" not in value
            if not value:
                assert column in OPTIONAL[table], f"{column} is missing: {row}"
            elif column not in TEXT:
                assert float(value) >= 0, f"{column}: {row}"
        assert row["checked"] in {"yes", "no"}
        assert len(row["source"]) >= 10, f"no source: {row}"


@pytest.mark.parametrize("table", SPLIT)
def test_splits_have_the_promised_sizes(table: str) -> None:
    rows = _rows(table)
    found = Counter(row["split"] for row in rows)
    assert set(found) == {"known", "dev", "new"}
    assert all(found[split] >= n for split, n in zip(("known", "dev", "new"), LEAST[table], strict=True)), found
    assert len(rows) >= sum(LEAST[table])
    for split in ("dev", "new"):  # comparable: between a fifth and a half of the known ones
        assert 0.2 <= found[split] / found["known"] <= 0.5, found


def test_names_and_aliases_are_unique_in_the_whole_catalogue() -> None:
    seen = Counter(name for table in SPLIT for row in _rows(table) for name in _names(row))
    assert {name: n for name, n in seen.items() if n > 1} == {}
    for table in SPLIT:
        for row in _rows(table):
            assert all(len(name) >= 2 for name in _names(row)), row
            assert 1 <= len(row["aliases"].split("|")) <= 6, row


@pytest.mark.parametrize("table", SPLIT)
def test_no_name_of_a_held_out_row_occurs_in_a_known_one(table: str) -> None:
    rows = _rows(table)
    known = [name for row in rows if row["split"] == "known" for name in _names(row)]
    leaks = []
    for row in rows:
        if row["split"] == "known":
            continue
        for alias in _names(row):
            word = re.compile(rf"(?<![a-z0-9]){re.escape(alias)}(?![a-z0-9])")
            leaks += [(row["name"], alias, name) for name in known if word.search(name)]
    assert leaks == []


def test_a_name_names_something_and_nothing_else() -> None:
    """What people call the work ("option pricing") does not tell with which program; data are not called as a model."""
    rows = {table: _rows(table) for table in SPLIT}
    tasks = {task.lower() for row in rows["applications"] for task in row["tasks"].split("|")}
    assert {name for table in SPLIT for row in rows[table] for name in _names(row) if name in tasks} == set()
    models = [name for row in rows["models"] for name in _names(row)]
    data = [name for row in rows["datasets"] for name in _names(row)]
    assert [(m, d) for m in models for d in data if _within(m, d)] == []


def test_held_out_words_are_in_nothing_that_known_jobs_say() -> None:
    """Nor among the tasks, owners, chatter and ways of saying that all splits share."""
    rows = [(table, row) for table in SPLIT for row in _rows(table)]
    said = [name for _, row in rows if row["split"] == "known" for name in _names(row)]
    said += [t for table, row in rows if table == "applications" for t in row["tasks"].lower().split("|")]
    said += [*words.TAGS, *words.CHATTER, *applications._TEAMS, *applications._PROJECTS, *applications._PEOPLE]
    said += [text for way in words.MODE.values() for options in way for text in options]
    for ways in (words.ITEMS, words.INNER, words.PRECISION, words.RESUME, words.SAMPLE, words.DRY):
        said += [text for options in ways.values() for text in options]
    held_out = [name for _, row in rows if row["split"] != "known" for name in _names(row)]
    assert [(name, text) for name in held_out for text in said if _within(name, text.lower())] == []


def _within(name: str, text: str) -> bool:
    """Whether a name occurs in a text as words."""
    return re.search(rf"(?<![a-z0-9]){re.escape(name)}(?![a-z0-9])", text) is not None


@pytest.mark.parametrize("table", SPLIT)
def test_a_family_of_names_is_in_one_split(table: str) -> None:
    """Sizes of one model share the letters that the name begins with: Llama-2-7B and Llama-3-70B."""
    stems: dict[str, set[str]] = {}
    for row in _rows(table):
        stem = re.search(r"[a-z]+", row["name"].lower())
        assert stem is not None, row["name"]
        stems.setdefault(stem.group(), set()).add(row["split"])
    assert {stem: splits for stem, splits in stems.items() if len(splits) > 1} == {}


@pytest.mark.parametrize(
    ("table", "column"), [("models", "family"), ("datasets", "modality"), ("applications", "area")]
)
def test_held_out_rows_are_of_the_kinds_that_the_known_ones_are_of(table: str, column: str) -> None:
    kinds: dict[str, set[str]] = {}
    for row in _rows(table):
        kinds.setdefault(row["split"], set()).add(row[column])
    assert kinds["dev"] <= kinds["known"]
    assert kinds["new"] <= kinds["known"]
    assert kinds["known"] == {"models": FAMILIES, "applications": AREAS}.get(table, kinds["known"])


def test_held_out_models_are_as_large_as_known_ones() -> None:
    rows = _rows("models")
    for family in FAMILIES:
        known = [_number(row, "gflop_per_unit") for row in rows if row["family"] == family and row["split"] == "known"]
        held_out = [row for row in rows if row["family"] == family and row["split"] != "known"]
        assert _outside(held_out, "gflop_per_unit", min(known) / 30, max(known) * 30) == {}


def test_gpus_are_plausible() -> None:
    rows = _rows("gpus")
    assert len(rows) >= 9
    assert {"A100", "V100", "T4"} <= {row["gpu"] for row in rows}
    assert max(Counter(row["gpu"].lower() for row in rows).values()) == 1
    for row in rows:
        peaks = [row[c] for c in ("fp32_tflops", "tf32_tflops", "fp16_tflops", "fp8_tflops", "int8_tops")]
        given = [float(peak) for peak in peaks if peak]
        assert given == sorted(given), f"a narrower format is never slower: {row}"
        assert row["bf16_tflops"] in {"", row["fp16_tflops"]}, row
        assert _number(row, "idle_w") < 0.3 * _number(row, "tdp_w"), row
        assert bool(row["tf32_tflops"]) == (_number(row, "year") >= 2020), row
    assert _outside(rows, "tdp_w", 60, 1000) == {}
    assert _outside(rows, "idle_w", 5, 200) == {}
    assert _outside(rows, "mem_gb", 12, 200) == {}
    assert _outside(rows, "bandwidth_gbps", 250, 8000) == {}
    assert _outside(rows, "fp32_tflops", 8, 200) == {}


def test_work_of_models_is_plausible_for_their_size() -> None:
    """FLOP of a pass over twice the parameters: how often a weight is used for one unit."""
    uses = {
        "llm": (0.1, 1.0),  # once; less in a mixture of experts
        "embedding": (0.3, 1000),  # once per token of text, once per patch of an image
        "protein": (0.9, 1.2),  # once per residue, and attention
        "vision": (5, 5000),  # once per place of a feature map
        "detection": (500, 5000),
        "speech": (10, 200),  # once per frame of 20 to 80 ms, less in a decoder
        "diffusion": (150, 6000),
        "recsys": (0, 0.5),  # most weights are rows of tables
        "graph": (0.9, 150),
    }
    rows = _rows("models")
    for row in rows:
        low, high = uses[row["family"]]
        used = _number(row, "gflop_per_unit") / (2 * _number(row, "params_m") / 1000)
        assert low <= used * 1.0001 and used <= high * 1.01, f"{row['name']}: every weight is used {used:.3g} times"
    assert _outside(rows, "default_batch", 1, 2**20) == {}
    units = {row["unit"] for row in rows}
    assert units == {row["unit"] for row in _rows("datasets")} & units | {"step-image"}, "a model without data"


def test_data_sets_have_plausible_sizes() -> None:
    """Bytes of one unit as stored."""
    sizes = {
        "token": (1.5, 20),
        "audio-second": (8e3, 5e4),
        "image": (500, 1e6 * 3),
        "clip": (5e4, 3e6),
        "row": (15, 30000),
        "node": (300, 8000),
        "molecule": (50, 3000),
        "residue": (0.5, 5),
        "read": (10, 250),
        "atom": (80, 250),
        "cell": (3, 800),
        "frame": (2e4, 1e5),
        "GB": (9e8, 1.1e9),
        "build": (1e9, 3e11),
        "megapixel": (5e5, 4e8),
    }
    rows = _rows("datasets")
    for row in rows:
        low, high = sizes[row["unit"]]
        size = _number(row, "size_gb") * 1e9 / (_number(row, "samples") * _number(row, "units_per_sample"))
        assert low <= size <= high, f"{row['name']}: {size:.3g} bytes per {row['unit']}"
        assert _number(row, "samples") == int(_number(row, "samples")) >= 1, row


def test_applications_are_plausible() -> None:
    rows = _rows("applications")
    for row in rows:
        fractions = [_number(row, f"frac_{kind}") for kind in ("general", "memory", "vector")]
        assert sum(fractions) == pytest.approx(1, abs=1e-9), row["name"]
        assert _number(row, "units_per_core_s") > 0
        assert len(row["derivation"]) >= 20, row["name"]
        assert not (row["derivation"].startswith("estimate:") and row["checked"] == "yes"), row["name"]
        assert 2 <= len(row["tasks"].split("|")) <= 5, row["name"]
        assert len(set(row["tasks"].split("|"))) == len(row["tasks"].split("|")), row["name"]
    for column in ("frac_general", "frac_memory", "frac_vector"):
        assert _outside(rows, column, 0, 0.95) == {}
    assert _outside(rows, "serial_frac", 0.001, 0.95) == {}
    assert _outside(rows, "cpu_util_frac", 0.2, 1) == {}
    assert _outside(rows, "mem_gb_per_core", 0.02, 32) == {}
    assert _outside([row for row in rows if row["typical_gb"]], "typical_gb", 0.01, 5000) == {}
    assert {
        row["name"] for row in rows if row["unit"] == "GB" and not 1e-4 < _number(row, "units_per_core_s") < 1
    } == set()


def test_applications_name_data_that_are_there_and_counted_in_their_unit() -> None:
    data = {row["name"]: row["unit"] for row in _rows("datasets")}
    counted = set(data.values()) - {"GB"}
    for row in _rows("applications"):
        for name in filter(None, row["datasets"].split("|")):
            assert name in data, f"{row['name']} names {name}"
            head = row["unit"].split("-")[0]
            if head in counted:
                assert data[name] == head, f"{row['name']} counts {row['unit']}, {name} counts {data[name]}"


def test_every_data_set_can_be_used_in_its_own_split() -> None:
    """By a model of the same unit or by an application that names it: jobs of a split have words of that split only."""
    idle = []
    for row in _rows("datasets"):
        split = row["split"]
        units = {model["unit"] for model in _rows("models") if model["split"] == split}
        named = {name for a in _rows("applications") if a["split"] == split for name in a["datasets"].split("|")}
        if row["unit"] not in units and row["name"] not in named:
            idle.append(row["name"])
    assert idle == []


@pytest.mark.parametrize("split", ["known", "dev", "new"])
def test_every_model_has_data_in_its_own_split(split: str) -> None:
    data = {row["unit"] for row in _rows("datasets") if row["split"] == split}
    assert {row["unit"] for row in _rows("models") if row["split"] == split} - data <= {"step-image"}
