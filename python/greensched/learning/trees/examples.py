"""Outcomes as a table to learn from: numbers and text of (task, datacenter) pairs, beside prior and truth."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greensched.core.errors import FeedbackLogError
from greensched.core.types import F64, I32, Options, Predictions, TaskTable, World
from greensched.feedback.log import FeedbackLog
from greensched.feedback.outcomes import LOG_FILE, Outcomes, outcomes
from greensched.feedback.replay import read_world
from greensched.predictors.analytic import AnalyticPredictor
from greensched.predictors.features import Numbers
from greensched.predictors.vocabulary import texts
from greensched.predictors.xgboost import Embed

Text = tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """Where outcomes come from.

    Attributes:
        path: a feedback log, a run folder or a reports folder.
        weight: of each of its pairs.
        until_s: only what had ended by then.
        most_pairs: of one task, drawn at random; a reports folder has one per datacenter, which say much the same.
    """

    path: Path
    weight: float = 1.0
    until_s: float = np.inf
    most_pairs: int | None = None


@dataclass(frozen=True)
class Examples:
    """Pairs, source by source, in order of decision. Arrays have one entry per pair unless said otherwise.

    Attributes:
        numbers: shape (pairs, columns).
        text: row of what is written about the task, in ``texts`` and ``embedded``.
        texts: what is written, field by field; each text once.
        embedded: shape (texts, columns); further columns, from an embedding.
        has_gpu: whether the task has GPUs.
        source: number of the source.
        weight: of the pair.
        prior_kwh, prior_run_s: what physics says.
        true_kwh, true_run_s: what came of it.
    """

    numbers: F64
    text: NDArray[np.intp]
    texts: list[Text]
    embedded: NDArray[np.float32]
    has_gpu: NDArray[np.bool_]
    source: I32
    weight: F64
    prior_kwh: F64
    prior_run_s: F64
    true_kwh: F64
    true_run_s: F64

    def __len__(self) -> int:
        return len(self.text)

    def log_ratio(self, target: str) -> F64:
        """What is learned: the logarithm of true / analytic."""
        true, prior = (self.true_kwh, self.prior_kwh) if target == "energy" else (self.true_run_s, self.prior_run_s)
        ratio: F64 = np.log(true / prior)
        return ratio

    def take(self, index: NDArray[Any]) -> Examples:
        """The pairs ``index``; all texts stay."""
        shared = ("texts", "embedded")
        columns = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return Examples(**{k: v if k in shared else v[index] for k, v in columns.items()})


def gather(sources: Sequence[Source], seed: int = 0, embed: Embed | None = None) -> tuple[Numbers, Examples]:
    """Read all sources; the columns of the numbers are those that their worlds call for.

    Raises:
        FeedbackLogError: a log is unusable, or there is nothing to learn from.
        DataError: a reports folder is unusable.
    """
    numbers = _columns([_world(source.path) for source in sources])
    collector = _Collector(numbers, np.random.default_rng([seed, 11]), embed)
    for n, source in enumerate(sources):
        collector.add(n, source)
    return numbers, collector.examples(sources[0].path)


def _world(path: Path) -> World:
    with closing(FeedbackLog.open(path / LOG_FILE if path.is_dir() else path)) as log:
        return read_world(log)


def _columns(worlds: Sequence[World]) -> Numbers:
    """Names in the order of the alphabet, so that the order of sources does not matter."""
    classes = sorted({name for w in worlds for name in w.work_classes})
    gpus = sorted({w.gpu_types[h.gpu_type] for w in worlds for d in w.datacenters for h in d.hosts if h.gpus > 0})
    sites = sorted({d.name for w in worlds for d in w.datacenters})
    return Numbers(tuple(classes), tuple(gpus), tuple(sites))


class _Collector:
    def __init__(self, numbers: Numbers, rng: np.random.Generator, embed: Embed | None) -> None:
        self._numbers, self._rng, self._embed = numbers, rng, embed
        self._parts: list[tuple[Any, ...]] = []
        self._index: dict[Text, int] = {}
        self._embedded: list[NDArray[np.float32]] = []

    def add(self, n: int, source: Source) -> None:
        physics, columns = AnalyticPredictor(), None
        for part in outcomes(source.path, source.until_s):
            world = part.observation.world
            if columns is None:
                physics.start(world)
                columns = self._numbers.world(world)
            keep = self._kept(part, source.most_pairs)
            row, dc = part.row[keep], part.dc[keep]
            prior = _of_pairs(physics, part, row, dc)
            run_s = prior.service_time_s - prior.wait_s
            matrix = columns.pairs(part.observation, part.tasks, prior, physics.landings, row, dc)
            truth = part.energy_kwh[keep], part.run_s[keep]
            number = self._texts(part.tasks)[row]
            self._parts.append(
                (matrix, number, part.tasks.gpus[row] > 0, np.full(len(row), n, np.int32),
                 np.full(len(row), source.weight), prior.energy_kwh, run_s, *truth)
            )  # fmt: skip

    def _kept(self, part: Outcomes, most: int | None) -> NDArray[np.intp]:
        known = np.flatnonzero(np.isfinite(part.energy_kwh))
        if most is None:
            return known
        shuffled = known[self._rng.permutation(len(known))]
        by_task = shuffled[np.argsort(part.row[shuffled], kind="stable")]
        rows = part.row[by_task]
        first = np.searchsorted(rows, rows)
        return np.sort(by_task[np.arange(len(rows)) - first < most])

    def _texts(self, tasks: TaskTable) -> NDArray[np.intp]:
        written = texts(tasks)
        fresh = [i for i, text in enumerate(written) if text not in self._index]
        for i in fresh:
            self._index.setdefault(written[i], len(self._index))
        if self._embed is not None and fresh:
            once = [i for n, i in enumerate(fresh) if written[i] not in {written[j] for j in fresh[:n]}]
            self._embedded.append(self._embed(tasks.take(np.array(once, dtype=np.intp))).astype(np.float32))
        return np.array([self._index[text] for text in written], dtype=np.intp)

    def examples(self, where: Path) -> Examples:
        if not self._parts:
            raise FeedbackLogError(f"{where}: no finished placement to learn from")
        columns = [np.concatenate(column) for column in zip(*self._parts, strict=True)]
        embedded = self._embedded or [np.zeros((len(self._index), 0), dtype=np.float32)]
        usable = np.all([np.isfinite(c) & (c > 0) for c in columns[5:]], axis=0)
        matrix, text, *others = (c[usable] for c in columns)
        return Examples(matrix, text, list(self._index), np.concatenate(embedded), *others)


def _of_pairs(physics: AnalyticPredictor, part: Outcomes, row: I32, dc: I32) -> Predictions:
    """What physics says of each pair, shape (pairs,)."""
    everywhere = Options.now_everywhere(part.observation.world.n_datacenters, part.decided_s)
    said = physics.predict(part.observation, part.tasks, everywhere)
    return Predictions(said.energy_kwh[row, dc], said.service_time_s[row, dc], said.wait_s[row, dc])
