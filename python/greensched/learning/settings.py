"""What a run says about learning: the block ``policy.learning`` of run.json, in which durations are seconds."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from greensched.core.errors import ConfigError
from greensched.core.options import read_options
from greensched.core.registry import LEARNING_KEY
from greensched.learning.drift import Detector

BLOCK = LEARNING_KEY


@dataclass(frozen=True)
class Settings:
    """See ``scenario/learning.py`` for the meaning of each; all but ``train`` are plain options.

    ``every_s``, ``reports`` and ``drift`` say when to update; an update is due when any of them says so and at least
    ``fewest`` reports have come since the last one.
    """

    every_s: float | None = None
    reports: int | None = None
    drift: Detector | None = None
    fewest: int = 100
    holdback_frac: float = 0.2
    forget_frac: float = 0.25
    user_cap_frac: float = 0.25
    replay: int = 20_000
    explore_frac: float = 0.0
    train_s: float = 600.0
    train_w: float = 0.0
    infer_s_per_job: float = 0.0
    infer_w: float = 0.0
    site: str | None = None
    store: str | None = None
    trains: Literal["inline", "background"] = "inline"

    @property
    def updates(self) -> bool:
        """Whether there are updates at all; without them errors are only watched."""
        return not (self.every_s is None and self.reports is None and self.drift is None)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return dataclasses.asdict(self)


def read_settings(block: Mapping[str, Any]) -> tuple[Settings, Any] | None:
    """Settings and the predictor to train, of a ``policy`` block; None where it does not learn.

    Returns:
        The predictor is a name, a mapping with ``name`` and options, or None: that of the policy.

    Raises:
        ConfigError: an option is unknown or wrong.
    """
    given = block.get(BLOCK)
    if given is None:
        return None
    if not isinstance(given, Mapping):
        raise ConfigError(f"policy.{BLOCK}: expected a mapping, got {given!r}")
    plain = {key: value for key, value in given.items() if key != "train"}
    return read_options(Settings, plain, f"policy.{BLOCK}"), given.get("train")
