"""States of tokens: those of torch, independent of the batch, with adapters as `peft` merges them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from greensched.core.errors import ConfigError
from greensched.language import Encoded, Encoder
from greensched.language.adapters import read_peft
from greensched.language.runtime import int8_is_exact
from tests.language.models import WORDS, write_folder, write_gguf, write_llama

TEXTS = [
    *WORDS,
    "",
    "x",
    "run 12345 of resnet50 👩‍🚀",
    "مرحبا",
    "a" * 200,
    *(f"{'etl of ' * k}orders" for k in range(12)),
]
REAL = [
    "fine-tune bert-large on squad, 3 epochs, fp16", "dry-run of the nightly etl", "", "8",
    "resume resnet50 on imagenet from checkpoint at 60%, batch 256, 90 epochs",
    "render scene 12 with 400 samples per pixel",
]  # fmt: skip
PRECISIONS = ["fp32", pytest.param("int8", marks=pytest.mark.skipif(not int8_is_exact(), reason="no VNNI here"))]


def reference(model: Any, found: Encoded, layers: tuple[int, ...]) -> np.ndarray:
    """The same tokens through torch, one text at a time."""
    import torch

    rows = []
    for begin, end in zip(found.starts[:-1], found.starts[1:], strict=True):
        with torch.no_grad():
            states = model(torch.tensor(found.ids[begin:end])[None], output_hidden_states=True).hidden_states
        rows.append(np.concatenate([states[layer][0].float().numpy() for layer in layers], axis=1))
    return np.concatenate(rows)


def relative(a: np.ndarray, b: np.ndarray) -> float:
    """The largest distance of two states, relative to the second's length."""
    return float((np.linalg.norm(a - b, axis=1) / np.linalg.norm(b, axis=1)).max())


def cosine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


VARIANTS: list[dict[str, Any]] = [
    {},
    {"tie_word_embeddings": True, "num_key_value_heads": 1},
    {"attention_bias": True, "mlp_bias": True, "head_dim": 32},
    {"rope_parameters": {"rope_type": "linear", "rope_theta": 5e5, "factor": 4.0}},
    {"rope_parameters": {
        "rope_type": "llama3", "rope_theta": 1e4, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64}},
]  # fmt: skip


@pytest.mark.parametrize("changes", VARIANTS, ids=str)
def test_states_are_those_of_torch(tmp_path: Path, changes: dict[str, Any]) -> None:
    pytest.importorskip("torch")
    model = write_llama(tmp_path, **changes)
    layers = (0, 1, 3)
    found = Encoder.open(tmp_path, layers=layers).encode(TEXTS, max_tokens=100)
    assert relative(found.states, reference(model, found, layers)) < 1e-4


def test_bfloat16_in_shards_as_large_models_come(tmp_path: Path) -> None:
    """As LLaMA-2-7B does: several files and an index; a missing one is named."""
    torch = pytest.importorskip("torch")
    from transformers import LlamaForCausalLM

    model = write_llama(tmp_path / "one").to(torch.bfloat16)
    model.save_pretrained(tmp_path / "many", max_shard_size="20KB")
    (tmp_path / "many" / "tokenizer.json").write_bytes((tmp_path / "one" / "tokenizer.json").read_bytes())
    shards = sorted((tmp_path / "many").glob("model-*.safetensors"))
    assert len(shards) > 2
    found = Encoder.open(tmp_path / "many", layers=(2,)).encode(TEXTS, max_tokens=100)
    # read anew: a model that is turned to bfloat16 in memory loses precision in its rotations too
    whole = LlamaForCausalLM.from_pretrained(tmp_path / "many", dtype=torch.float32)
    assert relative(found.states, reference(whole, found, (2,))) < 1e-4
    shards[1].unlink()
    with pytest.raises(Exception, match=f"{shards[1].name} is missing"):
        Encoder.open(tmp_path / "many", layers=(2,))


@pytest.mark.slow
def test_the_real_model(smollm2: Path) -> None:
    pytest.importorskip("torch")
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(str(smollm2.parent), gguf_file=smollm2.name).eval()
    layers = (3, 15, 30)
    found = Encoder.open(layers=layers).encode(REAL)
    wanted = reference(model, found, layers)
    for index in range(3):
        part = slice(576 * index, 576 * (index + 1))
        assert relative(found.states[:, part], wanted[:, part]) < 1e-4
    if int8_is_exact():
        rough = Encoder.open(layers=(3,), precision="int8").encode(REAL)
        near = cosine(rough.states, wanted[:, :576])
        assert near.min() > 0.95 and near.mean() > 0.997


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("base")
    return write_folder(path / "tiny", write_gguf(path / "tiny.gguf"), path / "tiny.tokenizer.json")


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_text_has_the_same_bits_in_every_batch(folder: Path, precision: str) -> None:
    encoder = Encoder.open(folder, layers=(1, 3), precision=precision)
    together = encoder.encode(TEXTS)
    for threads in (1, 2):
        other = Encoder.open(folder, layers=(1, 3), precision=precision, threads=threads)
        for index in range(len(TEXTS)):
            alone = other.encode([TEXTS[index]]).states
            assert np.array_equal(alone, together.states[together.starts[index] : together.starts[index + 1]])
    backwards = encoder.encode(TEXTS[::-1])
    assert np.array_equal(backwards.states[-backwards.lengths[-1] :], together.states[: together.lengths[0]])


