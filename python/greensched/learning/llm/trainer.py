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
from greensched.predictors.llm.head import Answer, Sizes
from greensched.predictors.llm.inputs import JOB
from greensched.predictors.llm.lexicon import LEAST_SEEN, Vocabulary
from greensched.predictors.llm.opinion import Opinion, settled, within
from greensched.predictors.llm.predictor import LLMPredictor, group

FEWEST_JOBS = 50
FEWEST_SEEN = 3  # texts that must have a word before it gets effects of its own
HELD_FRAC = 0.2  # of a log, the newest: calibrates the quantiles and gives the metrics
GPU_NAMES = ("A10", "A100", "H100", "L4", "T4", "V100")
LEVEL = "full"
UPDATES = ("update", "renew")
"""Gently, for more of the same; and from scratch but for what is known, for a world that has changed."""
FORGETTING = 5  # times that data are read with words forgotten
_ON_GPU = JOB.index("has_gpus")


class LLMTrainer(LLMPredictor):
    """Fine-tunes the model that it has loaded; without a name that is the one that comes with GreenSched.

    Args:
        model: as of the predictor.
        precision: as of the predictor.
        threads: as of the predictor.
        preset: how to train, see :data:`greensched.learning.llm.fit.PRESETS`; of :data:`UPDATES` the better on what is
            held back.
        lora: rank of the changes of the base model that are learned (LoRA), 0: none; None: as the preset says.
        four_bit: the base model is held in 4 bits while they are; needs CUDA and bitsandbytes.
    """

    def __init__(
        self,
        model: str = "",
        precision: Any = "auto",
        threads: int = 0,
        preset: str = "update",
        lora: int | None = None,
        four_bit: bool = False,
    ) -> None:
        super().__init__(model, precision, threads)
        if lora is not None and lora < 0:
            raise ValueError(f"option 'lora': expected a rank of 1 or more, or 0 for none, got {lora}")
        self._preset = preset
        self._lora = ({} if lora is None else {"lora_rank": lora}) | {"lora_four_bit": four_bit}

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
        """The same from several logs; the newest fifth of each is held back, and then learned too.

        It calibrates and judges a model that has not seen it; then the model is made once more from everything, because
        what is new in a log is in its newest part.
        """
        told = self.artefact
        parts = [table([log], told.gpu_names, told.level) for log in logs]
        cuts = [min(round(len(part) * (1 - HELD_FRAC)), len(part) - 1) for part in parts]
        learned = joined([p.take(np.arange(cut)) for p, cut in zip(parts, cuts, strict=True)])
        held = joined([p.take(np.arange(cut, len(p))) for p, cut in zip(parts, cuts, strict=True)])
        if len(learned) + len(held) < FEWEST_JOBS:
            raise DataError(f"{', '.join(map(str, logs))}: {len(learned) + len(held)} finished placements; "
                            f"at least {FEWEST_JOBS} are needed to learn")  # fmt: skip
        presets = UPDATES if self._preset == UPDATES[0] else (self._preset,)
        texts = _read(self.encoder, told, learned), _read(self.encoder, told, held)
        how: dict[str, Any] = self._lora
        plain = how | {"lora_rank": 0} if len(presets) > 1 else how  # learning to read takes long: with the better one
        tried = [train(learned, held, self.encoder, told, preset, seed, texts=texts, **plain) for preset in presets]
        best = min(range(len(tried)), key=lambda i: tried[i][1]["log_error"])
        judged, metrics = tried[best]
        if how.get("lora_rank", 0) and plain is not how:
            judged, metrics = train(learned, held, self.encoder, told, presets[best], seed, texts=texts, **how)
        everything = joined([learned, held])
        if not judged.adapter:
            how = how | {"lora_rank": 0}
        whole, _ = train(everything, held, self.encoder, told, presets[best], seed, **how)
        if (whole.reads, bool(whole.adapter)) != (judged.reads, bool(judged.adapter)):
            whole = judged  # who has learned the newest fifth cannot judge by it whether to read
        tuned = {"logs": [str(log) for log in logs], "jobs": len(everything), "preset": presets[best], "seed": seed}
        tuned |= {name: value for name, value in metrics.items() if name.startswith("lora_")}
        origin = {**told.trained, "fine_tuned": [*told.trained.get("fine_tuned", []), tuned]}
        self.artefact = dataclasses.replace(
            whole, doubts=judged.doubts, quantiles=judged.quantiles, metrics=judged.metrics, trained=origin
        )
        if self.artefact.adapter is not told.adapter:
            self.encoder = self._open()
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
    mine, theirs = texts or (_read(encoder, begin, part) for part in (learned, held))
    vocabulary = _vocabulary(begin, [mine.descriptions, *([more[1].descriptions] if more else [])])
    network = network_of(dataclasses.replace(begin, vocabulary=vocabulary))
    data, judge = fitting.Batches(learned, mine, vocabulary), fitting.Batches(held, theirs, vocabulary)
    everything = [data, *([fitting.Batches(*more, vocabulary)] if more else [])]
    metrics: dict[str, float] = {"training_jobs": len(learned), "validation_jobs": len(held)}
    if begin.weights:
        metrics |= errors(held, joint(held, judge, fitting.predictions(network, judge), begin), "before_")
    else:
        fitting.standardise(network, mine, seed)
        fitting.begin_at_mean(network, learned)
        fitting.fit_words(network, everything, how, tell)
    fitting.fit_second(network, everything, how, tell)
    known = len(begin.vocabulary) if begin.weights else 0
    fitting.fit_reading(network, [data], how.frozen, tell)
    fitting.fit(network, [data], how.frozen, tell, known=known)
    weights = {name: w.astype(np.float16) for name, w in network.weights().items()}
    trained = dataclasses.replace(begin, weights=weights, sizes=network.sizes, vocabulary=vocabulary)
    candidates = [(trained, judge)]
    if how.lora_rank:
        candidates = _adapted(trained, network, (learned, mine), (held, theirs), encoder, how, tell, known)
    trained, found = _better(candidates, held, fitting, begin)
    metrics |= found | {"training_s": time.perf_counter() - began}
    return dataclasses.replace(trained, metrics=metrics), metrics


