"""What becomes of a feedback log: `greensched train` and `greensched export`."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from greensched.cli.train import verdicts
from tests.conftest import Cli
from tests.mind.models import write_log


def test_the_verdict_is_against_the_analytic_predictor() -> None:
    metrics = {
        "validation_rows": 9.0,
        "energy_median_error_frac": 0.1, "energy_analytic_median_error_frac": 0.25,
        "run_time_median_error_frac": 0.3, "run_time_analytic_median_error_frac": 0.3,
    }  # fmt: skip
    assert verdicts(metrics) == [
        "energy: median error 10.0%, better than analytic (25.0%)",
        "run_time: median error 30.0%, no better than analytic (30.0%)",
    ]


def test_the_log_is_exported_as_tables(cli: Cli, tmp_path: Path) -> None:
    write_log(tmp_path / "feedback.sqlite", answers=2)
    for source in (tmp_path, tmp_path / "feedback.sqlite"):
        done = cli("export", str(source), "--out", str(tmp_path / "out"))
        assert done.returncode == 0, done.stderr
        files = [Path(line) for line in done.stdout.splitlines()]
        assert {f.stem: pq.read_metadata(f).num_rows for f in files} | {"outcome": 0, "report": 0} == {
            "answer": 2, "decision": 40, "report": 0, "refusal": 0, "outcome": 0, "task": 40, "slot_state": 18,
            "advisory": 0,
        }  # fmt: skip
    missing = cli("export", str(tmp_path / "nowhere"), "--out", str(tmp_path / "out"))
    assert missing.returncode == 1
    assert missing.stderr.strip() == f"greensched: {tmp_path / 'nowhere'}: no such feedback log"


def test_train_takes_a_run_folder_too(cli: Cli, tmp_path: Path) -> None:
    done = cli("train", "xgboost", "--log", str(tmp_path), "--out", str(tmp_path / "model"))
    assert "expected a run folder, its feedback.sqlite" in done.stderr


@pytest.mark.parametrize(
    ("predictor", "options", "expected"),
    [
        ("xgboost", ("--lora", "8"), "option --lora is of llm; 'xgboost' has no such option"),
        ("xgboost", ("--preset", "paper"), "option --preset is of llm; 'xgboost' has no such option"),
        ("llm", ("--trials", "3"), "option --trials is of xgboost; 'llm' has no such option"),
        ("llm", ("--layers", "3"), "option --layers is of llm-prompt; 'llm' has no such option"),
        ("llm", ("--preset", "papr"), "preset 'papr': expected one of default, gentle, keep, paper, renew, update"),
    ],
)
def test_no_option_is_ignored(
    cli: Cli, tmp_path: Path, predictor: str, options: tuple[str, ...], expected: str
) -> None:
    write_log(tmp_path / "feedback.sqlite", answers=2)
    done = cli("train", predictor, "--log", str(tmp_path), "--out", str(tmp_path / "model"), *options)
    assert done.returncode != 0
    assert done.stderr.strip() == f"greensched: {expected}"


def test_wrong_folders_are_told_before_hours_of_training(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "manifest.json").write_text("{}")
    done = cli("train", "llm", "--log", str(tmp_path / "nowhere"), "--out", str(tmp_path / "new"))
    assert done.returncode == 2
    assert "expected a run folder, its feedback.sqlite, or a folder that `generate reports` has written" in done.stderr
    write_log(tmp_path / "feedback.sqlite", answers=2)
    done = cli("train", "xgboost", "--log", str(tmp_path), "--out", str(tmp_path / "model"))
    assert done.returncode == 2
    assert "exists already and is not an empty folder" in done.stderr
    done = cli("train", "llm", "--log", str(tmp_path), "--out", str(tmp_path / "new"), "--four-bit")
    assert done.returncode == 2
    assert "--four-bit" in done.stderr and "needs --lora RANK" in done.stderr


@pytest.mark.parametrize(
    ("train", "words"),
    [
        ("llmm", "Did you mean 'llm'"),
        ("analytic", "predictor 'analytic' cannot learn"),
        ("{name: llm, preset: papr}", "preset 'papr'"),
        ("{name: llm, loar: 1}", "'loar'"),
    ],
)
def test_what_cannot_be_trained_is_told_before_the_run(
    cli: Cli, root: Path, tmp_path: Path, train: str, words: str
) -> None:
    options = ["--set", "policy.learning.update={every: 1d}", "--set", f"policy.learning.train={train}"]
    for command in (["validate"], ["prepare", "--out", str(tmp_path / "run")]):
        done = cli(command[0], str(root / "scenarios" / "minimal.yml"), *command[1:], *options)
        assert done.returncode == 2, done.stderr
        assert "policy.learning.train: " in done.stderr and words in done.stderr
        assert not (tmp_path / "run" / "input").exists()
