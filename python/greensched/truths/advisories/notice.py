"""One notice of an operator: what is true of it, and the text that says so."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from greensched.truths.advisories import phrases
from greensched.truths.advisories.forms import CLOSERS, FORMS, OPENERS, WHAT, Set
from greensched.truths.advisories.phrases import Precision

_PRECISIONS: tuple[Precision, ...] = ("exact", "rough", "vague")
_SHARES = (0.45, 0.35, 0.2)
_CHOICE = re.compile(r"\[([^\[\]]*)\]")


@dataclass(frozen=True)
class Notice:
    """What is to be said.

    Attributes:
        kind: maintenance, heat_wave, curtailment or refresh.
        datacenter: its name.
        issue: when it is said, UTC.
        start: when it begins, UTC.
        end: when it is over; of a refresh there is no end.
        hosts: maintenance and refresh: how many go.
        of_hosts: maintenance: of how many; refresh: of how many of this type.
        cap_frac: curtailment: share of the cores that may be in use.
        by_c: heat wave: how much warmer at its peak, degrees Celsius.
        old: refresh: type of the hosts that go.
        new: refresh: type of those that come.
    """

    kind: str
    datacenter: str
    issue: datetime
    start: datetime
    end: datetime
    hosts: int = 0
    of_hosts: int = 0
    cap_frac: float = 1.0
    by_c: float = 0.0
    old: str = ""
    new: str = ""


def announce(notice: Notice, forms: Set, luck: np.random.Generator) -> str:
    """A text that announces it: one or two sentences, exact or not."""
    precision = _PRECISIONS[int(luck.choice(len(_PRECISIONS), p=_SHARES))]
    form = _chosen(phrases.pick(luck, FORMS[forms][notice.kind]), luck)
    return _sentence(form, luck, _slots(notice, precision, luck))


def call_off(notice: Notice, forms: Set, luck: np.random.Generator) -> str:
    """A text that takes it back."""
    form = _chosen(phrases.pick(luck, FORMS[forms]["cancelled"]), luck)
    return _sentence(form, luck, {"dc": _name(notice.datacenter, luck), "what": phrases.pick(luck, WHAT[notice.kind])})


def _chosen(form: str, luck: np.random.Generator) -> str:
    return _CHOICE.sub(lambda match: phrases.pick(luck, match[1].split("|")), form)


def _sentence(form: str, luck: np.random.Generator, slots: dict[str, str]) -> str:
    text = form.format_map(slots)
    text = text[0].upper() + text[1:] if form.startswith(("{when}", "{start}")) else text
    return phrases.pick(luck, OPENERS) + text + phrases.pick(luck, CLOSERS)


def _slots(notice: Notice, precision: Precision, luck: np.random.Generator) -> dict[str, str]:
    slots = {"dc": _name(notice.datacenter, luck)}
    if notice.kind == "refresh":
        slots["start"] = phrases.start(luck, precision, notice.issue, notice.start)
        slots["new"] = _newcomers(notice, precision, luck)
        slots["amount"] = phrases.hosts(luck, precision, notice.hosts, notice.of_hosts, notice.old)
        return slots
    slots["when"] = phrases.when(luck, precision, notice.issue, notice.start, notice.end)
    if notice.kind == "maintenance":
        slots["amount"] = phrases.hosts(luck, precision, notice.hosts, notice.of_hosts)
    elif notice.kind == "curtailment":
        slots["amount"] = phrases.cores(luck, precision, notice.cap_frac)
    else:
        slots["amount"] = phrases.warmer(luck, precision, notice.by_c)
    return slots


def _newcomers(notice: Notice, precision: Precision, luck: np.random.Generator) -> str:
    if precision == "vague":
        return phrases.pick(luck, ["newer ones", "newer models", "current models", "up-to-date servers"])
    noun = phrases.pick(luck, ["hosts", "servers", "machines"])
    return f"{notice.hosts} {notice.new} {noun}" if precision == "exact" else f"{notice.new} {noun}"


def _name(datacenter: str, luck: np.random.Generator) -> str:
    """As it is called, or as people write it."""
    return phrases.pick(luck, [datacenter, datacenter, datacenter.replace("-", " ").title(), datacenter.upper()])
