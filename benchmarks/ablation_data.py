"""What ``ablations.py`` learns from and is scored on: some jobs of the usual worlds, and what base models read in them.

Every text is read once by the trained base model, whose states after several layers stand side by side, and once by a
base model of the same shape with random weights. Both are kept in the cache.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import testbed
from numpy.typing import NDArray
from scores import some

from greensched.feedback.outcomes import outcomes
from greensched.language import Encoder
from greensched.language.base import BaseModel
from greensched.language.convert import CONFIG, EMBEDDING, NORM, TOKENIZER, WEIGHTS
from greensched.language.default import NAME
from greensched.language.sources import find
from greensched.learning.llm import trainer
from greensched.learning.llm.examples import Table, Texts, joined, read, table
from greensched.predictors.llm.inputs import JOB, USUAL_ALLOWED_S
from greensched.predictors.llm.reader import Said

LAYERS, PRECISION = (0, 3, 15), "int8"
"""After which states of the trained base model are kept; 0: token embeddings."""
SHALLOW, RANDOM_LAYERS = (0, 3), (3,)
"""The same of many texts, where the deepest would take too long; and of the base model with random weights."""
SOURCES = ("text", "owner's numbers", "state of datacenters", "facts of hosts")

_PROJECTIONS = {"self_attn": ("q_proj", "k_proj", "v_proj", "o_proj"), "mlp": ("gate_proj", "up_proj", "down_proj")}
_NORMS = ("input_layernorm", "post_attention_layernorm")


@dataclass(frozen=True)
class Part:
    """Jobs of one split, and what was read in their texts.

    Attributes:
        table: jobs and pairs.
        trained: read by the trained base model, states after all of ``layers``.
        random: read by the one with random weights.
        layers: of the trained one.
    """

    table: Table
    trained: Texts
    random: Texts
    layers: tuple[int, ...] = LAYERS

    def texts(self, layers: tuple[int, ...], *, random: bool = False) -> Texts:
        """What was read after some layers; without any nobody read."""
        told, kept = (self.random, RANDOM_LAYERS) if random else (self.trained, self.layers)
        told = replace(
            told, owners=self.trained.owners, owner=self.trained.owner
        )  # who asks is no part of the question
        if not layers:
            return replace(told.unread(), states=told.states[:0, : told.owners.shape[1]])
        hidden = told.states.shape[1] // len(kept)
        columns = [told.states[:, kept.index(n) * hidden : (kept.index(n) + 1) * hidden] for n in layers]
        return replace(told, states=columns[0] if len(columns) == 1 else np.concatenate(columns, axis=1))


def parts(sources: dict[str, list[Path]], jobs: dict[str, int], shallow: str) -> dict[str, Part]:
    """The first jobs of each world of some splits, read.

    Args:
        sources: the worlds of each split.
        jobs: so many of each world.
        shallow: the split that is not read deeply.
    """
    random = Encoder.open(shuffled(), RANDOM_LAYERS, PRECISION)
    found = {}
    for name, folders in sources.items():
        tables = [table([some(outcomes(f), jobs[name])], trainer.GPU_NAMES, trainer.LEVEL) for f in folders]
        examples = joined([each.take(np.arange(min(jobs[name], len(each)))) for each in tables])
        key, layers = f"ablations-{jobs[name]}x{len(folders)}-{name}", SHALLOW if name == shallow else LAYERS
        texts = (_read(key, examples, encoder) for encoder in (Encoder.open(NAME, layers, PRECISION), random))
        found[name] = Part(examples, *texts, layers)
    return found


def _read(key: str, examples: Table, encoder: Encoder) -> Texts:
    known = testbed.cache() / f"{key}-{encoder.fingerprint}.npz"
    if known.is_file():
        return Texts.load(known, examples.said)
    texts = read(encoder, examples.said)
    texts.save(known)
    return texts


def shuffled() -> Path:
    """A folder with a base model of the same shape that has learned nothing.

    Its weights are drawn at random, in every tensor as far from nothing as in the trained model, so that states have
    the usual sizes; gains of norms are kept.
    """
    target = testbed.cache() / "random-base"
    if (target / CONFIG).is_file():
        return target
    from safetensors.numpy import save_file

    rng, layers = np.random.default_rng(0), max(RANDOM_LAYERS)
    source, model = find(NAME), BaseModel.open(NAME, layers)

    def drawn(like: NDArray[np.float32]) -> NDArray[np.float16]:
        return rng.normal(0.0, float(like.std()), like.shape).astype(np.float16)

    tensors = {EMBEDDING: drawn(model.embed(np.arange(model.shape.vocabulary))), NORM: model.last_norm()}
    for layer in range(layers):
        for where, names in _PROJECTIONS.items():
            for name in names:
                tensors[f"model.layers.{layer}.{where}.{name}.weight"] = drawn(model.projection(layer, name))
        for name in _NORMS:
            tensors[f"model.layers.{layer}.{name}.weight"] = model.norm(layer, name)
    target.mkdir(parents=True, exist_ok=True)
    save_file({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}, target / WEIGHTS)
    (target / TOKENIZER).write_bytes(source.tokenizer.read_bytes())
    # the configuration comes last: with it the folder counts as whole
    (target / CONFIG).write_text(json.dumps(json.loads(source.config.read_text())), encoding="utf-8")
    return target


def without(source: str, whole: Part, usual: Table) -> Part:
    """A split that does not tell one source: everywhere it says the same.

    Args:
        source: one of :data:`SOURCES`.
        whole: the split.
        usual: of which what is usual is taken; that of the training.
    """
    if source == "text":
        return _without_text(whole)
    told = whole.table
    if source == "owner's numbers":
        job = told.job.copy()  # as jobs are told that have neither estimate nor deadline
        job[:, [JOB.index("log_expected_s"), JOB.index("priority")]] = 0.0
        job[:, [JOB.index("no_estimate"), JOB.index("no_deadline")]] = 1.0
        job[:, JOB.index("log_allowed_s")] = np.log(USUAL_ALLOWED_S) / 3.0
        return replace(whole, table=replace(told, job=job))
    pair = dict(told.pair)
    if source == "state of datacenters":
        changed = {"state": usual.pair["state"].mean(0), "pue": np.exp(np.log(usual.pair["pue"]).mean())}
    else:
        changed = {
            "host": usual.pair["host"].mean(0),
            "speed": np.exp(np.log(usual.pair["speed"]).mean(0)),
            "gpu": np.int64(0),
        }
        for name, count in (("core_w", "log_cores"), ("gpu_w", "log1p_gpus")):
            held, mine = _held(usual, count), _held(told, count)
            each = usual.pair[name][held > 0] / held[held > 0]
            pair[name] = (mine * (each.mean() if len(each) else 0.0)).astype(np.float32)
    for name, value in changed.items():
        pair[name] = np.broadcast_to(value, pair[name].shape).astype(pair[name].dtype)
    return replace(whole, table=replace(told, pair=pair))


def _held(told: Table, count: str) -> NDArray[np.float64]:
    """So many cores, or GPUs, does the job of each pair hold."""
    logs = told.job[:, JOB.index(count)].astype(np.float64)
    return np.repeat(np.exp(logs) if count == "log_cores" else np.expm1(logs), np.diff(told.first))


def _without_text(whole: Part) -> Part:
    """Neither what the job does, nor who asks and what it is called."""
    nowhere = np.zeros(len(whole.table), dtype=np.int64)
    silent = whole.trained
    nobody = np.zeros_like(silent.owners[:1])
    texts = Texts([""], silent.states[:0], np.zeros(2, np.int64), silent.spans[:0], nobody, nowhere, nowhere)
    return Part(replace(whole.table, said=[Said("", "")] * len(whole.table)), texts, texts, whole.layers)
