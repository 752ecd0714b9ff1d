"""The predictor as it is shipped, opened once."""

from __future__ import annotations

from pathlib import Path

import pytest

from greensched.core.errors import ConfigError, DataError
from greensched.predictors.llm.predictor import LLMPredictor
from tests.mind.models import write_log


@pytest.fixture(scope="session")
def shipped() -> LLMPredictor:
    try:
        return LLMPredictor(threads=1)
    except (ConfigError, DataError) as error:
        if "base model" not in str(error):
            raise
        pytest.skip(f"no base model: {error}")


@pytest.fixture(scope="session")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A world in which energy and time have nothing to do with words, but with what `analytic` says."""
    path = tmp_path_factory.mktemp("log") / "feedback.sqlite"
    write_log(path, answers=12)
    return path
