"""``greensched train``: learn a predictor from what runs and reports tell."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from greensched.core.errors import UnknownNameError

TRAINABLE = ("xgboost",)


def train(
    predictor: Annotated[str, typer.Argument(help="Which predictor: xgboost.")],
    log: Annotated[
        list[Path],
        typer.Option(
            "--log",
            help="A run folder, a feedback log, or a folder of `generate reports`; repeat it to learn from several.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder for the model.")],
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the training.")] = 0,
    trials: Annotated[
        int, typer.Option("--trials", min=0, help="Try so many settings first, judged on what is not learned from.")
    ] = 0,
    refit: Annotated[
        bool, typer.Option("--refit", help="Learn once more from everything after the errors are known.")
    ] = False,
) -> None:
    """Train a predictor and print its errors on the last part of what it was given."""
    if predictor not in TRAINABLE:
        raise UnknownNameError("trainable predictor", predictor, TRAINABLE)
    from greensched.learning.boosting import Settings
    from greensched.learning.trainer import XGBoostTrainer

    model = XGBoostTrainer()
    metrics = model.fit(log, seed=seed, settings=Settings(refit=refit), trials=trials)
    model.save(out)
    for name, value in metrics.items():
        print(f"{name:<36} {value:,.0f}" if name.endswith(("rows", "trees")) else f"{name:<36} {value:.4f}")
    print(*verdicts(metrics), sep="\n")
    print(f"model {model.version} written to {out}")
    print(f"use it: policy: {{name: greensched, predictor: {{name: xgboost, model: {out.absolute()}}}}}")


def verdicts(metrics: Mapping[str, float]) -> list[str]:
    """Per target one line: does what was learned beat the analytic predictor, by the median error?"""
    lines = []
    for target in (name.removesuffix("_analytic_median_error_frac") for name in metrics if "_analytic_median" in name):
        own, prior = metrics[f"{target}_median_error_frac"], metrics[f"{target}_analytic_median_error_frac"]
        word = "better than" if own < prior else "no better than"
        lines.append(f"{target}: median error {own:.1%}, {word} analytic ({prior:.1%})")
    return lines
