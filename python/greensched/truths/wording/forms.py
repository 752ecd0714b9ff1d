"""Sentence forms. Known ones are seen in training; held-out ones only in the split ``new-phrasing``.

A form is a function of what there is to say; what is empty leaves no trace. ``more`` is the list of details, already
joined by commas.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from greensched.truths.wording.words import Words


class Saying(NamedTuple):
    """What a sentence is made of: the work, on which data, how much of it, details, and chatter."""

    words: Words
    subject: str
    data: str
    amount: str
    more: str
    chatter: str


Form = Callable[[Saying], str]


def _tail(text: str, before: str = ", ", after: str = "") -> str:
    return f"{before}{text}{after}" if text else ""


def _on(s: Saying) -> str:
    return _tail(s.data, " on ")


def _first_capital(text: str) -> str:
    return text[:1].upper() + text[1:]


KNOWN: Final[tuple[Form, ...]] = (
    lambda s: f"{_first_capital(s.words.do)} {s.subject}{_on(s)}, {s.amount}{_tail(s.more)}{_tail(s.chatter, '. ')}",
    lambda s: f"{s.subject} {s.words.thing}{_on(s)}: {s.amount}{_tail(s.more)}",
    lambda s: f"{_first_capital(s.words.doing)} {s.subject}{_tail(s.data, ' with ')} ({s.amount}{_tail(s.more)})",
    lambda s: (
        f"{_tail(s.chatter, '', ': ')}{s.words.do} {s.subject}{_tail(s.data, '; data ')}; {s.amount}{_tail(s.more)}"
    ),
    lambda s: f"[{s.words.thing}] {s.subject}{_tail(s.data, ' / ')} / {s.amount}{_tail(s.more, ' / ')}",
    lambda s: f"job: {s.words.thing}, what: {s.subject}{_tail(s.data, ', data: ')}, run: {s.amount}{_tail(s.more)}",
    lambda s: f"{_first_capital(s.amount)} of {s.words.doing} {s.subject}{_on(s)}{_tail(s.more)}",
    lambda s: (
        f"Recurring {s.words.thing}: {s.subject}{_tail(s.data)}, {s.amount}{_tail(s.more)}{_tail(s.chatter, ' - ')}"
    ),
    lambda s: f"please {s.words.do} {s.subject}{_tail(s.data, ' over ')}, {s.amount}{_tail(s.more)}",
    lambda s: (
        f"task={s.words.thing} subject={s.subject}{_tail(s.data, ' data=')} amount={s.amount}{_tail(s.more, ' ')}"
    ),
    lambda s: (
        f"{s.subject}{_tail(s.data, ' @ ')}, {s.words.thing}, {s.amount}{_tail(s.more)}{_tail(s.chatter, ' (', ')')}"
    ),
    lambda s: f"Run: {s.words.doing} {s.subject}{_on(s)}. Amount: {s.amount}.{_tail(s.more, ' Options: ', '.')}",
)
HELD_OUT: Final[tuple[Form, ...]] = (
    lambda s: (
        f"We would like to see {s.amount} of {s.words.doing} {s.subject}"
        f"{_tail(s.data, ', fed by ')}{_tail(s.more, '; ')}."
    ),
    lambda s: f"{_tail(s.data, 'From ', ', ')}{s.amount}: {s.words.doing} {s.subject}{_tail(s.more, ' (note: ', ')')}",
    lambda s: (
        f"What? {_first_capital(s.words.thing)}. Which? {s.subject}.{_tail(s.data, ' Source? ', '.')} How much? "
        f"{_first_capital(s.amount)}.{_tail(s.more, ' Also: ', '.')}"
    ),
    lambda s: f"{_tail(s.data, '', ' -> ')}{s.subject} -> {s.words.thing} | {s.amount}{_tail(s.more, ' | ')}",
    lambda s: (
        f"{_tail(s.more, 'With ', ': ')}{s.subject} has to do {s.amount}{_tail(s.data, ' from ')}, {s.words.thing}"
    ),
    lambda s: (
        f"The machine should be {s.words.doing} {s.subject} until {s.amount}{_tail(s.data, ' of ')} are through"
        f"{_tail(s.more, ', ')}{_tail(s.chatter, '; ')}"
    ),
)
FORMS: Final = {"known": KNOWN, "held-out": HELD_OUT}
