"""Predictors that learn, by name: the side that trains, and models of a store as predictors that serve."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from greensched.core import registry
from greensched.core.contracts import TrainablePredictor
from greensched.core.errors import ConfigError
from greensched.core.options import construct
from greensched.learning.versions import Version

# predictors may not know the feedback log, so the side of them that learns is a class of its own
_TRAINERS = {
    "xgboost": "greensched.learning.trees.trainer:XGBoostTrainer",
    "llm": "greensched.learning.llm.trainer:LLMTrainer",
}
_OPTIONS: dict[str, dict[str, Any]] = {"xgboost": {"everything": True}}  # the loop itself judges
_MODEL = "model"  # the option that names a finished model; a trainer starts without


def name_and_options(block: Any) -> tuple[str, dict[str, Any]]:
    """A predictor as scenarios name it: a name, or a mapping with ``name`` and options.

    Raises:
        ConfigError: it is neither.
    """
    if isinstance(block, str):
        return block, {}
    if not isinstance(block, Mapping) or not isinstance(block.get("name"), str):
        raise ConfigError(f"policy.learning.train: expected a name or a mapping with 'name', got {block!r}")
    return block["name"], {key: value for key, value in block.items() if key not in ("name", _MODEL)}


def make_trainer(block: Any, folder: Path | None = None) -> TrainablePredictor:
    """A predictor that can be trained, with nothing learned.

    Args:
        block: see :func:`name_and_options`.
        folder: the scenario's, where its own modules may lie.

    Raises:
        UnknownNameError: no such predictor, or option.
        ConfigError: it cannot learn.
    """
    name, options = name_and_options(block)
    if name in _TRAINERS:
        module, _, attribute = _TRAINERS[name].partition(":")
        factory = getattr(importlib.import_module(module), attribute)
        trainer = construct(factory, {_MODEL: "", **_OPTIONS.get(name, {}), **options}, f"predictor '{name}'")
    else:
        trainer = registry.make_predictor(name, options, folder)
    missing = [method for method in ("fit", "save", "load") if not hasattr(trainer, method)]
    if missing:
        raise ConfigError(
            f"predictor '{name}' cannot learn (it has no {', '.join(missing)}); name one that can: "
            f"learning: {{train: xgboost}}"
        )
    return cast(TrainablePredictor, trainer)


def open_version(version: Version, folder: Path | None = None) -> TrainablePredictor:
    """The predictor of a version, ready to be started.

    Raises:
        DataError: its files have changed.
        PredictorError: they are of another version of the predictor.
    """
    version.check()
    predictor = make_trainer(version.about["predictor"], folder)
    predictor.load(version.folder)
    return predictor
