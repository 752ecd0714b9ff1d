"""``llm``: reads the job's text with a language model, and predicts energy and run time at every datacenter.

The base model reads each distinct text once; a small head, trained on what really happened, joins that with the numbers
of the job, the hosts and the datacenters now. Waits are those of :mod:`greensched.predictors.analytic`. Free text can
move a prediction only inside a physical envelope: no more power than what the task holds can draw, see :mod:`head`.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from greensched.core.errors import ConfigError
from greensched.core.types import F64, I64, Observation, Options, Predictions, TaskTable, World
from greensched.language import Encoder
from greensched.predictors.analytic import AnalyticPredictor
from greensched.predictors.facts import left_frac
from greensched.predictors.llm.artefact import Artefact
from greensched.predictors.llm.head import Answer, Head
from greensched.predictors.llm.inputs import Hosts, job_numbers
from greensched.predictors.llm.reader import Reader, said
from greensched.prompts import PromptRenderer

SHIPPED: Final = Path(__file__).parent / "shipped"
_SHORTEST, _LONGEST = np.log(1.0), np.log(366 * 86_400.0)  # run times are kept within, in log s
_LARGEST = np.log(1e9)  # kWh of one task, in log units: more than any bound needs
_MOST_WRONG = np.log(20.0)  # of an owner's estimate, on whatever host
_NEAR = 0.5  # log units from physics, for texts in unfamiliar words; chosen on the split new-words-dev
UNFAMILIAR = 2  # groups from this on have unfamiliar words
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
        self._reader = Reader(self.encoder, self._head, self.artefact.vocabulary)
        self.version = f"{self.artefact.digest}-{self.encoder.precision}"

    def _open(self) -> Encoder:
        told = self.artefact
        wanted = told.precision if self._precision == "auto" else self._precision

        def opened(precision: str) -> Encoder:
            if told.adapter:
                return Encoder.open(told.base, told.layers, precision, dict(told.adapter), self._threads or None)
            return _shared(told.base, told.layers, precision, self._threads or None)

        try:
            return opened(wanted)
        except ConfigError:
            if self._precision != "auto" or wanted == "fp32":
                raise
            return opened("fp32")

    def start(self, world: World) -> None:
        """Tabulate what does not change."""
        self._prior.start(world)
        self._hosts = Hosts(world, self.artefact.gpu_names)
        self._renderer = PromptRenderer(world, self.artefact.level)

    def predict(self, observation: Observation, tasks: TaskTable, options: Options) -> Predictions:
        """Every (task, option) pair; with the quantiles that the model was calibrated for.

        A task that nobody described is predicted as ``analytic`` does, without quantiles (NaN): the head learned to
        read, and there is nothing to read.
        """
        prior = self._prior.predict(observation, tasks, options)
        described = np.flatnonzero([bool(text) for text in tasks.description])
        if prior.energy_kwh.size == 0 or not described.size:
            return prior
        part = Predictions(prior.energy_kwh[described], prior.service_time_s[described], prior.wait_s[described])
        told = self._described(observation, tasks.take(described), options, part)
        if len(described) == len(tasks):
            return told
        whole = Predictions(prior.energy_kwh.copy(), prior.service_time_s.copy(), prior.wait_s)
        whole.energy_kwh[described], whole.service_time_s[described] = told.energy_kwh, told.service_time_s
        for level, values in told.quantiles.items():
            empty = np.full((2, *prior.energy_kwh.shape), np.nan)
            empty[:, described] = values
            whole.quantiles[level] = (empty[0], empty[1])
        return whole

    def _described(
        self, observation: Observation, tasks: TaskTable, options: Options, prior: Predictions
    ) -> Predictions:
        """What the head says of tasks that have a description, as part of the service time that is no wait."""
        parts = [
            self._answer(observation, tasks.take(np.arange(begin, min(begin + _AT_ONCE, len(tasks)))))
            for begin in range(0, len(tasks), _AT_ONCE)
        ]
        answer = Answer(*(np.concatenate(column)[:, options.dc] for column in zip(*(a for a, _ in parts), strict=True)))
        of = group(tasks.gpus > 0, np.concatenate([unfamiliar for _, unfamiliar in parts]))[:, None]
        wait_s = prior.wait_s
        left = left_frac(observation, tasks)[:, None] if observation.progress else np.ones((len(tasks), 1))
        possible = np.isfinite(wait_s)
        answer = _near_physics(answer, prior, left, of >= UNFAMILIAR)

        def predicted(run_up: F64 | float = 0.0, energy_up: F64 | float = 0.0) -> tuple[F64, F64]:
            """Energy and service time, so many spreads above what is expected."""
            run_s = left * np.exp(np.minimum(answer.log_run + run_up * answer.run_spread, _LONGEST))
            energy_kwh = left * np.exp(np.minimum(answer.log_energy + energy_up * answer.energy_spread, _LARGEST))
            return np.where(possible, energy_kwh, np.nan), np.where(possible, wait_s + run_s, np.nan)

        energy_kwh, service_s = predicted()
        quantiles = {
            float(level): predicted(np.array(up["run"])[of], np.array(up["energy"])[of])
            for level, up in self.artefact.quantiles.items()
        }
        return Predictions(energy_kwh, service_s, wait_s, quantiles)

    def _answer(self, observation: Observation, tasks: TaskTable) -> tuple[Answer, NDArray[np.bool_]]:
        """What the head says, and which tasks have unfamiliar words."""
        pooled, unfamiliar = self._reader.pooled(said(self._renderer, tasks))
        told = self._head.predict(pooled, job_numbers(tasks), self._hosts.pairs(observation, tasks))
        # whatever a text says, an owner's own estimate is seldom wrong by more
        guess = np.log(np.maximum(np.where(np.isnan(tasks.expected_s), 1.0, tasks.expected_s), 1e-3))[:, None]
        known = ~np.isnan(tasks.expected_s)[:, None]
        least = np.maximum(_SHORTEST, np.where(known, guess - _MOST_WRONG, _SHORTEST))
        most = np.minimum(_LONGEST, np.where(known, guess + _MOST_WRONG, _LONGEST))
        log_run = np.clip(told.log_run, least, np.maximum(least, most))
        return told._replace(log_run=log_run, log_energy=told.log_energy + (log_run - told.log_run)), unfamiliar


def _near_physics(answer: Answer, prior: Predictions, left: F64, where: NDArray[np.bool_]) -> Answer:
    """The answer, not far from what physics and the owner's estimate say ``where`` words are unfamiliar."""
    with np.errstate(divide="ignore", invalid="ignore"):  # of impossible pairs there is no answer anyway
        log_run = np.log((prior.service_time_s - prior.wait_s) / left)
        log_energy = np.log(prior.energy_kwh / left)
    return answer._replace(
        log_run=np.where(where, np.clip(answer.log_run, log_run - _NEAR, log_run + _NEAR), answer.log_run),
        log_energy=np.where(
            where, np.clip(answer.log_energy, log_energy - _NEAR, log_energy + _NEAR), answer.log_energy
        ),
    )


def group(on_gpu: NDArray[np.bool_], unfamiliar: NDArray[np.bool_]) -> I64:
    """Groups of jobs that are calibrated apart: without and with GPUs, in familiar words and not."""
    return on_gpu.astype(np.int64) + UNFAMILIAR * unfamiliar


@lru_cache(maxsize=4)
def _shared(base: str, layers: tuple[int, ...], precision: str, threads: int | None) -> Encoder:
    """Models of one process share the base model that they read with: it is frozen, and takes 100 to 200 MB."""
    return Encoder.open(base, layers, precision, threads=threads)
