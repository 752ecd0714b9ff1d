"""Reads whole prompts, each distinct one once, what they share once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from greensched.core.permute import permute, permute_world
from greensched.core.types import Observation, TaskTable, World
from greensched.language import Pooler
from greensched.language.runtime import precision_here
from greensched.language.tensors import F32
from greensched.predictors.llm.reader import Memory
from greensched.predictors.prompted.artefact import Reads
from greensched.prompts import PromptRenderer

_REMEMBERED = 4_096  # prompts; some kB each


class Prompts:
    """The prompts of a world: datacenters stand in the order of their names, whatever the world's is."""

    def __init__(self, world: World, reads: Reads) -> None:
        names = [d.name for d in world.datacenters]
        self._order = sorted(range(len(names)), key=names.__getitem__)
        self._renderer = PromptRenderer(permute_world(world, self._order), reads.level)
        self._shared_first = reads.order == "shared"

    def parted(self, seen: Observation, tasks: TaskTable) -> tuple[str, list[str]]:
        """How all prompts begin, and how that of each task goes on."""
        return self._renderer.parted(permute(seen, self._order), tasks, shared_first=self._shared_first)


class PromptReader:
    """A base model with a memory of vectors, which are the same whoever reads: processes need one."""

    def __init__(self, pooler: Pooler) -> None:
        self.pooler = pooler
        self._known: Memory[bytes] = Memory(_REMEMBERED)

    def pooled(self, shared: str, own: Sequence[str]) -> F32:
        """A vector for each prompt, (prompts, pooler.width).

        Raises:
            DataError: what the prompts share is longer than the base model can read.
        """
        keys = [hashlib.sha256(f"{shared}\0{rest}".encode("utf-8", "surrogatepass")).digest() for rest in own]
        rest_of = dict(zip(keys, own, strict=True))

        def read(missing: list[bytes]) -> F32:
            return np.stack([self.pooler.pooled(shared, rest_of[key]) for key in missing])

        return self._known.get(keys, read)


def open_reader(reads: Reads, precision: str = "auto", threads: int = 0) -> PromptReader:
    """The reader that a model was trained with; one for all models of the process that read alike.

    Args:
        reads: what the model says.
        precision: ``auto``: as trained, fp32 where the processor cannot do that.
        threads: 0 for as many as there are cores.

    Raises:
        ConfigError: the base model cannot be had, or not in this precision.
    """
    return _shared(reads.base, reads.layers, precision_here(precision, reads.precision), threads or None)


@lru_cache(maxsize=4)
def _shared(base: str, layers: tuple[int, ...], precision: str, threads: int | None) -> PromptReader:
    return PromptReader(Pooler.open(base, layers, precision, threads))
