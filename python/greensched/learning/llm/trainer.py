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
from greensched.language import Encoder
from greensched.learning.llm import judging
from greensched.learning.llm.examples import Table, Texts, joined, read, table
from greensched.learning.llm.needs_torch import network_of, torch_and_fit
from greensched.learning.llm.presets import PRESETS
from greensched.predictors.llm.artefact import Artefact
from greensched.predictors.llm.head import Sizes
from greensched.predictors.llm.lexicon import LEAST_SEEN, Vocabulary
from greensched.predictors.llm.predictor import LLMPredictor

FEWEST_JOBS = 50
FEWEST_SEEN = 3  # texts that must have a word before it gets effects of its own
HELD_FRAC = 0.2  # of a log, the newest: calibrates the quantiles and gives the metrics
GPU_NAMES = ("A10", "A100", "H100", "L4", "T4", "V100")
LEVEL = "full"
DEFAULT, UPDATES = "update", ("keep", "gentle", "update", "renew")
"""Not at all; for a small log; for what is new in one, while what is known stays; for a world that has changed."""


class LLMTrainer(LLMPredictor):
    """Fine-tunes the model that it has loaded; without a name that is the one that comes with GreenSched.

    Args:
        model: as of the predictor.
        precision: as of the predictor.
        threads: as of the predictor.
        preset: how to train, see :mod:`presets`; by default the best of :data:`UPDATES` on
            what is held back.
        lora: rank of the changes of the base model that are learned (LoRA), 0: none; None: as the preset says.
        four_bit: the base model is held in 4 bits while they are; needs CUDA and bitsandbytes.
    """

    def __init__(
        self,
        model: str = "",
        precision: Any = "auto",
        threads: int = 0,
        preset: str = DEFAULT,
        lora: int | None = None,
        four_bit: bool = False,
    ) -> None:
        super().__init__(model, precision, threads)
        _check_preset(preset)
        if lora is not None and lora < 0:
            raise ValueError(f"option 'lora': expected a rank of 1 or more, or 0 for none, got {lora}")
        if four_bit and not lora and preset != "paper":
            raise ValueError("option 'four_bit' holds the base model that LoRA changes: it needs 'lora' of 1 or more")
        self._preset = preset
        self.tell: Callable[[str], None] = lambda line: None
        """Gets a line per stage and epoch."""
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
        """The same from several logs; the newest fifth of each is held back, and then learned too."""
        told = self.artefact
        parts = [table([log], told.gpu_names, told.level) for log in logs]
        if (jobs := sum(map(len, parts))) < FEWEST_JOBS:
            raise DataError(f"{', '.join(map(str, logs))}: {jobs} finished placements; "
                            f"at least {FEWEST_JOBS} are needed to learn")  # fmt: skip
        return self.learn_tables(parts, [str(log) for log in logs], seed=seed)

    def learn_tables(self, parts: Sequence[Table], names: Sequence[str], *, seed: int) -> dict[str, float]:
        """The same from jobs in order of decision.

        What is held back calibrates and judges models that have not seen it; then the best way is gone once more with
        everything, because what is new in a log is in its newest part.
        """
        told = self.artefact
        parts = [part for part in parts if len(part) > 1]
        if not parts:
            raise DataError(f"{', '.join(names)}: at least one of the logs needs two finished placements or more")
        cuts = [min(round(len(part) * (1 - HELD_FRAC)), len(part) - 1) for part in parts]
        learned = joined([p.take(np.arange(cut)) for p, cut in zip(parts, cuts, strict=True)])
        held = joined([p.take(np.arange(cut, len(p))) for p, cut in zip(parts, cuts, strict=True)])
        presets = UPDATES if self._preset == DEFAULT else (self._preset,)
        texts = _read(self.encoder, told, learned), _read(self.encoder, told, held)
        how: dict[str, Any] = self._lora
        plain = how | {"lora_rank": 0} if len(presets) > 1 else how  # learning to read takes long: with the better one
        tried = []
        for preset in presets:
            self.tell(f"{len(learned):,} jobs, '{preset}'")
            tried.append(train(learned, held, self.encoder, told, preset, seed, self.tell, texts, **plain))
        best = min(range(len(tried)), key=lambda i: tried[i][1]["log_error"])
        judged, metrics = tried[best]
        if how.get("lora_rank", 0) and plain is not how:
            self.tell(f"{len(learned):,} jobs, '{presets[best]}' with LoRA, which takes many times as long")
            reading, read_metrics = train(
                learned, held, self.encoder, told, presets[best], seed, self.tell, texts, **how
            )
            metrics |= {name: value for name, value in read_metrics.items() if name.startswith("lora_")}
            if read_metrics["log_error"] < metrics["log_error"]:
                judged, metrics = reading, read_metrics
        everything = joined([learned, held])
        if not judged.adapter:
            how = how | {"lora_rank": 0}
        whole = judged
        if presets[best] != "keep" or judged.adapter:
            self.tell(f"all {len(everything):,} jobs, '{presets[best]}'")
            whole, _ = train(everything, held, self.encoder, told, presets[best], seed, self.tell, **how)
        if (whole.reads, bool(whole.adapter)) != (judged.reads, bool(judged.adapter)):
            whole = judged  # who has learned the newest fifth cannot judge by it whether to read
        tuned = {"logs": list(names), "jobs": len(everything), "preset": presets[best], "seed": seed}
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
    """Train on one table, calibrate and judge on another; returns the model and its metrics.

    Args:
        learned: what to learn.
        held: what calibrates and judges.
        encoder: of the base model.
        begin: where to begin; without weights from nothing.
        preset: a name of :data:`greensched.learning.llm.presets.PRESETS`.
        seed: of everything random.
        tell: gets a line per epoch.
        texts: both tables' texts, if they are read already.
        more: what words are learned from when training begins from nothing, besides ``learned``.
        settings: replace some of the preset's.
    """
    torch, fitting = torch_and_fit()
    _check_preset(preset)
    how = dataclasses.replace(PRESETS[preset], seed=seed, **settings)
    torch.manual_seed(seed)
    began = time.perf_counter()
    mine, theirs = texts or (_read(encoder, begin, part) for part in (learned, held))
    said = [mine.descriptions, *([more[1].descriptions] if more else [])]
    grown = not begin.weights or how.epochs > 0  # what nobody learns stays unfamiliar
    vocabulary = _vocabulary(begin, said) if grown else begin.vocabulary
    network = network_of(dataclasses.replace(begin, vocabulary=vocabulary))
    data, judge = fitting.Batches(learned, mine, vocabulary), fitting.Batches(held, theirs, vocabulary)
    everything = [data, *([fitting.Batches(*more, vocabulary)] if more else [])]
    metrics: dict[str, float] = {"training_jobs": len(learned), "validation_jobs": len(held)}
    if begin.weights:
        before = judging.joint(held, judge, fitting.predictions(network, judge), begin)
        metrics |= judging.errors(held, before, "before_")
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


def _check_preset(preset: str) -> None:
    if preset not in PRESETS:
        raise ConfigError(f"preset '{preset}': expected one of {', '.join(sorted(PRESETS))}")


def _adapted(*given: Any) -> list[tuple[Artefact, Any]]:
    """As :func:`greensched.learning.llm.adapting.adapted`, which only who has torch can load."""
    from greensched.learning.llm import adapting

    return adapting.adapted(*given)


def _better(
    candidates: Sequence[tuple[Artefact, Any]], held: Table, fitting: Any, begin: Artefact
) -> tuple[Artefact, dict[str, float]]:
    """What errs less on the held jobs, calibrated, and its errors; of two the first has learned an adapter."""
    judged = [judging.on_batches(one, [part], fitting, begin) for one, part in candidates]
    scores = [judging.errors(held, found[0], "") for _, found in judged]
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


def _vocabulary(begin: Artefact, texts: Sequence[Sequence[str]]) -> Vocabulary:
    """What the model knows already, and what is new in enough texts: of a few texts, few are enough."""
    distinct = set(itertools.chain.from_iterable(texts))
    least = min(LEAST_SEEN, max(FEWEST_SEEN, len(distinct) // 500))
    return begin.vocabulary.grown(sorted(distinct), least)
