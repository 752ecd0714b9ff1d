"""Which tokens of a tokenizer may come next in an answer: the grammar of characters, seen through pieces of text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from greensched.core.types import I64
from greensched.predictors.generate.form import Form, Place


class _Node:
    __slots__ = ("after", "ids")

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.after: dict[str, _Node] = {}


class Vocabulary:
    """The pieces of a tokenizer as a tree, so that a step looks only at pieces that can come next.

    Args:
        pieces: text of every token, by id; empty for those that are no text (special tokens) and those that are parts
            of a character.
    """

    def __init__(self, pieces: Sequence[str]) -> None:
        self.pieces = tuple(pieces)
        self._root = _Node()
        for token, piece in enumerate(self.pieces):
            if piece and piece.isascii():  # an answer is ASCII
                node = self._root
                for char in piece:
                    node = node.after.setdefault(char, _Node())
                node.ids.append(token)

    def allowed(self, form: Form, place: Place) -> I64:
        """Ids of the tokens that can come next, ascending; none when the answer is whole: then it ends."""
        found: list[int] = []
        self._walk(form, place, self._root, found)
        return np.array(sorted(found), dtype=np.int64)

    def _walk(self, form: Form, place: Place, node: _Node, found: list[int]) -> None:
        for char in form.next(place):
            following = node.after.get(char)
            if following is None:
                continue
            found += following.ids
            if following.after:
                at = form.after(place, char)
                assert at is not None
                self._walk(form, at, following, found)


def pieces_of(decode: Callable[[list[int]], str], size: int, anchor: int) -> list[str]:
    """The text that each token adds after another one, which some tokenizers do not tell for a token alone.

    Args:
        decode: ids to text, special tokens left out.
        size: number of tokens.
        anchor: a token of plain text, such as that of a letter or a digit.
    """
    before = decode([anchor])
    texts = (decode([anchor, token]) for token in range(size))
    return [text[len(before) :] if text.startswith(before) and "\ufffd" not in text else "" for text in texts]
