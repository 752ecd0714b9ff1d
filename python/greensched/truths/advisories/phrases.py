"""Times and sizes in words, as exact as a notice gives them: to the minute, to the part of the day, or hardly so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

import numpy as np

Precision = Literal["exact", "rough", "vague"]

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_PARTS = ((5, "night"), (12, "morning"), (17, "afternoon"), (22, "evening"), (24, "night"))
_NUMBERS = (
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
)  # fmt: skip
_SHARES = (
    (0.05, "a few per cent"), (0.1, "a tenth"), (0.2, "a fifth"), (0.25, "a quarter"), (1 / 3, "a third"),
    (0.4, "two fifths"), (0.5, "half"), (0.6, "three fifths"), (2 / 3, "two thirds"), (0.75, "three quarters"),
    (0.8, "four fifths"), (0.9, "nine tenths"), (1.0, "all"),
)  # fmt: skip


def pick(luck: np.random.Generator, options: Sequence[str]) -> str:
    """One of some texts."""
    return options[int(luck.integers(len(options)))]


def start(luck: np.random.Generator, precision: Precision, issue: datetime, begin: datetime) -> str:
    """When something begins, as an adverbial; UTC."""
    if precision == "exact":
        return pick(luck, [f"on {_stamp(luck, begin)}", f"as of {_stamp(luck, begin)}"])
    return _rough_start(luck, issue, begin) if precision == "rough" else _vague_start(luck, begin - issue)


def when(luck: np.random.Generator, precision: Precision, issue: datetime, begin: datetime, end: datetime) -> str:
    """When something begins and how long it lasts, as an adverbial; UTC."""
    if precision == "exact":
        if begin.date() == end.date() and luck.random() < 0.5:
            return f"on {_date(luck, begin)} from {begin:%H:%M} to {end:%H:%M} UTC"
        first, last = _stamp(luck, begin), _stamp(luck, end)
        return pick(luck, [f"from {first} until {last}", f"from {first} for {_exact_duration(end - begin)}"])
    if precision == "rough":
        lasting = _rough_duration(end - begin)
        return f"{_rough_start(luck, issue, begin)} for {pick(luck, ['about', 'roughly', 'some'])} {lasting}"
    tail = pick(luck, ["", " for a while", " for some time", " until further notice"])
    return _vague_start(luck, begin - issue) + tail


def _date(luck: np.random.Generator, at: datetime) -> str:
    return pick(luck, [f"{at.day} {at:%B %Y}", f"{at:%A}, {at.day} {at:%B}", f"{at:%Y-%m-%d}", f"{at:%B} {at.day}"])


def _stamp(luck: np.random.Generator, at: datetime) -> str:
    clock = f"{at:%H:%M} UTC"
    return pick(luck, [f"{at.day} {at:%B}, {clock}", f"{at:%Y-%m-%d} {clock}", f"{at:%A} {at.day} {at:%B} at {clock}"])


def _rough_start(luck: np.random.Generator, issue: datetime, begin: datetime) -> str:
    part = next(name for until_h, name in _PARTS if begin.hour < until_h)
    # the small hours belong to the night before
    day = (begin - _DAY if begin.hour < _PARTS[0][0] else begin).date()
    days = max(0, (day - issue.date()).days)
    if days == 0:
        return {"night": "tonight", "morning": "this morning"}.get(part, f"this {part}")
    if days == 1:
        return f"tomorrow {part}"
    if days < 7:
        return f"on {day:%A} {part}"
    return f"{pick(luck, ['around', 'on or about'])} {day.day} {day:%B}"


def _vague_start(luck: np.random.Generator, ahead: timedelta) -> str:
    if ahead < 6 * _HOUR:
        return pick(luck, ["shortly", "within hours", "very soon"])
    if ahead < 1.5 * _DAY:
        return pick(luck, ["soon", "within a day or so", "in the near future"])
    if ahead < 8 * _DAY:
        return pick(luck, ["in the coming days", "in the next few days", "soon"])
    return pick(luck, ["in the weeks to come", "in due course", "in the coming weeks"])


def _exact_duration(lasting: timedelta) -> str:
    minutes = round(lasting.total_seconds() / 60)
    hours, rest = divmod(minutes, 60)
    parts = [f"{hours} hour{'s' * (hours != 1)}"] if hours else []
    parts += [f"{rest} minute{'s' * (rest != 1)}"] if rest or not hours else []
    return " and ".join(parts)


def _rough_duration(lasting: timedelta) -> str:
    if lasting < 1.5 * _HOUR:
        return "an hour" if lasting > 0.75 * _HOUR else "half an hour"
    if lasting < 36 * _HOUR:
        return f"{_word(round(lasting / _HOUR))} hours"
    return f"{_word(round(lasting / _DAY))} days"


def _word(n: int) -> str:
    return _NUMBERS[n] if n < len(_NUMBERS) else str(n)


def share_word(share: float) -> str:
    """The nearest usual fraction."""
    return min(_SHARES, key=lambda known: abs(known[0] - share))[1]


def hosts(luck: np.random.Generator, precision: Precision, count: int, of: int, kind: str = "") -> str:
    """Some of the hosts of a datacenter, as an object; ``kind`` is their type where the notice is about one."""
    noun = pick(luck, ["hosts", "servers", "machines", "nodes"])
    named = f"{kind} {noun}" if kind else noun
    if precision == "vague":
        return (
            pick(luck, ["some older", "a number of older"]) + f" {noun}"
            if kind
            else pick(luck, [f"some {noun}", f"several {noun}", "part of the capacity", f"a number of {noun}"])
        )
    if precision == "rough":
        share = share_word(count / of)
        return f"all {named}" if count == of else f"about {share} of the {named}"
    if count == of:
        return f"all {count} {named}"
    return pick(luck, [f"{count} of {of} {named}", f"{_word(count)} out of {_word(of)} {named}"])


def cores(luck: np.random.Generator, precision: Precision, share: float) -> str:
    """A share of a datacenter's cores, as an object."""
    noun = pick(luck, ["its cores", "the cores", "its usual capacity", "the normal capacity"])
    if share == 0 and precision != "vague":
        return f"none of {noun}"
    if precision == "exact":
        return f"{100 * share:.3g}{pick(luck, [' %', '%', ' per cent'])} of {noun}"
    if precision == "rough":
        return f"about {share_word(share)} of {noun}"
    return pick(luck, ["reduced capacity", "a fraction of the usual", "only part of the capacity", "a smaller load"])


def warmer(luck: np.random.Generator, precision: Precision, by_c: float) -> str:
    """How much warmer than usual it will be at most."""
    usual = pick(luck, ["than usual", "than normal", "than the season would have it"])
    if precision == "exact":
        return pick(
            luck, [f"up to {by_c:.3g} °C hotter {usual}", f"as much as {by_c:.3g} degrees Celsius hotter {usual}"]
        )
    if precision == "rough":
        step = 5 if by_c > 7 else 2
        return f"about {_word(max(step, step * round(by_c / step)))} degrees hotter {usual}"
    return pick(luck, ["well above normal", "unusually hot", "much hotter than usual", "uncomfortably hot"])
