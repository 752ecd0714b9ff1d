"""Words that the head has met: each, alone and with the one before it, has learned effects of its own.

What the language model reads generalises; what a word has been seen to do is exact. So a word that nobody has met has
no effect here and is left to the language model, which reads it in its sentence. Numbers are kept apart
(:mod:`numbers`): of them only the words beside matter, which tell what is counted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from greensched.core.types import F64, I64
from greensched.predictors.llm.numbers import Number, numbers

UNKNOWN = 0
LEAST_SEEN = 30  # texts that must have a word before it gets effects of its own, when training begins
_WORD = re.compile(r"[^\W_]+(?:[.+/'-][^\W_]+)*")
_AMOUNT = re.compile(r"(?=.*\d)[\d.,/e+-]+[kmbgt%]?|\d+(?:pct|%)")
_MOST_CHARS = 1_000
_SHORT = 3  # digits of a number that may be part of a name, as in "ResNet 50"
_USUAL_AMOUNT = 12.0  # logarithm from which amounts are counted, so that exponents and constants are learned apart
_LEAST, _MOST, _LEFT_LEAST = 1e-6, 1e18, 1e-3


class Word(NamedTuple):
    """A word of a text, in lower case."""

    begin: int
    end: int
    text: str
    amount: bool


@dataclass(frozen=True)
class Known:
    """What is known of some texts. Things of text i have the places ``*_first[i]`` to ``*_first[i + 1]``.

    Attributes:
        words: number of each word that is no amount, 0 for an unfamiliar one.
        word_spans: its first character and the one after its last, (words, 2).
        grams: numbers of known words and pairs of words, each once a text.
        gram_words: places of the (one or two) words of each, (grams, 2).
        following, before: places of the words beside each number, −1 if there is none.
        amount: logarithm of each number, counted from the usual; of a percentage that of the fraction.
        left: of a percentage, logarithm of the rest to 100 %; else 0.
        end: character after each number.
        word_first, gram_first, number_first: (texts + 1,).
    """

    words: I64
    word_spans: I64
    grams: I64
    gram_words: I64
    following: I64
    before: I64
    amount: F64
    left: F64
    end: I64
    word_first: I64
    gram_first: I64
    number_first: I64

    @property
    def unfamiliar(self) -> NDArray[np.bool_]:
        """Whether a text has a word that nobody has met, or no word at all, (texts,)."""
        missing = np.concatenate([[0], np.cumsum(self.words == UNKNOWN)])
        found: NDArray[np.bool_] = (np.diff(missing[self.word_first]) > 0) | (np.diff(self.word_first) == 0)
        return found

    def word(self, place: I64) -> I64:
        """Numbers of the words at places, 0 for none."""
        return np.where(place >= 0, np.append(self.words, UNKNOWN)[place], UNKNOWN)


class Vocabulary:
    """Numbers words and pairs of words from 1 on; 0 is every other one.

    Args:
        grams: in the order of their numbers.
    """

    def __init__(self, grams: Sequence[str]) -> None:
        self.grams = tuple(grams)
        self._number = {gram: number for number, gram in enumerate(self.grams, start=1)}

    def __len__(self) -> int:
        return len(self.grams) + 1

    @staticmethod
    def of(texts: Iterable[str], least: int = LEAST_SEEN) -> Vocabulary:
        """Of what at least so many of the (distinct) texts have; the most frequent first."""
        return Vocabulary(()).grown(texts, least)

    def grown(self, texts: Iterable[str], least: int) -> Vocabulary:
        """With what so many of these texts have added at the end, so that old numbers stay."""
        counted = Counter(gram for text in texts for gram in {gram for gram, *_ in _grams(_words(_ends(text)))})
        new = [gram for gram, count in counted.items() if count >= least and gram not in self._number]
        return Vocabulary([*self.grams, *sorted(new, key=lambda gram: (-counted[gram], gram))])

    def without(self, words: Container[str]) -> Vocabulary:
        """As if nobody had met these words; the others keep their numbers."""
        return Vocabulary(["" if any(word in words for word in gram.split(" ")) else gram for gram in self.grams])

    def known(self, texts: Sequence[str]) -> Known:
        """What is known of texts."""
        words: list[tuple[int, int, int]] = []
        grams: list[tuple[int, int, int]] = []
        found: list[tuple[int, int, float, float, int]] = []
        firsts = [(0, 0, 0)]
        for text in map(_ends, texts):
            told = _words(text)
            place: dict[int, int] = {}  # of a word that is no amount, among all words
            for i, word in enumerate(told):
                if not word.amount:
                    place[i] = len(words)
                    words.append((self._number.get(word.text, UNKNOWN), word.begin, word.end))
            grams.extend(self._grams(told, place))
            found.extend(_beside(number, told, place) for number in numbers(text))
            firsts.append((len(words), len(grams), len(found)))
        ids, *spans = _columns(words, 3).astype(np.int64)
        gram, *places = _columns(grams, 3).astype(np.int64)
        following, before, amount, left, end = _columns(found, 5)
        word_first, gram_first, number_first = np.array(firsts, dtype=np.int64).T
        return Known(
            ids, np.stack(spans, axis=1), gram, np.stack(places, axis=1), following.astype(np.int64),
            before.astype(np.int64), amount, left, end.astype(np.int64), word_first, gram_first, number_first,
        )  # fmt: skip

    def _grams(self, words: list[Word], place: dict[int, int]) -> Iterator[tuple[int, int, int]]:
        """Number and places of each that is known."""
        seen = set()
        for gram, i, k in _grams(words):
            number = self._number.get(gram, UNKNOWN)
            if number != UNKNOWN and number not in seen:
                seen.add(number)
                yield number, place[i], place.get(k, place[i])


def to_read(known: Known, spans: I64, starts: I64) -> tuple[NDArray[np.bool_], I64, I64]:
    """What the language model has to say something about: the tokens of words that nobody has met.

    Args:
        known: of the texts.
        spans: first character of each token and the one after its last, (tokens, 2).
        starts: text i has the tokens ``starts[i]:starts[i + 1]``.

    Returns:
        Which tokens; which of these each text has, as ``starts``; and at which of these each number is read, or −1.
    """
    word, number = word_of_tokens(known, spans, starts), number_tokens(known, spans, starts)
    wanted = (word >= 0) & (known.word(word) == UNKNOWN)
    before = np.concatenate([[0], np.cumsum(wanted)])
    there = np.append(wanted, False)[number]  # nowhere is −1, the last
    return wanted, before[starts], np.where(there, before[number], -1)


def word_of_tokens(known: Known, spans: I64, starts: I64) -> I64:
    """The place of the word that each token is part of, −1: of none; arguments as of :func:`to_read`."""
    found = np.full(len(spans), -1, dtype=np.int64)
    for text in range(len(starts) - 1):
        tokens, first = spans[starts[text] : starts[text + 1]], known.word_first[text]
        words = known.word_spans[first : known.word_first[text + 1]]
        if len(tokens) and len(words):
            last = np.searchsorted(words[:, 0], tokens[:, 1]) - 1  # the last word that begins before the token ends
            inside = (last >= 0) & (words[last, 1] > tokens[:, 0])
            found[starts[text] : starts[text + 1]] = np.where(inside, first + last, -1)
    return found


def number_tokens(known: Known, spans: I64, starts: I64) -> I64:
    """The token after each number, where a causal model knows what is counted; −1: nobody read there.

    Arguments are those of :func:`to_read`.
    """
    found = np.full(len(known.end), -1, dtype=np.int64)
    for text in range(len(starts) - 1):
        begins = spans[starts[text] : starts[text + 1], 0]
        for i in range(known.number_first[text], known.number_first[text + 1]):
            if len(begins):
                found[i] = starts[text] + min(int(np.searchsorted(begins, known.end[i])), len(begins) - 1)
    return found


def _beside(number: Number, words: list[Word], place: dict[int, int]) -> tuple[int, int, float, float, int]:
    """Places of the words after and before a number, its amount, what it leaves, its end."""
    following = next((i for i, word in enumerate(words) if word.begin >= number.end), -1)
    before = next((i for i in range(len(words) - 1, -1, -1) if words[i].end <= number.begin), -1)
    amount = np.log(np.clip(number.value, _LEAST, _MOST)) - (np.log(100.0) if number.percent else _USUAL_AMOUNT)
    left = np.log(max(1.0 - number.value / 100.0, _LEFT_LEAST)) if number.percent else 0.0
    return place.get(following, -1), place.get(before, -1), float(amount), float(left), number.end


def _ends(text: str) -> str:
    """Begin and end of a long text, as the base model reads it, at their places."""
    half = _MOST_CHARS // 2
    return text if len(text) <= _MOST_CHARS else f"{text[:half]}{' ' * (len(text) - 2 * half)}{text[-half:]}"


def _words(text: str) -> list[Word]:
    found = []
    for match in _WORD.finditer(text):
        word = match[0].lower()
        found.append(Word(match.start(), match.end(), word, _AMOUNT.fullmatch(word) is not None))
    return found


def _grams(words: list[Word]) -> Iterator[tuple[str, int, int]]:
    """Words that are no amounts, and pairs that no amount begins or, unless it is short, ends; places of both."""
    for i, word in enumerate(words):
        if word.amount:
            continue
        yield word.text, i, i
        if i + 1 < len(words) and not (words[i + 1].amount and len(words[i + 1].text.replace(".", "")) > _SHORT):
            yield f"{word.text} {words[i + 1].text}", i, i + 1


def _columns(rows: Sequence[Sequence[float]], width: int) -> F64:
    return np.array(rows, dtype=np.float64).reshape(-1, width).T
