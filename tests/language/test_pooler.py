"""Vectors of long texts: means and ends of the encoder's states, whatever was read before."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from greensched.core.errors import ConfigError, DataError
from greensched.language import Encoder, Pooler
from tests.language.models import write_folder, write_gguf
from tests.language.test_encoder import PRECISIONS

SHARED = "nightly etl of orders; train bert on squad for 3 epochs,"
OWN = ["fine-tune llama", " batch 64, fp16 and then once more 12345 orders", "", "x", "<|im_end|> مرحبا"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("base")
    return write_folder(path / "tiny", write_gguf(path / "tiny.gguf"), path / "tiny.tokenizer.json")


def test_a_vector_is_mean_and_end_of_the_states(folder: Path) -> None:
    pooler, encoder = Pooler.open(folder, layers=(1, 3)), Encoder.open(folder, layers=(1, 3))
    for shared in ("", SHARED):
        found = pooler.pooled(shared, OWN[1]).reshape(2, 2, 64)
        first = len(pooler.tokenizer.within(shared))
        # the whole text at once is cut into the same tokens, because the parts meet before a space
        states = encoder.encode([shared + OWN[1]]).states
        assert len(states) == first + len(pooler.tokenizer.within(OWN[1]))
        for layer, part in enumerate((slice(0, 64), slice(64, 128))):
            np.testing.assert_allclose(found[layer, 0], states[first:, part].mean(axis=0), rtol=1e-3, atol=1e-4)
            np.testing.assert_allclose(found[layer, 1], states[-1, part], rtol=1e-3, atol=1e-4)
    assert pooler.width == 2 * 2 * 64


@pytest.mark.parametrize("precision", PRECISIONS)
def test_no_text_before_changes_a_vector(folder: Path, precision: str) -> None:
    alone = {own: Pooler.open(folder, (3,), precision, threads=2).pooled(SHARED * 2, own) for own in OWN}
    pooler = Pooler.open(folder, (3,), precision, threads=1)
    for own in [*OWN, *OWN[::-1]]:
        assert np.array_equal(pooler.pooled(SHARED * 2, own), alone[own])
        pooler.pooled("something else " * 3, own)
    before = pooler.computed
    for own in OWN:
        pooler.pooled(SHARED * 2, own)
    shared = len(pooler.tokenizer.within(SHARED * 2))
    assert pooler.computed - before < 2 * shared + 64 * len(OWN)


def test_of_what_is_too_long_the_ends_are_read(folder: Path) -> None:
    pooler = Pooler.open(folder)
    assert np.array_equal(pooler.pooled("", "1" * 100 + "2" * 100), pooler.pooled("", "1" * 64 + "2" * 64))


def test_what_cannot_be_read(folder: Path) -> None:
    with pytest.raises(DataError, match="reads at most 128"):
        Pooler.open(folder).pooled("7" * 100, "7")
    for layers in ((), (0,), (1, 1)):
        with pytest.raises(ConfigError, match="one or more from 1 on"):
            Pooler.open(folder, layers)
    with pytest.raises(ConfigError, match="has layers 0 to 3"):
        Pooler.open(folder, (4,))
    assert Pooler.open(folder, (1,)).fingerprint != Pooler.open(folder, (2,)).fingerprint
