"""The predictor ``llm-prompt`` with the side that learns: a ridge regression on frozen states of whole prompts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from greensched.core.errors import ConfigError, DataError
from greensched.core.types import F64
from greensched.language.default import NAME
from greensched.language.runtime import precision_here
from greensched.learning.llm.trainer import FEWEST_JOBS, GPU_NAMES, HELD_FRAC
from greensched.learning.prompted.examples import Examples, examples, joined
from greensched.predictors.prompted.artefact import Order, PromptModel, Reads
from greensched.predictors.prompted.head import DIRECTIONS, WAVES, of_jobs, of_pairs, standardised
from greensched.predictors.prompted.predictor import PromptPredictor
from greensched.predictors.prompted.reader import open_reader
from greensched.prompts import Level

LEVEL: Final = "+text-hardware-network-state-forecasts"
"""The paper's prompt, what else is declared, and the owner's words; hosts and states are told in numbers anyhow."""
_RIDGES: Final = tuple(10.0**power for power in range(-7, 3))  # times the number of pairs
_JOBS_AT_ONCE = 512
_SHOWN = 512  # jobs that tell how far apart they usually are


class PromptTrainer(PromptPredictor):
    """Learns from nothing: the base model stays as it is.

    Args:
        model: a folder to begin as; only what it reads is taken from it. Empty: the other arguments say.
        precision: of the base model; `auto` is `int8` where the processor can.
        threads: that read; 0: as many as there are cores.
        base: name of the base model.
        layers: of it, with commas between: `3`, or `3,15`.
        level: of the prompt (docs/prompts.md).
        order: of the prompt: `shared` or `paper`.
        jobs: most of each log, the newest; 0: all.
    """

    def __init__(
        self, model: str = "", precision: Any = "auto", threads: int = 0, base: str = NAME, layers: str = "3",
        level: str = LEVEL, order: Order = "shared", jobs: int = 0,
    ) -> None:  # fmt: skip
        super().__init__(model, precision, threads)
        self._jobs = jobs
        if model:
            self._reads = self.model.reads
            return
        if order not in ("shared", "paper"):
            raise ConfigError(f"order '{order}': expected shared or paper")
        Level.of(level)
        self._reads = Reads(base, _layers(layers), precision_here(precision), level, order, GPU_NAMES)

    def fit(self, log: Path, *, seed: int) -> Mapping[str, float]:
        """Learn from a feedback log (or a run or reports folder).

        Returns:
            Numbers of jobs, and errors of energy and run time on the newest fifth, beside those of ``analytic``.

        Raises:
            DataError: there are too few finished placements, or a grid too large for the base model.
        """
        return self.learn([log], seed=seed)

    update = fit

    def learn(self, logs: Sequence[Path], *, seed: int) -> dict[str, float]:
        """The same from several logs.

        The newest fifth of each is held back: it chooses how strongly weights are held down, and gives the metrics.
        """
        reader = open_reader(self._reads, self._precision, self._threads)
        parts = [examples([log], self._reads, reader, self._jobs) for log in logs]
        cuts = [round(len(part) * (1 - HELD_FRAC)) for part in parts]
        if sum(map(len, parts)) < FEWEST_JOBS:
            raise DataError(f"{', '.join(map(str, logs))}: {sum(map(len, parts))} finished placements; "
                            f"at least {FEWEST_JOBS} are needed to learn")  # fmt: skip
        learned = joined([part.part(0, cut) for part, cut in zip(parts, cuts, strict=True)])
        held = joined([part.part(cut, len(part)) for part, cut in zip(parts, cuts, strict=True)])
        weights = fitted(learned, held, seed)
        metrics = {"training_jobs": float(len(learned)), "validation_jobs": float(len(held)), **_errors(held, weights)}
        trained = {"logs": [str(log) for log in logs], "jobs": len(learned), "seed": seed}
        self._use(PromptModel(self._reads, weights, metrics, trained))
        return metrics

    def save(self, folder: Path) -> None:
        """Write the model as a folder."""
        self.model.save(folder)


def fitted(learned: Examples, held: Examples, seed: int) -> dict[str, F64]:
    """Weights of the head, held down as strongly as serves the held-out pairs best."""
    centre = learned.pooled.mean(axis=0, dtype=np.float64)
    scale = np.maximum(learned.pooled.std(axis=0, dtype=np.float64), 1e-3)
    vectors = standardised(learned.pooled, centre, scale)
    _, spread, directions = np.linalg.svd(vectors - vectors.mean(axis=0), full_matrices=False)
    basis = np.zeros((vectors.shape[1], DIRECTIONS))  # fewer jobs than that have fewer directions
    used = min(DIRECTIONS, len(spread))
    basis[:, :used] = directions[:used].T / np.maximum(spread[:used] / np.sqrt(len(vectors)), 1e-6)
    turns, phases = _waves(vectors, learned.job, np.random.default_rng(seed))
    weights = {"centre": centre, "scale": scale, "basis": basis, "turns": turns, "phases": phases}
    return weights | _ridge(learned, held, weights)


def _waves(vectors: F64, job: F64, rng: np.random.Generator) -> tuple[F64, F64]:
    """Random mixtures, about as steep as the distances between jobs ask for; numbers weigh as much as the vector."""
    usual, spread = job.mean(axis=0), np.maximum(job.std(axis=0), 1e-3)
    shown = rng.permutation(len(job))[:_SHOWN]
    joined_up = np.concatenate([vectors[shown] * _shrunk(vectors), (job[shown] - usual) / spread], axis=1)
    squares = (joined_up**2).sum(axis=1)
    apart = squares[:, None] + squares - 2 * joined_up @ joined_up.T
    steepness = np.sqrt(2.0 / max(float(np.median(apart)), 1e-6))
    turns: F64 = rng.normal(size=(joined_up.shape[1], WAVES)) * steepness
    turns[: vectors.shape[1]] *= _shrunk(vectors)
    turns[vectors.shape[1] :] /= spread[:, None]
    phases: F64 = rng.uniform(0.0, 2 * np.pi, WAVES) - usual @ turns[vectors.shape[1] :]
    return turns, phases


def _shrunk(vectors: F64) -> float:
    return float(1.0 / np.sqrt(vectors.shape[1]))


def _ridge(learned: Examples, held: Examples, weights: Mapping[str, F64]) -> dict[str, F64]:
    squares, products, count = np.zeros(0), np.zeros(0), 0
    for x, y in _chunks(learned, weights):
        squares, products = (x.T @ x, x.T @ y) if not count else (squares + x.T @ x, products + x.T @ y)
        count += len(x)
    values, vectors = np.linalg.eigh(squares)
    turned = vectors.T @ products
    tried = [vectors @ (turned / (np.maximum(values, 0.0) + ridge * count)[:, None]) for ridge in _RIDGES]
    judged = held if len(held) else learned
    wrong = np.zeros((len(tried), 2))
    for x, y in _chunks(judged, weights):
        wrong += np.array([np.abs(x @ w - y).sum(axis=0) for w in tried])
    best = wrong.argmin(axis=0)
    return {"run": tried[best[0]][:, 0], "energy": tried[best[1]][:, 1]}


def _chunks(told: Examples, weights: Mapping[str, F64]) -> Iterator[tuple[F64, F64]]:
    """Features of pairs and both targets, some jobs at a time."""
    for begin in range(0, len(told), _JOBS_AT_ONCE):
        part = told.part(begin, min(begin + _JOBS_AT_ONCE, len(told)))
        jobs, strongest = of_jobs(weights, part.pooled, part.job)
        x = of_pairs(jobs[part.row], strongest[part.row], part.host, part.state)
        yield x, np.stack([part.log_run, part.log_energy], axis=1)


def _errors(held: Examples, weights: Mapping[str, F64]) -> dict[str, float]:
    """Root mean square and median of relative errors, and the median of ``analytic``."""
    told: dict[str, float] = {}
    if not len(held):
        return told
    wrong = [(x @ np.stack([weights["run"], weights["energy"]], axis=1) - y, -y) for x, y in _chunks(held, weights)]
    mine, physics = (np.concatenate(column) for column in zip(*wrong, strict=True))
    for k, name in ((1, "energy"), (0, "run_time")):
        told[f"{name}_rmspe_frac"] = float(np.sqrt(np.mean(np.expm1(mine[:, k]) ** 2)))
        told[f"{name}_median_error_frac"] = float(np.median(np.abs(np.expm1(mine[:, k]))))
        told[f"{name}_analytic_median_error_frac"] = float(np.median(np.abs(np.expm1(physics[:, k]))))
    return told


def _layers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(word) for word in text.split(","))
    except ValueError:
        raise ConfigError(f"layers '{text}': expected numbers with commas between, such as 3 or 3,15") from None
