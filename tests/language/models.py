"""Small models for tests: a Llama as Hugging Face saves it, and the same as a GGUF file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

WORDS = ["train bert on squad for 3 epochs", "nightly etl of orders", "fine-tune llama, batch 64, fp16"]
SIZES = dict(
    hidden_size=64, intermediate_size=96, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2,
    vocab_size=320, max_position_embeddings=128, rms_norm_eps=1e-5,
)  # fmt: skip


def write_tokenizer(path: Path) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder, tokenizer.post_processor = decoders.ByteLevel(), processors.ByteLevel(trim_offsets=True)
    trainer = trainers.BpeTrainer(
        vocab_size=SIZES["vocab_size"], special_tokens=["<|im_start|>", "<|im_end|>"], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )  # fmt: skip
    tokenizer.train_from_iterator(WORDS * 8, trainer)
    tokenizer.save(str(path))
    return tokenizer


def write_llama(folder: Path, seed: int = 0, **changes: Any) -> Any:
    """A random Llama with grouped queries, saved; returns the torch model."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    model = LlamaForCausalLM(LlamaConfig(**(SIZES | changes))).float().eval()
    for parameter in model.parameters():  # the usual initialisation is so small that attention hardly matters
        parameter.data.mul_(4 if parameter.dim() > 1 else 1)
    if "dtype" in changes:
        model = model.to(getattr(torch, changes["dtype"]))
    model.save_pretrained(folder)
    write_tokenizer(folder / "tokenizer.json")
    return model


def write_gguf(path: Path, seed: int = 0, layers: int = 3) -> dict[str, np.ndarray]:
    """A random Llama as a GGUF file, without torch; returns its tensors under Hugging Face's names."""
    import gguf

    rng = np.random.default_rng(seed)
    tokenizer = write_tokenizer(path.with_suffix(".tokenizer.json"))
    model = json.loads(tokenizer.to_str())["model"]
    words = sorted(model["vocab"], key=model["vocab"].get)
    hidden, wide = SIZES["hidden_size"], SIZES["intermediate_size"]
    heads, kv = SIZES["num_attention_heads"], SIZES["num_key_value_heads"]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(128)
    writer.add_embedding_length(hidden)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(wide)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(words)
    writer.add_token_types([3 if word.startswith("<|") else 1 for word in words])
    writer.add_token_merges([" ".join(pair) for pair in model["merges"]])
    found: dict[str, np.ndarray] = {}

    def add(theirs: str, ours: str, *sizes: int, pairs: int = 0) -> None:
        values = rng.standard_normal(sizes).astype(np.float32) * (0.3 if len(sizes) > 1 else 0.1) + (len(sizes) == 1)
        found[ours] = values
        if pairs:  # row (head, side, i) goes to (head, i, side)
            size = sizes[0] // pairs
            order = [h * size + side * size // 2 + i for h in range(pairs) for i in range(size // 2) for side in (0, 1)]
            values = values[order]
        writer.add_tensor(theirs, np.ascontiguousarray(values))

    add("token_embd.weight", "model.embed_tokens.weight", len(words), hidden)
    add("output_norm.weight", "model.norm.weight", hidden)
    for i in range(layers):
        ours = f"model.layers.{i}."
        add(f"blk.{i}.attn_norm.weight", ours + "input_layernorm.weight", hidden)
        add(f"blk.{i}.ffn_norm.weight", ours + "post_attention_layernorm.weight", hidden)
        add(f"blk.{i}.attn_q.weight", ours + "self_attn.q_proj.weight", hidden, hidden, pairs=heads)
        add(f"blk.{i}.attn_k.weight", ours + "self_attn.k_proj.weight", hidden * kv // heads, hidden, pairs=kv)
        add(f"blk.{i}.attn_v.weight", ours + "self_attn.v_proj.weight", hidden * kv // heads, hidden)
        add(f"blk.{i}.attn_output.weight", ours + "self_attn.o_proj.weight", hidden, hidden)
        add(f"blk.{i}.ffn_gate.weight", ours + "mlp.gate_proj.weight", wide, hidden)
        add(f"blk.{i}.ffn_up.weight", ours + "mlp.up_proj.weight", wide, hidden)
        add(f"blk.{i}.ffn_down.weight", ours + "mlp.down_proj.weight", hidden, wide)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return found


def write_folder(path: Path, gguf_tensors: dict[str, np.ndarray], tokenizer: Path) -> Path:
    """The model of :func:`write_gguf` as a folder of Hugging Face, without torch."""
    from safetensors.numpy import save_file

    path.mkdir()
    save_file(gguf_tensors, path / "model.safetensors")
    config = SIZES | {"model_type": "llama", "rope_theta": 10000.0, "tie_word_embeddings": True}
    (path / "config.json").write_text(
        json.dumps(config | {"vocab_size": len(gguf_tensors["model.embed_tokens.weight"])})
    )
    (path / "tokenizer.json").write_bytes(tokenizer.read_bytes())
    return path
