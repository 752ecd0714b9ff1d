"""Everything that a recurring application could do: combinations of published facts that a split allows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from greensched.truths.facts import Dataset, Model, Tool, datasets, models, tools
from greensched.truths.modes import MODES, Mode
from greensched.truths.splits import LATECOMERS, SPLITS, admits


@dataclass(frozen=True)
class Network:
    """A neural network, what is done with it, and on what."""

    model: Model
    mode: Mode
    dataset: Dataset

    @property
    def family(self) -> str:
        """Family of the network."""
        return self.model.family


@dataclass(frozen=True)
class Program:
    """An application of CPUs, the task it does, and on what, if that has a name."""

    tool: Tool
    task: str
    dataset: Dataset | None

    @property
    def family(self) -> str:
        """Area of the application."""
        return self.tool.area


@lru_cache(maxsize=32)
def networks(split: str, late: bool = False) -> tuple[Network, ...]:
    """Combinations for GPUs that a split allows; ``late``: those that appear only half-way through ``drift``."""
    rule = SPLITS[split]
    found = []
    for model in models():
        if model.words != rule.words or (rule.words == "known" and (model.family in LATECOMERS) != late):
            continue
        for data in datasets():
            if data.words != rule.words or not _reads(model, data):
                continue
            for mode in MODES[model.family]:
                if admits(rule, model.name, mode.name, data.name):
                    found.append(Network(model, mode, data))
    return tuple(found)


@lru_cache(maxsize=32)
def programs(split: str, late: bool = False) -> tuple[Program, ...]:
    """Combinations for CPUs that a split allows."""
    rule = SPLITS[split]
    known = {d.name: d for d in datasets()}
    found = []
    for tool in tools():
        if tool.words != rule.words or (rule.words == "known" and (tool.area in LATECOMERS) != late):
            continue
        usable = [known[name] for name in tool.datasets if known[name].words == rule.words]
        for data in (*usable, None):
            for task in tool.tasks:
                if admits(rule, tool.name, task, "" if data is None else data.name):
                    found.append(Program(tool, task, data))
    return tuple(found)


def _reads(model: Model, data: Dataset) -> bool:
    """Networks read what they count: tokens, images, seconds of audio; diffusion networks imitate images."""
    return data.unit == model.unit or (model.family == "diffusion" and data.modality == "image")