def _adapted(*given: Any) -> list[tuple[Artefact, Any]]:
    """As :func:`greensched.learning.llm.adapting.adapted`, which only who has torch can load."""
    from greensched.learning.llm import adapting

    return adapting.adapted(*given)


def _better(
    candidates: Sequence[tuple[Artefact, Any]], held: Table, fitting: Any, begin: Artefact
) -> tuple[Artefact, dict[str, float]]:
    """What errs less on the held jobs, calibrated, and its errors; of two the first has learned an adapter."""
    judged = [_calibrated(one, [part], fitting, begin) for one, part in candidates]
    scores = [errors(held, found[0], "") for _, found in judged]
    first, last = scores[0]["log_error"], scores[-1]["log_error"]
    if len(scores) == 1 or first < last:
        best, metrics = judged[0][0], scores[0]
    else:
        best, metrics = judged[-1][0], scores[-1]
    if len(scores) > 1:
        metrics |= {"lora_reading_log_error": first, "lora_silent_log_error": last, "lora_kept": float(first < last)}
    return best, metrics


def _read(encoder: Encoder, artefact: Artefact, part: Table) -> Texts:
    return read(encoder, part.said, descriptions=artefact.reads)


def calibrated(artefact: Artefact, data: Sequence[tuple[Table, Texts]], forget: float = 0.0) -> Artefact:
    """With doubts and quantiles from other data than those that training held back.

    Args:
        artefact: trained.
        data: jobs and what was read of them.
        forget: if positive, the first of the data also tell how far off texts with unfamiliar words are: they are read
            a few times as if nobody had met this share of the words, others each time.
    """
    _, fitting = _torch()
    silent = [(held, texts if artefact.reads else texts.unread()) for held, texts in data]
    parts = [fitting.Batches(*part, artefact.vocabulary) for part in silent]
    rng = np.random.default_rng(0)
    for _ in range(FORGETTING if forget else 0):
        held, texts = silent[0]
        words = sorted({word for gram in artefact.vocabulary.grams for word in gram.split(" ")})
        less = artefact.vocabulary.without({w for w in words if rng.random() < forget})
        lost = np.flatnonzero(less.known(texts.descriptions).unfamiliar[texts.description])
        some = dataclasses.replace(texts, description=texts.description[lost], owner=texts.owner[lost])
        parts.append(fitting.Batches(held.take(lost), some, less))
    return _calibrated(artefact, parts, fitting)[0]


