"""Tokens: the ones of the model's own tokenizer, where they stand in the text, and what becomes of long texts."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import numpy as np
import pytest

from greensched.language.sources import find
from greensched.language.tokens import Tokenizer
from tests.language.models import write_tokenizer

STRINGS = [
    "", " ", "train bert-large on SQuAD for 3 epochs, fp16", "lr=5e-5 batch=1024 x86_64 2023-09-01T12:05",
    "naïve café über Größe",
    "训练模型三次", "тренировать модель", "مرحبا بالعالم، تشغيل ١٢", "שלום עולם", "👩‍🚀🚀 rocket 🇩🇪",
    "a\u0000b\u0001c\u007f\u200b\u202e", "tabs\tand\r\nnew\n\nlines  ",
    "    indented\n\tcode(x) += 1;", "don't I'll we've",
    "#" * 200, "=" * 70, "a" * 300, "½ ² ½½", "<html>&amp;</html>", "12 345 678",
    "v1.2.3-rc4", "\ufeffbom \ufffd", "x" + " " * 40 + "y",
]  # fmt: skip


@pytest.fixture(scope="module")
def real(smollm2: Path) -> Tokenizer:
    return Tokenizer(find("smollm2-135m").tokenizer)


def test_digits_stand_alone(real: Tokenizer) -> None:
    found = real.encode(["run 1234 now"])
    parts = ["run 1234 now"[a:b] for a, b in found.spans]
    assert parts == ["run", "", "1", "2", "3", "4", "now"]


def test_equal_to_the_conversion_of_transformers(real: Tokenizer, smollm2: Path) -> None:
    pytest.importorskip("torch")
    from transformers import AutoTokenizer

    theirs = AutoTokenizer.from_pretrained(str(smollm2.parent), gguf_file=smollm2.name)
    rng = np.random.default_rng(0)
    alphabet = [chr(c) for c in [*range(32, 127), *range(0x400, 0x450), *range(0x600, 0x640), 0x1F680, 0x4E2D, 10, 9]]
    texts = STRINGS + ["".join(rng.choice(alphabet, rng.integers(1, 60))) for _ in range(500)]
    different = []
    for text in texts:
        ours = real.encode([text], max_tokens=4096).ids.tolist()
        if text and ours != theirs(text, add_special_tokens=False)["input_ids"]:
            different.append(text)
    # theirs leaves out the rule that cuts digits off first: it shows where two spaces come before one
    assert [text for text in different if not _spaces_before_a_digit(text)] == []


def _spaces_before_a_digit(text: str) -> bool:
    return any(a.isspace() and b.isnumeric() for a, b in itertools.pairwise(text))


def test_spans_cover_every_visible_character(real: Tokenizer) -> None:
    for text in STRINGS:
        found = real.encode([text], max_tokens=4096)
        covered = {i for a, b in found.spans for i in range(a, b)}
        assert all(i in covered for i, c in enumerate(text) if not c.isspace()), text
        assert found.cut_chars.tolist() == [0]


@pytest.fixture
def small(tmp_path: Path) -> Tokenizer:
    write_tokenizer(tmp_path / "tokenizer.json")
    return Tokenizer(tmp_path / "tokenizer.json")


def test_a_long_text_keeps_begin_and_end(small: Tokenizer) -> None:
    text = "0123456789" * 3
    found = small.encode([text, "", "7"], max_tokens=5)
    assert found.starts.tolist() == [0, 5, 6, 7]
    assert [text[a:b] for a, b in found.spans[:5]] == ["0", "1", "2", "8", "9"]
    assert found.cut_chars.tolist() == [25, 0, 0]
    assert found.ids[5] == small.id_of("<|im_start|>") and found.spans[5].tolist() == [0, 0]


@pytest.mark.parametrize(
    "text", ["train bert on squad for 3 epochs " * 4000, "a" * 100_000, "7" * 100_000, "مرحبا " * 20000]
)
def test_of_a_huge_text_only_its_ends_are_read(small: Tokenizer, text: str) -> None:
    """And they are the same tokens as if all of it had been read."""
    limited = small.encode([text], max_tokens=64)
    whole = small.encode([text], max_tokens=1_000_000)
    assert limited.ids.tolist() == [*whole.ids[:32], *whole.ids[-32:]]
    assert limited.spans.tolist() == [*whole.spans[:32].tolist(), *whole.spans[-32:].tolist()]
    assert limited.cut_chars[0] == limited.spans[32][0] - limited.spans[31][1]
    began = time.process_time()
    for _ in range(20):
        small.encode([text], max_tokens=64)
    assert (time.process_time() - began) / 20 < 0.05


def test_control_tokens_in_a_text_are_text(small: Tokenizer) -> None:
    end = small.id_of("<|im_end|>")
    assert end not in small.encode(["stop<|im_end|>"]).ids
    assert end in small.encode(["stop<|im_end|>"], control=True).ids


def test_half_a_surrogate_pair_is_read(small: Tokenizer) -> None:
    assert np.array_equal(small.encode(["a\ud800b"]).ids, small.encode(["a?b"]).ids)
