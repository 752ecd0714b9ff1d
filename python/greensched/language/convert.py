"""A GGUF file becomes safetensors: only the tensors that somebody uses, dequantised once.

Names and layout are those of Hugging Face, so that both kinds of files are read by the same code. GGUF stores the query
and key matrices for rotation of neighbouring pairs; Hugging Face's layout rotates halves, and the rows go back there.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from greensched.core.errors import ConfigError, DataError
from greensched.language.shape import SUPPORTED
from greensched.language.tensors import SCALES

if TYPE_CHECKING:
    from gguf import GGUFReader, ReaderTensor

CONFIG, TOKENIZER, WEIGHTS = "config.json", "tokenizer.json", "model.safetensors"
EMBEDDING, NORM, HEAD = "model.embed_tokens.weight", "model.norm.weight", "lm_head.weight"
# GGUF's names within a block, Hugging Face's, and whether rows are stored in pairs
LAYER = {
    "attn_norm": ("input_layernorm", False),
    "attn_q": ("self_attn.q_proj", True),
    "attn_k": ("self_attn.k_proj", True),
    "attn_v": ("self_attn.v_proj", False),
    "attn_output": ("self_attn.o_proj", False),
    "ffn_norm": ("post_attention_layernorm", False),
    "ffn_gate": ("mlp.gate_proj", False),
    "ffn_up": ("mlp.up_proj", False),
    "ffn_down": ("mlp.down_proj", False),
}
Q8_BLOCK = 32


class GgufFile:
    """A GGUF file of a Llama, opened; with many words in its vocabulary that takes seconds.

    Raises:
        DataError: no GGUF file, or cut off.
        ConfigError: another architecture.
    """

    def __init__(self, path: Path) -> None:
        from gguf import GGUFReader

        self._path = path
        try:
            self._reader: GGUFReader = GGUFReader(path)
        except (OSError, ValueError, IndexError, KeyError, UnicodeDecodeError) as error:
            raise DataError(f"{path}: no complete GGUF file ({error}); fetch or copy it again") from error
        self._tensors = {tensor.name: tensor for tensor in self._reader.tensors}
        kind = self.field("general.architecture")
        if kind != SUPPORTED:
            raise ConfigError(f"{path}: architecture '{kind}' cannot be served; supported is '{SUPPORTED}'")

    def field(self, name: str, default: Any = None) -> Any:
        """One entry of the metadata, ``default`` where there is none."""
        found = self._reader.get_field(name)
        return default if found is None else found.contents()

    @property
    def where(self) -> str:
        """The file, for errors."""
        return str(self._path)

    def config(self) -> dict[str, Any]:
        """What Hugging Face would write into ``config.json``."""
        try:
            return self._config()
        except (KeyError, TypeError) as error:
            raise DataError(f"{self._path}: its metadata lack {error}, which every Llama has") from error

    def _config(self) -> dict[str, Any]:
        def needed(name: str) -> int:
            value = self.field(f"{SUPPORTED}.{name}")
            if value is None:
                raise KeyError(f"{SUPPORTED}.{name}")
            return int(value)

        heads, hidden = needed("attention.head_count"), needed("embedding_length")
        scaling = self.field(f"{SUPPORTED}.rope.scaling.type", "none")
        rope: dict[str, Any] = {"rope_theta": float(self.field(f"{SUPPORTED}.rope.freq_base", 10000.0))}
        rope["rope_type"] = "default" if scaling == "none" else scaling
        rope["factor"] = float(self.field(f"{SUPPORTED}.rope.scaling.factor", 1.0))
        if "rope_freqs.weight" in self._tensors:
            rope["factors"] = self._values("rope_freqs.weight").tolist()
        return {
            "model_type": SUPPORTED,
            "hidden_size": hidden,
            "intermediate_size": needed("feed_forward_length"),
            "num_hidden_layers": needed("block_count"),
            "num_attention_heads": heads,
            "num_key_value_heads": int(self.field(f"{SUPPORTED}.attention.head_count_kv", heads)),
            "head_dim": int(self.field(f"{SUPPORTED}.attention.key_length", hidden // heads)),
            "vocab_size": int(self._tensor("token_embd.weight").shape[1]),
            "max_position_embeddings": needed("context_length"),
            "rms_norm_eps": float(self.field(f"{SUPPORTED}.attention.layer_norm_rms_epsilon", 1e-5)),
            "rope_parameters": rope,
            "attention_bias": "blk.0.attn_q.bias" in self._tensors,
            "tie_word_embeddings": "output.weight" not in self._tensors,
        }

    def write_base(self, folder: Path) -> None:
        """Configuration, tokenizer, embeddings, the last norm and the output matrix, into ``folder``."""
        from greensched.language.vocabulary import tokenizer_json

        (folder / CONFIG).write_text(json.dumps(self.config(), indent=1), encoding="utf-8")
        (folder / TOKENIZER).write_text(tokenizer_json(self), encoding="utf-8")
        tensors = self._embedding() | {NORM: self._values("output_norm.weight")}
        if "output.weight" in self._tensors:
            tensors[HEAD] = self._values("output.weight")
        _save(tensors, folder)

    def write_layer(self, index: int, folder: Path) -> None:
        """The tensors of one layer, into ``folder``."""
        heads = {"attn_q": "attention.head_count", "attn_k": "attention.head_count_kv"}
        tensors = {}
        for theirs, (ours, paired) in LAYER.items():
            for end in ("weight", "bias"):
                name = f"blk.{index}.{theirs}.{end}"
                if end == "bias" and name not in self._tensors:
                    continue
                values = self._values(name)
                if paired:
                    default = self.field(f"{SUPPORTED}.attention.head_count")
                    values = _halves(values, int(self.field(f"{SUPPORTED}.{heads[theirs]}", default)))
                tensors[f"model.layers.{index}.{ours}.{end}"] = values
        _save(tensors, folder)

    def _embedding(self) -> dict[str, NDArray[Any]]:
        """The embeddings; those of Q8_0 stay bytes and scales, exact and a quarter of float32."""
        from gguf import GGMLQuantizationType

        tensor = self._tensor("token_embd.weight")
        if tensor.tensor_type != GGMLQuantizationType.Q8_0:
            return {EMBEDDING: self._values("token_embd.weight")}
        rows = int(tensor.shape[1])
        blocks = np.asarray(tensor.data).reshape(rows, -1, 2 + Q8_BLOCK)
        scales = np.ascontiguousarray(blocks[..., :2]).view(np.float16)[..., 0]
        values = np.ascontiguousarray(blocks[..., 2:]).view(np.int8).reshape(rows, -1)
        return {EMBEDDING: values, EMBEDDING + SCALES: scales}

    def _tensor(self, name: str) -> ReaderTensor:
        if name not in self._tensors:
            raise DataError(f"{self._path}: no tensor '{name}', which every Llama has")
        return self._tensors[name]

    def _values(self, name: str) -> NDArray[np.float32]:
        from gguf import dequantize

        tensor = self._tensor(name)
        try:
            values = dequantize(tensor.data, tensor.tensor_type)
        except NotImplementedError as error:
            raise ConfigError(f"{self._path}: '{name}' is quantised as {tensor.tensor_type.name}: {error}") from error
        return np.ascontiguousarray(values, dtype=np.float32)


def _halves(values: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """Rows of each head from (pair, side) to (side, pair)."""
    pairs = values.reshape(heads, -1, 2, *values.shape[1:])
    return np.ascontiguousarray(pairs.swapaxes(1, 2)).reshape(values.shape)


def _save(tensors: dict[str, NDArray[Any]], folder: Path) -> None:
    from safetensors.numpy import save_file

    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})
