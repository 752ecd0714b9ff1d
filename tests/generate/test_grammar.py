"""The grammar of answers: whatever is decoded under it is valid, and what is written can be read."""

from __future__ import annotations

import json
import random
import re

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from greensched.predictors.generate.form import Floor, Form, schema
from greensched.predictors.generate.numbers import Number
from greensched.predictors.generate.reading import read
from greensched.predictors.generate.vocabulary import Vocabulary, pieces_of

BOUNDS = st.tuples(st.floats(1e-6, 1e5), st.floats(1.01, 1e4)).map(lambda b: Number(b[0], b[0] * b[1]))


def form(*names: str) -> Form:
    return Form(names, (Number(0.0002, 2.0),) * len(names), (Number(0.5, 5000.0),) * len(names))


@pytest.mark.parametrize(
    ("said", "following"),
    [
        ("", "123456789"),  # whatever begins with 0 is below 1
        ("4", "0123456789."),
        ("45", "0123456."),  # 457 is more than 456.7
        ("456", "."),
        ("456.", "01234567"),
        ("456.7", ""),  # four figures are said
        ("0", ""),  # begins nothing that is at least 1
        ("1.234", ""),
        ("99", "."),  # 990 is too much
    ],
)
def test_what_can_come_next_in_a_number_from_1_to_456_7(said: str, following: str) -> None:
    assert Number(1.0, 456.7).next(said) == following


def test_small_numbers_begin_with_as_many_zeros_as_their_bounds_need() -> None:
    tiny = Number(0.00012, 0.00034)
    assert [tiny.next(said) for said in ("", "0", "0.", "0.000", "0.0001", "0.0003")] == [
        "0", ".", "0", "123", "23456789", "01234",
    ]  # fmt: skip
    assert tiny.ends("0.00012")
    assert not tiny.ends("0.00011")
    assert not tiny.ends("0.000340001")  # too many figures


@pytest.mark.parametrize("text", ["", "1.", ".5", "01", "1e2", "+1", "-1", "1,000", "1 ", "٣", "1.2345", "457", "nan"])
def test_what_is_no_number_is_not_read(text: str) -> None:
    with pytest.raises(ValueError, match="is no number from"):
        Number(1.0, 456.7).read(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [(12.3456, "12.35"), (9.9996, "10"), (0.5, "1"), (1e9, "456.7"), (100.0, "100"), (float("inf"), "456.7")],
)
def test_numbers_are_written_as_near_as_they_can_be(value: float, text: str) -> None:
    assert Number(1.0, 456.7).write(value) == text


@given(BOUNDS, st.floats(0, 1))
@example(Number(1.0, 456.7), 0.9999)
@example(Number(0.875, 1.09375), 1.0)  # 1.094 is nearer to the bound, and above it
def test_what_is_written_is_read_to_the_stated_figures(number: Number, where: float) -> None:
    value = number.least + where * (number.most - number.least)
    text = number.write(value)
    assert number.ends(text)
    inside = number.least * 1.001 <= value <= number.most / 1.001
    assert number.read(text) == pytest.approx(value, rel=0.5e-3 if inside else 1e-3, abs=0.5e-9)
    assert number.write(number.read(text)) == text


@settings(max_examples=200)
@given(BOUNDS, st.randoms(use_true_random=False))
def test_every_way_through_a_number_ends_in_its_bounds(number: Number, rng: random.Random) -> None:
    said = ""
    while following := number.next(said):
        if number.ends(said) and rng.random() < 0.2:
            break
        said += rng.choice(following)
    assert number.ends(said)
    assert number.least <= float(said) <= number.most


def test_bounds_with_nothing_between_them_are_told() -> None:
    narrow = Number(1.00001, 1.00002)
    assert narrow.next("") == ""
    with pytest.raises(ValueError, match="no number from"):
        narrow.write(1.000015)
    with pytest.raises(ValueError, match="no numbers from"):
        Number(2.0, 1.0)
    with pytest.raises(ValueError, match="NaN"):
        Number(1.0, 2.0).write(float("nan"))


def test_a_form_writes_what_is_read_back() -> None:
    names = ("us-east", 'a "quoted" name', "北京")
    energy_kwh, service_min = np.array([0.0123456, 1.5, 0.0002]), np.array([4.5, 333.333, 5000.0])
    text = form(*names).write(energy_kwh, service_min)
    assert text.isascii()
    assert json.loads(text)["北京"] == {"energy_kWh": 0.0002, "service_time_min": 5000}
    found = read(text, names)
    np.testing.assert_allclose(found.energy_kwh, energy_kwh, rtol=0.5e-3)
    np.testing.assert_allclose(found.service_time_s, service_min * 60.0, rtol=0.5e-3)
    assert (found.missing, found.invalid, found.unreadable) == (0, 0, "")


