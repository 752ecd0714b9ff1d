"""Makes the model that comes with GreenSched, and its card.

python benchmarks/pretrain.py [--quick] [--out DIR] [--begin DIR] [--word-epochs N] [--read-epochs N] [--epochs N]

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
from greensched.learning.llm import trainer
from greensched.learning.llm.examples import Table, Texts, read, table
from greensched.learning.llm.fit import PRESETS
from greensched.predictors.llm.artefact import Artefact
from greensched.predictors.llm.head import Sizes
from greensched.predictors.llm.predictor import SHIPPED

LAYERS, PRECISION = (3,), "int8"
WORD_EPOCHS = 24


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
    from greensched.learning.llm import fit
    from greensched.learning.llm.batches import Batches

    told = fit.predictions(trainer.network_of(found), Batches(*data, found.vocabulary))
    errors = trainer.errors(data[0], told, "")
    for metric, value in errors.items():
        report.add(case, metric.removesuffix("_frac"), 100 * value, "%")
    return {f"{case} {metric}": value for metric, value in errors.items()}


def main() -> int:
    """Train, score, write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--begin", type=Path, help="a model whose words are learned; only reading is")
    parser.add_argument("--epochs", type=int, default=PRESETS["default"].epochs)
    parser.add_argument("--read-epochs", type=int, default=PRESETS["default"].read_epochs)
    parser.add_argument("--word-epochs", type=int, default=WORD_EPOCHS)
    asked = parser.parse_args()
    if asked.quick:
        asked.read_epochs = asked.word_epochs = 1
        testbed.JOBS, testbed.GPU_JOBS, testbed.APPS, testbed.TEST_SEEDS = 1_000, 500, 500, ()
        for seeds in ("TRAIN_SEEDS", "GPU_SEEDS", "VALIDATION_SEEDS"):
            setattr(testbed, seeds, getattr(testbed, seeds)[:1])
    with tempfile.TemporaryDirectory() as scratch:
        out = asked.out or (Path(scratch) / "model" if asked.quick else SHIPPED)
        return run(asked, out)


def run(asked: argparse.Namespace, out: Path) -> int:
    """The whole way from seeds to the folder ``out``."""
    report, began = Report("pretrain", asked.quick), time.perf_counter()
    encoder = Encoder.open(NAME, LAYERS, PRECISION)
    folders, held_folders = (
        [testbed.train_world(seed, testbed.APPS, testbed.JOBS) for seed in seeds]
        for seeds in (testbed.TRAIN_SEEDS, testbed.VALIDATION_SEEDS)
    )
    more_folders = [testbed.gpu_world(seed) for seed in testbed.GPU_SEEDS]
    tests = {s: [testbed.test_world(s, seed) for seed in testbed.TEST_SEEDS] for s in testbed.SPLITS}
    report.add("data", "worlds generated after", time.perf_counter() - began, "s")
    reads = asked.read_epochs > 0
    learned, texts = worlds("train", folders, encoder, read_them=reads)
    held, held_texts = worlds("held", held_folders, encoder, read_them=reads)
    more = worlds("gpu", more_folders, encoder, read_them=False) if not asked.begin else None
    jobs = len(learned) + (len(more[0]) if more else 0)
    report.add("data", "jobs", jobs, "jobs")
    report.add("data", "pairs", float(learned.first[-1] + (more[0].first[-1] if more else 0)), "pairs")
    new = trainer.new(Sizes(state=encoder.width, owner=encoder.hidden), NAME, LAYERS, PRECISION)
    begin = Artefact.load(asked.begin) if asked.begin else new
    found, metrics = trainer.train(
        learned, held, encoder, begin, "default", 0, lambda line: print(line, flush=True), (texts, held_texts), more,
        word_epochs=asked.word_epochs, read_epochs=asked.read_epochs, epochs=asked.epochs,
    )  # fmt: skip
    report.add("training", "time", metrics["training_s"], "s")
    if tests["new-words-dev"]:  # the split for choosing: it says how sure one may be of unfamiliar words
        data = [(held, held_texts), worlds("new-words-dev", tests["new-words-dev"], encoder, read_them=reads)]
        found = trainer.calibrated(found, data)
    told = {name: value for name, value in metrics.items() if name != "training_s"}
    for split, data in tests.items():
        if data:
            told |= score(report, split, found, worlds(split, data, encoder, read_them=reads))
    found = replace(found, metrics=told, trained=_trained(asked, begin, len(learned), jobs))
    found.save(out)
    size_mb = sum(path.stat().st_size for path in out.iterdir()) / 1e6
    report.add("artefact", "size", size_mb, "MB", 10.0)
    (out / "MODEL_CARD.md").write_text(card(found, size_mb), encoding="utf-8")
    return report.write()


def _trained(asked: argparse.Namespace, begin: Artefact, read: int, jobs: int) -> dict[str, object]:
    """What the card tells of the training, and of that before it."""

    def named(seeds: tuple[int, ...]) -> str:
        return f"{min(seeds)} to {max(seeds)}"

    command = ("python benchmarks/pretrain.py " + shlex.join(sys.argv[1:])).strip()
    stages = f"{asked.read_epochs} epochs of reading, {asked.epochs} of everything"
    if begin.trained:
        told = dict(begin.trained)
        return told | {"stages": f"{told['stages']}; {stages}", "command": f"{told['command']}; then {command}"}
    return {
        "data": f"split 'train', {testbed.APPS} applications a world, every datacenter's outcome: {read} jobs of "
        f"{len(testbed.TRAIN_SEEDS)} worlds (seeds {named(testbed.TRAIN_SEEDS)}); words also from {jobs - read} "
        f"jobs of {len(testbed.GPU_SEEDS)} worlds (seeds {named(testbed.GPU_SEEDS)}), {testbed.GPU_SHARE:.0%} of them "
        "for GPUs",
        "calibrated_on": f"split 'train', seeds {named(testbed.VALIDATION_SEEDS)}; for unfamiliar words split "
        f"'new-words-dev', seeds {named(testbed.TEST_SEEDS) if testbed.TEST_SEEDS else 'none'}",
        "jobs": jobs, "stages": f"{asked.word_epochs} epochs of words, {stages}", "seed": 0, "command": command,
        "greensched": __version__,
    }  # fmt: skip


def card(found: Artefact, size_mb: float) -> str:
    """The model card."""
    rows = "\n".join(f"| {name} | {value:.4g} |" for name, value in sorted(found.metrics.items()))
    facts = "\n".join(f"* **{name}**: {value}" for name, value in found.trained.items())
    return f"""# Model card: `llm`, as it comes with GreenSched

Predicts energy and run time of a job at every candidate datacenter from its text, its owner's numbers, published facts
of the hosts and the state of the datacenters. A head of {size_mb:.1f} MB that knows {len(found.vocabulary) - 1} words
and pairs of words; other words it reads in the states that `{found.base}` (SmolLM2-135M-Instruct, Apache-2.0,
{found.precision}) has after layer {", ".join(map(str, found.layers))}. The base model is not changed.

{facts}

It has seen made-up jobs on made-up hardware only. Before you rely on it, let it learn from your own feedback log
(docs/learning.md). Quantiles are calibrated for familiar and unfamiliar words apart; on combinations of words that the
training never showed they are too narrow. Metrics below are the head's own; served answers in unfamiliar words are kept
near physics (docs/llm.md).

| metric | value |
|---|---|
{rows}

Licence: GPL-3.0-or-later, as GreenSched.
"""


if __name__ == "__main__":
    sys.exit(main())
