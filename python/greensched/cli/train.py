"""``greensched train``: learn a predictor from the feedback log of a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from greensched.core.errors import UnknownNameError

TRAINABLE = ("xgboost",)


def train(
    predictor: Annotated[str, typer.Argument(help="Which predictor: xgboost.")],
    log: Annotated[Path, typer.Option("--log", help="A run folder, or the feedback log itself.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the model.")],
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the training.")] = 0,
) -> None:
    """Train a predictor on a feedback log and print its errors on the last fifth of it."""
    if predictor not in TRAINABLE:
        raise UnknownNameError("trainable predictor", predictor, TRAINABLE)
    from greensched.feedback.training import XGBoostTrainer

    model = XGBoostTrainer(model="")
    metrics = model.fit(log / "feedback.sqlite" if log.is_dir() else log, seed=seed)
    model.save(out)
    for name, value in metrics.items():
        print(f"{name:<36} {value:,.0f}" if name.endswith("rows") else f"{name:<36} {value:.4f}")
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
