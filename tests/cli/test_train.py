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
    assert done.stderr.strip() == f"greensched: {tmp_path / 'feedback.sqlite'}: no such feedback log"


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
    done = cli("train", predictor, "--log", str(tmp_path), "--out", str(tmp_path / "model"), *options)
    assert done.returncode != 0
    assert done.stderr.strip() == f"greensched: {expected}"
