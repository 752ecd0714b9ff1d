"""A base model of the house as the writer of answers, opened when a run starts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal

from greensched.core.errors import DataError
from greensched.language import Decoder
from greensched.language.default import NAME
from greensched.language.runtime import precision_here
from greensched.language.sources import HUB_NAME, find
from greensched.predictors.generate.vocabulary import pieces_of

Precision = Literal["auto", "int8", "fp32"]
LOCAL: Final = "local"
"""As the name of a model: the base model that comes with GreenSched."""
_TURN, _END = "<|im_start|>", "<|im_end|>"


class BaseWriter:
    """A base model in this process; nothing is loaded before :meth:`open`.

    Args:
        base: its name; see :func:`greensched.language.sources.find`. Empty or ``local``: the default's.
        precision: of its arithmetic; ``auto`` is int8 where the processor can.
        threads: 0 for as many as there are cores.

    Raises:
        ConfigError: no such model.
        DataError: its files are missing or damaged.
    """

    def __init__(self, base: str, precision: Precision = "auto", threads: int = 0) -> None:
        self._base = NAME if base in ("", LOCAL) else base
        self.precision = precision_here(precision)
        self._threads = threads
        self._decoder: Decoder | None = None
        self._pieces: list[str] = []
        self.version = f"{find(self._base).identity} {self.precision} 1"

    def open(self) -> None:
        """Load the weights, if they are not; nothing that was read before is remembered.

        Raises:
            ConfigError: it cannot be served, or would have to be fetched and may not be.
            DataError: files are missing or damaged.
        """
        if self._decoder is not None:
            self._decoder.forget()
            return
        decoder = Decoder.open(self._base, self.precision, threads=self._threads or None)
        tokenizer = decoder.tokenizer
        if tokenizer.size > decoder.vocabulary:
            raise DataError(
                f"base model '{self._base}': its tokenizer has {tokenizer.size} tokens, its embeddings "
                f"{decoder.vocabulary}; copy both from one model"
            )
        self._pieces = pieces_of(tokenizer.decode, tokenizer.size, tokenizer.within("a")[-1])
        self._decoder = decoder

    @property
    def pieces(self) -> Sequence[str]:
        """Text of every token."""
        return self._pieces

    @property
    def computed(self) -> int:
        """Tokens that went through the model so far; what was read before and is remembered does not count."""
        return self._opened.computed

    def conversation(self, system: str, said: str) -> list[int]:
        """Tokens up to where the answer begins: in the markup of chats where the model has one, else plain lines.

        Markup within the texts is text: who writes it ends no turn.
        """
        tokenizer = self._opened.tokenizer
        turn, end = tokenizer.id_of(_TURN), tokenizer.id_of(_END)
        if turn is None or end is None:
            return [*tokenizer.beginning(), *tokenizer.within(f"{system}\n\n{said}\n\n")]
        new_line = tokenizer.within("\n")
        ids = []
        for role, text in (("system", system), ("user", said)):
            ids += [turn, *tokenizer.within(f"{role}\n{text}"), end, *new_line]
        return [*ids, turn, *tokenizer.within("assistant\n")]

    def encode(self, text: str) -> list[int]:
        """Tokens of a text that goes on in another."""
        return self._opened.tokenizer.within(text)

    def prefill(self, ids: Sequence[int], until_s: float) -> Any:
        """See :meth:`greensched.language.Decoder.prefill`."""
        return self._opened.prefill(ids, until_s)

    def step(self, ids: Sequence[int]) -> Any:
        """See :meth:`greensched.language.Decoder.step`."""
        return self._opened.step(ids)

    @property
    def _opened(self) -> Decoder:
        assert self._decoder is not None, "open comes first"
        return self._decoder


def is_path(model: str) -> bool:
    """Whether a base model is named by a path: one that begins with a dot or a slash, or is a GGUF file's."""
    return (
        model.startswith((".", "/", "~"))
        or Path(model).suffix.lower() == ".gguf"
        or ("/" in model and HUB_NAME.fullmatch(model) is None)
    )
