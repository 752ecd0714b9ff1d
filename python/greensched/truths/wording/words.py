"""Words for what is done: verbs and nouns of modes and tasks, units, precisions, and what shortens a run."""

from __future__ import annotations

from typing import Final, NamedTuple


class Words(NamedTuple):
    """One way to say what is done: to do it, doing it, and the thing."""

    do: str
    doing: str
    thing: str


MODE: Final[dict[str, tuple[Words, ...]]] = {
    "train": (
        Words("train", "training", "training"),
        Words("train from scratch", "training from scratch", "training run"),
    ),
    "fine-tune": (
        Words("fine-tune", "fine-tuning", "fine-tune"),
        Words("finetune", "finetuning", "finetune"),
        Words("fully fine-tune", "full fine-tuning", "full fine-tune"),
    ),
    "lora": (
        Words("LoRA-tune", "LoRA tuning", "LoRA run"),
        Words("train a LoRA adapter for", "training a LoRA adapter for", "LoRA adapter"),
    ),
    "infer": (
        Words("run inference with", "running inference with", "inference"),
        Words("batch-score with", "batch scoring with", "batch scoring"),
    ),
    "evaluate": (
        Words("evaluate", "evaluating", "evaluation"),
        Words("benchmark the accuracy of", "benchmarking the accuracy of", "accuracy check"),
    ),
    "generate": (
        Words("generate text with", "generating text with", "text generation"),
        Words("decode answers with", "decoding answers with", "decoding"),
    ),
    "sample": (
        Words("sample images from", "sampling images from", "image sampling"),
        Words("generate pictures with", "generating pictures with", "picture generation"),
    ),
}
ITEMS: Final[dict[str, tuple[str, ...]]] = {
    "token": ("sequences", "samples", "documents"),
    "image": ("images", "pictures", "photos"),
    "step-image": ("images", "pictures"),
    "clip": ("clips", "videos"),
    "audio-second": ("recordings", "utterances"),
    "sample": ("rows", "records"),
    "row": ("rows", "records"),
    "residue": ("proteins", "protein sequences"),
    "node": ("nodes", "graph nodes"),
    "molecule": ("molecules", "compounds"),
}


def several(unit: str) -> str:
    """A program's unit of work in the plural: ``cell-step`` becomes "cell steps"; gigabytes stay as they are."""
    word = unit.replace("-", " ")
    if unit == "GB":
        return word
    return word[:-1] + "ies" if word.endswith("y") else word + "s"


def one(words: str) -> str:
    """The singular of a unit."""
    if words.endswith("ies"):
        return words[:-3] + "y"
    return words.removesuffix("s")


INNER: Final[dict[str, tuple[str, ...]]] = {
    "generate": ("{} new tokens each", "max_new_tokens={}", "{} tokens per answer"),
    "sample": ("{} sampling steps", "{} denoising steps each", "steps={}"),
}
PRECISION: Final[dict[str, tuple[str, ...]]] = {
    "fp32": ("fp32", "single precision", "float32"),
    "tf32": ("tf32", "TF32 matmuls"),
    "fp16": ("fp16", "half precision", "AMP fp16"),
    "bf16": ("bf16", "bfloat16"),
    "int8": ("int8", "8-bit weights", "INT8 quantised"),
}
BATCH: Final = ("batch {}", "batch size {}", "bs={}", "bs {}")

RESUME: Final = {
    "known": ("resume from checkpoint at {}", "restart from the checkpoint at {}", "{} already done, continue there"),
    "held-out": ("pick up where {} was reached", "the first {} are in the checkpoint"),
}
SAMPLE: Final = {
    "known": ("{} sample", "on {} of the data", "subsampled to {}"),
    "held-out": ("only {} of the records are used", "take {} and skip the rest"),
}
DRY: Final = {
    "known": ("dry-run", "dry run only", "smoke test only"),
    "held-out": ("nothing but a trial run", "just to see that it starts"),
}
CHATTER: Final = (
    "for the quarterly review", "please do not kill", "asked for by support", "needed before the release", "see ticket",
    "owner on leave, ask the team", "same as last week", "retry of a failed run", "for the paper", "low risk",
    "keep the logs", "results go to the dashboard", "new code path", "reviewed", "for the customer demo",
)  # fmt: skip
TAGS: Final = ("nightly", "weekly", "adhoc", "exp", "prod", "rc", "canary", "batch", "v2", "v3", "v4", "tmp")
