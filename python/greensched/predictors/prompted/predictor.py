"""``llm-prompt``: reads the paper's whole prompt as one sequence, and predicts by what factor physics is wrong.

The fidelity mode: one text holds the job and all that is known of the grid, as in the paper. It is slower than ``llm``,
which reads the job's words alone and is told the rest in numbers; what that costs or brings is measured against this.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np

from greensched.core.types import Observation, Options, Predictions, TaskTable, World
from greensched.predictors.analytic import AnalyticPredictor
from greensched.predictors.envelope import LONGEST_S, Envelope
from greensched.predictors.llm.inputs import Hosts, job_numbers
from greensched.predictors.prompted import head
from greensched.predictors.prompted.artefact import PromptModel
from greensched.predictors.prompted.reader import Prompts, open_reader

_MARGIN = 0.999  # of the envelope, so that no rounding leaves it


class PromptPredictor:
    """Reads the whole prompt with a language model, and corrects `analytic`, with a trained model.

    Args:
        model: folder of the model, relative to the scenario's; `greensched train llm-prompt` makes one.
        precision: of the base model: `int8` is faster; `auto`: as trained, where the processor allows.
        threads: that read; 0: as many as there are cores.
    """

    name = "llm-prompt"

    def __init__(self, model: str, precision: Literal["auto", "int8", "fp32"] = "auto", threads: int = 0) -> None:
        if precision not in ("auto", "int8", "fp32"):
            raise ValueError(f"option 'precision': expected auto, int8 or fp32, got {precision!r}")
        if threads < 0:
            raise ValueError(f"option 'threads': expected 0 or more, got {threads}")
        self._precision, self._threads = precision, threads
        self._prior = AnalyticPredictor()
        self.version = "untrained"
        if model:
            self.load(Path(model))

    def load(self, folder: Path) -> None:
        """Use the model of a folder.

        Raises:
            ConfigError: no model there, or its base model cannot be had.
            PredictorError: it is damaged or of another version.
        """
        self._use(PromptModel.load(folder))

    def _use(self, model: PromptModel) -> None:
        self.model = model
        self._reader = open_reader(model.reads, self._precision, self._threads)
        self.version = f"{model.digest}-{self._reader.pooler.precision}"

    def start(self, world: World) -> None:
        """Tabulate what does not change."""
        self._prior.start(world)
        self._envelope = Envelope(world)
        self._hosts = Hosts(world, self.model.reads.gpu_names)
        self._prompts = Prompts(world, self.model.reads)

    @property
    def metadata(self) -> dict[str, Any]:
        """What is read, and how many tokens went through the base model in this process."""
        reads = self.model.reads
        return {"level": reads.level, "order": reads.order, "tokens_read": self._reader.pooler.computed}

    def predict(self, observation: Observation, tasks: TaskTable, options: Options) -> Predictions:
        """Every (task, option) pair: run time and energy of ``analytic`` times a factor that was read; its waits.

        Raises:
            DataError: the grid is too large for the base model: what all prompts share is longer than it can read.
        """
        prior = self._prior.predict(observation, tasks, options)
        rows = np.flatnonzero(np.isfinite(prior.energy_kwh).any(axis=1)) if len(options) else np.zeros(0, np.int64)
        if not len(rows):
            return prior
        asked = tasks.take(rows)
        pooled = self._reader.pooled(*self._prompts.parted(observation, asked))
        run_up, energy_up = head.log_factors(
            self.model.weights, pooled, job_numbers(asked), self._hosts.pairs(observation, asked)
        )
        wait_s = prior.wait_s[rows]
        run_s = (prior.service_time_s[rows] - wait_s) * np.exp(run_up[:, options.dc])
        run_s = np.minimum(run_s, np.maximum(_MARGIN * LONGEST_S - wait_s, 0.0))
        most_kwh = _MARGIN * self._envelope.most_kwh_per_s(observation.state, asked)[:, options.dc] * run_s
        energy_kwh, service_s = prior.energy_kwh.copy(), prior.service_time_s.copy()
        energy_kwh[rows] = np.minimum(prior.energy_kwh[rows] * np.exp(energy_up[:, options.dc]), most_kwh)
        service_s[rows] = wait_s + run_s
        return Predictions(energy_kwh, service_s, prior.wait_s)
