"""What `greensched train` says about the model."""

from __future__ import annotations

from greensched.cli.train import verdicts


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