def _calibrated(
    artefact: Artefact, parts: Sequence[Any], fitting: Any, before: Artefact | None = None
) -> tuple[Artefact, list[Answer]]:
    """The artefact, calibrated on batches, and its answers to them; groups with too few jobs keep what was before."""
    network = network_of(artefact)  # as it will be served: after rounding
    told = [fitting.predictions(network, part) for part in parts]
    groups = [_groups(part.table, part) for part in parts]
    of = np.concatenate(groups)
    jobs = [_by_job(part.table, found) for part, found in zip(parts, told, strict=True)]
    error, spread = (np.concatenate(column) for column in zip(*jobs, strict=True))
    doubts = calibrate.doubts(error, spread, of, before.doubts or None if before else None)
    artefact = dataclasses.replace(artefact, doubts=doubts)
    answers = [joint(part.table, part, found, artefact) for part, found in zip(parts, told, strict=True)]
    scores = [_scores(part.table, answer) for part, answer in zip(parts, answers, strict=True)]
    runs, energies = zip(*scores, strict=True)
    pairs = np.concatenate([np.repeat(group, np.diff(p.table.first)) for group, p in zip(groups, parts, strict=True)])
    quantiles = calibrate.table(_joined(runs), _joined(energies), pairs, before.quantiles or None if before else None)
    return dataclasses.replace(artefact, quantiles=quantiles), answers


def joint(held: Table, batches: Any, told: tuple[Any, ...], artefact: Artefact) -> Answer:
    """Answers of all pairs as they are served: text and second opinion together; ``told`` by ``fit.predictions``."""
    columns = [column.astype(np.float64) for column in told]
    text, second = Answer(*columns[:4]), Opinion(*columns[4:])
    row = np.repeat(np.arange(len(held)), np.diff(held.first))
    found = settled(text, second, row, np.ones(len(row)), np.array(artefact.doubts)[_groups(held, batches)])
    return within(found, *(held.pair[name].astype(np.float64) for name in ("core_w", "gpu_w", "pue")))


def judged(artefact: Artefact, held: Table, texts: Texts) -> dict[str, float]:
    """Errors of a model on some jobs."""
    _, fitting = _torch()
    batches = fitting.Batches(held, texts if artefact.reads else texts.unread(), artefact.vocabulary)
    return errors(held, joint(held, batches, fitting.predictions(network_of(artefact), batches), artefact), "")


def _by_job(held: Table, told: tuple[Any, ...]) -> tuple[F64, F64]:
    """Mean error by the text alone, and its mean spread, of run time and energy; each (jobs, 2)."""
    size = np.diff(held.first)
    row = np.repeat(np.arange(len(held)), size)
    run, energy, *spreads = (column.astype(np.float64) for column in told[:4])

    def mean(*columns: F64) -> F64:
        return np.stack([np.bincount(row, column, len(held)) / size for column in columns], axis=1)

    return mean(np.log(held.run_s) - run, np.log(held.energy_kwh) - energy), mean(*spreads)


def _joined(scores: Sequence[tuple[F64, F64]]) -> tuple[F64, F64]:
    return np.concatenate([error for error, _ in scores]), np.concatenate([spread for _, spread in scores])


def _scores(held: Table, found: Answer) -> tuple[tuple[F64, F64], tuple[F64, F64]]:
    """Errors and spreads of run time and of energy, in log units."""
    return (
        (np.log(held.run_s) - found.log_run, found.run_spread),
        (np.log(held.energy_kwh) - found.log_energy, found.energy_spread),
    )


def _groups(held: Table, batches: Any) -> I64:
    """The group of each job."""
    return group(held.job[:, _ON_GPU] > 0, batches.known.unfamiliar[batches.texts.description])


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


def errors(held: Table, found: Answer, prefix: str) -> dict[str, float]:
    """Root mean square and median of relative errors."""
    told = {f"{prefix}log_error": 0.0}
    for name, predicted, true in (
        ("energy", found.log_energy, held.energy_kwh),
        ("run_time", found.log_run, held.run_s),
    ):
        told[f"{prefix}log_error"] += float(np.mean(np.abs(predicted - np.log(true))))
        error_frac = np.exp(predicted) / true - 1.0
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
