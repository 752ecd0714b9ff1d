"""Makes the model that comes with GreenSched, and its card.

python benchmarks/pretrain.py [--quick] [--out DIR] [--worlds N] [--epochs N] [--rate R] [--begin DIR]

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

import numpy as np
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


def worlds(name: str, folders: list[Path], encoder: Encoder) -> tuple[Table, Texts]:
    """Examples of some worlds with their texts as the base model reads them, remembered in the cache."""
    known = testbed.cache() / f"{name}-{encoder.fingerprint}-{len(folders)}.npz"
    examples = table(folders, trainer.GPU_NAMES, trainer.LEVEL)
    if known.is_file():
        with np.load(known) as stored:
            return examples, Texts(**stored)
    texts = read(encoder, examples.said)
    np.savez(known, **vars(texts))
    return examples, texts


def score(report: Report, case: str, found: Artefact, data: tuple[Table, Texts]) -> dict[str, float]:
    """Errors of run time and energy over all pairs of some worlds."""
    import torch

    from greensched.learning.llm import fit
    from greensched.learning.llm.network import Network

    network = Network(found.sizes)
    network.load_state_dict({k: torch.from_numpy(np.array(w, np.float32)) for k, w in found.weights.items()})
    errors = trainer.errors(data[0], fit.predictions(network, fit.Batches(*data)), "")
    for metric, value in errors.items():
        report.add(case, metric.removesuffix("_frac"), 100 * value, "%")
    return {f"{case} {metric}": value for metric, value in errors.items()}


def main() -> int:
    """Train, score, write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--worlds", type=int, default=len(testbed.TRAIN_SEEDS))
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--rate", type=float, default=PRESETS["default"].rate)
    parser.add_argument("--begin", type=Path, help="go on from this model instead of from nothing")
    asked = parser.parse_args()
    if asked.quick:
        asked.worlds, asked.epochs, testbed.JOBS, testbed.APPS = 1, 1, 1_000, 500
        testbed.VALIDATION_SEEDS, testbed.TEST_SEEDS = testbed.VALIDATION_SEEDS[:1], ()
    with tempfile.TemporaryDirectory() as scratch:
        out = asked.out or (Path(scratch) / "model" if asked.quick else SHIPPED)
        return run(asked, out)


def run(asked: argparse.Namespace, out: Path) -> int:
    """The whole way from seeds to the folder ``out``."""
    count, epochs, quick = asked.worlds, asked.epochs, asked.quick
    report, began = Report("pretrain", quick), time.perf_counter()
    encoder = Encoder.open(NAME, LAYERS, PRECISION)
    folders = [testbed.train_world(seed, testbed.APPS, testbed.JOBS) for seed in testbed.TRAIN_SEEDS[:count]]
    held_folders = [testbed.train_world(seed, testbed.APPS, testbed.JOBS) for seed in testbed.VALIDATION_SEEDS]
    tests = {s: [testbed.test_world(s, seed) for seed in testbed.TEST_SEEDS] for s in testbed.SPLITS}
    report.add("data", "worlds generated after", time.perf_counter() - began, "s")
    learned, texts = worlds("train", folders, encoder)
    held, held_texts = worlds("held", held_folders, encoder)
    report.add("data", "jobs", len(learned), "jobs")
    report.add("data", "pairs", float(learned.first[-1]), "pairs")
    new = trainer.new(Sizes(state=encoder.width, d=128), NAME, LAYERS, PRECISION)
    begin = Artefact.load(asked.begin) if asked.begin else new
    found, metrics = trainer.train(
        learned, held, encoder, begin, "default", 0, lambda line: print(line, flush=True), (texts, held_texts),
        epochs=epochs, rate=asked.rate,
    )  # fmt: skip
    report.add("training", "time", metrics["training_s"], "s")
    told = {name: value for name, value in metrics.items() if name != "training_s"}
    for split, data in tests.items():
        if data:
            told |= score(report, split, found, worlds(split, data, encoder))
    command = ("python benchmarks/pretrain.py " + shlex.join(sys.argv[1:])).strip()
    before = [begin.trained["command"]] if asked.begin else []
    trained = _trained(count, epochs, len(learned), "; then ".join([*before, command]))
    found = replace(found, metrics=told, trained=trained)
    found.save(out)
    size_mb = sum(path.stat().st_size for path in out.iterdir()) / 1e6
    report.add("artefact", "size", size_mb, "MB", 10.0)
    (out / "MODEL_CARD.md").write_text(card(found, size_mb), encoding="utf-8")
    return report.write()


def _trained(count: int, epochs: int, jobs: int, command: str) -> dict[str, object]:
    return {
        "data": f"split 'train', seeds {', '.join(map(str, testbed.TRAIN_SEEDS[:count]))}, {testbed.APPS} "
        f"applications and {testbed.JOBS} jobs each, every datacenter's outcome",
        "calibrated_on": f"split 'train', seeds {', '.join(map(str, testbed.VALIDATION_SEEDS))}",
        "jobs": jobs, "epochs": epochs, "seed": 0, "command": command, "greensched": __version__,
    }  # fmt: skip


def card(found: Artefact, size_mb: float) -> str:
    """The model card."""
    rows = "\n".join(f"| {name} | {value:.4g} |" for name, value in sorted(found.metrics.items()))
    facts = "\n".join(f"* **{name}**: {value}" for name, value in found.trained.items())
    return f"""# Model card: `llm`, as it comes with GreenSched

Predicts energy and run time of a job at every candidate datacenter from its text, its owner's numbers, published facts
of the hosts and the state of the datacenters. A head of {size_mb:.1f} MB on the states that `{found.base}`
(SmolLM2-135M-Instruct, Apache-2.0, {found.precision}) has after layer {", ".join(map(str, found.layers))}; the base
model is not changed.

{facts}

It has seen made-up jobs on made-up hardware only. Before you rely on it, let it learn from your own feedback log
(docs/learning.md). Quantiles are calibrated on jobs in known words; on unknown words they are too narrow.

| metric | value |
|---|---|
{rows}

Licence: GPL-3.0-or-later, as GreenSched.
"""


if __name__ == "__main__":
    sys.exit(main())
