"""The predictor as it is shipped, opened once."""

from __future__ import annotations

import pytest

from greensched.core.errors import ConfigError, DataError
from greensched.predictors.llm.predictor import LLMPredictor


@pytest.fixture(scope="session")
def shipped() -> LLMPredictor:
    try:
        return LLMPredictor(threads=1)
    except (ConfigError, DataError) as error:
        if "base model" not in str(error):
            raise
        pytest.skip(f"no base model: {error}")