def test_only_numbers_are_free() -> None:
    f = form("eu", "us")
    assert f.forced(f.start) == '{"eu": {"energy_kWh": '
    place = f.after(f.start, '{"eu": {"energy_kWh": 0.5')
    assert place is not None
    assert set(f.next(place)) == set("0123456789,")
    assert f.after(place, "e") is None
    assert f.after(place, "}") is None  # the other number comes first
    last = f.after(place, ', "service_time_min": 4}, "us": {"energy_kWh": 1, "service_time_min": 10}}')
    assert last is not None
    assert f.ended(last)
    assert f.next(last) == ""
    assert f.after(last, " ") is None


def test_an_energy_demands_its_time() -> None:
    # at most 200 W: 0.1 kWh take 1800 s, after a wait of 60 s; or 1/4 of the time is wait, if that is less
    floor = Floor(s_per_kwh=18_000.0, wait_s=60.0, share=0.25)
    assert floor.least_min(0.1) == 31.0
    assert floor.least_min(0.005) == pytest.approx(2.0)  # 90 s of run and 60 s of wait, or 90 s / (3/4)
    f = Form(("eu",), (Number(0.001, 1.0),), (Number(1.0, 500.0),), (floor,))
    place = f.after(f.start, '{"eu": {"energy_kWh": 0.1, "service_time_min": ')
    assert place is not None
    assert f.after(place, "30}") is None
    assert f.after(place, "31}}") is not None
    assert f.after(place, "1}}") is None
    assert f.after(place, "120}}") is not None
    assert f.write(np.array([0.1]), np.array([2.0])) == '{"eu": {"energy_kWh": 0.1, "service_time_min": 31}}'
    assert f.write(np.array([0.001]), np.array([2.0])) == '{"eu": {"energy_kWh": 0.001, "service_time_min": 2}}'


def test_regions_are_named_once() -> None:
    with pytest.raises(ValueError, match="each once"):
        form("eu", "eu")
    with pytest.raises(ValueError, match="at least one"):
        form()


PIECES = [
    *map(chr, range(32, 127)), "12", "123", "0.", ".5", "00", '{"', '": ', '": {"', "energy", "_k", "Wh", ", \"", "}, ",
    "}}", "min", " 1", "1e", "us", "-east", "", "é", "\n",
]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False))
def test_any_model_under_the_mask_writes_a_valid_answer(rng: random.Random) -> None:
    f, vocabulary = form("us-east", "eu"), Vocabulary(PIECES)
    text, place = "", f.start
    while not f.ended(place):
        token = rng.choice(vocabulary.allowed(f, place).tolist())
        text += PIECES[token]
        following = f.after(place, PIECES[token])
        assert following is not None
        place = following
    found = read(text, ("us-east", "eu"))
    assert (found.missing, found.invalid, found.unreadable) == (0, 0, "")
    assert ((found.energy_kwh >= 0.0002) & (found.energy_kwh <= 2.0)).all()
    assert ((found.service_time_s >= 30.0) & (found.service_time_s <= 300_000.0)).all()


def test_the_mask_is_what_the_grammar_allows_piece_by_piece() -> None:
    f, vocabulary = form("us-east", "eu"), Vocabulary(PIECES)
    for said in ("", '{"us-east": {"energy_kWh": ', '{"us-east": {"energy_kWh": 0.0', '{"us-east": {"energy_kWh": 1'):
        place = f.after(f.start, said)
        assert place is not None
        by_hand = [i for i, piece in enumerate(PIECES) if piece and f.after(place, piece) is not None]
        assert vocabulary.allowed(f, place).tolist() == by_hand
    # after a 1, of at most 2.0: its end, a decimal, or two of them; 12 and 1e are none
    assert [PIECES[i] for i in by_hand] == [",", ".", ".5", ', "']


def test_pieces_are_what_a_token_adds_to_another() -> None:
    texts = {0: "a", 1: " b", 2: "\ufffd", 3: "12"}

    def decode(ids: list[int]) -> str:
        return "".join(texts[i] for i in ids).strip()  # as some tokenizers strip the first space

    assert pieces_of(decode, 4, anchor=0) == ["a", " b", "", "12"]


def test_the_schema_says_the_form() -> None:
    found = schema(["eu"])
    assert found["required"] == ["eu"]
    assert re.search(r'"additionalProperties": false.*"additionalProperties": false', json.dumps(found))
    assert "minimum" not in json.dumps(found)  # refused by some servers
