"""Reads whole prompts, each distinct one once, what they share once."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from greensched.core.errors import ConfigError
from greensched.core.permute import permute, permute_world
from greensched.core.types import Observation, TaskTable, World
from greensched.language import Pooler
from greensched.language.tensors import F32
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
        self._known: OrderedDict[bytes, F32] = OrderedDict()

    def pooled(self, shared: str, own: Sequence[str]) -> F32:
        """A vector for each prompt, (prompts, pooler.width).

        Raises:
            DataError: what the prompts share is longer than the base model can read.
        """
        rows = np.zeros((len(own), self.pooler.width), np.float32)
        for row, rest in enumerate(own):
            key = hashlib.sha256(f"{shared}\0{rest}".encode("utf-8", "surrogatepass")).digest()
            if key not in self._known:
                self._known[key] = self.pooler.pooled(shared, rest)
            self._known.move_to_end(key)
            rows[row] = self._known[key]
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return rows


def open_reader(reads: Reads, precision: str = "auto", threads: int = 0) -> PromptReader:
    """The reader that a model was trained with; one for all models of the process that read alike.

    Args:
        reads: what the model says.
        precision: ``auto``: as trained, fp32 where the processor cannot do that.
        threads: 0 for as many as there are cores.

    Raises:
        ConfigError: the base model cannot be had, or not in this precision.
    """
    wanted = reads.precision if precision == "auto" else precision
    try:
        return _shared(reads.base, reads.layers, wanted, threads or None)
    except ConfigError:
        if precision != "auto" or wanted == "fp32":
            raise
        return _shared(reads.base, reads.layers, "fp32", threads or None)


@lru_cache(maxsize=4)
def _shared(base: str, layers: tuple[int, ...], precision: str, threads: int | None) -> PromptReader:
    return PromptReader(Pooler.open(base, layers, precision, threads))
