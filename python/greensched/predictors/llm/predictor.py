"""``llm``: reads the job's text with a language model, and predicts energy and run time at every datacenter.

The base model reads each distinct text once; a small head, trained on what really happened, joins that with the numbers
of the job, the hosts and the datacenters now. Waits are those of :mod:`greensched.predictors.analytic`. Free text can
move a prediction only inside an envelope: no more power than what the task holds can draw (:mod:`head`), and no run
time far from what its owner's own numbers say, where texts like it have been wrong (:mod:`opinion`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

import numpy as np

from greensched.core.types import F64, I64, Observation, Options, Predictions, TaskTable, World
from greensched.language import Encoder
from greensched.language.runtime import precision_here
from greensched.predictors.analytic import AnalyticPredictor
from greensched.predictors.facts import left_frac
from greensched.predictors.llm.artefact import Artefact
from greensched.predictors.llm.head import Answer, Head
from greensched.predictors.llm.inputs import LONGEST_S, Hosts, job_numbers
from greensched.predictors.llm.opinion import Opinion, group, settled, within
from greensched.predictors.llm.reader import Reader, said
from greensched.prompts import PromptRenderer

SHIPPED: Final = Path(__file__).parent / "shipped"
_LONGEST = np.log(LONGEST_S)  # run time, in log s
_LARGEST = np.log(1e9)  # kWh of one task, in log units: more than any bound needs
_AT_ONCE = 2_048  # tasks; bounds the memory of a large batch


class LLMPredictor:
    """Predicts from text, with a trained model.

    Args:
        model: folder of the model, relative to the scenario's; empty: the one that comes with GreenSched.
        precision: of the base model: ``int8`` is twice as fast; ``auto``: as trained, where the processor allows.
        threads: that read at once; 0: as many as there are cores.
    """

    name = "llm"

    def __init__(self, model: str = "", precision: Literal["auto", "int8", "fp32"] = "auto", threads: int = 0) -> None:
        if precision not in ("auto", "int8", "fp32"):
            raise ValueError(f"option 'precision': expected auto, int8 or fp32, got {precision!r}")
        if threads < 0:
            raise ValueError(f"option 'threads': expected 0 or more, got {threads}")
        self._folder = Path(model) if model else SHIPPED
        self._precision, self._threads = precision, threads
        self._prior = AnalyticPredictor()
        self.load(self._folder)

    def load(self, folder: Path) -> None:
        """Use the model of a folder.

        Raises:
            ConfigError: no model there, or its base model cannot be had.
            PredictorError: it is damaged or of another version.
        """
        self.artefact = Artefact.load(folder)
        self.encoder = self._open()
        self._use()

    def _use(self) -> None:
        """Serve what the artefact says, with the encoder that is open."""
        self._head = Head(self.artefact.weights, self.artefact.sizes)
        self._reader = Reader(self.encoder, self._head, self.artefact.vocabulary, reads=self.artefact.reads)
        self.version = f"{self.artefact.digest}-{self.encoder.precision}"

    def _open(self) -> Encoder:
        told, threads = self.artefact, self._threads or None
        precision = precision_here(self._precision, told.precision)
        if told.adapter:
            return Encoder.open(told.base, told.layers, precision, dict(told.adapter), threads)
        return _shared(told.base, told.layers, precision, threads)

    def start(self, world: World) -> None:
        """Tabulate what does not change."""
        self._prior.start(world)
        self._hosts = Hosts(world, self.artefact.gpu_names)
        self._renderer = PromptRenderer(world, self.artefact.level)

    def predict(self, observation: Observation, tasks: TaskTable, options: Options) -> Predictions:
        """Every (task, option) pair; with the quantiles that the model was calibrated for.

        Of a task that nobody described only the second opinion is told, from its numbers, without quantiles (NaN): the
        head learned to read, and there is nothing to read.
        """
        prior = self._prior.predict(observation, tasks, options)
        if prior.energy_kwh.size == 0:
            return prior
        described = np.array([bool(text) for text in tasks.description])
        levels = self.artefact.quantiles
        if described.all():
            return self._predicted(observation, tasks, options, prior, self._answer, levels)
        whole = Predictions(prior.energy_kwh.copy(), prior.service_time_s.copy(), prior.wait_s)
        for rows, answer, calibrated in (
            (np.flatnonzero(described), self._answer, levels),
            (np.flatnonzero(~described), self._numbers_alone, {}),
        ):
            if not rows.size:
                continue
            part = Predictions(prior.energy_kwh[rows], prior.service_time_s[rows], prior.wait_s[rows])
            told = self._predicted(observation, tasks.take(rows), options, part, answer, calibrated)
            whole.energy_kwh[rows], whole.service_time_s[rows] = told.energy_kwh, told.service_time_s
            for level, values in told.quantiles.items():
                empty = np.full((2, *prior.energy_kwh.shape), np.nan)
                empty[:, rows] = values
                whole.quantiles[level] = (empty[0], empty[1])
        return whole

    def _predicted(
        self,
        observation: Observation,
        tasks: TaskTable,
        options: Options,
        prior: Predictions,
        answer_of: Callable[[Observation, TaskTable], tuple[Answer, I64]],
        levels: Mapping[str, Mapping[str, list[float]]],
    ) -> Predictions:
        """Answers as part of the service time that is no wait, with quantiles at the levels."""
        parts = [
            answer_of(observation, tasks.take(np.arange(begin, min(begin + _AT_ONCE, len(tasks)))))
            for begin in range(0, len(tasks), _AT_ONCE)
        ]
        answer = Answer(*(np.concatenate(column)[:, options.dc] for column in zip(*(a for a, _ in parts), strict=True)))
        of = np.concatenate([groups for _, groups in parts])[:, None]
        wait_s = prior.wait_s
        left = left_frac(observation, tasks)[:, None] if observation.progress else np.ones((len(tasks), 1))
        possible = np.isfinite(wait_s)

        def predicted(run_up: F64 | float = 0.0, energy_up: F64 | float = 0.0) -> tuple[F64, F64]:
            """Energy and service time, so many spreads above what is expected."""
            run_s = left * np.exp(np.minimum(answer.log_run + run_up * answer.run_spread, _LONGEST))
            energy_kwh = left * np.exp(np.minimum(answer.log_energy + energy_up * answer.energy_spread, _LARGEST))
            return np.where(possible, energy_kwh, np.nan), np.where(possible, wait_s + run_s, np.nan)

        energy_kwh, service_s = predicted()
        quantiles = {
            float(level): predicted(np.array(up["run"])[of], np.array(up["energy"])[of]) for level, up in levels.items()
        }
        return Predictions(energy_kwh, service_s, wait_s, quantiles)

    def _answer(self, observation: Observation, tasks: TaskTable) -> tuple[Answer, I64]:
        """What text and numbers say together, and the group of each task."""
        pooled, unfamiliar = self._reader.pooled(said(self._renderer, tasks))
        of = group(tasks.gpus > 0, unfamiliar)
        job, pairs = job_numbers(tasks), self._hosts.pairs(observation, tasks)
        told, second = self._head.predict(pooled, job, pairs), Opinion(*self._head.second(job, pairs))
        shape = told.log_run.shape
        row = np.repeat(np.arange(shape[0]), shape[1])
        flat = Answer(*(column.reshape(-1) for column in told)), Opinion(*(column.reshape(-1) for column in second))
        joint = settled(*flat, row, pairs.feasible.reshape(-1).astype(float), np.array(self.artefact.doubts)[of])
        joint = Answer(*(column.reshape(shape) for column in joint))
        return within(joint, pairs.core_w, pairs.gpu_w, pairs.pue), of

    def _numbers_alone(self, observation: Observation, tasks: TaskTable) -> tuple[Answer, I64]:
        """The second opinion, for which nothing is calibrated: the groups mean nothing."""
        pairs = self._hosts.pairs(observation, tasks)
        told = Answer(*self._head.second(job_numbers(tasks), pairs))
        return within(told, pairs.core_w, pairs.gpu_w, pairs.pue), np.zeros(len(tasks), dtype=np.int64)


@lru_cache(maxsize=4)
def _shared(base: str, layers: tuple[int, ...], precision: str, threads: int | None) -> Encoder:
    """Models of one process share the base model that they read with: it is frozen, and takes 100 to 200 MB."""
    return Encoder.open(base, layers, precision, threads=threads)
