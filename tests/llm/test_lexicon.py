"""What the head knows of texts: words, pairs of words, and what stands beside numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greensched.predictors.llm.lexicon import Vocabulary, number_tokens, to_read

TEXT = "Train ResNet 50 on ImageNet: 40 epochs, batch size 256"


def grams_of(text: str) -> set[str]:
    return set(Vocabulary.of([text], 1).grams)


def test_words_and_pairs_are_known_but_no_amounts():
    found = grams_of(TEXT)
    assert {"train", "resnet", "imagenet", "epochs", "train resnet", "resnet 50", "on imagenet"} <= found
    assert not {"50", "40", "256", "40 epochs", "50 on"} & found  # no pair begins with an amount
    assert "size 256" in found  # a short number may be part of a name
    assert "amount 33300000" not in grams_of("Amount: 33300000 rows")


def test_numbers_have_the_words_beside_them():
    vocabulary = Vocabulary(["epochs", "imagenet", "size"])
    known = vocabulary.known(["", TEXT, "90 % done"])
    assert known.number_first.tolist() == [0, 0, 3, 4]
    assert known.word(known.following).tolist() == [0, 1, 0, 0]  # on, epochs, nothing; of the percentage: done
    assert known.word(known.before).tolist() == [0, 2, 3, 0]
    assert known.words.tolist() == [0, 0, 0, 2, 1, 0, 3, 0]  # of the second text: train, resnet, on, ...
    np.testing.assert_allclose(known.amount, [*(np.log([50, 40, 256]) - 12.0), np.log(0.9)])
    np.testing.assert_allclose(known.left, [0, 0, 0, np.log(0.1)])
    assert sorted(known.grams[known.gram_first[1] : known.gram_first[2]].tolist()) == [1, 2, 3]


def test_the_more_frequent_come_first_and_old_numbers_stay():
    first = Vocabulary.of(["a b", "a c", "a d"], 1)
    assert first.grams[0] == "a"
    grown = first.grown(["e", "e a"], 1)
    assert grown.grams[: len(first.grams)] == first.grams
    assert set(grown.grams[len(first.grams) :]) == {"e", "e a"}
    assert Vocabulary.of(["a b", "a c"], 2).grams == ("a",)
    assert len(first) == 1 + len(first.grams)


def test_a_number_is_read_at_the_token_after_it_where_its_unit_is_known():
    text = "run 40 epochs 60%"
    spans = np.array([(0, 3), (3, 5), (5, 6), (6, 13), (13, 15), (15, 16), (16, 17)])
    known = Vocabulary(()).known([text])
    assert number_tokens(known, spans, np.array([0, 7])).tolist() == [3, 6]
    assert number_tokens(known, spans[:0], np.array([0, 0])).tolist() == [-1, -1]  # nobody read


def test_a_number_at_the_very_end_is_read_at_the_last_token():
    known = Vocabulary(()).known(["x", "epochs 7"])
    spans = np.array([(0, 1), (0, 6), (6, 8)])
    assert number_tokens(known, spans, np.array([0, 1, 3])).tolist() == [2]


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text_has_finite_numbers(text):
    known = Vocabulary.of([text], 1).known([text])
    assert np.isfinite(known.amount).all() and np.isfinite(known.left).all()
    assert (known.grams > 0).all()
    spans = np.array([(i, i + 1) for i in range(len(text))]).reshape(-1, 2)
    token = number_tokens(known, spans, np.array([0, len(text)]))
    assert ((token >= 0) & (token < max(len(text), 1))).all()


@pytest.mark.parametrize("text", ["9" * 400 + " steps", "1e400 rows", "0 rows", "100 % done"])
def test_absurd_numbers_are_cut(text):
    known = Vocabulary(()).known([text])
    assert np.isfinite(known.amount).all() and np.isfinite(known.left).all()


def test_of_a_long_text_begin_and_end_are_known():
    text = f"alpha {'filler 7 ' * 10_000} 42 omega"
    known = Vocabulary(["alpha", "omega", "filler"]).known([text])
    assert set(known.grams.tolist()) == {1, 2, 3}
    assert known.end.max() == text.index(" omega") and len(known.end) < 200


def test_a_text_is_unfamiliar_if_any_word_is_but_not_for_its_numbers():
    vocabulary = Vocabulary(["train", "for", "epochs"])
    assert vocabulary.known(["Train for 7 epochs", "train zorblax for 7 epochs", "", "12 %"]).unfamiliar.tolist() == [
        False, True, True, True,  # who says nothing is not understood
    ]  # fmt: skip


def test_the_model_reads_unfamiliar_words_alone_and_numbers_at_them():
    vocabulary = Vocabulary(["train", "bert", "with"])
    texts = ["train zorblax with 7 quux", "train bert with 7"]
    spans = np.array([(0, 5), (5, 8), (8, 13), (13, 18), (18, 20), (20, 25), (0, 5), (5, 10), (10, 17)])
    wanted, starts, token = to_read(vocabulary.known(texts), spans, np.array([0, 6, 9]))
    assert wanted.tolist() == [False, True, True, False, False, True, False, False, False]
    assert starts.tolist() == [0, 3, 3]
    assert token.tolist() == [2, -1]  # 7 quux: at quux; the other text is all familiar


def test_pairs_know_their_words():
    vocabulary = Vocabulary(["resnet 50", "on imagenet", "imagenet"])
    known = vocabulary.known([TEXT])
    assert known.grams.tolist() == [1, 2, 3]
    spans = [tuple(TEXT[b:e] for b, e in known.word_spans[pair]) for pair in known.gram_words]
    assert spans == [("ResNet", "ResNet"), ("on", "ImageNet"), ("ImageNet", "ImageNet")]


def test_words_can_be_unlearned_and_the_others_keep_their_numbers():
    vocabulary = Vocabulary(["resnet 50", "on imagenet", "imagenet", "on"])
    less = vocabulary.without({"imagenet"})
    assert len(less) == len(vocabulary)
    assert less.known([TEXT]).grams.tolist() == [g for g in vocabulary.known([TEXT]).grams.tolist() if g in (1, 4)]
    assert less.known(["on imagenet"]).unfamiliar.tolist() == [True]
