"""Whether what ``policy.learning`` is to train can be trained: told before the run, not by updates that fail in it."""

from __future__ import annotations

from pathlib import Path

from greensched.core.contracts import predictor_for
from greensched.core.errors import ConfigError, GreenSchedError
from greensched.core.registry import load
from greensched.learning.settings import read_settings
from greensched.learning.trainers import make_trainer
from greensched.scenario.schema import Scenario


def check_learning(scenario: Scenario, folder: Path) -> None:
    """Build the trainer once.

    Args:
        scenario: that is right otherwise.
        folder: where its own modules may lie.

    Raises:
        ConfigError: the trainer cannot be built; the message names the place.
    """
    block = scenario.options()
    try:
        found = read_settings(block)
        if found is None:
            return
        settings, train = found
        if settings.updates:
            own = predictor_for(load("policy", str(block["name"]), folder), block.get("predictor"))
            make_trainer(train if train is not None else own, folder)
    except GreenSchedError as error:
        raise ConfigError(f"policy.learning.train: {error}") from error
