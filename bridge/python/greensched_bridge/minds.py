"""Which mind serves a run folder."""

from __future__ import annotations

import json
from pathlib import Path

from greensched.core.contracts import Predictor
from greensched.core.errors import DataError
from greensched_bridge.conversation import MindLike


def make_mind(folder: Path, predictor: Predictor | None = None) -> MindLike:
    """The mind of GreenSched, logging to the run folder; ``predictor`` replaces the one that the scenario names."""
    from greensched.service.mind import Mind

    return Mind(folder / "feedback.sqlite", predictor)


def run_id_of(folder: Path) -> str:
    """The run that a folder was prepared for.

    Raises:
        DataError: not a prepared run folder.
    """
    path = folder / "input" / "run.json"
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["run_id"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: not a prepared run folder ({error}); make one with 'greensched prepare'") from error
