"""The predictor ``llm`` with the side that learns: pre-trains from nothing, and fine-tunes what serves."""

from __future__ import annotations

import dataclasses
import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from greensched.core.errors import ConfigError, DataError
from greensched.core.types import F64, I64
from greensched.language import Encoder
from greensched.learning.llm import calibrate
from greensched.learning.llm.examples import Table, Texts, joined, read, table
from greensched.predictors.llm.artefact import Artefact
from greensched.predictors.llm.head import Sizes
from greensched.predictors.llm.inputs import JOB
from greensched.predictors.llm.lexicon import LEAST_SEEN, Vocabulary
from greensched.predictors.llm.predictor import LLMPredictor, group

FEWEST_JOBS = 50
FEWEST_SEEN = 3  # texts that must have a word before it gets effects of its own
HELD_FRAC = 0.2  # of a log, the newest: calibrates the quantiles and gives the metrics
GPU_NAMES = ("A10", "A100", "H100", "L4", "T4", "V100")
LEVEL = "full"
_ON_GPU = JOB.index("has_gpus")


class LLMTrainer(LLMPredictor):
    """Fine-tunes the model that it has loaded; without a name that is the one that comes with GreenSched.

    Args:
        model: as of the predictor.
        precision: as of the predictor.
        threads: as of the predictor.
        preset: how to train, see :data:`greensched.learning.llm.fit.PRESETS`.
    """

    def __init__(self, model: str = "", precision: Any = "auto", threads: int = 0, preset: str = "update") -> None:
        super().__init__(model, precision, threads)
        self._preset = preset

    def fit(self, log: Path, *, seed: int) -> Mapping[str, float]:
        """Learn from a feedback log (or a run or reports folder), beginning with the loaded model.

        Returns:
            Numbers of jobs, and errors of energy and run time on the newest fifth, before and after.

        Raises:
            DataError: there are too few finished placements.
            ConfigError: no such preset, or torch is not installed.
        """
        return self.learn([log], seed=seed)

    update = fit

    def learn(self, logs: Sequence[Path], *, seed: int) -> dict[str, float]:
        """The same from several logs; the newest fifth of each is held back."""
        told = self.artefact
        parts = [table([log], told.gpu_names, told.level) for log in logs]
        cuts = [round(len(part) * (1 - HELD_FRAC)) for part in parts]
        learned = joined([p.take(np.arange(cut)) for p, cut in zip(parts, cuts, strict=True)])
        held = joined([p.take(np.arange(cut, len(p))) for p, cut in zip(parts, cuts, strict=True)])
        if len(learned) + len(held) < FEWEST_JOBS:
            raise DataError(f"{', '.join(map(str, logs))}: {len(learned) + len(held)} finished placements; "
                            f"at least {FEWEST_JOBS} are needed to learn")  # fmt: skip
        trained, metrics = train(learned, held, self.encoder, told, self._preset, seed)
        tuned = {"logs": [str(log) for log in logs], "jobs": len(learned), "preset": self._preset, "seed": seed}
        origin = {**told.trained, "fine_tuned": [*told.trained.get("fine_tuned", []), tuned]}
        self.artefact = dataclasses.replace(trained, trained=origin)
        self._use()
        return metrics

    def save(self, folder: Path) -> None:
        """Write the model as a folder."""
        self.artefact.save(folder)


def new(sizes: Sizes, base: str, layers: tuple[int, ...], precision: str) -> Artefact:
    """A model that has learned nothing and knows no word; its weights come from the seed of the training."""
    return Artefact({}, sizes, Vocabulary(()), base, layers, precision, LEVEL, GPU_NAMES, {})


