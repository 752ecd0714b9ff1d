"""``greensched train``: learn a predictor from what runs and reports tell."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from greensched.core.errors import ConfigError, UnknownNameError
from greensched.feedback.outcomes import LOG_FILE

TRAINABLE = ("llm", "llm-prompt", "xgboost")
OF_ONE = {
    "trials": "xgboost", "refit": "xgboost", "model": "llm", "preset": "llm", "lora": "llm", "four_bit": "llm",
    "level": "llm-prompt", "order": "llm-prompt", "layers": "llm-prompt", "jobs": "llm-prompt",
}  # fmt: skip
"""Options that only one of them has."""


def train(
    context: typer.Context,
    predictor: Annotated[
        str, typer.Argument(help="Which predictor: xgboost, llm (fine-tunes its head), or llm-prompt.")
    ],
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
    model: Annotated[
        Path | None, typer.Option("--model", help="llm: begin with this model instead of the one of GreenSched.")
    ] = None,
    preset: Annotated[
        str,
        typer.Option(
            "--preset",
            help="llm: update (what serves best of keep, gentle, update and renew), one of these, "
            "default (as from nothing) or paper (with LoRA).",
        ),
    ] = "update",
    lora: Annotated[
        int | None,
        typer.Option("--lora", min=0, help="llm: learn changes of the base model of this rank (LoRA); 0: none."),
    ] = None,
    four_bit: Annotated[
        bool, typer.Option("--four-bit", help="llm: hold the base model in 4 bits meanwhile (CUDA, bitsandbytes).")
    ] = False,
    level: Annotated[str | None, typer.Option("--level", help="llm-prompt: what the prompt tells.")] = None,
    order: Annotated[
        str, typer.Option("--order", help="llm-prompt: of the prompt: shared (read once), or paper.")
    ] = "shared",
    layers: Annotated[str, typer.Option("--layers", help="llm-prompt: of the base model: 3, or 3,15.")] = "3",
    jobs: Annotated[int, typer.Option("--jobs", min=0, help="llm-prompt: newest of each log; 0: all.")] = 0,
) -> None:
    """Train a predictor and print its errors on the last part of what it was given."""
    if predictor not in TRAINABLE:
        raise UnknownNameError("trainable predictor", predictor, TRAINABLE)
    _refuse_others(context, predictor)
    _check_paths(log, out)
    if predictor == "llm":
        made, metrics = _llm(log, seed, model, {"preset": preset, "lora": lora, "four_bit": four_bit})
    elif predictor == "llm-prompt":
        made, metrics = _llm_prompt(log, seed, {"layers": layers, "order": order, "jobs": jobs}, level)
    else:
        made, metrics = _xgboost(log, seed, trials, refit)
    made.save(out)
    _print(metrics)
    print(f"model {made.version} written to {out}")
    print(f"use it: policy: {{name: greensched, predictor: {{name: {predictor}, model: {out.absolute()}}}}}")


def _print(metrics: Mapping[str, float]) -> None:
    for name, value in metrics.items():
        print(f"{name:<36} {value:,.0f}" if name.endswith(("rows", "trees", "jobs")) else f"{name:<36} {value:.4f}")
    print(*verdicts(metrics), sep="\n")


def _refuse_others(context: typer.Context, predictor: str) -> None:
    """No option is ignored in silence."""
    for name, owner in OF_ONE.items():
        source = context.get_parameter_source(name)
        if owner != predictor and source is not None and source.name == "COMMANDLINE":
            raise ConfigError(f"option --{name.replace('_', '-')} is of {owner}; '{predictor}' has no such option")


def _check_paths(logs: list[Path], out: Path) -> None:
    """Hours of training are not lost for a wrong folder, nor is another model overwritten."""
    for log in logs:
        if not (log / LOG_FILE if log.is_dir() else log).is_file():
            raise ConfigError(
                f"--log {log}: expected a run folder, its {LOG_FILE}, or a folder that `generate reports` has written"
            )
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigError(f"--out {out}: exists already and is not an empty folder; name a new one")


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _xgboost(log: list[Path], seed: int, trials: int, refit: bool) -> tuple[Any, Mapping[str, float]]:
    from greensched.learning.trees.boosting import Settings
    from greensched.learning.trees.trainer import XGBoostTrainer

    made = XGBoostTrainer()
    return made, made.fit(log, seed=seed, settings=Settings(refit=refit), trials=trials)


def _llm(log: list[Path], seed: int, model: Path | None, options: dict[str, Any]) -> tuple[Any, Mapping[str, float]]:
    from greensched.learning.llm.trainer import LLMTrainer

    if options["four_bit"] and not options["lora"] and options["preset"] != "paper":
        raise ConfigError("--four-bit holds the base model that LoRA changes: it needs --lora RANK, or --preset paper")
    made = LLMTrainer(model="" if model is None else str(model), **options)
    made.tell = _tell
    metrics = made.learn(log, seed=seed)
    _tell(f"served best on the newest fifth: {made.artefact.trained['fine_tuned'][-1]['preset']}")
    return made, metrics


def _llm_prompt(
    log: list[Path], seed: int, options: dict[str, Any], level: str | None
) -> tuple[Any, Mapping[str, float]]:
    from greensched.learning.prompted.trainer import PromptTrainer

    made = PromptTrainer(**(options if level is None else options | {"level": level}))
    return made, made.learn(log, seed=seed)


def verdicts(metrics: Mapping[str, float]) -> list[str]:
    """Per target one line: does what was learned beat what was there before, by the median error?"""
    lines = []
    for target in (name.removesuffix("_median_error_frac") for name in metrics if name.startswith("before_")):
        if f"{target}_median_error_frac" in metrics:
            name = target.removeprefix("before_")
            own, before = metrics[f"{name}_median_error_frac"], metrics[f"{target}_median_error_frac"]
            lines.append(f"{name}: median error {own:.1%}, before {before:.1%}")
    for target in (name.removesuffix("_analytic_median_error_frac") for name in metrics if "_analytic_median" in name):
        own, prior = metrics[f"{target}_median_error_frac"], metrics[f"{target}_analytic_median_error_frac"]
        word = "better than" if own < prior else "no better than"
        lines.append(f"{target}: median error {own:.1%}, {word} analytic ({prior:.1%})")
    if "lora_kept" in metrics:
        kept = "reads, with its adapter" if metrics["lora_kept"] else "stays silent, no adapter is kept"
        reading, silent = metrics["lora_reading_log_error"], metrics["lora_silent_log_error"]
        lines.append(f"base model: {kept} (log error reading {reading:.4f}, silent {silent:.4f})")
    return lines
