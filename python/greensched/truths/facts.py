"""The catalogue of published facts (``catalogue/*.csv``) as typed rows; every row cites its source there.

A row belongs to one of three sets of words: ``known`` ones, ``dev`` and ``new``. No word of one occurs in another.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Final, TypeVar

WORDS: Final = ("known", "dev", "new")
_T = TypeVar("_T")


@dataclass(frozen=True)
class Gpu:
    """A GPU: dense peak by precision in FLOP/s (int8: operations/s), bandwidth in bytes/s, idle and greatest power."""

    name: str
    peak: dict[str, float]
    bandwidth: float
    mem_gb: float
    idle_w: float
    tdp_w: float


@dataclass(frozen=True)
class Model:
    """A neural network: parameters, and FLOP of the forward pass of one unit (a multiply-add is two)."""

    name: str
    aliases: tuple[str, ...]
    family: str
    params: float
    flop_per_unit: float
    bytes_per_unit: float | None
    unit: str
    batch: int
    words: str


@dataclass(frozen=True)
class Dataset:
    """A data set: samples, units in one sample, size in GB."""

    name: str
    aliases: tuple[str, ...]
    modality: str
    samples: float
    units_per_sample: float
    unit: str
    size_gb: float
    words: str


@dataclass(frozen=True)
class Tool:
    """An application of CPUs: units that one reference core does in a second, and what bounds it.

    ``bound`` are the shares of its time that general code, memory bandwidth and vector units bound, on the reference.
    """

    name: str
    aliases: tuple[str, ...]
    area: str
    tasks: tuple[str, ...]
    unit: str
    units_per_core_s: float
    bound: tuple[float, float, float]
    serial_frac: float
    cpu_util_frac: float
    mem_gb_per_core: float
    datasets: tuple[str, ...]
    words: str


@lru_cache(maxsize=1)
def gpus() -> dict[str, Gpu]:
    """All GPUs by name."""
    return {row["gpu"]: _gpu(row) for row in _rows("gpus")}


@lru_cache(maxsize=1)
def models() -> tuple[Model, ...]:
    """All neural networks, in the order of the file."""
    return _all("models", _model)


@lru_cache(maxsize=1)
def datasets() -> tuple[Dataset, ...]:
    """All data sets, in the order of the file."""
    return _all("datasets", _dataset)


@lru_cache(maxsize=1)
def tools() -> tuple[Tool, ...]:
    """All applications of CPUs, in the order of the file."""
    return _all("applications", _tool)


def _rows(name: str) -> list[dict[str, str]]:
    text = files("greensched.truths.catalogue").joinpath(f"{name}.csv").read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


def _all(name: str, read: Callable[[dict[str, str]], _T]) -> tuple[_T, ...]:
    return tuple(read(row) for row in _rows(name))


def _several(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split("|") if part.strip())


def _gpu(row: dict[str, str]) -> Gpu:
    fp32 = float(row["fp32_tflops"])
    tf32 = float(row["tf32_tflops"] or fp32)
    fp16 = float(row["fp16_tflops"] or fp32)
    # what a GPU has no units for is computed in the next wider format that it has
    bf16 = float(row["bf16_tflops"] or fp32)
    int8 = float(row["int8_tops"] or fp16)
    peak = {"fp32": fp32, "tf32": tf32, "fp16": fp16, "bf16": bf16, "int8": int8}
    bandwidth = float(row["bandwidth_gbps"]) * 1e9
    mem_gb, idle_w, tdp_w = (float(row[name]) for name in ("mem_gb", "idle_w", "tdp_w"))
    return Gpu(row["gpu"], {k: value * 1e12 for k, value in peak.items()}, bandwidth, mem_gb, idle_w, tdp_w)


def _model(row: dict[str, str]) -> Model:
    traffic = row.get("bytes_per_unit_mb") or ""
    return Model(
        name=row["name"],
        aliases=_several(row["aliases"]),
        family=row["family"],
        params=float(row["params_m"]) * 1e6,
        flop_per_unit=float(row["gflop_per_unit"]) * 1e9,
        bytes_per_unit=float(traffic) * 1e6 if traffic else None,
        unit=row["unit"],
        batch=int(float(row["default_batch"])),
        words=row["split"],
    )


def _dataset(row: dict[str, str]) -> Dataset:
    return Dataset(
        name=row["name"],
        aliases=_several(row["aliases"]),
        modality=row["modality"],
        samples=float(row["samples"]),
        units_per_sample=float(row["units_per_sample"]),
        unit=row["unit"],
        size_gb=float(row["size_gb"]),
        words=row["split"],
    )


def _tool(row: dict[str, str]) -> Tool:
    return Tool(
        name=row["name"],
        aliases=_several(row["aliases"]),
        area=row["area"],
        tasks=_several(row["tasks"]),
        unit=row["unit"],
        units_per_core_s=float(row["units_per_core_s"]),
        bound=(float(row["frac_general"]), float(row["frac_memory"]), float(row["frac_vector"])),
        serial_frac=float(row["serial_frac"]),
        cpu_util_frac=float(row["cpu_util_frac"]),
        mem_gb_per_core=float(row["mem_gb_per_core"]),
        datasets=_several(row["datasets"]),
        words=row["split"],
    )
