"""Texts as tokens: numbers of the vocabulary with the characters that each stands for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greensched.core.errors import DataError

SPARE_TOKENS = 16  # how many more than are kept are read at either end of a long text, so that its cut moves nothing
LONGEST_TOKEN = 512  # characters; bounds what a strange vocabulary makes us read


@dataclass(frozen=True)
class Tokenised:
    """Tokens of several texts, one after the other.

    Attributes:
        ids: numbers of tokens, int64 (tokens,).
        spans: first character and the one after the last, in their own text, int64 (tokens, 2); a token that stands for
            no character has an empty span.
        starts: text i has the tokens ``starts[i]:starts[i + 1]``, int64 (texts + 1,).
        cut_chars: characters that were dropped from the middle of each text, int64 (texts,); 0 if it is whole.
    """

    ids: NDArray[np.int64]
    spans: NDArray[np.int64]
    starts: NDArray[np.int64]
    cut_chars: NDArray[np.int64]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each text, int64 (texts,)."""
        return np.diff(self.starts)


@dataclass(frozen=True)
class _Piece:
    ids: list[int]
    spans: list[tuple[int, int]]


class Tokenizer:
    """Cuts texts into the tokens of one model.

    What looks like a control token (``<|im_end|>``) in a text is text: nobody who writes one ends a turn with it.

    Args:
        path: ``tokenizer.json``.

    Raises:
        DataError: it is missing or cannot be read.
    """

    def __init__(self, path: Path) -> None:
        from tokenizers import Tokenizer as Reader

        try:
            content = path.read_text(encoding="utf-8")
            self._reader = Reader.from_str(content)
            self._begin = _first_token(json.loads(content), self._reader)
        except OSError as error:
            raise DataError(
                f"{path}: cannot be read ({error.strerror}); it stands beside the model's weights"
            ) from error
        except Exception as error:  # the library raises nothing more precise
            raise DataError(f"{path}: not a tokenizer as the library `tokenizers` writes it ({error})") from error
        self._reader.no_truncation()
        self._reader.no_padding()
        self._longest = min(max(map(len, self._reader.get_vocab())), LONGEST_TOKEN)

    @property
    def size(self) -> int:
        """Number of tokens in the vocabulary."""
        return int(self._reader.get_vocab_size())

    def encode(self, texts: Sequence[str], max_tokens: int = 256, *, control: bool = False) -> Tokenised:
        """The tokens of each text; of a text that has more than ``max_tokens``, its begin and its end.

        Args:
            texts: any strings; half of a surrogate pair is read as "?". An empty one has one token.
            max_tokens: at least 2.
            control: control tokens in the texts are meant (a prompt of our own making).
        """
        if max_tokens < 2:
            raise ValueError(f"max_tokens is {max_tokens}; expected 2 or more: a begin and an end")
        self._reader.encode_special_tokens = not control
        keep = (max_tokens // 2 + SPARE_TOKENS) * self._longest  # so many characters hold the tokens that are kept
        clean = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        short = [text for text in clean if len(text) <= 2 * keep]
        pieces = iter([_Piece(found.ids, found.offsets) for found in self._reader.encode_batch(short)])
        read = [next(pieces) if len(text) <= 2 * keep else self._ends(text, keep) for text in clean]
        return self._joined([_limited(piece, max_tokens) for piece in read])

    def within(self, text: str) -> list[int]:
        """Tokens of a text that goes on in another: all of them, and none that marks a beginning."""
        self._reader.encode_special_tokens = True
        clean = text.encode("utf-8", "replace").decode("utf-8")
        return [int(token) for token in self._reader.encode(clean, add_special_tokens=False).ids]

    def beginning(self) -> list[int]:
        """The tokens that the model wants before any text; none for most."""
        return [int(token) for token in self._reader.encode("").ids]

    def decode(self, ids: Sequence[int]) -> str:
        """The text that tokens stand for, control tokens left out."""
        return str(self._reader.decode(list(ids), skip_special_tokens=True))

    def id_of(self, token: str) -> int | None:
        """The number of a token by its spelling in the vocabulary, None if there is none."""
        found = self._reader.token_to_id(token)
        return None if found is None else int(found)

    def _ends(self, text: str, keep: int) -> _Piece:
        head = self._reader.encode(text[:keep])
        tail = self._reader.encode(text[-keep:], add_special_tokens=False)
        shift = len(text) - keep
        return _Piece(head.ids + tail.ids, head.offsets + [(a + shift, b + shift) for a, b in tail.offsets])

    def _joined(self, limited: list[tuple[_Piece, int]]) -> Tokenised:
        ids = [piece.ids or [self._begin] for piece, _ in limited]
        spans = [span for piece, _ in limited for span in (piece.spans or [(0, 0)])]
        starts = np.concatenate([[0], np.cumsum([len(part) for part in ids], dtype=np.int64)]).astype(np.int64)
        flat = np.array([token for part in ids for token in part], dtype=np.int64)
        cut = np.array([dropped for _, dropped in limited], dtype=np.int64)
        return Tokenised(flat, np.array(spans, dtype=np.int64).reshape(-1, 2), starts, cut)


def _limited(piece: _Piece, most: int) -> tuple[_Piece, int]:
    """Begin and end of a piece, and how many characters lie between."""
    if len(piece.ids) <= most:
        return piece, 0
    head, tail = most - most // 2, most // 2
    dropped = piece.spans[-tail][0] - piece.spans[head - 1][1]
    return _Piece(piece.ids[:head] + piece.ids[-tail:], piece.spans[:head] + piece.spans[-tail:]), max(dropped, 1)


def _first_token(content: dict[str, Any], reader: Any) -> int:
    """What stands for an empty text: the token of beginning, else the first control token, else token 0."""
    for name in ("<s>", "<|im_start|>", "<|begin_of_text|>", "<bos>"):
        found = reader.token_to_id(name)
        if found is not None:
            return int(found)
    added = content.get("added_tokens") or [{"id": 0}]
    return int(added[0]["id"])
