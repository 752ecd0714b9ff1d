"""A seeded catalogue of recurring applications: what owners write on their jobs, and what their jobs are like.

The text is a hint, as in real clusters: jobs of one application resemble each other in run time, utilisation and work
class, so that a reader of names and labels can predict better than one who ignores them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from greensched.core.streams import stream
from greensched.core.types import F64, I32
from greensched.traces.table import Text

WORK_CLASSES = ("general", "memory", "vector", "gpu")


@dataclass(frozen=True)
class _Kind:
    """A kind of application: assumed tendencies, in standard deviations of the population."""

    kind: str
    work_class: str
    tool: str
    verbs: tuple[str, ...]
    weight: float
    longer: float  # shift of log run time
    busier: float  # shift of the utilisation score
    priority: int


_KINDS = (
    _Kind("ci", "general", "bazel", ("build", "unit tests", "integration tests", "lint"), 2.2, -1.2, 0.6, 2),
    _Kind("etl", "memory", "spark", ("nightly load", "backfill", "compaction", "join"), 1.8, 0.1, 0.0, 1),
    _Kind("analytics", "memory", "trino", ("dashboard refresh", "weekly report", "ad-hoc query"), 1.8, -0.6, -0.3, 1),
    _Kind("backup", "general", "restic", ("snapshot", "archive", "integrity check"), 0.8, 0.2, -1.2, 0),
    _Kind("render", "vector", "blender", ("frames", "preview", "final cut"), 0.8, 0.7, 1.3, 0),
    _Kind("transcode", "vector", "ffmpeg", ("ladder", "clip batch", "live recording"), 1.0, -0.1, 1.1, 1),
    _Kind("simulation", "vector", "openfoam", ("parameter sweep", "mesh study", "monte carlo"), 0.9, 1.1, 1.2, 0),
    _Kind("genomics", "memory", "nextflow", ("alignment", "variant calling", "assembly"), 0.6, 0.9, 0.4, 1),
    _Kind("service", "general", "jvm", ("batch worker", "queue consumer", "cache warmer"), 1.4, 0.3, -0.9, 2),
    _Kind("training", "gpu", "pytorch", ("fine-tune", "pre-train", "hyper-parameter search"), 1.2, 1.0, 1.0, 0),
    _Kind("inference", "gpu", "triton", ("offline scoring", "embedding refresh", "evaluation"), 1.0, -0.4, 0.1, 1),
    _Kind("vision", "gpu", "tensorflow", ("detector training", "labelling pass"), 0.6, 0.4, 0.5, 1),
)
_SUBJECTS = (
    "clickstream", "billing", "search index", "fraud model", "weather ensemble", "ad ranking", "inventory", "claims",
    "telemetry", "catalogue images", "customer churn", "route planning", "speech corpus", "protein set", "game assets",
    "sensor archive", "audit log", "demand forecast",
)  # fmt: skip
_TEAMS = ("atlas", "borealis", "cobalt", "delta", "ember", "fjord", "granite", "helix", "iris", "juniper", "kestrel")
_STAGES = ("prod", "staging", "research")


@dataclass(frozen=True)
class Catalogue:
    """Struct of arrays over the applications; scores have popularity-weighted mean 0 and variance 1."""

    popularity: F64  # sums to 1
    gpu: F64  # 1.0: a GPU application
    work_class: I32
    longer: F64
    busier: F64
    priority: I32
    name: tuple[str, ...]
    labels: tuple[str, ...]
    user: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.popularity)

    def texts(self, app: I32) -> tuple[Text, Text, Text]:
        """Name, labels and user columns of jobs of the given applications."""
        return Text(self.name, app), Text(self.labels, app), Text(self.user, app)


@lru_cache(maxsize=8)
def catalogue(seed: int, apps: int, gpu_share: float) -> Catalogue:
    """``apps`` applications with Zipf popularity (exponent 0.9); those that use GPUs get ``gpu_share`` of all jobs."""
    rng = stream(seed, "apps")
    weights = np.array([k.weight for k in _KINDS])
    kind = rng.choice(len(_KINDS), apps, p=weights / weights.sum())
    kind[: len(_KINDS)] = np.arange(len(_KINDS))[: len(kind[: len(_KINDS)])]  # every kind occurs, whatever the draw
    gpu = np.array([_KINDS[k].work_class == "gpu" for k in kind], dtype=np.float64)
    popularity = rng.permutation(np.arange(1, apps + 1) ** -0.9)
    popularity = np.where(gpu > 0, popularity * gpu_share / (popularity @ gpu), popularity)
    popularity = np.where(gpu > 0, popularity, popularity * (1 - gpu_share) / (popularity @ (1 - gpu)))
    longer = np.array([_KINDS[k].longer for k in kind]) + 0.7 * rng.standard_normal(apps)
    busier = np.array([_KINDS[k].busier for k in kind]) + 0.6 * rng.standard_normal(apps)
    team = rng.integers(len(_TEAMS), size=apps)
    subject = rng.integers(len(_SUBJECTS), size=apps)
    stage = rng.choice(len(_STAGES), apps, p=[0.6, 0.2, 0.2])
    version = rng.integers(1, 9, size=apps)
    names, labels, users = [], [], []
    for i in range(apps):
        k = _KINDS[kind[i]]
        verb = k.verbs[int(rng.integers(len(k.verbs)))]
        names.append(f"{_SUBJECTS[subject[i]]} {verb} v{version[i]}")
        labels.append(f"team={_TEAMS[team[i]]};stage={_STAGES[stage[i]]};tool={k.tool};kind={k.kind}")
        users.append(f"{_TEAMS[team[i]]}-{int(rng.integers(1, 6))}")
    return Catalogue(
        popularity=popularity,
        gpu=gpu,
        work_class=np.array([WORK_CLASSES.index(_KINDS[k].work_class) for k in kind], np.int32),
        longer=_standardise(longer, popularity),
        busier=_standardise(busier, popularity),
        priority=np.array([_KINDS[k].priority for k in kind], np.int32),
        name=tuple(names),
        labels=tuple(labels),
        user=tuple(users),
    )


def _standardise(score: F64, weight: F64) -> F64:
    weight = weight / weight.sum()
    centred = score - weight @ score
    result: F64 = centred / np.sqrt(weight @ centred**2)
    return result
