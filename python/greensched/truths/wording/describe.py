"""The texts of jobs. Everything that decides a job's cost is said, or is what its tool does when nothing is said."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from greensched.core.types import I64
from greensched.traces.table import Text
from greensched.truths.amounts import EPOCHS, STEPS, Amounts
from greensched.truths.applications import Application, Applications
from greensched.truths.kinds_of_work import Network
from greensched.truths.modes import DEFAULT_PRECISION
from greensched.truths.wording import numbers, words
from greensched.truths.wording.forms import FORMS, Saying
from greensched.truths.wording.words import Words

_DRAWS = 10  # choices of wording that a job needs
_OWN_FORM = 0.6  # share of jobs in the sentence form that their owner prefers
_VAGUE_NAME = 0.4  # share of applications whose name says nothing of their work
_CHATTY = 0.3


@dataclass(frozen=True)
class Texts:
    """Columns of free text, one row per job."""

    name: Text
    labels: Text
    user: Text
    description: Text


def describe(rng: np.random.Generator, apps: Applications, app: I64, amounts: Amounts, forms: str) -> Texts:
    """Texts of all jobs.

    Args:
        rng: a stream of its own.
        apps: applications.
        app: that of each job.
        amounts: what each job does.
        forms: "known" or "held-out".
    """
    said = [_Said(row) for row in apps.rows]
    draws = rng.integers(1 << 16, size=(len(app), _DRAWS)).tolist()
    columns = zip(
        app.tolist(), amounts.unit.tolist(), amounts.count.tolist(), amounts.resumed_frac.tolist(),
        amounts.sample_frac.tolist(), amounts.dry.tolist(), draws, strict=True,
    )  # fmt: skip
    texts = tuple(
        said[a].text(unit, count, resumed, sample, dry, d, forms) for a, unit, count, resumed, sample, dry, d in columns
    )
    index = app.astype(np.int32)
    return Texts(
        name=Text(tuple(s.name for s in said), index),
        labels=Text(tuple(s.labels for s in said), index),
        user=Text(tuple(row.user for row in apps.rows), index),
        description=Text(texts, np.arange(len(app), dtype=np.int32)),
    )


class _Said:
    """What is the same in all texts of an application."""

    def __init__(self, row: Application) -> None:
        self.row = row
        self.work = row.work
        kind = row.kind
        if isinstance(kind, Network):
            self.subject = _alias(kind.model.name, kind.model.aliases, row.alias[0])
            self.ways: tuple[Words, ...] = words.MODE[kind.mode.name]
            self.items: tuple[str, ...] = words.ITEMS[kind.model.unit]
            framework, noun = "pytorch", kind.mode.name
        else:
            self.subject = _alias(kind.tool.name, kind.tool.aliases, row.alias[0])
            self.ways = (Words(f"do {kind.task} with", f"{kind.task} with", kind.task),)
            self.items = (words.several(kind.tool.unit),)
            framework, noun = _slug(kind.tool.name), _slug(kind.task)
        data = kind.dataset
        self.data = "" if data is None else _alias(data.name, data.aliases, row.alias[1])
        tag = words.TAGS[row.form % len(words.TAGS)]
        vague = (row.form * 7919 % 1000) / 1000.0 < _VAGUE_NAME
        self.name = f"{row.project}-{tag}" if vague else f"{row.project}-{_slug(self.subject)}-{noun}-{tag}"
        self.labels = f"team={row.team};stage={row.stage};project={row.project};framework={framework}"

    def text(self, unit: int, count: float, resumed: float, sample: float, dry: bool, d: list[int], forms: str) -> str:
        """The description of one job; ``d`` are its draws."""
        style = d[0] % numbers.STYLES
        sentences = FORMS[forms]
        form = sentences[(self.row.form if d[1] < _OWN_FORM * (1 << 16) else d[2]) % len(sentences)]
        more = self._shortened(resumed, sample, dry, d, forms)
        if self.work is not None:
            more = [*self._options(d), *more]
        if d[3] & 1:
            more.reverse()
        chatter = words.CHATTER[d[4] % len(words.CHATTER)] if d[5] < _CHATTY * (1 << 16) else ""
        way = self.ways[d[6] % len(self.ways)]
        amount = self._amount(unit, count, style, d[7])
        return form(Saying(way, self.subject, self.data, amount, ", ".join(more), chatter))

    def _amount(self, unit: int, count: float, style: int, draw: int) -> str:
        if unit == EPOCHS:
            units = "epochs"
        elif unit == STEPS:
            units = ("steps", "iterations", "optimiser steps")[draw % 3]
        else:
            units = self.items[draw % len(self.items)]
        return f"{numbers.count(count, style)} {words.one(units) if count == 1 else units}"

    def _options(self, d: list[int]) -> list[str]:
        """Precision, batch and inner steps; what is the default may go unsaid."""
        work = self.work
        assert work is not None
        said = []
        if work.precision != DEFAULT_PRECISION or d[8] & 1:
            ways = words.PRECISION[work.precision]
            said.append(ways[(d[8] >> 1) % len(ways)])
        if work.batch != work.model.batch or d[8] & 256:
            said.append(words.BATCH[(d[8] >> 9) % len(words.BATCH)].format(work.batch))
        if work.inner:
            ways = words.INNER[work.mode.name]
            said.append(ways[d[9] % len(ways)].format(work.inner))
        return said

    def _shortened(self, resumed: float, sample: float, dry: bool, d: list[int], forms: str) -> list[str]:
        said, draw = [], d[9] >> 4
        if dry:
            said.append(words.DRY[forms][draw % len(words.DRY[forms])])
        if resumed > 0:
            said.append(
                words.RESUME[forms][draw % len(words.RESUME[forms])].format(numbers.percent(resumed, draw >> 3))
            )
        if sample < 1:
            said.append(words.SAMPLE[forms][draw % len(words.SAMPLE[forms])].format(numbers.percent(sample, draw >> 3)))
        return said


def _alias(name: str, aliases: tuple[str, ...], draw: int) -> str:
    return (name, *aliases)[draw % (1 + len(aliases))]


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
