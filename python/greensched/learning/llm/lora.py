"""The base model in torch with low-rank changes of its projections (LoRA, Hu et al. 2021), to be trained.

Its weights come through this project's own reader, so whatever can be served can be adapted: a GGUF file, a folder, a
model of the hub; and what is trained stands on the very numbers that are served. Only the layers that are read are
built, without embedding table and output matrix. The changes are `peft`'s; what is kept of them is in the form of
:mod:`greensched.language.adapters`, which merges them for serving.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from greensched.core.errors import ConfigError, how_to_install
from greensched.core.types import I64
from greensched.language.adapters import PEFT_KEY, SCALING, WHERE, Adapter
from greensched.language.base import BaseModel

TEXTS_AT_ONCE = 32
"""Texts of a similar length are read together, so that little is computed of padding."""
PAD_TO = 8  # tokens, as the encoder does


@dataclass(frozen=True)
class Lora:
    """The changes: W + alpha / rank · B A.

    Attributes:
        rank: of B A.
        alpha: scales them; 0: twice the rank.
        dropout: share of a projection's inputs that A does not see in a step.
        four_bit: W is held in 4 bits (NF4, Dettmers et al. 2023) while they are trained.
    """

    rank: int = 8
    alpha: float = 0.0
    dropout: float = 0.05
    four_bit: bool = False

    @property
    def scaling(self) -> float:
        """What B A is multiplied with; 11 bits of it, as a file holds it."""
        return float(np.float16((self.alpha or 2.0 * self.rank) / self.rank))


class Adapted:
    """The first layers of a base model with changes that can be trained. At first they change nothing.

    Args:
        base: opened without an adapter, as deep as it is read.
        layers: after which states are wanted, as of the encoder.
        how: the changes.
        seed: of their initial values.
        device: ``cuda`` or ``cpu``; None: CUDA where there is one.
        dtype: of the weights that stay; None: bfloat16 on CUDA, else float32. The changes are float32.

    Raises:
        ConfigError: a library is missing, 4 bits without CUDA, no layer to change, a rank below 1.
    """

    def __init__(
        self,
        base: BaseModel,
        layers: tuple[int, ...],
        how: Lora,
        seed: int,
        device: str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        if how.rank < 1:
            raise ConfigError(f"LoRA: a rank of {how.rank}; expected 1 or more")
        if base.layers < 1:
            raise ConfigError("LoRA: of this model only the embeddings are read (layer 0): there is nothing to adapt")
        self.base, self.layers, self.how = base, layers, how
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self.dtype = dtype or (torch.bfloat16 if self.device.type == "cuda" else torch.float32)
        self._model = _built(base, self.dtype)
        if how.four_bit:
            _hold_in_four_bits(self._model, self.device)
        torch.manual_seed(seed)
        _inject(self._model, how)
        self._model.to(self.device)
        for weight in self.weights():  # small steps are lost in bfloat16
            weight.data = weight.data.float()

    def weights(self) -> list[Tensor]:
        """What is trained."""
        return [weight for _, weight in self._named()]

    def states(self, ids: list[I64]) -> Tensor:
        """States of the tokens of some texts, one after the other; with dropout where gradients are recorded.

        Args:
            ids: the tokens of each text, at least one.

        Returns:
            float32 on the CPU, where the head is, (tokens, hidden × layers).
        """
        self._model.train(torch.is_grad_enabled())
        lengths = np.array([len(text) for text in ids], dtype=np.int64)
        order = np.argsort(lengths, kind="stable")
        parts = [order[begin : begin + TEXTS_AT_ONCE] for begin in range(0, len(order), TEXTS_AT_ONCE)]
        found = [self._read([ids[i] for i in part]) for part in parts]
        if not found:
            return torch.zeros(0, self.base.shape.hidden * len(self.layers))
        begins = np.cumsum(lengths[order]) - lengths[order]  # of each text in what was found, which is in order
        begins = begins[np.argsort(order, kind="stable")]
        place = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        return torch.cat(found)[torch.from_numpy(np.repeat(begins, lengths) + place)]

    def adapter(self) -> dict[str, NDArray[np.float16]]:
        """The changes as they are kept and served."""
        found = {name: weight.detach().cpu().numpy().astype(np.float16) for name, weight in self._named()}
        return found | {SCALING: np.array([self.how.scaling], np.float16)}

    def put(self, adapter: Adapter) -> None:
        """Go on from changes that were learned before, or take those that :meth:`adapter` has rounded.

        Raises:
            ConfigError: they are of another rank, scaling or base model.
        """
        own = dict(self._named())
        scaling = np.asarray(adapter.get(SCALING, 1.0)).item()
        odd = sorted(set(adapter).symmetric_difference({*own, SCALING}))
        odd += [name for name in own if name in adapter and adapter[name].shape != tuple(own[name].shape)]
        if odd or scaling != self.how.scaling:
            what = f"'{odd[0]}' does not fit" if odd else f"its scaling is {scaling}, not {self.how.scaling}"
            raise ConfigError(
                f"LoRA: the model has an adapter of another rank or base model ({what}); train with the rank "
                f"{rank_of(adapter)}, or begin with a model without adapter"
            )
        for name, weight in own.items():
            weight.data.copy_(torch.from_numpy(np.asarray(adapter[name], np.float32)))

    def _named(self) -> Iterator[tuple[str, Tensor]]:
        """The changes, by the names of :mod:`greensched.language.adapters`."""
        for name, weight in self._model.named_parameters():
            found = PEFT_KEY.fullmatch(name)
            if found is not None:
                yield f"layers.{found[1]}.{found[2]}.lora_{found[3]}", weight

    def _read(self, ids: list[I64]) -> Tensor:
        """States of texts of a similar length. Attention is causal and padding to the right, so it needs no mask."""
        lengths = np.array([len(text) for text in ids])
        longest = -(-int(lengths.max()) // PAD_TO) * PAD_TO
        real = np.arange(longest)[None, :] < lengths[:, None]
        inputs = np.zeros((*real.shape, self.base.shape.hidden), np.float32)
        inputs[real] = self.base.embed(np.concatenate(ids))
        embedded = torch.from_numpy(inputs).to(self.device, self.dtype)
        after = self._model(inputs_embeds=embedded, output_hidden_states=True, use_cache=False).hidden_states
        wanted = torch.cat([after[layer] for layer in self.layers], dim=-1)
        states: Tensor = wanted[torch.from_numpy(real).to(self.device)].to("cpu", torch.float32)
        return states


def rank_of(adapter: Adapter) -> int:
    """The rank of an adapter; 0 of none."""
    return next((len(values) for name, values in adapter.items() if name.endswith("lora_A")), 0)


def _built(base: BaseModel, dtype: torch.dtype) -> Any:
    """The layers, frozen. Rotations are taken from the shape, whatever kind of them it has."""
    llama = _library("transformers.models.llama.modeling_llama")
    shape = base.shape
    config = llama.LlamaConfig(
        vocab_size=1, hidden_size=shape.hidden, intermediate_size=shape.feed_forward, num_hidden_layers=base.layers,
        num_attention_heads=shape.heads, num_key_value_heads=shape.kv_heads, head_dim=shape.head_dim,
        max_position_embeddings=shape.positions, rms_norm_eps=shape.norm_epsilon, attention_bias=shape.biased,
        mlp_bias=shape.mlp_biased, bos_token_id=None, eos_token_id=None,
    )  # fmt: skip
    with torch.device("meta"):  # no memory is taken before the weights are there
        model = llama.LlamaModel(config)
    model.embed_tokens = nn.Embedding(1, shape.hidden)
    model.rotary_emb = llama.LlamaRotaryEmbedding(config=config)
    model.rotary_emb.inv_freq = torch.from_numpy(shape.rope_inverse).float()
    weights = {name: torch.from_numpy(np.array(values)).to(dtype) for name, values in _weights(base)}
    model.load_state_dict(weights, strict=False, assign=True)
    if base.layers < shape.layers:
        model.norm = nn.Identity()  # what is read lies before the end
    return model.requires_grad_(False)


def _weights(base: BaseModel) -> Iterator[tuple[str, NDArray[np.float32]]]:
    for layer in range(base.layers):
        for norm in ("input_layernorm", "post_attention_layernorm"):
            yield f"layers.{layer}.{norm}.weight", base.norm(layer, norm)
        for name, where in WHERE.items():
            yield f"layers.{layer}.{where}.{name}.weight", base.projection(layer, name)
            bias = base.bias(layer, name)
            if bias is not None:
                yield f"layers.{layer}.{where}.{name}.bias", bias
    if base.layers == base.shape.layers:
        yield "norm.weight", base.last_norm()


def _hold_in_four_bits(model: Any, device: torch.device) -> None:
    """Replace every projection; they are quantised when they are moved to CUDA."""
    if device.type != "cuda":
        raise ConfigError("LoRA in 4 bits needs a CUDA device; without one leave 4 bits out (float32 is trained)")
    bits = _library("bitsandbytes")
    for layer in model.layers:
        for name, where in WHERE.items():
            part = getattr(layer, where)
            full = getattr(part, name)
            small = bits.nn.Linear4bit(
                full.in_features, full.out_features, full.bias is not None, compute_dtype=torch.bfloat16,
                quant_type="nf4",
            )  # fmt: skip
            small.weight = bits.nn.Params4bit(full.weight.data, requires_grad=False, quant_type="nf4")
            small.bias = full.bias
            setattr(part, name, small)
    model.is_loaded_in_4bit = True  # peft asks for it


def _inject(model: Any, how: Lora) -> None:
    peft = _library("peft")
    config = peft.LoraConfig(
        r=how.rank, lora_alpha=how.scaling * how.rank, lora_dropout=how.dropout, target_modules=list(WHERE), bias="none"
    )
    peft.inject_adapter_in_model(config, model)


def _library(name: str) -> Any:
    """A library, loaded when it is needed: who trains without adapters can do without."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        package = name.split(".")[0]
        how = f"pip install {package}" if package == "bitsandbytes" else how_to_install("llm")
        raise ConfigError(f"LoRA needs {package}: {how} ({error})") from error
