"""docs/prompts.md is true: its code runs, and every example is what the code writes."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pytest

from greensched.prompts import LEVELS, PromptRenderer, sentences

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "prompts.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+) ([^\n]*)\n(.*?)\n```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    (code,) = (body for language, info, body in BLOCK.findall(PAGE) if (language, info) == ("python", "run"))
    script = tmp_path_factory.mktemp("page") / "page.py"
    script.write_text(code, encoding="utf-8")
    return runpy.run_path(str(script))


def test_every_level_has_its_example(page: dict[str, Any]) -> None:
    examples = {info.removeprefix("level="): body for _, info, body in BLOCK.findall(PAGE) if info.startswith("level=")}
    assert [*examples, "full"] == list(LEVELS)
    before: list[str] = []
    for level, example in examples.items():
        (prompt,) = PromptRenderer(page["w"], level).whole(page["seen"], page["job"])
        added = [s for s in sentences(prompt) if s not in before]
        assert example.splitlines() == added, level
        before = sentences(prompt)
    assert PromptRenderer(page["w"], "full").whole(page["seen"], page["job"]) == [" ".join(before)]


def test_every_part_is_described() -> None:
    rows = re.findall(r"^\| `(\w+)\(", PAGE, re.MULTILINE)
    public = {name for name in vars(PromptRenderer) if not name.startswith("_")}
    assert set(rows) == public


def test_the_names_on_the_page_are_levels(page: dict[str, Any]) -> None:
    for name in re.findall(r"`((?:full|\+text)-[a-z-]+)`", PAGE):
        PromptRenderer(page["w"], name)
