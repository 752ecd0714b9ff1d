"""The words of advisories: many, in two sets that share nothing."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from greensched.core.streams import stream
from greensched.truths.advisories.forms import FORMS
from greensched.truths.advisories.notice import Notice, announce, call_off
from greensched.truths.advisories.phrases import Precision, cores, hosts, share_word, start, warmer, when

KINDS = ("maintenance", "heat_wave", "curtailment", "refresh")
ISSUE = datetime(2022, 6, 6, 10, tzinfo=UTC)  # a Monday


def notice(kind: str, hours: float = 26.0) -> Notice:
    begin = ISSUE + timedelta(hours=hours)
    return Notice(
        kind, "frankfurt", ISSUE, begin, begin + timedelta(hours=4), hosts=3, of_hosts=12, cap_frac=0.4, by_c=9.0,
        old="xeon-2019", new="epyc-2021",
    )  # fmt: skip


@pytest.mark.parametrize("kind", [*KINDS, "cancelled"])
def test_the_two_sets_share_no_form(kind: str) -> None:
    known, held_out = FORMS["known"][kind], FORMS["held_out"][kind]
    assert len(set(known)) == len(known) >= (12 if kind in KINDS else 8)
    assert len(set(held_out)) == len(held_out) >= (6 if kind in KINDS else 4)
    assert not {_bare(form) for form in known} & {_bare(form) for form in held_out}


def _bare(form: str) -> tuple[str, ...]:
    """The words of a form without slots, choices and stops."""
    return tuple(re.findall(r"[a-z]+", re.sub(r"\{\w+\}|\[[^\]]*\]", " ", form.lower())))


@pytest.mark.parametrize("kind", KINDS)
def test_wording_varies_and_every_slot_is_filled(kind: str) -> None:
    texts = {name: [announce(notice(kind), name, stream(0, kind, i)) for i in range(300)] for name in FORMS}
    assert not set(texts["known"]) & set(texts["held_out"])
    for name, every in texts.items():
        assert len(set(every)) > 200, name
        assert not [t for t in every if re.search(r"[{}\[\]|]|  ", t)]
        assert all(re.search("frankfurt", t, re.IGNORECASE) for t in every)
    offs = {call_off(notice(kind), "known", stream(0, kind, i)) for i in range(100)}
    assert len(offs) > 30
    assert announce(notice(kind), "known", stream(0, "x")) != announce(notice(kind), "known", stream(1, "x"))


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        (4, "this afternoon"), (9, "this evening"), (13, "tonight"), (16, "tonight"), (23, "tomorrow morning"),
        (30, "tomorrow afternoon"), (40, "tomorrow night"), (50, "on Wednesday afternoon"),
    ],
)  # fmt: skip
def test_parts_of_the_day(hours: int, expected: str) -> None:
    assert start(stream(0), "rough", ISSUE, ISSUE + timedelta(hours=hours)) == expected


@pytest.mark.parametrize("precision", ["exact", "rough", "vague"])
def test_notices_are_as_exact_as_real_ones(precision: Precision) -> None:
    begin, digits = ISSUE + timedelta(hours=50), re.compile(r"\d")
    for i in range(50):
        luck = stream(0, i)
        time = when(luck, precision, ISSUE, begin, begin + timedelta(hours=4))
        assert ("12:00" in time) == (precision == "exact")
        assert digits.search(time) is None or precision == "exact"
        said = [hosts(luck, precision, 3, 12), cores(luck, precision, 0.4), warmer(luck, precision, 9.0)]
        if precision == "vague":
            assert not [text for text in said if digits.search(text)]
        elif precision == "rough":
            assert said[0].startswith("about a quarter of the ")
            assert said[1].startswith("about two fifths of ")
            assert "about ten degrees" in said[2]
        else:
            assert "3 of 12" in said[0] or "three out of twelve" in said[0]
            assert said[1].startswith("40")
            assert "9 " in said[2]


def test_shares_in_words() -> None:
    assert [share_word(x) for x in (0.24, 0.34, 0.52, 0.98)] == ["a quarter", "a third", "half", "all"]