@pytest.mark.parametrize("precision", PRECISIONS)
def test_layers_side_by_side_are_those_asked_for_one_by_one(folder: Path, precision: str) -> None:
    both = Encoder.open(folder, layers=(2, 0), precision=precision).encode(TEXTS).states
    one = [Encoder.open(folder, layers=(layer,), precision=precision).encode(TEXTS).states for layer in (2, 0)]
    assert np.array_equal(both, np.concatenate(one, axis=1))


@pytest.mark.skipif(not int8_is_exact(), reason="no VNNI here")
def test_int8_is_near(folder: Path) -> None:
    fine, rough = (Encoder.open(folder, precision=p).encode(TEXTS).states for p in ("fp32", "int8"))
    assert cosine(fine, rough).min() > 0.95
    assert cosine(fine, rough).mean() > 0.995
    assert not np.array_equal(fine, rough)


@pytest.mark.filterwarnings("ignore::FutureWarning")  # peft asks transformers for what it is about to drop
def test_an_adapter_is_merged_as_peft_does(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from peft import LoraConfig, get_peft_model

    model = write_llama(tmp_path / "base")
    plain = Encoder.open(tmp_path / "base").encode(TEXTS, max_tokens=100)
    config = LoraConfig(r=4, lora_alpha=12, target_modules="all-linear")
    tuned = get_peft_model(model, config)
    torch.manual_seed(3)
    for name, parameter in tuned.named_parameters():
        if "lora_B" in name:  # zero at the start
            parameter.data.normal_(std=0.1)
    tuned.save_pretrained(tmp_path / "adapter")
    adapter = read_peft(tmp_path / "adapter")
    assert float(adapter["scaling"]) == 3.0
    encoder = Encoder.open(tmp_path / "base", adapter=adapter)
    found = encoder.encode(TEXTS, max_tokens=100)
    assert relative(found.states, reference(tuned.merge_and_unload(), found, (3,))) < 1e-4
    assert relative(found.states, plain.states) > 0.05
    assert encoder.fingerprint != Encoder.open(tmp_path / "base").fingerprint


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layers.0.q_proj.lora_B": None}, r"'layers.0.q_proj.lora_B' is missing"),
        ({"layers.3.q_proj.lora_A": np.zeros((2, 64))}, "not in use"),
        ({"layers.0.q.lora_A": np.zeros((2, 64))}, "is no part of one"),
        ({"layers.0.q_proj.lora_A": np.full((2, 64), np.nan)}, "not finite"),
        ({"layers.0.q_proj.lora_A": np.zeros((3, 64))}, "does not make"),
    ],
)
def test_adapters_that_do_not_fit(folder: Path, change: dict[str, Any], message: str) -> None:
    good = {"layers.0.q_proj.lora_A": np.zeros((2, 64)), "layers.0.q_proj.lora_B": np.zeros((64, 2))}
    Encoder.open(folder, adapter=good)
    with pytest.raises(ConfigError, match=message):
        Encoder.open(folder, adapter={k: v for k, v in (good | change).items() if v is not None})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layers": (4,)}, "this base model has layers 0 to 3"),
        ({"layers": ()}, "one or more"),
        ({"layers": (1, 1)}, "each once"),
        ({"precision": "fp16"}, "expected fp32 or int8"),
        ({"threads": 0}, "expected 1 or more"),
    ],
)
def test_options_that_are_wrong(folder: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Encoder.open(folder, **options)


def test_a_later_context_than_the_model_knows_is_cut(folder: Path) -> None:
    """128 positions: more tokens than that are not asked of the graph."""
    found = Encoder.open(folder).encode(["7" * 1000], max_tokens=4096)
    assert found.lengths.tolist() == [128]
    assert found.cut_chars.tolist() == [1000 - 128]


def test_no_texts(folder: Path) -> None:
    found = Encoder.open(folder).encode([])
    assert found.states.shape == (0, 64) and found.starts.tolist() == [0]


def test_a_language_model_is_served_without_torch(folder: Path) -> None:
    import subprocess
    import sys

    from tests.conftest import cli_environment

    code = (
        "import sys, json; from greensched.language import Encoder; "
        f"print(Encoder.open({json.dumps(str(folder))}).encode(['run 7']).states.shape); "
        "sys.exit(any(name in sys.modules for name in ('torch', 'transformers', 'peft')))"
    )
    done = subprocess.run([sys.executable, "-c", code], env=cli_environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
