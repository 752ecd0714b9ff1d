"""Makes the model that comes with GreenSched, and its card.

python benchmarks/pretrain.py [--quick] [--second] [--out DIR]

Generates training worlds of the split ``train`` (every datacenter's outcome included), reads their texts with the base
model, trains the head, calibrates it on two more worlds of that split, and scores it on worlds of other splits. With
``--quick`` one small world and one epoch, into a temporary folder. Data sets and texts are kept in the cache.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import testbed
from harness import Report

from greensched import __version__
from greensched.language import Encoder
from greensched.language.default import NAME
from greensched.learning.llm import judging, trainer
from greensched.learning.llm.examples import Table, Texts, read, table
from greensched.learning.llm.presets import PRESETS
from greensched.predictors.llm.artefact import Artefact
from greensched.predictors.llm.head import Sizes
from greensched.predictors.llm.predictor import SHIPPED

LAYERS, PRECISION = (3,), "int8"
WORD_EPOCHS = 26
FORGET = 0.1
"""Share of the words without which texts are read that calibrate answers in unfamiliar words."""


def worlds(name: str, folders: list[Path], encoder: Encoder, *, read_them: bool = True) -> tuple[Table, Texts]:
    """Examples of some worlds with their texts as the base model reads them, remembered in the cache."""
    kind = encoder.fingerprint if read_them else "unread"
    known = testbed.cache() / f"{name}-{kind}-{len(folders)}.npz"
    examples = table(folders, trainer.GPU_NAMES, trainer.LEVEL)
    if known.is_file():
        return examples, Texts.load(known, examples.said)
    texts = read(encoder, examples.said, descriptions=read_them)
    texts.save(known)
    return examples, texts


def score(report: Report, case: str, found: Artefact, data: tuple[Table, Texts]) -> dict[str, float]:
    """Errors of run time and energy over all pairs of some worlds."""
    errors = judging.judged(found, *data)
    for metric, value in errors.items():
        share = metric.endswith("_frac")
        report.add(case, metric.removesuffix("_frac"), 100 * value if share else value, "%" if share else "")
    return {f"{case} {metric}": value for metric, value in errors.items()}


def chosen(report: Report, found: Artefact, data: list[tuple[Table, Texts]]) -> Artefact:
    """The model with a base model that reads, or is silent: what serves better in words that nobody has met.

    Each is calibrated on the data, whose last part decides.
    """
    tried = [judging.calibrated(replace(found, reads=reads), data, FORGET) for reads in (True, False)]
    wrong = []
    for one in tried:
        errors = judging.judged(one, *data[-1])
        wrong.append(errors["energy_median_error_frac"] + errors["run_time_median_error_frac"])
        case = f"served on new-words-dev, base model {'reads' if one.reads else 'is silent'}"
        report.add(case, "median errors of energy and run time, summed", 100 * wrong[-1], "%")
    return min(zip(wrong, tried, strict=True), key=lambda pair: pair[0])[1]


def main() -> int:
    """Train, score, write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--second", action="store_true", help="learn only the second opinion of the shipped model anew")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    epochs = WORD_EPOCHS, PRESETS["default"].read_epochs
    if asked.quick:
        epochs = 1, 1
        testbed.JOBS, testbed.GPU_JOBS, testbed.APPS, testbed.TEST_SEEDS = 1_000, 500, 500, ()
        for seeds in ("TRAIN_SEEDS", "GPU_SEEDS", "BUSY_SEEDS", "VALIDATION_SEEDS"):
            setattr(testbed, seeds, getattr(testbed, seeds)[:1])
    with tempfile.TemporaryDirectory() as scratch:
        out = asked.out or (Path(scratch) / "model" if asked.quick else SHIPPED)
        return run(Report("pretrain", asked.quick), epochs, out, asked.second)


