"""docs/llm-generate.md is true: its scenario runs, with an endpoint and without, and its code says what it shows."""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cli
from tests.generate.speaking import hashed, speaking
from tests.language.conftest import smollm2  # noqa: F401 - a fixture
from tests.signals.server import Answer, Behaviour

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "llm-generate.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)(?: ([^\n]*))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language: str, info: str) -> list[str]:
    return [body for found, said, body in BLOCK.findall(PAGE) if (found, said) == (language, info)]


def test_the_code_says_what_the_page_shows() -> None:
    codes, shown = blocks("python", "run"), blocks("text", "output")
    assert len(codes) == len(shown) == 2
    for code, expected in zip(codes, shown, strict=True):
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            exec(compile(code, "docs/llm-generate.md", "exec"), {})  # noqa: S102 - our own page
        assert said.getvalue() == expected


@pytest.fixture
def run(cli: Cli, tmp_path: Path) -> Callable[[Behaviour], tuple[dict[str, Any], str]]:
    """Runs the page's scenario with an endpoint that behaves so: metadata, and the mind's log."""

    def run(behave: Behaviour) -> tuple[dict[str, Any], str]:
        (scenario,) = blocks("yaml", "file=llm.yml")
        with speaking(behave) as stand:
            (tmp_path / "llm.yml").write_text(scenario.replace("http://127.0.0.1:8000", stand.url))
            done = cli("run", "llm.yml", "--out", "result", "--set", "policy.predictor.timeout_s=2")
        assert done.returncode == 0, done.stderr
        metadata = json.loads((tmp_path / "result" / "metadata.json").read_text())
        assert metadata["status"] == "completed"
        logs = "".join(path.read_text() for path in (tmp_path / "result").rglob("mind.log"))
        return metadata["predictor"], done.stderr + logs

    return run


@pytest.mark.java
@pytest.mark.usefixtures("world_jar")
def test_the_scenario_runs(run: Callable[[Behaviour], tuple[dict[str, Any], str]]) -> None:
    counts, _ = run(hashed)
    assert counts["tasks"] >= 20
    assert counts["answers"] == counts["tasks"]
    assert counts["pairs_analytic"] == counts["pairs_absurd"] < counts["pairs"]
    assert counts["backend"]["structured"] == "json_schema"
    table = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`[^|]*)\|", PAGE, re.MULTILINE))))
    assert set(counts) - {"model", "level"} <= table


@pytest.mark.java
@pytest.mark.slow
@pytest.mark.usefixtures("world_jar", "smollm2")
def test_a_model_in_this_process_writes(cli: Cli, tmp_path: Path) -> None:
    (scenario,) = blocks("yaml", "file=local.yml")
    (tmp_path / "local.yml").write_text(scenario)
    for name in ("one", "two"):
        done = cli("run", "local.yml", "--out", name, "--set", "mind.decide_timeout_s=200",
                   "--set", "policy.predictor.budget_s=150")  # fmt: skip
        assert done.returncode == 0, done.stderr
    one, two = (json.loads((tmp_path / name / "metadata.json").read_text())["predictor"] for name in ("one", "two"))
    assert one == two
    assert one["answers"] == one["tasks"] == 3
    assert one["pairs_analytic"] == 0
    assert one["backend"]["tokens_read"] > one["backend"]["tokens_written"] > 0


@pytest.mark.java
@pytest.mark.usefixtures("world_jar")
def test_a_run_outlives_an_endpoint_that_does_not_work(run: Callable[[Behaviour], tuple[dict[str, Any], str]]) -> None:
    counts, said = run(lambda _asked, _n: Answer("out of memory", status=500))
    assert counts["pairs_analytic"] == counts["pairs"] > 0
    assert counts["tasks_without_answer"] == counts["tasks"]
    assert counts["backend"]["circuit_opened"] >= 1
    assert said.count("HTTP 500, it says 'out of memory'; analytic predicts instead") == 1
