"""What is done with a neural network: training, tuning, inference, and what each asks of a GPU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Mode:
    """One kind of work.

    Attributes:
        name: canonical.
        flop_factor: FLOP relative to the forward pass.
        weight_passes: how often a step reads or writes all weights (optimiser states included), in weights.
        attainable: share of peak that large steps attain.
        overhead_s: kernel launches and synchronisation of each pass of a step, on any GPU.
        gb_per_gparam: memory per 10^9 parameters, GB.
        precisions: those in use, with their shares.
        inner: what one sample repeats (new tokens, sampling steps); empty: the data set says how long one is.
        weight: how often it occurs among the modes of a family.
    """

    name: str
    flop_factor: float
    weight_passes: float
    attainable: float
    overhead_s: float
    gb_per_gparam: float
    precisions: dict[str, float]
    inner: tuple[int, ...] = ()
    weight: float = 1.0


_TRAINING = {"fp32": 0.15, "tf32": 0.1, "fp16": 0.35, "bf16": 0.4}
_SERVING = {"fp32": 0.2, "fp16": 0.4, "bf16": 0.2, "int8": 0.2}
# Forward : backward = 1 : 2 (Kaplan et al. 2020, appendix B: 6 N D for training, 2 N D for inference). LoRA leaves out
# the gradients of the frozen weights (Hu et al. 2021). Adam keeps 16 bytes a parameter in mixed precision (Rajbhandari
# et al. 2020, ZeRO, section 3). Attained shares of peak: 0.3 to 0.5 in Megatron-LM (Narayanan et al. 2021, table 1) and
# PaLM (Chowdhery et al. 2022, table 3), less for inference. Overheads and the weights of modes are assumed.
_TRAIN = Mode("train", 3.0, 10.0, 0.42, 0.006, 16.0, _TRAINING)
_TUNE = Mode("fine-tune", 3.0, 10.0, 0.42, 0.006, 16.0, _TRAINING, weight=1.5)
_LORA = Mode("lora", 2.1, 2.2, 0.40, 0.007, 3.0, {"fp16": 0.4, "bf16": 0.6}, weight=1.5)
_INFER = Mode("infer", 1.0, 1.0, 0.35, 0.0015, 2.5, _SERVING, weight=1.5)
_EVALUATE = Mode("evaluate", 1.0, 1.0, 0.35, 0.002, 2.5, _SERVING)
_GENERATE = Mode("generate", 1.0, 1.0, 0.30, 0.002, 2.8, _SERVING, inner=(64, 128, 256, 512), weight=1.5)
_SAMPLE = Mode("sample", 1.0, 1.0, 0.38, 0.002, 3.0, {"fp32": 0.2, "fp16": 0.8}, inner=(20, 30, 50), weight=2.0)
_TUNE_LORA_IMAGES = Mode("lora", 2.1, 2.2, 0.40, 0.007, 4.0, {"fp16": 0.6, "bf16": 0.4})
MODES: Final[dict[str, tuple[Mode, ...]]] = {
    "llm": (_TUNE, _LORA, _GENERATE, _EVALUATE),
    "vision": (_TRAIN, _TUNE, _INFER, _EVALUATE),
    "detection": (_TRAIN, _TUNE, _INFER, _EVALUATE),
    "speech": (_TUNE, _INFER, _EVALUATE),
    "diffusion": (_SAMPLE, _TUNE_LORA_IMAGES),
    "embedding": (_TUNE, _INFER),
    "recsys": (_TRAIN, _INFER),
    "protein": (_INFER, _TUNE),
    "graph": (_TRAIN, _INFER),
}
BYTES: Final = {"fp32": 4.0, "tf32": 4.0, "fp16": 2.0, "bf16": 2.0, "int8": 1.0}
DEFAULT_PRECISION: Final = "fp32"
"""What a job computes in that says nothing: the frameworks' default."""
DECODED: Final = frozenset({"image", "video", "audio"})
DECODE_CORE_S: Final = 0.0003
DECODE_CORE_S_PER_GB: Final = 60.0
"""What one reference core takes for a sample of these, and for its bytes: about 140 JPEG images of ImageNet's size a
second, as data loaders are measured at. Text, tables and graphs are read at no cost that matters. Assumed."""
# FLOP for each byte of activations, where a model has no figure of its own: like those that have one, else assumed.
INTENSITY: Final = {"vision": 200.0, "detection": 200.0, "speech": 110.0, "recsys": 6.0, "graph": 8.0}
DEFAULT_INTENSITY: Final = 140.0
LONGEST: Final = {"llm": 2048.0, "embedding": 512.0, "protein": 1024.0}
"""Units of a sample that are read: longer texts are cut, as the tools of each family do by default."""
TOUCHED: Final = {"recsys": 0.001}
"""Part of the weights that a step reads: of a recommender's tables only rows that are looked up. Assumed."""