def run(report: Report, epochs: tuple[int, int], out: Path, second: bool) -> int:
    """The whole way from seeds to the folder ``out``."""
    began = time.perf_counter()
    encoder = Encoder.open(NAME, LAYERS, PRECISION)
    folders, held_folders = (
        [testbed.train_world(seed, testbed.APPS, testbed.JOBS) for seed in seeds]
        for seeds in (testbed.TRAIN_SEEDS, testbed.VALIDATION_SEEDS)
    )
    more_folders = [
        *(testbed.gpu_world(seed) for seed in testbed.GPU_SEEDS),
        *(testbed.busy_world(seed) for seed in testbed.BUSY_SEEDS[:-1]),
    ]
    held_folders.append(testbed.busy_world(testbed.BUSY_SEEDS[-1]))
    tests = {s: [testbed.test_world(s, seed) for seed in testbed.TEST_SEEDS] for s in testbed.SPLITS}
    report.add("data", "worlds generated after", time.perf_counter() - began, "s")
    learned, texts = worlds("train", folders, encoder, read_them=not second)
    held, held_texts = worlds("held", held_folders, encoder)
    more = worlds("more", more_folders, encoder, read_them=False)
    report.add("data", "jobs", len(learned) + len(more[0]), "jobs")
    report.add("data", "pairs", float(learned.first[-1] + more[0].first[-1]), "pairs")
    begin = trainer.new(Sizes(state=encoder.width, owner=encoder.hidden), NAME, LAYERS, PRECISION)
    if second:
        begin, epochs = Artefact.load(SHIPPED), (0, 0)
    found, metrics = trainer.train(
        learned, held, encoder, begin, "default", 0, lambda line: print(line, flush=True), (texts, held_texts), more,
        word_epochs=epochs[0], read_epochs=epochs[1],
    )  # fmt: skip
    report.add("training", "time", metrics["training_s"], "s")
    told = {name: value for name, value in metrics.items() if name != "training_s"}
    if testbed.TEST_SEEDS:
        # the split for choosing: it says whether to read unfamiliar words, and how sure one may be of them
        dev = worlds("new-words-dev", tests["new-words-dev"], encoder)
        found = chosen(report, found, [(held, held_texts), dev])
        for split, data in tests.items():
            told |= score(report, split, found, worlds(split, data, encoder, read_them=found.reads))
    trained = _trained(epochs, len(learned), len(more[0]))
    if second:
        trained |= {name: begin.trained[name] for name in ("epochs", "command")}
        trained["then"] = "python benchmarks/pretrain.py --second (the second opinion, anew)"
    found = replace(found, metrics=told, trained=trained)
    found.save(out)
    size_mb = sum(path.stat().st_size for path in out.iterdir()) / 1e6
    report.add("artefact", "size", size_mb, "MB", 10.0)
    (out / "MODEL_CARD.md").write_text(card(found, size_mb), encoding="utf-8")
    return report.write()


def _trained(epochs: tuple[int, int], jobs: int, more_jobs: int) -> dict[str, object]:
    def named(seeds: tuple[int, ...]) -> str:
        return f"{min(seeds)} to {max(seeds)}" if seeds else "none"

    return {
        "data": f"split 'train', {testbed.APPS} applications a world, every datacenter's outcome: {jobs} jobs of "
        f"{len(testbed.TRAIN_SEEDS)} worlds (seeds {named(testbed.TRAIN_SEEDS)}); words also from {more_jobs} "
        f"jobs of {len(testbed.GPU_SEEDS)} worlds (seeds {named(testbed.GPU_SEEDS)}), {testbed.GPU_SHARE:.0%} of whose "
        f"jobs are for GPUs, and of {len(testbed.BUSY_SEEDS) - 1} worlds with full hosts (seeds "
        f"{named(testbed.BUSY_SEEDS[:-1])})",
        "calibrated_on": f"split 'train', seeds {named(testbed.VALIDATION_SEEDS)} and, with full hosts, "
        f"{testbed.BUSY_SEEDS[-1]}; for unfamiliar words the same without {FORGET:.0%} of the words, and split "
        f"'new-words-dev', seeds {named(testbed.TEST_SEEDS)}",
        "jobs": jobs + more_jobs, "epochs": f"{epochs[0]} of words, {epochs[1]} of reading", "seed": 0,
        "command": ("python benchmarks/pretrain.py " + shlex.join(sys.argv[1:])).strip(), "greensched": __version__,
    }  # fmt: skip


def _reads(found: Artefact) -> str:
    if found.reads:
        return f"Other words are read in the base model's states after layer {', '.join(map(str, found.layers))}."
    return (
        "It can read other words in the base model's states, but does not: on 'new-words-dev' it served better without "
        "(benchmarks/results/pretrain.json). Of the base model only the embeddings are used, for who asks."
    )


def card(found: Artefact, size_mb: float) -> str:
    """The model card."""
    rows = "\n".join(f"| {name} | {value:.4g} |" for name, value in sorted(found.metrics.items()))
    facts = "\n".join(f"* **{name}**: {value}" for name, value in found.trained.items())
    return f"""# Model card: `llm`, as it comes with GreenSched

Predicts energy and run time of a job at every candidate datacenter from its text, its owner's numbers, published facts
of the hosts and the state of the datacenters. A head of {size_mb:.1f} MB that knows {len(found.vocabulary) - 1} words
and pairs of words. {_reads(found)} The base model, `{found.base}` (SmolLM2-135M-Instruct, Apache-2.0), is not changed.

{facts}

It has seen made-up jobs on made-up hardware only. Before you rely on it, let it learn from your own feedback log
(docs/learning.md). Quantiles are calibrated for familiar and unfamiliar words apart; on combinations of words that the
training never showed they are too narrow. Metrics of 'new-words-dev' are of jobs that calibrated them.

| metric | value |
|---|---|
{rows}

Licence: GPL-3.0-or-later, as GreenSched.
"""


if __name__ == "__main__":
    sys.exit(main())
