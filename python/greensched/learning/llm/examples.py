"""Examples to learn from: jobs with what the base model read of them, and pairs with what came of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greensched.core.errors import DataError
from greensched.core.types import F64, TaskTable, World
from greensched.feedback.outcomes import Outcomes, outcomes
from greensched.language import Encoder
from greensched.predictors.facts import left_frac
from greensched.predictors.llm.head import F32
from greensched.predictors.llm.inputs import Hosts, job_numbers
from greensched.predictors.llm.reader import MOST_TOKENS, Said, said
from greensched.prompts import PromptRenderer

_PAIR = ("host", "gpu", "state", "speed", "core_w", "gpu_w", "pue")
_TEXTS_AT_ONCE = 4096


@dataclass
class Table:
    """Jobs and their pairs, as numbers; pairs of one job stand together.

    Attributes:
        said: the texts of each job.
        job: (jobs, len(JOB)).
        first: pairs of job i are ``first[i]:first[i + 1]``, (jobs + 1,).
        pair: columns of :class:`greensched.predictors.llm.inputs.Pairs`, (pairs, ...).
        run_s, energy_kwh: what came of each pair.
        decided_s, finished_s: when each job was decided; when the world knew the pair, (pairs,).
    """

    said: list[Said]
    job: F32
    first: NDArray[np.int64]
    pair: dict[str, NDArray[Any]]
    run_s: F64
    energy_kwh: F64
    decided_s: F64
    finished_s: F64

    def __len__(self) -> int:
        return len(self.said)

    def take(self, jobs: NDArray[np.int64]) -> Table:
        """The jobs ``jobs``, in that order."""
        lengths = np.diff(self.first)[jobs]
        first = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        pairs = np.repeat(self.first[jobs] - first[:-1], lengths) + np.arange(first[-1])
        columns = {name: values[pairs] for name, values in self.pair.items()}
        return Table(
            [self.said[i] for i in jobs], self.job[jobs], first, columns, self.run_s[pairs], self.energy_kwh[pairs],
            self.decided_s[jobs], self.finished_s[pairs],
        )  # fmt: skip


def table(
    sources: Sequence[Path | Iterable[Outcomes]], gpu_names: tuple[str, ...], level: str, until_s: float = np.inf
) -> Table:
    """Read feedback logs and reports folders.

    Args:
        sources: as :func:`greensched.feedback.outcomes.outcomes` takes them.
        gpu_names: the vocabulary of GPU types.
        level: of the prompt, see docs/prompts.md.
        until_s: only what had ended by then, seconds since the start of each scenario.

    Raises:
        DataError: there is nothing to learn from.
    """
    parts = [
        part
        for source in sources
        for part in _source(outcomes(source, until_s) if isinstance(source, Path) else source, gpu_names, level)
    ]
    if not parts:
        raise DataError(f"{', '.join(map(str, sources))}: no finished placement to learn from")
    return joined(parts)


def joined(parts: Sequence[Table]) -> Table:
    """One table of several."""
    offsets = np.cumsum([0, *(part.first[-1] for part in parts)])
    first = np.concatenate([part.first[:-1] + o for part, o in zip(parts, offsets[:-1], strict=True)] + [offsets[-1:]])
    columns = {name: np.concatenate([part.pair[name] for part in parts]) for name in parts[0].pair}
    return Table(
        [text for part in parts for text in part.said],
        first=first.astype(np.int64),
        pair=columns,
        **{
            f.name: np.concatenate([getattr(part, f.name) for part in parts])
            for f in fields(Table)
            if f.name not in ("said", "first", "pair")
        },
    )


def _source(found: Iterable[Outcomes], gpu_names: tuple[str, ...], level: str) -> list[Table]:
    hosts: Hosts | None = None
    renderer: PromptRenderer | None = None
    known: World | None = None
    parts = []
    for outcome in found:
        if hosts is None or renderer is None or outcome.observation.world is not known:
            known = outcome.observation.world
            hosts, renderer = Hosts(known, gpu_names), PromptRenderer(known, level)
        part = _part(outcome, hosts, renderer)
        if part is not None:
            parts.append(part)
    return parts


def _part(outcome: Outcomes, hosts: Hosts, renderer: PromptRenderer) -> Table | None:
    """What is usable of one answer: finished, with a positive energy and run time."""
    seen, tasks = outcome.observation, outcome.tasks
    usable = np.isfinite(outcome.energy_kwh) & (outcome.energy_kwh > 0) & (outcome.run_s > 0)
    if not usable.any():
        return None
    row, dc = outcome.row[usable], outcome.dc[usable]
    order = np.argsort(row, kind="stable")
    row, dc = row[order], dc[order]
    jobs, first = np.unique(row, return_index=True)
    kept: TaskTable = tasks.take(jobs.astype(np.intp))
    pairs = hosts.pairs(seen, kept)
    at = np.searchsorted(jobs, row)
    whole = left_frac(seen, kept)[at]  # what is learned is the whole job
    columns = {name: np.asarray(getattr(pairs, name)[at, dc]) for name in _PAIR}
    return Table(
        said=said(renderer, kept),
        job=job_numbers(kept).astype(np.float32),
        first=np.append(first, len(row)).astype(np.int64),
        pair={name: c.astype(np.float32) if c.dtype == np.float64 else c for name, c in columns.items()},
        run_s=outcome.run_s[usable][order] / whole,
        energy_kwh=outcome.energy_kwh[usable][order] / whole,
        decided_s=np.full(len(jobs), outcome.decided_s),
        finished_s=outcome.finished_s[usable][order],
    )


@dataclass
class Texts:
    """What the base model reads in the texts of a table; equal texts once.

    ``states`` are half-precision: they are standardised and cut before use. Without any, nobody read: ``starts`` are 0.
    """

    descriptions: list[str]
    states: NDArray[np.float16]  # (tokens, state)
    starts: NDArray[np.int64]  # description i has the tokens starts[i]:starts[i + 1]
    spans: NDArray[np.int64]  # characters of each token, (tokens, 2)
    owners: NDArray[np.float16]  # mean embeddings, (owners, hidden)
    description: NDArray[np.int64]  # of each job, its description
    owner: NDArray[np.int64]  # of each job

    def save(self, path: Path) -> None:
        """Write all but the descriptions, which a table has."""
        np.savez(path, **{name: value for name, value in vars(self).items() if name != "descriptions"})

    @staticmethod
    def load(path: Path, texts: Sequence[Said]) -> Texts:
        """Read what :meth:`save` wrote of the texts of a table."""
        with np.load(path) as stored:
            return Texts(_distinct([text.description for text in texts])[0], **stored)

    def unread(self) -> Texts:
        """The same where the base model is silent."""
        return replace(self, states=self.states[:0], starts=np.zeros_like(self.starts), spans=self.spans[:0])


def read(encoder: Encoder, texts: Sequence[Said], *, descriptions: bool = True) -> Texts:
    """Read every distinct text once.

    Args:
        encoder: of the base model.
        texts: of a table.
        descriptions: whether the base model reads them; owners are only embedded.
    """
    description, which = _distinct([text.description for text in texts])
    owner, whose = _distinct([text.owner for text in texts])
    owners = [encoder.embed(part, MOST_TOKENS).astype(np.float16) for part in _parts(owner)]
    found = [encoder.encode(part, MOST_TOKENS) for part in _parts(description)] if descriptions else []
    lengths = np.concatenate([part.lengths for part in found]) if found else np.zeros(len(description), np.int64)
    empty = np.zeros((0, encoder.width), np.float16)
    return Texts(
        description,
        np.concatenate([empty, *(part.states.astype(np.float16) for part in found)]),
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        np.concatenate([np.zeros((0, 2), np.int64), *(part.spans for part in found)]),
        np.concatenate([np.zeros((0, encoder.hidden), np.float16), *owners]),
        which,
        whose,
    )


def _parts(texts: list[str]) -> Iterator[list[str]]:
    for begin in range(0, len(texts), _TEXTS_AT_ONCE):
        yield texts[begin : begin + _TEXTS_AT_ONCE]


def _distinct(texts: Sequence[str]) -> tuple[list[str], NDArray[np.int64]]:
    number: dict[str, int] = {}
    which = np.array([number.setdefault(text, len(number)) for text in texts], dtype=np.int64)
    return list(number), which
