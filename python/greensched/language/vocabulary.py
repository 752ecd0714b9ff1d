"""The tokenizer of a GGUF file, written as ``tokenizer.json``.

How text is cut before merging is named in the file (``tokenizer.ggml.pre``), not described: each name known here stands
for the rules of the original tokenizer. ``smollm`` cuts every digit off by itself *before* the other rules, so that a
number's neighbours do not depend on it.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import TYPE_CHECKING, cast

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, processors

from greensched.core.errors import ConfigError, DataError

if TYPE_CHECKING:
    from greensched.language.convert import GgufFile

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


class Kind(IntEnum):
    """Kinds of tokens in a GGUF vocabulary that are not made by merging."""

    CONTROL = 3
    USER_DEFINED = 4


def _bytes() -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)


def _smollm() -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), _bytes()])


def _llama3() -> pre_tokenizers.PreTokenizer:
    whole = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(LLAMA3), "isolated"), whole])


PRE: dict[str, Callable[[], pre_tokenizers.PreTokenizer]] = {
    "smollm": _smollm, "gpt-2": _bytes, "default": _bytes, "llama-bpe": _llama3, "llama3": _llama3
}  # fmt: skip


def tokenizer_json(file: GgufFile) -> str:
    """The content of ``tokenizer.json`` for a GGUF file.

    Raises:
        ConfigError: a kind of tokenizer that is not known here.
        DataError: the vocabulary or the merges are missing.
    """
    model, pre = file.field("tokenizer.ggml.model"), file.field("tokenizer.ggml.pre", "default")
    if model != "gpt2" or pre not in PRE:
        raise ConfigError(
            f"{file.where}: tokenizer '{model}' with rules '{pre}' is not known; supported: gpt2 with {', '.join(PRE)}."
            " Use the model's folder with tokenizer.json and safetensors instead"
        )
    words, merges = file.field("tokenizer.ggml.tokens"), file.field("tokenizer.ggml.merges")
    if not words or not merges:
        raise DataError(f"{file.where}: no vocabulary or no merges; fetch the file again")
    pairs = [cast(tuple[str, str], tuple(merge.split(" ", 1))) for merge in merges]
    vocabulary = {word: index for index, word in enumerate(words)}
    tokenizer = Tokenizer(models.BPE(vocabulary, pairs, ignore_merges=pre in ("llama-bpe", "llama3")))
    tokenizer.pre_tokenizer = PRE[pre]()
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = _begin(file, words)
    for index, kind in enumerate(file.field("tokenizer.ggml.token_type", [])):
        if kind in (Kind.CONTROL, Kind.USER_DEFINED):
            tokenizer.add_tokens([AddedToken(words[index], special=kind == Kind.CONTROL, normalized=False)])
    return tokenizer.to_str()


def _begin(file: GgufFile, words: list[str]) -> processors.PostProcessor:
    """Offsets without the space that belongs to a token; a token of beginning where the model wants one."""
    trim = processors.ByteLevel(trim_offsets=True)
    index = file.field("tokenizer.ggml.bos_token_id")
    if index is None or not file.field("tokenizer.ggml.add_bos_token", False):
        return trim
    word = words[index]
    begin = processors.TemplateProcessing(single=[word, "$A"], pair=[word, "$A", "$B"], special_tokens=[(word, index)])
    return processors.Sequence([trim, begin])
