"""Where the gain of ``llm`` comes from: small variants of it, trained from nothing on the same few jobs.

python benchmarks/ablations.py [--quick] [--only WORDS]

All variants see the same jobs (every datacenter's outcome) as often, where their name does not say "fewer"; are
calibrated on the same held-back ones, and on these with a tenth of the words forgotten; and are scored on the same jobs
of unseen worlds, served as ``llm`` is: text and second opinion joined. The data are a fifteenth of those of the model
that comes with GreenSched, so errors are larger than its; what counts are differences. "Another seed" says how much of
them is luck.

* Heads: what reads the text. Known words and pairs of them; single words only; no word known, and everything read in
  states of the base model; words as in the first, and "others", which nobody has met, read by the base model: that is
  learned from fewer jobs. Layers side by side are combined by learned weights (their first projection).
* Sources: text, numbers of the owner, state of the datacenters, facts of the hosts; each in turn says the same for
  all, in training and afterwards.
* Losses and presets: the paper's, and what training leaves out or draws to nothing.
* Imitation of the oracle's choice of a datacenter (the paper's λ_a). For every variant: by how much the energy times
  carbon intensity of its choices exceeds the oracle's, over all jobs, and over near ties. Intensities are drawn.
* Precision of the base model that the shipped head is served with, where it reads, and where it is silent as shipped.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import ablation_data
import numpy as np
import testbed
import torch
from ablation_data import Part
from ablation_scores import precision, score
from harness import Report

from greensched.language.default import NAME
from greensched.learning.llm import fit, judging, trainer
from greensched.learning.llm.batches import Batches, Less
from greensched.learning.llm.examples import Texts
from greensched.learning.llm.needs_torch import network_of
from greensched.learning.llm.network import READING
from greensched.learning.llm.presets import PRESETS, Settings
from greensched.predictors.llm.artefact import Artefact
from greensched.predictors.llm.head import Sizes
from greensched.predictors.llm.lexicon import LEAST_SEEN, Vocabulary

WORLDS, JOBS, FEW_JOBS, SCORED_JOBS = 4, 5_000, 2_000, 1_000  # of a world
USUAL = replace(PRESETS["default"], word_epochs=12, read_epochs=4, second_epochs=2, batch=128)
FORGET = 0.1
WORDS = "words and pairs"


@dataclass(frozen=True)
class Variant:
    """One way to do without something.

    Attributes:
        case: its name.
        words: which grams of the training texts are known.
        layers: of the base model that are read; none: it is silent.
        random: the base model has random weights.
        how: settings of the training.
        without: the source that is told to nobody.
        few: learns from fewer jobs: those that were read deeply too.
        seed: of the training.
    """

    case: str
    words: Literal["pairs", "single", "none"] = "pairs"
    layers: tuple[int, ...] = ()
    random: bool = False
    how: Settings = field(default=USUAL)
    without: str = ""
    few: bool = False
    seed: int = 0


def variants() -> list[Variant]:
    """All of them."""
    # nothing is known, so everything is learned at once, in as many passes as words take
    states = replace(USUAL, word_epochs=0, read_epochs=0, epochs=USUAL.word_epochs, word_rate=3e-3, rate=3e-3)
    paper = PRESETS["paper"]
    changed = {
        "loss in raw units": {"loss": "raw"},
        "no group lasso": {"sparse": 0.0},
        "pairs never forgotten": {"forget_pairs": 0.0},
        "oracle's choice imitated, 0.3": {"action_weight": 0.3},
        "oracle's choice imitated, 3": {"action_weight": 3.0},
    }
    read = {"layer 3": (3,), "layer 15": (15,), "layers 3 and 15": (3, 15), "token embeddings": (0,)}
    return [
        Variant(WORDS),
        Variant("single words", "single"),
        Variant("no words, layer 3", "none", (3,), how=states),
        Variant("no words, token embeddings", "none", (0,), how=states),
        Variant("no words, random layer 3", "none", (3,), random=True, how=states),
        *(Variant(f"others read in {of}", layers=layers, few=True) for of, layers in read.items()),
        Variant("others read in random layer 3", layers=(3,), random=True, few=True),
        *(Variant(f"without {source}", without=source) for source in ablation_data.SOURCES),
        *(Variant(case, how=replace(USUAL, **settings)) for case, settings in changed.items()),
        Variant(f"{WORDS}, another seed", seed=1),
        Variant("no words, layer 3, fewer jobs", "none", (3,), how=states, few=True),
        Variant("no words, layer 3, fewer jobs, paper", "none", (3,), how=paper, few=True),
        Variant("no words, layer 3, fewer jobs, paper, raw", "none", (3,), how=replace(paper, loss="raw"), few=True),
    ]


def learned(variant: Variant, data: dict[str, Part], words: Artefact | None) -> Artefact:
    """A variant, trained and calibrated.

    Args:
        variant: which one.
        data: by split.
        words: with their effects reading begins, where the variant knows the same.
    """
    part, held = data["few" if variant.few else "train"], data["held"]
    texts, held_texts = (p.texts(variant.layers, random=variant.random) for p in (part, held))
    sizes = Sizes(state=max(texts.states.shape[1], 1), owner=texts.owners.shape[1], layers=max(len(variant.layers), 1))
    begin = trainer.new(sizes, NAME, variant.layers or (3,), ablation_data.PRECISION)
    torch.manual_seed(variant.seed)
    reads = variant.words == "pairs" and bool(variant.layers) and words is not None
    vocabulary = words.vocabulary if reads and words else _vocabulary(variant.words, texts)
    artefact = replace(begin, vocabulary=vocabulary, reads=bool(variant.layers))
    network = network_of(artefact)
    batches = [Batches(part.table, texts, artefact.vocabulary)]
    fit.standardise(network, texts, variant.seed)
    fit.begin_at_mean(network, part.table)
    how = replace(variant.how, seed=variant.seed, read_epochs=variant.how.read_epochs if variant.layers else 0)

    def tell(line: str) -> None:
        print(f"  {line}", flush=True)

    if reads and words:
        known = network_of(words).state_dict()
        reading = tuple(f"{name}." for name in READING)
        kept = {n: w for n, w in known.items() if not n.startswith(reading) and n not in ("centre", "scale")}
        network.load_state_dict(kept, strict=False)
    else:
        fit.fit_words(network, batches, how, tell)
        fit.fit_second(network, batches, how, tell)
    fit.fit_reading(network, batches, how, tell)
    some_of = Less(np.random.default_rng(how.seed), datacenters=how.datacenters)
    fit.fit(network, batches, how, tell, less=some_of)
    weights = {name: w.astype(np.float16) for name, w in network.weights().items()}
    artefact = replace(artefact, weights=weights, sizes=network.sizes)
    return judging.calibrated(artefact, [(held.table, held_texts)], FORGET if len(artefact.vocabulary) > 1 else 0.0)


def _vocabulary(words: str, texts: Texts) -> Vocabulary:
    if words == "none":
        return Vocabulary(())
    found = Vocabulary.of(texts.descriptions, LEAST_SEEN)
    return found if words == "pairs" else Vocabulary([gram for gram in found.grams if " " not in gram])


def run(report: Report, data: dict[str, Part], chosen: Sequence[Variant]) -> None:
    """Train and score variants."""
    usual, words = data["train"].table, None
    for variant in chosen:
        began = time.perf_counter()
        told = data
        if variant.without:
            told = {name: ablation_data.without(variant.without, part, usual) for name, part in data.items()}
        found = learned(variant, told, words)
        words = found if variant.case == WORDS else words
        report.add(variant.case, "training, calibration", time.perf_counter() - began, "s")
        for split in testbed.SPLITS:
            texts = told[split].texts(variant.layers, random=variant.random)
            score(report, variant.case, split, found, told[split].table, texts)


def main() -> int:
    """All of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="", help="variants whose name has these words")
    asked = parser.parse_args()
    worlds, jobs = WORLDS, {"train": JOBS, "few": FEW_JOBS, **dict.fromkeys(("held", *testbed.SPLITS), SCORED_JOBS)}
    chosen = [variant for variant in variants() if asked.only in variant.case]
    if asked.quick:
        worlds, jobs = 1, dict.fromkeys(jobs, 60) | {"train": 200}
        short: dict[str, Any] = {"word_epochs": 1, "read_epochs": 1, "second_epochs": 1}
        chosen = [replace(v, how=replace(v.how, epochs=min(v.how.epochs, 1), **short)) for v in chosen]
    sources = {
        **{name: [testbed.train_world(seed) for seed in testbed.TRAIN_SEEDS[:worlds]] for name in ("train", "few")},
        "held": [testbed.train_world(testbed.VALIDATION_SEEDS[0])],
        **{split: [testbed.test_world(split, testbed.TEST_SEEDS[0])] for split in testbed.SPLITS},
    }
    torch.set_num_threads(1)  # steps are small: a second core gains little, and waits where it is shared
    report = Report("ablations", asked.quick or bool(asked.only))
    began = time.perf_counter()
    data = ablation_data.parts(sources, jobs, "train")
    report.add("data", "read after", time.perf_counter() - began, "s")
    for name, part in data.items():
        report.add("data", f"jobs of {name}", len(part.table), "jobs")
    run(report, data, chosen)
    if not asked.only:
        precision(report, jobs["test"])
    report.add("all", "time", time.perf_counter() - began, "s")
    return report.write()


if __name__ == "__main__":
    sys.exit(main())
