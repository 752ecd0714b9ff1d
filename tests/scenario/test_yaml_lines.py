"""YAML reading: line numbers, and the traps of YAML 1.1 that must not bite."""

from __future__ import annotations

from pathlib import Path

import pytest

from greensched.core.errors import ConfigError
from greensched.scenario.yaml_lines import parse_scalar, read
from tests.scenario.build import text


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("NO", "NO"),  # the grid zone of Norway, not false
        ("yes", "yes"),
        ("on", "on"),
        ("true", True),
        ("12", 12),
        ("012", 12),
        ("1e3", 1000.0),
        ("1.5", 1.5),
        ("12:30:00", "12:30:00"),
        ("2022-06-06", "2022-06-06"),
        ("2022-06-06T00:00:00Z", "2022-06-06T00:00:00Z"),
        ("null", None),
        ("", None),
        ("[1, 2]", [1, 2]),
        ('{"name": "x"}', {"name": "x"}),
        ("'5'", "5"),
    ],
)
def test_plain_values(written: str, meant: object) -> None:
    value = parse_scalar(written)
    assert value == meant
    assert type(value) is type(meant)


def test_lines_of_keys_and_items(tmp_path: Path) -> None:
    data, places, problems = read(text(tmp_path, "a: 1\nb:\n  - x: 2\n    y: 3\n  - {x: 4}\n"))
    assert data == {"a": 1, "b": [{"x": 2, "y": 3}, {"x": 4}]}
    assert places.of(("b", 0, "y")) == ("s.yml:4", 4)
    assert places.of(("b", 1, "x")) == ("s.yml:5", 5)
    assert places.of(("b", 1, "unheard-of")) == ("s.yml:5", 5)  # the nearest that was written
    assert problems.problems == []


def test_anchors_and_aliases(tmp_path: Path) -> None:
    data, _, _ = read(text(tmp_path, "a: &x {p: 1}\nb: *x\n"))
    assert data["b"] == {"p": 1}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a: 1\na: 2\n", r"s\.yml:2  a: key given twice \(first in line 1\)"),
        ("a: !!python/object:os.system x\n", "tags such as"),
        ("a: !mine x\n", "tags such as !mine are not allowed"),
        ("a: " + "9" * 5000 + "\n", r"s\.yml:1  a: '9+' cannot be read as a number"),
    ],
)
def test_problems(tmp_path: Path, content: str, message: str) -> None:
    _, _, problems = read(text(tmp_path, content))
    with pytest.raises(ConfigError, match=message):
        problems.raise_if_any()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the file is empty"),
        ("a: [1, 2\nb: 3\n", r"s\.yml:2  not YAML"),
        ("a:\n\t- b\n", "not YAML"),
        ("a: &x [*x]\n", "too large|not YAML"),
        ("a: \0\n", r"s\.yml  not YAML: special characters are not allowed \(at character 3\)"),
        ("a: " + "[" * 5000 + "]" * 5000, "nested too deeply"),
        ("a: " + "[" * 60 + "]" * 60, "nested too deeply, expected at most 50 levels"),
    ],
)
def test_unreadable(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read(text(tmp_path, content))


def test_a_billion_laughs_end_early(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9)]
    with pytest.raises(ConfigError, match="too large"):
        read(text(tmp_path, "\n".join(lines)))


def test_no_file_and_not_text(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read(tmp_path / "none.yml")
    (tmp_path / "b.yml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not UTF-8"):
        read(tmp_path / "b.yml")
