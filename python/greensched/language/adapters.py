"""Low-rank adapters (LoRA), merged into the weights before a model is served: W + scaling · B A."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greensched.core.errors import ConfigError, DataError
from greensched.language.tensors import F32, Tensors

Adapter = Mapping[str, NDArray[Any]]
SCALING = "scaling"  # alpha / r, in the mapping beside the matrices; 1 where it is not given
WHERE = {
    "q_proj": "self_attn", "k_proj": "self_attn", "v_proj": "self_attn", "o_proj": "self_attn",
    "gate_proj": "mlp", "up_proj": "mlp", "down_proj": "mlp",
}  # fmt: skip
KEY = re.compile(rf"layers\.(\d+)\.({'|'.join(WHERE)})\.lora_([AB])")
PEFT_KEY = re.compile(rf"(?:.*\.)?layers\.(\d+)\.(?:self_attn|mlp)\.({'|'.join(WHERE)})\.lora_([AB])(?:\.\w+)?\.weight")


def check(adapter: Adapter, layers: int) -> None:
    """Refuse what would not be merged.

    Args:
        adapter: ``layers.{i}.{projection}.lora_A`` (r, in) and ``.lora_B`` (out, r), and ``scaling``.
        layers: how many layers of the model are in use.

    Raises:
        ConfigError: a key that is none of these, a layer that is not in use, half of a pair, a value not finite.
    """
    for key, values in adapter.items():
        found = KEY.fullmatch(key)
        if found is None and key != SCALING:
            raise ConfigError(f"adapter: '{key}' is no part of one; expected '{SCALING}' or names like "
                              "'layers.0.q_proj.lora_A'")  # fmt: skip
        if found is not None and int(found[1]) >= layers:
            raise ConfigError(f"adapter: '{key}' is for a layer that is not in use (the first {layers} are)")
        if not np.isfinite(values).all():
            raise ConfigError(f"adapter: '{key}' holds a value that is not finite; train it again")
        other = key[:-1] + ("B" if key.endswith("A") else "A")
        if found is not None and other not in adapter:
            raise ConfigError(f"adapter: '{other}' is missing beside '{key}'")


def digest(adapter: Adapter | None) -> str:
    """What tells adapters apart: a hash of names and values, empty for none."""
    if not adapter:
        return ""
    found = hashlib.sha256()
    for key in sorted(adapter):
        values = np.ascontiguousarray(adapter[key], np.float32)
        found.update(f"{key} {values.shape} ".encode() + values.tobytes())
    return found.hexdigest()


def merged(adapter: Adapter | None, layer: int, projection: str, weight: F32) -> F32:
    """``weight`` (out, in) with the adapter's part for it, if it has one.

    Raises:
        ConfigError: the shapes do not fit.
    """
    name = f"layers.{layer}.{projection}.lora_"
    if adapter is None or name + "A" not in adapter:
        return weight
    down, up = np.asarray(adapter[name + "A"], np.float32), np.asarray(adapter[name + "B"], np.float32)
    if down.ndim != 2 or up.ndim != 2 or (up.shape[0], down.shape[1]) != weight.shape or up.shape[1] != down.shape[0]:
        raise ConfigError(f"adapter: {name}B {up.shape} times {name}A {down.shape} does not make {weight.shape}")
    scaling = np.asarray(adapter.get(SCALING, 1.0)).item()  # a file holds it as an array of one
    return np.asarray(weight + scaling * (up @ down), dtype=np.float32)


def read_peft(folder: Path) -> dict[str, NDArray[Any]]:
    """An adapter that the library `peft` saved, in this module's form.

    Raises:
        DataError: its files are missing or damaged.
        ConfigError: it is no plain LoRA, or reaches beyond the projections of layers.
    """
    try:
        config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{folder}: expected adapter_config.json as `peft` saves it ({error})") from error
    odd = [name for name in ("use_dora", "alpha_pattern", "rank_pattern", "modules_to_save") if config.get(name)]
    if config.get("peft_type") != "LORA" or odd or config.get("bias", "none") != "none":
        raise ConfigError(f"{folder}: expected a plain LoRA without {', '.join(odd) or 'bias'}; merge it with `peft`")
    tensors = Tensors([folder / "adapter_model.safetensors"])
    adapter: dict[str, NDArray[Any]] = {}
    for name in tensors.names():
        found = PEFT_KEY.fullmatch(name)
        if found is None:
            raise ConfigError(f"{folder}: '{name}' is outside of {', '.join(WHERE)}; merge the adapter with `peft`")
        adapter[f"layers.{found[1]}.{found[2]}.lora_{found[3]}"] = tensors.array(name)
    rank = float(config["r"])
    by = rank**0.5 if config.get("use_rslora") else rank
    adapter[SCALING] = np.array(config["lora_alpha"] / by, np.float32)
    return adapter
