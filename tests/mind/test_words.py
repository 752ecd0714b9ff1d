"""What texts say: words and numbers, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from greensched.predictors.vocabulary import Vocabulary
from greensched.predictors.words import LONGEST_TEXT, SMALLEST, read
from greensched.testing.worlds import tasks


def test_spellings_of_a_name_are_one() -> None:
    one, two, three = (read(text) for text in ("ResNet-50", "resnet_50", "resnet50"))
    assert one.words == two.words == three.words == {"resnet", "50"}
    assert one.pairs == two.pairs == three.pairs == {"resnet50"}
    assert one.numbers == {}, "the number of a name is no quantity"


@pytest.mark.parametrize(
    ("text", "slot", "value"),
    [
        ("train for 3 epochs", "+epochs", 3.0),
        ("three epochs", "+epochs", 3.0),
        ("bs=64, fp16", "-bs", 64.0),
        ("2.44k sequences", "+sequences", 2440.0),
        ("1.51M pictures", "+pictures", 1.51e6),
        ("3 million reads", "+reads", 3e6),
        ("27,800 images of it", "+images", 27800.0),
        ("30 denoising steps each", "++steps", 30.0),
        ("sort 2.5 TB", "+gb", 2500.0),
        ("about 12 Bilder", "largest", 12.0),
        ("0 epochs", "+epochs", SMALLEST),
        ("１２ epochs", "+epochs", 12.0),
    ],
)
def test_numbers_are_known_by_their_neighbours(text: str, slot: str, value: float) -> None:
    assert read(text).numbers[slot] == pytest.approx(math.log(value))


@pytest.mark.parametrize("text", ["resume from checkpoint at 60%", "at 60 percent", "at 60 pct"])
def test_a_share_tells_what_is_done_and_what_is_left(text: str) -> None:
    numbers = read(text).numbers
    assert numbers["%"] == numbers["%<at"] == pytest.approx(math.log(0.6))
    assert numbers["1-%"] == numbers["1-%<at"] == pytest.approx(math.log(0.4))
    assert "largest" not in numbers, "a share is no amount"


def test_nothing_reaches_over_from_one_field_to_the_next() -> None:
    reading = read("3", "epochs of bert", "base")
    assert "+epochs" not in reading.numbers
    assert "bertbase" not in reading.pairs
    assert "epochsof" in reading.pairs


@pytest.mark.parametrize(
    "text", ["", "🤖🔥", "עשרה ימים 10 ימים", "\x00\n\r", "9" * 400, "1,2,3.4.5 % % 7%%", "٣ أيام"]
)
def test_any_text_can_be_read(text: str) -> None:
    assert all(math.isfinite(value) for value in read(text).numbers.values())


def test_a_flood_is_read_up_to_a_point() -> None:
    flood = "word " * 20_000 + "last"
    assert read(flood).words == read(flood[:LONGEST_TEXT]).words


def test_a_vocabulary_is_what_is_frequent_and_its_rows_say_what_is_there() -> None:
    readings = [read("3 epochs of bert"), read("5 epochs of gpt"), read("one epoch of bert")]
    vocabulary = Vocabulary.choose(readings, fewest=2, most=3)
    assert vocabulary.words == ("of", "bert", "epochs")
    assert vocabulary.slots == ("++of", "largest", "+epochs")
    assert vocabulary.pairs == ("epochsof", "ofbert")
    rows = vocabulary.rows(tasks(2, description=["7 epochs of training", ""], user=["", ""], name=["", ""]))
    none, seven = np.nan, np.float32(math.log(7.0))
    np.testing.assert_array_equal(rows[0], np.float32([1, none, 1, seven, seven, seven, 1, none]))
    assert np.isnan(rows[1]).all()
    assert Vocabulary.from_json(vocabulary.to_json()) == vocabulary
