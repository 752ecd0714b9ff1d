"""What `greensched doctor` says of base models."""

from __future__ import annotations

from pathlib import Path

import pytest

from greensched.language import default, store, usable


def test_the_default_is_fetched_or_not_or_ready(store_folder: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "fetched when first used" in usable.lines()[0]
    monkeypatch.setenv("GREENSCHED_OFFLINE", "1")
    assert "GREENSCHED_OFFLINE is set" in usable.lines()[0]
    name = default.WHEEL.replace("==", "-")
    store.ensure(store.models_folder() / name, lambda folder: (folder / "model").write_text("x") and None)
    assert usable.lines()[0] == "smollm2-135m: ready"


@pytest.fixture
def store_folder(store: Path) -> None:
    """The store's fixture has the name of its module."""


def test_of_the_papers_model_everything_that_lacks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    line = usable.lines()[1]
    assert line.startswith("meta-llama/Llama-2-7b-hf: missing: its weights")
    assert ("CUDA" in line) == (not usable.has_cuda())
