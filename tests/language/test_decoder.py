"""Scores of the next token: those of torch, the same in steps as at once, and independent of what was read before."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from greensched.core.errors import ConfigError, DataError
from greensched.language import Decoder
from greensched.language.reading import BLOCK, OutOfTimeError
from greensched.language.runtime import int8_is_exact
from tests.language.models import write_folder, write_gguf, write_llama
from tests.language.test_encoder import PRECISIONS, VARIANTS

TEXT = np.random.default_rng(4).integers(0, 300, 110).tolist()


def reference(model: Any, ids: list[int]) -> np.ndarray:
    """Scores after each token, through torch."""
    import torch

    with torch.no_grad():
        return np.asarray(model(torch.tensor(ids)[None]).logits[0].float().numpy())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("base")
    return write_folder(path / "tiny", write_gguf(path / "tiny.gguf"), path / "tiny.tokenizer.json")


@pytest.mark.parametrize("changes", [*VARIANTS, {"tie_word_embeddings": False}], ids=str)
def test_scores_are_those_of_torch(tmp_path: Path, changes: dict[str, Any]) -> None:
    pytest.importorskip("torch")
    wanted = reference(write_llama(tmp_path, **changes), TEXT)
    scale = np.abs(wanted).max()
    decoder = Decoder.open(tmp_path)
    for length in (1, 2, BLOCK, len(TEXT)):
        assert np.abs(decoder.prefill(TEXT[:length]) - wanted[length - 1]).max() < 1e-4 * scale
    decoder.prefill(TEXT[:5])
    at = 5
    for size in (1, 1, 3, 20, 1, 70):
        scores, at = decoder.step(TEXT[at : at + size]), at + size
        assert np.abs(scores - wanted[at - 1]).max() < 1e-4 * scale
        assert decoder.length == at


def test_a_gguf_file_and_its_folder_have_the_same_scores(folder: Path, store: Path, tmp_path: Path) -> None:
    write_gguf(tmp_path / "tiny.gguf")
    ours, theirs = Decoder.open(tmp_path / "tiny.gguf"), Decoder.open(folder)
    np.testing.assert_allclose(ours.prefill(TEXT), theirs.prefill(TEXT), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_scores_do_not_depend_on_what_was_read_before(folder: Path, precision: str) -> None:
    fresh = Decoder.open(folder, precision=precision, threads=2)
    wanted = fresh.prefill(TEXT)
    after = [fresh.step([7]), fresh.step([8, 9])]
    used = Decoder.open(folder, precision=precision, threads=1)
    for before in ([1], TEXT[:70] + [1] * 9, TEXT[:63], TEXT, [*TEXT[:64], 5], TEXT[:65]):
        used.prefill(before)
        used.step([3, 1])  # what was written after a text is not part of the next one
        used.step(TEXT[:12])
        assert np.array_equal(used.prefill(TEXT), wanted)
        assert np.array_equal(used.step([7]), after[0])
        assert np.array_equal(used.step([8, 9]), after[1])


def test_what_two_texts_share_is_read_once(folder: Path) -> None:
    decoder = Decoder.open(folder)
    decoder.prefill(TEXT)
    assert decoder.computed == len(TEXT)
    decoder.prefill([*TEXT[: BLOCK + 3], 1])
    assert decoder.computed == len(TEXT) + 4  # the block that both begin with is not read again
    decoder.prefill(TEXT[:BLOCK])
    assert decoder.computed == len(TEXT) + 4 + BLOCK  # it is where its own last scores are asked for
    decoder.forget()
    decoder.prefill(TEXT)
    assert decoder.computed == 2 * len(TEXT) + 4 + BLOCK


def test_reading_stops_in_time_and_goes_on_from_there(folder: Path) -> None:
    decoder = Decoder.open(folder)
    wanted = decoder.prefill(TEXT)
    decoder.forget()
    decoder.prefill(TEXT[: BLOCK + 1])
    with pytest.raises(OutOfTimeError):
        decoder.prefill(TEXT, until_s=time.monotonic() - 1)
    before = decoder.computed
    assert np.array_equal(decoder.prefill(TEXT, until_s=time.monotonic() + 60), wanted)
    assert decoder.computed == before + len(TEXT) - BLOCK


@pytest.mark.skipif(not int8_is_exact(), reason="no VNNI here")
def test_int8_is_near(folder: Path) -> None:
    fine, rough = (Decoder.open(folder, precision=p).prefill(TEXT) for p in ("fp32", "int8"))
    assert np.corrcoef(fine, rough)[0, 1] > 0.98
    assert not np.array_equal(fine, rough)


def test_what_cannot_be_read(folder: Path) -> None:
    decoder = Decoder.open(folder)
    for wrong in ([], [-1], [decoder.vocabulary]):
        with pytest.raises(DataError, match="expected one or more, each from 0 to"):
            decoder.prefill(wrong)
    with pytest.raises(DataError, match="a text of 129 tokens; this base model reads at most 128"):
        decoder.prefill([1] * 129)
    decoder.prefill([1] * 127)
    decoder.step([1])
    with pytest.raises(DataError, match="a text of 129 tokens"):
        decoder.step([1])
    with pytest.raises(ConfigError, match="expected fp32 or int8"):
        Decoder.open(folder, precision="fp16")
    assert Decoder.open(folder).fingerprint == decoder.fingerprint


@pytest.mark.slow
def test_the_real_model(smollm2: Path) -> None:
    pytest.importorskip("torch")
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(str(smollm2.parent), gguf_file=smollm2.name).eval()
    decoder = Decoder.open()
    ids = decoder.tokenizer.encode(["The capital of France is Paris, and the capital of Germany is"]).ids.tolist()
    found, wanted = decoder.prefill(ids), reference(model, ids)[-1]
    assert np.abs(found - wanted).max() < 1e-4 * np.abs(wanted).max()
    assert decoder.tokenizer.decode([int(found.argmax())]) == " Berlin"
    if int8_is_exact():
        rough = Decoder.open(precision="int8").prefill(ids)
        assert int(rough.argmax()) == int(found.argmax())
        assert np.corrcoef(rough, found)[0, 1] > 0.98