def train(
    learned: Table,
    held: Table,
    encoder: Encoder,
    begin: Artefact,
    preset: str,
    seed: int,
    tell: Callable[[str], None] = lambda line: None,
    texts: tuple[Texts, Texts] | None = None,
    more: tuple[Table, Texts] | None = None,
    **settings: Any,
) -> tuple[Artefact, dict[str, float]]:
    """Train on one table, calibrate and judge on another.

    Args:
        learned: what to learn.
        held: what calibrates and judges.
        encoder: of the base model.
        begin: where to begin; without weights from nothing.
        preset: a name of :data:`greensched.learning.llm.fit.PRESETS`.
        seed: of everything random.
        tell: gets a line per epoch.
        texts: both tables' texts, if they are read already.
        more: what words are learned from when training begins from nothing, besides ``learned``.
        settings: replace some of the preset's.

    Returns:
        The model and its metrics.
    """
    torch, fitting = _torch()

    if preset not in fitting.PRESETS:
        raise ConfigError(f"preset '{preset}': expected one of {', '.join(sorted(fitting.PRESETS))}")
    how = dataclasses.replace(fitting.PRESETS[preset], seed=seed, **settings)
    torch.manual_seed(seed)
    began = time.perf_counter()
    mine, theirs = texts or (read(encoder, learned.said), read(encoder, held.said))
    vocabulary = _vocabulary(begin, [mine.descriptions, *([more[1].descriptions] if more else [])])
    network = network_of(dataclasses.replace(begin, vocabulary=vocabulary))
    data, judge = fitting.Batches(learned, mine, vocabulary), fitting.Batches(held, theirs, vocabulary)
    metrics: dict[str, float] = {"training_jobs": len(learned), "validation_jobs": len(held)}
    if begin.weights:
        metrics |= errors(held, fitting.predictions(network, judge), "before_")
    else:
        fitting.standardise(network, mine, seed)
        fitting.begin_at_mean(network, learned)
        fitting.fit_words(network, [data, *([fitting.Batches(*more, vocabulary)] if more else [])], how, tell)
    fitting.fit_reading(network, [data], vocabulary, how, tell)
    fitting.fit_believing(network, [judge], vocabulary, how, tell)
    fitting.fit(network, [data], how, tell)
    weights = {name: w.astype(np.float16) for name, w in network.weights().items()}
    trained = dataclasses.replace(begin, weights=weights, sizes=network.sizes, vocabulary=vocabulary)
    found = fitting.predictions(network_of(trained), judge)  # as it will be served: after rounding
    metrics |= errors(held, found, "") | {"training_s": time.perf_counter() - began}
    quantiles = calibrate.table(*_scores(held, found), _groups(held, judge), begin.quantiles)
    return dataclasses.replace(trained, quantiles=quantiles, metrics=metrics), metrics


def calibrated(artefact: Artefact, data: Sequence[tuple[Table, Texts]]) -> Artefact:
    """With quantiles from other data than those that training held back."""
    _, fitting = _torch()
    network = network_of(artefact)
    batches = [fitting.Batches(*part, artefact.vocabulary) for part in data]
    scores = [_scores(part.table, fitting.predictions(network, part)) for part in batches]
    runs, energies = zip(*scores, strict=True)
    of = np.concatenate([_groups(part.table, part) for part in batches])
    return dataclasses.replace(artefact, quantiles=calibrate.table(_joined(runs), _joined(energies), of))


def _joined(scores: Sequence[tuple[F64, F64]]) -> tuple[F64, F64]:
    return np.concatenate([error for error, _ in scores]), np.concatenate([spread for _, spread in scores])


def _scores(held: Table, found: tuple[F64, ...]) -> tuple[tuple[F64, F64], tuple[F64, F64]]:
    """Errors and spreads of run time and of energy, in log units."""
    log_run, log_energy, run_spread, energy_spread = (column.astype(np.float64) for column in found)
    return (np.log(held.run_s) - log_run, run_spread), (np.log(held.energy_kwh) - log_energy, energy_spread)


def _groups(held: Table, batches: Any) -> I64:
    """The group of each pair."""
    unfamiliar = batches.known.unfamiliar[batches.texts.description]
    found: I64 = np.repeat(group(held.job[:, _ON_GPU] > 0, unfamiliar), np.diff(held.first))
    return found


def _vocabulary(begin: Artefact, texts: Sequence[Sequence[str]]) -> Vocabulary:
    """What the model knows already, and what is new in enough texts: of a few texts, few are enough."""
    distinct = set(itertools.chain.from_iterable(texts))
    least = min(LEAST_SEEN, max(FEWEST_SEEN, len(distinct) // 500))
    return begin.vocabulary.grown(sorted(distinct), least)


def network_of(artefact: Artefact) -> Any:
    """The artefact's weights in torch; words of its vocabulary that they do not know yet have no effects."""
    torch, _ = _torch()
    from greensched.learning.llm.network import Network

    network = Network(dataclasses.replace(artefact.sizes, words=len(artefact.vocabulary)))
    if artefact.weights:
        weights = {name: torch.from_numpy(np.array(w, np.float32)) for name, w in artefact.weights.items()}
        for name in ("effects.weight", "following.weight", "before.weight"):
            new = weights[name].new_zeros(len(artefact.vocabulary), weights[name].shape[1])
            new[: len(weights[name])] = weights[name]
            weights[name] = new
        network.load_state_dict(weights)
    return network


def errors(held: Table, found: tuple[F64, ...], prefix: str) -> dict[str, float]:
    """Root mean square and median of relative errors."""
    told = {}
    for name, predicted, true in (("energy", found[1], held.energy_kwh), ("run_time", found[0], held.run_s)):
        error_frac = np.exp(predicted.astype(np.float64)) / true - 1.0
        told[f"{prefix}{name}_rmspe_frac"] = float(np.sqrt(np.mean(error_frac**2)))
        told[f"{prefix}{name}_median_error_frac"] = float(np.median(np.abs(error_frac)))
    return told


def _torch() -> tuple[Any, Any]:
    """The library and the module that needs it, or an error that names the extra."""
    try:
        import torch

        from greensched.learning.llm import fit
    except ImportError as error:
        raise ConfigError("training 'llm' needs PyTorch: pip install 'greensched[llm]'") from error
    return torch, fit
